#include "codec/registry_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    long status;
    const char *body;
    enum err_code code;
    enum schema_type type;
    const char *text; /* of the schema, or a part of the error */
    size_t n_references;
} rows[] = {
    { 200, "{\"schema\":\"x\"}", ERR_OK, SCHEMA_AVRO, "x", 0 },
    { 200, "{\"schema\":\"x\",\"schemaType\":null}", ERR_OK, SCHEMA_AVRO, "x", 0 },
    { 200, "{\"schema\":\"x\",\"schemaType\":\"AVRO\",\"id\":7}", ERR_OK, SCHEMA_AVRO, "x", 0 },
    { 200, "{\"schema\":\"\",\"schemaType\":\"JSON\",\"references\":[]}", ERR_OK, SCHEMA_JSON, "",
      0 },
    { 200, "{\"schemaType\":\"PROTOBUF\",\"schema\":\"\\u0000y\",\"references\":[{},{}]}", ERR_OK,
      SCHEMA_PROTOBUF, "\0y", 2 },
    { 200, "{\"schema\":\"x\",\"schemaType\":\"XML\"}", ERR_UNSUPPORTED, 0, "type XML", 0 },
    { 200, "{\"schema\":\"x\",\"schemaType\":1}", ERR_UNAVAILABLE, 0, "schemaType", 0 },
    { 200, "{\"schema\":{}}", ERR_UNAVAILABLE, 0, "no schema", 0 },
    { 200, "{}", ERR_UNAVAILABLE, 0, "no schema", 0 },
    { 200, "[]", ERR_UNAVAILABLE, 0, "not a JSON object", 0 },
    { 200, "<html>", ERR_UNAVAILABLE, 0, "not a JSON object", 0 },
    { 200, "", ERR_UNAVAILABLE, 0, "not a JSON object", 0 },
    { 404, "{\"error_code\":40403,\"message\":\"Schema not found\"}", ERR_NOT_FOUND, 0,
      "does not have it", 0 },
    { 404, "{\"error_code\":404,\"message\":\"no such page\"}", ERR_UNAVAILABLE, 0,
      "404: no such page", 0 },
    { 404, "<html>not here</html>", ERR_UNAVAILABLE, 0, "status 404", 0 },
    { 404, "", ERR_UNAVAILABLE, 0, "status 404", 0 },
    { 500, "{\"error_code\":40403}", ERR_UNAVAILABLE, 0, "status 500", 0 },
    { 401, "{\"error_code\":401,\"message\":\"Unauthorized\"}", ERR_UNAVAILABLE, 0,
      "401: Unauthorized", 0 },
    { 301, "{\"schema\":\"x\"}", ERR_UNAVAILABLE, 0, "status 301", 0 },
    { 0, "", ERR_UNAVAILABLE, 0, "status 0", 0 },
};

static void reads(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct registry_answer answer = { 0 };
        struct err err = { 0 };
        const enum err_code code =
            registry_answer_read(rows[i].status, str_from(rows[i].body), &answer, &err);

        if (code != rows[i].code)
            fail_msg("%ld %s: %d (%s)", rows[i].status, rows[i].body, code, err.msg);
        if (code == ERR_OK) {
            assert_int_equal(answer.schema.type, rows[i].type);
            assert_int_equal(answer.schema.n_references, rows[i].n_references);
            assert_memory_equal(answer.schema.text.p, rows[i].text, answer.schema.text.n);
            registry_answer_release(&answer);
        } else if (!strstr(err.msg, rows[i].text)) {
            fail_msg("%ld %s: %s", rows[i].status, rows[i].body, err.msg);
        }
    }
}

static void an_answer_that_is_too_long_is_none(void **state)
{
    static char body[REGISTRY_ANSWER_MAX_BYTES + 1];
    struct registry_answer answer = { 0 };
    struct err err = { 0 };
    (void)state;

    memset(body, ' ', sizeof(body));
    memcpy(body, "{\"schema\":\"x\"}", strlen("{\"schema\":\"x\"}"));
    assert_int_equal(registry_answer_read(200, (struct str){ body, sizeof(body) }, &answer, &err),
                     ERR_UNAVAILABLE);
    assert_int_equal(
        registry_answer_read(200, (struct str){ body, sizeof(body) - 1 }, &answer, &err), ERR_OK);
    registry_answer_release(&answer);
    registry_answer_release(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(an_answer_that_is_too_long_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
