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

static struct mirror_claim claim(const struct claim *c)
{
    return (struct mirror_claim){ str_from(c->log),   str_from(c->brokers),
                                  str_from(c->topic), str_from(c->connector),
                                  str_from(c->url),   STR_LITERAL("ns"),
                                  str_from(c->maker), c->wish };
}

static const struct {
    struct claim a, b;
    enum mirror_clash clash;
} rows[] = {
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
};

static void who_clashes_is_told_by_both(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct mirror_claim a = claim(&rows[i].a), b = claim(&rows[i].b);

        if (mirror_claims_clash(&a, &b) != rows[i].clash ||
            mirror_claims_clash(&b, &a) != rows[i].clash)
            fail_msg("row %zu: %d", i, mirror_claims_clash(&a, &b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_clashes_is_told_by_both),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
