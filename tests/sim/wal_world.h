/*
 * Controllers of RedisWals over one API server, under one clock and one seed: requests are late,
 * lost and refused, processes pause, crash and begin anew; users change RedisWals, RedisFailovers
 * and what belongs to the controllers; and the Redis and the log of each WAL answer, fail, or are
 * not to be learned of. At any time:
 *
 *   - only the process that the lease names sends writes and orders to mirrors, and to nothing of
 *     others;
 *   - no status says what no look of that process said lately;
 *   - no mirror is called stopped whose tasks may have written since, or that runs, or that an
 * order of a controller lets go on yet;
 *   - no change of a status is told by more Events than it was made;
 *
 * and once trouble ends every status and every object is as it must be, and nothing is written any
 * more. The first violation is kept and ends the run.
 */
#ifndef REDWAL_TESTS_WAL_WORLD_H
#define REDWAL_TESTS_WAL_WORLD_H

#include "base/prng.h"
#include "codec/wal_resource.h"
#include "core/look.h"
#include "fake_api.h"
#include "fake_mirror.h"
#include "runtime/wal_reconciler.h"

enum {
    WAL_WORLD_REPLICAS = 2,
    WAL_WORLD_WALS = 3, /* their names are a, b, c */
    WAL_WORLD_QUESTIONS = 64,
    WAL_WORLD_ANSWERS = 512, /* of one process, that are remembered */
    WAL_WORLD_TALES = 2048,  /* kinds of news in a run */
    WAL_WORLD_SECOND_MS = 1000,
    WAL_WORLD_MINUTE_MS = 60 * 1000,
    WAL_WORLD_LOOK_MS = 10 * 1000, /* longer than the target of freshness */
};

/* What there is to be learned, as bits: of Redis, and of the log. */
enum wal_truth_redis {
    TRUE_REDIS_WELL,
    TRUE_REDIS_BEHIND,
    TRUE_REDIS_BLANK,
    TRUE_REDIS_OTHER_WAL,
    TRUE_REDIS_LOADING,
    TRUE_REDIS_FAILS,
    TRUE_REDIS_LOST,
    TRUE_REDIS_COUNT,
};
enum wal_truth_log {
    TRUE_LOG_WELL,
    TRUE_LOG_TRIMMED,
    TRUE_LOG_NO_GROUP,
    TRUE_LOG_NO_TOPIC,
    TRUE_LOG_FAILS,
    TRUE_LOG_LOST,
    TRUE_LOG_COUNT,
};

struct wal_truth {
    enum wal_truth_redis redis;
    enum wal_truth_log log;
    int64_t end, next;
    int64_t since_ms; /* this is so */
    unsigned process; /* of Redis */
};

/* What a user wants of a WAL. */
struct wal_want {
    bool exists, by_failover, paused, unclear, mirrored;
    enum mirror_wish mirror; /* OBSERVED is not wanted: what becomes of it is nobody's to say */
    bool has_failover;       /* there is a RedisFailover of its name */
    unsigned image;
    int64_t generation;
};

/* A question that is open, and its answer, which is what was true when it was asked. */
struct wal_question {
    uint64_t number; /* 0: free */
    bool of_redis;
    unsigned state;
    int64_t end;     /* of the log */
    bool is_current; /* Redis has all that the log had when it last answered that process */
    int64_t due_ms;
    struct redis_look redis;
    struct log_look log;
};

/* Sentinels that a process listens to. */
struct wal_listening {
    uint64_t number;  /* 0: free */
    int wal;          /* whose RedisFailover it is */
    bool began;       /* and this was told */
    unsigned process; /* of Redis, that was told last */
};

/* An answer that a process has got. */
struct wal_answer {
    uint64_t number;
    bool of_redis;
    unsigned state;
    int64_t end; /* of the log; 0: it was not told */
    bool is_current;
    int64_t at_ms;
};

struct wal_world;

struct wal_replica {
    struct wal_world *world;
    char identity[32];
    struct fake_api_link *link;
    struct wal_reconciler *reconciler;
    int64_t wakes_ms;
    int64_t paused_until_ms, paused_ms; /* the last pause, and how long it was */
    struct wal_question questions[WAL_WORLD_QUESTIONS];
    struct wal_listening listening[WAL_WORLD_WALS];
    struct wal_answer answers[WAL_WORLD_ANSWERS];
    size_t n_answers; /* ever */
    struct fake_mirror mirror;
};

