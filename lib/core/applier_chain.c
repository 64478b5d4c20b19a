/*
 * The verified chain: WATCH and reads of the positions, MULTI and the records' commands, the new
 * positions and EXEC. The reads for the next transaction ride behind EXEC, and its commands behind
 * them; only its EXEC waits until the reads answered what this applier wrote last.
 */
#include "core/applier_state.h"

#include <stdio.h>
#include <string.h>

#include "core/resp.h"

enum { ELAPSED_MAX_MS = 1000 };

static void say_word(struct applier *a, const char *text)
{
    const struct str word = str_from(text);

    say(a, &word, 1);
}

/* --- questions -------------------------------------------------------------------------------- */

static void ask_position(struct applier *a, int32_t number, enum expect_kind kind, int64_t now_ms)
{
    char key[POSITION_KEY_MAX];

    if (!position_append_read(&a->output, position_key(key, a->wal, number)))
        UNREACHABLE("the output's limit is far above what may be pending");
    expect(a, kind, number, 1, now_ms);
}

static void ask_location(struct applier *a, int32_t number, int64_t now_ms)
{
    a->partitions[number].has_asked = true;
    ask_position(a, number, EXPECT_LOCATE, now_ms);
    if (!partition_identity_append_read(&a->output, number))
        UNREACHABLE("the output's limit is far above what may be pending");
    expect(a, EXPECT_PARTITION, number, 1, now_ms);
    ids_ask_index(a, number, now_ms);
    secluded_ask(a, number, now_ms);
}

static void ask_types(struct applier *a, int32_t number, int64_t now_ms)
{
    struct partition *p = &a->partitions[number];

    p->window_asked = true;
    for (size_t i = 0; i < p->n_window; i++) {
        const struct str type[] = { STR_LITERAL("TYPE"), p->window_operations[i].keys[0] };

        say(a, type, ARRAY_SIZE(type));
    }
    expect(a, EXPECT_TYPE, number, (uint32_t)p->n_window, now_ms);
    ask_position(a, number, EXPECT_UNTOUCHED, now_ms);
}

/* Never inside an open MULTI: there the answer would be QUEUED. */
void chain_ask(struct applier *a, int64_t now_ms)
{
    if (!a->identified || a->draining || a->open.begun)
        return;
    for (int32_t i = 0; i < a->n_partitions; i++) {
        const struct partition *p = &a->partitions[i];

        if (p->assigned && p->phase == PARTITION_LOCATING && !p->has_asked)
            ask_location(a, i, now_ms);
        if (p->assigned && p->phase == PARTITION_LOCATING)
            ids_ask_segments(a, i, now_ms);
        if (partition_wants_types(p))
            ask_types(a, i, now_ms);
    }
}

void chain_probe(struct applier *a, int64_t now_ms)
{
    if (!a->identified || a->draining || a->open.begun)
        return;
    if (a->n_expected == 0) {
        say_word(a, "ROLE");
        expect(a, EXPECT_ROLE, -1, 1, now_ms);
        ask_identity(a, EXPECT_OURS, now_ms);
    }
    for (int32_t i = 0; i < a->n_partitions; i++)
        if (a->partitions[i].peeked && !a->partitions[i].assigned)
            ask_position(a, i, EXPECT_PEEK, now_ms);
}

/* --- the guard -------------------------------------------------------------------------------- */

static bool may_write(const struct partition *p)
{
    return (p->assigned && p->phase == PARTITION_ACTIVE) || partition_is_leaving(p);
}

static bool is_guarded(const struct applier *a, int32_t number)
{
    for (size_t i = 0; i < a->guard.n; i++)
        if (a->guard.partitions[i] == number)
            return true;
    return false;
}

enum need { NEEDS_NOTHING, NEEDS_SETTLING, NEEDS_SENDING };

static enum need need_of(const struct partition *p)
{
    if (partition_has_sendable(p) || partition_wants_step(p))
        return NEEDS_SENDING;
    return partition_needs_settling(p) ? NEEDS_SETTLING : NEEDS_NOTHING;
}

/* Those with something to write, beginning behind the last batch, until they fill a transaction:
 * each guarded partition costs Redis a read. */
static bool guard_busy(struct applier *a)
{
    size_t n_entries = 0;

    for (int32_t k = 0; k < a->n_partitions && a->guard.n < GUARDS_MAX; k++) {
        const int32_t i = (a->rotation + k) % a->n_partitions;
        const struct partition *p = &a->partitions[i];

        if (!may_write(p) || need_of(p) == NEEDS_NOTHING)
            continue;
        a->guard.partitions[a->guard.n++] = i;
        n_entries += p->backlog.n - p->n_committing - p->n_open;
        if (n_entries >= a->batch_ops)
            return true;
    }
    return a->guard.n == GUARDS_MAX;
}

/* While there is room, the others too: their next record then goes out without a question first.
 * Fresh ones wait for a record: each guard would ask for the identity on their behalf. */
