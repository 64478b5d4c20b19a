#include "core/kube_reflector.h"

#include <string.h>

struct kube_reflector_settings kube_reflector_defaults(void)
{
    return (struct kube_reflector_settings){
        .page_limit = 500,
        .watch_min_s = 300,
        .silence_max_ms = 150 * 1000, /* two bookmarks that are due each minute, and some more */
        .short_watch_ms = 1000,
        .backoff_first_ms = 500,
        .backoff_max_ms = 10 * 1000, /* for so long nobody acts on what changes once it answers */
        .give_up_ms = 30 * 1000,
    };
}

void kube_reflector_init(struct kube_reflector *r, const struct kube_reflector_settings *settings,
                         kube_delta_fn *on_delta, void *self)
{
    *r = (struct kube_reflector){
        .settings = *settings,
        .on_delta = on_delta,
        .self = self,
        .backoff = { .first_ms = settings->backoff_first_ms, .max_ms = settings->backoff_max_ms },
    };
    kube_cache_init(&r->cache, KUBE_CACHE_OBJECTS_MAX, KUBE_CACHE_BYTES_MAX);
}

void kube_reflector_release(struct kube_reflector *r)
{
    kube_cache_release(&r->cache);
    *r = (struct kube_reflector){ 0 };
}

static bool store(char *to, size_t max, struct str s)
{
    if (s.n == 0 || s.n > max)
        return false;
    memcpy(to, s.p, s.n);
    to[s.n] = '\0';
    return true;
}

void kube_reflector_next(struct kube_reflector *r, int64_t now_ms, uint64_t random,
                         struct kube_next *ret_next)
{
    PRE(!r->asked);
    *ret_next = (struct kube_next){ .wait_until_ms = r->wait_until_ms };
    if (now_ms < r->wait_until_ms)
        return;
    r->asked = true;
    if (r->listed) {
        r->watch_began_ms = r->heard_ms = now_ms;
        r->n_watch_events = 0;
        r->n_watches++;
        ret_next->ask = KUBE_ASK_WATCH;
        ret_next->resource_version = str_from(r->version);
        ret_next->timeout_s =
            r->settings.watch_min_s + (unsigned)(random % (r->settings.watch_min_s + 1));
        return;
    }
    if (r->token[0] == '\0')
        r->round++;
    r->n_lists++;
    ret_next->ask = KUBE_ASK_LIST;
    ret_next->limit = r->unpaged ? 0 : r->settings.page_limit;
    ret_next->next = str_from(r->token);
}

static void begin_anew(struct kube_reflector *r)
{
    r->listed = false;
    r->token[0] = '\0';
}

static void back_off(struct kube_reflector *r, int64_t now_ms, uint64_t random, int64_t at_least_ms)
{
    const int64_t wait_ms = backoff_next_ms(&r->backoff, random);

    r->asked = false;
    r->wait_until_ms = now_ms + (wait_ms > at_least_ms ? wait_ms : at_least_ms);
}

/* No watch can go on from where the last one ended. */
static bool is_of_no_use(const struct kube_reflector *r, const struct kube_status *status)
{
    return r->listed &&
           (kube_status_is_expired(status) || status->version_from_future ||
            status->reason == KUBE_REASON_BAD_REQUEST || status->reason == KUBE_REASON_INVALID);
}

void kube_reflector_failed(struct kube_reflector *r, int64_t now_ms, uint64_t random,
                           const struct kube_status *status)
{
    const bool of_no_use = is_of_no_use(r, status);

    PRE(r->asked);
    if (of_no_use || kube_status_is_expired(status)) {
        /* A page's token lasts minutes: where that is too short for all pages, one answer is not.
         */
        r->unpaged = r->token[0] != '\0';
        begin_anew(r);
    }
    /* A server that came back says so after waits that have grown: a list would wait once more. */
    if (of_no_use && r->watched && status->retry_after_ms <= 0) {
        r->asked = false;
        return;
    }
    back_off(r, now_ms, random, status->retry_after_ms);
}

/* What nobody can answer for is tried again from the start, as late as anything is. */
static enum err_code give_up(struct kube_reflector *r, int64_t now_ms, uint64_t random,
                             enum err_code rc)
{
    begin_anew(r);
    back_off(r, now_ms, random, r->settings.give_up_ms);
    return rc;
}

