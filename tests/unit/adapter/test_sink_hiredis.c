#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "adapter/sink_hiredis.h"
#include "core/resp.h"
#include "redis_process.h"

enum {
    CONNECT_TIMEOUT_MS = 5000, /* of a server that answers, on a machine that is busy */
    SILENCE_TIMEOUT_MS = 400,  /* of one that does not */
    SENTINEL_TIMEOUT_MS = 3000,
    POLL_INTERVAL_MS = 100,
    DEADLINE_MS = 10000,
    OUTPUT_MAX = 64 * 1024 * 1024,
};

static int64_t clock_ms(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t now_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

static int64_t wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

/* --- what every test has ---------------------------------------------------------------------- */

static const char *const no_arguments[] = { NULL };

struct fixture {
    struct redis_process server, other, sentinel;
    struct sink_hiredis *adapter;
    struct sink sink;
    struct primary_facts facts;
    struct err err;
};

static int set_up(void **state)
{
    if (!redis_process_is_installed())
        return 0;
    *state = calloc(1, sizeof(struct fixture));
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (!f)
        return 0;
    sink_hiredis_free(f->adapter);
    redis_process_stop(&f->sentinel);
    redis_process_stop(&f->other);
    redis_process_stop(&f->server);
    free(f);
    return 0;
}

static struct fixture *fixture_of(void **state)
{
    if (!*state) {
        print_message("redis-server is not installed\n");
        skip();
    }
    return *state;
}

static void sink_open(struct fixture *f, const struct sink_hiredis_settings *settings)
{
    sink_hiredis_free(f->adapter);
    if (sink_hiredis_new(settings, &f->adapter, &f->err) != ERR_OK)
        fail_msg("%s", f->err.msg);
    f->sink = sink_hiredis_port(f->adapter);
}

static struct sink_hiredis_settings fixed(const char *address, const char *user,
                                          const char *password)
{
    return (struct sink_hiredis_settings){
        .redis = address,
        .access.redis = { .user = user, .password = password },
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .wall_ms = wall_ms,
    };
}

static struct sink_hiredis_settings through_sentinels(const char *sentinels)
{
    return (struct sink_hiredis_settings){
        .sentinel = { .sentinels = sentinels,
                      .master_name = "mymaster",
                      .timeout_ms = SENTINEL_TIMEOUT_MS,
                      .poll_interval_ms = POLL_INTERVAL_MS },
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .wall_ms = wall_ms,
    };
}

static enum err_code sink_connect(struct fixture *f)
{
    struct pollfd fd = { .fd = f->sink.ops->news_descriptor(f->sink.self), .events = POLLIN };
    const int64_t began_ms = now_ms();
    enum err_code rc;

    f->sink.ops->connect(f->sink.self);
    assert_true(now_ms() - began_ms < CONNECT_TIMEOUT_MS / 2);
    while (!f->sink.ops->connected(f->sink.self, &rc, &f->facts, &f->err)) {
        assert_true(now_ms() - began_ms < DEADLINE_MS);
        poll(&fd, 1, DEADLINE_MS);
        f->sink.ops->moved(f->sink.self);
    }
    return rc;
}

static void must_connect(struct fixture *f)
{
    if (sink_connect(f) != ERR_OK)
        fail_msg("%s", f->err.msg);
}

/* As a main loop does, which tries again. */
static void must_connect_in_the_end(struct fixture *f)
{
    const int64_t deadline_ms = now_ms() + DEADLINE_MS;

    while (sink_connect(f) != ERR_OK)
        assert_true(now_ms() < deadline_ms);
}

/* Waits for the next reply as a main loop does. */
static const struct reply *await_reply(struct fixture *f)
{
    const int64_t deadline_ms = now_ms() + DEADLINE_MS;
    const struct reply *reply = NULL;

    for (;;) {
        struct pollfd fd = { .events = POLLIN };
        bool wants_write;

        if (f->sink.ops->next_reply(f->sink.self, &reply, &f->err) != ERR_OK)
            fail_msg("%s", f->err.msg);
        if (reply)
            return reply;
        assert_true(now_ms() < deadline_ms);
        fd.fd = f->sink.ops->descriptor(f->sink.self, &wants_write);
        if (wants_write)
            fd.events = POLLIN | POLLOUT;
        poll(&fd, 1, 100);
        if (f->sink.ops->exchange(f->sink.self, &f->err) != ERR_OK)
            fail_msg("%s", f->err.msg);
    }
}

static void send_words(struct fixture *f, int n, ...)
{
    struct str words[8];
    struct buf bytes;
    va_list ap;

    va_start(ap, n);
    for (int i = 0; i < n; i++)
        words[i] = str_from(va_arg(ap, const char *));
    va_end(ap);
    buf_init(&bytes, OUTPUT_MAX);
    assert_true(resp_append(&bytes, words, (size_t)n));
    assert_int_equal(f->sink.ops->send(f->sink.self, &bytes, &f->err), ERR_OK);
    assert_int_equal(bytes.n, 0);
    buf_release(&bytes);
}

/* --- connecting ------------------------------------------------------------------------------- */

static void connecting_learns_the_facts(void **state)
{
    struct fixture *f = fixture_of(state);
    const struct command *set = command_find(STR_LITERAL("SET"));
    const struct command *xadd = command_find(STR_LITERAL("XADD"));
    redisReply *info;
    struct sink_hiredis_settings settings;
    int64_t began_ms, skew_max_ms;

    redis_process_start(&f->server, no_arguments);
    settings = fixed(f->server.address, NULL, NULL);
    freeReplyObject(redis_process_ask(&f->server, "HSET redwal:identity wal orders p0 1"));
    freeReplyObject(redis_process_ask(&f->server, "SET a 1"));
    sink_open(f, &settings);
    began_ms = now_ms();
    must_connect(f);
    skew_max_ms = 50 + now_ms() - began_ms; /* an answer that took long tells the time as badly */
    assert_string_equal(f->facts.address, f->server.address);
    assert_int_equal(f->facts.role, PRIMARY_ROLE_MASTER);
    assert_false(f->facts.loading);
    assert_string_equal(f->facts.wal, "orders");
    assert_int_equal(f->facts.n_keys, 2);
    assert_true(f->facts.clock_skew_ms > -skew_max_ms && f->facts.clock_skew_ms < skew_max_ms);
    assert_false(f->facts.evicts);
    assert_true(command_set_has(&f->facts.commands, set));
    assert_true(command_set_has(&f->facts.commands, xadd));
    info = redis_process_ask(&f->server, "INFO server");
    assert_int_equal(strlen(f->facts.run_id), 40);
    assert_non_null(strstr(info->str, f->facts.run_id));
    freeReplyObject(info);

    freeReplyObject(redis_process_ask(&f->server, "CONFIG SET maxmemory-policy allkeys-lru"));
    freeReplyObject(redis_process_ask(&f->server, "FLUSHALL"));
    must_connect(f);
    assert_true(f->facts.evicts);
    assert_string_equal(f->facts.wal, "");
    assert_int_equal(f->facts.n_keys, 0);
}

static void a_replica_is_told_from_a_master(void **state)
{
    static const char *const arguments[] = { "--replica-serve-stale-data", "no", NULL };
    struct fixture *f = fixture_of(state);
    struct sink_hiredis_settings settings;

    redis_process_start(&f->server, arguments);
    settings = fixed(f->server.address, NULL, NULL);
    freeReplyObject(redis_process_ask(&f->server, "REPLICAOF 127.0.0.1 1"));
    sink_open(f, &settings);
    must_connect(f);
    assert_int_equal(f->facts.role, PRIMARY_ROLE_REPLICA);
}

static void a_server_that_is_not_there_is_named(void **state)
{
    struct fixture *f = fixture_of(state);
    struct sink_hiredis_settings settings;

    redis_process_start(&f->server, no_arguments);
    settings = fixed(f->server.address, NULL, NULL);
    sink_open(f, &settings);
    redis_process_stop(&f->server);
    assert_int_equal(sink_connect(f), ERR_UNAVAILABLE);
    assert_non_null(strstr(f->err.msg, settings.redis));
}

/* It accepts connections by its backlog and never says a word. */
static void a_stopped_server_is_given_up_in_time(void **state)
{
    struct fixture *f = fixture_of(state);
    struct sink_hiredis_settings settings;
    int64_t began_ms;

    redis_process_start(&f->server, no_arguments);
    settings = fixed(f->server.address, NULL, NULL);
    settings.connect_timeout_ms = SILENCE_TIMEOUT_MS;
    sink_open(f, &settings);
    kill(f->server.pid, SIGSTOP);
    began_ms = now_ms();
    assert_int_not_equal(sink_connect(f), ERR_OK);
    assert_true(now_ms() - began_ms < CONNECT_TIMEOUT_MS);
    kill(f->server.pid, SIGCONT);
    must_connect_in_the_end(f);
}

static void a_password_is_used_and_never_shown(void **state)
{
    static const char *const arguments[] = { "--requirepass", "s3cret-word", NULL };
    static const struct {
        const char *user, *password;
        enum err_code rc;
        const char *says;
    } rows[] = {
        { NULL, "s3cret-word", ERR_OK, "" },
        { "default", "s3cret-word", ERR_OK, "" },
        { NULL, "wrong-w0rd", ERR_DENIED, "not accepted" },
        { "nobody", "s3cret-word", ERR_DENIED, "not accepted" },
        { NULL, NULL, ERR_DENIED, "--redis-password-file" },
    };
    struct fixture *f = fixture_of(state);

    redis_process_start(&f->server, arguments);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct sink_hiredis_settings settings =
            fixed(f->server.address, rows[i].user, rows[i].password);

        f->err = (struct err){ 0 };
        sink_open(f, &settings);
        assert_int_equal(sink_connect(f), rows[i].rc);
        assert_non_null(strstr(f->err.msg, rows[i].says));
        assert_null(strstr(f->err.msg, "s3cret"));
        assert_null(strstr(f->err.msg, "w0rd"));
    }
}

