#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/restore_redis.h"
#include "resp_words.h"

enum { N = 2, WORDS_MAX = 32, TEXT_MAX = 4096, GO = -1 /* the transaction is made */ };

#define LOG "c/t"

static struct restore_partition partitions[N] = { { 0, 4, 9 }, { 3, 3, 7 } };
static struct restore_plan plan = { .log = LOG, .n = N, .partitions = partitions };

static struct restore_redis_order order_of(enum restore_redis_action action)
{
    return (struct restore_redis_order){ .action = action, .uid = "u", .plan = &plan };
}

static struct primary_facts primary_of(enum primary_role role, const char *wal, const char *restore,
                                       int64_t n_keys)
{
    struct primary_facts p = { .address = "a:1", .role = role, .n_keys = n_keys };

    snprintf(p.wal, sizeof(p.wal), "%s", wal);
    snprintf(p.restore, sizeof(p.restore), "%s", restore);
    return p;
}

/* Stands at `next`, and is held at `until`; below 0 it is not held. */
static struct redis_look_partition partition_at(int64_t next, int64_t settled, int64_t until)
{
    struct redis_look_partition p = { .read = POSITION_PRESENT };

    p.position = (struct position){ .next = next,
                                    .settled = settled,
                                    .log = LOG,
                                    .epoch = 5,
                                    .record_ms = 6,
                                    .digest = 0xab,
                                    .clock = 8,
                                    .mark = { .sequence = 1, .time_ms = 2 } };
    p.identity = (struct partition_identity){ true, until >= 0, false, until, false };
    return p;
}

/* "SET a b|EXEC|" */
static void print(const struct buf *commands, struct buf *ret)
{
    struct str rest = buf_str(commands), words[WORDS_MAX];
    size_t n;

    buf_init(ret, TEXT_MAX);
    while (rest.n > 0) {
        n = resp_words(&rest, words, WORDS_MAX);
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++)
            buf_print(ret, "%.*s%s", STR_ARGS(words[i]), i + 1 < n ? " " : "|");
    }
    assert_true(buf_append(ret, "", 1));
}

static void check_commands(const struct restore_redis_order *order,
                           const struct restore_redis_facts *facts, const char *expected)
{
    struct buf out, text;
    size_t n, n_bars = 0;

    buf_init(&out, TEXT_MAX);
    assert_true(restore_redis_append(&out, STR_LITERAL("w"), order, facts, &n));
    print(&out, &text);
    assert_string_equal(text.p, expected);
    for (const char *c = text.p; *c; c++)
        n_bars += *c == '|';
    assert_int_equal(n, n_bars);
    buf_release(&text);
    buf_release(&out);
    for (size_t room = 0; room < strlen(expected); room++) {
        buf_init(&out, room);
        assert_false(restore_redis_append(&out, STR_LITERAL("w"), order, facts, &n));
        buf_release(&out);
    }
}

/* --- judging ---------------------------------------------------------------------------------- */