static bool put(struct kube_reflector *r, const struct kube_object *object)
{
    struct kube_object before;
    const bool known = kube_cache_find(&r->cache, object->scope, object->name, &before);

    /* Told before the cache frees it. */
    if (known && !str_eq(before.uid, object->uid))
        r->on_delta(r->self, &before, true);
    switch (kube_cache_put(&r->cache, object, r->round)) {
    case KUBE_FULL:
        return false;
    case KUBE_UNCHANGED:
        return true;
    case KUBE_ADDED:
    case KUBE_CHANGED:
    case KUBE_REPLACED:
        r->on_delta(r->self, object, false);
        return true;
    }
    UNREACHABLE("a change that does not exist");
}

static void drop(struct kube_reflector *r, const struct kube_object *last)
{
    struct kube_object known;

    if (!kube_cache_find(&r->cache, last->scope, last->name, &known))
        return;
    kube_cache_drop(&r->cache, last->scope, last->name);
    r->on_delta(r->self, last, true);
}

/* A complete list did not name these. */
static void drop_the_rest(struct kube_reflector *r)
{
    for (size_t i = r->cache.n; i-- > 0;) {
        struct kube_object gone;

        if (kube_cache_round_at(&r->cache, i) == r->round)
            continue;
        kube_cache_at(&r->cache, i, &gone);
        r->on_delta(r->self, &gone, true);
        kube_cache_drop(&r->cache, gone.scope, gone.name);
    }
}

enum err_code kube_reflector_listed(struct kube_reflector *r, int64_t now_ms, uint64_t random,
                                    const struct kube_page *page, struct err *err)
{
    PRE(r->asked && !r->listed);
    for (size_t i = 0; i < page->n_objects; i++)
        if (!put(r, &page->objects[i]))
            return give_up(r, now_ms, random,
                           err_set(err, ERR_LIMIT, "more than %zu objects or %zu bytes of them",
                                   r->cache.limit_objects, r->cache.limit_bytes));
    if (page->next.n > 0 && !store(r->token, KUBE_CONTINUE_MAX, page->next))
        return give_up(r, now_ms, random,
                       err_set(err, ERR_CORRUPT, "a continue token of %zu bytes", page->next.n));
    r->asked = false;
    if (page->next.n > 0)
        return ERR_OK;
    if (!store(r->version, KUBE_VERSION_MAX, page->resource_version))
        return give_up(r, now_ms, random,
                       err_set(err, ERR_CORRUPT, "a list with a resourceVersion of %zu bytes",
                               page->resource_version.n));
    drop_the_rest(r);
    r->token[0] = '\0';
    r->unpaged = false;
    r->listed = r->synced = true;
    r->watched = false;
    return ERR_OK;
}

void kube_reflector_heard(struct kube_reflector *r, int64_t now_ms)
{
    r->heard_ms = now_ms;
}

enum err_code kube_reflector_event(struct kube_reflector *r, int64_t now_ms, uint64_t random,
                                   const struct kube_watch_event *event, struct err *err)
{
    PRE(r->asked && r->listed);
    r->heard_ms = now_ms;
    if (event->type == KUBE_WATCH_ERROR) {
        kube_reflector_failed(r, now_ms, random, &event->status);
        return kube_status_to_err(&event->status, err);
    }
    if (event->type == KUBE_WATCH_PUT && !put(r, &event->object))
        return give_up(r, now_ms, random,
                       err_set(err, ERR_LIMIT, "more than %zu objects or %zu bytes of them",
                               r->cache.limit_objects, r->cache.limit_bytes));
    if (event->type == KUBE_WATCH_DELETED)
        drop(r, &event->object);
    if (!store(r->version, KUBE_VERSION_MAX, event->object.resource_version))
        return give_up(r, now_ms, random,
                       err_set(err, ERR_CORRUPT, "an event with a resourceVersion of %zu bytes",
                               event->object.resource_version.n));
    r->n_watch_events++;
    r->watched = true;
    backoff_reset(&r->backoff);
    return ERR_OK;
}

void kube_reflector_ended(struct kube_reflector *r, int64_t now_ms, uint64_t random)
{
    PRE(r->asked && r->listed);
    if (r->n_watch_events == 0 && now_ms - r->watch_began_ms < r->settings.short_watch_ms) {
        back_off(r, now_ms, random, 0);
        return;
    }
    backoff_reset(&r->backoff);
    r->watched = true;
    r->asked = false;
}

int64_t kube_reflector_silent_at_ms(const struct kube_reflector *r)
{
    return r->asked && r->listed ? r->heard_ms + r->settings.silence_max_ms : INT64_MAX;
}
