#include "core/kube_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { CAPACITY_MIN = 16 };

/* One piece of memory: the views point behind the struct. */
struct kube_cache_entry {
    struct kube_object object;
    uint64_t round;
    char bytes[];
};

void kube_cache_init(struct kube_cache *c, size_t limit_objects, size_t limit_bytes)
{
    *c = (struct kube_cache){ .limit_objects = limit_objects, .limit_bytes = limit_bytes };
}

void kube_cache_release(struct kube_cache *c)
{
    for (size_t i = 0; i < c->n; i++)
        free(c->entries[i]);
    free(c->entries);
    *c = (struct kube_cache){ 0 };
}

static int compare(struct str a, struct str b)
{
    const size_t n = a.n < b.n ? a.n : b.n;
    const int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Where it is, or where it belongs. */
static bool locate(const struct kube_cache *c, struct str scope, struct str name, size_t *ret_at)
{
    size_t low = 0, high = c->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct kube_object *o = &c->entries[middle]->object;
        const int by_scope = compare(o->scope, scope);
        const int order = by_scope != 0 ? by_scope : compare(o->name, name);

        if (order == 0) {
            *ret_at = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_at = low;
    return false;
}

static struct str copy_to(char **at, struct str s)
{
    const struct str copy = { *at, s.n };

    if (s.n > 0)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return copy;
}

static struct kube_cache_entry *entry_new(const struct kube_object *o, uint64_t round)
{
    const size_t n = o->scope.n + o->name.n + o->uid.n + o->resource_version.n + o->json.n;
    struct kube_cache_entry *e = mem_new(1, sizeof(*e) + n);
    char *at = e->bytes;

    e->round = round;
    e->object = (struct kube_object){
        .scope = copy_to(&at, o->scope),
        .name = copy_to(&at, o->name),
        .uid = copy_to(&at, o->uid),
        .resource_version = copy_to(&at, o->resource_version),
        .json = copy_to(&at, o->json),
    };
    return e;
}

static void insert(struct kube_cache *c, size_t at, struct kube_cache_entry *e)
{
    if (c->n == c->capacity) {
        c->capacity = c->capacity > 0 ? c->capacity * 2 : CAPACITY_MIN;
        c->entries = mem_resize(c->entries, c->capacity, sizeof(struct kube_cache_entry *));
    }
    memmove(&c->entries[at + 1], &c->entries[at], (c->n - at) * sizeof(struct kube_cache_entry *));
    c->entries[at] = e;
    c->n++;
}

enum kube_change kube_cache_put(struct kube_cache *c, const struct kube_object *object,
                                uint64_t round)
{
    size_t at;
    const bool known = locate(c, object->scope, object->name, &at);
    const size_t before = known ? c->entries[at]->object.json.n : 0;
    bool same;

    if (known && str_eq(c->entries[at]->object.uid, object->uid) &&
        str_eq(c->entries[at]->object.resource_version, object->resource_version)) {
        c->entries[at]->round = round;
        return KUBE_UNCHANGED;
    }
    if ((!known && c->n >= c->limit_objects) ||
        object->json.n > c->limit_bytes - (c->bytes - before))
        return KUBE_FULL;
    c->bytes = c->bytes - before + object->json.n;
    if (!known) {
        insert(c, at, entry_new(object, round));
        return KUBE_ADDED;
    }
    same = str_eq(c->entries[at]->object.uid, object->uid);
    free(c->entries[at]);
    c->entries[at] = entry_new(object, round);
    return same ? KUBE_CHANGED : KUBE_REPLACED;
}

bool kube_cache_drop(struct kube_cache *c, struct str scope, struct str name)
{
    size_t at;

    if (!locate(c, scope, name, &at))
        return false;
    c->bytes -= c->entries[at]->object.json.n;
    free(c->entries[at]);
    c->n--;
    memmove(&c->entries[at], &c->entries[at + 1], (c->n - at) * sizeof(struct kube_cache_entry *));
    return true;
}

bool kube_cache_find(const struct kube_cache *c, struct str scope, struct str name,
                     struct kube_object *ret_object)
{
    size_t at;

    if (!locate(c, scope, name, &at))
        return false;
    *ret_object = c->entries[at]->object;
    return true;
}

void kube_cache_at(const struct kube_cache *c, size_t i, struct kube_object *ret_object)
{
    PRE(i < c->n);
    *ret_object = c->entries[i]->object;
}

uint64_t kube_cache_round_at(const struct kube_cache *c, size_t i)
{
    PRE(i < c->n);
    return c->entries[i]->round;
}