static void new_passwords_are_used_by_the_next_connection(void **state)
{
    static const char *const arguments[] = { "--requirepass", "first", NULL };
    struct fixture *f = fixture_of(state);
    struct sink_hiredis_settings settings;
    struct sink_hiredis_access second = { .redis.password = "second" };

    redis_process_start(&f->server, arguments);
    settings = fixed(f->server.address, NULL, "first");
    sink_open(f, &settings);
    must_connect(f);
    assert_int_equal(sink_hiredis_use(f->adapter, &second, &f->err), ERR_OK);
    send_words(f, 4, "CONFIG", "SET", "requirepass", "second");
    assert_true(str_eq(await_reply(f)->text, STR_LITERAL("OK")));
    must_connect(f);

    second.redis.tls = true;
    second.redis.ca = "/nonexistent";
    second.redis.password = "third";
    assert_int_equal(sink_hiredis_use(f->adapter, &second, &f->err), ERR_INVALID);
    assert_non_null(strstr(f->err.msg, "/nonexistent"));
    must_connect(f);
}

/* Its thread goes on alone, and nobody waits for it. */
static void an_attempt_that_is_given_up_holds_nobody_up(void **state)
{
    struct fixture *f = fixture_of(state);
    struct sink_hiredis_settings settings;
    int64_t began_ms;

    redis_process_start(&f->server, no_arguments);
    settings = fixed(f->server.address, NULL, NULL);
    sink_open(f, &settings);
    kill(f->server.pid, SIGSTOP);
    began_ms = now_ms();
    for (int i = 0; i < 10; i++)
        f->sink.ops->connect(f->sink.self);
    f->sink.ops->disconnect(f->sink.self);
    assert_true(now_ms() - began_ms < CONNECT_TIMEOUT_MS);
    kill(f->server.pid, SIGCONT);
    must_connect(f);
}

