#include "runtime/wal_offsets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wal_stand.h"

enum { TEXT_MAX = 1024 };

#define STORED  "\"offsetsTopic\":\"connect-offsets\",\"sourceBrokers\":[\"source:9092\"],"
#define ALONE   STORED "\"connect\":{\"connector\":\"a\"}"
#define WITH_IT STORED "\"connect\":{\"url\":\"http://connect.example:8083\",\"connector\":\"a\"}"
#define TOLD(next, behind)                                                                         \
    "\"partitions\":[{\"partition\":0,\"next\":" next ",\"behind\":" behind "},"                   \
    "{\"partition\":1,\"next\":" next ",\"behind\":" behind "}]"

static void put_beside(struct wal_stand *s, int generation, const char *kafka, const char *mirror)
{
    char text[TEXT_MAX];

    snprintf(text, sizeof(text),
             "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\",\"metadata\":{\"name\":"
             "\"orders\",\"namespace\":\"ns\",\"generation\":%d},\"spec\":{\"wal\":\"" LOOKS_WAL
             "\",\"redis\":{\"address\":\"r:6379\"},\"kafka\":{\"brokers\":[\"k:9092\"],%s},"
             "\"mirror\":{%s}}}",
             generation, kafka, mirror);
    wal_stand_put_wal(s, text);
}

static void put(struct wal_stand *s, int generation, const char *mirror)
{
    put_beside(s, generation, "\"security\":\"PLAINTEXT\"", mirror);
}

/* Of all partitions; an apply takes nothing away at this API server. */
static int64_t behind(struct wal_stand *s)
{
    const struct wal_looks *looks = wal_reconciler_looks(s->reconciler);

    assert_int_equal(wal_looks_count(looks), 1);
    return mirror_lag_total(&wal_looks_at(looks, 0)->mirror.lag, wal_stand_ms);
}

static void how_far_a_mirror_is_is_told_though_nobody_may_ask_connect(void **state)
{
    struct wal_stand *s = *state;

    s->stored = 90;
    put(s, 1, ALONE);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"mirror\":{\"connector\":\"a\",\"state\":\"Unknown\"");
    wal_stand_says(s, "without spec.mirror.connect.url nobody tells what it does");
    wal_stand_says(s, "\"lag\":{\"records\":80}," TOLD("90", "40"));
    wal_stand_says(s, "\"type\":\"MirrorRunning\",\"status\":\"Unknown\"");
    assert_int_equal(s->connector.n_looks, 0);
    s->stored = 130;
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says(s, "\"lag\":{\"records\":0}," TOLD("130", "0"));
}

static void where_both_tell_the_topic_counts(void **state)
{
    struct wal_stand *s = *state;

    s->stored = 110;
    put(s, 1, WITH_IT);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"state\":\"Running\"");
    wal_stand_says(s, TOLD("110", "20"));
    put(s, 2, ALONE); /* its Connect can be asked no more */
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, "\"state\":\"Unknown\"");
    wal_stand_says(s, TOLD("110", "20"));
}

static void what_is_not_stored_or_cannot_be_read_is_unknown(void **state)
{
    struct wal_stand *s = *state;

    s->stored = 110;
    put(s, 1, WITH_IT);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says(s, TOLD("110", "20"));
    s->why = "topic connect-offsets: Broker: Topic authorization failed";
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says(s, "\"trouble\":\"topic connect-offsets: Broker: Topic authorization failed\"");
    wal_stand_says(s, "\"state\":\"Running\"");
    assert_int_equal(behind(s), LOOK_UNKNOWN);
    s->why = NULL;
    wal_stand_run(s, MINUTE_MS);
    assert_int_equal(behind(s), 40);
    s->stored = LOOK_UNKNOWN;
    wal_stand_run(s, MINUTE_MS);
    assert_int_equal(behind(s), LOOK_UNKNOWN);
}

#define HERE                                                                                       \
    "\"security\":\"SASL_SSL\",\"sasl\":{\"mechanism\":\"SCRAM-SHA-256\",\"username\":\"here\","   \
    "\"passwordSecret\":{\"name\":\"here\"}},\"tls\":{\"caSecret\":{\"name\":\"here\"}}"
#define THERE                                                                                      \
    "\"security\":\"SASL_SSL\",\"sasl\":{\"mechanism\":\"PLAIN\",\"username\":\"me\","             \
    "\"passwordSecret\":{\"name\":\"auth\"}}"
#define SECRET_OF(name, password)                                                                  \
    "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"" name                                          \
    "\",\"namespace\":\"ns\"},\"data\":{\"ca.crt\":\"Y2E=\",\"password\":\"" password "\"}}"

static void put_secrets(struct wal_stand *s)
{
    fake_api_put(s->api, SECRETS, "ns", "auth", SECRET);
    fake_api_put(s->api, SECRETS, "ns", "here", SECRET_OF("here", "cHNzdA==")); /* psst */
}

static void what_is_stored_is_asked_for_where_it_is_said_to_be(void **state)
{
    static const struct {
        const char *elsewhere, *way;
    } rows[] = {
        { "", "k:9092 SASL_SSL SCRAM-SHA-256 here psst ca" },
        { "\"offsetsKafka\":{\"brokers\":[\"o:1\",\"o:2\"]},",
          "o:1,o:2 SASL_SSL SCRAM-SHA-256 here psst ca" },
        { "\"offsetsKafka\":{\"brokers\":[\"o:1\"]," THERE "},", "o:1 SASL_SSL PLAIN me hush -" },
        { "\"offsetsKafka\":{\"brokers\":[\"o:1\"],\"security\":\"SSL\"},",
          "o:1 SSL SCRAM-SHA-512 - - -" },
    };
    struct wal_stand *s = *state;
    char mirror[TEXT_MAX];

    put_secrets(s);
    s->stored = 110;
    for (int i = 0; i < (int)ARRAY_SIZE(rows); i++) {
        snprintf(mirror, sizeof(mirror), "%s" ALONE, rows[i].elsewhere);
        put_beside(s, i + 1, HERE, mirror);
        wal_stand_run(s, MINUTE_MS);
        assert_string_equal(s->stored_at, rows[i].way);
        assert_int_equal(behind(s), 40);
    }
}

