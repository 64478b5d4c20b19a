#include "runtime/log_agents.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/clock.h"
#include "runtime/log_agent.h"

enum { SHORT_MS = 300, PATIENCE_MS = 60000, STEP_MS = 20 };

/* Of the question in $line, which begins with its number. */
#define NUMBERED "n=${line#*:}; n=${n%%,*}; echo '{\"number\":'$n',"
#define ANSWER                                                                                     \
    NUMBERED "\"exists\":true,\"log\":\"a/"                                                        \
             "b\",\"partitions\":[[0,9,9,5]],\"topic\":{},\"group\":{}}'"

/* Agents of a few words: each reads the access first. */
#define SHELL(script)                                                                              \
    {                                                                                              \
        "/bin/sh", "-c", script, NULL                                                              \
    }
static const char *const honest[] = SHELL("read access; while read line; do " ANSWER "; done");
static const char *const telling[] =
    SHELL("read access; while read line; do echo '{\"failed\":\"no way\"}'; done");
/* Whatever it is asked by sixteen, it answers the last one first. */
static const char *const patient[] =
    SHELL("read access; for i in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do read line; lines=\"$line "
          "$lines\"; done; for line in $lines; do " ANSWER "; done; exec sleep 1000");
static const char *const unheard[] =
    SHELL("read access; for i in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do read line; done; " NUMBERED
          "\"failed\":\"nobody there\",\"silent\":true}'; exec sleep 1000");
static const char *const marking[] =
    SHELL("read access; while read line; do case $line in *'\"marks\"'*'\"partition\":3'*) "
          "echo '{\"number\":0,\"stored\":1,\"notStored\":0,\"denied\":false,\"why\":\"\"}';; "
          "esac; done");
static const char *const dying[] = SHELL("read access; read line; kill -ABRT $$");
static const char *const silent[] = SHELL("read access; read line; exec sleep 1000");
static const char *const talkative[] = SHELL("read access; echo '{}'; exec sleep 1000");
static const char *const babbling[] = SHELL("read access; read line; echo hello; exec sleep 1000");
static const char *const endless[] = SHELL("read access; read line; exec cat /dev/zero");
static const char *const once[] = SHELL("read access; read line; " ANSWER);
static const char *const missing[] = { "/nonexistent/agent", NULL };

static const struct log_place place = { .brokers = "a:1", .topic = "t", .group = "g" };

/* `answer_ms`: an agent that takes longer is given up. */
static struct log_agents *agents(const char *const *command, int64_t answer_ms)
{
    const struct log_agents_settings settings = {
        .command = command,
        .answer_ms = answer_ms,
        .monotonic_ms = clock_monotonic_ms,
        .wall_ms = clock_wall_ms,
        .seed = 7,
    };

    return log_agents_new(&settings);
}

static void ask(struct log_agents *a, uint64_t wal, const struct log_place *p)
{
    const struct log_observer_port port = log_agents_port(a);
    struct err err;

    assert_int_equal(port.ops->ask(port.self, wal, p, &err), ERR_OK);
}

/* Waits as a loop would, and no longer than the port says. */
static void go_on(const struct log_observer_port *port, int64_t deadline_ms)
{
    struct pollfd p = { .fd = port->ops->descriptor(port->self), .events = POLLIN };

    assert_true(clock_monotonic_ms() < deadline_ms);
    poll(&p, 1, (int)port->ops->wait_ms(port->self));
    port->ops->exchange(port->self);
}

static struct log_look await(struct log_agents *a, uint64_t *ret_wal)
{
    const struct log_observer_port port = log_agents_port(a);
    const int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    struct log_look look;

    while (!port.ops->next(port.self, ret_wal, &look))
        go_on(&port, deadline_ms);
    return look;
}

static void what_it_finds_is_the_answer(void **state)
{
    struct log_agents *a = agents(honest, PATIENCE_MS);
    struct log_look look;
    uint64_t wal;
    (void)state;

    assert_int_equal(log_agents_running(a), 0);
    for (uint64_t i = 1; i <= 3; i++)
        ask(a, i, &place);
    for (uint64_t i = 1; i <= 3; i++) {
        look = await(a, &wal);
        assert_int_equal(wal, i);
        assert_int_equal(look.look.outcome, LOOK_ANSWERED);
        assert_int_equal(look.partitions[0].end, 9);
        assert_true(look.look.began_ms > 0 && look.look.ended_ms >= look.look.began_ms);
        assert_true(look.look.ended_wall_ms > 0);
        log_look_release(&look);
    }
    assert_int_equal(log_agents_running(a), 1);
    assert_int_equal(log_agents_lost(a), 0);
    log_agents_free(a);
}

