/* What of a status is told by Events. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/remedy.h"
#include "core/wal_status.h"

/* MIRROR_REASON_COUNT: it is none of what a mirror does. */
static enum mirror_reason reason_of(const struct wal_condition *mirror)
{
    enum mirror_reason r = 0;

    while (r < MIRROR_REASON_COUNT && strcmp(mirror->reason, mirror_reason_code(r)) != 0)
        r++;
    return r;
}

static bool is_passing(const struct wal_condition *mirror)
{
    const enum mirror_reason r = reason_of(mirror);

    return r < MIRROR_REASON_COUNT && mirror_reason_passes(r);
}

static bool is_in(const struct wal_condition *mirror, enum mirror_state state)
{
    const enum mirror_reason r = reason_of(mirror);

    return r < MIRROR_REASON_COUNT && mirror_reason_state(r) == state;
}

/* What needs nothing done is no warning. */
static bool is_warning(enum wal_condition_type type, const struct wal_condition *c)
{
    const char *remedy = wal_reason_remedy(type, str_from(c->reason));

    return c->status != wal_condition_good(type) && remedy && remedy_is_needed(remedy);
}

/* Bad news, or the end of bad news. That something is unknown is in the status, and no news; what
 * it is then is judged by what was known last. A mirror that had failed may have failed again while
 * nobody saw it. */
static bool is_news(enum wal_condition_type type, const struct wal_condition *before,
                    const struct wal_condition *now, const struct wal_told *told)
{
    const bool is_mirror = type == WAL_CONDITION_MIRROR_RUNNING;
    const enum condition_status good = wal_condition_good(type);
    const char *known = told->conditions[type].reason;

    if (now->status == CONDITION_UNKNOWN || (is_mirror && is_passing(now)) ||
        strcmp(is_mirror ? before->reason : known, now->reason) == 0)
        return false;
    if (now->status != good)
        return true;
    return known[0] != '\0' && told->conditions[type].status != good;
}

/* What comes and goes while a mirror starts, stops, or is proven anew is no decision. */
static bool lasts(const struct wal_condition *mirror)
{
    return mirror->reason[0] != '\0' && mirror->status != CONDITION_UNKNOWN && !is_passing(mirror);
}

void wal_status_recall(const struct wal_status *before, struct wal_told *told)
{
    const struct wal_condition *mirror = &before->conditions[WAL_CONDITION_MIRROR_RUNNING];

    if (lasts(mirror))
        memcpy(told->mirror, mirror->reason, sizeof(told->mirror));
    for (size_t i = 0; i < WAL_CONDITION_COUNT; i++) {
        const struct wal_condition *c = &before->conditions[i];

        if (c->reason[0] != '\0' && c->status == CONDITION_UNKNOWN)
            continue;
        told->conditions[i].status = c->status;
        memcpy(told->conditions[i].reason, c->reason, sizeof(c->reason));
    }
}

/* A leader that proves a stop anew has decided nothing, nor is it news that a mirror runs of which
 * nothing else was told. One that fails again has failed. */
static bool was_told(enum wal_condition_type type, const struct wal_condition *now,
                     const struct wal_told *told)
{
    return type == WAL_CONDITION_MIRROR_RUNNING && strcmp(now->reason, told->mirror) == 0 &&
           (is_in(now, MIRROR_STATE_STOPPED) || is_in(now, MIRROR_STATE_RUNNING) ||
            reason_of(now) == MIRROR_REASON_STORED_ON);
}

static void tell(struct wal_notice *n, const char *action, bool warning, const char *reason)
{
    *n = (struct wal_notice){ .warning = warning, .action = action };
    snprintf(n->reason, sizeof(n->reason), "%s", reason);
}

static bool has_told_of_primary(const struct wal_told *told, const struct observed *f)
{
    return f->n_primaries == 0 || strcmp(told->primary, f->primary.run_id) == 0;
}

bool wal_status_has_told(const struct wal_told *told, const struct observed *facts)
{
    return has_told_of_primary(told, facts) && facts->n_rewinds == told->n_rewinds;
}

/* What a restore makes so, and unmakes, is its own news. */
static bool is_of_restore(enum wal_condition_type type, const struct wal_status *before,
                          const struct wal_status *now)
{
    static const bool is_changed[WAL_CONDITION_COUNT] = {
        [WAL_CONDITION_POSITION_CONSISTENT] = true, [WAL_CONDITION_RESTORE_REQUIRED] = true,
        [WAL_CONDITION_APPLIER_AVAILABLE] = true,   [WAL_CONDITION_CAUGHT_UP] = true,
        [WAL_CONDITION_GROUP_HEALTHY] = true,
    };

    if (!is_changed[type])
        return false;
    return now->phase == WAL_PHASE_RESTORING ||
           (before->phase == WAL_PHASE_RESTORING &&
            now->conditions[type].status == wal_condition_good(type));
}

static size_t tell_happenings(const struct observed *f, struct wal_told *told,
                              struct wal_notice *ret)
{
    size_t n = 0;

    if (told->primary[0] != '\0' && !has_told_of_primary(told, f)) {
        tell(&ret[n], "Observe", false, "PrimaryChanged");
        snprintf(ret[n].note, sizeof(ret[n].note), "the primary is %s now, process %s",
                 f->primary.address, f->primary.run_id);
        n++;
    }
    if (f->n_rewinds > told->n_rewinds) {
        tell(&ret[n], "Replay", true, "PrimaryRewound");
        snprintf(ret[n].note, sizeof(ret[n].note),
                 "%s went back by %" PRId64 " records; the appliers apply them again from the log",
                 f->primary.address, f->rewound_records);
        n++;
    }
    if (f->n_primaries > 0)
        memcpy(told->primary, f->primary.run_id, sizeof(told->primary));
    told->n_rewinds = f->n_rewinds;
    return n;
}

size_t wal_status_notices(const struct wal_status *before, const struct wal_status *now,
                          const struct observed *facts, struct wal_told *told,
                          struct wal_notice *ret)
{
    size_t n = tell_happenings(facts, told, ret);

    for (enum wal_condition_type i = 0; i < WAL_CONDITION_COUNT; i++) {
        const struct wal_condition *c = &now->conditions[i];

        /* Ready sums up what the others tell. */
        if (i == WAL_CONDITION_READY || is_of_restore(i, before, now) ||
            !is_news(i, &before->conditions[i], c, told) || was_told(i, c, told))
            continue;
        tell(&ret[n], wal_condition_text(i), is_warning(i, c), c->reason);
        memcpy(ret[n].note, c->message, sizeof(ret[n].note));
        n++;
    }
    wal_status_recall(now, told);
    return n;
}
