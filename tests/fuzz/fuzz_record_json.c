/*
 * The decoder takes any bytes: it accepts or refuses, and what it accepts lies within its memory.
 * The first byte says whether the record has a key and how long it is; key and value follow.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"
#include "codec/record_digest.h"
#include "codec/record_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t sum(struct str bytes)
{
    uint64_t total = bytes.n;

    for (size_t i = 0; i < bytes.n; i++)
        total += (unsigned char)bytes.p[i];
    return total;
}

/* Every byte an accepted envelope points to can be read. */
static uint64_t touch(const struct envelope *envelope)
{
    const struct operation *op = envelope->operations;
    uint64_t total = sum(envelope->id) + sum(op->key) + sum(op->command);

    for (size_t i = 0; i < op->n_args; i++)
        total += sum(op->args[i]);
    return total;
}

static struct record record_of(const uint8_t *data, size_t size)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct record record = record_of(data, size);
    struct record_json *decoder = record_json_new();
    struct envelope envelope, again;
    struct reject reject = { 0 };
    const bool accepted = record_json_decode(decoder, &record, &envelope, &reject);
    const uint64_t total = accepted ? touch(&envelope) : 0;

    INVARIANT(accepted == (reject.reason == REJECT_NONE));
    if (accepted) {
        const struct operation *op = envelope.operations;

        INVARIANT(envelope.n_operations == 1);
        INVARIANT(op->command.n > 0);
        INVARIANT(op->ttl_ms == OPERATION_TTL_NONE || op->ttl_ms > 0);
        INVARIANT(!record.has_key || str_eq(op->key, record.key));
    }
    /* A decoder that was used before decides the same. */
    INVARIANT(record_json_decode(decoder, &record, &again, &reject) == accepted);
    INVARIANT(!accepted || touch(&again) == total);
    INVARIANT(record_digest(&record) == record_digest(&record));
    record_json_free(decoder);
    return 0;
}
