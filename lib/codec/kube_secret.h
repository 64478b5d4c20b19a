/*
 * A Secret of the Kubernetes API.
 */
#ifndef REDWAL_CODEC_KUBE_SECRET_H
#define REDWAL_CODEC_KUBE_SECRET_H

#include "base/err.h"
#include "base/secret.h"
#include "core/kube_request.h"

extern const struct kube_resource kube_secret_objects; /* v1 */

/* One key of it. ERR_NOT_FOUND: it has no such key; ERR_CORRUPT: it is no Secret, or the value
 * holds a NUL. The end of a line behind the value is left out. */
NODISCARD enum err_code kube_secret_decode(struct str json, const char *key,
                                           struct secret *ret_value, struct err *err);

#endif
