#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "codec/kube_secret.h"

static void a_secret_gives_the_value_of_a_key(void **state)
{
    static const struct {
        const char *json, *value;
        enum err_code rc;
    } rows[] = {
        { "{\"kind\":\"Secret\",\"data\":{\"k\":\"cGFzcw==\"}}", "pass", ERR_OK },
        { "{\"kind\":\"Secret\",\"data\":{\"k\":\"\"}}", "", ERR_OK },
        { "{\"kind\":\"Secret\",\"data\":{\"k\":\"cGFzcwo=\"}}", "pass", ERR_OK },   /* \n */
        { "{\"kind\":\"Secret\",\"data\":{\"k\":\"cGFzcw0K\"}}", "pass", ERR_OK },   /* \r\n */
        { "{\"kind\":\"Secret\",\"data\":{\"k\":\"cGFzcwoK\"}}", "pass\n", ERR_OK }, /* \n\n */
        { "{\"kind\":\"Secret\",\"data\":{\"other\":\"cGFzcw==\"}}", NULL, ERR_NOT_FOUND },
        { "{\"kind\":\"Secret\"}", NULL, ERR_NOT_FOUND },
        { "{\"kind\":\"Secret\",\"data\":{\"k\":\"cGFzcw\"}}", NULL, ERR_CORRUPT },
        { "{\"kind\":\"Secret\",\"data\":{\"k\":\"YQBi\"}}", NULL, ERR_CORRUPT }, /* a NUL b */
        { "{\"kind\":\"ConfigMap\",\"data\":{\"k\":\"cGFzcw==\"}}", NULL, ERR_CORRUPT },
        { "", NULL, ERR_CORRUPT },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(secret_release) struct secret value = { 0 };
        const enum err_code rc = kube_secret_decode(str_from(rows[i].json), "k", &value, NULL);

        if (rc != rows[i].rc || (rc == ERR_OK && strcmp(value.text, rows[i].value) != 0))
            fail_msg("row %zu: %s", i, rows[i].json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_gives_the_value_of_a_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
