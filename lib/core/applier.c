#include "core/applier.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/applier_state.h"

const double applier_latency_bounds_ms[LATENCY_BUCKETS] = {
    0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 2000, 5000, 10000, 30000, 60000,
};

enum { OUTPUT_KEEP_BYTES = 1024 * 1024, RELEASED_FIRST = 64, PASSED = 0 };

struct applier_settings applier_settings_default(void)
{
    return (struct applier_settings){
        .on_reject = ON_REJECT_SKIP,
        .expiry = { EXPIRY_WALL, 10 * 1000 },
        .clock_skew_threshold_ms = 100,
        .batch_max_ops = 1024,
        .batch_max_bytes = 512 * 1024,
        .pending_max_bytes = 2 * 1024 * 1024,
        .pending_max_records = 8192,
        .silence_timeout_ms = 3000,
        .probe_interval_ms = 1000,
        .settle_delay_ms = 50,
        .retry_first_ms = 50,
        .retry_max_ms = 2000,
        .commit_interval_ms = 1000,
        .idempotency_window_seconds = 3600,
        .idempotency_max_ids = 500000,
        .idempotency_segment_ids = 4096,
        .quarantine_max_keys = 1000,
    };
}

static void earliest(int64_t *at_ms, int64_t other_ms)
{
    if (other_ms < *at_ms)
        *at_ms = other_ms;
}

struct applier *applier_new(const struct applier_settings *settings, int64_t now_ms)
{
    struct applier *a = mem_new(1, sizeof(*a));

    a->settings = *settings;
    fifo_init(&a->effects, sizeof(struct effect));
    a->wal = str_from(a->settings.wal);
    PRE(wal_name_is_valid(a->wal));
    a->prng.state = settings->seed;
    a->backoff = (struct backoff){ settings->retry_first_ms, settings->retry_max_ms, 0 };
    a->dead_letter_backoff = a->backoff;
    a->connect_at_ms = now_ms;
    a->commit_at_ms = now_ms + settings->commit_interval_ms;
    a->facts_at_ms = now_ms + FACTS_INTERVAL_MS;
    a->tokens_at_ms = now_ms;
    /* The output holds at most what is pending twice over plus bookkeeping; see applier_room(). */
    buf_init(&a->output, SIZE_MAX / 4);
    buf_init(&a->ids_bytes, SIZE_MAX / 4); /* a part of the same */
    connection_reset(a);
    return a;
}

void applier_tune(struct applier *a, const struct applier_settings *settings, int64_t now_ms)
{
    chain_limit_rate(a, settings->rate_limit_ops, now_ms);
    a->settings.silence_timeout_ms = settings->silence_timeout_ms;
    a->settings.probe_interval_ms = settings->probe_interval_ms;
    a->settings.commit_interval_ms = settings->commit_interval_ms;
    a->settings.clock_skew_threshold_ms = settings->clock_skew_threshold_ms;
    earliest(&a->probe_at_ms, now_ms + settings->probe_interval_ms);
    earliest(&a->commit_at_ms, now_ms + settings->commit_interval_ms);
    chain_advance(a, now_ms);
}

void applier_free(struct applier *a)
{
    if (!a)
        return;
    PRE(a->n_released == 0);
    for (int32_t i = 0; i < a->n_partitions; i++) {
        struct partition *p = &a->partitions[i];

        ids_drop(a, p);
        secluded_forget(p);
        backlog_release(&p->backlog);
        free(p->aftermath);
        free(p->window);
        free(p->window_operations);
    }
    free(a->partitions);
    free(a->expected);
    fifo_release(&a->effects);
    free(a->released);
    buf_release(&a->output);
    buf_release(&a->ids_bytes);
    free(a);
}

void applier_abandon(struct applier *a)
{
    for (int32_t i = 0; i < a->n_partitions; i++)
        partition_drop(a, i);
    fifo_clear(&a->effects);
}

