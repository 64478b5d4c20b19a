#include "runtime/kube_informer.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/prng.h"
#include "core/kube_lines.h"

struct kube_informer {
    struct kube_client *client;
    const struct kube_informer_target *target;
    struct kube_reflector reflector;
    struct kube_json *json;
    struct kube_lines lines;
    struct prng prng; /* jitter */
    kube_trouble_fn *on_trouble;
    void *self;

    int64_t now_ms;
    enum kube_ask asked;
    uint64_t call;     /* 0: none is under way */
    bool over;         /* the event just taken ends the watch */
    struct err broken; /* and why, when it said what a watch never says */
};

struct kube_informer *kube_informer_new(struct kube_client *client,
                                        const struct kube_informer_target *target,
                                        const struct kube_reflector_settings *settings,
                                        kube_delta_fn *on_delta, kube_trouble_fn *on_trouble,
                                        void *self)
{
    struct kube_informer *i = mem_new(1, sizeof(*i));

    i->client = client;
    i->target = target;
    i->json = kube_json_new();
    kube_json_keep(i->json, target->keep, target->n_keep);
    i->prng.state = (uint64_t)(uintptr_t)i;
    i->on_trouble = on_trouble;
    i->self = self;
    kube_lines_init(&i->lines, KUBE_LINE_MAX);
    kube_reflector_init(&i->reflector, settings, on_delta, self);
    return i;
}

void kube_informer_free(struct kube_informer *i)
{
    if (!i)
        return;
    kube_client_cancel(i->client, i->call);
    kube_reflector_release(&i->reflector);
    kube_lines_release(&i->lines);
    kube_json_free(i->json);
    free(i);
}

static void tell_trouble(const struct kube_informer *i, const char *message)
{
    if (i->on_trouble)
        i->on_trouble(i->self, message);
}

static void fail(struct kube_informer *i, const struct kube_status *status)
{
    struct err err;

    kube_status_to_err(status, &err);
    tell_trouble(i, err.msg);
    kube_reflector_failed(&i->reflector, i->now_ms, prng_next(&i->prng), status);
}

/* What nobody understands is as good as lost. */
static void fail_with(struct kube_informer *i, const char *why)
{
    struct kube_status status;

    kube_status_set_lost(&status, why);
    fail(i, &status);
}

static void end_watch(struct kube_informer *i)
{
    kube_client_cancel(i->client, i->call);
    i->call = 0;
    kube_lines_release(&i->lines);
    kube_lines_init(&i->lines, KUBE_LINE_MAX);
}

static bool take_line(void *self, struct str line)
{
    struct kube_informer *i = self;
    struct kube_watch_event event;
    struct err err = { 0 };

    if (kube_json_watch(i->json, line, &event, &err) != ERR_OK)
        i->broken = err;
    else if (kube_reflector_event(&i->reflector, i->now_ms, prng_next(&i->prng), &event, &err) !=
             ERR_OK)
        tell_trouble(i, err.msg);
    i->over = err.code != ERR_OK;
    return !i->over;
}

static void on_bytes(void *self, struct str bytes)
{
    struct kube_informer *i = self;
    struct err err = { 0 };
    enum err_code rc;

    i->now_ms = kube_client_now_ms(i->client);
    i->over = false;
    i->broken.code = ERR_OK;
    kube_reflector_heard(&i->reflector, i->now_ms);
    rc = kube_lines_take(&i->lines, bytes, take_line, i, &err);
    if (rc == ERR_OK && !i->over)
        return;
    end_watch(i);
    if (rc != ERR_OK || i->broken.code != ERR_OK)
        fail_with(i, rc != ERR_OK ? err.msg : i->broken.msg);
}

static void take_page(struct kube_informer *i, struct str body)
{
    struct kube_page page;
    struct err err = { 0 };

    if (kube_json_page(i->json, body, &page, &err) != ERR_OK)
        fail_with(i, err.msg);
    else if (kube_reflector_listed(&i->reflector, i->now_ms, prng_next(&i->prng), &page, &err) !=
             ERR_OK)
        tell_trouble(i, err.msg);
}

static void on_done(void *self, const struct kube_answer *answer)
{
    struct kube_informer *i = self;

    i->now_ms = kube_client_now_ms(i->client);
    i->call = 0;
    if (!answer->good)
        fail(i, &answer->status);
    else if (i->asked == KUBE_ASK_LIST)
        take_page(i, answer->body);
    else
        kube_reflector_ended(&i->reflector, i->now_ms, prng_next(&i->prng));
    if (i->asked == KUBE_ASK_WATCH)
        end_watch(i);
}

static bool make_request(const struct kube_informer *i, const struct kube_next *next,
                         struct kube_request *r)
{
    const struct kube_informer_target *t = i->target;

    if (next->ask == KUBE_ASK_LIST)
        return kube_request_list(r, &t->collection, &t->selection, next->limit, next->next);
    return kube_request_watch(r, &t->collection, &t->selection, next->resource_version,
                              next->timeout_s);
}

static void ask(struct kube_informer *i, const struct kube_next *next)
{
    const struct kube_caller caller = { on_bytes, on_done, i };
    CLEANUP(kube_request_release) struct kube_request request = { 0 };

    i->asked = next->ask;
    if (!make_request(i, next, &request))
        fail_with(i, "the request is longer than may be");
    else if ((i->call = kube_client_call(i->client, &request, &caller)) == 0)
        fail_with(i, "too many requests wait");
}

void kube_informer_step(struct kube_informer *i, int64_t now_ms)
{
    struct kube_next next;

    i->now_ms = now_ms;
    if (now_ms >= kube_reflector_silent_at_ms(&i->reflector)) {
        end_watch(i);
        fail_with(i, "the watch is silent");
    }
    if (i->call != 0)
        return;
    kube_reflector_next(&i->reflector, now_ms, prng_next(&i->prng), &next);
    if (next.ask != KUBE_ASK_NOTHING)
        ask(i, &next);
}

int64_t kube_informer_due_ms(const struct kube_informer *i)
{
    return i->call != 0 ? kube_reflector_silent_at_ms(&i->reflector) : i->reflector.wait_until_ms;
}

bool kube_informer_is_synced(const struct kube_informer *i)
{
    return i->reflector.synced;
}

const struct kube_cache *kube_informer_cache(const struct kube_informer *i)
{
    return &i->reflector.cache;
}

void kube_informer_counts(const struct kube_informer *i, unsigned *ret_lists, unsigned *ret_watches)
{
    *ret_lists = i->reflector.n_lists;
    *ret_watches = i->reflector.n_watches;
}
