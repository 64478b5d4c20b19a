/*
 * Marks for a RedisWal over a Redis and a log that answer at once, with the time that a test says.
 */
#include "runtime/wal_marks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "cli/applier_options.h"
#include "idle_port.h"
#include "looks.h"

#define WAL(spec)                                                                                  \
    "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\",\"metadata\":{\"name\":"        \
    "\"orders\",\"namespace\":\"ns\",\"generation\":1},\"spec\":{\"site\":\"dc\",\"redis\":{"      \
    "\"address\":\"r:6379\"},\"kafka\":{\"brokers\":[\"k:9092\"]}" spec "}}"
#define UNMARKED WAL("")
#define MARKED   WAL(",\"marks\":{\"interval\":\"2s\"}")
#define STANDBY  WAL(",\"marks\":{\"interval\":\"2s\"},\"role\":\"standby\"")

enum { PARTITIONS = 2, LOOK_MS = 1000, STEP_MS = 50, LEASE_MS = 10000, MINUTE_MS = 60 * 1000 };

struct stand {
    struct log log;
    struct wal_looks *looks;
    struct wal_marks *marks;
    struct wal_watch *wal;
    int64_t now_ms, ends_ms;
    uint64_t redis_asked, log_asked, marks_asked;
    bool linger; /* nothing becomes of marks */
    bool full;   /* no more questions are taken */
    bool denied; /* no mark is stored */
    unsigned n_batches, n_digests;
    int64_t last_until_ms;
    struct mark first, last;  /* of one partition, */
    struct mark_state folded; /* and what Redis tells of it */
};

static struct stand stand;

static enum err_code ask_redis(void *self, uint64_t wal, const struct redis_place *redis,
                               struct err *err)
{
    (void)self, (void)redis, (void)err;
    stand.redis_asked = wal;
    return ERR_OK;
}

static bool next_redis(void *self, uint64_t *ret_wal, struct redis_look *ret_look)
{
    (void)self;
    if (stand.redis_asked == 0)
        return false;
    *ret_wal = stand.redis_asked;
    stand.redis_asked = 0;
    *ret_look = looks_redis(stand.now_ms - 1, PARTITIONS, "a", 100);
    for (int i = 0; i < PARTITIONS; i++)
        ret_look->partitions[i].position.mark = stand.folded;
    return true;
}

static void ignore(void *self, uint64_t wal)
{
    (void)self, (void)wal;
}

static bool news(void *self, struct redis_news *ret)
{
    (void)self, (void)ret;
    return false;
}

static enum err_code ask_log(void *self, uint64_t wal, const struct log_place *log, struct err *err)
{
    (void)self, (void)log, (void)err;
    stand.log_asked = wal;
    return ERR_OK;
}

static bool next_log(void *self, uint64_t *ret_wal, struct log_look *ret_look)
{
    (void)self;
    if (stand.log_asked == 0)
        return false;
    *ret_wal = stand.log_asked;
    stand.log_asked = 0;
    *ret_look = looks_log(stand.now_ms - 3, PARTITIONS, 0, 100, 100);
    return true;
}

static enum err_code mark(void *self, uint64_t wal, const struct log_place *log,
                          const struct mark_batch *batch, struct err *err)
{
    (void)self;
    assert_string_equal(log->brokers, "k:9092");
    assert_string_equal(log->topic, "redis-writes");
    assert_string_equal(batch->site, "dc");
    assert_int_equal(batch->n, PARTITIONS);
    assert_true(batch->until_ms == stand.ends_ms);
    assert_true(batch->until_ms >= stand.now_ms + MARKING_DELIVERY_MS);
    if (stand.full)
        return err_set(err, ERR_LIMIT, "no room");
    stand.marks_asked = wal;
    stand.n_digests += batch->orders[0].mark.has_digest;
    stand.last = batch->orders[0].mark;
    if (stand.n_batches++ == 0)
        stand.first = stand.last;
    if (!stand.denied)
        stand.folded = (struct mark_state){ .sequence = stand.last.sequence,
                                            .time_ms = stand.last.time_ms,
                                            .has_before = true };
    return ERR_OK;
}

static bool next_marked(void *self, uint64_t *ret_wal, struct mark_result *ret_result)
{
    (void)self;
    if (stand.marks_asked == 0 || stand.linger)
        return false;
    *ret_wal = stand.marks_asked;
    stand.marks_asked = 0;
    *ret_result = (struct mark_result){ .n_stored = PARTITIONS };
    if (stand.denied)
        *ret_result = (struct mark_result){ .n_failed = PARTITIONS, .denied = true };
    return true;
}

static const struct observe_redis_ops redis_ops = {
    .ask = ask_redis, .next = next_redis, .ignore = ignore, .news = news
};
static const struct observe_log_ops log_ops = { .ask = ask_log,
                                                .mark = mark,
                                                .exchange = idle_port_exchange,
                                                .next = next_log,
                                                .next_marked = next_marked,
                                                .wait_ms = idle_port_wait_ms };
static const struct log_observer_port log_port = { &log_ops, NULL };

static void on_learned(void *self, struct wal_watch *w)
{
    (void)self, (void)w;
}

static void follow(const char *json)
{
    struct wal_resource resource = { 0 };
    struct err err;

    assert_int_equal(wal_resource_decode(str_from(json), applier_options(), &resource, &err),
                     ERR_OK);
    stand.wal = wal_looks_follow(stand.looks, &resource, NULL, stand.now_ms);
}

