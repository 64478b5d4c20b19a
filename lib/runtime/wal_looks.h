/*
 * Looks at the log and then at the Redis of each WAL, again and again, and keeps what they tell.
 * Secrets are read when a look needs them; a look that cannot be taken for want of one tells so.
 */
#ifndef REDWAL_RUNTIME_WAL_LOOKS_H
#define REDWAL_RUNTIME_WAL_LOOKS_H

#include "base/backoff.h"
#include "codec/strimzi_mirror.h"
#include "codec/wal_resource.h"
#include "core/marking.h"
#include "core/mirror_lag.h"
#include "core/observed.h"
#include "core/slo.h"
#include "core/wal_status.h"
#include "port/observe.h"
#include "runtime/kube_secrets.h"

enum {
    WAL_LOOKS_BUSY_MS = 1000,        /* whoever is asked has no room: try again then */
    WAL_LOOKS_SECRET_MS = 200,       /* a Secret is being read: look again then */
    WAL_LOOKS_LISTEN_MS = 10 * 1000, /* nobody listens to the Sentinels: try again then */
    /* After a Sentinel told of a change, until the Redis that answers is another one: most of them
     * may not know of it yet, and it may be about something else. */
    WAL_LOOKS_ALERT_MS = 3 * 1000,
    WAL_LOOKS_ALERT_EVERY_MS = 250,
    WAL_LOOKS_REDIS_OPEN_MAX = 2, /* a look may hang at who was the primary */
};

struct wal_look_turn {
    bool asked;
    int64_t due_ms;
    int64_t looked_ms; /* whatever came of it; before the first look, since when it is awaited */
};

/* What is known of its mirror: runtime/wal_mirrors.h. */
struct wal_mirror {
    uint64_t digest, term; /* of what names it; in which it was begun */
    int64_t generation;    /* of the specification that does */
    enum mirror_wish wish; /* of that specification */
    /* Counts what is asked about, and what the open questions are: one that waited long may have
     * been about another connector. */
    uint64_t subject, asked_subject, source_subject, offsets_subject;
    int64_t asked_generation, seen_generation; /* of the open question, of the last good answer */
    int64_t ordered_generation;                /* of the last order */
    char connector[STRIMZI_CONNECTOR_MAX + 1], topic[MIRROR_TOPIC_MAX + 1];
    struct mirror facts;
    struct mirror_lag lag;
    struct wal_look_turn turn, source, offsets;
    char why[LOOK_WHY_MAX + 1];         /* the last order was not taken; "": it was */
    char offsets_why[LOOK_WHY_MAX + 1]; /* what is stored cannot be read; "": it can */
    struct backoff retry;               /* of orders that are not taken */
    int64_t order_due_ms;               /* none is given before */
};

/* A log look under this number and a WAL's is one at its mirror's source. */
#define WAL_LOOKS_SOURCE (UINT64_C(1) << 62)
/* And one at what its connector has stored: runtime/wal_offsets.h. */
#define WAL_LOOKS_OFFSETS (UINT64_C(1) << 61)

/* One WAL. */
struct wal_watch {
    uint64_t number;
    struct wal_resource resource; /* that could be followed last */
    bool is_unclear;              /* what it asks for by now cannot be read */
    bool is_refused; /* nor followed, for that or another reason: its appliers are as they were */
    char failover_secret[254]; /* "": the RedisFailover has none */
    struct observed facts;
    struct wal_look_turn redis, log, mark, listening;
    int n_redis_open;      /* looks that have not come back */
    int64_t redis_void_ms; /* what began before is outdated */
    int64_t
        silent_since_ms; /* no primary has answered since; INT64_MAX: one has, or nobody asked */
    int64_t alert_ends_ms;
    int32_t n_planned; /* partitions that a restore is about, also where the log has fewer by now */
    struct marking marks;
    uint64_t mark_term; /* in which `marks` began */
    struct slo slo;     /* while we lead */
    struct wal_mirror mirror;