static void a_missing_permission_is_named(void **state)
{
    static const char *const commands[] = { "info",    "dbsize", "role",  "time",
                                            "command", "hmget",  "multi", "exec" };
    struct fixture *f = fixture_of(state);
    struct sink_hiredis_settings settings;

    redis_process_start(&f->server, no_arguments);
    settings = fixed(f->server.address, "applier", "word");
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        freeReplyObject(redis_process_ask(
            &f->server, "ACL SETUSER applier reset on >word ~* +@all -%s", commands[i]));
        sink_open(f, &settings);
        assert_int_equal(sink_connect(f), ERR_DENIED);
        assert_non_null(strstr(f->err.msg, "may not run"));
        assert_non_null(strstr(f->err.msg, commands[i]));
    }
    freeReplyObject(redis_process_ask(&f->server, "ACL SETUSER applier reset on >word ~* +@all"));
    must_connect(f);
}

/* --- commands and replies --------------------------------------------------------------------- */

static void replies_come_in_the_order_of_commands(void **state)
{
    enum { N = 1000 };
    struct fixture *f = fixture_of(state);
    struct sink_hiredis_settings settings;
    const struct reply *reply;

    redis_process_start(&f->server, no_arguments);
    settings = fixed(f->server.address, NULL, NULL);
    sink_open(f, &settings);
    must_connect(f);
    send_words(f, 1, "MULTI");
    for (int i = 0; i < N; i++)
        send_words(f, 2, "INCR", "n");
    send_words(f, 3, "LPUSH", "n", "x");
    send_words(f, 1, "EXEC");
    assert_true(str_eq(await_reply(f)->text, STR_LITERAL("OK")));
    for (int i = 0; i <= N; i++)
        assert_true(str_eq(await_reply(f)->text, STR_LITERAL("QUEUED")));
    reply = await_reply(f);
    assert_int_equal(reply->type, REPLY_ARRAY);
    assert_int_equal(reply->n_elements, N + 1);
    for (int i = 0; i < N; i++)
        assert_int_equal(reply->elements[i].integer, i + 1);
    assert_int_equal(reply->elements[N].type, REPLY_ERROR);
    assert_true(str_starts_with(reply->elements[N].text, STR_LITERAL("WRONGTYPE")));
}

