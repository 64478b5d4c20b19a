#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "adapter/redis_connect.h"
#include "adapter/redis_observer.h"
#include "adapter/redis_restore_hiredis.h"
#include "base/check.h"
#include "core/restore_open.h"
#include "redis_process.h"

enum { TIMEOUT_MS = 2000, PATIENCE_MS = 30000, TEXT_MAX = 4096 };

static struct redis_process server;

static int64_t ms_of(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t now_ms(void)
{
    return ms_of(CLOCK_MONOTONIC);
}

static int64_t wall_ms(void)
{
    return ms_of(CLOCK_REALTIME);
}

static const struct redis_look_settings settings = { TIMEOUT_MS, now_ms, wall_ms };
static struct restore_partition partitions[] = { { 0, 4, 9 }, { 3, 3, 7 } };
static const struct restore_plan plan = { .log = "c/t", .n = 2, .partitions = partitions };

static void do_command(const char *command)
{
    redisReply *reply = redis_process_ask(&server, command);

    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", command, reply->str);
    freeReplyObject(reply);
}

/* The texts of an answer, one behind the other. */
static const char *asked(const char *command)
{
    static char text[TEXT_MAX];
    redisReply *reply = redis_process_ask(&server, command);
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < reply->elements; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i > 0 ? " " : "",
                              reply->element[i]->str ? reply->element[i]->str : "-");
    if (reply->type == REDIS_REPLY_INTEGER)
        snprintf(text, sizeof(text), "%lld", reply->integer);
    freeReplyObject(reply);
    return text;
}

static struct redis_place place_of(const char *user)
{
    struct redis_place place = { .redis = server.address, .wal = "orders" };

    if (user)
        place.login = (struct look_login){ .user = user, .password = "word" };
    return place;
}

static struct restore_redis_result restore(enum restore_redis_action action, const char *uid,
                                           const char *user)
{
    const struct restore_redis_order order = { action, uid, &plan, now_ms() + PATIENCE_MS };
    const struct redis_place place = place_of(user);
    struct restore_redis_result result;

    redis_restore_do(&place, &settings, &order, &result);
    return result;
}

static void must(enum restore_redis_action action, const char *uid)
{
    const struct restore_redis_result result = restore(action, uid, NULL);

    if (result.outcome != RESTORE_DONE)
        fail_msg("%s", result.why);
}

static int set_up(void **state)
{
    static const char *const none[] = { "--requirepass", "", NULL };
    (void)state;

    redis_connect_prepare();
    redis_process_start(&server, none);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    redis_process_stop(&server);
    return 0;
}

/* A WAL's Redis, some way into the log. */
static void fill(const char *wal)
{
    do_command("FLUSHALL");
    freeReplyObject(redis_process_ask(&server, "HSET redwal:identity wal %s p0 1 p1 1", wal));
    do_command("SET k v");
}

static bool is_untouched(const char *wal)
{
    return strcmp(asked("HMGET redwal:identity wal restore p1"),
                  strcmp(wal, "orders") == 0 ? "orders - 1" : "invoices - 1") == 0 &&
           strcmp(asked("EXISTS k"), "1") == 0;
}

/* --- what is done ----------------------------------------------------------------------------- */

static void a_wipe_empties_and_begins(void **state)
{
    (void)state;

    fill("orders");
    must(RESTORE_REDIS_WIPE, "u1");
    assert_string_equal(asked("DBSIZE"), "3");
    assert_string_equal(asked("HMGET redwal:identity wal restore p0 until0 p1 until1"),
                        "orders u1 1 4 1 3");
    assert_string_equal(asked("HMGET redwal:{orders}:p:1 next settled log clock digest"),
                        "3 3 c/t wall 0000000000000000");
}

