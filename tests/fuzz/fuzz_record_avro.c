/*
 * The decoder takes any bytes: it accepts or refuses, and what it accepts lies within its memory.
 * They are read as records of our schema, and of one that writes the same in other words.
 */
#include <redwal_avsc.h>

#include "codec/record_avro.h"
#include "fuzz_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char OTHER[] =
    "{\"type\":\"record\",\"name\":\"Envelope\",\"namespace\":\"redwal.v1\",\"fields\":["
    "{\"name\":\"body\",\"type\":[{\"type\":\"record\",\"name\":\"Operation\",\"fields\":["
    "{\"name\":\"ttlMs\",\"type\":[\"int\",\"null\",\"long\"]},"
    "{\"name\":\"command\",\"type\":[\"bytes\",\"string\"]},"
    "{\"name\":\"args\",\"type\":[{\"type\":\"array\",\"items\":[\"bytes\",\"string\"]}]},"
    "{\"name\":\"key\",\"type\":\"string\"}]},"
    "{\"type\":\"record\",\"name\":\"Atomic\",\"fields\":["
    "{\"name\":\"operations\",\"type\":{\"type\":\"array\",\"items\":\"Operation\"}}]}]},"
    "{\"name\":\"id\",\"type\":\"bytes\"}]}";

static void check(const struct record *record, const char *source)
{
    struct record_avro *decoder = record_avro_new();
    struct envelope envelope, again;
    struct reject reject = { 0 };
    struct err err = { 0 };
    avro_schema_t schema;
    uint64_t total;
    bool accepted;

    if (schema_avro_read(str_from(source), &schema, &err) != ERR_OK)
        UNREACHABLE(err.msg);
    accepted = record_avro_decode(decoder, record, record->value, schema, &envelope, &reject);
    INVARIANT(accepted == (reject.reason == REJECT_NONE));
    total = accepted ? fuzz_touch(&envelope) : 0;
    if (accepted)
        fuzz_check_key(record, &envelope);
    INVARIANT(record_avro_decode(decoder, record, record->value, schema, &again, &reject) ==
              accepted);
    INVARIANT(!accepted || fuzz_touch(&again) == total);
    avro_schema_decref(schema);
    record_avro_free(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct record record = fuzz_record_of(data, size);

    check(&record, REDWAL_AVSC);
    check(&record, OTHER);
    return 0;
}
