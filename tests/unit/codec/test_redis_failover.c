#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "codec/redis_failover.h"

static void a_failover_says_how_to_come_to_its_redis(void **state)
{
    static const struct {
        const char *json, *secret;
        bool names_master;
        enum err_code rc;
    } rows[] = {
        { "{\"spec\":{\"auth\":{\"secretPath\":\"redis-auth\"}}}", "redis-auth", false, ERR_OK },
        { "{\"spec\":{\"auth\":{}}}", "", false, ERR_OK },
        { "{\"spec\":{}}", "", false, ERR_OK },
        { "{\"spec\":{\"sentinel\":{\"disableMyMaster\":true}}}", "", true, ERR_OK },
        { "{\"spec\":{\"sentinel\":{\"disableMyMaster\":false}}}", "", false, ERR_OK },
        { "{\"spec\":{\"sentinel\":{\"disableMyMaster\":\"no\"}}}", "", false, ERR_CORRUPT },
        { "{\"spec\":{\"auth\":{\"secretPath\":\"a\\u0000b\"}}}", "", false, ERR_CORRUPT },
        { "{\"spec\":{\"auth\":{\"secretPath\":7}}}", "", false, ERR_CORRUPT },
        { "[]", "", false, ERR_CORRUPT },
        { "{", "", false, ERR_CORRUPT },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct redis_failover failover = { 0 };
        const enum err_code rc = redis_failover_decode(str_from(rows[i].json), &failover, NULL);

        if (rc != rows[i].rc || (rc == ERR_OK && (strcmp(failover.secret, rows[i].secret) != 0 ||
                                                  failover.names_master != rows[i].names_master)))
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
        cmocka_unit_test(a_failover_says_how_to_come_to_its_redis),
        cmocka_unit_test(a_failover_names_the_image_of_its_redis),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