static void what_was_wiped_is_not_wiped_again_by_the_same_restore(void **state)
{
    (void)state;

    fill("orders");
    must(RESTORE_REDIS_WIPE, "u1");
    do_command("SET replayed 1");
    must(RESTORE_REDIS_WIPE, "u1");
    assert_string_equal(asked("EXISTS replayed"), "1");
    must(RESTORE_REDIS_WIPE, "u2");
    assert_string_equal(asked("EXISTS replayed"), "0");
    assert_string_equal(asked("HMGET redwal:identity restore"), "u2");
}

static void a_blank_redis_begins_too_also_where_nobody_may_empty_it(void **state)
{
    (void)state;

    do_command("FLUSHALL");
    do_command("ACL SETUSER default -flushall");
    must(RESTORE_REDIS_WIPE, "u1");
    do_command("ACL SETUSER default +flushall");
    assert_string_equal(asked("HMGET redwal:identity wal restore"), "orders u1");
}

static void a_hold_is_released_or_skipped(void **state)
{
    (void)state;

    fill("orders");
    must(RESTORE_REDIS_WIPE, "u1");
    do_command("HSET redwal:{orders}:p:0 next 4 settled 4");
    assert_int_equal(restore(RESTORE_REDIS_RELEASE, "u2", NULL).outcome, RESTORE_FAILED);
    must(RESTORE_REDIS_SKIP, "u1");
    assert_string_equal(asked("HMGET redwal:identity until0 until1 untilnew"), "- - -");
    assert_string_equal(asked("HMGET redwal:{orders}:p:0 next settled"), "9 9");
    assert_string_equal(asked("HMGET redwal:{orders}:p:1 next settled"), "7 7");
    must(RESTORE_REDIS_SKIP, "u1");
    must(RESTORE_REDIS_WIPE, "u2");
    assert_string_equal(asked("HMGET redwal:identity until0 until1 untilnew"), "4 3 0");
    must(RESTORE_REDIS_RELEASE, "u2");
    assert_string_equal(asked("HMGET redwal:identity until0 until1 untilnew"), "- - -");
    assert_string_equal(asked("HMGET redwal:{orders}:p:1 next settled"), "3 3");
}

/* --- what is not ------------------------------------------------------------------------------ */

static void nobody_else_s_redis_is_touched(void **state)
{
    (void)state;

    fill("invoices");
    assert_int_equal(restore(RESTORE_REDIS_WIPE, "u1", NULL).outcome, RESTORE_REFUSED);
    assert_true(is_untouched("invoices"));
    do_command("DEL redwal:identity");
    assert_int_equal(restore(RESTORE_REDIS_WIPE, "u1", NULL).outcome, RESTORE_REFUSED);
    assert_string_equal(asked("EXISTS k"), "1");
    do_command("MOVE k 1");
    assert_string_equal(asked("DBSIZE"), "0");
    assert_int_equal(restore(RESTORE_REDIS_WIPE, "u1", NULL).outcome, RESTORE_REFUSED);
    assert_string_equal(asked("DBSIZE"), "0");
}

static void a_replica_is_not_touched(void **state)
{
    struct restore_redis_result result;
    (void)state;

    fill("orders");
    do_command("REPLICAOF 127.0.0.1 1");
    result = restore(RESTORE_REDIS_WIPE, "u1", NULL);
    do_command("REPLICAOF NO ONE");
    assert_int_equal(result.outcome, RESTORE_FAILED);
    assert_false(result.denied);
    assert_true(is_untouched("orders"));
}

/* Without MULTI, or EXEC, the commands between them must not be said, or not take effect. */
static void without_each_permission_nothing_is_done(void **state)
{
    static const char *const commands[] = { "watch",    "role", "info", "multi",
                                            "flushall", "hset", "exec", "hmget" };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        struct restore_redis_result result;

        fill("orders");
        freeReplyObject(redis_process_ask(
            &server, "ACL SETUSER controller reset on >word ~* +@all -%s", commands[i]));
        result = restore(RESTORE_REDIS_WIPE, "u1", "controller");
        if (result.outcome != RESTORE_FAILED || !result.denied || !strstr(result.why, commands[i]))
            fail_msg("%s: %d %d %s", commands[i], (int)result.outcome, result.denied, result.why);
        if (!is_untouched("orders"))
            fail_msg("without %s it was touched", commands[i]);
    }
    do_command("ACL DELUSER controller");
}

