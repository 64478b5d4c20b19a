/*
 * Whatever a registry answers: it is a schema that fits or one that does not, no schema, or no
 * answer. The first two bytes are the HTTP status; the body follows.
 */
#include <stdint.h>

#include "codec/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_schema(const struct registry_schema *registered)
{
    struct schema *schema = NULL;
    struct err err = { 0 };
    const enum err_code code = schema_new(registered, &schema, &err);

    INVARIANT(code == ERR_OK || code == ERR_INVALID);
    INVARIANT((code == ERR_OK) == (schema != NULL));
    INVARIANT((code == ERR_OK) == (err.msg[0] == '\0') || registered->type == SCHEMA_AVRO);
    if (schema && schema->type == SCHEMA_PROTOBUF)
        INVARIANT(schema->path.n > 0 && schema->path.n <= PROTO_DEPTH_MAX);
    schema_free(schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct registry_answer answer = { 0 };
    struct err err = { 0 };
    enum err_code code;

    if (size < 2)
        return 0;
    code = registry_answer_read(data[0] << 8 | data[1],
                                (struct str){ (const char *)data + 2, size - 2 }, &answer, &err);
    INVARIANT((code == ERR_OK) == (answer.memory != NULL));
    INVARIANT((code == ERR_OK) == (err.msg[0] == '\0'));
    if (code == ERR_OK)
        check_schema(&answer.schema);
    registry_answer_release(&answer);
    return 0;
}
