#include "adapter/connect_curl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api_stub.h"
#include "codec/connect_json.h"

enum { TIMEOUT_MS = 5000, SHORT_MS = 300, URL_BYTES = 64 };

#define NAME    "dc->dr.MirrorSourceConnector"
#define ESCAPED "/connect/connectors/dc-%3Edr.MirrorSourceConnector"
#define OK_BODY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"

static struct connect_curl *client(int port, const char *user, int64_t timeout_ms)
{
    char url[URL_BYTES];
    const struct http_access access = {
        .url = url, .user = user, .password = user ? "word" : NULL, .timeout_ms = timeout_ms
    };
    struct connect_curl *c = NULL;
    struct err err = { 0 };

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/connect/", port);
    if (connect_curl_new(&access, &c, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return c;
}

static struct connect_reply ask(struct connect_curl *c, enum connect_question question)
{
    const struct connect port = connect_curl_port(c);
    struct connect_reply reply;

    port.ops->ask(port.self, question, NAME, &reply);
    return reply;
}

static void each_question_is_a_request(void **state)
{
    static const struct api_page pages[] = { { NULL, OK_BODY, 0, false } };
    static const char *const expected[CONNECT_QUESTION_COUNT] = {
        [CONNECT_CONFIG] = "GET " ESCAPED "/config HTTP/1.1\r\n",
        [CONNECT_STATUS] = "GET " ESCAPED "/status HTTP/1.1\r\n",
        [CONNECT_OFFSETS] = "GET " ESCAPED "/offsets HTTP/1.1\r\n",
        [CONNECT_STOP] = "PUT " ESCAPED "/stop HTTP/1.1\r\n",
        [CONNECT_RESUME] = "PUT " ESCAPED "/resume HTTP/1.1\r\n",
        [CONNECT_GUARD] = "PATCH " ESCAPED "/offsets HTTP/1.1\r\n",
    };
    struct api_stub stub = { .n_requests = 0 };
    struct connect_curl *c;
    char length[64];
    (void)state;

    api_stub_start(&stub, pages);
    c = client(stub.port, "me", TIMEOUT_MS);
    for (enum connect_question q = 0; q < CONNECT_QUESTION_COUNT; q++) {
        const struct connect_reply reply = ask(c, q);

        assert_int_equal(reply.status, 200);
        assert_true(str_eq(reply.body, STR_LITERAL("{}")));
    }
    connect_curl_free(c);
    api_stub_stop(&stub);
    assert_int_equal(stub.n_requests, CONNECT_QUESTION_COUNT);
    snprintf(length, sizeof(length), "Content-Length: %zu\r\n", connect_guard_body().n);
    for (enum connect_question q = 0; q < CONNECT_QUESTION_COUNT; q++) {
        const char *request = stub.requests[q];

        if (strncmp(request, expected[q], strlen(expected[q])) != 0)
            fail_msg("%d: %s", q, request);
        assert_non_null(strstr(request, "Authorization: Basic bWU6d29yZA==\r\n"));
        assert_non_null(strstr(request, "Content-Type: application/json\r\n"));
        if (q == CONNECT_GUARD)
            assert_non_null(strstr(request, length));
        else if (q == CONNECT_STOP || q == CONNECT_RESUME)
            assert_non_null(strstr(request, "Content-Length: 0\r\n"));
    }
}

static void what_does_not_come_in_time_is_no_answer(void **state)
{
    static const struct api_page pages[] = { { NULL, "HTTP/1.1 200 OK\r\n", 0, true } };
    struct api_stub stub = { .n_requests = 0 };
    struct connect_curl *c;
    struct connect_reply reply;
    (void)state;

    api_stub_start(&stub, pages);
    c = client(stub.port, NULL, SHORT_MS);
    reply = ask(c, CONNECT_STATUS);
    assert_int_equal(reply.status, 0);
    assert_non_null(strstr(reply.why, "timed out"));
    api_stub_stop(&stub);
    reply = ask(c, CONNECT_STOP); /* and nobody listens any more */
    assert_int_equal(reply.status, 0);
    assert_true(reply.why[0] != '\0');
    connect_curl_free(c);
    connect_curl_free(NULL);
}

static void an_answer_that_does_not_end_is_given_up(void **state)
{
    static const struct api_page pages[] = {
        { NULL, "HTTP/1.1 200 OK\r\n\r\n ", CONNECT_ANSWER_MAX_BYTES, false },
    };
    struct api_stub stub = { .n_requests = 0 };
    struct connect_curl *c;
    struct connect_reply reply;
    (void)state;

    api_stub_start(&stub, pages);
    c = client(stub.port, NULL, TIMEOUT_MS);
    reply = ask(c, CONNECT_OFFSETS);
    assert_int_equal(reply.status, 0);
    assert_string_equal(reply.why, "the answer is longer than 4194304 bytes");
    connect_curl_free(c);
    api_stub_stop(&stub);
}

static void a_url_that_cannot_be_used_is_refused(void **state)
{
    const struct http_access access = { .url = "ftp://connect.example", .timeout_ms = 1 };
    struct connect_curl *c = NULL;
    struct err err = { 0 };
    (void)state;

    assert_int_equal(connect_curl_new(&access, &c, &err), ERR_INVALID);
    assert_string_equal(err.msg, "Connect's URL is neither http nor https");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_question_is_a_request),
        cmocka_unit_test(what_does_not_come_in_time_is_no_answer),
        cmocka_unit_test(an_answer_that_does_not_end_is_given_up),
        cmocka_unit_test(a_url_that_cannot_be_used_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