/* More than the socket takes while nobody reads: who waited for the server, which is stopped, would
 * wait for good. */
static void sending_never_waits_for_the_server(void **state)
{
    enum { VALUE = 1024 * 1024, N = 20, AT_ONCE_MS = 20000 };
    struct fixture *f = fixture_of(state);
    struct sink_hiredis_settings settings;
    char *value = malloc(VALUE + 1);
    int64_t began_ms;
    bool wants_write;

    redis_process_start(&f->server, no_arguments);
    settings = fixed(f->server.address, NULL, NULL);
    sink_open(f, &settings);
    must_connect(f);
    memset(value, 'v', VALUE);
    value[VALUE] = '\0';
    kill(f->server.pid, SIGSTOP);
    began_ms = now_ms();
    for (int i = 0; i < N; i++)
        send_words(f, 3, "SET", "k", value);
    assert_true(now_ms() - began_ms < AT_ONCE_MS);
    f->sink.ops->descriptor(f->sink.self, &wants_write);
    assert_true(wants_write);
    kill(f->server.pid, SIGCONT);
    for (int i = 0; i < N; i++)
        assert_true(str_eq(await_reply(f)->text, STR_LITERAL("OK")));
    f->sink.ops->descriptor(f->sink.self, &wants_write);
    assert_false(wants_write);
    send_words(f, 2, "GET", "k");
    assert_true(str_eq(await_reply(f)->text, (struct str){ value, VALUE }));
    free(value);
}

static void a_connection_that_ends_is_told(void **state)
{
    struct fixture *f = fixture_of(state);
    const int64_t deadline_ms = now_ms() + DEADLINE_MS;
    struct sink_hiredis_settings settings;
    bool wants_write;

    redis_process_start(&f->server, no_arguments);
    settings = fixed(f->server.address, NULL, NULL);
    sink_open(f, &settings);
    must_connect(f);
    kill(f->server.pid, SIGKILL);
    while (f->sink.ops->exchange(f->sink.self, &f->err) == ERR_OK)
        assert_true(now_ms() < deadline_ms);
    f->sink.ops->disconnect(f->sink.self);
    assert_int_equal(f->sink.ops->descriptor(f->sink.self, &wants_write), -1);
    assert_false(wants_write);
}

/* --- Sentinel --------------------------------------------------------------------------------- */

