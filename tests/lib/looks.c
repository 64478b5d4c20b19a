#include "looks.h"

#include <stdio.h>

#include "base/mem.h"

struct look looks_tried(enum look_outcome outcome, int64_t at_ms)
{
    struct look look = { .began_ms = at_ms, .ended_ms = at_ms + 1, .outcome = outcome };

    look.ended_wall_ms = look.ended_ms;
    if (outcome == LOOK_FAILED || outcome == LOOK_LOST)
        snprintf(look.why, sizeof(look.why), "made up");
    return look;
}

struct log_look looks_log(int64_t at_ms, int32_t n, int64_t begin, int64_t end, int64_t committed)
{
    struct log_look l;

    log_look_init(&l);
    l.look = looks_tried(LOOK_ANSWERED, at_ms);
    l.exists = true;
    snprintf(l.log, sizeof(l.log), "%s", LOOKS_LOG);
    l.n = n;
    l.partitions = mem_new((size_t)n, sizeof(*l.partitions));
    for (int32_t i = 0; i < n; i++)
        l.partitions[i] = (struct log_look_partition){ begin, end, end, committed };
    l.topic.retention_ms = l.topic.retention_bytes = -1;
    snprintf(l.topic.cleanup, sizeof(l.topic.cleanup), "delete");
    l.knows_commits = true;
    l.group = GROUP_STABLE;
    l.n_members = 1;
    l.n_assigned = n;
    return l;
}

struct redis_look looks_redis(int64_t at_ms, int32_t n, const char *run_id, int64_t next)
{
    struct redis_look l;

    redis_look_init(&l);
    l.look = looks_tried(LOOK_ANSWERED, at_ms);
    l.primary.role = PRIMARY_ROLE_MASTER;
    l.primary.n_keys = 1;
    snprintf(l.primary.address, sizeof(l.primary.address), "redis:6379");
    snprintf(l.primary.run_id, sizeof(l.primary.run_id), "%s", run_id);
    snprintf(l.primary.wal, sizeof(l.primary.wal), LOOKS_WAL);
    snprintf(l.eviction, sizeof(l.eviction), "noeviction");
    l.saves = l.appends = 1;
    l.n = n;
    l.partitions = mem_new((size_t)n, sizeof(*l.partitions));
    for (int32_t i = 0; i < n; i++) {
        struct redis_look_partition *p = &l.partitions[i];

        p->read = next < 0 ? POSITION_ABSENT : POSITION_PRESENT;
        p->identity.seen = next >= 0;
        p->position.next = p->position.settled = next;
        snprintf(p->position.log, sizeof(p->position.log), "%s", LOOKS_LOG);
    }
    return l;
}

void looks_well(struct observed *o, int64_t now_ms)
{
    struct log_look before = looks_log(now_ms - 6, 2, 0, 100, 100);
    struct redis_look redis = looks_redis(now_ms - 4, 2, "a", 100);
    struct log_look after = looks_log(now_ms - 2, 2, 0, 100, 100);

    observed_learn_log(o, &before);
    observed_learn_redis(o, &redis);
    observed_learn_log(o, &after);
    o->desired = o->ready = 2;
}

const struct wal_wanted looks_wanted = { .wal = { LOOKS_WAL, sizeof(LOOKS_WAL) - 1 },
                                         .freshness_ms = LOOKS_FRESHNESS_MS };

struct wal_status looks_judged(const struct observed *o)
{
    static const struct wal_status nothing;
    struct wal_status status;

    wal_status_judge(&looks_wanted, o, &nothing, LOOKS_NOW_MS, LOOKS_WALL_MS, &status);
    return status;
}

bool looks_is_good(const struct wal_status *s, enum wal_condition_type type)
{
    return s->conditions[type].status == wal_condition_good(type);
}
