/*
 * Finds the API server and our login as kubectl does: the file that is named, else those in
 * KUBECONFIG, else ~/.kube/config, else the service account of the pod we run in.
 */
#ifndef REDWAL_ADAPTER_KUBE_LOAD_H
#define REDWAL_ADAPTER_KUBE_LOAD_H

#include "codec/kube_config.h"

/* NULL is not set; see kube_place_from_environment(). */
struct kube_place {
    const char *kubeconfig; /* one file; it must be there */
    const char *context;    /* NULL: the current one */
    const char *files; /* KUBECONFIG: names with ':' between; those that are missing do not count */
    const char *home;
    const char *host, *port; /* KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT */
    const char *scope;       /* POD_NAMESPACE: stands above the service account's file */
    const char *account;     /* directory of the service account */
};

struct kube_place kube_place_from_environment(void);

/* ERR_NOT_FOUND: there is none of these; else see kube_config_resolve(). */
NODISCARD enum err_code kube_load(const struct kube_place *place, struct kube_login *ret_login,
                                  struct err *err);
/* The names of all contexts there are to choose from. */
NODISCARD enum err_code kube_load_contexts(const struct kube_place *place, kube_context_fn *each,
                                           void *self, struct err *err);

#endif
