#include "runtime/stored_offsets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/mirror_offsets.h"

static const int64_t begins[] = { 10, 20 };

static struct stored_offsets *begun(void)
{
    struct stored_offsets *s;

    assert_int_equal(stored_offsets_new("c", "t", &s, NULL), ERR_OK);
    assert_false(stored_offsets_follow(s, "a/b", begins, 2));
    return s;
}

static void take_value(struct stored_offsets *s, int32_t partition, int64_t offset, const char *key,
                       const char *value)
{
    const struct record record = { .partition = partition,
                                   .offset = offset,
                                   .has_key = true,
                                   .key = str_from(key),
                                   .has_value = value != NULL,
                                   .value = str_from(value ? value : "") };

    stored_offsets_take(s, &record);
}

static void take(struct stored_offsets *s, int32_t partition, int64_t offset, const char *key)
{
    take_value(s, partition, offset, key, "{\"offset\":41}");
}

/* Of partition 1; LOOK_UNKNOWN: none. */
static int64_t told(struct stored_offsets *s)
{
    struct log_look look;
    int64_t next;

    log_look_init(&look);
    stored_offsets_tell(s, &look);
    assert_int_equal(look.look.outcome, LOOK_ANSWERED);
    assert_true(look.exists && look.knows_commits);
    assert_string_equal(look.log, "a/b");
    next = look.n > 1 ? look.partitions[1].committed : LOOK_UNKNOWN;
    assert_int_equal(look.partitions[0].committed, LOOK_UNKNOWN);
    assert_string_equal(look.source, next == LOOK_UNKNOWN ? "" : "t");
    log_look_release(&look);
    return next;
}

#define OURS "[\"c\",{\"cluster\":\"dc\",\"partition\":1,\"topic\":\"t\"}]"

static void a_topic_is_read_to_its_ends_and_then_on(void **state)
{
    static const int64_t ends[] = { 12, 20 }, later[] = { 13, 21 };
    struct stored_offsets *s = begun();
    (void)state;

    assert_false(stored_offsets_have(s, ends));
    take(s, 0, 10, OURS);
    assert_false(stored_offsets_have(s, ends));
    stored_offsets_reach(s, 0, 12); /* there is a mark of a transaction */
    stored_offsets_reach(s, 0, 11); /* which is no way back */
    stored_offsets_reach(s, 2, 99); /* of no partition */
    assert_true(stored_offsets_have(s, ends));
    assert_int_equal(told(s), 42);
    assert_true(stored_offsets_follow(s, "a/b", begins, 2));
    assert_false(stored_offsets_have(s, later));
    take(s, 0, 12, OURS);
    take(s, 1, 20, OURS);
    assert_true(stored_offsets_have(s, later));
    stored_offsets_free(s);
}

static void what_is_no_longer_the_topic_is_read_anew(void **state)
{
    static const int64_t ends[] = { 11, 20 };
    struct stored_offsets *s = begun();
    (void)state;

    take(s, 0, 10, OURS);
    assert_int_equal(told(s), 42);
    assert_false(stored_offsets_follow(s, "a/c", begins, 2)); /* it was recreated */
    assert_false(stored_offsets_have(s, ends));
    assert_false(stored_offsets_follow(s, "a/b", begins, 1)); /* and has other partitions */
    assert_int_equal(told(s), LOOK_UNKNOWN);
    take(s, 0, 10, OURS);
    stored_offsets_forget(s);
    assert_false(stored_offsets_follow(s, "a/b", begins, 1));
    assert_int_equal(told(s), LOOK_UNKNOWN);
    stored_offsets_free(s);
}

static void a_topic_that_is_not_connects_is_told(void **state)
{
    struct stored_offsets *s = begun();
    struct log_look look;
    (void)state;

    assert_int_equal(told(s), LOOK_UNKNOWN); /* nothing was stored yet */
    take(s, 0, 10, "orders:42");
    log_look_init(&look);
    stored_offsets_tell(s, &look);
    assert_int_equal(look.look.outcome, LOOK_FAILED);
    assert_non_null(strstr(look.look.why, "is one that Connect stores"));
    take(s, 0, 11, "[\"d\",{\"file\":\"/a\"}]"); /* another kind of connector */
    assert_int_equal(told(s), LOOK_UNKNOWN);
    take(s, 0, 12, "[\"c\",{\"cluster\":\"dc\",\"partition\":0,\"topic\":\"t\"}]");
    take(s, 0, 13, "[\"c\",{\"cluster\":\"dr\",\"partition\":0,\"topic\":\"t\"}]");
    stored_offsets_tell(s, &look);
    assert_int_equal(look.look.outcome, LOOK_FAILED);
    assert_non_null(strstr(look.look.why, "several topics"));
    stored_offsets_free(s);
}

static int64_t store_many(struct stored_offsets *s, int64_t offset)
{
    for (int i = 0; i <= MIRROR_OFFSETS_SOURCES_MAX; i++) {
        char key[64];

        snprintf(key, sizeof(key), "[\"c\",{\"cluster\":\"x%d\",\"partition\":1,\"topic\":\"t\"}]",
                 i);
        take(s, 0, offset++, key);
    }
    return offset;
}

static bool is_told(struct stored_offsets *s)
{
    struct log_look look;
    bool is;

    log_look_init(&look);
    stored_offsets_tell(s, &look);
    is = look.look.outcome == LOOK_ANSWERED;
    log_look_release(&look);
    return is;
}

/* Of what was not kept nobody knows whether it was the last one. */
static void what_is_taken_away_of_too_many_sources_is_reason_to_read_anew_once(void **state)
{
    struct stored_offsets *s = begun();
    int64_t offset;
    (void)state;

    take_value(s, 0, 10, OURS, NULL);
    offset = store_many(s, 11);
    take_value(s, 0, offset++, OURS, NULL);
    assert_false(is_told(s));
    take(s, 0, offset++, "[\"c\",{\"cluster\":\"x1\",\"partition\":1,\"topic\":\"t\"}]");
    assert_true(stored_offsets_follow(s, "a/b", begins, 2)); /* which would tell the same */
    take_value(s, 0, offset++, "[\"d\",{\"cluster\":\"x1\",\"partition\":1,\"topic\":\"t\"}]",
               NULL); /* of another connector */
    assert_true(stored_offsets_follow(s, "a/b", begins, 2));
    take_value(s, 0, offset, "[\"c\",{\"cluster\":\"x16\",\"partition\":1,\"topic\":\"t\"}]", NULL);
    assert_false(stored_offsets_follow(s, "a/b", begins, 2));
    take(s, 0, 10, OURS);
    assert_int_equal(told(s), 42);
    stored_offsets_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_is_read_to_its_ends_and_then_on),
        cmocka_unit_test(what_is_no_longer_the_topic_is_read_anew),
        cmocka_unit_test(a_topic_that_is_not_connects_is_told),
        cmocka_unit_test(what_is_taken_away_of_too_many_sources_is_reason_to_read_anew_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