static void guard_idle(struct applier *a)
{
    for (int32_t i = 0; i < a->n_partitions && a->guard.n < GUARDS_MAX; i++)
        if (may_write(&a->partitions[i]) && !a->partitions[i].fresh && !is_guarded(a, i))
            a->guard.partitions[a->guard.n++] = i;
}

static void choose_guarded(struct applier *a)
{
    a->guard = (struct guard){ 0 };
    if (!guard_busy(a))
        guard_idle(a);
}

static bool any_is_fresh(const struct applier *a)
{
    for (size_t i = 0; i < a->guard.n; i++)
        if (a->partitions[a->guard.partitions[i]].fresh)
            return true;
    return false;
}

/* A position that is not there yet does not show that Redis was emptied: the identity does. */
static void guard_ask(struct applier *a, int64_t now_ms)
{
    struct str watch[1 + GUARDS_MAX + 1] = { STR_LITERAL("WATCH") };
    char keys[GUARDS_MAX][POSITION_KEY_MAX];
    size_t n = 1;
    bool by_identity;

    choose_guarded(a);
    if (a->guard.n == 0)
        return;
    by_identity = any_is_fresh(a);
    for (size_t i = 0; i < a->guard.n; i++)
        watch[n++] = position_key(keys[i], a->wal, a->guard.partitions[i]);
    if (by_identity)
        watch[n++] = identity_key();
    say(a, watch, n);
    expect(a, EXPECT_WATCH, -1, 1, now_ms);
    if (by_identity)
        ask_identity(a, EXPECT_OURS, now_ms);
    for (size_t i = 0; i < a->guard.n; i++)
        ask_position(a, a->guard.partitions[i], EXPECT_GUARD, now_ms);
    a->guard.state = GUARD_ASKED;
}

/* Something more urgent wants to be written than what the guard covers. What is as urgent has its
 * turn behind the next transaction. */
static bool guard_misses(const struct applier *a)
{
    enum need covered = NEEDS_NOTHING, missed = NEEDS_NOTHING;

    for (int32_t i = 0; i < a->n_partitions; i++) {
        const struct partition *p = &a->partitions[i];
        enum need *most = is_guarded(a, i) ? &covered : &missed;

        if (may_write(p) && need_of(p) > *most)
            *most = need_of(p);
    }
    return missed > covered;
}

/* --- a transaction ---------------------------------------------------------------------------- */

static void refill_tokens(struct applier *a, int64_t now_ms)
{
    const int64_t rate = a->settings.rate_limit_ops;
    const int64_t burst = (rate / 10 > 0 ? rate / 10 : 1) * TOKEN;
    const int64_t elapsed_ms = now_ms - a->tokens_at_ms;

    a->tokens_at_ms = now_ms;
    a->tokens += (elapsed_ms < ELAPSED_MAX_MS ? elapsed_ms : ELAPSED_MAX_MS) * rate;
    if (a->tokens > burst)
        a->tokens = burst;
}

void chain_limit_rate(struct applier *a, int64_t ops, int64_t now_ms)
{
    refill_tokens(a, now_ms);
    a->settings.rate_limit_ops = ops;
}

int64_t chain_tokens_at_ms(const struct applier *a)
{
    const int64_t rate = a->settings.rate_limit_ops;

    if (rate == 0 || a->pending_records == 0 || a->tokens >= TOKEN)
        return INT64_MAX;
    return a->tokens_at_ms + (TOKEN - a->tokens + rate - 1) / rate;
}

static void begin(struct applier *a, int64_t now_ms)
{
    if (a->open.begun)
        return;
    a->open.begun = true;
    say_word(a, "MULTI");
    expect(a, EXPECT_MULTI, -1, 1, now_ms);
}

static void add_run(struct applier *a, int32_t number, const struct run *run, int64_t now_ms)
{
    begin(a, now_ms);
    run_say(a, number, run, now_ms);
    a->rotation = (number + 1) % a->n_partitions;
}

/* A step of a partition that turns to the clock of Redis; see applier_turn.c. */
static void add_step(struct applier *a, int32_t number, int64_t now_ms)
{
    struct partition *p = &a->partitions[number];

    begin(a, now_ms);
    if (!log_time_append_turn(&a->output, partition_index(p), applier_clock_skew_ms(a),
                              LOG_TIME_TURN_KEYS))
        UNREACHABLE("the output's limit is far above what may be pending");
    expect(a, EXPECT_QUEUED, -1, 1, now_ms);
    a->open.segments[a->open.n_segments++] =
        (struct segment){ .partition = number, .has_script = true };
    a->open.n_scripts++;
    p->stepping = true;
}

/* Queues what waits in guarded partitions, as far as the transaction has room. */
static void extend(struct applier *a, int64_t now_ms)
{
    if (a->guard.state == GUARD_NONE || a->guard.n == 0)
        return;
    for (int32_t k = 0, first = a->rotation; k < a->n_partitions; k++) {
        const int32_t i = (first + k) % a->n_partitions;
        const struct partition *p = &a->partitions[i];
        struct run run;

        if (a->open.n_segments == SEGMENTS_MAX)
            a->open.full = true;
        if (a->open.full)
            return;
        if (!may_write(p) || !is_guarded(a, i))
            continue;
        if (partition_wants_step(p))
            add_step(a, i, now_ms);
        if (!partition_has_sendable(p))
            continue;
        run = run_measure(a, p);
        if (run.n_entries > 0)
            add_run(a, i, &run, now_ms);
    }
}