struct partition *applier_partition(struct applier *a, int32_t number)
{
    PRE(number >= 0 && number < PARTITIONS_MAX);
    if (number >= a->n_partitions) {
        a->partitions = mem_resize(a->partitions, (size_t)number + 1, sizeof(*a->partitions));
        for (int32_t i = a->n_partitions; i <= number; i++) {
            a->partitions[i] =
                (struct partition){ .begin = -1, .end = -1, .known_next = -1, .peeked_next = -1 };
            a->partitions[i].index_n = log_time_index(a->partitions[i].index_key, a->wal, i).n;
            a->partitions[i].at_end_ms = -1;
            backlog_init(&a->partitions[i].backlog);
        }
        a->n_partitions = number + 1;
    }
    return &a->partitions[number];
}

/* --- effects ---------------------------------------------------------------------------------- */

void effect_add(struct applier *a, const struct effect *effect)
{
    fifo_add(&a->effects, effect);
}

void effect_simple(struct applier *a, enum effect_type type, int32_t partition, int64_t offset)
{
    effect_add(a, &(struct effect){ .type = type, .partition = partition, .offset = offset });
}

void note(struct applier *a, enum note_level level, const char *format, ...)
{
    struct effect effect = { .type = EFFECT_NOTE, .level = level };
    va_list ap;

    va_start(ap, format);
    vsnprintf(effect.note, sizeof(effect.note), format, ap);
    va_end(ap);
    effect_add(a, &effect);
}

/* The record behind a dead letter may be gone since the effect was decided. */
static bool find_dead_letter(struct applier *a, struct effect *effect)
{
    struct partition *p = applier_partition(a, effect->partition);
    struct entry *entry = backlog_find(&p->backlog, effect->offset);

    for (size_t i = 0; i < p->n_aftermath; i++) {
        if (p->aftermath[i].offset == effect->offset && p->aftermath[i].storing) {
            effect->message = p->aftermath[i].message;
            effect->reject = &p->aftermath[i].reject;
            return true;
        }
    }
    if (!entry || entry->state != ENTRY_STORING)
        return false;
    effect->message = entry->message;
    effect->reject = entry->reject;
    return true;
}

/* What was decided since may have taken an effect back: a partition that was lost, or lost and won
 * again, must not start where it would have gone on before. */
static bool is_due(struct applier *a, struct effect *effect)
{
    if (effect->type == EFFECT_STORE_DEAD_LETTER)
        return find_dead_letter(a, effect);
    return effect->type != EFFECT_START || a->partitions[effect->partition].delivering;
}

bool applier_next_effect(struct applier *a, struct effect *ret_effect)
{
    while (fifo_take(&a->effects, ret_effect))
        if (is_due(a, ret_effect))
            return true;
    return false;
}

bool applier_has_effects(const struct applier *a)
{
    return a->effects.n > 0;
}

struct buf *applier_output(struct applier *a)
{
    if (a->output.n == 0)
        buf_shrink(&a->output, OUTPUT_KEEP_BYTES);
    return &a->output;
}

void message_release(struct applier *a, void *message)
{
    if (!message)
        return;
    if (a->n_released == a->released_capacity) {
        a->released_capacity = a->released_capacity ? a->released_capacity * 2 : RELEASED_FIRST;
        a->released = mem_resize(a->released, a->released_capacity, sizeof(*a->released));
    }
    a->released[a->n_released++] = message;
}

size_t applier_take_released(struct applier *a, void **ret_messages, size_t max)
{
    const size_t n = a->n_released < max ? a->n_released : max;

    a->n_released -= n;
    if (n > 0)
        memcpy(ret_messages, a->released + a->n_released, n * sizeof(*ret_messages));
    return n;
}

/* --- time ------------------------------------------------------------------------------------- */

static int64_t silent_at_ms(const struct applier *a)
{
    return a->doubted ? a->doubted_until_ms : a->answered_at_ms + a->settings.silence_timeout_ms;
}