/* News of one kind about one object: how often statuses made it at most, and in any case, and
 * Events told it. */
struct wal_tale {
    char uid[24], type[32], reason[64];
    unsigned n_made, n_due, n_told;
};

/* What a status says of one condition. */
struct wal_standing {
    char uid[24], type[32], status[12], reason[64];
    char known_status[12], known_reason[64]; /* the last that was not Unknown */
    char lasting[64]; /* MirrorRunning: what it said last that it does not pass through */
    int64_t generation;
    bool is_anew; /* something else may have been wanted since */
};

/* An Event and how often it says that it happened. */
struct wal_event_seen {
    char name[96];
    int64_t count;
};

enum wal_world_lie {
    WAL_LIE_NONE,
    WAL_LIE_ANSWERS, /* looks that failed are handed out as answers */
    WAL_LIE_LEASES,  /* each process has a lease of its own */
    WAL_LIE_MIRRORS, /* tasks are said to be gone that live, and nobody sees what they write */
};

struct wal_world {
    struct fake_api *api;
    struct prng prng;
    unsigned n_starts, n_writes, n_asked;
    unsigned faults; /* of a thousand answers of Redis and the log, that do not come or come late */
    enum wal_world_lie lie;
    struct wal_want wants[WAL_WORLD_WALS];
    struct wal_truth truths[WAL_WORLD_WALS];
    struct fake_connector connectors[WAL_WORLD_WALS];
    struct wal_replica replicas[WAL_WORLD_REPLICAS];

    /* wal_world_check.c */
    size_t n_read; /* changes of the API server that are accounted for */
    struct wal_tale tales[WAL_WORLD_TALES];
    struct wal_standing standings[WAL_WORLD_TALES];
    struct wal_event_seen events[WAL_WORLD_TALES];
    char holder[32];
    unsigned n_holders; /* how often the lease passed to another */
    char violation[1500];
};

/* Of a cmocka test or group, whose state is then a world that is not initialised yet. */
int wal_world_set_up(void **state);
int wal_world_tear_down(void **state);

void wal_world_init(struct wal_world *w, uint64_t seed);
void wal_world_release(struct wal_world *w);
int64_t wal_world_now_ms(void);

/* One step, or so much time; ends at a violation. */
void wal_world_step(struct wal_world *w);
void wal_world_run(struct wal_world *w, int64_t duration_ms);

void wal_world_restart(struct wal_world *w, size_t replica); /* it crashes */

/* wal_world_meddle.c: what users, the world and chance do, one thing at a time. */
void wal_world_put(struct wal_world *w, int wal, const struct wal_want *want);
void wal_world_turn(struct wal_world *w, int wal, enum wal_truth_redis redis,
                    enum wal_truth_log log);
void wal_world_put_failover(struct wal_world *w, int wal, bool there);
void wal_world_meddle(struct wal_world *w);
void wal_world_disturb(struct wal_world *w);
/* Ends all trouble of processes and requests, and waits until nobody has anything left to do. */
void wal_world_calm_down(struct wal_world *w);

/* wal_world_check.c: the first violation is kept. */
PRINTF_LIKE(2, 3)
void wal_world_fail(struct wal_world *w, const char *format, ...);
void wal_world_check_order(struct wal_replica *r); /* a mirror is given one */
/* An order of a controller that hung at Connect has let that mirror go on. */
void wal_world_check_late_resume(struct wal_world *w, int wal);
void wal_world_check_write(struct wal_replica *r, const struct kube_request *request);
void wal_world_read_changes(struct wal_world *w);
void wal_world_check_end(struct wal_world *w);
/* All news was told; for worlds in which nothing is lost. */
void wal_world_check_told(struct wal_world *w);
struct fake_api_object *wal_world_find(struct wal_world *w, int wal);

#define WAL_WORLD_WALS_AT      "/apis/redwal.dev/v1alpha1/rediswals"
#define WAL_WORLD_FAILOVERS_AT "/apis/databases.spotahome.com/v1/redisfailovers"
#define WAL_WORLD_SETS_AT      "/apis/apps/v1/deployments"
#define WAL_WORLD_EVENTS_AT    "/apis/events.k8s.io/v1/events"
#define WAL_WORLD_LEASES_AT    "/apis/coordination.k8s.io/v1/leases"
#define WAL_WORLD_SCOPE        "ns"
#define WAL_WORLD_LABEL        "\"app.kubernetes.io/managed-by\":\"redwal-controller\""

#endif
