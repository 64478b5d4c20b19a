/*
 * Where a partition stands: ours or not, asking Redis and the log where to go on, settling what
 * became of records whose answers were lost, applying, or held.
 */
#include "core/applier_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { WINDOW_FIRST = 64 };

/* --- letting go ------------------------------------------------------------------------------- */

static void drop_backlog(struct applier *a, struct partition *p)
{
    while (p->backlog.n > 0) {
        struct entry entry = backlog_pop(&p->backlog);

        a->pending_records--;
        a->pending_bytes -= entry.weight;
        a->dead_letters_in_flight -= entry.state == ENTRY_STORING;
        p->n_popped++;
        message_release(a, entry.message);
        free(entry.reject);
        free(entry.mark);
        free(entry.names);
    }
    backlog_trim(&p->backlog);
}

static void drop_window(struct applier *a, struct partition *p)
{
    for (size_t i = 0; i < p->n_window; i++) {
        message_release(a, p->window[i].message);
        free(p->window[i].names);
    }
    if (p->window_asked) {
        p->n_stale_types += p->n_window - p->n_window_answered;
        p->n_stale_untouched++;
    }
    p->n_window = 0;
    p->n_window_answered = 0;
    p->window_asked = false;
    p->window_complete = false;
}

static void drop_aftermath_from(struct applier *a, struct partition *p, int64_t offset)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->n_aftermath; i++) {
        if (p->aftermath[i].offset < offset) {
            p->aftermath[kept++] = p->aftermath[i];
            continue;
        }
        a->dead_letters_in_flight -= p->aftermath[i].storing;
        message_release(a, p->aftermath[i].message);
    }
    p->n_aftermath = kept;
}

void partition_drop(struct applier *a, int32_t number)
{
    struct partition *p = &a->partitions[number];

    drop_backlog(a, p);
    drop_window(a, p);
    drop_aftermath_from(a, p, 0);
    ids_drop(a, p);
    secluded_forget(p);
}

static void stop_delivery(struct applier *a, int32_t number)
{
    struct partition *p = &a->partitions[number];

    if (p->delivering)
        effect_simple(a, EFFECT_STOP, number, 0);
    p->delivering = false;
    p->parked = false;
    partition_forget_turning(p);
    p->postponed = false;
}

/* --- locating --------------------------------------------------------------------------------- */

/* What is in memory is dropped: the log delivers it again from wherever the partition goes on. */
void partition_locate_again(struct applier *a, int32_t number)
{
    struct partition *p = &a->partitions[number];

    PRE(p->n_committing == 0 && p->n_open == 0);
    stop_delivery(a, number);
    drop_backlog(a, p);
    drop_window(a, p);
    ids_drop(a, p);
    secluded_drop(p);
    p->phase = PARTITION_LOCATING;
    p->hold = HOLD_NONE;
    p->has_asked = false;
    p->has_read = false;
    p->has_identity = false;
    p->has_facts = false;
    p->end_is_fresh = false;
    p->halting = false;
    effect_simple(a, EFFECT_ASK_FACTS, number, 0);
}

void partition_hold(struct applier *a, int32_t number, enum hold_reason reason, int64_t now_ms)
{
    struct partition *p = &a->partitions[number];

    stop_delivery(a, number);
    drop_backlog(a, p);
    drop_window(a, p);
    p->phase = PARTITION_HELD;
    p->hold = reason;
    p->recheck_at_ms = now_ms + HELD_RECHECK_MS;
    if (p->noted_hold == reason)
        return;
    p->noted_hold = reason;
    note(a, NOTE_ERROR, "Held partition %d (%s): %s; %s", (int)number, hold_code(reason),
         hold_text(reason), hold_remedy(reason));
}

/* What this process knows of outcomes need not be settled again: open is only what the position
 * covers beyond that. What is behind the position will be applied and judged anew. */
static int64_t settle_from(const struct partition *p, const struct location *at, bool knows)
{
    const int64_t next = at->position.next;

    if (!knows)
        return at->read_from;
    if (p->known_next >= next)
        return next;
    return p->known_next > at->read_from ? p->known_next : at->read_from;
}

static void note_rewind(struct applier *a, int32_t number, int64_t next)
{
    struct partition *p = &a->partitions[number];

    if (p->known_next <= next)
        return;
    a->counters.rewinds++;
    a->counters.rewound_records += (uint64_t)(p->known_next - next);
    note(a, NOTE_WARN,
         "Primary %.100s is behind in partition %d: applying offsets %lld to %lld again",
         a->primary.address, (int)number, (long long)next, (long long)p->known_next - 1);
}