static bool await_move(struct fixture *f, int64_t ms)
{
    const int64_t deadline_ms = now_ms() + ms;

    while (now_ms() < deadline_ms) {
        struct pollfd fd = { .fd = f->sink.ops->news_descriptor(f->sink.self), .events = POLLIN };

        poll(&fd, 1, 50);
        if (f->sink.ops->moved(f->sink.self))
            return true;
    }
    return false;
}

static void sentinel_leads_to_the_primary_and_tells_when_it_moved(void **state)
{
    struct fixture *f = fixture_of(state);
    struct sink_hiredis_settings settings;

    redis_process_start(&f->server, no_arguments);
    redis_process_start(&f->other, no_arguments);
    redis_process_start_sentinel(&f->sentinel, f->server.port);
    settings = through_sentinels(f->sentinel.address);
    sink_open(f, &settings);
    must_connect(f);
    assert_string_equal(f->facts.address, f->server.address);
    assert_false(await_move(f, 3 * POLL_INTERVAL_MS));

    freeReplyObject(redis_process_ask(&f->sentinel, "SENTINEL REMOVE mymaster"));
    freeReplyObject(
        redis_process_ask(&f->sentinel, "SENTINEL MONITOR mymaster 127.0.0.1 %d 1", f->other.port));
    assert_true(await_move(f, DEADLINE_MS));
    assert_false(f->sink.ops->moved(f->sink.self));
    must_connect(f);
    assert_string_equal(f->facts.address, f->other.address);
    assert_false(await_move(f, 3 * POLL_INTERVAL_MS));
}

static void sentinels_that_do_not_answer_are_passed_over(void **state)
{
    struct fixture *f = fixture_of(state);
    char list[3 * REDIS_ADDRESS_MAX];
    struct sink_hiredis_settings settings;
    int64_t began_ms;

    redis_process_start(&f->server, no_arguments);
    redis_process_start(&f->other, no_arguments);
    redis_process_start_sentinel(&f->sentinel, f->server.port);
    snprintf(list, sizeof(list), "127.0.0.1:1,%s,%s", f->other.address, f->sentinel.address);
    kill(f->other.pid, SIGSTOP);
    settings = through_sentinels(list);
    sink_open(f, &settings);
    began_ms = now_ms();
    must_connect(f);
    assert_true(now_ms() - began_ms < 5 * SENTINEL_TIMEOUT_MS);
    assert_string_equal(f->facts.address, f->server.address);

    redis_process_stop(&f->sentinel);
    assert_int_not_equal(sink_connect(f), ERR_OK);
    assert_non_null(strstr(f->err.msg, "Sentinel"));
    began_ms = now_ms();
    sink_hiredis_free(f->adapter);
    f->adapter = NULL;
    assert_true(now_ms() - began_ms < 5 * SENTINEL_TIMEOUT_MS);
}

static void a_name_that_sentinel_does_not_know_is_told(void **state)
{
    struct fixture *f = fixture_of(state);
    struct sink_hiredis_settings settings;

    redis_process_start(&f->server, no_arguments);
    redis_process_start_sentinel(&f->sentinel, f->server.port);
    settings = through_sentinels(f->sentinel.address);
    settings.sentinel.master_name = "another";
    sink_open(f, &settings);
    assert_int_equal(sink_connect(f), ERR_NOT_FOUND);
    assert_non_null(strstr(f->err.msg, "another"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connecting_learns_the_facts),
        TEST(a_replica_is_told_from_a_master),
        TEST(a_server_that_is_not_there_is_named),
        TEST(a_stopped_server_is_given_up_in_time),
        TEST(a_password_is_used_and_never_shown),
        TEST(new_passwords_are_used_by_the_next_connection),
        TEST(an_attempt_that_is_given_up_holds_nobody_up),
        TEST(a_missing_permission_is_named),
        TEST(replies_come_in_the_order_of_commands),
        TEST(sending_never_waits_for_the_server),
        TEST(a_connection_that_ends_is_told),
        TEST(sentinel_leads_to_the_primary_and_tells_when_it_moved),
        TEST(sentinels_that_do_not_answer_are_passed_over),
        TEST(a_name_that_sentinel_does_not_know_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
