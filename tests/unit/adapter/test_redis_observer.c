#include "adapter/redis_observer.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter/redis_connect.h"
#include "adapter/sentinel_listener.h"
#include "base/check.h"
#include "base/mem.h"
#include "redis_process.h"

enum { TIMEOUT_MS = 20000, PATIENCE_MS = 30000, FILE_MAX_BYTES = 16384 };
#ifdef __SANITIZE_THREAD__
enum { THREADS_OF_SANITIZER = 1 }; /* begun with our first */
#else
enum { THREADS_OF_SANITIZER = 0 };
#endif

static struct redis_process server;
static int n_threads_at_start;

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int n_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *task;
    int n = 0;

    assert_non_null(tasks);
    while ((task = readdir(tasks)))
        n += task->d_name[0] != '.';
    closedir(tasks);
    return n;
}

static const struct redis_look_settings settings = { TIMEOUT_MS, now_ms, wall_ms };

static void do_command(const char *command)
{
    redisReply *reply = redis_process_ask(&server, command);

    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
}

static void set_save(const char *points)
{
    redisReply *reply = redis_process_ask(&server, "CONFIG SET save %s", points);

    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
}

static struct redis_place place_of(const struct redis_process *r)
{
    return (struct redis_place){ .redis = r->address, .wal = "orders", .n_partitions = 2 };
}

static struct redis_look look_at(const struct redis_place *place)
{
    struct redis_look look;

    redis_look_ask(place, &settings, &look);
    return look;
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

static void empty(void)
{
    do_command("FLUSHALL");
    do_command("CONFIG SET maxmemory-policy noeviction");
}

/* --- what a look says ------------------------------------------------------------------------- */

static void says_what_redis_is_and_holds(void **state)
{
    struct redis_look look;
    struct redis_place place = place_of(&server);
    (void)state;

    empty();
    do_command("HSET redwal:identity wal orders restore 0b4c");
    do_command("HSET redwal:{orders}:p:1 next 42 settled 40 log c/t epoch 0 ts 7 digest "
               "00000000000000ff clock wall");
    do_command("CONFIG SET maxmemory-policy allkeys-lru");
    set_save("900 1");
    look = look_at(&place);
    if (look.look.outcome != LOOK_ANSWERED)
        fail_msg("%s", look.look.why);
    assert_int_equal(look.primary.role, PRIMARY_ROLE_MASTER);
    assert_string_equal(look.primary.wal, "orders");
    assert_string_equal(look.primary.restore, "0b4c");
    assert_string_equal(look.primary.address, server.address);
    assert_int_equal(strlen(look.primary.run_id), 40);
    assert_string_equal(look.eviction, "allkeys-lru");
    assert_int_equal(look.saves, 1);
    assert_int_equal(look.appends, 0);
    assert_int_equal(look.n, 2);
    assert_int_equal(look.partitions[0].read, POSITION_ABSENT);
    assert_false(look.partitions[0].identity.seen);
    assert_int_equal(look.partitions[1].read, POSITION_PRESENT);
    assert_int_equal(look.partitions[1].position.next, 42);
    redis_look_release(&look);
    set_save("");
    place.n_partitions = 0;
    look = look_at(&place);
    assert_int_equal(look.saves, 0);
    assert_int_equal(look.n, 0);
    redis_look_release(&look);
}

static void knows_that_a_position_was_there(void **state)
{
    const struct redis_place place = place_of(&server);
    char field[POSITION_SEEN_FIELD_MAX];
    struct redis_look look;
    redisReply *reply;
    (void)state;

    empty();
    reply =
        redis_process_ask(&server, "HSET redwal:identity %s 1", position_seen_field(field, 1).p);
    freeReplyObject(reply);
    look = look_at(&place);
    assert_int_equal(look.partitions[1].read, POSITION_ABSENT);
    assert_true(look.partitions[1].identity.seen);
    assert_false(look.partitions[0].identity.seen);
    redis_look_release(&look);
}

static void a_replica_is_one(void **state)
{
    const struct redis_place place = place_of(&server);
    struct redis_look look;
    (void)state;

    do_command("REPLICAOF 127.0.0.1 1");
    look = look_at(&place);
    do_command("REPLICAOF NO ONE");
    assert_int_equal(look.look.outcome, LOOK_ANSWERED);
    assert_int_equal(look.primary.role, PRIMARY_ROLE_REPLICA);
    assert_int_equal(look.n, 0);
    redis_look_release(&look);
}

static void what_may_not_be_asked_stays_unknown(void **state)
{
    struct redis_place place = place_of(&server);
    struct redis_look look;
    (void)state;

    empty();
    do_command("ACL SETUSER reader on >secret ~redwal:* +@read +info +role +time +dbsize");
    place.login = (struct look_login){ .user = "reader", .password = "secret" };
    look = look_at(&place);
    if (look.look.outcome != LOOK_ANSWERED)
        fail_msg("%s", look.look.why);
    assert_true(look.saves == DIAGNOSIS_UNKNOWN);
    assert_int_equal(look.appends, 0);
    redis_look_release(&look);
    place.login.password = "wrong";
    look = look_at(&place);
    assert_int_equal(look.look.outcome, LOOK_FAILED);
    assert_true(look.look.denied);
    assert_null(strstr(look.look.why, "wrong"));
    do_command("ACL SETUSER reader resetkeys");
    place.login.password = "secret";
    look = look_at(&place);
    assert_int_equal(look.look.outcome, LOOK_FAILED);
    assert_true(look.look.denied);
}

static void the_sentinels_say_who_it_is(void **state)
{
    struct redis_process sentinel;
    struct redis_place place = { .sentinels = sentinel.address,
                                 .master_name = "mymaster",
                                 .wal = "orders" };
    struct redis_look look;
    (void)state;

    redis_process_start_sentinel(&sentinel, server.port);
    look = look_at(&place);
    if (look.look.outcome != LOOK_ANSWERED)
        fail_msg("%s", look.look.why);
    assert_string_equal(look.primary.address, server.address);
    redis_look_release(&look);
    place.master_name = "other";
    look = look_at(&place);
    assert_int_equal(look.look.outcome, LOOK_FAILED);
    redis_process_stop(&sentinel);
    look = look_at(&place);
    assert_int_equal(look.look.outcome, LOOK_FAILED);
    assert_true(look.look.why[0]);
}

static void read_text(const char *dir, const char *name, char *ret)
{
    char path[256];
    FILE *f;
    size_t n;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "r");
    assert_non_null(f);
    n = fread(ret, 1, FILE_MAX_BYTES - 1, f);
    ret[n] = '\0';
    fclose(f);
}

