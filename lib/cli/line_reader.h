/*
 * Lines from a descriptor, one at a time and bounded, until somebody says stop.
 */
#ifndef REDWAL_CLI_LINE_READER_H
#define REDWAL_CLI_LINE_READER_H

#include <stdint.h>

#include "base/buf.h"

struct line_reader {
    int descriptor, stop_descriptor;
    struct buf read; /* and not delivered yet */
    size_t at;       /* where the next line begins in it */
    size_t max_bytes;
    bool at_end;
    uint64_t number; /* of the last line, from 1 */
};

enum line_result {
    LINE_READ,
    LINE_TOO_LONG, /* it is dropped, and the next call goes on behind it */
    LINE_END,
    LINE_STOPPED, /* the stop descriptor became readable while there was nothing to read */
    LINE_FAILED,  /* the descriptor cannot be read; errno */
};

/* `stop_descriptor`: -1 for none. */
void line_reader_init(struct line_reader *r, int descriptor, int stop_descriptor, size_t max_bytes);
void line_reader_release(struct line_reader *r);
/* Without its line break; lives until the next call. The last line may lack one. */
enum line_result line_reader_next(struct line_reader *r, struct str *ret_line);

#endif
