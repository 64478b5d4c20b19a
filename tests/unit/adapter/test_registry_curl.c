#include "adapter/registry_curl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter/http_microhttpd.h"
#include "codec/registry_answer.h"

enum { PATIENCE_MS = 20000, TIMEOUT_MS = 5000, URL_BYTES = 128 };

static unsigned tell(void *self, const struct http_request *request, struct http_answer *answer)
{
    (void)request;
    buf_print(&answer->body, "%s", (const char *)self);
    return 200;
}

static unsigned fail_to_tell(void *self, const struct http_request *request,
                             struct http_answer *answer)
{
    (void)self, (void)request;
    buf_print(&answer->body, "later");
    return 503;
}

static unsigned tell_too_much(void *self, const struct http_request *request,
                              struct http_answer *answer)
{
    (void)self, (void)request;
    for (int i = 0; i <= REGISTRY_ANSWER_MAX_BYTES / 64; i++)
        buf_print(&answer->body, "%064d", i);
    return 200;
}

static char schema[] = "{\"schema\":\"{}\"}";
static const struct http_page pages[] = {
    { "/api/schemas/ids/7", "application/json", tell, schema },
    { "/api/schemas/ids/4294967295", "application/json", tell, schema },
    { "/api/schemas/ids/8", "text/plain", fail_to_tell, NULL },
    { "/api/schemas/ids/9", "text/plain", tell_too_much, NULL },
};

static struct registry_curl *registry(const char *url, int64_t timeout_ms)
{
    const struct http_access access = { .url = url, .timeout_ms = timeout_ms };
    struct registry_curl *r = NULL;
    struct err err = { 0 };

    if (registry_curl_new(&access, &r, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return r;
}

static struct registry_reply await_reply(struct registry port)
{
    struct pollfd fd = { .fd = port.ops->descriptor(port.self), .events = POLLIN };
    struct registry_reply reply;

    do
        assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
    while (!port.ops->next_reply(port.self, &reply));
    return reply;
}

static struct registry_reply ask(struct registry_curl *r, uint32_t id)
{
    const struct registry port = registry_curl_port(r);
    struct registry_reply reply;

    assert_false(port.ops->next_reply(port.self, &reply));
    port.ops->ask(port.self, id);
    reply = await_reply(port);
    assert_int_equal(reply.id, id);
    assert_false(port.ops->next_reply(port.self, &reply));
    return reply;
}

static void answers_come_with_their_status(void **state)
{
    struct http_server *server = NULL;
    struct registry_curl *r;
    struct registry_reply reply;
    char url[URL_BYTES];
    struct err err;
    (void)state;

    assert_int_equal(
        http_server_new("127.0.0.1:0", pages, sizeof(pages) / sizeof(pages[0]), &server, &err),
        ERR_OK);
    snprintf(url, sizeof(url), "http://%s/api/", http_server_address(server));
    r = registry(url, TIMEOUT_MS);
    for (int i = 0; i < 2; i++) {
        reply = ask(r, i ? UINT32_MAX : 7);
        assert_int_equal(reply.status, 200);
        assert_true(str_eq(reply.body, STR_LITERAL("{\"schema\":\"{}\"}")));
    }
    reply = ask(r, 8);
    assert_int_equal(reply.status, 503);
    assert_true(str_eq(reply.body, STR_LITERAL("later")));
    assert_int_equal(ask(r, 1).status, 404);
    reply = ask(r, 9);
    assert_int_equal(reply.status, 0);
    assert_string_equal(reply.why, "the answer is longer than 1048576 bytes");
    assert_int_equal(ask(r, 7).status, 200);
    registry_curl_free(r);
    http_server_free(server);
}

/* A socket that takes connections and says nothing; its port. */
static int listen_silently(int *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static void silence_ends_with_the_timeout(void **state)
{
    struct registry_curl *r;
    struct registry_reply reply;
    char url[URL_BYTES];
    int port;
    const int fd = listen_silently(&port);
    (void)state;

    snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
    r = registry(url, 300);
    reply = ask(r, 7);
    assert_int_equal(reply.status, 0);
    assert_non_null(strstr(reply.why, "timed out"));
    close(fd);
    reply = ask(r, 7); /* and nobody listens any more */
    assert_int_equal(reply.status, 0);
    assert_true(reply.why[0] != '\0');
    registry_curl_free(r);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void an_open_question_does_not_hold_up_the_end(void **state)
{
    enum { LONG_MS = 60000 };
    const int64_t before_ms = now_ms();
    struct registry_curl *r;
    struct registry asked;
    char url[URL_BYTES];
    int port;
    const int fd = listen_silently(&port);
    (void)state;

    snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
    r = registry(url, LONG_MS);
    asked = registry_curl_port(r);
    asked.ops->ask(asked.self, 7);
    registry_curl_free(r);
    assert_true(now_ms() - before_ms < LONG_MS / 2);
    close(fd);
    registry_curl_free(NULL);
}

static void another_question_takes_the_place_of_an_open_one(void **state)
{
    struct http_server *server = NULL;
    struct registry_curl *r;
    struct registry_reply reply;
    struct registry asked;
    char url[URL_BYTES];
    struct err err;
    (void)state;

    assert_int_equal(
        http_server_new("127.0.0.1:0", pages, sizeof(pages) / sizeof(pages[0]), &server, &err),
        ERR_OK);
    snprintf(url, sizeof(url), "http://%s/api", http_server_address(server));
    r = registry(url, TIMEOUT_MS);
    asked = registry_curl_port(r);
    for (int i = 0; i < 20; i++) {
        asked.ops->ask(asked.self, 8);
        if (i % 2)
            assert_int_equal(await_reply(asked).status, 503);
        asked.ops->ask(asked.self, 8);
        if (i % 3 == 0)
            registry_curl_use(r, &(struct http_access){ .user = "u", .password = "p" });
        asked.ops->ask(asked.self, 7);
        do
            reply = await_reply(asked);
        while (reply.id != 7);
        assert_int_equal(reply.status, 200);
    }
    registry_curl_free(r);
    http_server_free(server);
}

static void urls_that_cannot_be_used_are_refused(void **state)
{
    static const struct {
        const char *url, *says;
    } rows[] = {
        { "", "cannot be used" },
        { "http://", "cannot be used" },
        { "http://localhost /", "cannot be used" },
        { "ftp://registry.example", "neither http nor https" },
        { "file:///etc/passwd", "neither http nor https" },
        { "http://"
          "me:secret@registry.example/",
          "holds a user" },
        { "http://registry.example/?x=1", "holds a query" },
        { "http://registry.example/#x", "holds a fragment" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct http_access access = { .url = rows[i].url, .timeout_ms = TIMEOUT_MS };
        struct registry_curl *r = NULL;
        struct err err = { 0 };

        if (registry_curl_new(&access, &r, &err) != ERR_INVALID || !strstr(err.msg, rows[i].says))
            fail_msg("%s: %s", rows[i].url, err.msg);
        assert_null(strstr(err.msg, "secret"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_with_their_status),
        cmocka_unit_test(silence_ends_with_the_timeout),
        cmocka_unit_test(an_open_question_does_not_hold_up_the_end),
        cmocka_unit_test(another_question_takes_the_place_of_an_open_one),
        cmocka_unit_test(urls_that_cannot_be_used_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
