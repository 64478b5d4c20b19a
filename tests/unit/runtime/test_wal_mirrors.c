#include "runtime/wal_mirrors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/controller_metrics.h"
#include "wal_stand.h"

#define AT_CONNECT                                                                                 \
    "\"connect\":{\"url\":\"https://"                                                              \
    "connect.example:8083\",\"connector\":\"a\",\"username\":\"me\","                              \
    "\"passwordSecret\":{\"name\":\"auth\"}}"

enum { TEXT_MAX = 1024, SECOND_MS = 1000, PROOF_MS = 45 * 1000 };

static void put(struct wal_stand *s, int generation, const char *state, const char *more)
{
    char text[TEXT_MAX];

    snprintf(text, sizeof(text),
             "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\",\"metadata\":{\"name\":"
             "\"orders\",\"namespace\":\"ns\",\"generation\":%d},\"spec\":{\"wal\":\"" LOOKS_WAL
             "\",\"redis\":{\"address\":\"r:6379\"},\"kafka\":{\"brokers\":[\"%s\"]},\"mirror\":"
             "{\"state\":\"%s\",%s" AT_CONNECT "}}}",
             generation, s->here, state, more);
    fake_api_put(s->api, SECRETS, "ns", "auth", SECRET);
    wal_stand_put_wal(s, text);
}

static void without_a_mirror_nothing_is_said_of_one(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_not(s, "irror");
    assert_int_equal(s->connector.n_looks, 0);
}

static void is_on_the_page(struct wal_stand *s, const char *line)
{
    const struct wal_reconciler_counts counts = wal_reconciler_counts(s->reconciler);
    CLEANUP(buf_release) struct buf page = { 0 };

    buf_init(&page, CONTROLLER_METRICS_MAX_BYTES);
    controller_metrics_print(&counts, wal_reconciler_looks(s->reconciler), "1",
                             (struct controller_times){ wal_stand_ms, wal_stand_ms },
                             METRICS_PROMETHEUS, &page);
    assert_true(buf_append(&page, "", 1));
    if (!strstr(page.p, line))
        fail_msg("no %s in %s", line, page.p);
}

static void a_mirror_that_runs_is_told(void **state)
{
    struct wal_stand *s = *state;
    unsigned n_writes;

    put(s, 1, "Running", "\"sourceBrokers\":[\"source:9092\"],");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"type\":\"MirrorRunning\",\"status\":\"True\",\"reason\":\"Running\"");
    wal_stand_says(s,
                   "\"mirror\":{\"observedGeneration\":1,\"connector\":\"a\",\"state\":\"Running\","
                   "\"reason\":\"Running\","
                   "\"tasks\":{\"total\":2,\"running\":2,\"failed\":0},\"lag\":{\"records\":60},"
                   "\"partitions\":[{\"partition\":0,\"next\":100,\"behind\":30},"
                   "{\"partition\":1,\"next\":100,\"behind\":30}]}");
    is_on_the_page(s, "redwal_controller_wal_mirror_state{namespace=\"ns\",name=\"orders\",state="
                      "\"Running\",wanted=\"Running\"} 1\n");
    is_on_the_page(s, "redwal_controller_wal_mirror_lag_records{namespace=\"ns\",name=\"orders\"} "
                      "60\n");
    assert_string_equal(s->connector.password, "hush");
    n_writes = s->n_writes;
    s->connector.n_looks = 0;
    wal_stand_run(s, 5 * MINUTE_MS);
    assert_true(s->connector.n_looks >= 5 * MINUTE_MS / LOOK_MS - 1);
    assert_int_equal(s->n_writes, n_writes);
    assert_int_equal(s->connector.n_stops + s->connector.n_resumes + s->connector.n_guards, 0);
}

static void what_is_only_observed_gets_no_order(void **state)
{
    struct wal_stand *s = *state;

    s->connector.state = CONNECTOR_STOPPED;
    put(s, 1, "Observed", "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_scale_up(s);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopping", "GuardAwaited");
    wal_stand_says(s, "\"phase\":\"Degraded\"");
    assert_int_equal(s->connector.n_stops + s->connector.n_resumes + s->connector.n_guards, 0);
}

