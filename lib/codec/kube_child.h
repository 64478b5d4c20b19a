/*
 * Objects that are applied for another one, their owner: what is written of them, and what can be
 * told from how they are now. An annotation holds a digest of what was applied last, so that also a
 * process that has just started knows what needs no write.
 */
#ifndef REDWAL_CODEC_KUBE_CHILD_H
#define REDWAL_CODEC_KUBE_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/kube_cache.h"

#define KUBE_CHILD_ANNOTATION "redwal.dev/applied"

enum { KUBE_CHILD_WORD_MAX = 253, KUBE_CHILD_UID_MAX = 64 };

/* What an object says of itself. Texts that are too long are empty: they are nobody's we know. */
struct kube_child {
    bool deleting;
    int64_t generation; /* counts what is wanted of it; 0: it has none */
    uint64_t wish;      /* what the annotation says; 0: nothing */
    /* Its controlling owner; empty: none. */
    char owner_api_version[KUBE_CHILD_WORD_MAX + 1];
    char owner_kind[KUBE_CHILD_WORD_MAX + 1];
    char owner_name[KUBE_CHILD_WORD_MAX + 1];
    char owner_uid[KUBE_CHILD_UID_MAX + 1];
};

/* ERR_CORRUPT: no object. */
NODISCARD enum err_code kube_child_read(struct str json, struct kube_child *ret_child,
                                        struct err *err);

/* A digest of what is wanted; never 0. */
uint64_t kube_child_wish(struct str wanted);
/* What is written: what is wanted and the annotation, and for this very object unless `uid` is
 * empty. ERR_CORRUPT: it is no object; ERR_LIMIT: it is too large. */
NODISCARD enum err_code kube_child_body(struct str wanted, uint64_t wish, struct str uid,
                                        struct buf *ret_body, struct err *err);

/* A digest of those fields of `actual` that `wanted` names, whatever the server adds. Fields that
 * are wanted empty may as well be absent. */
uint64_t kube_child_made(struct str actual, struct str wanted);
/* Whether these fields are literally as they are wanted; a server may write them in another way. */
bool kube_child_is_literal(struct str actual, struct str wanted);

/* Whether the object's status is this one, neither more nor less. */
bool kube_child_status_is(struct str object, struct str status);
/* What is applied to make it so, for this very object; see kube_child_body(). */
NODISCARD enum err_code kube_child_status_body(const struct kube_object *object, struct str status,
                                               struct buf *ret_body, struct err *err);

/* How many pods a Deployment has; -1: it does not say. */
struct kube_scale {
    int64_t desired, replicas, ready;
};
struct kube_scale kube_child_scale(struct str deployment);

#endif
