/* A mirror that another process has led before: runtime/wal_mirrors.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wal_stand.h"

#define AT_CONNECT "\"connect\":{\"url\":\"https://connect.example:8083\",\"connector\":\"a\"}"

enum { SECOND_MS = 1000 };

static void what_a_leader_before_told_to_go_on_is_told_to_stop_before_that_is_believed(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_mirror(s, 1, "Stopped", AT_CONNECT);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    s->connector.resume_takes_ms = MINUTE_MS;
    wal_stand_put_mirror(s, 2, "Running", AT_CONNECT);
    wal_stand_run(s, SECOND_MS);
    assert_true(s->connector.resumes_ms > wal_stand_ms); /* Connect has that order */
    wal_reconciler_free(s->reconciler);
    s->connector.n_stops = s->connector.n_guards = 0;
    wal_stand_put_mirror(s, 3, "Stopped", AT_CONNECT);
    wal_stand_begin(s);
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    assert_int_equal(s->connector.n_resumes, 0);
    assert_int_equal(s->connector.n_stops, 1);
    assert_int_equal(s->connector.n_guards, 1);
}

static void a_new_leader_proves_a_stop_anew_and_tells_of_nothing(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_mirror(s, 1, "Stopped", AT_CONNECT);
    wal_stand_run(s, MINUTE_MS);
    assert_int_equal(wal_stand_count_events(s, "\"action\":\"MirrorRunning\""), 1);
    wal_reconciler_free(s->reconciler);
    wal_stand_begin(s);
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    assert_int_equal(s->connector.n_guards, 2);
    assert_int_equal(wal_stand_count_events(s, "\"action\":\"MirrorRunning\""), 1);

    wal_stand_put_mirror(s, 2, "Running", AT_CONNECT);
    wal_stand_run(s, SECOND_MS);
    s->connector.is_silent = true; /* nobody sees that it runs */
    wal_stand_put_mirror(s, 3, "Stopped", AT_CONNECT);
    wal_stand_run(s, SECOND_MS);
    s->connector.is_silent = false;
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    assert_true(wal_stand_count_events(s, "\"reason\":\"StoppedAndFenced\"") >= 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wal_stand_set_up, wal_stand_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_leader_before_told_to_go_on_is_told_to_stop_before_that_is_believed),
        TEST(a_new_leader_proves_a_stop_anew_and_tells_of_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