static void several_are_asked_at_a_time(void **state)
{
    struct log_agents *a = agents(patient, PATIENCE_MS);
    (void)state;

    for (uint64_t i = 0; i < LOG_AGENT_LOOKS_MAX; i++)
        ask(a, i, &place);
    for (uint64_t i = LOG_AGENT_LOOKS_MAX; i-- > 0;) {
        uint64_t wal;
        struct log_look look = await(a, &wal);

        assert_int_equal(wal, i);
        assert_int_equal(look.look.outcome, LOOK_ANSWERED);
        log_look_release(&look);
    }
    assert_int_equal(log_agents_lost(a), 0);
    log_agents_free(a);
}

/* Hundreds of WALs must not wait for the same silence one after another. */
static void brokers_that_answer_nobody_are_asked_once(void **state)
{
    enum { WALS = 500 };
    struct log_agents *a = agents(unheard, PATIENCE_MS);
    (void)state;

    for (uint64_t i = 0; i < WALS; i++)
        ask(a, i, &place);
    for (int i = 0; i < WALS - LOG_AGENT_LOOKS_MAX + 1; i++) {
        uint64_t wal;
        const struct log_look look = await(a, &wal);

        assert_int_equal(look.look.outcome, LOOK_FAILED);
        assert_string_equal(look.look.why, "nobody there");
        assert_true(wal >= LOG_AGENT_LOOKS_MAX - 1);
    }
    assert_int_equal(log_agents_lost(a), 0);
    log_agents_free(a);
}

static void what_brokers_refuse_is_known(void **state)
{
    struct log_agents *a = agents(telling, PATIENCE_MS);
    struct log_look look;
    uint64_t wal;
    (void)state;

    ask(a, 1, &place);
    look = await(a, &wal);
    assert_int_equal(look.look.outcome, LOOK_FAILED);
    assert_string_equal(look.look.why, "no way");
    assert_int_equal(log_agents_lost(a), 0);
    log_agents_free(a);
}

/* Whatever an agent does, its questions are lost, it is gone, and the next one comes later. */
static void an_agent_that_fails_is_lost_alone(void **state)
{
    static const struct {
        const char *name;
        const char *const *command;
        int64_t answer_ms;
    } rows[] = {
        { "dying", dying, PATIENCE_MS },         { "silent", silent, SHORT_MS },
        { "talkative", talkative, PATIENCE_MS }, { "babbling", babbling, PATIENCE_MS },
        { "endless", endless, PATIENCE_MS },     { "missing", missing, PATIENCE_MS },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct log_agents *a = agents(rows[i].command, rows[i].answer_ms);

        for (uint64_t wal = 1; wal <= 2; wal++)
            ask(a, wal, &place);
        for (int n = 0; n < 2; n++) {
            uint64_t wal;
            struct log_look look = await(a, &wal);

            if (look.look.outcome != LOOK_LOST || !look.look.why[0])
                fail_msg("%s: %s", rows[i].name, look.look.why);
            assert_int_equal(look.n, 0);
        }
        if (log_agents_running(a) != 0 || log_agents_lost(a) != 1)
            fail_msg("%s: %d run, %d lost", rows[i].name, log_agents_running(a),
                     (int)log_agents_lost(a));
        log_agents_free(a);
    }
}

static struct mark_result await_marked(struct log_agents *a)
{
    const struct log_observer_port port = log_agents_port(a);
    const int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    struct mark_result result;
    uint64_t wal;

    while (!port.ops->next_marked(port.self, &wal, &result))
        go_on(&port, deadline_ms);
    assert_int_equal(wal, 7);
    return result;
}

static void what_becomes_of_marks_is_told(void **state)
{
    static const struct mark_order order = { 3, { 1, 1, false, 0 } };
    static const struct {
        const char *const *command;
        int32_t n_stored, n_failed;
    } rows[] = { { marking, 1, 0 }, { dying, 0, 1 }, { babbling, 0, 1 }, { honest, 0, 1 } };
    const struct mark_batch batch = { &order, 1, "dc", 1 };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct log_agents *a = agents(rows[i].command, PATIENCE_MS);
        const struct log_observer_port port = log_agents_port(a);
        struct mark_result result;
        struct err err;

        assert_int_equal(port.ops->mark(port.self, 7, &place, &batch, &err), ERR_OK);
        result = await_marked(a);
        assert_int_equal(result.n_stored, rows[i].n_stored);
        assert_int_equal(result.n_failed, rows[i].n_failed);
        assert_int_equal(result.why[0] != '\0', rows[i].n_failed > 0);
        log_agents_free(a);
    }
}

