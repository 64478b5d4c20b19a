/*
 * Lines of a stream, one at a time and bounded.
 */
#ifndef REDWAL_CLI_LINE_READER_H
#define REDWAL_CLI_LINE_READER_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

struct line_reader {
    FILE *from;
    struct buf line;
    uint64_t number; /* of the last line, from 1 */
};

enum line_result {
    LINE_READ,
    LINE_TOO_LONG, /* it is dropped, and the next call goes on behind it */
    LINE_END,
    LINE_FAILED, /* the stream cannot be read; errno */
};

void line_reader_init(struct line_reader *r, FILE *from, size_t max_bytes);
void line_reader_release(struct line_reader *r);
/* Without its line break; lives until the next call. The last line may lack one. */
enum line_result line_reader_next(struct line_reader *r, struct str *ret_line);

#endif
