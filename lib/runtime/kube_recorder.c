#include "runtime/kube_recorder.h"

#include <stdlib.h>

#include "base/mem.h"

struct kube_recorder {
    struct kube_client *client;
    const struct kube_reporter *reporter;
    struct kube_events events;
    struct kube_series *writing; /* NULL: none */
    uint64_t call, n_refused;
};

struct kube_recorder *kube_recorder_new(struct kube_client *client,
                                        const struct kube_reporter *reporter, int64_t refresh_ms)
{
    struct kube_recorder *r = mem_new(1, sizeof(*r));

    r->client = client;
    r->reporter = reporter;
    kube_events_init(&r->events, refresh_ms, KUBE_EVENT_FINISH_MS);
    return r;
}

void kube_recorder_free(struct kube_recorder *r)
{
    if (!r)
        return;
    kube_client_cancel(r->client, r->call);
    kube_events_release(&r->events);
    free(r);
}

enum err_code kube_recorder_add(struct kube_recorder *r, const struct kube_event *event,
                                int64_t now_ms, int64_t wall_ms, struct err *err)
{
    return kube_events_add(&r->events, event, now_ms, wall_ms, err);
}

static void finish(struct kube_recorder *r, enum kube_written outcome, int64_t now_ms)
{
    if (outcome == KUBE_WRITE_REFUSED)
        r->n_refused++;
    kube_events_written(&r->events, r->writing, outcome, now_ms);
    r->writing = NULL;
}

/* An Event that is there already was written by the request whose answer was lost. */
static enum kube_written outcome_of(const struct kube_answer *a)
{
    struct err ignored;

    if (a->good || a->status.reason == KUBE_REASON_ALREADY_EXISTS)
        return KUBE_WRITTEN;
    switch (err_class(kube_status_to_err(&a->status, &ignored))) {
    case ERR_CLASS_RETRY:
        return KUBE_WRITE_LATER;
    case ERR_CLASS_NONE:
    case ERR_CLASS_CALLER:
    case ERR_CLASS_FATAL:
        return KUBE_WRITE_REFUSED;
    }
    UNREACHABLE("a class that does not exist");
}

static void on_done(void *self, const struct kube_answer *answer)
{
    struct kube_recorder *r = self;

    r->call = 0;
    finish(r, outcome_of(answer), kube_client_now_ms(r->client));
}

static bool make_request(const struct kube_recorder *r, const struct kube_series *s,
                         struct kube_request *request)
{
    const struct kube_write write = { 0 };
    struct kube_target target = {
        kube_event_objects, kube_event_scope(&s->event.regarding), { 0 }, { 0 }
    };
    CLEANUP(buf_release) struct buf body = { 0 };

    buf_init(&body, KUBE_BODY_MAX);
    if (!s->created)
        return kube_event_encode(&body, s, r->reporter) &&
               kube_request_create(request, &target, &write, buf_str(&body));
    target.name = str_from(s->name);
    return kube_event_encode_series(&body, s) &&
           kube_request_merge_patch(request, &target, &write, buf_str(&body));
}

void kube_recorder_step(struct kube_recorder *r, int64_t now_ms)
{
    const struct kube_caller caller = { NULL, on_done, r };
    CLEANUP(kube_request_release) struct kube_request request = { 0 };

    if (r->writing)
        return;
    r->writing = kube_events_next(&r->events, now_ms);
    if (!r->writing)
        return;
    if (!make_request(r, r->writing, &request))
        finish(r, KUBE_WRITE_REFUSED, now_ms);
    else if ((r->call = kube_client_call(r->client, &request, &caller)) == 0)
        finish(r, KUBE_WRITE_LATER, now_ms);
}

int64_t kube_recorder_due_ms(const struct kube_recorder *r)
{
    return r->writing ? INT64_MAX : kube_events_due_ms(&r->events);
}

bool kube_recorder_is_idle(const struct kube_recorder *r)
{
    return !r->writing && kube_events_due_ms(&r->events) == INT64_MAX;
}

uint64_t kube_recorder_refused(const struct kube_recorder *r)
{
    return r->n_refused + r->events.n_dropped;
}
