#include "adapter/http_microhttpd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/address.h"

enum { ANSWER_MAX = 1 << 16, ANSWER_TIMEOUT_S = 10 };

static unsigned render(void *self, const struct http_request *request, struct http_answer *answer)
{
    buf_print(&answer->body, "%s%s\n", (const char *)self, request->verbose ? " in detail" : "");
    if (str_eq(request->accept, STR_LITERAL("text/x-other")))
        answer->content_type = "text/x-other";
    return strcmp(self, "bad") == 0 ? 503 : 200;
}

static char good[] = "good", bad[] = "bad";
static const struct http_page pages[] = {
    { "/good", "text/plain", render, good },
    { "/bad", "text/x-bad", render, bad },
};

static struct http_server *serve(const char *address)
{
    struct http_server *s = NULL;
    struct err err = { 0 };

    if (http_server_new(address, pages, ARRAY_SIZE(pages), &s, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return s;
}

static int dial(const struct http_server *s)
{
    const struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
    struct sockaddr_in to = { .sin_family = AF_INET };
    struct address address = { 0 };
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(address_parse(str_from(http_server_address(s)), &address));
    to.sin_port = htons(address.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* Sends a request and returns all that comes back until the end. */
static const char *ask(const struct http_server *s, const char *request)
{
    static char answer[ANSWER_MAX];
    const int fd = dial(s);
    size_t n = 0;
    ssize_t got;

    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    while ((got = recv(fd, answer + n, sizeof(answer) - 1 - n, 0)) > 0)
        n += (size_t)got;
    assert_int_equal(got, 0);
    answer[n] = '\0';
    close(fd);
    return answer;
}

#define HOST "Host: x\r\nConnection: close\r\n\r\n"

static void pages_answer_with_their_status_and_type(void **state)
{
    static const struct {
        const char *request, *status, *body; /* body: the last bytes */
    } rows[] = {
        { "GET /good HTTP/1.1\r\n" HOST, "HTTP/1.1 200 ", "\r\n\r\ngood\n" },
        { "GET /good?verbose HTTP/1.1\r\n" HOST, "HTTP/1.1 200 ", "\r\n\r\ngood in detail\n" },
        { "GET /good?verbose=1 HTTP/1.1\r\n" HOST, "HTTP/1.1 200 ", "\r\n\r\ngood in detail\n" },
        { "GET /good?other HTTP/1.1\r\n" HOST, "HTTP/1.1 200 ", "\r\n\r\ngood\n" },
        { "GET /bad HTTP/1.1\r\n" HOST, "HTTP/1.1 503 ", "\r\n\r\nbad\n" },
        { "HEAD /bad HTTP/1.1\r\n" HOST, "HTTP/1.1 503 ", "\r\n\r\n" },
        { "GET / HTTP/1.1\r\n" HOST, "HTTP/1.1 200 ", "\r\n\r\n/good\n/bad\n" },
        { "GET /nowhere HTTP/1.1\r\n" HOST, "HTTP/1.1 404 ", "there are:\n/good\n/bad\n" },
        { "GET /goo HTTP/1.1\r\n" HOST, "HTTP/1.1 404 ", "there are:\n/good\n/bad\n" },
        { "DELETE /good HTTP/1.1\r\n" HOST, "HTTP/1.1 405 ", "only GET and HEAD\n" },
        { "POST /good HTTP/1.1\r\nContent-Length: 3\r\nHost: x\r\nConnection: close\r\n\r\nabc",
          "HTTP/1.1 405 ", "only GET and HEAD\n" },
    };
    struct http_server *s = serve("127.0.0.1:0");
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *answer = ask(s, rows[i].request);
        const size_t n = strlen(answer), n_body = strlen(rows[i].body);

        if (strncmp(answer, rows[i].status, strlen(rows[i].status)) != 0 || n < n_body ||
            strcmp(answer + n - n_body, rows[i].body) != 0)
            fail_msg("%s: answered\n%s", rows[i].request, answer);
    }
    assert_non_null(strstr(ask(s, "GET /bad HTTP/1.1\r\n" HOST), "Content-Type: text/x-bad\r\n"));
    assert_non_null(strstr(ask(s, "GET /bad HTTP/1.1\r\nAccept: text/x-other\r\n" HOST),
                           "Content-Type: text/x-other\r\n"));
    http_server_free(s);
}

static void an_address_is_listened_on(void **state)
{
    static const struct {
        const char *address, *start;
    } rows[] = {
        { "127.0.0.1:0", "127.0.0.1:" },
        { ":0", "" },
        { "localhost:0", "" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct http_server *s = serve(rows[i].address);
        const char *address = http_server_address(s);

        if (strncmp(address, rows[i].start, strlen(rows[i].start)) != 0 ||
            strcmp(address + strlen(address) - 2, ":0") == 0)
            fail_msg("'%s' became '%s'", rows[i].address, address);
        http_server_free(s);
    }
}

static void every_address_takes_ipv4_and_ipv6_where_there_is_any(void **state)
{
    struct http_server *s = serve(":0");
    (void)state;

    assert_non_null(strstr(ask(s, "GET /good HTTP/1.1\r\n" HOST), "200 "));
    http_server_free(s);
}

static void an_address_that_cannot_be_had_is_named(void **state)
{
    struct http_server *s = serve("127.0.0.1:0"), *second = NULL;
    struct err err = { 0 };
    (void)state;

    assert_int_equal(
        http_server_new(http_server_address(s), pages, ARRAY_SIZE(pages), &second, &err),
        ERR_INVALID);
    assert_non_null(strstr(err.msg, http_server_address(s)));
    assert_non_null(strstr(err.msg, "Address already in use"));

    assert_int_equal(http_server_new("192.0.2.1:0", pages, ARRAY_SIZE(pages), &second, &err),
                     ERR_INVALID);
    assert_non_null(strstr(err.msg, "cannot listen on '192.0.2.1:0'"));
    http_server_free(s);
}

static void more_clients_than_the_bound_are_turned_away(void **state)
{
    const struct timeval moment = { .tv_usec = 300000 };
    struct http_server *s = serve("127.0.0.1:0");
    int fds[HTTP_CONNECTIONS_MAX];
    char byte;
    int extra;
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        fds[i] = dial(s);
    extra = dial(s);
    /* It is closed, or waits unserved for one of the others to end; never served. */
    send(extra, "GET /good HTTP/1.0\r\n\r\n", 22, MSG_NOSIGNAL);
    setsockopt(extra, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment));
    assert_true(recv(extra, &byte, 1, 0) <= 0);

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
    close(extra);
    assert_non_null(strstr(ask(s, "GET /good HTTP/1.1\r\n" HOST), "200 "));
    http_server_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_answer_with_their_status_and_type),
        cmocka_unit_test(an_address_is_listened_on),
        cmocka_unit_test(every_address_takes_ipv4_and_ipv6_where_there_is_any),
        cmocka_unit_test(an_address_that_cannot_be_had_is_named),
        cmocka_unit_test(more_clients_than_the_bound_are_turned_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
