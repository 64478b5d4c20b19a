#include "adapter/connect_curl.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/connect_json.h"

struct connect_curl {
    struct http_peer *peer;
    struct buf body;
};

static const struct {
    const char *method, *path; /* below the connector */
} questions[CONNECT_QUESTION_COUNT] = {
    [CONNECT_CONFIG] = { "GET", "/config" },   [CONNECT_STATUS] = { "GET", "/status" },
    [CONNECT_OFFSETS] = { "GET", "/offsets" }, [CONNECT_STOP] = { "PUT", "/stop" },
    [CONNECT_RESUME] = { "PUT", "/resume" },   [CONNECT_GUARD] = { "PATCH", "/offsets" },
};

static const char *const headers[] = {
    "Accept: application/json",
    "Content-Type: application/json",
    NULL,
};

static bool print_path(struct buf *path, enum connect_question question, const char *connector)
{
    static const char end = '\0';

    return buf_append_text(path, "/connectors/") && http_path_append(path, connector) &&
           buf_append_text(path, questions[question].path) && buf_append(path, &end, 1);
}

static void ask(void *self, enum connect_question question, const char *connector,
                struct connect_reply *ret)
{
    struct connect_curl *c = self;
    CLEANUP(buf_release) struct buf path = { 0 };
    struct http_request_to request = {
        .method = questions[question].method,
        .headers = headers,
        .answer = &c->body,
    };
    struct http_exchange *exchange;

    PRE(strlen(connector) <= MIRROR_CONNECTOR_MAX);
    buf_init(&path, HTTP_PEER_PATH_MAX);
    if (!print_path(&path, question, connector))
        UNREACHABLE("three bytes for each of the name, and a few more, fit");
    request.path = path.p;
    if (question == CONNECT_GUARD)
        request.body = connect_guard_body();
    buf_clear(&c->body);
    exchange = http_exchange_new(c->peer, &request);
    ret->status = http_exchange_perform(exchange, ret->why);
    http_exchange_free(exchange);
    ret->body = buf_str(&c->body);
}

static const struct connect_ops ops = { ask };

struct connect connect_curl_port(struct connect_curl *c)
{
    return (struct connect){ &ops, c };
}

enum err_code connect_curl_new(const struct http_access *access, struct connect_curl **ret,
                               struct err *err)
{
    struct http_peer *peer = NULL;
    const enum err_code rc = http_peer_new(access, "Connect's", &peer, err);
    struct connect_curl *c;

    if (rc != ERR_OK)
        return rc;
    c = mem_new(1, sizeof(*c));
    c->peer = peer;
    buf_init(&c->body, CONNECT_ANSWER_MAX_BYTES);
    *ret = c;
    return ERR_OK;
}

void connect_curl_free(struct connect_curl *c)
{
    if (!c)
        return;
    http_peer_free(c->peer);
    buf_release(&c->body);
    free(c);
}
