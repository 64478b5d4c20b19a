/*
 * A pod as people look at it: what its containers do, and why they do not.
 */
#ifndef REDWAL_CODEC_POD_VIEW_H
#define REDWAL_CODEC_POD_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "core/kube_request.h"

extern const struct kube_resource pod_objects; /* v1 */

enum { POD_VIEW_CONTAINERS_MAX = 16 }; /* the rest is not shown */

enum pod_container_state { POD_CONTAINER_WAITING, POD_CONTAINER_RUNNING, POD_CONTAINER_ENDED };

struct pod_container {
    struct str name;
    enum pod_container_state state;
    struct str reason, message; /* why it waits, or ended: "CrashLoopBackOff" */
    struct str last_reason;     /* why it ended the time before: "OOMKilled"; empty: it did not */
    int64_t last_exit_status;
    bool ready;
    int64_t n_restarts;
};

/* Texts live in `memory`; those that are absent are empty. */
struct pod_view {
    struct arena memory;
    struct str name, uid, phase;
    struct str reason, message; /* why no node was found for it, or it was evicted */
    bool deleting;
    struct pod_container containers[POD_VIEW_CONTAINERS_MAX];
    size_t n_containers;
};

void pod_view_release(struct pod_view *v); /* safe on a zeroed one */

/* ERR_CORRUPT: not an object. Release it in any case. */
NODISCARD enum err_code pod_view_decode(struct str json, struct pod_view *ret, struct err *err);

/* NULL: it has none of that name, or nobody has looked at it yet. */
const struct pod_container *pod_view_container(const struct pod_view *v, struct str name);

#endif
