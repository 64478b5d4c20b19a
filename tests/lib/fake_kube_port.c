#include "fake_kube_port.h"

#include <stdio.h>

#include "base/check.h"
#include "idle_port.h"

static size_t place_of(const struct fake_kube_port *p, uint64_t id)
{
    size_t i = 0;

    while (i < FAKE_PORT_TRANSFERS_MAX && p->ids[i] != id)
        i++;
    return i;
}

static enum err_code start(void *self, struct kube_request *request, uint64_t *ret_id,
                           struct err *err)
{
    struct fake_kube_port *p = self;
    const size_t i = place_of(p, 0);

    if (i == FAKE_PORT_TRANSFERS_MAX)
        return err_set(err, ERR_LIMIT, "full");
    if (p->refuse) {
        kube_request_release(request);
        return err_set(err, ERR_DENIED, "%s", p->refuse);
    }
    p->requests[i] = *request;
    *request = (struct kube_request){ 0 };
    *ret_id = p->ids[i] = ++p->n_started;
    return ERR_OK;
}

static void end(struct fake_kube_port *p, uint64_t id)
{
    const size_t i = place_of(p, id);

    if (i == FAKE_PORT_TRANSFERS_MAX)
        return;
    kube_request_release(&p->requests[i]);
    p->ids[i] = 0;
}

static void cancel(void *self, uint64_t id)
{
    struct fake_kube_port *p = self;

    end(p, id);
    for (size_t i = p->next_news; i < p->n_news; i++)
        if (p->news[i].id == id)
            p->news[i].id = 0;
}

static bool next(void *self, struct kube_news *ret_news)
{
    struct fake_kube_port *p = self;

    while (p->next_news < p->n_news) {
        const struct kube_news *n = &p->news[p->next_news++];

        if (n->id == 0)
            continue;
        *ret_news = *n;
        if (n->type != KUBE_NEWS_BYTES)
            end(p, n->id);
        return true;
    }
    p->n_news = p->next_news = 0;
    return false;
}

struct kube fake_kube_port(struct fake_kube_port *p)
{
    static const struct kube_ops ops = {
        start, cancel, idle_port_exchange, next, idle_port_descriptor, idle_port_wait_ms
    };

    return (struct kube){ &ops, p };
}

void fake_kube_port_release(struct fake_kube_port *p)
{
    for (size_t i = 0; i < FAKE_PORT_TRANSFERS_MAX; i++)
        if (p->ids[i] != 0)
            kube_request_release(&p->requests[i]);
}

static uint64_t only_id(const struct fake_kube_port *p)
{
    uint64_t id = 0;

    for (size_t i = 0; i < FAKE_PORT_TRANSFERS_MAX; i++) {
        INVARIANT(id == 0 || p->ids[i] == 0);
        if (p->ids[i] != 0)
            id = p->ids[i];
    }
    return id;
}

const struct kube_request *fake_kube_port_request(const struct fake_kube_port *p)
{
    const uint64_t id = only_id(p);

    return id == 0 ? NULL : &p->requests[place_of(p, id)];
}

static struct kube_news *add(struct fake_kube_port *p, enum kube_news_type type, uint64_t id)
{
    struct kube_news *n = &p->news[p->n_news++];

    INVARIANT(p->n_news <= FAKE_PORT_NEWS_MAX && id != 0);
    *n = (struct kube_news){ .type = type, .id = id, .retry_after_ms = KUBE_RETRY_AFTER_NONE };
    return n;
}

void fake_kube_port_answer_id(struct fake_kube_port *p, uint64_t id, int http, const char *body)
{
    struct kube_news *n = add(p, KUBE_NEWS_ANSWER, id);

    n->http = http;
    n->bytes = str_from(body);
}

void fake_kube_port_answer(struct fake_kube_port *p, int http, const char *body)
{
    fake_kube_port_answer_id(p, only_id(p), http, body);
}

void fake_kube_port_lose(struct fake_kube_port *p)
{
    struct kube_news *n = add(p, KUBE_NEWS_LOST, only_id(p));

    snprintf(n->why, sizeof(n->why), "cut");
}

void fake_kube_port_say(struct fake_kube_port *p, const char *bytes)
{
    add(p, KUBE_NEWS_BYTES, only_id(p))->bytes = str_from(bytes);
}
