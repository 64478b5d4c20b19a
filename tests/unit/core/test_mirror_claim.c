#include "core/mirror_claim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"

struct claim {
    const char *log, *brokers, *topic, *connector, *url, *maker;
    enum mirror_wish wish;
};

struct pair {
    struct claim a, b;
    enum mirror_clash clash;
};

static struct mirror_claim claim(const struct claim *c, const char *scope)
{
    return (struct mirror_claim){
        .log = str_from(c->log),
        .brokers = str_from(c->brokers),
        .topic = str_from(c->topic),
        .connector = str_from(c->connector),
        .url = str_from(c->url),
        .maker = str_from(c->maker),
        .scope = str_from(scope),
        .wish = c->wish,
    };
}

static const struct pair here[] = {
#define OBSERVED MIRROR_WISH_OBSERVED
#define RUNNING  MIRROR_WISH_RUNNING
#define STOPPED  MIRROR_WISH_STOPPED
    /* One mirror for the logs of two Redises. */
    { { "i", "k", "t", "c", "u", "", RUNNING }, { "i", "k", "t", "c", "u", "", RUNNING }, 0 },
    { { "i", "k", "t", "c", "u", "", OBSERVED }, { "i", "k", "t", "c", "u", "", STOPPED }, 0 },
    { { "i", "k", "t", "c", "u", "", RUNNING },
      { "i", "k", "t", "c", "u", "", STOPPED },
      MIRROR_CLASH_WISHES },
    { { "i", "k", "t", "c", "u", "", STOPPED },
      { "j", "k", "s", "c", "u", "", RUNNING },
      MIRROR_CLASH_WISHES },
    { { "i", "k", "t", "c", "", "m", STOPPED },
      { "i", "k", "t", "c", "", "m", RUNNING },
      MIRROR_CLASH_WISHES },
    { { "i", "k", "t", "c", "", "m", STOPPED }, { "i", "k", "t", "c", "", "n", RUNNING }, 0 },
    { { "i", "k", "t", "c", "u", "", STOPPED }, { "i", "k", "t", "c", "v", "", RUNNING }, 0 },
    { { "i", "k", "t", "", "u", "", STOPPED }, { "i", "k", "t", "", "u", "", RUNNING }, 0 },
    { { "i", "k", "t", "c", "http://u.example", "", STOPPED },
      { "i", "k", "t", "c", "http://u.example:80/", "", RUNNING },
      MIRROR_CLASH_WISHES },
    { { "i", "k", "t", "c", "", "", STOPPED }, { "i", "k", "t", "c", "", "", RUNNING }, 0 },
    /* Two mirrors. */
    { { "i", "k", "t", "c", "u", "", RUNNING },
      { "i", "l", "t", "d", "u", "", OBSERVED },
      MIRROR_CLASH_WRITERS },
    { { "i", "k", "t", "c", "u", "", RUNNING }, { "i", "k", "t", "d", "u", "", STOPPED }, 0 },
    { { "i", "k", "t", "c", "u", "", RUNNING }, { "j", "k", "t", "d", "u", "", RUNNING }, 0 },
    { { "", "k", "t", "c", "u", "", RUNNING },
      { "j", "k", "t", "d", "u", "", RUNNING },
      MIRROR_CLASH_WRITERS },
    { { "", "k", "t", "c", "u", "", RUNNING }, { "j", "l", "t", "d", "u", "", RUNNING }, 0 },
    { { "", "k", "t", "c", "u", "", RUNNING }, { "", "k", "s", "d", "u", "", RUNNING }, 0 },
    { { "i", "k", "t", "", "u", "", RUNNING }, { "i", "k", "t", "d", "u", "", RUNNING }, 0 },
    /* The same aliases name the same connector. */
    { { "i", "k", "t", "c", "", "m", RUNNING },
      { "i", "l", "t", "c", "", "n", RUNNING },
      MIRROR_CLASH_WRITERS },
    { { "i", "k", "t", "c", "", "m", RUNNING }, { "i", "k", "t", "c", "", "m", RUNNING }, 0 },
    { { "i", "k", "t", "c", "", "m", RUNNING }, { "i", "k", "t", "c", "u", "", RUNNING }, 0 },
    { { "i", "k", "t", "c", "", "m", RUNNING }, { "j", "k", "t", "c", "", "n", RUNNING }, 0 },
};

/* The second one is in another namespace. */
static const struct pair elsewhere[] = {
    { { "i", "k", "t", "c", "", "m", RUNNING },
      { "i", "k", "t", "c", "", "m", RUNNING },
      MIRROR_CLASH_WRITERS },
    { { "i", "k", "t", "c", "u", "", RUNNING },
      { "i", "l", "t", "d", "u", "", RUNNING },
      MIRROR_CLASH_WRITERS },
    { { "", "k", "t", "c", "u", "", RUNNING }, { "", "k", "t", "d", "u", "", RUNNING }, 0 },
    { { "", "k:1", "t", "c", "u", "", RUNNING },
      { "", "k.ns.svc:1", "t", "d", "u", "", RUNNING },
      MIRROR_CLASH_WRITERS },
    { { "", "k:1", "t", "c", "u", "", RUNNING },
      { "", "k.ns.svc:1", "s", "d", "u", "", RUNNING },
      0 },
};

static void compare(const struct pair *rows, size_t n, const char *scope)
{
    for (size_t i = 0; i < n; i++) {
        const struct mirror_claim a = claim(&rows[i].a, "ns"), b = claim(&rows[i].b, scope);

        if (mirror_claims_clash(&a, &b) != rows[i].clash ||
            mirror_claims_clash(&b, &a) != rows[i].clash)
            fail_msg("row %zu: %d", i, mirror_claims_clash(&a, &b));
    }
}

static void who_clashes_is_told_by_both(void **state)
{
    (void)state;
    compare(here, ARRAY_SIZE(here), "ns");
}

static void what_has_one_name_in_two_namespaces_is_two(void **state)
{
    (void)state;
    compare(elsewhere, ARRAY_SIZE(elsewhere), "other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_clashes_is_told_by_both),
        cmocka_unit_test(what_has_one_name_in_two_namespaces_is_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
