/*
 * A Redis that lives in memory: several connections, transactions, the commands that the workload
 * and the applier use. It speaks RESP2 and follows the documented behaviour where an applier could
 * trip: WATCH makes EXEC answer nil, a command refused while queueing makes it answer EXECABORT,
 * errors inside EXEC undo nothing, what was read from a connection is executed although its client
 * is gone. https://redis.io/docs/latest/develop/using-commands/transactions/
 *
 * Replication is asynchronous: a replica holds what fake_redis_copy() last gave it.
 */
#ifndef REDWAL_TESTS_FAKE_REDIS_H
#define REDWAL_TESTS_FAKE_REDIS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/primary.h"
#include "keyspace.h"
#include "resp_stream.h"

enum { FAKE_CONNECTIONS_MAX = 48, WATCHED_MAX = 8 };

/* What it answers instead of doing as told. */
enum fake_redis_mood {
    MOOD_FINE,
    MOOD_OOM,
    MOOD_MISCONF,
    MOOD_NOREPLICAS,
    MOOD_LOADING,
    MOOD_BUSY,
    MOOD_SILENT, /* stopped: what arrives is executed once it goes on */
    MOOD_COUNT
};

/* Ways to be no Redis, for tests that must see the invariant fail; and one that access rules have.
 */
enum fake_redis_lie {
    LIE_NONE,
    LIE_IGNORES_WATCH,      /* EXEC executes whatever happened to watched keys */
    LIE_FORGETS_HSET,       /* positions are answered for and not written */
    LIE_FORGETS_QUARANTINE, /* the same of keys that are held back */
    LIE_FORGETS_IDS,        /* the same of the ids of applied records */
    LIE_KEEPS_HALVES,       /* what an atomic did before it was refused stays */
    LIE_EXECUTES_TWICE,     /* the first command of a transaction */
    LIE_FORGETS_INDEX,      /* deadlines in log time are not listed */
    LIE_LOOKS_AWAY,         /* keys that ended in log time stay */
    LIE_TURNS_NOTHING,      /* deadlines stay in log time, and are said to be by the clock */
    LIE_REFUSES_MULTI,      /* NOPERM, while the commands behind it are permitted */
    LIE_COUNT
};

struct fake_connection {
    bool open;
    bool client_gone; /* closes when everything read is executed */
    bool in_multi, touched, flawed;
    char watched[WATCHED_MAX][POSITION_KEY_MAX];
    size_t n_watched;
    struct resp_stream in;
    struct buf queued; /* commands of the open MULTI */
    size_t n_queued;
    bool queued_write;
    struct buf out;
};

struct fake_redis {
    const char *name;
    char run_id[RUN_ID_MAX + 1];
    bool is_replica;
    enum fake_redis_mood mood;
    enum fake_redis_lie lie;
    struct keyspace data;
    int64_t now_ms;
    bool has_script;  /* EVALSHA finds the script, until the transaction ends */
    uint64_t version; /* of the data: grows with every write */
    struct fake_connection connections[FAKE_CONNECTIONS_MAX];
};

void fake_redis_init(struct fake_redis *r, const char *name);
void fake_redis_release(struct fake_redis *r);

/* What a client learns right after connecting. */
void fake_redis_facts(const struct fake_redis *r, struct primary_facts *ret_facts);

size_t fake_redis_accept(struct fake_redis *r); /* a connection's number */
void fake_redis_receive(struct fake_redis *r, size_t connection, const char *bytes, size_t n);
void fake_redis_client_gone(struct fake_redis *r, size_t connection);
void fake_redis_close_all(struct fake_redis *r); /* as CLIENT KILL, a crash or a cut do */
void fake_redis_set_mood(struct fake_redis *r, enum fake_redis_mood mood);
/* Restarts it: another run id, no connections, and no data when it kept none. */
void fake_redis_restart(struct fake_redis *r, bool blank);
/* As FLUSHALL does: nobody's connection is closed, and who watches a key that is not there is not
 * told. */
void fake_redis_empty(struct fake_redis *r);
/* Makes `to` hold what `from` holds. */
void fake_redis_copy(struct fake_redis *to, const struct fake_redis *from);
/* It is this late: keys whose deadline has passed are gone. */
void fake_redis_pass_time(struct fake_redis *r, int64_t now_ms);
/* Removes a key behind the clients' backs, as an eviction does. */
void fake_redis_evict(struct fake_redis *r, struct str key);

#endif