static void write_position(struct applier *a, struct closing *closing, int64_t now_ms)
{
    char key[POSITION_KEY_MAX], field[POSITION_SEEN_FIELD_MAX];
    const int32_t number = closing->partition;
    uint32_t n_commands = 1 + ids_write(a, closing) + secluded_write(a, closing);

    if (a->partitions[number].fresh) {
        const struct str seen[] = { STR_LITERAL("HSET"), identity_key(),
                                    position_seen_field(field, number), STR_LITERAL("1") };

        say(a, seen, ARRAY_SIZE(seen));
        n_commands++;
    }
    if (!position_append_write(&a->output, position_key(key, a->wal, number), &closing->after))
        UNREACHABLE("the output's limit is far above what may be pending");
    expect(a, EXPECT_QUEUED, -1, n_commands, now_ms);
}

/* Positions of everything in the open transaction, and of partitions that only have outcomes to
 * write down. */
static void collect_closings(struct applier *a)
{
    struct transaction *t = &a->open;

    t->n_closings = 0;
    for (size_t i = 0; i < a->guard.n; i++) {
        const int32_t number = a->guard.partitions[i];
        const struct partition *p = &a->partitions[number];

        if (p->n_open > 0 || p->stepping || partition_needs_settling(p))
            t->closings[t->n_closings++] =
                (struct closing){ .partition = number,
                                  .n_entries = (uint32_t)p->n_open,
                                  .after = partition_position_after(p, p->n_open) };
    }
}

static void close_open(struct applier *a, int64_t now_ms)
{
    begin(a, now_ms);
    collect_closings(a);
    for (size_t i = 0; i < a->open.n_closings; i++)
        write_position(a, &a->open.closings[i], now_ms);
    say_word(a, "EXEC");
    expect(a, EXPECT_EXEC, -1, 1, now_ms);
    a->open.sent_at_ms = now_ms;
    a->committing = a->open;
    a->open = (struct transaction){ 0 };
    a->guard = (struct guard){ 0 };
    a->settle_at_ms = -1;
    for (int32_t i = 0; i < a->n_partitions; i++) {
        struct partition *p = &a->partitions[i];

        p->n_committing = p->n_open;
        p->n_open = 0;
        p->has_script = false;
    }
}

/* Outcomes ride with the next records; without any they are written down after a little while, and
 * at once when their partition is about to leave. */
static bool settling_is_due(struct applier *a, int64_t now_ms)
{
    bool due = false;

    for (size_t i = 0; i < a->guard.n; i++) {
        const struct partition *p = &a->partitions[a->guard.partitions[i]];

        if (!partition_needs_settling(p))
            continue;
        if (a->settle_at_ms < 0)
            a->settle_at_ms = now_ms + a->settings.settle_delay_ms;
        due = due || !p->assigned || now_ms >= a->settle_at_ms;
    }
    return due;
}

static bool may_close(struct applier *a, int64_t now_ms)
{
    if (a->guard.state != GUARD_VERIFIED || a->committing.begun || a->open.failed)
        return false;
    return a->open.n_segments > 0 || settling_is_due(a, now_ms);
}

/* The guard is renewed only while nothing depends on it. */
static void renew_guard(struct applier *a, int64_t now_ms)
{
    if (a->open.begun || (a->guard.state != GUARD_NONE && a->guard.state != GUARD_VERIFIED))
        return;
    if (a->guard.state == GUARD_VERIFIED) {
        if (!guard_misses(a))
            return;
        say_word(a, "UNWATCH");
        expect(a, EXPECT_UNWATCH, -1, 1, now_ms);
    }
    guard_ask(a, now_ms);
}

static void judge(struct applier *a, int64_t now_ms)
{
    for (int32_t i = 0; i < a->n_partitions; i++)
        secluded_judge(a, i, now_ms);
}

void chain_advance(struct applier *a, int64_t now_ms)
{
    refill_tokens(a, now_ms);
    if (!a->identified || a->draining || (a->pressed && now_ms < a->retry_at_ms))
        return;
    chain_ask(a, now_ms);
    judge(a, now_ms);
    extend(a, now_ms);
    while (may_close(a, now_ms)) {
        close_open(a, now_ms);
        chain_ask(a, now_ms);
        guard_ask(a, now_ms);
        extend(a, now_ms);
    }
    renew_guard(a, now_ms);
    extend(a, now_ms);
}

void chain_abort(struct applier *a, int64_t now_ms)
{
    if (a->draining)
        return;
    if (a->open.begun) {
        say_word(a, "DISCARD");
        expect(a, EXPECT_DISCARD, -1, 1, now_ms);
    } else if (a->guard.state != GUARD_NONE) {
        say_word(a, "UNWATCH");
        expect(a, EXPECT_UNWATCH, -1, 1, now_ms);
    }
    a->draining = true;
}
