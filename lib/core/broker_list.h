/*
 * Brokers as RedisWals name them: lists of host:port, in which the name of a Service means what it
 * does in the namespace of who names it.
 */
#ifndef REDWAL_CORE_BROKER_LIST_H
#define REDWAL_CORE_BROKER_LIST_H

#include <stdbool.h>

#include "base/str.h"

/* A list, with commas between, and the namespace that it is named in. */
struct broker_list {
    struct str addresses, scope;
};

/* They share a broker, and so they are of one cluster: who listens at an address is one. False:
 * that is not known, since a cluster has several. */
bool broker_lists_meet(const struct broker_list *a, const struct broker_list *b);

#endif
