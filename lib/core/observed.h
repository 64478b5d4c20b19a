/*
 * What is known of a WAL, put together from looks at its log and at its Redis that follow each
 * other. The two are never looked at in one moment, so a pair of figures is only compared when
 * their order cannot deceive: Redis has what the log had, and the group commits what Redis had.
 *
 * What the last answer said is kept while later looks fail, until it is too old to be believed.
 * Whether anybody answers at all is told with patience, too: one answer that is late is no news,
 * nor is the first one after a silence. A refusal counts at once.
 */
#ifndef REDWAL_CORE_OBSERVED_H
#define REDWAL_CORE_OBSERVED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/hold.h"
#include "core/look.h"

enum {
    OBSERVED_STALE_MS = 30 * 1000, /* what nobody has confirmed for that long is unknown */
    OBSERVED_LATE_MS = 10 * 1000,  /* who has answered within that time still answers */
    OBSERVED_ENDS_MAX = 16,        /* past ends of a partition that are remembered */
};

/* What became of the group's commits that is not the applier's doing. */
enum observed_drift {
    DRIFT_NONE,
    DRIFT_FELL_BACK,     /* they are ahead of Redis, which lost what it had: a failover */
    DRIFT_MOVED_FORWARD, /* they are ahead of Redis, and it is the Redis it was */
    DRIFT_MOVED_BACK,    /* they went back, and Redis did not */
};

struct observed_end {
    int64_t at_ms, end; /* at that time the log ended there, or later */
};

struct observed_partition {
    struct log_look_partition log;
    struct redis_look_partition redis;
    bool in_log, in_redis; /* the above is known */

    /* As the log was told before Redis was asked the last time; LOOK_UNKNOWN. */
    int64_t begin_before, end_before, committed_before;
    bool judged;           /* what follows is known */
    enum hold_reason hold; /* what the applier would hold the partition for */
    int64_t behind;        /* records that the log then held and Redis lacked, when it was asked;
                              LOOK_UNKNOWN while it is held */
    enum observed_drift drift;
    int64_t moved_from;    /* DRIFT_MOVED_BACK: the commit that was there */
    bool is_uncommitted;   /* the group has not committed yet for the primary that there is now */
    int64_t other_at_ms;   /* when that was another one than before, if it ever was */
    int64_t current_at_ms; /* all that the log held then is applied; LOOK_UNKNOWN */
    struct observed_end ends[OBSERVED_ENDS_MAX]; /* not applied up to there, the oldest first */
    int n_ends;
};

struct observed {
    struct log_look log;     /* the last one that was answered; its partitions are below */
    struct redis_look redis; /* the same */
    struct look log_tried, redis_tried;     /* the last ones that count */
    enum look_outcome log_last, redis_last; /* of the last ones */

    struct observed_partition *partitions;
    int32_t n;

    struct primary_facts primary; /* of who answered as the primary last; zeroed while nobody has */
    bool is_demoted;              /* and as a replica since, or while it is loading */
    int64_t primary_since_wall_ms; /* since when; LOOK_UNKNOWN */
    uint64_t n_primaries;          /* how many have, one after another */
    uint64_t n_rewinds;            /* how often Redis went back */
    int64_t rewound_records;       /* the last time, over all partitions */

    /* The applier's pods, as Kubernetes tells it; LOOK_UNKNOWN. */
    int64_t desired, ready;
};

void observed_init(struct observed *o);
void observed_release(struct observed *o); /* safe on a zeroed one */

/* Both take what the look owns and leave it released. Looks come in the order they ended. */
void observed_learn_log(struct observed *o, struct log_look *look);
void observed_learn_redis(struct observed *o, struct redis_look *look);

/* Whether the last answer may still be believed. */
bool observed_knows_log(const struct observed *o, int64_t now_ms);
bool observed_knows_redis(const struct observed *o, int64_t now_ms);

/* It was asked last in vain: nobody answered who is a primary and has loaded what he holds. */
bool observed_misses_redis(const struct observed *o);

/* How long ago all that the log then held had been applied, in the partition that is furthest
 * behind: the age of what a reader sees, on quiet topics too. LOOK_UNKNOWN. */
int64_t observed_lag_ms(const struct observed *o, int64_t now_ms);
/* The same as of the last look at Redis, in bounds: what the log was given later says nothing of
 * what readers saw then. */
struct observed_delay {
    bool lacks;       /* something that the log had been seen to hold */
    int64_t least_ms; /* for so long */
    int64_t most_ms;  /* LOOK_UNKNOWN */
};
struct observed_delay observed_delay(const struct observed *o);
/* How long ago the last mark was written that Redis has passed in each partition, by the clocks of
 * this machine and of who writes them: the age of what a reader sees, at all sites. LOOK_UNKNOWN.
 */
int64_t observed_mark_age_ms(const struct observed *o, int64_t now_ms, int64_t wall_ms);
/* Records that the log had been seen to hold and that Redis lacked when it was asked the last time,
 * of all partitions; LOOK_UNKNOWN when that of one is. */
int64_t observed_behind(const struct observed *o);

#endif
