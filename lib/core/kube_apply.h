/*
 * What is to be done about one object that somebody wants to be there, or no longer wants: written,
 * deleted, or left alone. Objects of others are never touched; what is as it was applied is never
 * written again; a change by others is put back, later and later while it keeps coming.
 */
#ifndef REDWAL_CORE_KUBE_APPLY_H
#define REDWAL_CORE_KUBE_APPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/backoff.h"

enum {
    KUBE_APPLY_UNSEEN_MS = 30 * 1000,   /* a write that no watch told of is not counted on then */
    KUBE_APPLY_CONTEST_FIRST_MS = 1000, /* between two times that one object is put back */
    KUBE_APPLY_CONTEST_MAX_MS = 5 * 60000, /* and when it is changed again and again */
    KUBE_APPLY_PEACE_MS = 10 * 60 * 1000,  /* left alone that long, it is put back at once */
};

/* Who controls it, by its ownerReferences. */
enum kube_controller {
    KUBE_CONTROLLER_US,
    KUBE_CONTROLLER_PREDECESSOR, /* an object of our name that is gone: so will this one be */
    KUBE_CONTROLLER_OTHER,       /* or nobody */
};

struct kube_apply_facts {
    bool wanted;
    bool exists;
    bool confirmed; /* the server said so just now; the cache knows nothing without our labels */
    bool awaited;   /* it was written, and the watch has not told of that yet */
    bool at_peace;  /* what others do to it may be put right now */
    /* When it exists: */
    bool deleting;
    enum kube_controller controller;
    bool new_wish;   /* something else was applied last */
    bool as_applied; /* nobody changed what was applied */
};

enum kube_apply_do {
    KUBE_APPLY_LEAVE,  /* it is as it should be */
    KUBE_APPLY_WAIT,   /* the watch will tell, or its time will come */
    KUBE_APPLY_READ,   /* ask the server, then decide again */
    KUBE_APPLY_CREATE, /* apply, without force: what others own stays theirs */
    KUBE_APPLY_UPDATE, /* apply with force, this very object */
    KUBE_APPLY_DELETE, /* this very object */
    KUBE_APPLY_REFUSE, /* another one has the name */
};

enum kube_apply_do kube_apply_decide(const struct kube_apply_facts *f);

/* What is remembered of one object. A restart forgets it, and costs one write at most. */
struct kube_applied {
    uint64_t wish; /* digest of what was wanted when it was last written; 0: never */
    uint64_t made; /* digest of what the server made of it */
    bool awaited;
    int64_t written_ms;
    struct backoff contest;
    int64_t put_back_at_ms;
};

/* A write is asked for: the watch is to tell of it. */
void kube_applied_asked(struct kube_applied *a);
/* The watch tells of a change of it, maybe before the write is answered; or the write failed, or
 * was taken back: there is nothing to wait for. */
void kube_applied_told(struct kube_applied *a);
/* It was written: this is what the server made of what is wanted. The same wish twice means that
 * others had changed it or taken it away. */
void kube_applied_written(struct kube_applied *a, uint64_t wish, uint64_t made, int64_t now_ms,
                          uint64_t random);
/* The watch has not told of that write yet: the cache is behind. */
bool kube_applied_is_awaited(const struct kube_applied *a, uint64_t wish, int64_t now_ms);
bool kube_applied_is_at_peace(const struct kube_applied *a, int64_t now_ms);

#endif
