#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <time.h>

#include "adapter/kube_curl.h"
#include "api_stub.h"
#include "base/mem.h"

enum { WAIT_MAX_MS = 20 * 1000, ANSWERS_SIZE = 4096 };

#define GOOD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"

static const struct api_page pages[] = {
    { "/good", GOOD "hello", 0, false },
    { "/empty", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", 0, false },
    { "/busy", "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy", 0,
      false },
    { "/long-wait", "HTTP/1.1 503 No\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n", 0,
      false },
    { "/warns", "HTTP/1.1 200 OK\r\nWarning: 299 - \"old\"\r\nContent-Length: 1\r\n\r\nx", 0,
      false },
    { "/cut", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart", 0, false },
    { "/stream",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n", 0,
      false },
    { "/flood", GOOD "y", 8 * 1024 * 1024, false },
    { "/too-much", GOOD "z", KUBE_ANSWER_MAX, false },
    { "/silent", GOOD "s", 0, true },
    { NULL, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0, false },
};

struct stand {
    struct api_stub stub;
    struct kube_curl *curl;
    struct kube port;
};

static char *copy(const char *text)
{
    return mem_copy_text(text, strlen(text));
}

static void set_up(struct stand *s, const char *token)
{
    struct kube_login login = { 0 };
    char server[64];
    struct err err;

    api_stub_start(&s->stub, pages);
    snprintf(server, sizeof(server), "http://127.0.0.1:%d", s->stub.port);
    login.server = copy(server);
    secret_set(&login.token, str_from(token));
    assert_int_equal(kube_curl_new(&login, "redwal-test", &s->curl, &err), ERR_OK);
    assert_null(login.server);
    s->port = kube_curl_port(s->curl);
}

static void tear_down(struct stand *s)
{
    kube_curl_free(s->curl);
    api_stub_stop(&s->stub);
}

static uint64_t start(struct stand *s, const char *path, bool stream)
{
    struct kube_request r = { 0 };
    struct err err;
    uint64_t id = 0;

    assert_true(kube_request_path(&r, path, "application/json"));
    r.stream = stream;
    if (s->port.ops->start(s->port.self, &r, &id, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    assert_null(r.target.p);
    return id;
}

/* Until there is news, as a loop does it. */
static bool await(struct stand *s, struct kube_news *news, int64_t limit_ms)
{
    struct pollfd p = { .fd = s->port.ops->descriptor(s->port.self), .events = POLLIN };
    struct timespec begin, now;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        const int64_t wait_ms = s->port.ops->wait_ms(s->port.self);

        if (s->port.ops->next(s->port.self, news))
            return true;
        poll(&p, 1, wait_ms < 0 || wait_ms > 50 ? 50 : (int)wait_ms);
        s->port.ops->exchange(s->port.self);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - begin.tv_sec) * 1000 < limit_ms);
    return false;
}

static void an_answer_comes_whole_or_with_its_reason(void **state)
{
    static const struct {
        const char *path;
        enum kube_news_type type;
        int http;
        int64_t retry_after_ms;
        const char *body, *warnings;
    } rows[] = {
        { "/good", KUBE_NEWS_ANSWER, 200, -1, "hello", "" },
        { "/empty", KUBE_NEWS_ANSWER, 204, -1, "", "" },
        { "/busy", KUBE_NEWS_ANSWER, 429, 7000, "busy", "" },
        { "/long-wait", KUBE_NEWS_ANSWER, 503, KUBE_RETRY_AFTER_MAX_MS, "", "" },
        { "/warns", KUBE_NEWS_ANSWER, 200, -1, "x", " 299 - \"old\"\r\n" },
        { "/nowhere", KUBE_NEWS_ANSWER, 404, -1, "", "" },
        { "/cut", KUBE_NEWS_LOST, 200, -1, "", "" },
        { "/too-much", KUBE_NEWS_LOST, 200, -1, "", "" },
    };
    struct stand s;
    struct kube_news news;
    (void)state;

    set_up(&s, "secret-token");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const uint64_t id = start(&s, rows[i].path, false);

        assert_true(await(&s, &news, WAIT_MAX_MS));
        if (news.id != id || news.type != rows[i].type || news.http != rows[i].http ||
            news.retry_after_ms != rows[i].retry_after_ms ||
            !str_eq(news.bytes, str_from(rows[i].body)) ||
            !str_eq(news.warnings, str_from(rows[i].warnings)))
            fail_msg("%s: %d %d %s", rows[i].path, (int)news.type, news.http, news.why);
        assert_int_equal(news.type == KUBE_NEWS_LOST, news.why[0] != '\0');
        assert_false(s.port.ops->next(s.port.self, &news));
    }
    tear_down(&s);
    assert_non_null(strstr(s.stub.requests[0], "Authorization: Bearer secret-token\r\n"));
    assert_non_null(strstr(s.stub.requests[0], "Accept: application/json\r\n"));
    assert_non_null(strstr(s.stub.requests[0], "User-Agent: redwal-test\r\n"));
}

static void a_watch_comes_in_pieces_and_a_refused_one_is_an_answer(void **state)
{
    struct stand s;
    struct kube_news news;
    char got[ANSWERS_SIZE] = "";
    (void)state;

    set_up(&s, "");
    start(&s, "/stream", true);
    while (await(&s, &news, WAIT_MAX_MS) && news.type == KUBE_NEWS_BYTES)
        strncat(got, news.bytes.p, news.bytes.n);
    assert_string_equal(got, "onetwo");
    assert_int_equal(news.type, KUBE_NEWS_ANSWER);
    assert_int_equal(news.bytes.n, 0);

    start(&s, "/busy", true);
    assert_true(await(&s, &news, WAIT_MAX_MS));
    assert_int_equal(news.type, KUBE_NEWS_ANSWER);
    assert_int_equal(news.http, 429);
    assert_true(str_eq(news.bytes, STR_LITERAL("busy")));

    start(&s, "/cut", true);
    assert_true(await(&s, &news, WAIT_MAX_MS));
    assert_int_equal(news.type, KUBE_NEWS_BYTES);
    assert_true(await(&s, &news, WAIT_MAX_MS));
    assert_int_equal(news.type, KUBE_NEWS_LOST);
    tear_down(&s);
    assert_null(strstr(s.stub.requests[0], "Authorization"));
}

/* The server sends faster than it is taken: memory stays within the bound, and nothing is lost. */
static void a_flood_is_slowed_down(void **state)
{
    struct stand s;
    struct kube_news news;
    size_t total = 0;
    (void)state;

    set_up(&s, "");
    start(&s, "/flood", true);
    for (int i = 0; i < 200; i++) { /* read all there is, take nothing */
        struct pollfd p = { .fd = s.port.ops->descriptor(s.port.self), .events = POLLIN };

        poll(&p, 1, 1);
        s.port.ops->exchange(s.port.self);
    }
    while (await(&s, &news, WAIT_MAX_MS) && news.type == KUBE_NEWS_BYTES) {
        assert_true(news.bytes.n <= KUBE_STREAM_MAX_BYTES);
        total += news.bytes.n;
    }
    assert_int_equal(news.type, KUBE_NEWS_ANSWER);
    assert_int_equal(total, 8 * 1024 * 1024 + 1);
    tear_down(&s);
}

static void what_is_cancelled_has_no_more_news(void **state)
{
    struct stand s;
    struct kube_news news;
    uint64_t id;
    (void)state;

    set_up(&s, "");
    id = start(&s, "/silent", true);
    assert_true(await(&s, &news, WAIT_MAX_MS));
    assert_int_equal(news.type, KUBE_NEWS_BYTES);
    s.port.ops->cancel(s.port.self, id);
    s.port.ops->cancel(s.port.self, id);
    s.port.ops->cancel(s.port.self, 0);
    assert_false(await(&s, &news, 200));
    start(&s, "/good", false);
    assert_true(await(&s, &news, WAIT_MAX_MS));
    assert_true(str_eq(news.bytes, STR_LITERAL("hello")));
    start(&s, "/silent", true); /* still under way at the end */
    tear_down(&s);
}

static void a_full_table_takes_no_more(void **state)
{
    struct stand s;
    struct kube_request r = { 0 };
    uint64_t ids[KUBE_TRANSFERS_MAX], id;
    struct err err;
    (void)state;

    set_up(&s, "");
    for (size_t i = 0; i < KUBE_TRANSFERS_MAX; i++)
        ids[i] = start(&s, "/silent", true);
    assert_true(kube_request_path(&r, "/good", "application/json"));
    assert_int_equal(s.port.ops->start(s.port.self, &r, &id, &err), ERR_LIMIT);
    assert_non_null(r.target.p);
    s.port.ops->cancel(s.port.self, ids[7]);
    assert_int_equal(s.port.ops->start(s.port.self, &r, &id, &err), ERR_OK);
    kube_request_release(&r);
    tear_down(&s);
}

static void a_request_that_takes_too_long_is_lost(void **state)
{
    struct stand s;
    struct kube_request r = { 0 };
    struct kube_news news;
    uint64_t id;
    struct err err;
    (void)state;

    set_up(&s, "");
    assert_true(kube_request_path(&r, "/silent", "application/json"));
    r.timeout_ms = 300;
    assert_int_equal(s.port.ops->start(s.port.self, &r, &id, &err), ERR_OK);
    assert_true(await(&s, &news, WAIT_MAX_MS));
    assert_int_equal(news.type, KUBE_NEWS_LOST);
    assert_true(strstr(news.why, "timed out") || strstr(news.why, "Timeout"));
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_whole_or_with_its_reason),
        cmocka_unit_test(a_watch_comes_in_pieces_and_a_refused_one_is_an_answer),
        cmocka_unit_test(a_flood_is_slowed_down),
        cmocka_unit_test(what_is_cancelled_has_no_more_news),
        cmocka_unit_test(a_full_table_takes_no_more),
        cmocka_unit_test(a_request_that_takes_too_long_is_lost),
    };

    unsetenv("http_proxy");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