static void a_full_redis_says_so_and_keeps_what_it_has(void **state)
{
    struct restore_redis_result result;
    (void)state;

    fill("orders");
    do_command("CONFIG SET maxmemory 1");
    result = restore(RESTORE_REDIS_WIPE, "u1", NULL);
    do_command("CONFIG SET maxmemory 0");
    assert_int_equal(result.outcome, RESTORE_FAILED);
    assert_non_null(strstr(result.why, "OOM"));
    assert_true(is_untouched("orders"));
}

static void nothing_is_said_too_late(void **state)
{
    const struct restore_redis_order order = { RESTORE_REDIS_WIPE, "u1", &plan, now_ms() };
    const struct redis_place place = place_of(NULL);
    struct restore_redis_result result;
    (void)state;

    fill("orders");
    redis_restore_do(&place, &settings, &order, &result);
    assert_int_equal(result.outcome, RESTORE_FAILED);
    assert_non_null(strstr(result.why, "not sent"));
    assert_true(is_untouched("orders"));
}

/* --- in the background ------------------------------------------------------------------------ */

static bool await(struct redis_observer_port port, uint64_t *ret_wal,
                  struct restore_redis_result *ret)
{
    const int64_t deadline_ms = now_ms() + PATIENCE_MS;
    struct redis_look look;

    for (;;) {
        struct pollfd p = { .fd = port.ops->descriptor(port.self), .events = POLLIN };

        assert_false(port.ops->next(port.self, ret_wal, &look));
        if (port.ops->next_restored(port.self, ret_wal, ret))
            return true;
        if (now_ms() > deadline_ms)
            return false;
        poll(&p, 1, TIMEOUT_MS);
    }
}

static void one_order_for_each_redis_and_a_few_in_all_are_open(void **state)
{
    struct redis_observer *o = redis_observer_new(&settings);
    const struct redis_observer_port port = redis_observer_port(o);
    const struct redis_place place = place_of(NULL);
    char uid[] = "u1";
    struct restore_redis_order order = { RESTORE_REDIS_WIPE, uid, &plan, now_ms() + PATIENCE_MS };
    struct restore_redis_result result;
    struct err err;
    uint64_t wal;
    (void)state;

    fill("orders");
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < RESTORE_OPEN_MAX; i++) {
            assert_int_equal(port.ops->restore(port.self, i, &place, &order, &err), ERR_OK);
            assert_int_equal(port.ops->restore(port.self, i, &place, &order, &err), ERR_LIMIT);
        }
        assert_int_equal(port.ops->restore(port.self, 99, &place, &order, &err), ERR_LIMIT);
        uid[1] = '2'; /* copies were taken */
        for (int i = 0; i < RESTORE_OPEN_MAX; i++)
            assert_true(await(port, &wal, &result));
        assert_string_equal(asked("HMGET redwal:identity restore"), round == 0 ? "u1" : "u2");
    }
    redis_observer_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wipe_empties_and_begins),
        cmocka_unit_test(what_was_wiped_is_not_wiped_again_by_the_same_restore),
        cmocka_unit_test(a_blank_redis_begins_too_also_where_nobody_may_empty_it),
        cmocka_unit_test(a_hold_is_released_or_skipped),
        cmocka_unit_test(nobody_else_s_redis_is_touched),
        cmocka_unit_test(a_replica_is_not_touched),
        cmocka_unit_test(without_each_permission_nothing_is_done),
        cmocka_unit_test(a_full_redis_says_so_and_keeps_what_it_has),
        cmocka_unit_test(nothing_is_said_too_late),
        cmocka_unit_test(one_order_for_each_redis_and_a_few_in_all_are_open),
    };

    if (!redis_process_is_installed())
        return 77;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
