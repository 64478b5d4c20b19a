/*
 * Inside wal_reconciler: what its parts share.
 */
#ifndef REDWAL_RUNTIME_WAL_RECONCILER_STATE_H
#define REDWAL_RUNTIME_WAL_RECONCILER_STATE_H

#include "codec/kube_child.h"
#include "runtime/kube_elector.h"
#include "runtime/kube_kinds.h"
#include "runtime/kube_recorder.h"
#include "runtime/wal_failovers.h"
#include "runtime/wal_marks.h"
#include "runtime/wal_mirrors.h"
#include "runtime/wal_reconciler.h"
#include "runtime/wal_restores.h"

struct wal_reconciler {
    struct wal_reconciler_settings settings;
    struct wal_reconciler_ports ports;
    struct kube_client *client;
    struct kube_elector *elector;
    struct kube_reporter reporter;
    struct kube_recorder *recorder;
    struct kube_kinds *kinds;
    struct kube_secrets *secrets;
    struct wal_looks *looks;
    struct wal_marks *marks;
    struct wal_mirrors *mirrors;
    struct wal_restores *restores;
    struct kube_keeper *keeper;
    struct wal_failovers *failovers;
    int64_t now_ms;
    bool led;               /* as of the last step */
    uint64_t election_told; /* its trouble, by number */
    bool releasing;         /* the lease is given away once nothing of ours is on its way */
};

/* --- wal_reconciler_status.c ------------------------------------------------------------------ */

/* The keeper's: kube_keeper_ops. */
bool wal_reconciler_status(void *self, const struct kube_object *owner,
                           const struct kube_report *report, struct buf *ret_status);
void wal_reconciler_told(void *self, const struct kube_object *owner);

/* A look has ended: wal_learned_fn. */
void wal_reconciler_learned(void *self, struct wal_watch *w);
/* The pods of its applier, as the Deployment tells; LOOK_UNKNOWN. */
struct kube_scale wal_reconciler_scale(const struct wal_reconciler *r, const struct wal_watch *w);
/* An Event about an object of ours, whose `action` and so on are given. */
void wal_reconciler_tell(struct wal_reconciler *r, const char *kind,
                         const struct kube_object *object, const struct wal_notice *n);

#endif