static void only_a_primary_that_is_ours_or_nobody_s_is_touched(void **state)
{
    static const struct {
        const char *name;
        enum primary_role role;
        bool loading, other_databases;
        const char *wal, *restore;
        int64_t n_keys;
        int wipe, release; /* what comes of it, or GO */
        const char *why;
    } rows[] = {
        { "ours", PRIMARY_ROLE_MASTER, 0, 0, "w", "", 9, GO, RESTORE_FAILED, "does not name" },
        { "ours, with others beside it", PRIMARY_ROLE_MASTER, 0, 1, "w", "", 9, GO, RESTORE_FAILED,
          "does not name" },
        { "ours, a longer name", PRIMARY_ROLE_MASTER, 0, 0, "w", "uu", 9, GO, RESTORE_FAILED,
          "does not name" },
        { "wiped already", PRIMARY_ROLE_MASTER, 0, 0, "w", "u", 9, RESTORE_DONE, GO, "" },
        { "blank", PRIMARY_ROLE_MASTER, 0, 0, "", "", 0, GO, RESTORE_FAILED, "does not name" },
        { "blank but for others", PRIMARY_ROLE_MASTER, 0, 1, "", "", 0, RESTORE_REFUSED,
          RESTORE_REFUSED, "FLUSHALL empties them too" },
        { "nobody's", PRIMARY_ROLE_MASTER, 0, 0, "", "", 1, RESTORE_REFUSED, RESTORE_REFUSED,
          "no position" },
        { "nobody's, with our name", PRIMARY_ROLE_MASTER, 0, 0, "", "u", 1, RESTORE_REFUSED,
          RESTORE_REFUSED, "no position" },
        { "another's", PRIMARY_ROLE_MASTER, 0, 0, "x", "u", 9, RESTORE_REFUSED, RESTORE_REFUSED,
          "another WAL, x" },
        { "another's, empty", PRIMARY_ROLE_MASTER, 0, 0, "x", "", 0, RESTORE_REFUSED,
          RESTORE_REFUSED, "another WAL, x" },
        { "a replica", PRIMARY_ROLE_REPLICA, 0, 0, "w", "u", 9, RESTORE_FAILED, RESTORE_FAILED,
          "replica" },
        { "of no role", PRIMARY_ROLE_UNKNOWN, 0, 0, "w", "u", 9, RESTORE_FAILED, RESTORE_FAILED,
          "role is unknown" },
        { "loading", PRIMARY_ROLE_MASTER, 1, 0, "w", "u", 9, RESTORE_FAILED, RESTORE_FAILED,
          "loading" },
        { "loading, and seems blank", PRIMARY_ROLE_MASTER, 1, 0, "", "", 0, RESTORE_FAILED,
          RESTORE_FAILED, "loading" },
    };
    (void)state;

    for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
        const bool wipe = i % 2 == 0;
        const struct restore_redis_order order =
            order_of(wipe ? RESTORE_REDIS_WIPE : RESTORE_REDIS_RELEASE);
        struct primary_facts p =
            primary_of(rows[i / 2].role, rows[i / 2].wal, rows[i / 2].restore, rows[i / 2].n_keys);
        const struct redis_look_partition held[N] = { partition_at(4, 4, 4),
                                                      partition_at(3, 3, 3) };
        const struct restore_redis_facts facts = { &p, wipe ? NULL : held };
        const int expected = wipe ? rows[i / 2].wipe : rows[i / 2].release;
        struct restore_redis_result result = { 0 };
        bool go;

        p.loading = rows[i / 2].loading;
        p.other_databases = rows[i / 2].other_databases;
        go = restore_redis_judge(STR_LITERAL("w"), &order, &facts, &result);
        if (go != (expected == GO) || (!go && (int)result.outcome != expected) ||
            (!go && expected != RESTORE_DONE && !strstr(result.why, rows[i / 2].why)))
            fail_msg("%s, %s: %d %d %s", rows[i / 2].name, wipe ? "wipe" : "release", go,
                     (int)result.outcome, result.why);
    }
}

static void what_is_held_is_skipped_whole_or_not_at_all(void **state)
{
    static const struct {
        const char *name;
        enum position_read read;
        int64_t next, settled, until; /* of partition 1; below 0: not held */
        bool broken;
        const char *log;
        int skip, release;
        const char *why;
    } rows[] = {
        { "reached", POSITION_PRESENT, 3, 3, 3, 0, LOG, GO, GO, "" },
        { "at the end of the log", POSITION_PRESENT, 7, 7, 7, 0, LOG, GO, GO, "" },
        { "skipped already", POSITION_PRESENT, 7, 7, -1, 0, LOG, GO, GO, "" },
        { "not reached", POSITION_PRESENT, 2, 2, 3, 0, LOG, RESTORE_FAILED, GO, "let an applier" },
        { "past it", POSITION_PRESENT, 4, 4, 3, 0, LOG, RESTORE_FAILED, GO, "let an applier" },
        { "not settled", POSITION_PRESENT, 3, 2, 3, 0, LOG, RESTORE_FAILED, GO, "let an applier" },
        { "past the end", POSITION_PRESENT, 8, 8, 8, 0, LOG, RESTORE_FAILED, GO, "ends at 7" },
        { "lost", POSITION_ABSENT, 3, 3, 3, 0, LOG, RESTORE_FAILED, GO, "no position" },
        { "corrupt", POSITION_CORRUPT, 3, 3, 3, 0, LOG, RESTORE_FAILED, GO, "no position" },
        { "of another log", POSITION_PRESENT, 3, 3, 3, 0, "c/u", RESTORE_REFUSED, GO, "recreated" },
        { "held nowhere", POSITION_PRESENT, 3, 3, 3, 1, LOG, RESTORE_REFUSED, GO, "until<" },
    };
    struct primary_facts p = primary_of(PRIMARY_ROLE_MASTER, "w", "u", 9);
    (void)state;

    for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
        const bool skip = i % 2 == 0;
        const struct restore_redis_order order =
            order_of(skip ? RESTORE_REDIS_SKIP : RESTORE_REDIS_RELEASE);
        struct redis_look_partition at[N] = {
            partition_at(4, 4, 4),
            partition_at(rows[i / 2].next, rows[i / 2].settled, rows[i / 2].until),
        };
        const struct restore_redis_facts facts = { &p, at };
        const int expected = skip ? rows[i / 2].skip : rows[i / 2].release;
        struct restore_redis_result result = { 0 };
        bool go;

        at[1].read = rows[i / 2].read;
        at[1].identity.until_broken = rows[i / 2].broken;
        snprintf(at[1].position.log, sizeof(at[1].position.log), "%s", rows[i / 2].log);
        go = restore_redis_judge(STR_LITERAL("w"), &order, &facts, &result);
        if (go != (expected == GO) || (!go && (int)result.outcome != expected) ||
            (!go && (!strstr(result.why, rows[i / 2].why) || !strstr(result.why, "partition 1"))))
            fail_msg("%s, %s: %d %d %s", rows[i / 2].name, skip ? "skip" : "release", go,
                     (int)result.outcome, result.why);
    }
}

