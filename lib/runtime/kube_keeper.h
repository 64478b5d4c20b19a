/*
 * Keeps what the objects of one kind, the owners, want to be there: other objects (children) and
 * their own status. Follows all of them by informers, writes by server-side apply and only what is
 * not as it should be: core/kube_apply.h decides. An owner that is deleted takes its children with
 * it by their ownerReferences; nothing is done then.
 *
 * One owner is worked on in passes: its children one after another, what it no longer wants, its
 * status. A pass whose requests fail comes again, later and later.
 */
#ifndef REDWAL_RUNTIME_KUBE_KEEPER_H
#define REDWAL_RUNTIME_KUBE_KEEPER_H

#include "core/kube_apply.h"
#include "runtime/kube_informer.h"
#include "runtime/log.h"

enum {
    KUBE_KEEPER_KINDS_MAX = 12,    /* of children */
    KUBE_KEEPER_WISHES_MAX = 16,   /* children of one owner */
    KUBE_KEEPER_CHILDREN_MAX = 64, /* children of one owner that are remembered */
    KUBE_KEEPER_PASSES_MAX = 8,    /* owners that are worked on at a time */
    KUBE_KEEPER_BACKOFF_FIRST_MS = 1000,
    KUBE_KEEPER_BACKOFF_MAX_MS = 60 * 1000,
};

struct kube_wish {
    size_t kind; /* index into the kinds of children */
    struct str name;
    struct str body; /* JSON, with the ownerReference */
};

/* All that one owner wants. */
struct kube_wishes {
    struct kube_wish wishes[KUBE_KEEPER_WISHES_MAX];
    struct buf bodies[KUBE_KEEPER_WISHES_MAX]; /* name and body of each */
    size_t n;
};

/* Copies; ERR_LIMIT: too many, or too large. */
NODISCARD enum err_code kube_wishes_add(struct kube_wishes *w, size_t kind, struct str name,
                                        struct str body, struct err *err);

/* What became of a wish, or of something no longer wanted. */
enum kube_outcome_type {
    KUBE_OUTCOME_UNKNOWN, /* it was not come to */
    KUBE_OUTCOME_KEPT,    /* it is there, or is being made so */
    KUBE_OUTCOME_TAKEN,   /* an object of others has the name */
    KUBE_OUTCOME_FAILED,  /* `why` */
};

struct kube_outcome {
    enum kube_outcome_type type;
    char why[KUBE_MESSAGE_MAX];
};

struct kube_report {
    const struct err *unclear; /* why nobody can say what it wants; NULL: it is clear */
    const struct kube_wishes *wishes;
    const struct kube_outcome *outcomes; /* of each wish */
};

struct kube_keeper_ops {
    /* What this owner wants. Anything but ERR_OK: that cannot be said; its children stay. */
    enum err_code (*wants)(void *self, const struct kube_object *owner, struct kube_wishes *ret,
                           struct err *err);
    /* Its status as a JSON object. False: it stays. */
    bool (*status)(void *self, const struct kube_object *owner, const struct kube_report *report,
                   struct buf *ret_status);
    /* The status stands there: tell what was decided. */
    void (*told)(void *self, const struct kube_object *owner);
    void (*gone)(void *self, struct str scope, struct str name);
    /* Asked right before each write. */
    bool (*may_act)(void *self);
};

/* Texts and lists are borrowed for as long as the keeper lives. */
struct kube_keeper_settings {
    struct kube_target owners; /* all namespaces when the scope is empty; children too */
    const char *api_version, *kind;
    const struct kube_resource *kinds;
    size_t n_kinds;
    struct kube_selection children; /* by a label that all wishes have */
    struct str field_manager;
};

struct kube_keeper_counts {
    uint64_t reads, creates, updates, deletes, statuses; /* asked for */
    uint64_t refusals;                                   /* of these, not done */
    uint64_t passes, failed_passes;
    uint64_t put_back; /* children that others had changed or deleted */
};

struct kube_keeper;

struct kube_keeper *kube_keeper_new(struct kube_client *client,
                                    const struct kube_keeper_settings *settings,
                                    const struct kube_keeper_ops *ops, void *self, struct log *log);
void kube_keeper_free(struct kube_keeper *k); /* NULL is fine */

/* Whether the server has that kind of children now; at first it has all of them. Children of a kind
 * that comes later are left out until it was listed; the others do not wait for it. */
void kube_keeper_set_served(struct kube_keeper *k, size_t kind, bool served);

/* Ends all passes unless we may act. Call it before kube_client_step(): what waits to be sent is
 * not sent then. */
void kube_keeper_check(struct kube_keeper *k);
/* Call it after kube_client_step(), and when kube_keeper_due_ms() has come. */
void kube_keeper_step(struct kube_keeper *k, int64_t now_ms);
int64_t kube_keeper_due_ms(const struct kube_keeper *k);

/* Something that concerns this owner may have changed; or each. */
void kube_keeper_poke(struct kube_keeper *k, struct str scope, struct str name, int64_t now_ms);
void kube_keeper_poke_at(struct kube_keeper *k, struct str scope, struct str name, int64_t due_ms);
void kube_keeper_poke_all(struct kube_keeper *k, int64_t now_ms);

bool kube_keeper_is_synced(const struct kube_keeper *k);
bool kube_keeper_is_idle(const struct kube_keeper *k); /* nothing is due or under way */
size_t kube_keeper_waiting(const struct kube_keeper *k);
const struct kube_cache *kube_keeper_owners(const struct kube_keeper *k);
/* NULL: the server has no such kind, or it was not listed yet. */
const struct kube_cache *kube_keeper_children(const struct kube_keeper *k, size_t kind);
struct kube_keeper_counts kube_keeper_counts(const struct kube_keeper *k);

#endif
