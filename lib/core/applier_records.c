/*
 * The records of a partition: taken in, applied, refused, stored as dead letters.
 */
#include "core/applier_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    AFTERMATH_FIRST = 16,
    PARK_SHARE = 4,    /* a blocked partition may fill a quarter of what may be pending */
    UNPARK_SHARE = 16, /* and is delivered again when it fills less than a sixteenth */
};

/* --- what may be sent ------------------------------------------------------------------------- */

int64_t partition_settled(const struct partition *p)
{
    return p->n_aftermath > 0 ? p->aftermath[0].offset : p->position.next;
}

bool partition_needs_settling(const struct partition *p)
{
    return p->phase == PARTITION_ACTIVE && !p->fresh && p->n_committing == 0 &&
           partition_settled(p) > p->position.settled;
}

static bool outcomes_lag(const struct partition *p)
{
    return p->n_aftermath >= AFTERMATH_MAX ||
           (p->n_aftermath > 0 && p->position.next - p->aftermath[0].offset >= UNSETTLED_MAX);
}

bool partition_has_sendable(const struct partition *p)
{
    const size_t n_sent = p->n_committing + p->n_open;
    enum entry_state state;

    if (!p->assigned || p->phase != PARTITION_ACTIVE || p->backlog.n == n_sent || p->halting ||
        outcomes_lag(p))
        return false;
    state = backlog_at(&p->backlog, n_sent)->state;
    return secluded_is_judged(p, n_sent) && (state == ENTRY_READY || state == ENTRY_STORED);
}

struct position partition_position_after(const struct partition *p, size_t n_entries)
{
    struct position after = p->position;
    bool certain = true;

    for (size_t i = 0; i < n_entries; i++) {
        const struct entry *entry = backlog_at(&p->backlog, i);

        after.next = entry->offset + 1;
        if (!entry->message)
            continue;
        after.clock = entry->log_ms;
        after.digest = mark_digest_step(after.digest, entry->digest);
        mark_state_pass(&after.mark, entry->mark, entry->digest);
        if (entry->timestamp_ms > 0)
            after.record_ms = entry->timestamp_ms;
        certain = certain && (entry->n_commands == 0 || entry->failure == FAILS_NEVER);
    }
    if (p->turn == TURN_LAST_STEP)
        after.clock = LOG_TIME_OFF;
    after.settled = certain && p->n_aftermath == 0 ? after.next : partition_settled(p);
    return after;
}

/* --- delivery --------------------------------------------------------------------------------- */

static bool is_wanted(const struct partition *p, int64_t offset)
{
    return p->assigned && p->delivering && offset >= p->expected &&
           (p->phase == PARTITION_ACTIVE || p->phase == PARTITION_SETTLING);
}

static bool waits(const struct partition *p)
{
    return p->phase == PARTITION_SETTLING || outcomes_lag(p) ||
           (p->backlog.n > 0 && backlog_at(&p->backlog, 0)->reject &&
            backlog_at(&p->backlog, 0)->state != ENTRY_STORED);
}

static bool fills(const struct applier *a, const struct partition *p, unsigned share)
{
    return p->backlog.n >= a->settings.pending_max_records / share ||
           p->backlog.weight >= a->settings.pending_max_bytes / share;
}

/* A partition that waits for something must not take the room of the others. */
static void balance_delivery(struct applier *a, int32_t number)
{
    struct partition *p = &a->partitions[number];

    if (p->delivering && waits(p) && fills(a, p, PARK_SHARE)) {
        effect_simple(a, EFFECT_STOP, number, 0);
        p->delivering = false;
        p->parked = true;
    } else if (p->parked && !fills(a, p, UNPARK_SHARE)) {
        effect_simple(a, EFFECT_START, number, p->expected);
        p->delivering = true;
        p->parked = false;
    }
}

void applier_proceed(struct applier *a)
{
    for (int32_t i = 0; i < a->n_partitions; i++) {
        struct partition *p = &a->partitions[i];

        if (!p->postponed)
            continue;
        effect_simple(a, EFFECT_START, i, p->expected);
        p->delivering = true;
        p->postponed = false;
    }
}

/* --- dead letters ----------------------------------------------------------------------------- */

void entry_reject(struct applier *a, struct entry *entry, enum reject_reason reason,
                  struct str detail)
{
    entry->reject = mem_new(1, sizeof(*entry->reject));
    entry->state = ENTRY_REJECTED;
    reject_set(entry->reject, reason, "%.*s", STR_ARGS(detail));
    a->counters.rejected[reason]++;
}

static bool may_store(const struct applier *a, int64_t now_ms)
{
    return a->dead_letters_in_flight < DEAD_LETTERS_IN_FLIGHT_MAX &&
           (!a->dead_letter_trouble[0] || now_ms >= a->dead_letter_retry_at_ms);
}