static void a_stop_is_proven_and_the_mirror_goes_on(void **state)
{
    struct wal_stand *s = *state;

    put(s, 1, "Running", "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_scale_up(s);
    s->connector.stop_takes_ms = MINUTE_MS;
    put(s, 2, "Stopped", "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopping", "TasksLeft");
    assert_int_equal(s->connector.n_stops, 1);
    wal_stand_run(s, PROOF_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    wal_stand_says(s, "\"phase\":\"Applying\"");
    assert_int_equal(s->connector.n_stops, 1);
    assert_int_equal(s->connector.n_guards, 1);
    assert_int_equal(
        wal_stand_count_events(s, "\"reason\":\"StoppedAndFenced\",\"action\":\"MirrorRunning\""),
        1);
    assert_int_equal(wal_stand_count_events(s, "\"action\":\"MirrorRunning\""), 1);
    wal_stand_run(s, 5 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    assert_int_equal(s->connector.n_guards, 1);

    put(s, 3, "Running", "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Running", "Running");
    assert_int_equal(s->connector.n_resumes, 1);
    assert_int_equal(wal_stand_count_events(s, "\"action\":\"MirrorRunning\""), 2);
}

static void a_log_that_grows_is_no_proof(void **state)
{
    struct wal_stand *s = *state;

    put(s, 1, "Stopped", "");
    for (int i = 0; i < 20; i++) {
        wal_stand_run(s, LOOK_MS / 2);
        s->log_end++;
    }
    wal_stand_says_of_mirror(s, "Stopping", "LogGrows");
    wal_stand_says_not(s, "StoppedAnd");
    wal_stand_run(s, PROOF_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
}

static void who_does_not_answer_is_unknown_and_gets_no_order(void **state)
{
    struct wal_stand *s = *state;

    put(s, 1, "Running", "");
    wal_stand_run(s, MINUTE_MS);
    s->connector.is_silent = true;
    put(s, 2, "Stopped", "");
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Unknown", "Unreachable");
    wal_stand_says(s, "\"type\":\"MirrorRunning\",\"status\":\"Unknown\"");
    wal_stand_says(s, "\"trouble\":\"made up\"");
    assert_int_equal(s->connector.state, CONNECTOR_RUNNING);
    s->connector.is_silent = false;
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
}

static void a_connector_that_is_not_there_is_no_stop(void **state)
{
    struct wal_stand *s = *state;

    s->connector.is_missing = true;
    put(s, 1, "Stopped", "");
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Unknown", "NoSuchConnector");
    wal_stand_says(s, "\"type\":\"MirrorRunning\",\"status\":\"Unknown\"");
    assert_int_equal(s->connector.n_stops + s->connector.n_guards, 0);
    s->connector.is_missing = false;
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    s->connector.is_missing = true;
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Unknown", "NoSuchConnector");
}

static void a_proof_is_over_when_nobody_answers(void **state)
{
    struct wal_stand *s = *state;

    put(s, 1, "Stopped", "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    s->connector.is_silent = true;
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Unknown", "Unreachable");
    s->connector.is_silent = false;
    wal_stand_run(s, LOOK_MS);
    wal_stand_says_not(s, "StoppedAnd");
    wal_stand_run(s, PROOF_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
}

/* Nobody looked between, but for what it has stored. */
static void a_mirror_that_was_let_go_on_and_stopped_between_two_looks_is_proven_anew(void **state)
{
    struct wal_stand *s = *state;

    put(s, 1, "Stopped", "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    s->connector.next++;
    wal_stand_run(s, LOOK_MS + SECOND_MS);
    wal_stand_says_not(s, "StoppedAnd");
    wal_stand_run(s, PROOF_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    assert_int_equal(s->connector.n_guards, 2);
    assert_int_equal(s->connector.n_stops, 2);
    wal_stand_run(s, 2 * MINUTE_MS);
    assert_int_equal(wal_stand_count_events(s, "\"reason\":\"StoppedAndFenced\""), 1);
    assert_int_equal(wal_stand_count_events(s, "\"series\":{\"count\":2"), 1);
}

static void another_connect_is_proven_anew(void **state)
{
    struct wal_stand *s = *state;

    put(s, 1, "Stopped", "");
    wal_stand_run(s, MINUTE_MS);
    assert_int_equal(s->connector.n_guards, 1);
    put(s, 2, "Stopped", "\"sourceBrokers\":[\"source:9092\"],");
    wal_stand_run(s, MINUTE_MS);
    assert_int_equal(s->connector.n_guards, 2);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
}

static int64_t delay_ms;

static int64_t delay(void *self)
{
    (void)self;
    return delay_ms;
}

/* What is asked from now on waits behind others for so long. */
static void make_wait(struct wal_stand *s, int64_t duration_ms)
{
    delay_ms = duration_ms;
    s->mirror.delay_ms = delay;
    s->mirror.waits = true;
}

static void says_it_looked_under(struct wal_stand *s, int generation, int mirror_generation)
{
    char text[TEXT_MAX];

    snprintf(text, sizeof(text), "\"status\":{\"observedGeneration\":%d", generation);
    wal_stand_says(s, text);
    snprintf(text, sizeof(text), "\"mirror\":{\"observedGeneration\":%d", mirror_generation);
    wal_stand_says(s, text);
}

static void it_is_told_under_which_specification_it_was_looked_at(void **state)
{
    struct wal_stand *s = *state;

    put(s, 1, "Running", "");
    wal_stand_run(s, MINUTE_MS);
    says_it_looked_under(s, 1, 1);
    make_wait(s, LOOK_MS);
    wal_stand_run(s, LOOK_MS + STEP_MAX_MS); /* a look waits */
    put(s, 2, "Stopped", "");
    wal_stand_run(s, SECOND_MS);
    says_it_looked_under(s, 2, 1);
    wal_stand_says_of_mirror(s, "Running", "Running");
    wal_stand_run(s, LOOK_MS);
    says_it_looked_under(s, 2, 1); /* that one was asked for before */
    wal_stand_run(s, 3 * LOOK_MS);
    says_it_looked_under(s, 2, 2);
}

static void what_was_asked_of_another_connect_tells_nothing(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    make_wait(s, LOOK_MS);
    put(s, 2, "Observed", "");
    wal_stand_run(s, LOOK_MS / 2);
    put(s, 3, "Observed", "\"sourceBrokers\":[\"source:9092\"],");
    wal_stand_run(s, LOOK_MS / 2 + SECOND_MS);
    assert_int_equal(s->connector.n_looks, 1);
    wal_stand_says_of_mirror(s, "Unknown", "NotObserved");
    delay_ms = 0;
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Running", "Running");
}

/* Nothing was looked at since: what stood there was about another one. */
static void another_mirror_is_never_told_of_with_what_was_known_of_the_first(void **state)
{
    struct wal_stand *s = *state;

    put(s, 1, "Stopped", "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    make_wait(s, MINUTE_MS);
    put(s, 2, "Stopped", "\"sourceBrokers\":[\"source:9092\"],");
    for (int i = 0; i < SECOND_MS; i++) {
        wal_stand_run(s, 1);
        wal_stand_says_not(s, "StoppedAnd");
    }
    wal_stand_says_of_mirror(s, "Unknown", "NotObserved");
}

static void a_log_on_other_brokers_is_proven_to_stand_still_anew(void **state)
{
    struct wal_stand *s = *state;

    put(s, 1, "Stopped", "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    s->here = "l:9092";
    put(s, 2, "Stopped", "");
    wal_stand_run(s, SECOND_MS);
    wal_stand_says_not(s, "StoppedAnd");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    assert_int_equal(s->connector.n_guards, 2);
}

static void a_stop_is_proven_however_seldom_the_rest_is_looked_at(void **state)
{
    const struct wal_reconciler_settings settings = { .requests_per_second = 100,
                                                      .requests_burst = 100,
                                                      .look_interval_ms = 10 * MINUTE_MS };
    struct wal_stand *s = *state;

    wal_reconciler_tune(s->reconciler, &settings);
    put(s, 1, "Stopped", "");
    wal_stand_run(s, 40 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    assert_int_equal(s->connector.n_guards, 1);
}

static void what_is_unclear_gets_no_order(void **state)
{
    struct wal_stand *s = *state;

    put(s, 1, "Running", "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_put_wal(s, NOBODY);
    wal_stand_run(s, SECOND_MS);
    s->connector.n_looks = 0;
    s->connector.state = CONNECTOR_STOPPED;
    wal_stand_run(s, MINUTE_MS);
    assert_true(s->connector.n_looks > 0);
    assert_int_equal(s->connector.n_resumes, 0);
}

static void what_is_let_go_on_is_not_called_stopped_while_that_is_under_way(void **state)
{
    struct wal_stand *s = *state;

    put(s, 1, "Stopped", "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    make_wait(s, LOOK_MS);
    put(s, 2, "Running", "");
    wal_stand_run(s, 2 * LOOK_MS);
    assert_int_equal(s->connector.n_resumes, 0); /* it waits */
    wal_stand_says_of_mirror(s, "Stopping", "GuardAwaited");
    wal_stand_run(s, LOOK_MS);
    assert_int_equal(s->connector.n_resumes, 1);
}

/* It may be carried out yet, though nobody answered. */
static void a_stop_behind_an_order_to_go_on_without_a_result_is_ordered_and_proven_anew(
    void **state)
{
    struct wal_stand *s = *state;

    s->connector.state = CONNECTOR_STOPPED;
    put(s, 1, "Stopped", "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    assert_int_equal(s->connector.n_stops, 1);
    s->connector.refuses = true;
    put(s, 2, "Running", "");
    wal_stand_run(s, 2 * SECOND_MS);
    assert_true(s->connector.n_refused > 0);
    put(s, 3, "Stopped", "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_not(s, "StoppedAnd");
    assert_int_equal(s->connector.n_guards, 1);
    s->connector.refuses = false;
    wal_stand_run(s, MINUTE_MS);
    assert_int_equal(s->connector.n_stops, 2);
    assert_int_equal(s->connector.n_guards, 2);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
}

static void who_refuses_us_is_asked_with_a_new_password(void **state)
{
    struct wal_stand *s = *state;

    s->connector.denies = true;
    put(s, 1, "Stopped", "");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Unknown", "AccessDenied");
    assert_int_equal(s->connector.n_stops, 0);
    s->connector.denies = false;
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
}

static void a_connect_that_is_not_allowed_is_told_and_nothing_is_asked(void **state)
{
    struct wal_stand *s = *state;

    wal_stand_put_mirror(s, 1, "Stopped",
                         "\"connect\":{\"url\":\"http:/"
                         "/connect.other.svc:8083\",\"connector\":\"a\"}");
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Unknown", "NotAllowed");
    wal_stand_says(s,
                   "\"status\":\"Unknown\",\"reason\":\"NotAllowed\",\"message\":\"the controller "
                   "may not ask that Connect, and has not: --connect-allow does not name the "
                   "host of http:/"
                   "/connect.other.svc:8083. What to do: ");
    assert_int_equal(s->connector.n_looks + s->connector.n_stops, 0);
    wal_stand_put_mirror(s, 2, "Stopped",
                         "\"connect\":{\"url\":\"http:/"
                         "/connect.ns.svc:8083\",\"connector\":\"a\"}");
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
}

static unsigned count_lines(int fd, const char *what)
{
    static char text[64 * 1024];
    const ssize_t n = read(fd, text, sizeof(text) - 1);
    unsigned count = 0;

    text[n < 0 ? 0 : n] = '\0';
    for (const char *p = text; (p = strstr(p, what)); p++)
        count++;
    return count;
}

static void an_order_that_is_not_taken_is_given_again_less_and_less_often(void **state)
{
    struct wal_stand *s = *state;
    struct log log;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    log_init(&log, fds[1], LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    wal_reconciler_free(s->reconciler);
    s->log = &log;
    wal_stand_begin(s);
    s->connector.state = CONNECTOR_STOPPED;
    s->connector.refuses = true;
    put(s, 1, "Running", "");
    wal_stand_run(s, 10 * MINUTE_MS);
    assert_in_range(s->connector.n_refused, 10 * MINUTE_MS / (LOOK_MS + WAL_MIRRORS_RETRY_MAX_MS),
                    8 + 10 * MINUTE_MS / (WAL_MIRRORS_RETRY_MAX_MS * 3 / 4));
    put(s, 2, "Stopped", "");
    wal_stand_run(s, SECOND_MS);
    put(s, 3, "Running", ""); /* what is wanted anew is tried at once */
    s->connector.refuses = false;
    wal_stand_run(s, 2 * SECOND_MS);
    assert_int_equal(s->connector.n_resumes, 1);
    log_release(&log);
    s->log = NULL;
    close(fds[1]);
    assert_int_equal(count_lines(fds[0], "Failed to order"), 1);
    close(fds[0]);
    wal_reconciler_free(s->reconciler);
    wal_stand_begin(s);
}

static void a_missing_secret_is_told_and_nothing_is_asked(void **state)
{
    struct wal_stand *s = *state;

    put(s, 1, "Stopped", "");
    fake_api_delete(s->api, fake_api_find(s->api, SECRETS, "ns", "auth"));
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Unknown", "NotObserved");
    wal_stand_says(s, "Secret");
    assert_int_equal(s->connector.n_looks, 0);
}

static void who_gives_the_lease_away_asks_nobody(void **state)
{
    struct wal_stand *s = *state;
    unsigned n_looks;

    put(s, 1, "Running", "");
    wal_stand_run(s, MINUTE_MS);
    wal_reconciler_release(s->reconciler);
    wal_stand_run(s, LOOK_MS);
    n_looks = s->connector.n_looks;
    s->connector.state = CONNECTOR_STOPPED;
    wal_stand_run(s, MINUTE_MS);
    assert_int_equal(s->connector.n_looks, n_looks);
    assert_int_equal(s->connector.n_resumes, 0);
}

static bool is_asked(const struct wal_stand *s, enum mirror_effect effect)
{
    for (size_t i = 0; i < FAKE_MIRROR_QUESTIONS; i++)
        if (s->mirror.questions[i].wal != 0 && s->mirror.questions[i].answer.effect == effect)
            return true;
    return false;
}

/* A look that is answered while the lease is being given away is no reason for an order. */
static void who_gives_the_lease_away_waits_for_its_orders_and_gives_no_more(void **state)
{
    struct wal_stand *s = *state;
    struct fake_connector connectors[] = { { .state = CONNECTOR_STOPPED },
                                           { .state = CONNECTOR_STOPPED } };

    s->mirror.connectors = connectors;
    wal_stand_put_wal(s, BY_ADDRESS);
    wal_stand_run(s, MINUTE_MS);
    make_wait(s, LOOK_MS / 2);
    put(s, 2, "Running", "");
    wal_stand_run(s, LOOK_MS / 2);
    wal_stand_put_mirror_of(s, "other", 1, "Running",
                            "\"connect\":{\"url\":\"http://c.example\",\"connector\":\"b\"}");
    while (!is_asked(s, MIRROR_EFFECT_RESUME) || !is_asked(s, MIRROR_EFFECT_NOTHING))
        wal_stand_run(s, 1);
    wal_reconciler_release(s->reconciler);
    wal_stand_run(s, SECOND_MS);
    assert_false(wal_reconciler_is_released(s->reconciler));
    wal_stand_run(s, MINUTE_MS);
    assert_true(wal_reconciler_is_released(s->reconciler));
    assert_int_equal(connectors[0].n_resumes, 1);
    assert_int_equal(connectors[1].n_looks, 1);
    assert_int_equal(connectors[1].n_resumes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wal_stand_set_up, wal_stand_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_mirror_nothing_is_said_of_one),
        TEST(a_mirror_that_runs_is_told),
        TEST(what_is_only_observed_gets_no_order),
        TEST(a_stop_is_proven_and_the_mirror_goes_on),
        TEST(a_log_that_grows_is_no_proof),
        TEST(who_does_not_answer_is_unknown_and_gets_no_order),
        TEST(a_connector_that_is_not_there_is_no_stop),
        TEST(a_proof_is_over_when_nobody_answers),
        TEST(a_mirror_that_was_let_go_on_and_stopped_between_two_looks_is_proven_anew),
        TEST(another_connect_is_proven_anew),
        TEST(it_is_told_under_which_specification_it_was_looked_at),
        TEST(what_was_asked_of_another_connect_tells_nothing),
        TEST(another_mirror_is_never_told_of_with_what_was_known_of_the_first),
        TEST(a_log_on_other_brokers_is_proven_to_stand_still_anew),
        TEST(a_stop_is_proven_however_seldom_the_rest_is_looked_at),
        TEST(what_is_unclear_gets_no_order),
        TEST(what_is_let_go_on_is_not_called_stopped_while_that_is_under_way),
        TEST(a_stop_behind_an_order_to_go_on_without_a_result_is_ordered_and_proven_anew),
        TEST(who_refuses_us_is_asked_with_a_new_password),
        TEST(a_connect_that_is_not_allowed_is_told_and_nothing_is_asked),
        TEST(an_order_that_is_not_taken_is_given_again_less_and_less_often),
        TEST(a_missing_secret_is_told_and_nothing_is_asked),
        TEST(who_gives_the_lease_away_asks_nobody),
        TEST(who_gives_the_lease_away_waits_for_its_orders_and_gives_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