int64_t applier_wakes_at_ms(const struct applier *a)
{
    int64_t at_ms = a->commit_at_ms;

    earliest(&at_ms, a->facts_at_ms);
    if (!a->connected && !a->connecting)
        earliest(&at_ms, a->connect_at_ms);
    if (a->connected && a->n_expected > 0)
        earliest(&at_ms, silent_at_ms(a));
    if (a->connected)
        earliest(&at_ms, a->probe_at_ms);
    if (a->pressed && a->retry_at_ms != PASSED)
        earliest(&at_ms, a->retry_at_ms);
    if (a->settle_at_ms >= 0 && a->settle_at_ms != PASSED)
        earliest(&at_ms, a->settle_at_ms);
    if (a->dead_letter_trouble[0])
        earliest(&at_ms, a->dead_letter_retry_at_ms);
    earliest(&at_ms, chain_tokens_at_ms(a));
    for (int32_t i = 0; i < a->n_partitions; i++)
        earliest(&at_ms, partition_turns_at_ms(a, &a->partitions[i]));
    return at_ms;
}

/* This tick acts on what is due. Where nothing can be done about it yet, something else is waited
 * for, and being late is no reason to wake. */
static void deadlines_pass(struct applier *a, int64_t now_ms)
{
    if (a->pressed && now_ms >= a->retry_at_ms)
        a->retry_at_ms = PASSED;
    if (a->settle_at_ms >= 0 && now_ms >= a->settle_at_ms)
        a->settle_at_ms = PASSED;
    if (a->dead_letter_trouble[0] && now_ms >= a->dead_letter_retry_at_ms)
        a->dead_letter_retry_at_ms =
            now_ms + backoff_next_ms(&a->dead_letter_backoff, prng_next(&a->prng));
}

void applier_commit_now(struct applier *a)
{
    for (int32_t i = 0; i < a->n_partitions; i++) {
        const struct partition *p = &a->partitions[i];

        if (p->assigned && !p->fresh &&
            (p->phase == PARTITION_ACTIVE || p->phase == PARTITION_SETTLING))
            effect_simple(a, EFFECT_COMMIT, i, p->position.next);
    }
}

static void ask_facts(struct applier *a)
{
    for (int32_t i = 0; i < a->n_partitions; i++)
        if (a->partitions[i].assigned)
            effect_simple(a, EFFECT_ASK_FACTS, i, 0);
}

/* It may be this process that stood still: what came meanwhile is read before the primary is given
 * up, as that leaves operations of unknown outcome. */
static void hear_nothing(struct applier *a, int64_t now_ms)
{
    if (a->doubted) {
        connection_give_up(a, now_ms, "no answer for %lld ms",
                           (long long)(now_ms - a->answered_at_ms));
        return;
    }
    a->doubted = true;
    a->doubted_until_ms = now_ms + DOUBT_MS;
}

void applier_tick(struct applier *a, int64_t now_ms)
{
    if (now_ms >= a->commit_at_ms) {
        a->commit_at_ms = now_ms + a->settings.commit_interval_ms;
        applier_commit_now(a);
    }
    if (now_ms >= a->facts_at_ms) {
        a->facts_at_ms = now_ms + FACTS_INTERVAL_MS;
        ask_facts(a);
    }
    for (int32_t i = 0; i < a->n_partitions; i++)
        partition_tick(a, i, now_ms);
    deadlines_pass(a, now_ms);

    if (a->connected && a->n_expected > 0 && now_ms >= silent_at_ms(a))
        hear_nothing(a, now_ms);
    if (!a->connected && !a->connecting && now_ms >= a->connect_at_ms) {
        a->connecting = true;
        effect_simple(a, EFFECT_CONNECT, -1, 0);
    }
    if (a->connected && now_ms >= a->probe_at_ms) {
        a->probe_at_ms = now_ms + a->settings.probe_interval_ms;
        chain_probe(a, now_ms);
    }
    chain_advance(a, now_ms);
}

