#include "oracle.h"

#include <stdlib.h>

#include "base/mem.h"

void oracle_init(struct oracle *o, const struct fake_log *log)
{
    *o = (struct oracle){ .log = log };
}

void oracle_release(struct oracle *o)
{
    for (int32_t i = 0; i < LOG_PARTITIONS_MAX; i++) {
        for (size_t j = 0; o->partitions[i].after && j <= o->partitions[i].n; j++)
            keyspace_release(&o->partitions[i].after[j]);
        free(o->partitions[i].after);
        free(o->partitions[i].outcomes);
        free(o->partitions[i].letter);
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
    o->partitions[i].capacity = n;
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
        o->partitions[i].outcomes[at] =
            fold_apply(after, &p->entries[at].op, i, p->entries[at].timestamp_ms);
        o->partitions[i].letter[at] = false;
        o->partitions[i].n++;
    }
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

static bool is_true(const struct log_entry *entry, enum fold_outcome outcome,
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

        if (outcome != FOLD_APPLIED && (before || p->entries[i].offset < settled) &&
            !o->partitions[partition].letter[i])
            return p->entries[i].offset;
    }
    return -1;
}