static void resume(struct applier *a, int32_t number, const struct location *at)
{
    struct partition *p = &a->partitions[number];
    bool knows;

    if (at->unsettled_lost > 0)
        note(a, NOTE_WARN,
             "Retention removed %lld records of partition %d whose outcome was not known",
             (long long)at->unsettled_lost, (int)number);
    note_rewind(a, number, at->position.next);
    p->noted_hold = HOLD_NONE;
    p->fresh = p->facts.read == POSITION_ABSENT;
    if (p->fresh)
        ids_disown(a, p);
    p->position = at->position;
    p->until = at->until > at->position.next ? at->until : at->position.next;
    p->log_ms = at->position.clock;
    knows = p->known_next >= 0 && secluded_knows(a, p, at->read_from);
    secluded_resume(p, at, knows);
    p->expected = settle_from(p, at, knows);
    drop_aftermath_from(a, p, p->expected);
    p->known_next = p->expected;
    p->phase = p->expected < p->position.next ? PARTITION_SETTLING : PARTITION_ACTIVE;
    p->delivering = true;
    note(a, NOTE_DEBUG, "Partition %d goes on at offset %lld", (int)number, (long long)p->expected);
    effect_simple(a, EFFECT_START, number, p->expected);
}

static void try_locating(struct applier *a, int32_t number, int64_t now_ms)
{
    struct partition *p = &a->partitions[number];
    struct location at;

    if (p->phase != PARTITION_LOCATING || !p->has_read || !p->has_identity || !p->has_facts ||
        !p->ids.loaded || !p->secluded.loaded)
        return;
    p->facts.adopt = a->settings.adopt;
    p->facts.log = p->log;
    p->facts.begin = p->begin;
    p->facts.end = p->end;
    at = locate(&p->facts);
    if (at.hold == HOLD_AHEAD_OF_LOG && !p->end_is_fresh) {
        /* The end may have been asked for before the position was read. */
        p->end_is_fresh = true;
        p->has_facts = false;
        effect_simple(a, EFFECT_ASK_FACTS, number, 0);
        return;
    }
    if (at.hold == HOLD_NONE && p->ids.broken)
        at.hold = HOLD_IDS_BROKEN;
    if (at.hold == HOLD_NONE && p->secluded.broken)
        at.hold = HOLD_QUARANTINE_BROKEN;
    if (at.hold != HOLD_NONE)
        partition_hold(a, number, at.hold, now_ms);
    else
        resume(a, number, &at);
}

void partition_position_read(struct applier *a, int32_t number, const struct reply *reply,
                             int64_t now_ms)
{
    struct partition *p = &a->partitions[number];

    p->facts.read = position_from_reply(reply, &p->facts.position);
    p->has_read = true;
    try_locating(a, number, now_ms);
}

void partition_ids_read(struct applier *a, int32_t number, const struct reply *reply,
                        int64_t now_ms)
{
    ids_answered(a, &a->partitions[number], reply);
    try_locating(a, number, now_ms);
}

void partition_quarantine_read(struct applier *a, int32_t number, const struct reply *reply,
                               int64_t now_ms)
{
    secluded_answered(&a->partitions[number], reply);
    try_locating(a, number, now_ms);
}

void partition_identity_read(struct applier *a, int32_t number,
                             const struct partition_identity *identity, int64_t now_ms)
{
    a->partitions[number].facts.identity = *identity;
    a->partitions[number].has_identity = true;
    try_locating(a, number, now_ms);
}

/* While applying, the log must stay the one we know and still hold what is to be read. */
static bool facts_contradict(const struct partition *p)
{
    const bool applying = p->phase == PARTITION_ACTIVE || p->phase == PARTITION_SETTLING;

    return applying &&
           (!str_eq(str_from(p->log), str_from(p->position.log)) || p->begin > p->expected);
}

/* What was sent for it may still be executed: then only another connection can tell. */
static void find_place(struct applier *a, int32_t number, int64_t now_ms)
{
    const struct partition *p = &a->partitions[number];

    if (p->n_committing > 0 || p->n_open > 0) {
        connection_give_up(a, now_ms, "partition %d must find its place in the log again",
                           (int)number);
        return;
    }
    partition_locate_again(a, number);
    chain_ask(a, now_ms);
}

