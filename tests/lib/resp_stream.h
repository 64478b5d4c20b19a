/*
 * RESP2 values out of bytes that arrive in any pieces, requests and replies alike.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
#ifndef REDWAL_TESTS_RESP_STREAM_H
#define REDWAL_TESTS_RESP_STREAM_H

#include "base/buf.h"
#include "core/reply.h"

struct resp_stream {
    struct buf bytes;
    size_t n_taken; /* bytes of the value returned last */
    struct reply *nodes;
    size_t n_nodes, capacity;
};

void resp_stream_init(struct resp_stream *s);
void resp_stream_release(struct resp_stream *s);
void resp_stream_feed(struct resp_stream *s, const char *bytes, size_t n);
/* The next whole value, or NULL. It lives until the next call on the stream. */
const struct reply *resp_stream_next(struct resp_stream *s);

#endif