static void store(struct applier *a, int32_t number, int64_t offset)
{
    a->dead_letters_in_flight++;
    effect_simple(a, EFFECT_STORE_DEAD_LETTER, number, offset);
}

static void store_backlog(struct applier *a, int32_t number, int64_t now_ms)
{
    struct partition *p = &a->partitions[number];
    size_t i = p->store_from > p->n_popped ? (size_t)(p->store_from - p->n_popped) : 0;

    for (; i < p->backlog.n; i++) {
        struct entry *entry = backlog_at(&p->backlog, i);

        if (entry->state != ENTRY_REJECTED)
            continue;
        if (!may_store(a, now_ms))
            break;
        entry->state = ENTRY_STORING;
        store(a, number, entry->offset);
    }
    p->store_from = p->n_popped + i;
}

/* A record was rejected, everything before it is done with, and it may not be skipped. */
static bool must_halt(const struct partition *p)
{
    if (!p->assigned || p->phase != PARTITION_ACTIVE || p->n_aftermath > 0 || p->n_committing > 0 ||
        p->n_open > 0)
        return false;
    return p->halting || (p->backlog.n > 0 && backlog_at(&p->backlog, 0)->state == ENTRY_REJECTED);
}

void partition_store_dead_letters(struct applier *a, int32_t number, int64_t now_ms)
{
    struct partition *p = &a->partitions[number];

    for (size_t i = 0; i < p->n_aftermath && may_store(a, now_ms); i++) {
        if (p->aftermath[i].storing)
            continue;
        p->aftermath[i].storing = true;
        store(a, number, p->aftermath[i].offset);
    }
    if (a->settings.on_reject != ON_REJECT_HALT) {
        store_backlog(a, number, now_ms);
        return;
    }
    if (must_halt(p))
        partition_halt(a, number, now_ms);
}

void partition_add_aftermath(struct applier *a, int32_t number, int64_t offset, void *message,
                             enum reject_reason reason, struct str detail)
{
    struct partition *p = &a->partitions[number];
    struct aftermath *last;

    if (p->n_aftermath == p->aftermath_capacity) {
        p->aftermath_capacity = p->aftermath_capacity ? p->aftermath_capacity * 2 : AFTERMATH_FIRST;
        p->aftermath = mem_resize(p->aftermath, p->aftermath_capacity, sizeof(*p->aftermath));
    }
    last = &p->aftermath[p->n_aftermath++];
    *last = (struct aftermath){ .offset = offset, .message = message };
    reject_set(&last->reject, reason, "%.*s", STR_ARGS(detail));
    a->counters.rejected[reason]++;
}

static bool aftermath_answered(struct applier *a, struct partition *p, int64_t offset, bool stored)
{
    for (size_t i = 0; i < p->n_aftermath; i++) {
        if (p->aftermath[i].offset != offset || !p->aftermath[i].storing)
            continue;
        p->aftermath[i].storing = false;
        if (stored) {
            message_release(a, p->aftermath[i].message);
            memmove(&p->aftermath[i], &p->aftermath[i + 1],
                    (p->n_aftermath - i - 1) * sizeof(*p->aftermath));
            p->n_aftermath--;
        }
        return true;
    }
    return false;
}

static bool entry_answered(struct partition *p, int64_t offset, bool stored)
{
    struct entry *entry = backlog_find(&p->backlog, offset);

    if (!entry || entry->state != ENTRY_STORING)
        return false;
    entry->state = stored ? ENTRY_STORED : ENTRY_REJECTED;
    if (!stored)
        p->store_from = p->n_popped;
    return true;
}

static void dead_letter_failed(struct applier *a, const char *why_not, int64_t now_ms)
{
    a->counters.dead_letters_failed++;
    if (!a->dead_letter_trouble[0])
        note(a, NOTE_WARN, "Could not store a dead letter, trying again: %.300s", why_not);
    snprintf(a->dead_letter_trouble, sizeof(a->dead_letter_trouble), "%s", why_not);
    if (now_ms >= a->dead_letter_retry_at_ms)
        a->dead_letter_retry_at_ms =
            now_ms + backoff_next_ms(&a->dead_letter_backoff, prng_next(&a->prng));
}

static void dead_letter_stored(struct applier *a)
{
    a->counters.dead_letters_stored++;
    if (a->dead_letter_trouble[0])
        note(a, NOTE_INFO, "Dead letters are stored again");
    a->dead_letter_trouble[0] = '\0';
    backoff_reset(&a->dead_letter_backoff);
}

