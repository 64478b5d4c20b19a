#include "runtime/kube_elector.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/prng.h"
#include "codec/kube_objects.h"

struct kube_elector {
    struct kube_client *client;
    struct str scope, name;
    struct kube_lease lease;
    struct prng prng; /* jitter */
    enum kube_lease_do asked;
    uint64_t call; /* 0: none is under way */
    struct {
        uint64_t number;
        enum kube_lease_do asked; /* it ends when the same is granted */
        int http;
        enum kube_reason reason;
        struct err why; /* ERR_OK: there is none */
    } trouble;
};

struct kube_elector *kube_elector_new(struct kube_client *client, struct str scope, struct str name,
                                      const struct kube_lease_settings *settings)
{
    struct kube_elector *e = mem_new(1, sizeof(*e));

    e->client = client;
    e->scope = scope;
    e->name = name;
    e->prng.state = (uint64_t)(uintptr_t)e;
    kube_lease_init(&e->lease, settings);
    return e;
}

void kube_elector_free(struct kube_elector *e)
{
    if (!e)
        return;
    kube_client_cancel(e->client, e->call);
    free(e);
}

static void note_trouble(struct kube_elector *e, const struct kube_status *status)
{
    if (status->reason == KUBE_REASON_CONFLICT || status->reason == KUBE_REASON_ALREADY_EXISTS)
        return;
    if (e->trouble.why.code != ERR_OK && e->trouble.http == status->http &&
        e->trouble.reason == status->reason)
        return;
    kube_status_to_err(status, &e->trouble.why);
    e->trouble.asked = e->asked;
    e->trouble.http = status->http;
    e->trouble.reason = status->reason;
    e->trouble.number++;
}

static void note_success(struct kube_elector *e)
{
    if (e->trouble.why.code == ERR_OK || e->trouble.asked != e->asked)
        return;
    e->trouble.why = (struct err){ 0 };
    e->trouble.number++;
}

static void fail(struct kube_elector *e, int64_t now_ms, const struct kube_status *status)
{
    note_trouble(e, status);
    kube_lease_failed(&e->lease, now_ms, prng_next(&e->prng));
}

static void fail_with(struct kube_elector *e, int64_t now_ms, const char *why)
{
    struct kube_status status;

    kube_status_set_lost(&status, why);
    fail(e, now_ms, &status);
}

static void take_lease(struct kube_elector *e, int64_t now_ms, struct str body)
{
    struct kube_lease_record record;
    struct err err = { 0 };

    if (kube_lease_decode(body, &record, &err) != ERR_OK) {
        fail_with(e, now_ms, err.msg);
        return;
    }
    note_success(e);
    if (e->asked == KUBE_LEASE_READ)
        kube_lease_was_read(&e->lease, now_ms, &record);
    else
        kube_lease_was_written(&e->lease, now_ms, &record);
}

static void on_done(void *self, const struct kube_answer *answer)
{
    struct kube_elector *e = self;
    const int64_t now_ms = kube_client_now_ms(e->client);

    e->call = 0;
    if (answer->good)
        take_lease(e, now_ms, answer->body);
    else if (e->asked == KUBE_LEASE_READ && answer->status.reason == KUBE_REASON_NOT_FOUND)
        kube_lease_was_absent(&e->lease, now_ms);
    else
        fail(e, now_ms, &answer->status);
}

static bool make_request(const struct kube_elector *e, const struct kube_lease_step *step,
                         int64_t wall_ms, struct kube_request *r)
{
    const struct kube_write write = { 0 };
    const struct kube_target lease = { kube_leases, e->scope, e->name, { 0 } };
    const struct kube_target leases = { kube_leases, e->scope, { 0 }, { 0 } };
    CLEANUP(buf_release) struct buf body = { 0 };

    if (step->what == KUBE_LEASE_READ)
        return kube_request_get(r, &lease);
    buf_init(&body, KUBE_BODY_MAX);
    if (!kube_lease_encode(&body, e->scope, e->name, &step->record, wall_ms))
        return false;
    return step->what == KUBE_LEASE_CREATE ? kube_request_create(r, &leases, &write, buf_str(&body))
                                           : kube_request_update(r, &lease, &write, buf_str(&body));
}

void kube_elector_step(struct kube_elector *e, int64_t now_ms, int64_t wall_ms)
{
    const struct kube_caller caller = { NULL, on_done, e };
    CLEANUP(kube_request_release) struct kube_request request = { 0 };
    struct kube_lease_step step;

    if (e->call != 0)
        return;
    kube_lease_next(&e->lease, now_ms, prng_next(&e->prng), &step);
    e->asked = step.what;
    if (step.what == KUBE_LEASE_WAIT)
        return;
    if (make_request(e, &step, wall_ms, &request)) {
        /* An answer that comes after the next try is due is of no use. */
        request.timeout_ms = e->lease.settings.renew_deadline_ms;
        e->call = kube_client_call(e->client, &request, &caller);
    }
    if (e->call == 0)
        fail_with(e, now_ms, "the request cannot be sent");
}

int64_t kube_elector_due_ms(const struct kube_elector *e)
{
    return e->call != 0 ? INT64_MAX : e->lease.wait_until_ms;
}

bool kube_elector_may_act(struct kube_elector *e, int64_t now_ms)
{
    return kube_lease_may_act(&e->lease, now_ms);
}

int64_t kube_elector_ends_at_ms(const struct kube_elector *e)
{
    return kube_lease_ends_at_ms(&e->lease);
}

uint64_t kube_elector_terms(const struct kube_elector *e)
{
    return e->lease.terms;
}

const char *kube_elector_holder(const struct kube_elector *e)
{
    return e->lease.known ? e->lease.seen.holder : "";
}

uint64_t kube_elector_trouble(const struct kube_elector *e, const char **ret_why)
{
    *ret_why = e->trouble.why.code == ERR_OK ? "" : e->trouble.why.msg;
    return e->trouble.number;
}

void kube_elector_release(struct kube_elector *e)
{
    kube_lease_release(&e->lease);
}

bool kube_elector_is_released(const struct kube_elector *e)
{
    return kube_lease_is_released(&e->lease);
}
