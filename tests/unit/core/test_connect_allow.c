#include "core/connect_allow.h"

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
#define LIST "connect.example:8083,*.kafka.svc,[::1],10.0.0.7"

static const struct {
    const char *list, *url;
    bool allowed;
} urls[] = {
    /* a Service of the namespace */
    { "", HTTP "connect.prod.svc", true },
    { "", HTTPS "connect.prod.svc:8083/", true },
    { "", HTTP "connect.prod.svc.cluster.local:8083", true },
    { "", HTTP "CONNECT.Prod.SVC:8083", true },
    { "", HTTP "connect.other.svc:8083", false },
    { "", HTTP "connect.svc", false },
    { "", HTTP "prod.svc", false },
    { "", HTTP ".prod.svc", false },
    { "", HTTP "a.b.prod.svc", false },
    { "", HTTP "connect.prod.svc.evil.example", false },
    { "", HTTP "connectprod.svc", false },
    { "", HTTP "connect", false },
    { "", HTTP "169.254.169.254/latest", false },
    /* who parses it otherwise goes elsewhere */
    { "", HTTP "evil.example#.prod.svc", false },
    { "", HTTP "evil.example?.prod.svc", false },
    { "", HTTP "evil.example/.prod.svc", false },
    { "", HTTP "evil.example\\.prod.svc", false },
    { "", HTTP "me@evil.example:80@connect.prod.svc", false },
    { "", HTTP "evil.example:80:connect.prod.svc", false },
    { "", HTTP "connect.prod.svc@evil.example", false },
    { "", HTTP "connect.prod.svc:@evil.example", false },
    { "", HTTP "connect.prod.svc:80x", false },
    { "", HTTP "connect.prod.svc:", false },
    { "", HTTP "connect.prod.svc:123456", false },
    { "", HTTP "connect%2eprod.svc", false },
    { "", "HTTP://connect.prod.svc", false },
    { "", "file:///connect.prod.svc", false },
    { "", HTTP, false },
    { "", "", false },
    /* the list */
    { LIST, HTTP "connect.example:8083", true },
    { LIST, HTTPS "Connect.Example:8083/", true },
    { LIST, HTTP "connect.example", false },
    { LIST, HTTP "connect.example:80833", false },
    { LIST, HTTP "a.kafka.svc:8083", true },
    { LIST, HTTP "a.b.kafka.svc", true },
    { LIST, HTTP "kafka.svc", false },
    { LIST, HTTP "evilkafka.svc", false },
    { LIST, HTTP "[::1]:8083", true },
    { LIST, HTTP "[::2]:8083", false },
    { LIST, HTTP "[::1", false },
    { LIST, HTTP "10.0.0.7", true },
    { LIST, HTTP "10.0.0.77", false },
    { LIST, HTTP "connect.prod.svc", true },
    { "*", HTTP "anything.example:1", true },
    { "*", HTTP "169.254.169.254", true },
    { "*", HTTP "a@b", false },
    { "*:8083", HTTP "anything.example:8083", true },
    { "*:8083", HTTP "anything.example:80", false },
};

static void only_named_hosts_and_services_of_the_namespace_are_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(urls); i++)
        if (connect_is_allowed(str_from(urls[i].list), STR_LITERAL("prod"),
                               str_from(urls[i].url)) != urls[i].allowed)
            fail_msg("%s by \"%s\"", urls[i].url, urls[i].list);
    assert_false(
        connect_is_allowed(STR_LITERAL(""), STR_LITERAL(""), STR_LITERAL(HTTP "connect..svc")));
}

static void what_is_no_list_of_hosts_is_refused(void **state)
{
    static const char *const bad[] = {
        "",   ",",  "a,",    ",a", "a,,b", HTTP "a", "a/b",   "a:",  "a:b",      "*a",
        "a*", "*.", "a.*.b", "**", "a b",  "[::1",   "a:1:2", "a@b", "a:123456", "*.a,b c",
    };
    static const char *const good[] = { "a",     "a,b",     "*",          "*.a",
                                        "*.a:1", "a:65535", "[::1]:8083", LIST };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (connect_allow_is_good(str_from(bad[i])))
            fail_msg("\"%s\" is taken", bad[i]);
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        if (!connect_allow_is_good(str_from(good[i])))
            fail_msg("\"%s\" is refused", good[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_named_hosts_and_services_of_the_namespace_are_allowed),
        cmocka_unit_test(what_is_no_list_of_hosts_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
