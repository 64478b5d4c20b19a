/* The connection: whose it is, what is outstanding on it, and how it ends. */
#include "core/applier_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/resp.h"

enum { EXPECTED_FIRST = 64 };

void say(struct applier *a, const struct str *words, size_t n)
{
    if (!resp_append(&a->output, words, n))
        UNREACHABLE("the output's limit is far above what may be pending");
}

/* --- what is outstanding ---------------------------------------------------------------------- */

static struct expectation *expected_at(struct applier *a, size_t i)
{
    return &a->expected[(a->expected_first + i) & (a->expected_capacity - 1)];
}

static void expected_grow(struct applier *a)
{
    const size_t capacity = a->expected_capacity ? a->expected_capacity * 2 : EXPECTED_FIRST;
    struct expectation *ring = mem_new(capacity, sizeof(*ring));

    for (size_t i = 0; i < a->n_expected; i++)
        ring[i] = *expected_at(a, i);
    free(a->expected);
    a->expected = ring;
    a->expected_first = 0;
    a->expected_capacity = capacity;
}

void note_answered(struct applier *a, int64_t now_ms)
{
    a->answered_at_ms = now_ms;
    a->doubted = false;
}

void expect(struct applier *a, enum expect_kind kind, int32_t partition, uint32_t count,
            int64_t now_ms)
{
    if (count == 0)
        return;
    if (a->n_expected == 0)
        note_answered(a, now_ms);
    if (a->n_expected > 0) {
        struct expectation *last = expected_at(a, a->n_expected - 1);

        if (last->kind == kind && last->partition == partition) {
            last->count += count;
            return;
        }
    }
    if (a->n_expected == a->expected_capacity)
        expected_grow(a);
    a->n_expected++;
    *expected_at(a, a->n_expected - 1) = (struct expectation){ kind, partition, count };
}

struct expectation expected_take(struct applier *a)
{
    struct expectation *first = expected_at(a, 0);
    const struct expectation taken = *first;

    if (--first->count == 0) {
        a->expected_first = (a->expected_first + 1) & (a->expected_capacity - 1);
        a->n_expected--;
    }
    return taken;
}

/* --- the connection --------------------------------------------------------------------------- */

void transactions_forget(struct applier *a)
{
    a->open = (struct transaction){ 0 };
    a->committing = (struct transaction){ 0 };
    a->guard = (struct guard){ 0 };
    for (int32_t i = 0; i < a->n_partitions; i++) {
        a->partitions[i].n_committing = 0;
        a->partitions[i].n_open = 0;
        a->partitions[i].bytes_sent = 0;
        a->partitions[i].has_script = false;
        a->partitions[i].stepping = false;
    }
}

void connection_reset(struct applier *a)
{
    transactions_forget(a);
    for (int32_t i = 0; i < a->n_partitions; i++) {
        a->partitions[i].n_stale_types = 0;
        a->partitions[i].n_stale_untouched = 0;
        a->partitions[i].peeked_next = -1;
        ids_connection_reset(a, &a->partitions[i]);
        a->partitions[i].secluded.n_asked = 0;
        a->partitions[i].secluded.n_stale = 0;
    }
    buf_clear(&a->output);
    a->expected_first = 0;
    a->n_expected = 0;
    a->connected = false;
    a->connecting = false;
    a->identified = false;
    a->draining = false;
    a->batch_ops =
        BATCH_OPS_FIRST < a->settings.batch_max_ops ? BATCH_OPS_FIRST : a->settings.batch_max_ops;
    a->settle_at_ms = -1;
}

/* Says it once, however often the same thing goes wrong. */
static void explain(struct applier *a, enum note_level level, const char *what)
{
    snprintf(a->why, sizeof(a->why), "%s", what);
    if (strcmp(a->why, a->noted_why) == 0)
        return;
    memcpy(a->noted_why, a->why, sizeof(a->why));
    note(a, level, "%s", a->why);
}

static void reconnect_later(struct applier *a, int64_t now_ms)
{
    a->connect_at_ms = now_ms + backoff_next_ms(&a->backoff, prng_next(&a->prng));
}

