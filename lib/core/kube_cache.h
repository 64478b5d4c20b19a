/*
 * Objects of one kind as the API server last told of them, in the order of their keys.
 */
#ifndef REDWAL_CORE_KUBE_CACHE_H
#define REDWAL_CORE_KUBE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
    KUBE_CACHE_OBJECTS_MAX = 100 * 1000,
    KUBE_CACHE_BYTES_MAX = 512 * 1024 * 1024, /* of their JSON */
};

/* An object, or what is known of it; borrowed from whoever hands it over. */
struct kube_object {
    struct str scope; /* namespace; empty where there is none */
    struct str name;
    struct str uid;
    struct str resource_version; /* opaque: equal or not */
    struct str json;             /* all of it */
};

struct kube_cache_entry; /* private */

struct kube_cache {
    struct kube_cache_entry **entries; /* by scope, then name */
    size_t n, capacity;
    size_t bytes;
    size_t limit_objects, limit_bytes;
};

/* What a change of the cache was. */
enum kube_change {
    KUBE_UNCHANGED, /* it was known in this version */
    KUBE_ADDED,
    KUBE_CHANGED,
    KUBE_REPLACED, /* another object of the same name: the one before is gone */
    KUBE_FULL,     /* a limit is reached; nothing was done */
};

void kube_cache_init(struct kube_cache *c, size_t limit_objects, size_t limit_bytes);
void kube_cache_release(struct kube_cache *c); /* safe on a zeroed cache */

/* Takes a copy of the object and stamps it with `round`. */
enum kube_change kube_cache_put(struct kube_cache *c, const struct kube_object *object,
                                uint64_t round);
bool kube_cache_drop(struct kube_cache *c, struct str scope, struct str name);

/* These views live until the cache next changes. */
bool kube_cache_find(const struct kube_cache *c, struct str scope, struct str name,
                     struct kube_object *ret_object);
void kube_cache_at(const struct kube_cache *c, size_t i, struct kube_object *ret_object);
uint64_t kube_cache_round_at(const struct kube_cache *c, size_t i);

#endif
