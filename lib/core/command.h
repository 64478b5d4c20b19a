/*
 * The commands of Redis and Valkey and what replaying them needs. One table (command_table.h) says
 * for each write command whether it is applied as it is, rewritten so that a replay gives the same,
 * or refused with a reason.
 */
#ifndef REDWAL_CORE_COMMAND_H
#define REDWAL_CORE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/reject.h"

/* How an operation that passed the canonicaliser may still fail in Redis. It decides what can be
 * said about it when the answer was lost (see core/settle.h). */
enum command_failure {
    FAILS_NEVER, /* whatever the key holds: SET, DEL, PEXPIREAT */
    FAILS_TYPE,  /* only when the key holds another type: LPUSH, SADD */
    FAILS_VALUE, /* also for what the key or the arguments hold: INCR, HINCRBY, XADD */
};

/* The type a command works on, as TYPE names it. */
enum key_type {
    KEY_ANY,
    KEY_STRING,
    KEY_LIST,
    KEY_SET,
    KEY_ZSET,
    KEY_HASH,
    KEY_STREAM,
    KEY_TYPE_COUNT
};

struct command; /* one row of the table; see command_table.h */

/* NULL when no row has that name. ASCII case does not matter. */
const struct command *command_find(struct str name);

size_t command_count(void);
const struct command *command_at(size_t index); /* 0 .. command_count() - 1, ordered by name */
size_t command_index(const struct command *c);
const char *command_name(const struct command *c); /* upper case */
enum command_failure command_failure(const struct command *c);

/* Redis 6.2 does not have it yet: a server may lack it. */
bool command_is_newer(const struct command *c);

/* The rows a server has, as its COMMAND answered. */
enum { COMMAND_SET_WORDS = 16 };
struct command_set {
    uint64_t bits[COMMAND_SET_WORDS];
};
void command_set_add(struct command_set *set, const struct command *c);
bool command_set_has(const struct command_set *set, const struct command *c);
/* Drops what is not in the other set too. */
void command_set_keep(struct command_set *set, const struct command_set *other);

#endif
