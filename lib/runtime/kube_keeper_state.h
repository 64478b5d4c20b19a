/*
 * What a keeper is made of. Private to lib/runtime/kube_keeper*.c.
 */
#ifndef REDWAL_RUNTIME_KUBE_KEEPER_STATE_H
#define REDWAL_RUNTIME_KUBE_KEEPER_STATE_H

#include "base/prng.h"
#include "codec/kube_child.h"
#include "codec/kube_json.h"
#include "core/kube_queue.h"
#include "runtime/kube_keeper.h"

/* A child of an owner, whether it is there or not. */
struct kept {
    size_t kind;
    char *name;
    bool seen; /* the cache has it, and it is this owner's */
    struct kube_applied applied;
};

struct entry {
    char *key;          /* "namespace/name" of the owner */
    int64_t generation; /* of the owner, as it was told last */
    struct kept **kept;
    size_t n_kept;
    struct kube_applied status;
};

enum stage { STAGE_WISHES, STAGE_LEFTOVERS, STAGE_STATUS, STAGE_END };

/* Work on one owner. */
struct pass {
    struct kube_keeper *keeper;
    bool busy;
    struct str key, scope, name; /* the queue's memory */
    char uid[KUBE_CHILD_UID_MAX + 1];
    struct err unclear;
    struct kube_wishes wishes;
    struct kube_outcome outcomes[KUBE_KEEPER_WISHES_MAX];
    enum stage stage;
    size_t at; /* the wish, or the kept child, that it has come to */
    bool failed;

    uint64_t call; /* 0: none is under way */
    enum kube_apply_do doing;
    uint64_t digest; /* of what is written */
    struct kube_applied *applied;
};

struct source {
    struct kube_keeper *keeper;
    size_t kind;
    struct kube_informer_target target;
    struct kube_informer *informer; /* NULL: not served */
    bool late;                      /* it came while we ran: nobody else waits until it is listed */
    bool ready;                     /* it was listed, as of the last step */
};

struct kube_keeper {
    struct kube_client *client;
    struct kube_keeper_settings settings;
    const struct kube_keeper_ops *ops;
    void *self;
    struct log *log;
    struct prng prng; /* jitter */
    int64_t now_ms;

    struct source owners;
    struct source kinds[KUBE_KEEPER_KINDS_MAX];
    struct kube_queue queue;
    struct entry **entries; /* by key */
    size_t n_entries, capacity;
    struct pass passes[KUBE_KEEPER_PASSES_MAX];
    bool acting; /* as of the last step */
    struct kube_json *json;
    struct kube_keeper_counts counts;
};

struct entry *kube_keeper_entry(struct kube_keeper *k, struct str key);       /* makes it */
struct kept *kube_keeper_kept(struct entry *e, size_t kind, struct str name); /* NULL: too many */
void kube_keeper_forget(struct kube_keeper *k, struct str key);

/* Begins, and goes on until an answer is waited for, or it is over. */
void kube_keeper_pass_begin(struct pass *p, struct str key);
void kube_keeper_pass_cancel(struct pass *p);

#endif