    /* The reconciler's: what the status says, and what it is to say. */
    bool troubled; /* what it wants is unclear, or not all of it is there */
    bool known; /* `before` is what stands there, and not what another process may have changed */
    struct wal_status before, now;
    struct wal_told told;
    int64_t since_ms, written_ms;        /* it is followed; the status was seen to stand there */
    uint64_t written_digest, now_digest; /* of what matters in it beside the conditions */
    int64_t written_seen, now_seen;      /* the mirror's `seen_generation` there */
};

typedef void wal_learned_fn(void *self, struct wal_watch *watch);

struct wal_looks_ports {
    struct redis_observer_port redis;
    struct log_observer_port log;
    struct kube_secrets *secrets;
    struct log *journal; /* of the process; NULL: nobody reads it */
    wal_learned_fn *on_learned;
    void *self;
};

struct wal_looks;

struct wal_looks *wal_looks_new(const struct wal_looks_ports *ports, int64_t interval_ms);
/* Another interval from now on. */
void wal_looks_tune(struct wal_looks *l, int64_t interval_ms, int64_t now_ms);
void wal_looks_free(struct wal_looks *l); /* NULL is fine */

/* Takes the resource and leaves it zeroed. One that could not be decoded is looked at as it was
 * before; a new one is not looked at. The watch lives until it is forgotten. */
struct wal_watch *wal_looks_follow(struct wal_looks *l, struct wal_resource *resource,
                                   const char *failover_secret, int64_t now_ms);
struct wal_watch *wal_looks_find(const struct wal_looks *l, struct str scope, struct str name);
void wal_looks_forget(struct wal_looks *l, struct str scope, struct str name);
struct wal_watch *wal_looks_find_number(const struct wal_looks *l, uint64_t number);
/* In no order. */
size_t wal_looks_count(const struct wal_looks *l);
struct wal_watch *wal_looks_at(const struct wal_looks *l, size_t i);

/* Where its log is; what it borrows lives as long as the Secrets stand still. ERR_TIMEOUT: a Secret
 * is being read. ERR_NOT_FOUND: one is missing. */
NODISCARD enum err_code wal_looks_place(struct wal_looks *l, const struct wal_watch *w,
                                        int64_t now_ms, struct log_place *ret, struct err *err);

/* The same of the topic in which the Connect of its mirror stores offsets. */
NODISCARD enum err_code wal_looks_offsets_place(struct wal_looks *l, const struct wal_watch *w,
                                                int64_t now_ms, struct log_place *ret,
                                                struct err *err);

/* The same of its Redis; `sentinels` is zeroed, and the caller's to release after. */
NODISCARD enum err_code wal_looks_redis_place(struct wal_looks *l, const struct wal_watch *w,
                                              int64_t now_ms, struct buf *sentinels,
                                              struct redis_place *ret, struct err *err);

/* The same of the Connect of its mirror; without connector, topic and partitions. */
NODISCARD enum err_code wal_looks_connect_place(struct wal_looks *l, const struct wal_watch *w,
                                                int64_t now_ms, struct mirror_place *ret,
                                                struct err *err);

/* When somebody is asked again whom it was tried to ask. ERR_TIMEOUT: a Secret is being read;
 * ERR_LIMIT: whoever is asked has no room; anything else: as he is anyway. */
int64_t wal_looks_again_ms(enum err_code rc, int64_t interval_ms);

/* Redis is another one than it was: what was learned before is of no use, and is no news. */
void wal_looks_renounce(struct wal_watch *w, int64_t now_ms);
/* Something was done to Redis: an answer to what was asked before does not tell of it. */
void wal_looks_look_again(struct wal_watch *w, int64_t now_ms);

/* How long ago the log, and the Redis, of the WAL that is worst off was looked at; 0 for none. */
struct wal_looks_age {
    int64_t log_ms, redis_ms;
};
struct wal_looks_age wal_looks_oldest(const struct wal_looks *l, int64_t now_ms);

/* Takes answers; asks what is due unless `quiet`. Call it when a port's descriptor is readable, and
 * when wal_looks_due_ms() has come. */
void wal_looks_step(struct wal_looks *l, int64_t now_ms, bool quiet);
int64_t wal_looks_due_ms(const struct wal_looks *l, int64_t now_ms, bool quiet);

#endif