static void who_refuses_us_what_is_stored_is_asked_with_a_new_password(void **state)
{
    static const struct {
        const char *elsewhere, *secret, *text, *way;
    } rows[] = {
        { "", "here", SECRET_OF("here", "bmV3"), "k:9092 SASL_SSL SCRAM-SHA-256 here new ca" },
        { "\"offsetsKafka\":{\"brokers\":[\"o:1\"]," THERE "},", "auth", SECRET_OF("auth", "bmV3"),
          "o:1 SASL_SSL PLAIN me new -" },
        { "\"offsetsKafka\":{\"brokers\":[\"o:1\"],\"security\":\"SSL\"},", "auth", SECRET,
          "o:1 SSL SCRAM-SHA-512 - - -" },
    };
    struct wal_stand *s = *state;
    char mirror[TEXT_MAX];

    s->stored = 110;
    for (int i = 0; i < (int)ARRAY_SIZE(rows); i++) {
        put_secrets(s);
        snprintf(mirror, sizeof(mirror), "%s" ALONE, rows[i].elsewhere);
        s->why = "refused";
        put_beside(s, i + 1, HERE, mirror);
        wal_stand_run(s, MINUTE_MS);
        fake_api_put(s->api, SECRETS, "ns", rows[i].secret, rows[i].text);
        wal_stand_run(s, MINUTE_MS);
        assert_string_equal(s->stored_at, rows[i].way);
        s->why = NULL;
    }
}

static void who_refuses_us_the_log_is_asked_with_a_new_password(void **state)
{
    struct wal_stand *s = *state;

    s->well = false;
    put_secrets(s);
    put_beside(s, 1, HERE, ALONE);
    wal_stand_run(s, MINUTE_MS);
    assert_string_equal(s->log_password, "psst");
    fake_api_put(s->api, SECRETS, "ns", "here", SECRET_OF("here", "bmV3"));
    wal_stand_run(s, MINUTE_MS);
    assert_string_equal(s->log_password, "new");
}

static void what_is_stored_while_it_is_stopped_shows_that_it_ran(void **state)
{
    struct wal_stand *s = *state;

    s->stored = 110;
    put(s, 1, "\"state\":\"Stopped\"," WITH_IT);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    assert_int_equal(s->connector.n_guards, 1);
    s->stored = 120;
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    assert_true(s->connector.n_guards > 1);
    wal_stand_run(s, 2 * MINUTE_MS);
    assert_int_equal(wal_stand_count_events(s, "\"reason\":\"StoppedAndFenced\""), 1);
    assert_int_equal(wal_stand_count_events(s, "\"series\":{\"count\":2"), 1);
}

static void store_every_look(struct wal_stand *s, int64_t duration_ms)
{
    for (int64_t i = 0; i < duration_ms / LOOK_MS; i++) {
        s->stored += 10;
        wal_stand_run(s, LOOK_MS);
    }
}

static void who_stores_offsets_of_what_is_stopped_is_told_of(void **state)
{
    struct wal_stand *s = *state;

    s->stored = 110;
    put(s, 1, "\"state\":\"Stopped\"," WITH_IT);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
    store_every_look(s, 2 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopping", "OffsetsMove");
    wal_stand_says(s, "look for a second Connect with the same group.id or offset.storage.topic");
    assert_int_equal(wal_stand_count_events(s, "\"reason\":\"OffsetsMove\""), 1);
    wal_stand_run(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopping", "OffsetsMove");
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
}

static void another_leader_knows_that_they_are_stored(void **state)
{
    struct wal_stand *s = *state;

    s->stored = 110;
    put(s, 1, "\"state\":\"Stopped\"," WITH_IT);
    wal_stand_run(s, MINUTE_MS);
    store_every_look(s, MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopping", "OffsetsMove");
    wal_reconciler_free(s->reconciler);
    wal_stand_begin(s);
    wal_stand_run(s, MINUTE_MS); /* in which nothing is stored */
    wal_stand_says_of_mirror(s, "Stopping", "OffsetsMove");
    assert_int_equal(wal_stand_count_events(s, "\"reason\":\"OffsetsMove\""), 1);
    assert_int_equal(wal_stand_count_events(s, "\"reason\":\"StoppedAndFenced\""), 1);
    wal_stand_run(s, 2 * MINUTE_MS);
    wal_stand_says_of_mirror(s, "Stopped", "StoppedAndFenced");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wal_stand_set_up, wal_stand_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(how_far_a_mirror_is_is_told_though_nobody_may_ask_connect),
        TEST(where_both_tell_the_topic_counts),
        TEST(what_is_not_stored_or_cannot_be_read_is_unknown),
        TEST(what_is_stored_is_asked_for_where_it_is_said_to_be),
        TEST(who_refuses_us_what_is_stored_is_asked_with_a_new_password),
        TEST(who_refuses_us_the_log_is_asked_with_a_new_password),
        TEST(what_is_stored_while_it_is_stopped_shows_that_it_ran),
        TEST(who_stores_offsets_of_what_is_stopped_is_told_of),
        TEST(another_leader_knows_that_they_are_stored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
