#include "runtime/log_agent.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "codec/log_look_json.h"

enum { OUTPUT_MAX = 4096 };

#define ANSWER(number, why)                                                                        \
    "{\"number\":" number ",\"failed\":\"" why "\",\"denied\":false,\"silent\":false}\n"

/* --- a source --------------------------------------------------------------------------------- */

/* Looks of one group wait until all of them have begun. */
static int n_open, n_shared, n_looks, n_marks, n_waiting, n_together;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static enum err_code open_source(const struct log_place *place, void **ret_self, struct err *err)
{
    if (strcmp(place->brokers, "bad") == 0)
        return err_set(err, ERR_INVALID, "brokers that nobody can ask");
    n_open++;
    *ret_self = &n_open;
    return ERR_OK;
}

static void *share(void *self)
{
    assert_ptr_equal(self, &n_open);
    pthread_mutex_lock(&mutex);
    n_shared++;
    pthread_mutex_unlock(&mutex);
    return &n_shared;
}

static void wait_for_the_others(void)
{
    n_waiting++;
    pthread_cond_broadcast(&changed);
    while (n_waiting < n_together)
        pthread_cond_wait(&changed, &mutex);
}

static void look(void *self, const char *topic, const char *group, struct log_look *ret)
{
    assert_ptr_equal(self, &n_shared);
    log_look_init(ret);
    pthread_mutex_lock(&mutex);
    n_looks++;
    if (n_together > 0)
        wait_for_the_others();
    pthread_mutex_unlock(&mutex);
    ret->look.outcome = LOOK_FAILED;
    snprintf(ret->look.why, sizeof(ret->look.why), "%s of %s", group, topic);
}

static void look_stored(void *self, const struct log_place *place, struct log_look *ret)
{
    assert_ptr_equal(self, &n_shared);
    log_look_init(ret);
    ret->look.outcome = LOOK_FAILED;
    snprintf(ret->look.why, sizeof(ret->look.why), "%s of %s in %s", place->connector,
             place->mirrored, place->topic);
}

static void mark(void *self, const char *topic, const struct mark_record *records, int32_t n,
                 int64_t until_ms, struct mark_result *ret)
{
    assert_ptr_equal(self, &n_shared);
    assert_int_equal(until_ms, 9);
    assert_true(str_eq(records[0].value, STR_LITERAL("{\"v\":1,\"mark\":{\"sequence\":1,"
                                                     "\"timeMs\":1,\"site\":\"dc\"}}")));
    pthread_mutex_lock(&mutex);
    n_marks += n;
    pthread_mutex_unlock(&mutex);
    *ret = (struct mark_result){ .n_stored = n };
    snprintf(ret->why, sizeof(ret->why), "%s/%d", topic, (int)records[n - 1].partition);
}

static void restore(void *self, const char *topic, const char *group,
                    const struct restore_log_order *order, struct restore_log_result *ret)
{
    assert_ptr_equal(self, &n_shared);
    assert_int_equal(order->until_ms, 9);
    *ret = (struct restore_log_result){ .outcome = RESTORE_BUSY };
    if (order->question == RESTORE_LOG_PLAN)
        snprintf(ret->why, sizeof(ret->why), "%s/%s to %lld", topic, group,
                 (long long)order->target.time_ms);
    else
        snprintf(ret->why, sizeof(ret->why), "%s/%s of %s at %lld", topic, group, order->plan->log,
                 (long long)order->plan->partitions[1].from);
}

static void close_source(void *self)
{
    pthread_mutex_lock(&mutex);
    *(int *)self -= 1;
    assert_true(self == &n_shared || n_shared == 0);
    pthread_mutex_unlock(&mutex);
}

/* What it writes for an input. */
static enum err_code serve(const char *input, char *ret_output)
{
    static const struct log_agent_source source = { open_source, share,   look,        look_stored,
                                                    mark,        restore, close_source };
    int in[2], out[2];
    enum err_code rc;
    struct err err;
    ssize_t n;

    n_looks = 0;
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    assert_int_equal(write(in[1], input, strlen(input)), (ssize_t)strlen(input));
    close(in[1]);
    rc = log_agent_serve(in[0], out[1], &source, &err);
    close(out[1]);
    n = read(out[0], ret_output, OUTPUT_MAX - 1);
    assert_true(n >= 0);
    ret_output[n] = '\0';
    close(out[0]);
    assert_int_equal(n_open, 0);
    assert_int_equal(n_shared, 0);
    return rc;
}

static void answers_each_question_with_a_look(void **state)
{
    char output[OUTPUT_MAX];
    (void)state;

    assert_int_equal(serve("{\"access\":{\"brokers\":\"a:1\"}}\n"
                           "{\"number\":4,\"look\":{\"topic\":\"t\",\"group\":\"g\"}}\n"
                           "{\"number\":9,\"look\":{\"topic\":\"u\",\"group\":\"h\"}}\n",
                           output),
                     ERR_OK);
    assert_non_null(strstr(output, ANSWER("4", "g of t")));
    assert_non_null(strstr(output, ANSWER("9", "h of u")));
    assert_int_equal(strlen(output), 2 * strlen(ANSWER("4", "g of t")));
}

static void tells_what_a_connector_has_stored(void **state)
{
    char output[OUTPUT_MAX];
    (void)state;

    assert_int_equal(serve("{\"access\":{\"brokers\":\"a:1\"}}\n"
                           "{\"number\":4,\"look\":{\"topic\":\"t\",\"group\":\"g\",\"connector\":"
                           "\"c\",\"mirrored\":\"m\"}}\n",
                           output),
                     ERR_OK);
    assert_string_equal(output, ANSWER("4", "c of m in t"));
}