static void what_is_not_held_needs_nothing(void **state)
{
    struct primary_facts p = primary_of(PRIMARY_ROLE_MASTER, "w", "u", 9);
    const struct redis_look_partition at[N] = { partition_at(4, 4, -1), partition_at(3, 3, -1) };
    const struct restore_redis_facts facts = { &p, at };
    (void)state;

    for (int action = RESTORE_REDIS_RELEASE; action <= RESTORE_REDIS_SKIP; action++) {
        const struct restore_redis_order order = order_of((enum restore_redis_action)action);
        struct restore_redis_result result = { .outcome = RESTORE_FAILED };

        assert_true(restore_redis_wants_partitions(order.action));
        assert_false(restore_redis_judge(STR_LITERAL("w"), &order, &facts, &result));
        assert_int_equal(result.outcome, RESTORE_DONE);
    }
    assert_false(restore_redis_wants_partitions(RESTORE_REDIS_WIPE));
}

/* --- commands --------------------------------------------------------------------------------- */

static void a_wipe_begins_in_the_same_transaction(void **state)
{
    const struct restore_redis_order order = order_of(RESTORE_REDIS_WIPE);
    struct primary_facts p = primary_of(PRIMARY_ROLE_MASTER, "w", "", 9);
    const struct restore_redis_facts facts = { &p, NULL };
    (void)state;

    check_commands(&order, &facts,
                   "FLUSHALL ASYNC|"
                   "HSET redwal:identity wal w restore u untilnew 0 p0 1 until0 4 p1 1 until1 3|"
                   "HSET redwal:{w}:p:0 next 0 settled 0 log c/t epoch 0 ts 0 digest "
                   "0000000000000000 clock wall|"
                   "HSET redwal:{w}:p:1 next 3 settled 3 log c/t epoch 0 ts 0 digest "
                   "0000000000000000 clock wall|EXEC|");
    plan.to_end = true;
    check_commands(&order, &facts,
                   "FLUSHALL ASYNC|HSET redwal:identity wal w restore u p0 1 p1 1|"
                   "HSET redwal:{w}:p:0 next 0 settled 0 log c/t epoch 0 ts 0 digest "
                   "0000000000000000 clock wall|"
                   "HSET redwal:{w}:p:1 next 3 settled 3 log c/t epoch 0 ts 0 digest "
                   "0000000000000000 clock wall|EXEC|");
    plan.to_end = false;
}

