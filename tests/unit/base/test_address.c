#include "base/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/check.h"

static void addresses_are_host_and_port(void **state)
{
    static const struct {
        const char *text, *host; /* host NULL: not an address */
        unsigned port;
    } rows[] = {
        { "redis:6379", "redis", 6379 },
        { "10.0.0.7:1", "10.0.0.7", 1 },
        { "[::1]:65535", "::1", 65535 },
        { ":8080", "", 8080 },
        { "a:0", "a", 0 },
        { "[]:7", "", 7 },
        { "redis", NULL, 0 },
        { "redis:", NULL, 0 },
        { "redis:65536", NULL, 0 },
        { "redis:-1", NULL, 0 },
        { "redis:+1", NULL, 0 },
        { "redis:1x", NULL, 0 },
        { "::1:6379", NULL, 0 },
        { "[::1:6379", NULL, 0 },
        { "a b:1", NULL, 0 },
        { "user@host:1", NULL, 0 },
        { "a/b:1", NULL, 0 },
        { "a,b:1", NULL, 0 },
        { "", NULL, 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct address a = { 0 };
        const bool parsed = address_parse(str_from(rows[i].text), &a);

        if (parsed != (rows[i].host != NULL))
            fail_msg("'%s': parsed is %d", rows[i].text, parsed);
        if (parsed && (!str_eq(a.host, str_from(rows[i].host)) || a.port != rows[i].port))
            fail_msg("'%s': host '%.*s' port %u", rows[i].text, STR_ARGS(a.host), a.port);
    }
}

static void lists_are_cut_at_commas_and_trimmed(void **state)
{
    static const struct {
        const char *text;
        const char *elements[4];
    } rows[] = {
        { "a", { "a" } },      { "a,b", { "a", "b" } }, { " a , b ,c", { "a", "b", "c" } },
        { "a,", { "a", "" } }, { ",a", { "", "a" } },   { "", { "" } },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct str list = str_from(rows[i].text), element;
        size_t n = 0;

        while (address_list_next(&list, &element)) {
            if (!rows[i].elements[n] || !str_eq(element, str_from(rows[i].elements[n])))
                fail_msg("'%s': element %zu is '%.*s'", rows[i].text, n, STR_ARGS(element));
            n++;
        }
        if (rows[i].elements[n])
            fail_msg("'%s': ends after %zu elements", rows[i].text, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_host_and_port),
        cmocka_unit_test(lists_are_cut_at_commas_and_trimmed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
