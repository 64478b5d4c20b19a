/*
 * Builds struct reply for hiredis' parser. One top-level reply lives at a time, in memory that is
 * used again for the next, so that a stream of small answers costs no allocation.
 */
#ifndef REDWAL_ADAPTER_REPLY_READER_H
#define REDWAL_ADAPTER_REPLY_READER_H

#include <hiredis/hiredis.h>

#include "base/err.h"
#include "core/reply.h"

enum {
    REPLY_MAX_BYTES = 256 * 1024 * 1024, /* of one answer; a larger one ends the connection */
    REPLY_KEEP_BYTES = 256 * 1024,       /* memory kept between answers */
};

struct reply_reader;

struct reply_reader *reply_reader_new(void);
void reply_reader_free(struct reply_reader *r); /* NULL is fine */

/* Makes `context` parse into this reader, which outlives it. What redisGetReplyFromReader() then
 * returns is a `struct reply *` until the next call. */
void reply_reader_attach(struct reply_reader *r, redisContext *context);
/* Why redisReaderGetReply() failed: ERR_LIMIT when we took no answer of that size, ERR_CORRUPT when
 * it is none. */
enum err_code reply_reader_error(const redisContext *context, struct err *err);

#endif