static int set_up(void **state)
{
    const struct wal_looks_ports ports = { .redis = { &redis_ops, NULL },
                                           .log = log_port,
                                           .on_learned = on_learned };
    (void)state;

    stand = (struct stand){ .now_ms = MINUTE_MS };
    log_init(&stand.log, STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    stand.looks = wal_looks_new(&ports, LOOK_MS);
    stand.marks = wal_marks_new(stand.looks, &log_port, 1, &stand.log);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    wal_marks_free(stand.marks);
    wal_looks_free(stand.looks);
    log_release(&stand.log);
    return 0;
}

/* `leads`: the lease is renewed all the time, or it is not. */
static void run_for(int64_t duration_ms, bool leads)
{
    for (const int64_t end_ms = stand.now_ms + duration_ms; stand.now_ms < end_ms;
         stand.now_ms += STEP_MS) {
        if (leads)
            stand.ends_ms = stand.now_ms + LEASE_MS;
        wal_looks_step(stand.looks, stand.now_ms, false);
        wal_marks_step(stand.marks, stand.now_ms, stand.now_ms, stand.ends_ms);
        assert_true(wal_marks_due_ms(stand.marks, stand.now_ms, stand.ends_ms) > stand.now_ms);
    }
}

static void begin(void)
{
    wal_marks_begin(stand.marks);
}

static void they_are_written_where_they_are_asked_for(void **state)
{
    static const struct {
        const char *wal;
        unsigned least, most;
        enum marking_state state;
    } rows[] = { { UNMARKED, 0, 0, MARKING_OFF },
                 { STANDBY, 0, 0, MARKING_OFF },
                 { MARKED, 28, 36, MARKING_WRITTEN } };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        tear_down(state);
        set_up(state);
        begin();
        follow(rows[i].wal);
        run_for(MINUTE_MS, true);
        assert_in_range(stand.n_batches, rows[i].least, rows[i].most);
        assert_int_equal(wal_marks_state(stand.wal, stand.now_ms), rows[i].state);
    }
}

static void each_tells_of_the_stretch_before_the_last(void **state)
{
    (void)state;
    begin();
    follow(MARKED);
    run_for(MINUTE_MS, true);
    assert_int_equal(stand.last.sequence, stand.n_batches);
    assert_int_equal(stand.n_digests, stand.n_batches - 1);
    assert_int_equal(stand.wal->marks.n_stored, stand.n_batches * PARTITIONS);
    assert_in_range(wal_marks_freshness_ms(stand.wal, stand.now_ms, stand.now_ms), 0,
                    2000 + LOOK_MS);
}

static void none_leaves_close_to_the_end_of_the_lease(void **state)
{
    int64_t sequence;
    (void)state;

    begin();
    follow(MARKED);
    run_for(MINUTE_MS, true);
    sequence = stand.last.sequence;
    run_for(MINUTE_MS, false); /* mark() looks at how much is left */
    assert_in_range(stand.last.sequence - sequence, 2, 5);
    sequence = stand.last.sequence;

    /* Somebody else led meanwhile. */
    stand.folded.sequence += 100;
    begin();
    run_for(MINUTE_MS, true);
    assert_true(stand.last.sequence > sequence + 100 && stand.last.sequence < sequence + 140);
    assert_int_equal(stand.wal->marks.n_others, 0);
}

static void what_is_on_its_way_is_known(void **state)
{
    (void)state;
    begin();
    follow(MARKED);
    stand.linger = true;
    run_for(MINUTE_MS, true);
    assert_int_equal(stand.n_batches, 1);
    assert_true(wal_marks_are_open(stand.marks));
    wal_looks_forget(stand.looks, STR_LITERAL("ns"), STR_LITERAL("orders"));
    assert_true(wal_marks_are_open(stand.marks));
    stand.linger = false;
    run_for(LOOK_MS, true);
    assert_false(wal_marks_are_open(stand.marks));
}

static void what_is_not_written_is_told_and_tried_again(void **state)
{
    (void)state;
    begin();
    follow(MARKED);
    stand.full = true;
    run_for(MINUTE_MS / 2, true);
    assert_int_equal(wal_marks_state(stand.wal, stand.now_ms), MARKING_FAILED);
    assert_string_equal(stand.wal->marks.why, "no room");
    stand.full = false;
    stand.denied = true;
    run_for(MINUTE_MS / 2, true);
    assert_int_equal(wal_marks_state(stand.wal, stand.now_ms), MARKING_DENIED);
    stand.denied = false;
    run_for(MINUTE_MS / 2, true);
    assert_int_equal(wal_marks_state(stand.wal, stand.now_ms), MARKING_WRITTEN);
    assert_int_equal(stand.wal->marks.n_others, 0);
}

static void without_marks_freshness_is_by_the_log_of_an_active_site(void **state)
{
    (void)state;
    follow(UNMARKED);
    assert_int_equal(wal_marks_freshness_ms(stand.wal, stand.now_ms, stand.now_ms), LOOK_UNKNOWN);
    run_for(MINUTE_MS, true);
    assert_int_equal(wal_marks_freshness_ms(stand.wal, stand.now_ms, stand.now_ms), 0);
    stand.folded = (struct mark_state){ .sequence = 1, .time_ms = 1 }; /* of long ago */
    run_for(MINUTE_MS, true);
    assert_int_equal(wal_marks_freshness_ms(stand.wal, stand.now_ms, stand.now_ms), 0);
    follow(STANDBY);
    assert_int_equal(wal_marks_freshness_ms(stand.wal, stand.now_ms, stand.now_ms),
                     stand.now_ms - 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(they_are_written_where_they_are_asked_for),
        TEST(each_tells_of_the_stretch_before_the_last),
        TEST(none_leaves_close_to_the_end_of_the_lease),
        TEST(what_is_on_its_way_is_known),
        TEST(what_is_not_written_is_told_and_tried_again),
        TEST(without_marks_freshness_is_by_the_log_of_an_active_site),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
