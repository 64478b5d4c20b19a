/*
 * Credentials that change while the program runs: token files, which are read again and again, and
 * exec plugins, which are run.
 */
#ifndef REDWAL_ADAPTER_KUBE_CREDENTIALS_H
#define REDWAL_ADAPTER_KUBE_CREDENTIALS_H

#include "codec/kube_objects.h"

enum {
    KUBE_TOKEN_MAX_BYTES = 64 * 1024,
    KUBE_TOKEN_READ_MS = 60 * 1000,      /* a token file is read again after that */
    KUBE_EXEC_TIMEOUT_MS = 60 * 1000,    /* for a plugin to answer */
    KUBE_EXEC_ASKING_MS = 5 * 60 * 1000, /* and when it may ask a human */
    KUBE_EXEC_OUTPUT_MAX = 256 * 1024,
    KUBE_EXEC_EARLY_MS = 10 * 1000, /* a credential is not used in its last seconds */
};

struct kube_credentials {
    const struct kube_login *login;
    struct secret token; /* of the token file */
    int64_t read_at_ms;
    bool stale; /* the server refused it: read or run at once */
    struct kube_credential exec;
    bool has_exec;
};

void kube_credentials_init(struct kube_credentials *c, const struct kube_login *login);
void kube_credentials_release(struct kube_credentials *c); /* safe on a zeroed one */

/* Makes them current. ERR_DENIED, ERR_TIMEOUT, ERR_CORRUPT: there are none, and why. */
NODISCARD enum err_code kube_credentials_refresh(struct kube_credentials *c, struct err *err);
/* The server answered 401. */
void kube_credentials_refused(struct kube_credentials *c);

/* NULL when there is none; lives until the next refresh. */
const struct secret *kube_credentials_token(const struct kube_credentials *c);

/* Runs the plugin. */
NODISCARD enum err_code kube_exec_run(const struct kube_login *login,
                                      struct kube_credential *ret_credential, struct err *err);

#endif
