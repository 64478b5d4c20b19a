#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter/sentinel_hiredis.h"
#include "base/check.h"

enum { TIMEOUT_MS = 10000, POLL_INTERVAL_MS = 100, ACCEPT_MS = 10 };

#define ADDRESS "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n"
#define MASTER                                                                                     \
    "*6\r\n$4\r\nname\r\n$8\r\nmymaster\r\n$19\r\nnum-other-sentinels\r\n$1\r\n2\r\n"              \
    "$23\r\ndown-after-milliseconds\r\n$4\r\n5000\r\n"

static const struct redis_login nobody;

/* Says one thing to everybody, whatever he asks for, and hangs up. */
struct fake_sentinel {
    pthread_t thread;
    int listener, stop[2];
    char address[32];
    const char *says;
    int n_connections; /* read it when the thread has ended */
};

static void serve_one(struct fake_sentinel *f)
{
    const int fd = accept(f->listener, NULL, NULL);
    char request[512];

    f->n_connections++;
    if (read(fd, request, sizeof(request)) > 0 && f->says[0])
        assert_true(write(fd, f->says, strlen(f->says)) > 0);
    close(fd);
}

static void *serve(void *argument)
{
    struct fake_sentinel *f = argument;
    struct pollfd fds[] = { { .fd = f->listener, .events = POLLIN },
                            { .fd = f->stop[0], .events = POLLIN } };

    while (poll(fds, ARRAY_SIZE(fds), -1) > 0 && !fds[1].revents)
        serve_one(f);
    return NULL;
}

static void start(struct fake_sentinel *f, const char *says)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof(address);

    *f = (struct fake_sentinel){ .says = says };
    f->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(f->listener, 64), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&address, &n), 0);
    snprintf(f->address, sizeof(f->address), "127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pipe(f->stop), 0);
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
}

static void stop(struct fake_sentinel *f)
{
    close(f->stop[1]);
    pthread_join(f->thread, NULL);
    close(f->stop[0]);
    close(f->listener);
}

static struct sentinel_settings settings_for(const struct fake_sentinel *f)
{
    return (struct sentinel_settings){ .sentinels = f->address,
                                       .master_name = "mymaster",
                                       .timeout_ms = TIMEOUT_MS,
                                       .poll_interval_ms = POLL_INTERVAL_MS };
}

static void addresses_are_read_and_nonsense_is_refused(void **state)
{
    static const struct {
        const char *says;
        enum err_code rc;
        const char *address;
    } rows[] = {
        { "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n", ERR_OK, "127.0.0.1:6379" },
        { "*2\r\n$7\r\nredis-0\r\n$4\r\n6379\r\n", ERR_OK, "redis-0:6379" },
        { "*2\r\n$8\r\nfd00::12\r\n$4\r\n6379\r\n", ERR_OK, "[fd00::12]:6379" },
        { "*-1\r\n", ERR_NOT_FOUND, NULL },
        { "-NOPERM no\r\n", ERR_DENIED, NULL },
        { "*2\r\n:1\r\n:2\r\n", ERR_CORRUPT, NULL },
        { "*2\r\n$-1\r\n$-1\r\n", ERR_CORRUPT, NULL },
        { "*2\r\n$9\r\n127.0.0.1\r\n*-1\r\n", ERR_CORRUPT, NULL },
        { "*2\r\n*0\r\n*0\r\n", ERR_CORRUPT, NULL },
        { "*1\r\n$9\r\n127.0.0.1\r\n", ERR_CORRUPT, NULL },
        { "*0\r\n", ERR_CORRUPT, NULL },
        { ":6379\r\n", ERR_CORRUPT, NULL },
        { "nonsense\r\n", ERR_UNAVAILABLE, NULL },
        { "", ERR_UNAVAILABLE, NULL },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char address[PRIMARY_ADDRESS_MAX + 1] = "";
        struct fake_sentinel f;
        struct sentinel_settings settings;
        struct err err = { 0 };

        start(&f, rows[i].says);
        settings = settings_for(&f);
        assert_int_equal(sentinel_resolve(&settings, &nobody, address, &err), rows[i].rc);
        if (rows[i].address)
            assert_string_equal(address, rows[i].address);
        stop(&f);
    }
}

