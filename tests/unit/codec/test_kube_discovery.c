#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/kube_discovery.h"

#include "base/buf.h"

static bool collect(void *self, const struct kube_served *s)
{
    buf_print(self, "%.*s/%.*s/%.*s=%.*s%s%s ", STR_ARGS(s->group), STR_ARGS(s->version),
              STR_ARGS(s->plural), STR_ARGS(s->kind), s->namespaced ? ",ns" : "",
              s->has_status ? ",status" : "");
    return !str_eq(s->plural, STR_LITERAL("last"));
}

static const char answer[] =
    "{\"kind\":\"APIGroupDiscoveryList\",\"items\":[{\"metadata\":{\"name\":\"a.dev\"},"
    "\"versions\":[{\"version\":\"v2\",\"resources\":[{\"resource\":\"xs\",\"responseKind\":"
    "{\"kind\":\"X\"},\"scope\":\"Namespaced\",\"subresources\":[{\"subresource\":\"scale\"},"
    "{\"subresource\":\"status\"}]}]},{\"version\":\"v1\",\"resources\":[{\"resource\":\"last\","
    "\"responseKind\":{\"kind\":\"L\"},\"scope\":\"Cluster\"},{\"resource\":\"more\"}]}]},"
    "{\"metadata\":{\"name\":\"b\"}}]}";

static void kinds_come_in_the_order_of_preference_until_one_is_enough(void **state)
{
    CLEANUP(buf_release) struct buf out;
    (void)state;

    buf_init(&out, 1000);
    assert_int_equal(kube_discovery_decode(str_from(answer), collect, &out, NULL), ERR_OK);
    assert_true(str_eq(buf_str(&out), STR_LITERAL("a.dev/v2/xs=X,ns,status a.dev/v1/last=L ")));
}

static void other_answers_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        enum err_code code;
    } rows[] = {
        { "{\"kind\":\"APIGroupList\",\"groups\":[]}", ERR_UNSUPPORTED },
        { "{\"kind\":\"APIVersions\"}", ERR_UNSUPPORTED },
        { "{\"kind\":\"Status\"}", ERR_CORRUPT },
        { "[]", ERR_CORRUPT },
        { "", ERR_CORRUPT },
        { "{\"kind\":\"APIGroupDiscoveryList\",\"items\":7}", ERR_OK },
    };
    CLEANUP(buf_release) struct buf out;
    (void)state;

    buf_init(&out, 1000);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(kube_discovery_decode(str_from(rows[i].text), collect, &out, NULL),
                         rows[i].code);
    assert_int_equal(out.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_come_in_the_order_of_preference_until_one_is_enough),
        cmocka_unit_test(other_answers_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