/* Those whose brokers store none must not keep looks out. */
static void marks_take_some_of_the_places_alone(void **state)
{
    static const struct mark_order order = { 3, { 1, 1, false, 0 } };
    static const char *const stuck[] = SHELL(
        "read access; while read line; do case $line in *'\"look\"'*) " ANSWER ";; esac; done");
    const struct mark_batch batch = { &order, 1, NULL, 1 };
    struct log_agents *a = agents(stuck, PATIENCE_MS);
    const struct log_observer_port port = log_agents_port(a);
    struct log_look look;
    struct err err;
    uint64_t wal;
    (void)state;

    for (int i = 0; i < 100; i++)
        assert_int_equal(port.ops->mark(port.self, 7, &place, &batch, &err), ERR_OK);
    ask(a, 1, &place);
    look = await(a, &wal);
    assert_int_equal(look.look.outcome, LOOK_ANSWERED);
    log_look_release(&look);
    log_agents_free(a);
}

static void it_is_started_again_after_a_while(void **state)
{
    struct log_agents *a = agents(once, PATIENCE_MS);
    enum look_outcome outcome;
    int64_t began_ms;
    struct log_look look;
    uint64_t wal;
    (void)state;

    ask(a, 1, &place);
    look = await(a, &wal);
    assert_int_equal(look.look.outcome, LOOK_ANSWERED);
    log_look_release(&look);
    began_ms = clock_monotonic_ms();
    do { /* that it has ended comes to light with some question */
        assert_true(clock_monotonic_ms() - began_ms < PATIENCE_MS);
        ask(a, 2, &place);
        look = await(a, &wal);
        outcome = look.look.outcome;
        log_look_release(&look);
        poll(NULL, 0, STEP_MS);
    } while (outcome != LOOK_ANSWERED);
    assert_true(clock_monotonic_ms() - began_ms >= LOG_AGENT_RETRY_FIRST_MS / 2);
    assert_true(log_agents_lost(a) > 0);
    log_agents_free(a);
}

/* By the address of its brokers. */
static struct log_place place_of(int i, char brokers[16])
{
    struct log_place p = place;

    snprintf(brokers, 16, "a:%d", i);
    p.brokers = brokers;
    return p;
}

static void each_access_has_a_process_of_its_own(void **state)
{
    struct log_agents *a = agents(silent, PATIENCE_MS);
    const struct log_observer_port port = log_agents_port(a);
    char brokers[16];
    struct err err;
    (void)state;

    for (int i = 0; i <= LOG_AGENTS_MAX; i++) {
        const struct log_place p = place_of(i, brokers);

        assert_int_equal(port.ops->ask(port.self, (uint64_t)i, &p, &err),
                         i < LOG_AGENTS_MAX ? ERR_OK : ERR_LIMIT);
    }
    assert_int_equal(log_agents_running(a), LOG_AGENTS_MAX);
    log_agents_free(a);
}

static void one_that_has_nothing_to_do_makes_room(void **state)
{
    struct log_agents *a = agents(honest, PATIENCE_MS);
    char brokers[16];
    uint64_t wal;
    (void)state;

    for (int i = 0; i <= LOG_AGENTS_MAX; i++) {
        const struct log_place p = place_of(i, brokers);
        struct log_look look;

        ask(a, (uint64_t)i, &p);
        look = await(a, &wal);
        assert_int_equal(look.look.outcome, LOOK_ANSWERED);
        log_look_release(&look);
    }
    assert_int_equal(log_agents_running(a), LOG_AGENTS_MAX);
    log_agents_free(a);
}

/* An answer that is late by any time, or by none, must not make the loop sleep. */
static void the_wait_ends_when_an_answer_is_late(void **state)
{
    struct log_agents *a = agents(silent, SHORT_MS);
    const struct log_observer_port port = log_agents_port(a);
    (void)state;

    ask(a, 1, &place);
    for (const int64_t began_ms = clock_monotonic_ms();
         clock_monotonic_ms() < began_ms + 2 * SHORT_MS;) {
        const int64_t wait_ms = port.ops->wait_ms(port.self);

        assert_true(wait_ms >= 0 && wait_ms <= SHORT_MS + 1);
        poll(NULL, 0, 1);
    }
    log_agents_free(a);
}

static void questions_are_bounded(void **state)
{
    struct log_agents *a = agents(silent, PATIENCE_MS);
    const struct log_observer_port port = log_agents_port(a);
    struct err err;
    (void)state;

    for (int i = 0; i < LOG_AGENTS_OPEN_MAX; i++)
        ask(a, 1, &place);
    assert_int_equal(port.ops->ask(port.self, 1, &place, &err), ERR_LIMIT);
    log_agents_free(a);
}

/* --- restores --------------------------------------------------------------------------------- */

static struct restore_partition partitions[] = { { 3, 5, 9 } };
static const struct restore_plan plan = { .log = "c/t", .n = 1, .partitions = partitions };

static struct restore_log_result await_restored(struct log_agents *a, uint64_t *ret_wal)
{
    const struct log_observer_port port = log_agents_port(a);
    const int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    struct restore_log_result result;

