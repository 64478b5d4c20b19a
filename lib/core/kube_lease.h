/*
 * Leader election over a Lease, by the rules that all clients of Kubernetes keep: whoever holds the
 * lease renews it; others take it over once it stood still for its whole duration *as they saw it*.
 * The clocks of two machines are never compared: `now_ms` is a local clock that never stands still
 * nor goes back, and the times in the record are for people to read.
 *
 * The leader counts from when it *sent* the renewal. Others cannot have seen it earlier, and wait
 * for longer than the leader trusts it, so they start after he has stopped. A lease is no fence: a
 * process may sleep between the question and the deed, so what is dangerous has a precondition too.
 */
#ifndef REDWAL_CORE_KUBE_LEASE_H
#define REDWAL_CORE_KUBE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/kube_reflector.h"

enum { KUBE_HOLDER_MAX = 256, KUBE_TIME_MAX = 40 };

struct kube_lease_settings {
    char identity[KUBE_HOLDER_MAX + 1]; /* of this process, and of no other at any time */
    int64_t duration_ms;                /* 15 s; whole seconds */
    int64_t renew_deadline_ms;          /* 10 s: without a renewal for that long, stop acting */
    int64_t retry_ms;                   /* 2 s between two tries */
};

/* The Lease object, as far as the election knows it. */
struct kube_lease_record {
    char resource_version[KUBE_VERSION_MAX + 1];
    char holder[KUBE_HOLDER_MAX + 1]; /* empty: nobody's */
    int64_t duration_ms;
    char acquire_time[KUBE_TIME_MAX + 1]; /* as it stands there */
    char renew_time[KUBE_TIME_MAX + 1];
    int64_t transitions;
};

enum kube_lease_do {
    KUBE_LEASE_WAIT,   /* until wait_until_ms */
    KUBE_LEASE_READ,   /* then kube_lease_was_read() or _was_absent() */
    KUBE_LEASE_CREATE, /* `record`, then kube_lease_was_written() */
    KUBE_LEASE_UPDATE, /* `record`, of that resourceVersion; then kube_lease_was_written() */
};

struct kube_lease_step {
    enum kube_lease_do what;
    int64_t wait_until_ms;
    /* Times that are empty are now, by the wall clock; renew_time always is. */
    struct kube_lease_record record;
};

struct kube_lease {
    struct kube_lease_settings settings;
    bool asked;
    bool known, absent; /* the record was read; there is none */
    struct kube_lease_record seen;
    int64_t seen_at_ms; /* when it last was another than before */
    bool stale;         /* read it again before anything else */
    bool leading;
    int64_t renewed_ms; /* when the last renewal that went through was sent */
    int64_t sent_ms;
    int64_t wait_until_ms;
    bool releasing;
    uint64_t terms; /* how often it became the leader */
};

/* ERR_INVALID: the rule is duration > renew deadline > 1.2 * retry, and what is wrong. */
NODISCARD enum err_code kube_lease_check(const struct kube_lease_settings *settings,
                                         struct err *err);
void kube_lease_init(struct kube_lease *l, const struct kube_lease_settings *settings);

void kube_lease_next(struct kube_lease *l, int64_t now_ms, uint64_t random,
                     struct kube_lease_step *ret_step);
void kube_lease_was_read(struct kube_lease *l, int64_t now_ms,
                         const struct kube_lease_record *record);
void kube_lease_was_absent(struct kube_lease *l, int64_t now_ms);
/* The record that the server made of ours. */
void kube_lease_was_written(struct kube_lease *l, int64_t now_ms,
                            const struct kube_lease_record *record);
/* What was asked was refused, or its answer lost: what became of it is unknown. */
void kube_lease_failed(struct kube_lease *l, int64_t now_ms, uint64_t random);

/* To be asked right before each deed. Once false, it is true again only as of a new term. */
bool kube_lease_may_act(struct kube_lease *l, int64_t now_ms);
/* When may_act() becomes false unless the lease is renewed; INT64_MIN when it is. */
int64_t kube_lease_ends_at_ms(const struct kube_lease *l);

/* Stops acting and gives the lease away, so that another need not wait. Goes on with
 * kube_lease_next() until kube_lease_is_released(); a failure is not tried again. */
void kube_lease_release(struct kube_lease *l);
bool kube_lease_is_released(const struct kube_lease *l);

#endif
