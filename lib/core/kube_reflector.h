/*
 * Keeps a cache equal to what the API server holds: a list, page by page, then a watch from where
 * the list was, for as long as it lasts. Decides what to ask next; asking is its owner's.
 *
 *     while nothing is asked: kube_reflector_next() says what to ask, or how long to wait
 *     the answer to a list    kube_reflector_listed(), or _failed()
 *     each event of a watch   kube_reflector_event()
 *     the end of a watch      kube_reflector_ended(), or _failed()
 *
 * What the cache holds stays there through every failure: unknown is not gone. Objects are gone
 * when a watch or a complete list says so.
 */
#ifndef REDWAL_CORE_KUBE_REFLECTOR_H
#define REDWAL_CORE_KUBE_REFLECTOR_H

#include "base/backoff.h"
#include "core/kube_cache.h"
#include "core/kube_status.h"

enum {
    KUBE_VERSION_MAX = 64,       /* a resourceVersion */
    KUBE_CONTINUE_MAX = 4 * 1024 /* a continue token */
};

struct kube_reflector_settings {
    unsigned page_limit;    /* objects in a page */
    unsigned watch_min_s;   /* a watch is asked to last between once and twice this, so that */
                            /* many of them do not end together */
    int64_t silence_max_ms; /* a watch that says nothing, not even a bookmark, is taken for dead */
    int64_t short_watch_ms; /* a watch that ended that soon, with no event, counts as a failure */
    int64_t backoff_first_ms, backoff_max_ms;
    int64_t give_up_ms; /* before what no cache can hold, or nobody can read, is asked for again */
};

struct kube_reflector_settings kube_reflector_defaults(void);

/* An object is new or changed; or `gone`, and was as in `object` when it was last seen. The cache
 * is being changed meanwhile: look at it later. */
typedef void kube_delta_fn(void *self, const struct kube_object *object, bool gone);

enum kube_ask { KUBE_ASK_NOTHING, KUBE_ASK_LIST, KUBE_ASK_WATCH };

struct kube_next {
    enum kube_ask ask;
    int64_t wait_until_ms;       /* KUBE_ASK_NOTHING */
    unsigned limit;              /* list: 0 is all at once */
    struct str next;             /* list: the token of the next page, or empty */
    struct str resource_version; /* watch: from here on */
    unsigned timeout_s;          /* watch */
};

/* One page of a list. */
struct kube_page {
    struct str resource_version;
    struct str next; /* empty: this is the last page */
    const struct kube_object *objects;
    size_t n_objects;
};

enum kube_watch_type { KUBE_WATCH_PUT, KUBE_WATCH_DELETED, KUBE_WATCH_BOOKMARK, KUBE_WATCH_ERROR };

struct kube_watch_event {
    enum kube_watch_type type;
    struct kube_object object; /* BOOKMARK: its resource_version alone */
    struct kube_status status; /* ERROR */
};

struct kube_reflector {
    struct kube_reflector_settings settings;
    struct kube_cache cache;
    kube_delta_fn *on_delta;
    void *self;

    struct backoff backoff;
    int64_t wait_until_ms;
    bool asked; /* a list or watch is under way */

    bool listed; /* the cache was complete once, and `version` is where a watch goes on */
    char version[KUBE_VERSION_MAX + 1];
    bool watched;   /* a watch from the last list on was of use */
    bool synced;    /* ever listed */
    uint64_t round; /* counts lists; what a complete list did not name is gone */
    bool unpaged;   /* a page's token expired: take the next list in one piece */
    char token[KUBE_CONTINUE_MAX + 1];

    int64_t watch_began_ms, heard_ms;
    uint64_t n_watch_events;
    unsigned n_lists, n_watches; /* ever asked */
};

void kube_reflector_init(struct kube_reflector *r, const struct kube_reflector_settings *settings,
                         kube_delta_fn *on_delta, void *self);
void kube_reflector_release(struct kube_reflector *r);

/* The views in `ret_next` live until the next call. */
void kube_reflector_next(struct kube_reflector *r, int64_t now_ms, uint64_t random,
                         struct kube_next *ret_next);

/* ERR_LIMIT: the cache cannot hold so many, ERR_CORRUPT: that is no page; it is tried again later,
 * as after a failure. */
NODISCARD enum err_code kube_reflector_listed(struct kube_reflector *r, int64_t now_ms,
                                              uint64_t random, const struct kube_page *page,
                                              struct err *err);
/* Bytes of a watch arrived, whether they complete an event or not. */
void kube_reflector_heard(struct kube_reflector *r, int64_t now_ms);
/* Anything but ERR_OK: this watch is of no more use. End it and ask kube_reflector_next() again;
 * what follows from it has been noted. */
NODISCARD enum err_code kube_reflector_event(struct kube_reflector *r, int64_t now_ms,
                                             uint64_t random, const struct kube_watch_event *event,
                                             struct err *err);
/* The watch ended as watches do. */
void kube_reflector_ended(struct kube_reflector *r, int64_t now_ms, uint64_t random);
/* What was asked was refused or lost. */
void kube_reflector_failed(struct kube_reflector *r, int64_t now_ms, uint64_t random,
                           const struct kube_status *status);

/* When a watch under way counts as dead unless something arrives; INT64_MAX when none is. */
int64_t kube_reflector_silent_at_ms(const struct kube_reflector *r);

#endif
