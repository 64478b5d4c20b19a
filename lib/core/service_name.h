/*
 * Names that are known inside a Kubernetes cluster and nowhere else: of a Service, "kafka",
 * "kafka.prod.svc" or with the cluster's domain behind it, or of one of its pods, "kafka-0." in
 * front.
 */
#ifndef REDWAL_CORE_SERVICE_NAME_H
#define REDWAL_CORE_SERVICE_NAME_H

#include <stdbool.h>

#include "base/str.h"

struct service_name {
    const char *kind; /* "svc" or "pod" */
    struct str name, scope;
};

/* Views into `host`, and of `scope`, the namespace of whoever says only "kafka". False: a name or
 * address that others may know, too. */
bool service_name_parse(struct str host, struct str scope, struct service_name *ret);

#endif