static void what_is_blank_begins_without_being_emptied(void **state)
{
    const struct restore_redis_order order = order_of(RESTORE_REDIS_WIPE);
    struct primary_facts p = primary_of(PRIMARY_ROLE_MASTER, "", "", 0);
    const struct restore_redis_facts facts = { &p, NULL };
    (void)state;

    check_commands(&order, &facts,
                   "HSET redwal:identity wal w restore u untilnew 0 p0 1 until0 4 p1 1 until1 3|"
                   "HSET redwal:{w}:p:0 next 0 settled 0 log c/t epoch 0 ts 0 digest "
                   "0000000000000000 clock wall|"
                   "HSET redwal:{w}:p:1 next 3 settled 3 log c/t epoch 0 ts 0 digest "
                   "0000000000000000 clock wall|EXEC|");
}

static void what_is_held_goes_on_behind_the_hold_or_behind_the_log(void **state)
{
    struct restore_redis_order order = order_of(RESTORE_REDIS_RELEASE);
    struct primary_facts p = primary_of(PRIMARY_ROLE_MASTER, "w", "u", 9);
    struct redis_look_partition at[N] = { partition_at(4, 4, 4), partition_at(3, 3, 3) };
    const struct restore_redis_facts facts = { &p, at };
    (void)state;

    check_commands(&order, &facts,
                   "HDEL redwal:identity untilnew|HDEL redwal:identity until0|"
                   "HDEL redwal:identity until1|EXEC|");
    order.action = RESTORE_REDIS_SKIP;
    at[0].identity.has_until = false;
    check_commands(&order, &facts,
                   "HDEL redwal:identity untilnew|"
                   "HSET redwal:{w}:p:1 next 7 settled 7 log c/t epoch 5 ts 6 digest "
                   "00000000000000ab clock 8 mark 1 2 - 0000000000000000 0|"
                   "HDEL redwal:identity until1|EXEC|");
}

/* The log got it since the wipe. */
static void a_partition_that_redis_has_nothing_of_is_skipped_to_its_end(void **state)
{
    const struct restore_redis_order order = order_of(RESTORE_REDIS_SKIP);
    struct primary_facts p = primary_of(PRIMARY_ROLE_MASTER, "w", "u", 9);
    struct redis_look_partition at[N] = { partition_at(4, 4, -1) };
    const struct restore_redis_facts facts = { &p, at };
    struct restore_redis_result ret;
    (void)state;

    at[1] = (struct redis_look_partition){ .read = POSITION_ABSENT,
                                           .identity = { .has_until = true, .new_is_held = true } };
    assert_true(restore_redis_judge(STR_LITERAL("w"), &order, &facts, &ret));
    check_commands(&order, &facts,
                   "HDEL redwal:identity untilnew|HSET redwal:identity p1 1|"
                   "HSET redwal:{w}:p:1 next 7 settled 7 log c/t epoch 0 ts 0 digest "
                   "0000000000000000 clock wall|HDEL redwal:identity until1|EXEC|");
    at[1].identity.seen = true; /* then its position was lost */
    assert_false(restore_redis_judge(STR_LITERAL("w"), &order, &facts, &ret));
    assert_int_equal(ret.outcome, RESTORE_FAILED);
}

static void what_holds_new_partitions_goes_where_nothing_else_is_held(void **state)
{
    const struct restore_redis_order order = order_of(RESTORE_REDIS_RELEASE);
    struct primary_facts p = primary_of(PRIMARY_ROLE_MASTER, "w", "u", 9);
    struct redis_look_partition at[N] = { partition_at(4, 4, -1), partition_at(3, 3, -1) };
    const struct restore_redis_facts facts = { &p, at };
    struct restore_redis_result ret;
    (void)state;

    assert_false(restore_redis_judge(STR_LITERAL("w"), &order, &facts, &ret));
    assert_int_equal(ret.outcome, RESTORE_DONE);
    at[0].identity.new_is_held = at[1].identity.new_is_held = true;
    assert_true(restore_redis_judge(STR_LITERAL("w"), &order, &facts, &ret));
    check_commands(&order, &facts, "HDEL redwal:identity untilnew|EXEC|");
}

static void what_decides_is_watched(void **state)
{
    static const char *const expected[] = {
        [RESTORE_REDIS_WIPE] = "WATCH redwal:identity|",
        [RESTORE_REDIS_RELEASE] = "WATCH redwal:identity|",
        [RESTORE_REDIS_SKIP] = "WATCH redwal:identity redwal:{w}:p:0 redwal:{w}:p:1|",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        const struct restore_redis_order order = order_of((enum restore_redis_action)i);
        struct buf out, text;

        buf_init(&out, TEXT_MAX);
        assert_true(restore_redis_append_watch(&out, STR_LITERAL("w"), &order));
        print(&out, &text);
        assert_string_equal(text.p, expected[i]);
        buf_release(&text);
        buf_release(&out);
        buf_init(&out, 8);
        assert_false(restore_redis_append_watch(&out, STR_LITERAL("w"), &order));
        buf_release(&out);
    }
}

