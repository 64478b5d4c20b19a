#include "core/kube_queue.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/int64.h"
#include "base/mem.h"

enum { CAPACITY_MIN = 16 };
enum { NEVER = -1 };

struct kube_queue_item {
    char *key;
    size_t key_n;
    int64_t due_ms; /* NEVER: worked on, and not asked for again */
    uint64_t order; /* among those due at the same time */
    bool working;
    bool penalised; /* waits after a failure */
    bool news;      /* came while it was worked on */
    int64_t failed_ms;
    struct backoff backoff;
};

void kube_queue_init(struct kube_queue *q, int64_t backoff_first_ms, int64_t backoff_max_ms)
{
    *q = (struct kube_queue){ .backoff_first_ms = backoff_first_ms,
                              .backoff_max_ms = backoff_max_ms };
}

void kube_queue_release(struct kube_queue *q)
{
    for (size_t i = 0; i < q->n; i++)
        free(q->items[i].key);
    free(q->items);
    *q = (struct kube_queue){ 0 };
}

static struct str key_of(const struct kube_queue_item *item)
{
    return (struct str){ item->key, item->key_n };
}

static struct kube_queue_item *find(const struct kube_queue *q, struct str key)
{
    for (size_t i = 0; i < q->n; i++)
        if (str_eq(key_of(&q->items[i]), key))
            return &q->items[i];
    return NULL;
}

static struct kube_queue_item *find_or_make(struct kube_queue *q, struct str key)
{
    struct kube_queue_item *item = find(q, key);

    if (item)
        return item;
    if (q->n == KUBE_QUEUE_MAX || key.n > KUBE_QUEUE_KEY_MAX) {
        q->n_refused++;
        return NULL;
    }
    if (q->n == q->capacity) {
        q->capacity = q->capacity > 0 ? q->capacity * 2 : CAPACITY_MIN;
        q->items = mem_resize(q->items, q->capacity, sizeof(*q->items));
    }
    item = &q->items[q->n++];
    *item = (struct kube_queue_item){
        .key = mem_copy_text(key.p, key.n),
        .key_n = key.n,
        .due_ms = NEVER,
        .backoff = { .first_ms = q->backoff_first_ms, .max_ms = q->backoff_max_ms },
    };
    return item;
}

bool kube_queue_add_at(struct kube_queue *q, struct str key, int64_t due_ms)
{
    struct kube_queue_item *item = find_or_make(q, key);

    PRE(due_ms >= 0);
    if (!item)
        return false;
    if (item->due_ms == NEVER || (due_ms < item->due_ms && !item->penalised)) {
        item->due_ms = due_ms;
        item->order = q->n_added++;
    }
    return true;
}

bool kube_queue_add(struct kube_queue *q, struct str key, int64_t now_ms)
{
    return kube_queue_add_at(q, key, now_ms);
}

bool kube_queue_add_news(struct kube_queue *q, struct str key, int64_t now_ms)
{
    struct kube_queue_item *item;

    if (!kube_queue_add(q, key, now_ms))
        return false;
    item = find(q, key);
    item->news = item->working;
    if (!item->working)
        backoff_reset(&item->backoff);
    if (item->penalised)
        item->due_ms =
            int64_min(item->due_ms, int64_max(now_ms, item->failed_ms + q->backoff_first_ms));
    return true;
}

static bool is_before(const struct kube_queue_item *a, const struct kube_queue_item *b)
{
    return a->due_ms < b->due_ms || (a->due_ms == b->due_ms && a->order < b->order);
}

static struct kube_queue_item *next(const struct kube_queue *q)
{
    struct kube_queue_item *first = NULL;

    for (size_t i = 0; i < q->n; i++) {
        struct kube_queue_item *item = &q->items[i];

        if (!item->working && item->due_ms != NEVER && (!first || is_before(item, first)))
            first = item;
    }
    return first;
}

bool kube_queue_take(struct kube_queue *q, int64_t now_ms, struct str *ret_key)
{
    struct kube_queue_item *item = next(q);

    if (!item || item->due_ms > now_ms)
        return false;
    item->working = true;
    item->penalised = false;
    item->news = false;
    item->due_ms = NEVER;
    *ret_key = key_of(item);
    return true;
}

static struct kube_queue_item *finish(struct kube_queue *q, struct str key)
{
    struct kube_queue_item *item = find(q, key);

    PRE(item && item->working);
    item->working = false;
    return item;
}

void kube_queue_done(struct kube_queue *q, struct str key, int64_t now_ms)
{
    struct kube_queue_item *item = finish(q, key);

    backoff_reset(&item->backoff);
    if (item->due_ms != NEVER) {
        if (item->due_ms < now_ms)
            item->due_ms = now_ms;
        return;
    }
    free(item->key);
    *item = q->items[--q->n];
}

int64_t kube_queue_failed(struct kube_queue *q, struct str key, int64_t now_ms, uint64_t random)
{
    struct kube_queue_item *item = finish(q, key);
    int64_t wait_ms;

    if (item->news)
        backoff_reset(&item->backoff);
    wait_ms = backoff_next_ms(&item->backoff, random);
    item->penalised = true;
    item->failed_ms = now_ms;
    item->due_ms = now_ms + wait_ms;
    item->order = q->n_added++;
    return wait_ms;
}

int64_t kube_queue_due_ms(const struct kube_queue *q)
{
    const struct kube_queue_item *item = next(q);

    return item ? item->due_ms : INT64_MAX;
}
