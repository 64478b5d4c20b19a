/*
 * The decoder takes any bytes: it accepts or refuses, and what it accepts lies within its memory.
 */
#include "codec/record_protobuf.h"
#include "fuzz_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct proto_path first = { { 0 }, 1 };
    const struct record record = fuzz_record_of(data, size);
    struct record_protobuf *decoder = record_protobuf_new();
    struct envelope envelope, again;
    struct reject reject = { 0 };
    const bool accepted =
        record_protobuf_decode(decoder, &record, record.value, &first, &envelope, &reject);
    const uint64_t total = accepted ? fuzz_touch(&envelope) : 0;

    INVARIANT(accepted == (reject.reason == REJECT_NONE));
    if (accepted)
        fuzz_check_key(&record, &envelope);
    INVARIANT(record_protobuf_decode(decoder, &record, record.value, &first, &again, &reject) ==
              accepted);
    INVARIANT(!accepted || fuzz_touch(&again) == total);
    record_protobuf_free(decoder);
    return 0;
}