void applier_log_facts(struct applier *a, int32_t partition, const char *log, int64_t begin,
                       int64_t end, int64_t now_ms)
{
    struct partition *p = applier_partition(a, partition);
    const size_t n = strlen(log);

    PRE(n > 0 && n <= LOG_IDENTITY_MAX && begin >= 0 && end >= begin);
    memcpy(p->log, log, n + 1);
    p->begin = begin;
    p->end = end;
    p->has_facts = true;
    if (!p->assigned)
        return;
    if (facts_contradict(p))
        find_place(a, partition, now_ms);
    try_locating(a, partition, now_ms);
    chain_advance(a, now_ms);
}

void applier_out_of_log(struct applier *a, int32_t partition, int64_t now_ms)
{
    struct partition *p = applier_partition(a, partition);

    if (!p->assigned || p->phase == PARTITION_HELD || p->phase == PARTITION_LOCATING)
        return;
    p->delivering = false;
    find_place(a, partition, now_ms);
}

/* --- assignment ------------------------------------------------------------------------------- */

bool partition_is_leaving(const struct partition *p)
{
    return !p->assigned && p->phase == PARTITION_ACTIVE;
}

void applier_assigned(struct applier *a, int32_t partition, int64_t now_ms)
{
    struct partition *p = applier_partition(a, partition);

    if (p->assigned)
        return;
    if (partition_is_leaving(p) && (p->n_committing > 0 || p->n_open > 0))
        connection_give_up(a, now_ms, "partition %d came back while it was leaving",
                           (int)partition);
    partition_drop(a, partition);
    p->assigned = true;
    p->known_next = -1;
    p->noted_hold = HOLD_NONE;
    a->n_assigned++;
    partition_locate_again(a, partition);
    chain_ask(a, now_ms);
}

static bool has_business(const struct partition *p)
{
    return p->n_committing > 0 || p->n_open > 0 || p->n_aftermath > 0 ||
           partition_needs_settling(p);
}

void partition_finish_leaving(struct applier *a, int32_t number)
{
    struct partition *p = &a->partitions[number];

    if (!partition_is_leaving(p) || has_business(p))
        return;
    partition_drop(a, number);
    p->phase = PARTITION_ABSENT;
}

/* The backlog behind what was sent. */
static void drop_unsent(struct applier *a, struct partition *p)
{
    const size_t n_sent = p->n_committing + p->n_open;

    while (p->backlog.n > n_sent) {
        struct entry entry = backlog_pop_last(&p->backlog);

        a->pending_records--;
        a->pending_bytes -= entry.weight;
        a->dead_letters_in_flight -= entry.state == ENTRY_STORING;
        message_release(a, entry.message);
        free(entry.reject);
        free(entry.mark);
        free(entry.names);
    }
    /* Sequence numbers of what was dropped are given out again. */
    if (p->store_from > p->n_popped + p->backlog.n)
        p->store_from = p->n_popped + p->backlog.n;
    if (p->secluded.judged_to > p->n_popped + p->backlog.n)
        p->secluded.judged_to = p->n_popped + p->backlog.n;
}

void applier_revoked(struct applier *a, int32_t partition, int64_t now_ms)
{
    struct partition *p = applier_partition(a, partition);

    if (!p->assigned)
        return;
    p->assigned = false;
    p->delivering = false;
    p->parked = false;
    partition_forget_turning(p);
    p->postponed = false;
    a->n_assigned--;
    drop_unsent(a, p);
    drop_window(a, p);
    if (p->phase != PARTITION_ACTIVE) {
        partition_drop(a, partition);
        p->phase = PARTITION_ABSENT;
        return;
    }
    partition_finish_leaving(a, partition);
    chain_advance(a, now_ms);
}

void partition_disconnected(struct applier *a, int32_t number)
{
    struct partition *p = &a->partitions[number];

    if (p->assigned) {
        partition_locate_again(a, number);
    } else {
        partition_drop(a, number);
        p->phase = PARTITION_ABSENT;
    }
}

/* All that is to be applied is, and what became of it is written down. */
static bool has_come_until(const struct partition *p)
{
    return p->assigned && p->phase == PARTITION_ACTIVE && p->position.next >= p->until &&
           p->position.settled >= p->until && p->n_committing == 0 && p->n_open == 0;
}

void partition_tick(struct applier *a, int32_t number, int64_t now_ms)
{
    struct partition *p = &a->partitions[number];

    if (has_come_until(p))
        partition_hold(a, number, HOLD_UNTIL, now_ms);
    if (p->assigned && p->phase == PARTITION_HELD && p->hold != HOLD_REJECTED &&
        p->hold != HOLD_QUARANTINE_FULL && now_ms >= p->recheck_at_ms)
        partition_locate_again(a, number);
    partition_finish_leaving(a, number);
    partition_store_dead_letters(a, number, now_ms);
    partition_try_turning(a, number, now_ms);
}