void applier_dead_letter(struct applier *a, int32_t partition, int64_t offset, bool stored,
                         const char *why_not, int64_t now_ms)
{
    struct partition *p = applier_partition(a, partition);

    if (stored)
        dead_letter_stored(a);
    else
        dead_letter_failed(a, why_not, now_ms);
    if (!aftermath_answered(a, p, offset, stored) && !entry_answered(p, offset, stored))
        return;
    a->dead_letters_in_flight--;
    partition_store_dead_letters(a, partition, now_ms);
    partition_finish_leaving(a, partition);
    balance_delivery(a, partition);
    chain_advance(a, now_ms);
}

/* --- taking in -------------------------------------------------------------------------------- */

static void drop_commands(struct partition *p, uint32_t n_bytes)
{
    PRE(p->backlog.bytes.n >= n_bytes);
    p->backlog.bytes.n -= n_bytes;
}

static void push(struct applier *a, struct partition *p, const struct prepared *record)
{
    const enum id_verdict id = ids_judge(a, p, record);
    struct entry entry = {
        .offset = record->offset,
        .timestamp_ms = record->timestamp_ms,
        .log_ms = record->log_ms,
        .message = record->message,
        .digest = record->digest,
        .n_bytes = record->n_bytes,
        .n_commands = record->n_commands,
        .weight = record->reject ? record->n_message_bytes : record->n_bytes,
        .kind = record->kind,
        .failure = record->failure,
        .key_type = record->key_type,
        .wants = record->wants,
        .has_new_id = id == ID_NEW,
        .is_duplicate = id == ID_DUPLICATE,
    };

    if (entry.is_duplicate) {
        drop_commands(p, record->n_bytes);
        entry.n_bytes = 0;
        entry.n_commands = 0;
        entry.weight = record->n_message_bytes;
    }
    if (secluded_matter(a, p, record)) {
        entry.names = secluded_names(record);
        entry.weight += (uint32_t)entry.names->n_bytes;
    }
    if (record->mark && !record->reject) {
        entry.mark = mem_new(1, sizeof(*entry.mark));
        *entry.mark = *record->mark;
    }
    if (record->reject)
        entry_reject(a, &entry, record->reject->reason, str_from(record->reject->detail));
    if (record->message)
        p->log_ms = record->log_ms;
    p->at_end_ms = -1;
    backlog_push(&p->backlog, &entry);
    a->pending_records++;
    a->pending_bytes += entry.weight;
}

/* Offsets without records, such as the markers of transactions, in front of `offset`. */
static void pass_gap(struct applier *a, struct partition *p, int64_t offset)
{
    if (offset <= p->expected)
        return;
    p->expected = offset;
    push(a, p, &(struct prepared){ .offset = offset - 1, .failure = FAILS_NEVER });
}

/* The log goes on behind what is to be applied. */
static void take_in_until(struct applier *a, int32_t number, int64_t now_ms)
{
    struct partition *p = &a->partitions[number];

    effect_simple(a, EFFECT_STOP, number, 0);
    p->delivering = false;
    if (p->expected < p->position.next)
        p->expected = p->position.next;
    if (p->phase == PARTITION_SETTLING)
        partition_complete_window(a, number, now_ms);
    pass_gap(a, p, p->until);
    chain_advance(a, now_ms);
}

void applier_postpone(struct applier *a, int32_t partition, int64_t offset, void *message,
                      int64_t now_ms)
{
    struct partition *p = applier_partition(a, partition);

    message_release(a, message);
    if (!is_wanted(p, offset))
        return;
    if (offset >= p->until) {
        take_in_until(a, partition, now_ms);
        return;
    }
    effect_simple(a, EFFECT_STOP, partition, 0);
    p->delivering = false;
    p->postponed = true;
}

void applier_offer(struct applier *a, const struct prepared *record, int64_t now_ms)
{
    struct partition *p = applier_partition(a, record->partition);

    PRE(!record->reject || (record->n_bytes == 0 && record->n_commands == 0));
    if (!is_wanted(p, record->offset)) {
        drop_commands(p, record->n_bytes);
        message_release(a, record->message);
        return;
    }
    if (record->offset >= p->until) {
        drop_commands(p, record->n_bytes);
        message_release(a, record->message);
        take_in_until(a, record->partition, now_ms);
        return;
    }
    p->expected = record->offset + 1;
    if (p->phase == PARTITION_SETTLING && record->offset < p->position.next) {
        drop_commands(p, record->n_bytes);
        partition_add_to_window(a, record->partition, record, now_ms);
        return;
    }
    push(a, p, record);
    if (p->phase == PARTITION_SETTLING)
        partition_complete_window(a, record->partition, now_ms);
    if (record->reject)
        partition_store_dead_letters(a, record->partition, now_ms);
    balance_delivery(a, record->partition);
    partition_try_turning(a, record->partition, now_ms);
}

