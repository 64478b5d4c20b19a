/*
 * The Kubernetes API of a call, found as kubectl finds it. Every request blocks.
 */
#ifndef KUBECTL_REDWAL_CLUSTER_H
#define KUBECTL_REDWAL_CLUSTER_H

#include "cli/option_table.h"
#include "cli/verb.h"
#include "core/kube_reflector.h"
#include "core/kube_request.h"

/* clang-format off */
#define CLUSTER_PLACE_OPTIONS(X) \
    X(FILE, FLAG, kubeconfig, "kubeconfig", "FILE", NULL, 0, 0,  NULL, "Cluster", "The kubeconfig; those of KUBECONFIG, or ~/.kube/config, or the pod's service account when unset") \
    X(NAME, FLAG, scope,      "namespace",  "NAME", NULL, 1, 63, NULL, "Cluster", "The namespace; that of the context when unset")
/* clang-format on */

struct cluster_options {
    CLUSTER_PLACE_OPTIONS(OPTION_FIELD)
    char *context;
};
/* --kubeconfig, --context and --namespace. */
extern const struct option_table cluster_table;
/* --all-namespaces, of verbs that can be about all of them. */
extern const struct option_table all_namespaces_table;

struct cluster;

/* ERR_NOT_FOUND: no configuration leads to a cluster; else see kube_load(). */
NODISCARD enum err_code cluster_open(const struct cluster_options *options, struct cluster **ret,
                                     struct err *err);
/* As the options of the call say. */
NODISCARD enum err_code cluster_open_call(const struct invocation *in, struct cluster **ret,
                                          struct err *err);
void cluster_release(struct cluster **c); /* *c may be NULL */

struct str cluster_scope(const struct cluster *c); /* the namespace that is meant */
bool cluster_is_all_namespaces(const struct invocation *in);
/* The namespace that is meant, or empty for all; the verb has all_namespaces_table. */
struct str cluster_scope_of_call(const struct cluster *c, const struct invocation *in);

/* Takes the request. `ret_body` is initialised by the caller, and has what came with a refusal,
 * too. ERR_NOT_FOUND, ERR_DENIED, ...: see kube_status_to_err(). */
NODISCARD enum err_code cluster_ask(struct cluster *c, struct kube_request *request,
                                    struct buf *ret_body, struct err *err);
/* Begins a request that is answered while others are asked, and by cluster_step(). Takes it. */
struct kube_caller;
NODISCARD enum err_code cluster_follow(struct cluster *c, struct kube_request *request,
                                       const struct kube_caller *caller, struct err *err);
/* Waits for answers, for `wait_max_ms` at most. */
void cluster_step(struct cluster *c, int64_t wait_max_ms);

/* One object. */
NODISCARD enum err_code cluster_get(struct cluster *c, const struct kube_target *target,
                                    struct buf *ret_body, struct err *err);
/* All of a collection, in one answer. */
struct cluster_page {
    struct kube_json *decoder;
    struct buf body;
    struct kube_page page;
};
void cluster_page_release(struct cluster_page *p); /* safe on a zeroed one */
/* Release it in any case. */
NODISCARD enum err_code cluster_list(struct cluster *c, const struct kube_target *target,
                                     const struct kube_selection *selection,
                                     struct cluster_page *ret, struct err *err);

/* A RedisWal, or all of the namespace when the name is empty. */
struct kube_target cluster_wals(const struct cluster *c, const char *name);

#endif