void partition_halt(struct applier *a, int32_t number, int64_t now_ms)
{
    partition_hold(a, number, HOLD_REJECTED, now_ms);
}

/* --- settling --------------------------------------------------------------------------------- */

bool partition_wants_types(const struct partition *p)
{
    return p->assigned && p->phase == PARTITION_SETTLING && p->window_complete && !p->window_asked;
}

void partition_add_to_window(struct applier *a, int32_t number, const struct prepared *record,
                             int64_t now_ms)
{
    struct partition *p = &a->partitions[number];
    struct quarantine_record *names;

    if (p->n_window == WINDOW_MAX) { /* no applier leaves so many behind */
        message_release(a, record->message);
        partition_hold(a, number, HOLD_POSITION_BROKEN, now_ms);
        return;
    }
    /* Stored before the position moved past it, or never sent. */
    if (record->reject || record->mark || ids_was_duplicate(a, p, record)) {
        message_release(a, record->message);
        return;
    }
    names = secluded_names(record);
    if (quarantine_withheld(&p->secluded.held, names)) {
        message_release(a, record->message);
        free(names);
        return;
    }
    if (p->n_window == p->window_capacity) {
        p->window_capacity = p->window_capacity ? p->window_capacity * 2 : WINDOW_FIRST;
        p->window = mem_resize(p->window, p->window_capacity, sizeof(*p->window));
        p->window_operations =
            mem_resize(p->window_operations, p->window_capacity, sizeof(*p->window_operations));
    }
    p->window[p->n_window] = (struct window_entry){ record->offset, record->message, names };
    p->window_operations[p->n_window++] = (struct settle_operation){
        .keys = names->keys,
        .n_keys = record->n_keys,
        .failure = record->failure,
        .turn = secluded_turn(p, names),
        .key_type = record->key_type,
    };
}

static void window_settled(struct applier *a, int32_t number, int64_t now_ms)
{
    struct partition *p = &a->partitions[number];

    settle_decide(p->window_operations, p->n_window, p->position.clock != LOG_TIME_OFF);
    for (size_t i = 0; i < p->n_window; i++) {
        const enum settle_outcome outcome = p->window_operations[i].outcome;

        if (outcome == SETTLE_APPLIED)
            continue;
        partition_add_aftermath(
            a, number, p->window[i].offset, p->window[i].message,
            outcome == SETTLE_REFUSED ? REJECT_REDIS_WRONGTYPE : REJECT_OUTCOME_UNKNOWN,
            STR_LITERAL("the answer was lost"));
        p->window[i].message = NULL;
        secluded_refuse(a, p, p->window[i].names);
        p->window[i].names = NULL;
    }
    drop_window(a, p);
    p->known_next = p->position.next;
    p->phase = PARTITION_ACTIVE;
    partition_store_dead_letters(a, number, now_ms);
    chain_advance(a, now_ms);
}

void partition_complete_window(struct applier *a, int32_t number, int64_t now_ms)
{
    struct partition *p = &a->partitions[number];

    if (p->window_complete)
        return;
    p->window_complete = true;
    if (p->n_window == 0)
        window_settled(a, number, now_ms);
    else
        chain_ask(a, now_ms);
}

void partition_type_read(struct applier *a, int32_t number, struct str type)
{
    struct partition *p = &a->partitions[number];

    if (p->n_stale_types > 0) { /* asked for a window that was dropped since */
        p->n_stale_types--;
        return;
    }
    INVARIANT(p->n_window_answered < p->n_window);
    settle_read_type(&p->window_operations[p->n_window_answered++], type);
}

/* A transaction sent before, or by another applier, may have been executed in between: then the
 * types say nothing about the window. */
void partition_window_read(struct applier *a, int32_t number, const struct reply *reply,
                           int64_t now_ms)
{
    struct partition *p = &a->partitions[number];
    struct position found;

    if (p->n_stale_untouched > 0) {
        p->n_stale_untouched--;
        return;
    }
    INVARIANT(p->n_window_answered == p->n_window);
    p->window_asked = false; /* nothing is outstanding any more */
    if (position_from_reply(reply, &found) == POSITION_PRESENT && found.next == p->position.next) {
        window_settled(a, number, now_ms);
        return;
    }
    partition_locate_again(a, number);
    chain_ask(a, now_ms);
}