static void looks_at_several_logs_at_a_time(void **state)
{
    CLEANUP(buf_release) struct buf input = { 0 };
    char output[OUTPUT_MAX];
    (void)state;

    buf_init(&input, OUTPUT_MAX);
    buf_print(&input, "{\"access\":{\"brokers\":\"a:1\"}}\n");
    for (int i = 0; i < LOG_AGENT_LOOKS_MAX; i++)
        buf_print(&input, "{\"look\":{\"topic\":\"t\",\"group\":\"g\"}}\n");
    assert_true(buf_append(&input, "", 1));
    n_together = LOG_AGENT_LOOKS_MAX;
    n_waiting = 0;
    assert_int_equal(serve(input.p, output), ERR_OK);
    n_together = 0;
    assert_int_equal(n_looks, LOG_AGENT_LOOKS_MAX);
    assert_int_equal(strlen(output), LOG_AGENT_LOOKS_MAX * strlen(ANSWER("0", "g of t")));
}

static void an_access_that_is_no_good_is_each_answer(void **state)
{
    char output[OUTPUT_MAX];
    (void)state;

    assert_int_equal(serve("{\"access\":{\"brokers\":\"bad\"}}\n"
                           "{\"look\":{\"topic\":\"t\",\"group\":\"g\"}}\n",
                           output),
                     ERR_OK);
    assert_string_equal(output, ANSWER("0", "brokers that nobody can ask"));
    assert_int_equal(n_looks, 0);
}

static void ends_at_what_nobody_of_ours_says(void **state)
{
    static const struct {
        const char *input;
        enum err_code rc;
    } rows[] = {
        { "", ERR_CORRUPT },
        { "hello\n", ERR_CORRUPT },
        { "{\"look\":{\"topic\":\"t\",\"group\":\"g\"}}\n", ERR_CORRUPT },
        { "{\"access\":{\"brokers\":\"a:1\"}}\n", ERR_OK },
        { "{\"access\":{\"brokers\":\"a:1\"}}\nhello\n", ERR_CORRUPT },
        { "{\"access\":{\"brokers\":\"a:1\"}}\n{\"look\":{\"topic\":\"t\"}}\n", ERR_CORRUPT },
    };
    char output[OUTPUT_MAX];
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (serve(rows[i].input, output) != rows[i].rc)
            fail_msg("%s", rows[i].input);
        assert_string_equal(output, "");
        assert_int_equal(n_looks, 0);
    }
}

#define MARKS                                                                                      \
    "{\"marks\":{\"topic\":\"t\",\"site\":\"dc\",\"untilMs\":9,\"list\":["                         \
    "{\"partition\":0,\"sequence\":1,\"timeMs\":1},{\"partition\":1,\"sequence\":1,"               \
    "\"timeMs\":1}]},\"number\":3}\n"

static void writes_marks(void **state)
{
    char output[OUTPUT_MAX];
    (void)state;

    n_marks = 0;
    assert_int_equal(serve("{\"access\":{\"brokers\":\"a:1\"}}\n" MARKS, output), ERR_OK);
    assert_int_equal(n_marks, 2);
    assert_string_equal(output, "{\"number\":3,\"stored\":2,\"notStored\":0,\"denied\":false,"
                                "\"why\":\"t/1\"}\n");
    n_marks = 0;
    assert_int_equal(serve("{\"access\":{\"brokers\":\"bad\"}}\n" MARKS, output), ERR_OK);
    assert_int_equal(n_marks, 0);
    assert_string_equal(output, "{\"number\":3,\"stored\":0,\"notStored\":2,\"denied\":false,"
                                "\"why\":\"brokers that nobody can ask\"}\n");
    assert_int_equal(serve("{\"access\":{\"brokers\":\"a:1\"}}\n{\"marks\":{}}\n", output),
                     ERR_CORRUPT);
}

#define PLAN                                                                                       \
    "{\"restore\":\"plan\",\"topic\":\"t\",\"group\":\"g\",\"untilMs\":9,\"to\":\"time\","         \
    "\"timeMs\":77,\"number\":3}\n"
#define SET_GROUP                                                                                  \
    "{\"restore\":\"setGroup\",\"topic\":\"t\",\"group\":\"g\",\"untilMs\":9,\"log\":\"c/"         \
    "t\",\"partitions\":[[0,4,9],[3,3,7]],\"number\":4}\n"
#define BUSY(number, why)                                                                          \
    "{\"restored\":\"busy\",\"denied\":false,\"why\":\"" why "\",\"number\":" number "}\n"

static void does_what_restores_want(void **state)
{
    char output[OUTPUT_MAX];
    (void)state;

    assert_int_equal(serve("{\"access\":{\"brokers\":\"a:1\"}}\n" PLAN SET_GROUP, output), ERR_OK);
    assert_non_null(strstr(output, BUSY("3", "t/g to 77")));
    assert_non_null(strstr(output, BUSY("4", "t/g of c/t at 3")));
    assert_int_equal(serve("{\"access\":{\"brokers\":\"bad\"}}\n" PLAN, output), ERR_OK);
    assert_string_equal(output, "{\"restored\":\"failed\",\"denied\":false,\"why\":\"brokers that "
                                "nobody can ask\",\"number\":3}\n");
    assert_int_equal(serve("{\"access\":{\"brokers\":\"a:1\"}}\n{\"restore\":\"plan\"}\n", output),
                     ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_each_question_with_a_look),
        cmocka_unit_test(tells_what_a_connector_has_stored),
        cmocka_unit_test(looks_at_several_logs_at_a_time),
        cmocka_unit_test(an_access_that_is_no_good_is_each_answer),
        cmocka_unit_test(writes_marks),
        cmocka_unit_test(does_what_restores_want),
        cmocka_unit_test(ends_at_what_nobody_of_ours_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
