/*
 * Which mirrors RedisWals name, and whether two of them can both have what they want.
 */
#ifndef REDWAL_CORE_MIRROR_CLAIM_H
#define REDWAL_CORE_MIRROR_CLAIM_H

#include "base/str.h"
#include "core/mirror.h"

/* What one of them names. What is not known or not named is empty. */
struct mirror_claim {
    struct str log;            /* the identity of the log here */
    struct str brokers, topic; /* where that is: core/broker_list.h */
    struct str connector, url; /* the connector, and its Connect */
    struct str maker;          /* the KafkaMirrorMaker2 that manages it */
    struct str scope;          /* the namespace of that, and of the RedisWal */
    enum mirror_wish wish;
};

enum mirror_clash {
    MIRROR_CLASH_NONE,
    MIRROR_CLASH_WRITERS, /* they name two mirrors that write the same log */
    MIRROR_CLASH_WISHES,  /* the same mirror is to run, and to be stopped */
};

enum mirror_clash mirror_claims_clash(const struct mirror_claim *a, const struct mirror_claim *b);

#endif