static void the_largest_plan_fits(void **state)
{
    static struct restore_partition many[RESTORE_PARTITIONS_MAX];
    static char wal[WAL_NAME_MAX + 1], uid[RESTORE_UID_MAX + 1];
    struct restore_plan largest = { .n = RESTORE_PARTITIONS_MAX, .partitions = many };
    const struct restore_redis_order order = { RESTORE_REDIS_WIPE, uid, &largest, 0 };
    struct primary_facts p = primary_of(PRIMARY_ROLE_MASTER, "w", "", 9);
    const struct restore_redis_facts facts = { &p, NULL };
    struct buf out;
    size_t n;
    (void)state;

    memset(wal, 'w', WAL_NAME_MAX);
    memset(uid, 'u', RESTORE_UID_MAX);
    memset(largest.log, 'l', LOG_IDENTITY_MAX);
    for (int i = 0; i < RESTORE_PARTITIONS_MAX; i++)
        many[i] = (struct restore_partition){ INT64_MAX, INT64_MAX, INT64_MAX };
    buf_init(&out, RESTORE_REDIS_REQUEST_MAX_BYTES);
    assert_true(restore_redis_append(&out, str_from(wal), &order, &facts, &n));
    assert_int_equal(n, 3 + RESTORE_PARTITIONS_MAX);
    buf_release(&out);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void an_answer_says_what_came_of_it(void **state)
{
    static const struct reply ok = { .type = REPLY_STATUS, .text = { "OK", 2 } };
    static const struct reply bad[] = {
        { .type = REPLY_STATUS, .text = { "OK", 2 } },
        { .type = REPLY_ERROR, .text = { "WRONGTYPE x", 11 } },
    };
    static const struct {
        const char *name;
        struct reply exec;
        enum restore_outcome outcome;
        bool denied;
    } rows[] = {
        { "executed", { .type = REPLY_ARRAY, .elements = &ok, .n_elements = 1 }, RESTORE_DONE, 0 },
        { "changed meanwhile", { .type = REPLY_NIL }, RESTORE_BUSY, 0 },
        { "half of it failed",
          { .type = REPLY_ARRAY, .elements = bad, .n_elements = 2 },
          RESTORE_FAILED,
          0 },
        { "not allowed", { .type = REPLY_ERROR, .text = { "NOPERM x", 8 } }, RESTORE_FAILED, 1 },
        { "a replica", { .type = REPLY_ERROR, .text = { "READONLY x", 10 } }, RESTORE_FAILED, 0 },
        { "full", { .type = REPLY_ERROR, .text = { "OOM x", 5 } }, RESTORE_FAILED, 0 },
        { "nonsense", { .type = REPLY_INTEGER }, RESTORE_FAILED, 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct restore_redis_result result;

        restore_redis_executed(&rows[i].exec, &result);
        if (result.outcome != rows[i].outcome || result.denied != rows[i].denied ||
            (result.why[0] == '\0') != (result.outcome == RESTORE_DONE))
            fail_msg("%s: %d %s", rows[i].name, (int)result.outcome, result.why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_primary_that_is_ours_or_nobody_s_is_touched),
        cmocka_unit_test(what_is_held_is_skipped_whole_or_not_at_all),
        cmocka_unit_test(what_is_not_held_needs_nothing),
        cmocka_unit_test(a_wipe_begins_in_the_same_transaction),
        cmocka_unit_test(what_is_blank_begins_without_being_emptied),
        cmocka_unit_test(what_is_held_goes_on_behind_the_hold_or_behind_the_log),
        cmocka_unit_test(a_partition_that_redis_has_nothing_of_is_skipped_to_its_end),
        cmocka_unit_test(what_holds_new_partitions_goes_where_nothing_else_is_held),
        cmocka_unit_test(what_decides_is_watched),
        cmocka_unit_test(the_largest_plan_fits),
        cmocka_unit_test(an_answer_says_what_came_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
