/*
 * Records to write to a log: operations as plain structs, and the JSON they become. Most are not
 * idempotent, many fail in Redis now and then, some are refused before they get there.
 */
#ifndef REDWAL_TESTS_WORKLOAD_H
#define REDWAL_TESTS_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/prng.h"

enum {
    WORKLOAD_KEYS = 5,     /* a partition */
    WORKLOAD_KEY_MAX = 16, /* "<partition>:<number>" */
    WORKLOAD_TTL_MS = 1000 * 1000,
    WORKLOAD_MEMBERS_MAX = 3,
};

/* X(name, weight) */
/* clang-format off */
#define OP_KINDS(X)   \
    X(SET,         6) \
    X(SET_TTL,     3) /* SET with the record's ttl */ \
    X(SET_NX,      2) \
    X(APPEND,      8) \
    X(APPEND_TTL,  3) /* travels in a script */ \
    X(INCRBY,      9) \
    X(DEL,         4) \
    X(RPUSH,       7) \
    X(LPUSH,       4) \
    X(SADD,        3) \
    X(SREM,        2) \
    X(HSET,        3) \
    X(HINCRBY,     4) \
    X(PEXPIREAT,   2) \
    X(UNKNOWN,     2) /* a command that no table has */ \
    X(BROKEN,      2) /* not JSON */ \
    X(LACKING,     1) /* a command that this Redis refuses to queue */ \
    X(ATOMIC,      6) /* several on several keys, of which any may fail */ \
    X(ATOMIC_SURE, 2) /* the same, of which none can */
/* clang-format on */

#define OP_ENUM(name, weight) OP_##name,
enum op_kind { OP_KINDS(OP_ENUM) OP_KIND_COUNT };
#undef OP_ENUM

struct op {
    enum op_kind kind;
    unsigned key;    /* below WORKLOAD_KEYS */
    unsigned number; /* counts the records of a log */
    bool has_id;     /* the number is its id */
};

struct op op_random(struct prng *prng, unsigned number);
/* The operations of an atomic; 0 for any other kind. */
size_t op_members(const struct op *op, struct op ret[WORKLOAD_MEMBERS_MAX]);
int64_t op_amount(const struct op *op); /* what it writes or adds; a deadline for PEXPIREAT */
struct str op_key(char ret[WORKLOAD_KEY_MAX], const struct op *op, int32_t partition);
void op_print_json(const struct op *op, int32_t partition, struct buf *out);

#endif
