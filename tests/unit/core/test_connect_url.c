#include "core/connect_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"

#define HTTP                                                                                       \
    "http:/"                                                                                       \
    "/"
#define HTTPS                                                                                      \
    "https:/"                                                                                      \
    "/"

static const struct {
    const char *a, *b;
    bool same;
} rows[] = {
    { HTTP "c.example:8083", HTTP "c.example:8083", true },
    { HTTP "c.example:8083", "HTTP://C.Example:8083", true },
    { HTTP "c.example:8083", HTTP "c.example:8083/", true },
    { HTTP "c.example:8083", HTTP "c.example.:8083//", true },
    { HTTP "c.example:8083", HTTP "d.example:8083", false },
    { HTTP "c.example:8083", HTTP "c.example:8084", false },
    { HTTP "c.example:8083", HTTPS "c.example:8083", false },
    { HTTP "c.example", HTTP "c.example:80", true },
    { HTTP "c.example", HTTP "c.example:/", true },
    { HTTP "c.example", HTTP "c.example:443", false },
    { HTTPS "c.example", HTTPS "c.example:443/", true },
    { HTTPS "c.example", HTTPS "c.example:80", false },
    { HTTPS "c.example:443", HTTP "c.example:443", false },
    { HTTP "c.example/connect", HTTP "c.example:80/connect/", true },
    { HTTP "c.example/connect", HTTP "c.example/Connect", false },
    { HTTP "c.example/connect", HTTP "c.example", false },
    { HTTP "c.example/?a", HTTP "c.example/?b", false },
    { HTTP "[::1]", HTTP "[::1]:80/", true },
    { HTTP "[::A]:8083", HTTP "[::a]:8083", true },
    { HTTP "[::1]", HTTP "[::2]", false },
    { HTTP "10.0.0.1:8083", HTTP "10.0.0.1:8083/", true },
    { HTTP "10.0.0.1", HTTP "10.0.0.2", false },
    { HTTP "connect.ns.svc:8083", HTTP "connect.ns.svc.cluster.local:8083", true },
    { HTTP "connect.ns.svc:8083", HTTP "connect.other.svc:8083", false },
    { HTTP "connect:8083", HTTP "connect:8083/", true },
    { HTTP "connect:8083", HTTP "connect.ns.svc:8083", false },
    /* No more than text. */
    { HTTP "me@c.example", HTTP "me@c.example", true },
    { HTTP "me@c.example", HTTP "me@C.example", false },
    { HTTP "a,b", HTTP "b,a", false },
    { HTTP "c.example?a", HTTP "c.example/?a", false },
    { HTTP, HTTP, true },
    { HTTP ":80", HTTP, false },
    { "c.example", "c.example", true },
    { "c.example", "C.example", false },
    { "", "", true },
    { "", HTTP "c.example", false },
};

static void what_makes_no_difference_is_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (connect_url_is_same(str_from(rows[i].a), str_from(rows[i].b)) != rows[i].same ||
            connect_url_is_same(str_from(rows[i].b), str_from(rows[i].a)) != rows[i].same)
            fail_msg("row %zu: %s %s", i, rows[i].a, rows[i].b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_makes_no_difference_is_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
