/*
 * Which clock the deadlines of a partition are by: log time while old records are replayed, the
 * clock of Redis once it has caught up.
 */
#include "core/applier_state.h"

struct str partition_index(const struct partition *p)
{
    return (struct str){ p->index_key, p->index_n };
}

struct log_time applier_log_time(struct applier *a, int32_t partition, int64_t timestamp_ms,
                                 int64_t now_ms)
{
    struct partition *p = applier_partition(a, partition);

    return (struct log_time){
        .now_ms = log_time_behind(&a->settings.expiry, p->log_ms, timestamp_ms, now_ms),
        .index = partition_index(p),
    };
}

int64_t applier_clock_skew_ms(const struct applier *a)
{
    const int64_t skew_ms = a->primary.clock_skew_ms;
    const int64_t threshold_ms = a->settings.clock_skew_threshold_ms;

    return skew_ms > -threshold_ms && skew_ms < threshold_ms ? 0 : skew_ms;
}

static bool may_turn(const struct partition *p)
{
    return p->assigned && p->delivering && p->phase == PARTITION_ACTIVE && p->turn == TURN_NONE;
}

/* When a partition that has nothing to read has caught up; INT64_MAX: it need not be looked at. */
int64_t partition_turns_at_ms(const struct applier *a, const struct partition *p)
{
    if (!may_turn(p) || p->at_end_ms < 0 || p->log_ms == LOG_TIME_OFF ||
        a->settings.expiry.expiry == EXPIRY_LOG)
        return INT64_MAX;
    return p->at_end_ms + LOG_TIME_IDLE_MS;
}

void partition_try_turning(struct applier *a, int32_t number, int64_t now_ms)
{
    struct partition *p = &a->partitions[number];
    const int64_t at_end_for_ms = p->at_end_ms < 0 ? -1 : now_ms - p->at_end_ms;

    if (!may_turn(p) || !log_time_is_over(&a->settings.expiry, p->log_ms, at_end_for_ms, now_ms))
        return;
    p->turn = TURN_STEPS;
    p->delivering = false;
    effect_simple(a, EFFECT_STOP, number, 0);
}

void partition_forget_turning(struct partition *p)
{
    p->turn = TURN_NONE;
    p->stepping = false;
    p->at_end_ms = -1;
}

bool partition_wants_step(const struct partition *p)
{
    return p->assigned && p->phase == PARTITION_ACTIVE && p->turn != TURN_NONE &&
           p->backlog.n == 0 && !p->stepping;
}

static void turned(struct applier *a, int32_t number)
{
    struct partition *p = &a->partitions[number];

    note(a, NOTE_INFO, "Caught up with partition %d: its deadlines are by the clock of Redis",
         (int)number);
    partition_forget_turning(p);
    p->log_ms = LOG_TIME_OFF;
    p->delivering = true;
    effect_simple(a, EFFECT_START, number, p->expected);
}

void partition_script_answered(struct applier *a, int32_t number, const struct reply *reply,
                               int64_t now_ms)
{
    struct partition *p = &a->partitions[number];

    if (reply->type != REPLY_INTEGER) {
        connection_give_up(a, now_ms, "the deadlines of partition %d cannot be read: %.*s",
                           (int)number, STR_ARGS(reply->text));
        return;
    }
    if (!p->stepping)
        return;
    p->stepping = false;
    if (p->position.clock == LOG_TIME_OFF)
        turned(a, number);
    else if (reply->integer == 0)
        p->turn = TURN_LAST_STEP;
}
