#include "oracle.h"

#include <stdlib.h>

#include "base/mem.h"

void oracle_init(struct oracle *o, const struct fake_log *log, int64_t window_s)
{
    *o = (struct oracle){ .log = log, .window_s = window_s };
}

void oracle_release(struct oracle *o)
{
    for (int32_t i = 0; i < LOG_PARTITIONS_MAX; i++) {
        for (size_t j = 0; o->partitions[i].after && j <= o->partitions[i].n; j++)
            keyspace_release(&o->partitions[i].after[j]);
        free(o->partitions[i].after);
        free(o->partitions[i].outcomes);
        free(o->partitions[i].letter);
        free(o->partitions[i].remembered_s);
        free(o->partitions[i].first_s);
    }
    *o = (struct oracle){ 0 };
}

static void grow(struct oracle *o, int32_t i)
{
    size_t n = o->partitions[i].capacity ? o->partitions[i].capacity * 2 : 32;

    if (!o->partitions[i].after)
        o->partitions[i].after = mem_new(1, sizeof(struct keyspace));
    o->partitions[i].after =
        mem_resize(o->partitions[i].after, n + 1, sizeof(*o->partitions[i].after));
    o->partitions[i].outcomes =
        mem_resize(o->partitions[i].outcomes, n, sizeof(*o->partitions[i].outcomes));
    o->partitions[i].letter =
        mem_resize(o->partitions[i].letter, n, sizeof(*o->partitions[i].letter));
    o->partitions[i].remembered_s =
        mem_resize(o->partitions[i].remembered_s, n, sizeof(*o->partitions[i].remembered_s));
    o->partitions[i].first_s =
        mem_resize(o->partitions[i].first_s, n, sizeof(*o->partitions[i].first_s));
    o->partitions[i].capacity = n;
}

/* Whether the id of record `at` was applied before, within the window; if not, it is from now on.
 * Records that are refused as such have no say. */
static bool is_repeated(struct oracle *o, int32_t i, size_t at)
{
    const struct log_entry *entries = o->log->partitions[i].entries;
    const struct op *op = &entries[at].op;
    const int64_t own_s = entries[at].timestamp_ms / 1000;
    int64_t now_s = o->partitions[i].log_time_s;

    o->partitions[i].remembered_s[at] = o->partitions[i].first_s[at] = -1;
    if (!op->has_id || op->is_release || op->kind == OP_MARK || op->kind == OP_BROKEN ||
        op->kind == OP_UNKNOWN)
        return false;
    now_s = own_s > now_s ? own_s : now_s;
    for (size_t j = 0; j < at; j++) {
        const int64_t then_s = o->partitions[i].remembered_s[j];

        if (entries[j].op.number == op->number && then_s >= 0 && now_s - then_s < o->window_s) {
            o->partitions[i].first_s[at] = then_s;
            return true;
        }
    }
    o->partitions[i].remembered_s[at] = now_s;
    o->partitions[i].log_time_s = now_s;
    return false;
}

/* Folds what was appended since. */
static void catch_up(struct oracle *o, int32_t i)
{
    const struct log_partition *p = &o->log->partitions[i];

    if (!o->partitions[i].after)
        grow(o, i);
    while (o->partitions[i].n < p->n) {
        const size_t at = o->partitions[i].n;
        struct keyspace *after;

        if (at == o->partitions[i].capacity)
            grow(o, i);
        after = &o->partitions[i].after[at + 1];
        *after = (struct keyspace){ 0 };
        keyspace_copy(after, &o->partitions[i].after[at]);
        if (p->entries[at].timestamp_ms > o->partitions[i].log_ms)
            o->partitions[i].log_ms = p->entries[at].timestamp_ms;
        fold_pass_time(after, o->partitions[i].log_ms);
        o->partitions[i].outcomes[at] =
            is_repeated(o, i, at)
                ? FOLD_REPEATED
                : fold_apply(after, &p->entries[at].op, i, p->entries[at].timestamp_ms);
        fold_pass_time(after, o->partitions[i].log_ms);
        o->partitions[i].letter[at] = false;
        o->partitions[i].n++;
    }
}

bool oracle_is_repeated(struct oracle *o, int32_t partition, size_t i)
{
    catch_up(o, partition);
    return o->partitions[partition].outcomes[i] == FOLD_REPEATED;
}

bool oracle_has_letter(const struct oracle *o, int32_t partition, size_t i)
{
    return o->partitions[partition].letter[i];
}

const struct keyspace *oracle_data(struct oracle *o, int32_t partition, int64_t next)
{
    const struct log_partition *p = &o->log->partitions[partition];
    size_t n = 0;

    catch_up(o, partition);
    while (n < p->n && p->entries[n].offset < next)
        n++;
    return &o->partitions[partition].after[n];
}

/* `forgotten`: when its answer was lost, nobody can tell any more that a repeated record was one.
 */
static bool is_true(const struct log_entry *entry, enum fold_outcome outcome, bool forgotten,
                    enum reject_reason reason)
{
    switch (outcome) {
    case FOLD_REJECTED:
        return reason == (entry->op.kind == OP_BROKEN ? REJECT_NOT_JSON : REJECT_UNKNOWN_COMMAND);
    case FOLD_WRONG_TYPE:
        return reason == REJECT_REDIS_WRONGTYPE || reason == REJECT_OUTCOME_UNKNOWN;
    case FOLD_WRONG_VALUE:
        return reason == REJECT_REDIS_ERROR || reason == REJECT_OUTCOME_UNKNOWN;
    case FOLD_NOT_QUEUED:
        return reason == REJECT_REDIS_ERROR || reason == REJECT_REDIS_WRONGTYPE ||
               reason == REJECT_OUTCOME_UNKNOWN;
    case FOLD_REPEATED:
        return forgotten && fold_may_be_refused(&entry->op) &&
               (reason == REJECT_OUTCOME_UNKNOWN || reason == REJECT_REDIS_WRONGTYPE);
    case FOLD_APPLIED:
        return reason == REJECT_OUTCOME_UNKNOWN && fold_may_be_refused(&entry->op);
    }
    UNREACHABLE("every outcome has its reasons");
}

bool oracle_take_letter(struct oracle *o, const struct dead_letter *letter)
{
    const struct log_partition *p = &o->log->partitions[letter->partition];

    catch_up(o, letter->partition);
    for (size_t i = 0; i < p->n; i++) {
        if (p->entries[i].offset != letter->offset)
            continue;
        o->partitions[letter->partition].letter[i] = true;
        return is_true(&p->entries[i], o->partitions[letter->partition].outcomes[i],
                       o->partitions[letter->partition].log_time_s -
                               o->partitions[letter->partition].first_s[i] >=
                           o->window_s,
                       letter->reason);
    }
    return false;
}

int64_t oracle_missing_letter(struct oracle *o, int32_t partition, int64_t next, int64_t settled)
{
    const struct log_partition *p = &o->log->partitions[partition];

    catch_up(o, partition);
    for (size_t i = 0; i < p->n && p->entries[i].offset < next; i++) {
        const enum fold_outcome outcome = o->partitions[partition].outcomes[i];
        const bool before = outcome == FOLD_REJECTED || outcome == FOLD_NOT_QUEUED;

        if (outcome != FOLD_APPLIED && outcome != FOLD_REPEATED &&
            (before || p->entries[i].offset < settled) && !o->partitions[partition].letter[i])
            return p->entries[i].offset;
    }
    return -1;
}
