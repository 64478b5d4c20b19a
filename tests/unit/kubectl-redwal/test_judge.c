#include "judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { RECORD_MAX_BYTES = 1000 };

static struct decoder *decoder_without_registry(void)
{
    struct decoder *decoder = NULL;

    assert_int_equal(decoder_new(NULL, &decoder, NULL), ERR_OK);
    return decoder;
}

static void the_appliers_verdict_comes_before_the_log(void **state)
{
    static const struct {
        const char *value;
        const char *key;  /* NULL: it is refused */
        const char *says; /* how the reason begins */
    } rows[] = {
        { "{\"key\":\"k\",\"command\":\"SET\",\"args\":[\"v\"]}", "k", NULL },
        { "{\"v\":1,\"key\":{\"base64\":\"AP8=\"},\"command\":\"DEL\"}", NULL, NULL },
        { "{\"v\":1,\"key\":\"k\",\"command\":\"FLUSHALL\"}", NULL, "command-administrative: " },
        { "{\"v\":1,\"key\":\"k\",\"command\":\"SPOP\"}", NULL, "command-nondeterministic: " },
        { "{\"v\":1,\"command\":\"DEL\"}", NULL, "key-missing: " },
        { "{\"v\":2,\"key\":\"k\",\"command\":\"DEL\"}", NULL, "unknown-version: " },
        { "[]", NULL, "not-json: " },
    };
    struct decoder *decoder = decoder_without_registry();
    struct judge *judge = judge_new(RECORD_MAX_BYTES, NULL, decoder);
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = { 0 };
        struct str key = { 0 };
        const enum err_code rc = judge_value(judge, str_from(rows[i].value), &key, &err);

        if (rows[i].says ? rc != ERR_INVALID : rc != ERR_OK)
            fail_msg("row %zu: %s", i, err.msg);
        if (rows[i].says && strncmp(err.msg, rows[i].says, strlen(rows[i].says)) != 0)
            fail_msg("row %zu: says %s", i, err.msg);
        if (rows[i].key)
            assert_true(str_eq(key, str_from(rows[i].key)));
    }
    judge_free(judge);
    decoder_free(decoder);
}

static void a_record_beyond_the_bound_is_refused(void **state)
{
    static char value[RECORD_MAX_BYTES + 2];
    struct decoder *decoder = decoder_without_registry();
    struct judge *judge = judge_new(RECORD_MAX_BYTES, NULL, decoder);
    struct err err = { 0 };
    struct str key;
    (void)state;

    memset(value, ' ', sizeof(value) - 1);
    assert_int_equal(judge_value(judge, str_from(value), &key, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "too-large"));
    judge_free(judge);
    decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_appliers_verdict_comes_before_the_log),
        cmocka_unit_test(a_record_beyond_the_bound_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
