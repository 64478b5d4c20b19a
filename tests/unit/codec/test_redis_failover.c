#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "codec/redis_failover.h"

static void a_failover_names_the_secret_of_its_password(void **state)
{
    static const struct {
        const char *json, *name;
        enum err_code rc;
    } rows[] = {
        { "{\"spec\":{\"auth\":{\"secretPath\":\"redis-auth\"}}}", "redis-auth", ERR_OK },
        { "{\"spec\":{\"auth\":{}}}", "", ERR_OK },
        { "{\"spec\":{}}", "", ERR_OK },
        { "{\"spec\":{\"auth\":{\"secretPath\":\"a\\u0000b\"}}}", "", ERR_CORRUPT },
        { "[]", "", ERR_CORRUPT },
        { "{", "", ERR_CORRUPT },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char name[REDIS_FAILOVER_SECRET_MAX + 1] = "";
        const enum err_code rc = redis_failover_secret(str_from(rows[i].json), name, NULL);

        if (rc != rows[i].rc || (rc == ERR_OK && strcmp(name, rows[i].name) != 0))
            fail_msg("row %zu: %s", i, rows[i].json);
    }
}

static void a_failover_names_the_image_of_its_redis(void **state)
{
    static const struct {
        const char *json, *image; /* NULL: none */
    } rows[] = {
        { "{\"spec\":{\"redis\":{\"image\":\"redis:7.4\"}}}", "redis:7.4" },
        { "{\"spec\":{\"redis\":{\"image\":\"\"}}}", NULL },
        { "{\"spec\":{\"redis\":{\"image\":\"a\\u0000b\"}}}", NULL },
        { "{\"spec\":{\"redis\":{}}}", NULL },
        { "{\"spec\":{\"sentinel\":{\"image\":\"redis:7.4\"}}}", NULL },
        { "{", NULL },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char image[REDIS_FAILOVER_IMAGE_MAX + 1] = "";
        const bool found = redis_failover_image(str_from(rows[i].json), image);

        if (found != (rows[i].image != NULL) || (found && strcmp(image, rows[i].image) != 0))
            fail_msg("row %zu: %s", i, rows[i].json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failover_names_the_secret_of_its_password),
        cmocka_unit_test(a_failover_names_the_image_of_its_redis),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
