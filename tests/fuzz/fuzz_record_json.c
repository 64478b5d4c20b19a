/*
 * The decoder takes any bytes: it accepts or refuses, and what it accepts lies within its memory.
 */
#include "codec/record_digest.h"
#include "codec/record_json.h"
#include "fuzz_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct record record = fuzz_record_of(data, size);
    struct record_json *decoder = record_json_new();
    struct envelope envelope, again;
    struct reject reject = { 0 };
    const bool accepted = record_json_decode(decoder, &record, &envelope, &reject);
    const uint64_t total = accepted ? fuzz_touch(&envelope) : 0;

    INVARIANT(accepted == (reject.reason == REJECT_NONE));
    if (accepted)
        fuzz_check_key(&record, &envelope);
    /* A decoder that was used before decides the same. */
    INVARIANT(record_json_decode(decoder, &record, &again, &reject) == accepted);
    INVARIANT(!accepted || fuzz_touch(&again) == total);
    INVARIANT(record_digest(&record) == record_digest(&record));
    record_json_free(decoder);
    return 0;
}
