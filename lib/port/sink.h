/*
 * The Redis primary, as a stream of commands out and replies in. One connection at a time; after
 * any error the connection is gone and connect() starts over, resolving the primary afresh. Nothing
 * blocks.
 */
#ifndef REDWAL_PORT_SINK_H
#define REDWAL_PORT_SINK_H

#include "base/buf.h"
#include "base/err.h"
#include "core/primary.h"
#include "core/reply.h"

struct sink_ops {
    /* Begins to resolve the primary (Sentinel or fixed), to connect, secure, authenticate and learn
     * the facts, in the background. */
    void (*connect)(void *self);
    /* True once when that has ended: *ret_rc is ERR_OK and there is a connection, or `err` says why
     * not. Role, loading and identity are reported, not judged. */
    bool (*connected)(void *self, enum err_code *ret_rc, struct primary_facts *ret_facts,
                      struct err *err);
    void (*disconnect)(void *self); /* fine when there is no connection; ends connecting, too */

    /* The descriptor to poll; *ret_wants_write: poll it for writing too. -1 when disconnected. */
    int (*descriptor)(void *self, bool *ret_wants_write);

    /* Queues all of `bytes` and writes what the socket takes; never blocks. Empties `bytes`.
     * Memory is the caller's to bound: it knows what is unanswered. */
    enum err_code (*send)(void *self, struct buf *bytes, struct err *err);
    /* Writes queued bytes and reads what has arrived; never blocks. */
    enum err_code (*exchange)(void *self, struct err *err);
    /* The next complete reply, or NULL in *ret when there is none yet. It lives until the next
     * call on this sink. A malformed stream is ERR_CORRUPT, and an answer beyond our bound
     * ERR_LIMIT; either ends the connection. */
    enum err_code (*next_reply)(void *self, const struct reply **ret_reply, struct err *err);

    /* True once when the primary is known or suspected to have moved since connect(): Sentinel
     * said so, or names another address. A hint; the answer is to connect() again. */
    bool (*moved)(void *self);
    /* Becomes readable when moved() or connected() may be true. */
    int (*news_descriptor)(void *self);
};

struct sink {
    const struct sink_ops *ops;
    void *self;
};

#endif
