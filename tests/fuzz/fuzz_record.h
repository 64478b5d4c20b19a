/*
 * What the targets of the record decoders share: records of bytes, and a look at all of an
 * envelope.
 */
#ifndef REDWAL_FUZZ_RECORD_H
#define REDWAL_FUZZ_RECORD_H

#include <stdint.h>

#include "base/check.h"
#include "core/record.h"

static inline uint64_t fuzz_sum(struct str bytes)
{
    uint64_t total = bytes.n;

    for (size_t i = 0; i < bytes.n; i++)
        total += (unsigned char)bytes.p[i];
    return total;
}

static inline uint64_t fuzz_sum_all(const struct str *words, size_t n)
{
    uint64_t total = n;

    for (size_t i = 0; i < n; i++)
        total += fuzz_sum(words[i]);
    return total;
}

/* Every byte an accepted envelope points to can be read, and its operations hold what is promised
 * of them. */
static inline uint64_t fuzz_touch(const struct envelope *e)
{
    uint64_t total = fuzz_sum(e->id) + fuzz_sum(e->script.name) + fuzz_sum(e->script.sha) +
                     fuzz_sum_all(e->script.keys, e->script.n_keys) +
                     fuzz_sum_all(e->script.args, e->script.n_args);

    INVARIANT(e->kind != ENVELOPE_OPERATION || e->n_operations == 1);
    for (size_t i = 0; i < e->n_operations; i++) {
        const struct operation *op = &e->operations[i];

        INVARIANT(op->command.n > 0);
        INVARIANT(op->ttl_ms == OPERATION_TTL_NONE || op->ttl_ms > 0);
        total += fuzz_sum(op->key) + fuzz_sum(op->command) + fuzz_sum_all(op->args, op->n_args);
    }
    return total;
}

/* The first byte says whether the record has a key and how long it is; key and value follow. */
static inline struct record fuzz_record_of(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct record record = { .has_value = true };
    size_t key_n;

    if (size == 0)
        return record;
    key_n = data[0] & 0x7f;
    if (key_n > size - 1)
        key_n = size - 1;
    record.has_key = data[0] & 0x80;
    record.key = (struct str){ text + 1, record.has_key ? key_n : 0 };
    record.value = (struct str){ text + 1 + record.key.n, size - 1 - record.key.n };
    return record;
}

/* The key of a single operation is the record's, if that has one. */
static inline void fuzz_check_key(const struct record *record, const struct envelope *e)
{
    INVARIANT(e->kind != ENVELOPE_OPERATION || !record->has_key ||
              str_eq(e->operations->key, record->key));
}

#endif