    while (!port.ops->next_restored(port.self, ret_wal, &result))
        go_on(&port, deadline_ms);
    return result;
}

#define RESTORED "echo '{\"restored\":\"done\",\"denied\":false,\"why\":\"\","
#define WITH_PLAN                                                                                  \
    "\"log\":\"c/t\",\"toEnd\":true,\"recordBytes\":-1,\"partitions\":[[3,5,9]],\"number\":0}'"

static void what_becomes_of_orders_is_told(void **state)
{
    static const char *const planning[] = SHELL(
        "read access; while read line; do case $line in "
        "'{\"restore\":\"plan\"'*'[[0,7]]'*) " RESTORED WITH_PLAN
        ";; '{\"restore\":\"setGroup\"'*'[[3,5,9]]'*) " RESTORED "\"number\":0}';; esac; done");
    static const char *const confused[] = SHELL(
        "read access; while read line; do case $line in '{\"restore\":\"setGroup\"'*) " RESTORED
            WITH_PLAN ";; *) " RESTORED "\"number\":0}';; esac; done");
    static const struct restore_position position = { 0, 7 };
    static const struct {
        const char *name;
        const char *const *command;
        enum restore_outcome outcome;
        uint64_t n_lost;
    } rows[] = {
        { "planning", planning, RESTORE_DONE, 0 },
        { "looking", honest, RESTORE_FAILED, 1 },
        { "without a plan, and with one", confused, RESTORE_FAILED, 1 },
        { "dying", dying, RESTORE_FAILED, 1 },
        { "missing", missing, RESTORE_FAILED, 1 },
    };
    (void)state;

    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        const bool wants_plan = i % 2 == 0;
        const struct restore_log_order order = {
            .question = wants_plan ? RESTORE_LOG_PLAN : RESTORE_LOG_SET_GROUP,
            .target = { RESTORE_TO_POSITION, 0, &position, 1 },
            .plan = wants_plan ? NULL : &plan,
            .until_ms = 9,
        };
        struct log_agents *a = agents(rows[i / 2].command, PATIENCE_MS);
        const struct log_observer_port port = log_agents_port(a);
        struct restore_log_result result;
        struct err err;
        uint64_t wal;

        assert_int_equal(port.ops->restore(port.self, 7, &place, &order, &err), ERR_OK);
        result = await_restored(a, &wal);
        assert_int_equal(wal, 7);
        if (result.outcome != rows[i / 2].outcome || log_agents_lost(a) != rows[i / 2].n_lost ||
            (result.plan.n > 0) != (wants_plan && result.outcome == RESTORE_DONE) ||
            (result.why[0] == '\0') != (result.outcome == RESTORE_DONE))
            fail_msg("%s, %d: %s", rows[i / 2].name, wants_plan, result.why);
        restore_plan_release(&result.plan);
        log_agents_free(a);
    }
}

static void one_order_of_each_wal_is_open(void **state)
{
    const struct restore_log_order order = { .question = RESTORE_LOG_PLAN, .until_ms = 9 };
    struct log_agents *a = agents(dying, PATIENCE_MS);
    const struct log_observer_port port = log_agents_port(a);
    struct restore_log_result result;
    struct err err;
    uint64_t wal;
    (void)state;

    assert_int_equal(port.ops->restore(port.self, 7, &place, &order, &err), ERR_OK);
    assert_int_equal(port.ops->restore(port.self, 7, &place, &order, &err), ERR_LIMIT);
    assert_int_equal(port.ops->restore(port.self, 8, &place, &order, &err), ERR_OK);
    for (int i = 0; i < 2; i++)
        result = await_restored(a, &wal);
    assert_int_equal(result.outcome, RESTORE_FAILED);
    assert_int_equal(port.ops->restore(port.self, 7, &place, &order, &err), ERR_OK);
    log_agents_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_finds_is_the_answer),
        cmocka_unit_test(several_are_asked_at_a_time),
        cmocka_unit_test(brokers_that_answer_nobody_are_asked_once),
        cmocka_unit_test(what_brokers_refuse_is_known),
        cmocka_unit_test(an_agent_that_fails_is_lost_alone),
        cmocka_unit_test(it_is_started_again_after_a_while),
        cmocka_unit_test(each_access_has_a_process_of_its_own),
        cmocka_unit_test(one_that_has_nothing_to_do_makes_room),
        cmocka_unit_test(the_wait_ends_when_an_answer_is_late),
        cmocka_unit_test(what_becomes_of_marks_is_told),
        cmocka_unit_test(marks_take_some_of_the_places_alone),
        cmocka_unit_test(what_becomes_of_orders_is_told),
        cmocka_unit_test(one_order_of_each_wal_is_open),
        cmocka_unit_test(questions_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