static void what_more_than_half_of_them_say_counts(void **state)
{
    static const char one[] = "*2\r\n$3\r\none\r\n$1\r\n1\r\n";
    static const char two[] = "*2\r\n$3\r\ntwo\r\n$1\r\n2\r\n";
    static const struct {
        const char *says[3], *address;
        int n_asked;
    } rows[] = {
        { { one, one, two }, "one:1", 2 }, /* the third cannot change it */
        { { one, two, two }, "two:2", 3 },
        { { "", two, "" }, "two:2", 3 },
        { { "", one, one }, "one:1", 3 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char list[128], address[PRIMARY_ADDRESS_MAX + 1];
        struct fake_sentinel f[3];
        struct sentinel_settings settings;
        int n_asked = 0;

        for (int k = 0; k < 3; k++)
            start(&f[k], rows[i].says[k]);
        snprintf(list, sizeof(list), "%s,%s,%s", f[0].address, f[1].address, f[2].address);
        settings = settings_for(&f[0]);
        settings.sentinels = list;
        assert_int_equal(sentinel_resolve(&settings, &nobody, address, NULL), ERR_OK);
        assert_string_equal(address, rows[i].address);
        for (int k = 0; k < 3; k++) {
            stop(&f[k]);
            n_asked += f[k].n_connections;
        }
        assert_int_equal(n_asked, rows[i].n_asked);
    }
}

/* As one that has no connection left to give does. */
static void a_sentinel_that_hangs_up_is_asked_now_and_then(void **state)
{
    const struct timespec a_while = { 20 * POLL_INTERVAL_MS / 1000, 0 };
    struct fake_sentinel f;
    struct sentinel_settings settings;
    struct sentinel_watch *w;
    const int news = eventfd(0, EFD_NONBLOCK);
    (void)state;

    start(&f, "-ERR max number of clients reached\r\n");
    settings = settings_for(&f);
    w = sentinel_watch_start(&settings, &nobody, news);
    nanosleep(&a_while, NULL);
    sentinel_watch_stop(w);
    close(news);
    stop(&f);
    assert_true(f.n_connections >= 2);
    assert_true(f.n_connections <= 100);
}

/* Whatever a Sentinel answers to the other questions, the primary that it names counts. */
static void a_survey_takes_what_each_of_them_says(void **state)
{
    static const struct {
        const char *says;
        enum err_code rc;
        int64_t n_others, down_after_ms;
        enum sentinel_quorum quorum;
    } rows[] = {
        { ADDRESS MASTER "+OK 3 usable Sentinels.\r\n", ERR_OK, 2, 5000, SENTINEL_QUORUM_YES },
        { ADDRESS MASTER "-NOQUORUM 1 usable Sentinels.\r\n", ERR_OK, 2, 5000, SENTINEL_QUORUM_NO },
        { ADDRESS "-NOPERM no\r\n-NOPERM no\r\n", ERR_OK, -1, -1, SENTINEL_QUORUM_UNKNOWN },
        { ADDRESS "*2\r\n$19\r\nnum-other-sentinels\r\n$2\r\n-1\r\n:1\r\n", ERR_OK, -1, -1,
          SENTINEL_QUORUM_UNKNOWN },
        { ADDRESS "*1\r\n$1\r\nx\r\n*0\r\n", ERR_OK, -1, -1, SENTINEL_QUORUM_UNKNOWN },
        { ADDRESS, ERR_OK, -1, -1, SENTINEL_QUORUM_UNKNOWN },
        { "*-1\r\n", ERR_NOT_FOUND, -1, -1, SENTINEL_QUORUM_UNKNOWN },
        { "", ERR_UNAVAILABLE, -1, -1, SENTINEL_QUORUM_UNKNOWN },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sentinel_answer a[SENTINELS_MAX];
        struct fake_sentinel f;
        struct sentinel_settings settings;

        start(&f, rows[i].says);
        settings = settings_for(&f);
        assert_int_equal(sentinel_survey(&settings, &nobody, a), 1);
        stop(&f);
        if (a[0].rc != rows[i].rc || a[0].n_others != rows[i].n_others ||
            a[0].down_after_ms != rows[i].down_after_ms || a[0].quorum != rows[i].quorum)
            fail_msg("row %zu: %d, %lld, %lld, %d", i, (int)a[0].rc, (long long)a[0].n_others,
                     (long long)a[0].down_after_ms, (int)a[0].quorum);
        if (a[0].rc == ERR_OK)
            assert_string_equal(a[0].primary, "127.0.0.1:6379");
        else
            assert_true(a[0].err.msg[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_nonsense_is_refused),
        cmocka_unit_test(what_more_than_half_of_them_say_counts),
        cmocka_unit_test(a_survey_takes_what_each_of_them_says),
        cmocka_unit_test(a_sentinel_that_hangs_up_is_asked_now_and_then),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
