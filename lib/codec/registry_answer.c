#include "codec/registry_answer.h"

#include <jansson.h>

#include "base/check.h"

enum {
    STATUS_OK = 200,
    STATUS_NOT_FOUND = 404,
    ERROR_SCHEMA_NOT_FOUND = 40403,
    SHOWN_MAX = 120, /* bytes of what a registry says */
};

static const struct {
    const char *name;
    enum schema_type type;
} types[] = { { "JSON", SCHEMA_JSON }, { "PROTOBUF", SCHEMA_PROTOBUF }, { "AVRO", SCHEMA_AVRO } };

static enum err_code read_type(const json_t *answer, enum schema_type *ret, struct err *err)
{
    const json_t *name = json_object_get(answer, "schemaType");

    *ret = SCHEMA_AVRO; /* what the first registries knew needs no name */
    if (!name || json_is_null(name))
        return ERR_OK;
    if (!json_is_string(name))
        return err_set(err, ERR_UNAVAILABLE, "the answer's schemaType is not a string");
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (str_eq(str_from(json_string_value(name)), str_from(types[i].name))) {
            *ret = types[i].type;
            return ERR_OK;
        }
    }
    return err_set(err, ERR_UNSUPPORTED, "it has the type %.40s; known are JSON, PROTOBUF and AVRO",
                   json_string_value(name));
}

static enum err_code read_schema(json_t *answer, struct registry_answer *ret, struct err *err)
{
    const json_t *text = json_object_get(answer, "schema");
    struct registry_answer found = { .memory = answer };
    enum err_code rc;

    if (!json_is_string(text))
        return err_set(err, ERR_UNAVAILABLE, "the answer has no schema");
    rc = read_type(answer, &found.schema.type, err);
    if (rc != ERR_OK)
        return rc;
    found.schema.text = (struct str){ json_string_value(text), json_string_length(text) };
    found.schema.n_references = json_array_size(json_object_get(answer, "references"));
    *ret = found;
    return ERR_OK;
}

static enum err_code read_refusal(long status, const json_t *answer, struct err *err)
{
    const json_t *code = json_object_get(answer, "error_code");
    const char *message = json_string_value(json_object_get(answer, "message"));

    if (status == STATUS_NOT_FOUND && json_integer_value(code) == ERROR_SCHEMA_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND, "the registry does not have it");
    return err_set(err, ERR_UNAVAILABLE, "HTTP status %ld%s%.*s", status, message ? ": " : "",
                   SHOWN_MAX, message ? message : "");
}

enum err_code registry_answer_read(long status, struct str body, struct registry_answer *ret,
                                   struct err *err)
{
    json_t *answer = body.n <= REGISTRY_ANSWER_MAX_BYTES
                         ? json_loadb(body.p, body.n, JSON_ALLOW_NUL, NULL)
                         : NULL;
    enum err_code rc;

    if (status != STATUS_OK)
        rc = read_refusal(status, answer, err);
    else if (!json_is_object(answer))
        rc = err_set(err, ERR_UNAVAILABLE, "the answer is not a JSON object");
    else
        rc = read_schema(answer, ret, err);
    if (rc != ERR_OK)
        json_decref(answer);
    return rc;
}

void registry_answer_release(struct registry_answer *a)
{
    json_decref(a->memory);
    *a = (struct registry_answer){ 0 };
}
