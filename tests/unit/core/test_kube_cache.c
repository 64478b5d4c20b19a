#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/prng.h"
#include "core/kube_cache.h"

static struct kube_object object(const char *scope, const char *name, const char *uid,
                                 const char *version, const char *json)
{
    return (struct kube_object){ str_from(scope), str_from(name), str_from(uid), str_from(version),
                                 str_from(json) };
}

static enum kube_change put(struct kube_cache *c, const char *name, const char *uid,
                            const char *version)
{
    const struct kube_object o = object("ns", name, uid, version, "{}");

    return kube_cache_put(c, &o, 1);
}

static void a_change_is_told_from_none(void **state)
{
    CLEANUP(kube_cache_release) struct kube_cache c;
    struct kube_object found;
    (void)state;

    kube_cache_init(&c, 10, 1000);
    assert_int_equal(put(&c, "a", "u1", "1"), KUBE_ADDED);
    assert_int_equal(put(&c, "a", "u1", "1"), KUBE_UNCHANGED);
    assert_int_equal(put(&c, "a", "u1", "2"), KUBE_CHANGED);
    assert_int_equal(put(&c, "a", "u2", "3"), KUBE_REPLACED);
    assert_true(kube_cache_find(&c, STR_LITERAL("ns"), STR_LITERAL("a"), &found));
    assert_true(str_eq(found.resource_version, STR_LITERAL("3")));
    assert_true(kube_cache_drop(&c, STR_LITERAL("ns"), STR_LITERAL("a")));
    assert_false(kube_cache_drop(&c, STR_LITERAL("ns"), STR_LITERAL("a")));
    assert_int_equal(c.n + c.bytes, 0);
}

static void the_limits_hold_and_what_is_there_may_still_change(void **state)
{
    CLEANUP(kube_cache_release) struct kube_cache c;
    struct kube_object large = object("ns", "a", "u", "9", "12345678901");
    (void)state;

    kube_cache_init(&c, 2, 10);
    assert_int_equal(put(&c, "a", "u", "1"), KUBE_ADDED);
    assert_int_equal(put(&c, "b", "u", "1"), KUBE_ADDED);
    assert_int_equal(put(&c, "c", "u", "1"), KUBE_FULL);
    assert_int_equal(put(&c, "a", "u", "2"), KUBE_CHANGED);
    assert_int_equal(kube_cache_put(&c, &large, 1), KUBE_FULL);
    large.json.n = 8;
    assert_int_equal(kube_cache_put(&c, &large, 1), KUBE_CHANGED);
    assert_int_equal(c.bytes, 10);
}

/* Against an array in which every name has its place. */
static void it_holds_what_was_put_in_order(void **state)
{
    enum { NAMES = 40, STEPS = 4000 };
    CLEANUP(kube_cache_release) struct kube_cache c;
    char version[NAMES][16] = { 0 };
    struct prng prng = { 7 };
    (void)state;

    kube_cache_init(&c, NAMES, 100000);
    for (int i = 0; i < STEPS; i++) {
        const size_t k = prng_below(&prng, NAMES);
        char scope[32], name[32];

        snprintf(scope, sizeof(scope), "ns%zu", k / 10);
        snprintf(name, sizeof(name), "n%zu", k % 10);
        if (prng_chance(&prng, 400)) {
            assert_int_equal(kube_cache_drop(&c, str_from(scope), str_from(name)),
                             version[k][0] != '\0');
            version[k][0] = '\0';
        } else {
            struct kube_object o;

            snprintf(version[k], sizeof(version[k]), "%d", i + 1);
            o = object(scope, name, "u", version[k], version[k]);
            kube_cache_put(&c, &o, 1);
        }
    }
    for (size_t k = 0, at = 0; k < NAMES; k++) {
        struct kube_object o;

        if (version[k][0] == '\0')
            continue;
        kube_cache_at(&c, at++, &o);
        assert_true(str_eq(o.json, str_from(version[k])));
        assert_int_equal(o.name.p[1] - '0', k % 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_told_from_none),
        cmocka_unit_test(the_limits_hold_and_what_is_there_may_still_change),
        cmocka_unit_test(it_holds_what_was_put_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
