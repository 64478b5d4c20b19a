/* Which dead letters are looked at, and what is told where not all can be read. */
#include "revert_letters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/mem.h"
#include "runtime/revert_state.h"
#include "tree.h"

#define TOPIC   "log"
#define LETTERS "letters"

enum { FETCH_REQUEST = 1 /* of Kafka's protocol */, FLUSH_TIMEOUT_MS = 10000, TEXT_MAX = 256 };

/* A key that a run before made, and one that this one wrote. */
#define EARLIER "earlier"
#define WRITTEN "written"
enum { EARLIER_OFFSET = 3, WRITTEN_OFFSET = 7 };

struct stand {
    rd_kafka_t *host; /* of the mock brokers, and who writes letters */
    rd_kafka_mock_cluster_t *cluster;
    struct invocation in;
    struct verify verify;
    struct revert revert;
    struct comparison comparison;
    struct revert_letters letters;
    int n_earlier, n_written; /* told of them */
};

static void found(void *self, struct str key, const struct finding *finding,
                  enum repair_outcome outcome, const char *why)
{
    struct stand *s = self;

    (void)finding;
    (void)why;
    assert_true(str_eq(key, STR_LITERAL(EARLIER)));
    assert_int_equal(outcome, REPAIR_REJECTED);
    s->n_earlier++;
}

static void revised(void *self, struct str key, enum finding_kind kind, enum repair_outcome outcome,
                    const char *why)
{
    struct stand *s = self;

    (void)kind;
    (void)why;
    assert_true(str_eq(key, STR_LITERAL(WRITTEN)));
    assert_int_equal(outcome, REPAIR_REJECTED);
    s->n_written++;
}

static void start_log(struct stand *s)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[TEXT_MAX];

    rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", NULL, 0);
    rd_kafka_conf_set(conf, "log_level", "2", NULL, 0);
    rd_kafka_conf_set(conf, "linger.ms", "1", NULL, 0);
    s->host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    assert_non_null(s->host);
    s->cluster = rd_kafka_handle_mock_cluster(s->host);
    assert_int_equal(rd_kafka_mock_topic_create(s->cluster, TOPIC, 1, 1), 0);
    assert_int_equal(rd_kafka_mock_topic_create(s->cluster, LETTERS, 1, 1), 0);
}

static void parse(struct stand *s)
{
    static const char *const environment[] = { "XDG_CONFIG_HOME=/nonexistent", NULL };
    CLEANUP(buf_release) struct buf out = { 0 };
    char brokers[TEXT_MAX];
    const char *const argv[] = {
        "kubectl-redwal",       "revert",   brokers,    "--redis=r:1", "--topic=" TOPIC,
        "--dlq-topic=" LETTERS, "--keys=*", "--to=0:0", NULL,
    };

    snprintf(brokers, sizeof(brokers), "--brokers=%s",
             rd_kafka_mock_cluster_bootstraps(s->cluster));
    assert_int_equal(verb_parse(&tree, (int)ARRAY_SIZE(argv) - 1, argv, environment, &s->in, &out),
                     VERB_RUN);
}

static int begin(void **state)
{
    struct stand *s = mem_new(1, sizeof(*s));

    start_log(s);
    parse(s);
    s->verify = (struct verify){ .n_partitions = 1 };
    s->verify.ports.listener.found = found;
    s->verify.ports.listener.revised = revised;
    s->verify.ports.listener.self = s;
    s->revert.v = &s->verify;
    s->revert.settings.run = "run";
    written_keys_add(&s->revert.written, STR_LITERAL(WRITTEN), WRITTEN_OFFSET, FINDING_VALUE,
                     REPAIR_WRITTEN);
    s->comparison.in = &s->in;
    s->comparison.revert = &s->revert;
    *state = s;
    return 0;
}

static int end(void **state)
{
    struct stand *s = *state;

    revert_letters_release(&s->letters);
    written_keys_release(&s->revert.written);
    written_keys_release(&s->revert.earlier);
    invocation_release(&s->in);
    rd_kafka_destroy(s->host);
    free(s);
    return 0;
}

static void write_letter(struct stand *s, const char *key, int source_offset)
{
    char value[TEXT_MAX], offset[TEXT_MAX];

    snprintf(value, sizeof(value), "{\"v\":1,\"atomic\":[{\"key\":\"%s\",\"command\":\"DEL\"}]}",
             key);
    snprintf(offset, sizeof(offset), "%d", source_offset);
    assert_int_equal(
        rd_kafka_producev(s->host, RD_KAFKA_V_TOPIC(LETTERS), RD_KAFKA_V_PARTITION(0),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_VALUE(value, strlen(value)),
                          RD_KAFKA_V_HEADER("redwal-source-topic", TOPIC, -1),
                          RD_KAFKA_V_HEADER("redwal-source-partition", "0", -1),
                          RD_KAFKA_V_HEADER("redwal-source-offset", offset, -1),
                          RD_KAFKA_V_HEADER("redwal-reason", "redis-error", -1), RD_KAFKA_V_END),
        RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_flush(s->host, FLUSH_TIMEOUT_MS), 0);
}

/* A letter of the one is there when it begins, and one of the other comes since. */
static void write_letters(struct stand *s)
{
    struct err err = { 0 };

    write_letter(s, EARLIER, EARLIER_OFFSET);
    assert_int_equal(revert_letters_begin(&s->letters, &s->in, &err), ERR_OK);
    write_letter(s, WRITTEN, WRITTEN_OFFSET);
}

static void go_on(struct stand *s)
{
    written_keys_add(&s->revert.earlier, STR_LITERAL(EARLIER), EARLIER_OFFSET, FINDING_VALUE,
                     REPAIR_NONE);
}

static void a_run_that_goes_on_reads_all_letters(void **state)
{
    struct stand *s = *state;
    struct err err = { 0 };

    go_on(s);
    write_letters(s);
    assert_int_equal(revert_letters_tell(&s->letters, &s->comparison, &err), ERR_OK);
    assert_int_equal(s->n_earlier, 1);
    assert_int_equal(s->n_written, 1);
}

/* The first request for letters is refused, so that the reading of all of them ends. */
static void where_not_all_can_be_read_those_of_this_call_are_told(void **state)
{
    struct stand *s = *state;
    struct err err = { 0 };

    go_on(s);
    write_letters(s);
    rd_kafka_mock_push_request_errors(s->cluster, FETCH_REQUEST, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_int_not_equal(revert_letters_tell(&s->letters, &s->comparison, &err), ERR_OK);
    assert_non_null(strstr(err.msg, LETTERS));
    assert_int_equal(s->n_earlier, 0);
    assert_int_equal(s->n_written, 1);
}

/* What is older is of another record, whatever offset it has. */
static void a_run_that_made_nothing_before_reads_none_that_are_older(void **state)
{
    struct stand *s = *state;
    struct err err = { 0 };

    write_letter(s, WRITTEN, WRITTEN_OFFSET);
    assert_int_equal(revert_letters_begin(&s->letters, &s->in, &err), ERR_OK);
    assert_int_equal(revert_letters_tell(&s->letters, &s->comparison, &err), ERR_OK);
    assert_int_equal(s->n_written, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_that_goes_on_reads_all_letters, begin, end),
        cmocka_unit_test_setup_teardown(where_not_all_can_be_read_those_of_this_call_are_told,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_run_that_made_nothing_before_reads_none_that_are_older,
                                        begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