static void run(const char *dir, const char *script)
{
    char command[1024];

    snprintf(command, sizeof(command), "cd %s && (%s) >log 2>&1", dir, script);
    assert_int_equal(system(command), 0);
}

/* Takes connections and says nothing. */
static int listen_silently(char *ret_address, size_t size)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    snprintf(ret_address, size, "127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

static void certificates_may_be_texts(void **state)
{
    static char ca[FILE_MAX_BYTES], cert[FILE_MAX_BYTES], key[FILE_MAX_BYTES];
    char dir[] = "/tmp/redwal-pem-XXXXXX", cert_path[64], key_path[64], ca_path[64], port[16];
    const char *const arguments[] = { "--tls-port",
                                      port,
                                      "--tls-cert-file",
                                      cert_path,
                                      "--tls-key-file",
                                      key_path,
                                      "--tls-ca-cert-file",
                                      ca_path,
                                      NULL };
    struct redis_process secure;
    struct redis_place place;
    struct redis_look look;
    char address[32];
    (void)state;

    assert_non_null(mkdtemp(dir));
    run(dir, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
             "-keyout key -out cert -subj /CN=test -addext subjectAltName=IP:127.0.0.1");
    read_text(dir, "cert", cert);
    read_text(dir, "key", key);
    memcpy(ca, cert, sizeof(ca));
    snprintf(cert_path, sizeof(cert_path), "%s/cert", dir);
    snprintf(ca_path, sizeof(ca_path), "%s/cert", dir);
    snprintf(key_path, sizeof(key_path), "%s/key", dir);
    place = (struct redis_place){ .redis = address, .wal = "orders" };
    place.login = (struct look_login){ .tls = true, .ca = ca, .cert = cert, .key = key };
    close(listen_silently(address, sizeof(address))); /* a port that is free */
    snprintf(port, sizeof(port), "%s", strchr(address, ':') + 1);
    redis_process_start(&secure, arguments);
    look = look_at(&place);
    if (look.look.outcome != LOOK_ANSWERED)
        fail_msg("%s", look.look.why);
    redis_look_release(&look);

    place.login.cert = place.login.key = NULL; /* the server asks for one */
    assert_int_equal(look_at(&place).look.outcome, LOOK_FAILED);
    place.login.ca = "no certificate";
    look = look_at(&place);
    assert_int_equal(look.look.outcome, LOOK_FAILED);
    assert_non_null(strstr(look.look.why, "authorities"));
    place.login = (struct look_login){ .tls = true, .ca = ca, .cert = cert, .key = "no key" };
    look = look_at(&place);
    assert_non_null(strstr(look.look.why, "our key"));
    redis_process_stop(&secure);
    run(dir, "rm -rf ../$(basename $PWD)");
}

/* --- listening -------------------------------------------------------------------------------- */

static bool hear(struct redis_observer_port port, struct redis_news *ret)
{
    const int64_t deadline_ms = now_ms() + PATIENCE_MS;
    struct redis_look look;
    uint64_t wal;

    for (;;) {
        struct pollfd p = { .fd = port.ops->descriptor(port.self), .events = POLLIN };

        assert_false(port.ops->next(port.self, &wal, &look));
        if (port.ops->news(port.self, ret))
            return true;
        if (now_ms() > deadline_ms)
            return false;
        poll(&p, 1, TIMEOUT_MS);
    }
}

static void expect_news(struct redis_observer_port port, uint64_t wal, enum redis_news_type type)
{
    struct redis_news heard;

    assert_true(hear(port, &heard));
    assert_int_equal(heard.wal, wal);
    assert_int_equal(heard.type, type);
}

static void ask_sentinel(const struct redis_process *sentinel, const char *command)
{
    redisReply *reply = redis_process_ask(sentinel, command);

    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
}

static void hears_what_sentinels_tell_of_its_master(void **state)
{
    struct redis_observer *o = redis_observer_new(&settings);
    const struct redis_observer_port port = redis_observer_port(o);
    struct redis_process sentinel;
    struct redis_place place = { .sentinels = sentinel.address,
                                 .master_name = "mymaster",
                                 .wal = "orders" };
    struct redis_news none;
    struct err err;
    (void)state;

    redis_process_start_sentinel(&sentinel, server.port);
    assert_int_equal(port.ops->listen(port.self, 7, &place, &err), ERR_OK);
    expect_news(port, 7, REDIS_NEWS_LISTENING);
    place.master_name = "other";
    assert_int_equal(port.ops->listen(port.self, 8, &place, &err), ERR_OK);
    expect_news(port, 8, REDIS_NEWS_LISTENING);

    /* As an operator moves it; who listens for another master hears nothing. */
    ask_sentinel(&sentinel, "SENTINEL REMOVE mymaster");
    ask_sentinel(&sentinel, "SENTINEL MONITOR mymaster 127.0.0.1 1 1");
    expect_news(port, 7, REDIS_NEWS_CHANGED);
    ask_sentinel(&sentinel, "SENTINEL MONITOR other 127.0.0.1 2 1");
    expect_news(port, 8, REDIS_NEWS_CHANGED);
    port.ops->ignore(port.self, 7);
    ask_sentinel(&sentinel, "SENTINEL RESET mymaster");
    redis_process_stop(&sentinel);
    expect_news(port, 8, REDIS_NEWS_ENDED);
    assert_false(port.ops->news(port.self, &none));

    assert_int_equal(port.ops->listen(port.self, 7, &place, &err), ERR_OK);
    expect_news(port, 7, REDIS_NEWS_ENDED);
    redis_observer_free(o);
}

static void who_refuses_is_no_sentinel(void **state)
{
    struct redis_observer *o = redis_observer_new(&settings);
    const struct redis_observer_port port = redis_observer_port(o);
    struct redis_place place = { .sentinels = server.address,
                                 .master_name = "mymaster",
                                 .wal = "orders",
                                 .sentinel_login = { .user = "deaf", .password = "secret" } };
    struct err err;
    (void)state;

    do_command("ACL SETUSER deaf on >secret +@all -subscribe");
    assert_int_equal(port.ops->listen(port.self, 7, &place, &err), ERR_OK);
    expect_news(port, 7, REDIS_NEWS_LISTENING);
    expect_news(port, 7, REDIS_NEWS_ENDED);
    redis_observer_free(o);
}

static void listeners_are_bounded(void **state)
{
    struct redis_observer *o = redis_observer_new(&settings);
    const struct redis_observer_port port = redis_observer_port(o);
    struct redis_process sentinel;
    struct redis_place place = { .sentinels = sentinel.address,
                                 .master_name = "mymaster",
                                 .wal = "orders" };
    enum { PLACES = SENTINEL_LISTENER_MAX / REDIS_LOOK_EARS_MAX };
    struct err err;
    (void)state;

    redis_process_start_sentinel(&sentinel, server.port);
    for (uint64_t i = 0; i < PLACES; i++)
        assert_int_equal(port.ops->listen(port.self, i, &place, &err), ERR_OK);
    assert_int_equal(port.ops->listen(port.self, PLACES, &place, &err), ERR_LIMIT);
    for (uint64_t i = 0; i < PLACES; i++) {
        struct redis_news heard;

        assert_true(hear(port, &heard));
        assert_int_equal(heard.type, REDIS_NEWS_LISTENING);
    }
    assert_int_equal(port.ops->listen(port.self, PLACES, &place, &err), ERR_OK);
    redis_observer_free(o);
    redis_process_stop(&sentinel);
}

/* --- many at a time --------------------------------------------------------------------------- */

static bool await(struct redis_observer_port port, uint64_t *ret_wal, struct redis_look *ret)
{
    const int64_t deadline_ms = now_ms() + PATIENCE_MS;

    while (!port.ops->next(port.self, ret_wal, ret)) {
        struct pollfd p = { .fd = port.ops->descriptor(port.self), .events = POLLIN };

        if (now_ms() > deadline_ms)
            return false;
        poll(&p, 1, TIMEOUT_MS);
    }
    return true;
}

/* The next n, of WALs from `first` on. */
static void expect_looks(struct redis_observer_port port, int n, enum look_outcome outcome,
                         uint64_t first)
{
    for (int i = 0; i < n; i++) {
        struct redis_look look;
        uint64_t wal;

        assert_true(await(port, &wal, &look));
        assert_int_equal(look.look.outcome, outcome);
        assert_in_range(wal, first, first + (uint64_t)n - 1);
        redis_look_release(&look);
    }
}

static void servers_that_hang_hold_up_threads_alone(void **state)
{
    struct redis_observer *o = redis_observer_new(&settings);
    const struct redis_observer_port port = redis_observer_port(o);
    struct redis_place place = place_of(&server);
    char address[32];
    const int silent = listen_silently(address, sizeof(address));
    struct err err;
    (void)state;

    /* One thread is left for those that answer. */
    for (uint64_t i = 0; i < 2 * (REDIS_OBSERVER_THREADS - 1); i++) {
        place.redis = i < REDIS_OBSERVER_THREADS - 1 ? address : server.address;
        assert_int_equal(port.ops->ask(port.self, i, &place, &err), ERR_OK);
    }
    expect_looks(port, REDIS_OBSERVER_THREADS - 1, LOOK_ANSWERED, REDIS_OBSERVER_THREADS - 1);
    close(silent);
    expect_looks(port, REDIS_OBSERVER_THREADS - 1, LOOK_FAILED, 0);
    redis_observer_free(o);
}

static void questions_are_bounded_and_nobody_is_waited_for(void **state)
{
    struct redis_observer *o = redis_observer_new(&settings);
    const struct redis_observer_port port = redis_observer_port(o);
    struct redis_place place = place_of(&server);
    char address[32];
    const int silent = listen_silently(address, sizeof(address));
    int64_t began_ms, deadline_ms;
    struct err err;
    (void)state;

    place.redis = address;
    for (uint64_t i = 0; i < REDIS_OBSERVER_OPEN_MAX; i++)
        assert_int_equal(port.ops->ask(port.self, i, &place, &err), ERR_OK);
    assert_int_equal(port.ops->ask(port.self, 0, &place, &err), ERR_LIMIT);
    began_ms = now_ms();
    redis_observer_free(o);
    assert_true(now_ms() - began_ms < TIMEOUT_MS / 2);
    /* The threads end once their looks have; a sanitizer would see what they leave behind. */
    close(silent);
    deadline_ms = now_ms() + PATIENCE_MS;
    while (n_threads() > n_threads_at_start + THREADS_OF_SANITIZER && now_ms() < deadline_ms)
        poll(NULL, 0, 10);
    assert_int_equal(n_threads(), n_threads_at_start + THREADS_OF_SANITIZER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_redis_is_and_holds),
        cmocka_unit_test(knows_that_a_position_was_there),
        cmocka_unit_test(a_replica_is_one),
        cmocka_unit_test(what_may_not_be_asked_stays_unknown),
        cmocka_unit_test(the_sentinels_say_who_it_is),
        cmocka_unit_test(certificates_may_be_texts),
        cmocka_unit_test(hears_what_sentinels_tell_of_its_master),
        cmocka_unit_test(who_refuses_is_no_sentinel),
        cmocka_unit_test(listeners_are_bounded),
        cmocka_unit_test(servers_that_hang_hold_up_threads_alone),
        cmocka_unit_test(questions_are_bounded_and_nobody_is_waited_for),
    };

    if (!redis_process_is_installed())
        return 77;

    n_threads_at_start = n_threads();
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
