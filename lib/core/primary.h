/*
 * Whether the Redis that answered may be written to. A server that calls itself master is not
 * enough: the operator may have promoted a blank pod, pod addresses get reused by other clusters,
 * and a replica of nobody answers too. Unknown is not false: what could not be read is retried.
 */
#ifndef REDWAL_CORE_PRIMARY_H
#define REDWAL_CORE_PRIMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/command.h"
#include "core/hold.h"
#include "core/position.h"

enum { PRIMARY_ADDRESS_MAX = 280, RUN_ID_MAX = 63 };

enum primary_role { PRIMARY_ROLE_UNKNOWN, PRIMARY_ROLE_MASTER, PRIMARY_ROLE_REPLICA };

/* What a fresh connection learned, in one exchange. */
struct primary_facts {
    char address[PRIMARY_ADDRESS_MAX + 1]; /* "host:port" */
    char run_id[RUN_ID_MAX + 1];           /* INFO server; names the process */
    enum primary_role role;                /* ROLE */
    bool loading;                          /* -LOADING or INFO persistence loading:1 */
    char wal[WAL_NAME_MAX + 1];            /* of the identity; "" when absent */
    char restore[RESTORE_UID_MAX + 1];     /* the same: which restore began it last */
    int64_t n_keys;                        /* DBSIZE: of database 0, which is ours */
    bool other_databases;                  /* INFO keyspace: another one holds keys */
    int64_t clock_skew_ms;                 /* TIME minus our clock, at the middle of the exchange */
    bool evicts;                           /* maxmemory-policy is not noeviction, as far as known */
    struct command_set commands;           /* COMMAND */
};

enum primary_verdict {
    PRIMARY_ACCEPT, /* ours: go on */
    PRIMARY_CLAIM,  /* blank: write our name into it, then go on */
    PRIMARY_RETRY,  /* not a usable master now: resolve again after a wait */
    PRIMARY_HOLD,   /* a usable master that is not ours: a human must look */
};

/* What the user said. */
struct primary_policy {
    bool adopt;      /* data of unknown origin, or none, may be built upon */
    bool hold_blank; /* and otherwise a blank Redis waits until somebody restores it */
};

/* `ret_hold` is set for PRIMARY_HOLD only; `ret_why` (static text) always. */
enum primary_verdict primary_judge(const struct primary_facts *facts, struct str wal,
                                   struct primary_policy policy, enum hold_reason *ret_hold,
                                   const char **ret_why);

#endif
