#include "runtime/kube_client.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/kube_json.h"

enum { HTTP_GOOD = 200, HTTP_GOOD_END = 300 };

struct call {
    uint64_t number; /* 0: free */
    uint64_t id;     /* of the port; 0: waiting */
    struct kube_request request;
    struct kube_caller caller;
};

struct kube_client {
    struct kube port;
    struct token_bucket bucket;
    int64_t now_ms;
    uint64_t n_calls, n_started; /* ever */
    size_t n_waiting;
    bool port_full; /* until something ends */
    struct call calls[KUBE_CALLS_MAX];
};

struct kube_client *kube_client_new(struct kube port, int64_t per_second, int64_t burst,
                                    int64_t now_ms)
{
    struct kube_client *c = mem_new(1, sizeof(*c));

    c->port = port;
    c->now_ms = now_ms;
    token_bucket_init(&c->bucket, per_second, burst, now_ms);
    return c;
}

void kube_client_tune(struct kube_client *c, int64_t per_second, int64_t burst, int64_t now_ms)
{
    token_bucket_tune(&c->bucket, per_second, burst, now_ms);
}

static void end_call(struct kube_client *c, struct call *call)
{
    if (call->id == 0)
        c->n_waiting--;
    kube_request_release(&call->request);
    *call = (struct call){ 0 };
}

void kube_client_free(struct kube_client *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < KUBE_CALLS_MAX; i++)
        if (c->calls[i].number != 0)
            kube_client_cancel(c, c->calls[i].number);
    free(c);
}

static struct call *find(struct kube_client *c, uint64_t number)
{
    for (size_t i = 0; i < KUBE_CALLS_MAX; i++)
        if (c->calls[i].number == number)
            return &c->calls[i];
    return NULL;
}

static struct call *find_id(struct kube_client *c, uint64_t id)
{
    for (size_t i = 0; i < KUBE_CALLS_MAX; i++)
        if (c->calls[i].number != 0 && c->calls[i].id == id)
            return &c->calls[i];
    return NULL;
}

uint64_t kube_client_call(struct kube_client *c, struct kube_request *request,
                          const struct kube_caller *caller)
{
    struct call *call = find(c, 0);

    if (!call)
        return 0;
    *call = (struct call){ .number = ++c->n_calls, .request = *request, .caller = *caller };
    *request = (struct kube_request){ 0 };
    c->n_waiting++;
    return call->number;
}

void kube_client_cancel(struct kube_client *c, uint64_t number)
{
    struct call *call = number == 0 ? NULL : find(c, number);

    if (!call)
        return;
    if (call->id != 0)
        c->port.ops->cancel(c->port.self, call->id);
    c->port_full = false;
    end_call(c, call);
}

static struct call *oldest_waiting(struct kube_client *c)
{
    struct call *oldest = NULL;

    for (size_t i = 0; i < KUBE_CALLS_MAX; i++) {
        struct call *call = &c->calls[i];

        if (call->number != 0 && call->id == 0 && (!oldest || call->number < oldest->number))
            oldest = call;
    }
    return oldest;
}

/* The caller may call the client: the call is over before. */
static void answer(struct kube_client *c, struct call *call, const struct kube_answer *a)
{
    const struct kube_caller caller = call->caller;

    end_call(c, call);
    caller.done(caller.self, a);
}

static void start_waiting(struct kube_client *c, int64_t now_ms)
{
    while (c->n_waiting > 0 && !c->port_full &&
           token_bucket_ready_at_ms(&c->bucket, now_ms) <= now_ms) {
        struct call *call = oldest_waiting(c);
        struct kube_answer a = { 0 };
        struct err err = { 0 };
        uint64_t id = 0;
        const enum err_code rc = c->port.ops->start(c->port.self, &call->request, &id, &err);

        if (rc == ERR_LIMIT) {
            c->port_full = true;
            return;
        }
        token_bucket_take(&c->bucket, now_ms);
        c->n_started++;
        if (rc == ERR_OK) {
            call->id = id;
            c->n_waiting--;
            continue;
        }
        kube_status_set_lost(&a.status, err.msg);
        answer(c, call, &a);
    }
}

static void take_end(struct kube_client *c, struct call *call, const struct kube_news *news)
{
    struct kube_answer a = { .body = news->bytes, .warnings = news->warnings };

    c->port_full = false;
    a.good =
        news->type == KUBE_NEWS_ANSWER && news->http >= HTTP_GOOD && news->http < HTTP_GOOD_END;
    if (a.good)
        a.status =
            (struct kube_status){ .http = news->http, .retry_after_ms = KUBE_RETRY_AFTER_NONE };
    else if (news->type == KUBE_NEWS_ANSWER)
        kube_json_status(news->http, news->retry_after_ms, news->bytes, &a.status);
    else
        kube_status_set_lost(&a.status, news->why);
    answer(c, call, &a);
}

void kube_client_step(struct kube_client *c, int64_t now_ms)
{
    struct kube_news news;

    c->now_ms = now_ms;
    start_waiting(c, now_ms);
    c->port.ops->exchange(c->port.self);
    while (c->port.ops->next(c->port.self, &news)) {
        struct call *call = find_id(c, news.id);

        if (!call)
            continue;
        if (news.type == KUBE_NEWS_BYTES)
            call->caller.bytes(call->caller.self, news.bytes);
        else
            take_end(c, call, &news);
    }
    start_waiting(c, now_ms);
}

int64_t kube_client_wait_ms(struct kube_client *c, int64_t now_ms)
{
    const int64_t port_ms = c->port.ops->wait_ms(c->port.self);
    int64_t ours_ms = -1;

    if (c->n_waiting > 0 && !c->port_full)
        ours_ms = token_bucket_ready_at_ms(&c->bucket, now_ms) - now_ms;
    if (ours_ms < 0 || (port_ms >= 0 && port_ms < ours_ms))
        return port_ms;
    return ours_ms;
}

int64_t kube_client_now_ms(const struct kube_client *c)
{
    return c->now_ms;
}

uint64_t kube_client_started(const struct kube_client *c)
{
    return c->n_started;
}

int kube_client_descriptor(struct kube_client *c)
{
    return c->port.ops->descriptor(c->port.self);
}