/* --- bounds ----------------------------------------------------------------------------------- */

size_t applier_room(const struct applier *a)
{
    if (!a->connected || a->pending_bytes >= a->settings.pending_max_bytes ||
        a->pending_records >= a->settings.pending_max_records)
        return 0;
    return a->settings.pending_max_records - a->pending_records;
}

struct buf *applier_commands(struct applier *a, int32_t partition)
{
    return &applier_partition(a, partition)->backlog.bytes;
}

/* --- looking at it ---------------------------------------------------------------------------- */

bool applier_is_drained(const struct applier *a)
{
    for (int32_t i = 0; i < a->n_partitions; i++) {
        const struct partition *p = &a->partitions[i];

        if (p->backlog.n > 0 || p->n_aftermath > 0 || p->window_complete ||
            partition_needs_settling(p))
            return false;
    }
    return true;
}

void applier_watch_position(struct applier *a, int32_t partition)
{
    applier_partition(a, partition)->peeked = true;
}

int64_t applier_position(const struct applier *a, int32_t partition)
{
    const struct partition *p;

    if (partition >= a->n_partitions)
        return -1;
    p = &a->partitions[partition];
    if (p->phase == PARTITION_ACTIVE || p->phase == PARTITION_SETTLING)
        return p->position.next;
    return p->assigned ? -1 : p->peeked_next;
}

int32_t applier_partition_limit(const struct applier *a)
{
    return a->n_partitions;
}

void applier_view_partition(const struct applier *a, int32_t partition,
                            struct partition_view *ret_view)
{
    const struct partition *p = &a->partitions[partition];
    const bool located = p->phase == PARTITION_ACTIVE || p->phase == PARTITION_SETTLING;

    PRE(partition >= 0 && partition < a->n_partitions);
    *ret_view = (struct partition_view){
        .phase = p->assigned ? p->phase : PARTITION_ABSENT,
        .hold = p->hold,
        .next = located ? p->position.next : -1,
        .settled = located ? partition_settled(p) : -1,
        .end = p->end,
        .known_next = located ? p->position.next : p->known_next,
        .record_ms = p->known_next >= 0 ? p->position.record_ms : 0,
        .mark_ms = p->known_next >= 0 ? p->position.mark.time_ms : 0,
        .n_different = p->known_next >= 0 ? p->position.mark.n_different : 0,
        .oldest_pending_ms = p->backlog.n > 0 ? backlog_at(&p->backlog, 0)->timestamp_ms : -1,
        .n_pending = p->backlog.n,
        .postponed = p->postponed,
        .n_quarantined = located ? p->secluded.held.n : 0,
        .waits_for_dead_letter =
            p->n_aftermath > 0 || (p->backlog.n > 0 && backlog_at(&p->backlog, 0)->reject &&
                                   backlog_at(&p->backlog, 0)->state != ENTRY_STORED),
        .log_ms = p->log_ms,
        .catches_up =
            p->assigned && p->log_ms != LOG_TIME_OFF && a->settings.expiry.expiry == EXPIRY_WALL,
    };
}

void applier_view(const struct applier *a, struct applier_view *ret_view)
{
    *ret_view = (struct applier_view){
        .connected = a->connected && a->identified,
        .hold = a->hold,
        .pressed = a->pressed,
        .n_assigned = a->n_assigned,
        .n_ids = a->n_ids,
        .commands = a->primary.commands,
        .clock_skew_ms = a->primary.clock_skew_ms,
    };
    memcpy(ret_view->address, a->primary.address, sizeof(ret_view->address));
    memcpy(ret_view->why, a->why, sizeof(ret_view->why));
    memcpy(ret_view->dead_letter_trouble, a->dead_letter_trouble,
           sizeof(ret_view->dead_letter_trouble));
}

const struct applier_counters *applier_counters(const struct applier *a)
{
    return &a->counters;
}
