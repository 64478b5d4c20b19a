/*
 * The Redis primary, as a stream of commands out and replies in. One connection at a time; after
 * any error the connection is gone and connect() starts over, resolving the primary afresh.
 */
#ifndef REDWAL_PORT_SINK_H
#define REDWAL_PORT_SINK_H

#include "base/buf.h"
#include "base/err.h"
#include "core/primary.h"
#include "core/reply.h"

struct sink_ops {
    /* Resolves the primary (Sentinel or fixed), connects, secures, authenticates and learns the
     * facts. Blocks, within the connect timeout it was made with. Role, loading and identity are
     * reported, not judged. */
    enum err_code (*connect)(void *self, struct primary_facts *ret_facts, struct err *err);
    void (*disconnect)(void *self); /* fine when there is no connection */

    /* The descriptor to poll; *ret_wants_write: poll it for writing too. -1 when disconnected. */
    int (*descriptor)(void *self, bool *ret_wants_write);

    /* Queues all of `bytes` and writes what the socket takes; never blocks. Empties `bytes`.
     * Memory is the caller's to bound: it knows what is unanswered. */
    enum err_code (*send)(void *self, struct buf *bytes, struct err *err);
    /* Writes queued bytes and reads what has arrived; never blocks. */
    enum err_code (*exchange)(void *self, struct err *err);
    /* The next complete reply, or NULL in *ret when there is none yet. It lives until the next
     * call on this sink. A malformed stream is ERR_CORRUPT. */
    enum err_code (*next_reply)(void *self, const struct reply **ret_reply, struct err *err);

    /* True once when the primary is known or suspected to have moved since connect(): Sentinel
     * said so, or names another address. A hint; the answer is to connect() again. */
    bool (*moved)(void *self);
    /* Becomes readable when moved() may be true; -1 when there is nothing to watch. */
    int (*moved_descriptor)(void *self);
};

struct sink {
    const struct sink_ops *ops;
    void *self;
};

#endif
