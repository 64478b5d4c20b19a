#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/bounded_wal.h"
#include "runtime/lookahead.h"
#include "scripted_wal.h"

static struct apply_loop_settings settings;
static struct command_set commands;
static struct lookahead *ahead;
static struct err err;

static const struct str keys[] = { { "a", 1 }, { "b", 1 }, { "c", 1 } };

static int set_up(void **state)
{
    const struct wal wal = scripted_wal();
    const struct registry none = { 0 };

    (void)state;
    err = (struct err){ 0 };
    settings.applier = applier_settings_default();
    settings.max_record_bytes = 1 << 20;
    settings.known_commands = &commands;
    for (size_t i = 0; i < command_count(); i++)
        command_set_add(&commands, command_at(i));
    ahead = lookahead_new(&settings, &wal, &none);
    scripted_wal_tell(WAL_BALANCED, -1, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lookahead_free(ahead);
    scripted_wal_release();
    return 0;
}

/* From 4 and 0; the second partition is left out. */
static void begin(void)
{
    static const int64_t next[SCRIPTED_PARTITIONS] = { 4, BOUND_NONE, 0 };

    assert_int_equal(
        lookahead_begin(ahead, next, SCRIPTED_PARTITIONS, keys, ARRAY_SIZE(keys), &err), ERR_OK);
}

static void assert_named(const char *names)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (lookahead_names(ahead, i) != (strchr(names, keys[i].p[0]) != NULL))
            fail_msg("%s: not '%s'", keys[i].p, names);
}

/* value, which keys it names */
static const struct {
    const char *value, *named;
} rows[] = {
    { "{\"v\":1,\"key\":\"a\",\"command\":\"SET\",\"args\":[\"x\"]}", "a" },
    { "{\"v\":1,\"key\":\"other\",\"command\":\"SET\",\"args\":[\"a\"]}", "" },
    { "{\"v\":1,\"key\":\"b\",\"command\":\"DEL\"}", "b" },
    { "{\"v\":1,\"key\":\"b\",\"command\":\"NOSUCH\"}", "b" },
    { "{\"v\":1,\"key\":\"c\",\"command\":\"SORT\",\"args\":[\"STORE\",\"c\"]}", "c" },
    { "{\"v\":1,\"atomic\":[{\"key\":\"a\",\"command\":\"INCR\"},"
      "{\"key\":\"b\",\"command\":\"SUNIONSTORE\",\"args\":[\"c\"]}]}",
      "abc" },
    { "{\"v\":1,\"script\":\"s\",\"keys\":[\"c\",\"x\"]}", "c" },
    { "nonsense", "" },
};

static void every_key_of_a_record_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        begin();
        scripted_wal_put_value(0, 4, rows[i].value);
        assert_int_equal(lookahead_read(ahead, 0, &err), ERR_OK);
        assert_int_equal(lookahead_next(ahead, 0), 5);
        assert_named(rows[i].named);
        lookahead_end(ahead);
    }
    assert_int_equal(scripted_wal_released(), ARRAY_SIZE(rows));
}

static void what_was_read_before_is_not_read_again(void **state)
{
    (void)state;
    begin();
    assert_int_equal(scripted_wal_started(0), 4);
    assert_int_equal(scripted_wal_started(1), -1);
    assert_int_equal(scripted_wal_started(2), 0);
    scripted_wal_put_value(0, 3, rows[0].value);
    assert_int_equal(lookahead_read(ahead, 0, &err), ERR_OK);
    assert_named("");
    assert_int_equal(lookahead_next(ahead, 0), 4);
}

static void the_end_of_a_partition_counts_though_its_last_offsets_hold_no_record(void **state)
{
    (void)state;
    begin();
    scripted_wal_tell(WAL_END, 0, 9);
    scripted_wal_tell(WAL_END, 1, 9);
    scripted_wal_tell(WAL_END, 2, 0);
    assert_int_equal(lookahead_read(ahead, 0, &err), ERR_OK);
    assert_int_equal(lookahead_next(ahead, 0), 9);
    assert_int_equal(lookahead_next(ahead, 1), BOUND_NONE);
    assert_int_equal(lookahead_next(ahead, 2), 0);
}

static void it_begins_anew_and_stops_what_it_started(void **state)
{
    (void)state;
    begin();
    scripted_wal_put_value(0, 4, rows[0].value);
    assert_int_equal(lookahead_read(ahead, 0, &err), ERR_OK);
    lookahead_end(ahead);
    assert_false(lookahead_has_begun(ahead));
    assert_int_equal(scripted_wal_started(0), -1);
    begin();
    assert_named("");
    assert_int_equal(lookahead_next(ahead, 0), 4);
}

static void a_place_that_is_not_in_the_log_is_told(void **state)
{
    (void)state;
    begin();
    scripted_wal_tell(WAL_OUT_OF_LOG, 0, 4);
    assert_int_equal(lookahead_read(ahead, 0, &err), ERR_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_key_of_a_record_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_read_before_is_not_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_end_of_a_partition_counts_though_its_last_offsets_hold_no_record, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(it_begins_anew_and_stops_what_it_started, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_place_that_is_not_in_the_log_is_told, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
