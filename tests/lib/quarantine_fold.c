#include "quarantine_fold.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/record_digest.h"

/* The keys that a record names; none when it cannot be decoded, since messages have no key here,
 * and none of a mark. */
static size_t keys_of(const struct op *op, unsigned ret[WORKLOAD_MEMBERS_MAX])
{
    struct op members[WORKLOAD_MEMBERS_MAX];
    const size_t n = op_members(op, members);

    for (size_t i = 0; i < n; i++)
        ret[i] = members[i].key;
    if (n > 0 || op->kind == OP_BROKEN || op->kind == OP_MARK)
        return n;
    ret[0] = op->key;
    return 1;
}

static uint64_t digest_of(const struct log_entry *entry)
{
    const struct record record = { .has_value = true, .value = buf_str(&entry->value) };

    return record_digest(&record);
}

static void hold_back(struct quarantine_fold *f, const struct log_entry *entry)
{
    unsigned keys[WORKLOAD_MEMBERS_MAX];
    const size_t n = keys_of(&entry->op, keys);

    for (size_t i = 0; i < n; i++) {
        struct held_key *k = &f->keys[keys[i]];

        if (!k->held)
            *k = (struct held_key){ .held = true,
                                    .token = digest_of(entry),
                                    .first = entry->offset,
                                    .retried_at = -1,
                                    .decided_at = k->decided_at };
        k->last = entry->offset;
        k->parked++;
    }
}

static bool is_held(const struct quarantine_fold *f, const struct op *op)
{
    unsigned keys[WORKLOAD_MEMBERS_MAX];
    const size_t n = keys_of(op, keys);

    for (size_t i = 0; i < n; i++)
        if (f->keys[keys[i]].held)
            return true;
    return false;
}

static void decided(struct quarantine_fold *f, const struct log_entry *entry)
{
    unsigned keys[WORKLOAD_MEMBERS_MAX];
    const size_t n = keys_of(&entry->op, keys);

    for (size_t i = 0; i < n; i++)
        f->keys[keys[i]].decided_at = entry->offset;
}

static bool is_claimed(const struct op *op, unsigned key)
{
    for (size_t i = 0; i < op->n_claims; i++)
        if (op->claims[i].key == key)
            return true;
    return false;
}

static bool is_admitted(const struct quarantine_fold *f, const struct op *op)
{
    unsigned keys[WORKLOAD_MEMBERS_MAX];
    const size_t n = keys_of(op, keys);

    for (size_t i = 0; i < op->n_claims; i++) {
        const struct op_claim *claim = &op->claims[i];
        const struct held_key *k = &f->keys[claim->key];

        if (!k->held || k->token != claim->token || k->retried + 1 != claim->number ||
            k->parked < claim->number)
            return false;
    }
    for (size_t i = 0; i < n; i++)
        if (f->keys[keys[i]].held && !is_claimed(op, keys[i]))
            return false;
    return true;
}

static void release(struct quarantine_fold *f, const struct op *op)
{
    struct held_key *k = &f->keys[op->key];

    if (k->held && k->token == op->release.token && k->parked == op->release.parked &&
        k->retried == op->release.retried)
        *k = (struct held_key){ .decided_at = k->decided_at };
}

/* Whether Redis took it, and it is known that it did. */
static bool apply(struct quarantine_fold *f, const struct log_entry *entry, int32_t partition,
                  bool unknown)
{
    const bool applied =
        fold_apply(&f->data, &entry->op, partition, entry->timestamp_ms) == FOLD_APPLIED;

    if (fold_may_be_refused(&entry->op) || !applied)
        decided(f, entry);
    return applied && !unknown;
}

static enum letter retry(struct quarantine_fold *f, const struct log_entry *entry,
                         int32_t partition, bool rejected, bool unknown)
{
    if (rejected)
        return LETTER_AT_NEXT;
    if (!is_admitted(f, &entry->op))
        return LETTER_NONE;
    for (size_t i = 0; i < entry->op.n_claims; i++) {
        f->keys[entry->op.claims[i].key].retried++;
        f->keys[entry->op.claims[i].key].retried_at = entry->offset;
    }
    if (apply(f, entry, partition, unknown))
        return LETTER_NONE;
    for (size_t i = 0; i < entry->op.n_claims; i++)
        f->keys[entry->op.claims[i].key].retried--;
    return LETTER_AT_SETTLED;
}

static enum letter judge(struct quarantine_fold *f, const struct log_entry *entry,
                         int32_t partition, bool unknown)
{
    const struct op *op = &entry->op;
    const bool rejected = op->kind == OP_BROKEN || op->kind == OP_UNKNOWN;

    if (op->is_release) {
        release(f, op);
        return LETTER_NONE;
    }
    if (op->n_claims > 0 && op->kind != OP_BROKEN)
        return retry(f, entry, partition, rejected, unknown);
    if (rejected || is_held(f, op)) {
        hold_back(f, entry);
        return LETTER_AT_NEXT;
    }
    if (apply(f, entry, partition, unknown))
        return LETTER_NONE;
    hold_back(f, entry);
    return LETTER_AT_SETTLED;
}

void quarantine_fold(struct quarantine_fold *ret, struct oracle *o, int32_t partition, int64_t next,
                     bool (*is_unknown)(const void *context, int64_t offset), const void *context)
{
    const struct log_partition *p = &o->log->partitions[partition];

    *ret = (struct quarantine_fold){ .letters = mem_new(p->n + 1, sizeof(*ret->letters)) };
    for (size_t i = 0; i < WORKLOAD_KEYS; i++)
        ret->keys[i].decided_at = -1;
    for (size_t i = 0; i < p->n && p->entries[i].offset < next; i++) {
        const struct log_entry *entry = &p->entries[i];

        if (!oracle_is_repeated(o, partition, i))
            ret->letters[i] = judge(ret, entry, partition, is_unknown(context, entry->offset));
    }
}

void quarantine_fold_release(struct quarantine_fold *f)
{
    keyspace_release(&f->data);
    free(f->letters);
    *f = (struct quarantine_fold){ 0 };
}
