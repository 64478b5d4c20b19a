#include "runtime/connect_mirror.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

/* What a Connect answers to each question. */
struct scripted {
    struct {
        long status;
        const char *body;
    } answers[CONNECT_QUESTION_COUNT];
    unsigned n_asked[CONNECT_QUESTION_COUNT];
};

static void ask(void *self, enum connect_question question, const char *connector,
                struct connect_reply *ret)
{
    struct scripted *s = self;
    const char *body = s->answers[question].body;

    assert_string_equal(connector, "m");
    s->n_asked[question]++;
    *ret = (struct connect_reply){ .status = s->answers[question].status,
                                   .body = str_from(body ? body : "") };
    if (ret->status == 0)
        snprintf(ret->why, sizeof(ret->why), "connection refused");
}

static const struct connect_ops ops = { ask };

#define MISSING "{\"error_code\":404,\"message\":\"Connector m not found\"}"
#define RUNS    "{\"connector\":{\"state\":\"RUNNING\"},\"tasks\":[{\"state\":\"RUNNING\"}]}"
#define ONCE    "{\"exactly.once.support\":\"required\"}"

static void a_look_asks_for_the_configuration_and_then_for_the_status(void **state)
{
    static const struct {
        long config_status;
        const char *config;
        long status_status;
        const char *status;
        enum look_outcome outcome;
        bool denied, exists;
        enum connector_state connector;
        int64_t n_tasks;
        enum truth exactly_once;
        const char *why;
    } rows[] = {
        { 200, ONCE, 200, RUNS, LOOK_ANSWERED, false, true, CONNECTOR_RUNNING, 1, TRUTH_YES, "" },
        { 200, "{}", 200, RUNS, LOOK_ANSWERED, false, true, CONNECTOR_RUNNING, 1, TRUTH_UNKNOWN,
          "" },
        { 404, MISSING, 200, RUNS, LOOK_ANSWERED, false, false, CONNECTOR_OTHER, LOOK_UNKNOWN,
          TRUTH_UNKNOWN, "" },
        { 200, ONCE, 404, MISSING, LOOK_ANSWERED, false, true, CONNECTOR_OTHER, LOOK_UNKNOWN,
          TRUTH_YES, "" },
        { 404, "not a Connect", 200, RUNS, LOOK_FAILED, false, false, CONNECTOR_OTHER, LOOK_UNKNOWN,
          TRUTH_UNKNOWN, "HTTP status 404" },
        { 401, "", 401, "", LOOK_FAILED, true, false, CONNECTOR_OTHER, LOOK_UNKNOWN, TRUTH_UNKNOWN,
          "HTTP status 401" },
        { 200, ONCE, 403, "", LOOK_FAILED, true, true, CONNECTOR_OTHER, LOOK_UNKNOWN, TRUTH_YES,
          "HTTP status 403" },
        { 200, ONCE, 409, "", LOOK_FAILED, false, true, CONNECTOR_OTHER, LOOK_UNKNOWN, TRUTH_YES,
          "HTTP status 409" },
        { 200, ONCE, 200, "{}", LOOK_FAILED, false, true, CONNECTOR_OTHER, LOOK_UNKNOWN, TRUTH_YES,
          "no connector.state" },
        { 200, "[", 200, RUNS, LOOK_FAILED, false, false, CONNECTOR_OTHER, LOOK_UNKNOWN,
          TRUTH_UNKNOWN, "no configuration" },
        { 0, NULL, 0, NULL, LOOK_FAILED, false, false, CONNECTOR_OTHER, LOOK_UNKNOWN, TRUTH_UNKNOWN,
          "does not answer: connection refused" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct scripted s = { .answers = {
                                  [CONNECT_CONFIG] = { rows[i].config_status, rows[i].config },
                                  [CONNECT_STATUS] = { rows[i].status_status, rows[i].status },
                              } };
        const struct connect c = { &ops, &s };
        struct connect_config config;
        struct mirror_look l;

        connect_mirror_look(&c, "m", &l, &config);
        if (l.look.outcome != rows[i].outcome || l.look.denied != rows[i].denied ||
            l.exists != rows[i].exists || l.connector != rows[i].connector ||
            l.n_tasks != rows[i].n_tasks || l.exactly_once != rows[i].exactly_once ||
            !strstr(l.look.why, rows[i].why))
            fail_msg("row %zu: %s", i, l.look.why);
        assert_true(l.look.began_ms <= l.look.ended_ms && l.look.ended_wall_ms > 0);
        assert_true(l.followed == TRUTH_YES && l.current == TRUTH_YES);
    }
}

static void orders_are_taken_or_refused(void **state)
{
    struct scripted s = { .answers = {
                              [CONNECT_STOP] = { 204, "" }, [CONNECT_RESUME] = { 409, "" } } };
    const struct connect c = { &ops, &s };
    struct err err = { 0 };
    (void)state;

    assert_int_equal(connect_mirror_order(&c, "m", MIRROR_EFFECT_STOP, &err), ERR_OK);
    assert_int_equal(s.n_asked[CONNECT_STOP], 1);
    assert_int_equal(s.n_asked[CONNECT_RESUME], 0);
    assert_int_equal(connect_mirror_order(&c, "m", MIRROR_EFFECT_RESUME, &err), ERR_CONFLICT);
    assert_int_equal(s.n_asked[CONNECT_RESUME], 1);
}

static void a_guard_write_is_judged_by_connect_alone(void **state)
{
    static const struct {
        long status;
        const char *body;
        enum truth taken;
    } rows[] = {
        { 200, "{\"message\":\"altered\"}", TRUTH_YES },
        { 404, MISSING, TRUTH_UNKNOWN },
        { 400, "{\"error_code\":400,\"message\":\"must be in the STOPPED state\"}", TRUTH_NO },
        { 404, "not a Connect", TRUTH_UNKNOWN },
        { 400, "not a Connect", TRUTH_UNKNOWN },
        { 409, "", TRUTH_UNKNOWN },
        { 500, "{\"error_code\":500,\"message\":\"timed out\"}", TRUTH_UNKNOWN },
        { 403, "", TRUTH_UNKNOWN },
        { 0, NULL, TRUTH_UNKNOWN },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct scripted s = { .answers = { [CONNECT_GUARD] = { rows[i].status, rows[i].body } } };
        const struct connect c = { &ops, &s };
        struct mirror_guard guard;
        struct err err = { 0 };
        const enum err_code rc = connect_mirror_guard(&c, "m", &guard, &err);

        if (guard.taken != rows[i].taken || (rc == ERR_OK) != (rows[i].taken == TRUTH_YES))
            fail_msg("row %zu: %d, %s", i, guard.taken, err.msg);
        assert_true(guard.began_ms > 0);
    }
}

static void offsets_are_those_of_the_topic(void **state)
{
    struct scripted s = {
        .answers = { [CONNECT_OFFSETS] = { 200,
                                           "{\"offsets\":[{\"partition\":{\"partition\":1,"
                                           "\"topic\":\"wal\"},\"offset\":{\"offset\":6}}]}" } },
    };
    const struct connect c = { &ops, &s };
    int64_t next[2] = { 0 };
    struct err err = { 0 };
    (void)state;

    assert_int_equal(connect_mirror_offsets(&c, "m", STR_LITERAL("wal"), next, 2, &err), ERR_OK);
    assert_int_equal(next[0], LOOK_UNKNOWN);
    assert_int_equal(next[1], 7);
    s.answers[CONNECT_OFFSETS].status = 0;
    assert_int_equal(connect_mirror_offsets(&c, "m", STR_LITERAL("wal"), next, 2, &err),
                     ERR_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_asks_for_the_configuration_and_then_for_the_status),
        cmocka_unit_test(orders_are_taken_or_refused),
        cmocka_unit_test(a_guard_write_is_judged_by_connect_alone),
        cmocka_unit_test(offsets_are_those_of_the_topic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
