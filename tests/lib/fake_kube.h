/*
 * One collection of an API server: objects in versions, a history that is compacted away, lists in
 * pages of one version, and watches that go on from a version while the history still has it. It
 * answers in the API's own JSON.
 */
#ifndef REDWAL_TESTS_FAKE_KUBE_H
#define REDWAL_TESTS_FAKE_KUBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/prng.h"

enum {
    FAKE_KUBE_NAMES = 12,    /* objects are a, b, c ... */
    FAKE_KUBE_HISTORY = 4096 /* changes in a run, at most */
};

struct fake_kube_change {
    int64_t version;
    int name;
    int64_t uid; /* of the object that is put or deleted */
    bool deleted;
};

struct fake_kube {
    int64_t version;                         /* of the last change */
    int64_t compacted;                       /* changes up to here are forgotten */
    int64_t object_version[FAKE_KUBE_NAMES]; /* 0: there is none */
    int64_t uid[FAKE_KUBE_NAMES];
    struct fake_kube_change history[FAKE_KUBE_HISTORY];
    size_t n_history;
};

void fake_kube_init(struct fake_kube *k);
void fake_kube_change(struct fake_kube *k, struct prng *prng); /* any one change */
void fake_kube_compact(struct fake_kube *k);                   /* forgets all history */
/* A restore from a backup: everything is as it was some changes ago. */
void fake_kube_roll_back(struct fake_kube *k, size_t n_changes);

/* Each appends the body of an answer and returns its HTTP code. */
int fake_kube_list(const struct fake_kube *k, unsigned limit, struct str next, struct buf *out);
/* What a watch says that has told of everything up to *version; moves it on. */
int fake_kube_watch(const struct fake_kube *k, int64_t *version, bool bookmark, struct buf *out);

#endif
