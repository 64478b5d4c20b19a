/*
 * RedisWals and the Events about them, as the cluster of a call has them.
 */
#ifndef KUBECTL_REDWAL_WAL_READ_H
#define KUBECTL_REDWAL_WAL_READ_H

#include "cluster.h"
#include "codec/wal_view.h"

struct wals {
    struct wal_view *at;
    size_t n;
};

void wals_release(struct wals *w); /* safe on a zeroed one */

/* The one of that name, or all of a namespace when it is NULL; of all namespaces when `scope` is
 * empty. Release it in any case. */
NODISCARD enum err_code wals_read(struct cluster *c, struct str scope, const char *name,
                                  struct wals *ret, struct err *err);

/* The one that this request about `target` answers with. */
NODISCARD enum err_code wals_ask(struct cluster *c, const struct kube_target *target,
                                 struct kube_request *request, struct wals *ret, struct err *err);

struct event_list {
    struct event_view *at; /* the oldest first */
    size_t n;
};

void event_list_release(struct event_list *e); /* safe on a zeroed one */

/* Those about this RedisWal. Release it in any case. */
NODISCARD enum err_code event_list_read(struct cluster *c, const char *name, struct event_list *ret,
                                        struct err *err);

#endif