void applier_flush(struct applier *a, int64_t now_ms)
{
    chain_advance(a, now_ms);
}

void applier_log_end(struct applier *a, int32_t partition, int64_t offset, int64_t now_ms)
{
    struct partition *p = applier_partition(a, partition);

    if (offset > p->end)
        p->end = offset;
    if (!is_wanted(p, offset))
        return;
    if (offset < p->position.next)
        return;
    if (p->expected < p->position.next)
        p->expected = p->position.next;
    if (p->phase == PARTITION_SETTLING)
        partition_complete_window(a, partition, now_ms);
    pass_gap(a, p, offset < p->until ? offset : p->until);
    p->at_end_ms = now_ms;
    chain_advance(a, now_ms);
}

/* --- applied ---------------------------------------------------------------------------------- */

static void count_latency(struct applier *a, int32_t partition, const struct entry *entry,
                          int64_t now_ms)
{
    const double latency_ms =
        now_ms > entry->timestamp_ms ? (double)(now_ms - entry->timestamp_ms) : 0;
    size_t bucket = 0;

    while (bucket < LATENCY_BUCKETS && latency_ms > applier_latency_bounds_ms[bucket])
        bucket++;
    a->counters.latency_count[bucket]++;
    a->counters.latency_sum_seconds += latency_ms / 1000;
    a->counters.exemplars[bucket] =
        (struct applier_exemplar){ partition, entry->offset, latency_ms / 1000, now_ms };
}

static const struct reply *first_error(const struct reply *results, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (results[i].type == REPLY_ERROR)
            return &results[i];
    return NULL;
}

static enum reject_reason refusal(struct str error)
{
    if (str_starts_with(error, STR_LITERAL("WRONGTYPE")))
        return REJECT_REDIS_WRONGTYPE;
    return str_starts_with(error, STR_LITERAL("SCRIPT ")) ? REJECT_SCRIPT_FAILED
                                                          : REJECT_REDIS_ERROR;
}

/* The answer to a look or a listing. */
static void check_own(const struct reply *result, const struct reply **ret_refused)
{
    if (result->type == REPLY_ERROR)
        *ret_refused = result;
}

size_t partition_executed(struct applier *a, int32_t number, uint32_t n_entries,
                          const struct reply *results, int64_t now_ms,
                          const struct reply **ret_refused)
{
    struct partition *p = &a->partitions[number];
    size_t at = 0;

    for (uint32_t i = 0; i < n_entries; i++) {
        const struct entry entry = backlog_pop(&p->backlog);
        const struct reply *error;
        bool has_effect;

        if (entry.has_look)
            check_own(&results[at++], ret_refused);
        error = first_error(results + at, entry.n_commands);
        at += entry.n_commands;
        if (entry.has_listing)
            check_own(&results[at++], ret_refused);
        has_effect = !error && !entry.reject && !entry.is_duplicate && !entry.is_withheld;
        p->n_popped++;
        p->bytes_sent -= entry.n_bytes;
        a->pending_records--;
        a->pending_bytes -= entry.weight;
        free(entry.reject);
        free(entry.mark);
        if (error)
            secluded_refuse(a, p, entry.names);
        else
            free(entry.names);
        if (!entry.message)
            continue;
        a->counters.records++;
        a->counters.applied[entry.kind] += has_effect;
        a->counters.duplicates += entry.is_duplicate;
        if (entry.timestamp_ms >= 0 && entry.n_commands > 0)
            count_latency(a, number, &entry, now_ms);
        if (error) {
            a->counters.redis_errors[REDIS_ERROR_OPERATION]++;
            p->halting = a->settings.on_reject == ON_REJECT_HALT;
            partition_add_aftermath(a, number, entry.offset, entry.message, refusal(error->text),
                                    error->text);
        } else {
            message_release(a, entry.message);
        }
    }
    p->n_committing -= n_entries;
    partition_store_dead_letters(a, number, now_ms);
    balance_delivery(a, number);
    if (p->backlog.n == 0)
        backlog_trim(&p->backlog);
    return at;
}

void partition_refused(struct applier *a, int32_t number, size_t entry, struct str why,
                       int64_t now_ms)
{
    struct partition *p = &a->partitions[number];
    struct entry *refused;

    if (entry >= p->backlog.n)
        return;
    refused = backlog_at(&p->backlog, entry);
    if (refused->reject)
        return;
    backlog_strip(&p->backlog, entry);
    entry_reject(a, refused, refusal(why), why);
    secluded_refuse_entry(a, p, entry);
    p->store_from = p->n_popped;
    partition_store_dead_letters(a, number, now_ms);
}
