#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "applier_stand.h"
#include "base/prng.h"
#include "stand_script.h"

enum { SEEDS = 300, SCRIPT_BYTES = 1500 };

static void answers_that_make_no_sense_end_nothing_but_the_connection(void **state)
{
    struct applier_settings settings = stand_settings();
    size_t n_executed = 0, n_disconnects = 0;
    (void)state;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct prng prng = { seed };
        uint8_t script[SCRIPT_BYTES];
        struct stand s;

        for (size_t i = 0; i < sizeof(script); i++)
            script[i] = (uint8_t)prng_next(&prng);
        settings.on_reject = seed % 4 == 0 ? ON_REJECT_HALT : ON_REJECT_SKIP;
        settings.batch_max_ops = seed % 3 == 0 ? 1 : 16;
        stand_open(&s, &settings);
        stand_play(&s, script, sizeof(script));
        n_executed += s.n_executed[0];
        n_disconnects += s.n_disconnects;
        stand_close(&s);
    }
    assert_true(n_executed > SEEDS && n_disconnects > SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_that_make_no_sense_end_nothing_but_the_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
