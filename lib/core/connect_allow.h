/*
 * Which Kafka Connects a controller may ask. Whoever may write a RedisWal names one, and the
 * controller goes there, from where it stands, with what a Secret of that namespace holds.
 */
#ifndef REDWAL_CORE_CONNECT_ALLOW_H
#define REDWAL_CORE_CONNECT_ALLOW_H

#include <stdbool.h>

#include "base/str.h"

/* Names of hosts, separated by commas: "connect.example", "*.kafka.svc" for all below a name, "*"
 * for every host; each may end in a port: "connect.example:8083". */
bool connect_allow_is_good(struct str list);

/* The host of the URL is in the list, or a Service of the namespace: NAME.NAMESPACE.svc, also with
 * the usual domain of a cluster behind it. What is not plainly scheme, host and port is not
 * allowed: who parses it otherwise would go elsewhere. */
bool connect_is_allowed(struct str list, struct str scope, struct str url);

#endif