static void lose_connection(struct applier *a, int64_t now_ms)
{
    a->counters.disconnects++;
    connection_reset(a);
    a->pressed = false;
    for (int32_t i = 0; i < a->n_partitions; i++)
        partition_disconnected(a, i);
    reconnect_later(a, now_ms);
}

void connection_give_up(struct applier *a, int64_t now_ms, const char *format, ...)
{
    char what[NOTE_TEXT_MAX / 2], why[NOTE_TEXT_MAX];
    va_list ap;

    va_start(ap, format);
    vsnprintf(what, sizeof(what), format, ap);
    va_end(ap);
    snprintf(why, sizeof(why), "Gave the connection to %.150s up: %.190s", a->primary.address,
             what);
    explain(a, NOTE_WARN, why);
    effect_simple(a, EFFECT_DISCONNECT, -1, 0);
    lose_connection(a, now_ms);
}

void applier_connect_failed(struct applier *a, const char *why, int64_t now_ms)
{
    char text[NOTE_TEXT_MAX];

    a->connecting = false;
    a->counters.connect_failures++;
    snprintf(text, sizeof(text), "Could not connect to the primary: %.340s", why);
    explain(a, NOTE_WARN, text);
    reconnect_later(a, now_ms);
}

void applier_disconnected(struct applier *a, const char *why, int64_t now_ms)
{
    char text[NOTE_TEXT_MAX];

    if (!a->connected)
        return;
    snprintf(text, sizeof(text), "Lost the connection to %.150s: %.190s", a->primary.address, why);
    explain(a, NOTE_WARN, text);
    lose_connection(a, now_ms);
}

void applier_primary_moved(struct applier *a, int64_t now_ms)
{
    if (!a->connected)
        return;
    connection_give_up(a, now_ms, "Sentinel names another primary");
    a->connect_at_ms = now_ms;
}

/* A server that is no primary of ours: say why and try again later. */
void connection_refuse(struct applier *a, enum hold_reason hold, const char *why, int64_t now_ms)
{
    char text[NOTE_TEXT_MAX];

    a->hold = hold;
    if (hold == HOLD_NONE)
        snprintf(text, sizeof(text), "Waiting for %.150s: %.200s", a->primary.address, why);
    else
        snprintf(text, sizeof(text), "Holding (%s), %.100s: %.120s; %.120s", hold_code(hold),
                 a->primary.address, why, hold_remedy(hold));
    explain(a, hold == HOLD_NONE ? NOTE_WARN : NOTE_ERROR, text);
    effect_simple(a, EFFECT_DISCONNECT, -1, 0);
    connection_reset(a);
    reconnect_later(a, now_ms);
}

void asked_in_vain(struct applier *a, const char *what, const struct reply *reply, int64_t now_ms)
{
    connection_give_up(
        a, now_ms, "asked for %s it answered: %.*s", what,
        STR_ARGS(reply->type == REPLY_ERROR ? reply->text : STR_LITERAL("something else")));
}

/* The primary is ours: every partition asks where it is. */
void connection_accepted(struct applier *a, int64_t now_ms)
{
    a->identified = true;
    a->hold = HOLD_NONE;
    a->why[0] = '\0';
    a->noted_why[0] = '\0';
    note(a, NOTE_INFO, "Connected to the primary %s, run id %.40s", a->primary.address,
         a->primary.run_id);
    chain_ask(a, now_ms);
}

void applier_connected(struct applier *a, const struct primary_facts *facts, int64_t now_ms)
{
    enum hold_reason hold = HOLD_NONE;
    const char *why;
    enum primary_verdict verdict;

    connection_reset(a);
    a->primary = *facts;
    a->counters.connects++;
    verdict = primary_judge(
        facts, a->wal,
        (struct primary_policy){ .adopt = a->settings.adopt, .hold_blank = a->settings.hold_blank },
        &hold, &why);
    if (verdict == PRIMARY_RETRY || verdict == PRIMARY_HOLD) {
        connection_refuse(a, hold, why, now_ms);
        return;
    }
    a->connected = true;
    a->probe_at_ms = now_ms + a->settings.probe_interval_ms;
    note_answered(a, now_ms);
    greet(a, verdict == PRIMARY_CLAIM, now_ms);
}
