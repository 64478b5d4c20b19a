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
#include "core/script.h"

enum {
    WORKLOAD_KEYS = 5,     /* a partition */
    WORKLOAD_KEY_MAX = 16, /* "<partition>:<number>" */
    WORKLOAD_TTL_MS = 1000 * 1000,
    WORKLOAD_SOON_MS = 60 * 1000,
    WORKLOAD_MEMBERS_MAX = 3,
};

/* X(name, weight, weight where keys end) */
/* clang-format off */
#define OP_KINDS(X)          \
    X(SET,            6,  2) \
    X(SET_TTL,        3,  1) /* SET with the record's ttl */ \
    X(SET_NX,         2,  3) \
    X(GETSET,         4,  3) /* refused where SET would not be */ \
    X(APPEND,         8,  6) \
    X(APPEND_TTL,     3,  1) /* travels in a script */ \
    X(INCRBY,         9,  6) \
    X(DEL,            4,  1) \
    X(RPUSH,          7,  4) \
    X(LPUSH,          4,  1) \
    X(SADD,           3,  2) \
    X(SREM,           2,  1) \
    X(HSET,           3,  1) \
    X(HINCRBY,        4,  2) \
    X(PEXPIREAT,      2,  1) \
    X(UNKNOWN,        2,  1) /* a command that no table has */ \
    X(BROKEN,         2,  1) /* not JSON */ \
    X(LACKING,        1,  1) /* a command that this Redis refuses to queue */ \
    X(LACKING_SURE,   1,  1) /* another one, which never fails where it is known */ \
    X(ATOMIC,         6,  6) /* several on several keys, of which any may fail */ \
    X(ATOMIC_SURE,    2,  2) /* the same, of which none can */ \
    X(MARK,           3,  3) /* no operation */ \
    X(SCRIPT,         4,  3) /* a call of workload_scripts, of which any part may fail */ \
    X(SET_SOON,       0,  6) \
    X(INCRBY_SOON,    0,  6) \
    X(EXPIRE_SOON,    0, 12) \
    X(PERSIST,        0,  1)
/* clang-format on */

#define OP_ENUM(name, weight, weight_soon) OP_##name,
enum op_kind { OP_KINDS(OP_ENUM) OP_KIND_COUNT };
#undef OP_ENUM

/* One, which does the members of OP_SCRIPT, all or none; what it is given for a text is only a
 * name: a simulated Redis knows what it means. */
extern const struct script_set workload_scripts;

/* As in docs/adr/0008-quarantine.md. */
struct op_claim {
    unsigned key;
    uint64_t token;
    int64_t number;
};

struct op {
    enum op_kind kind;
    unsigned key;                                 /* below WORKLOAD_KEYS */
    unsigned number;                              /* counts the records of a log */
    bool has_id;                                  /* the number is its id */
    struct op_claim claims[WORKLOAD_MEMBERS_MAX]; /* of a retry */
    size_t n_claims;
    bool is_release; /* of the key; it does nothing else */
    struct {
        uint64_t token;
        int64_t parked, retried;
    } release;
};

/* `keys_end`: keys end soon unless they are renewed. */
struct op op_random(struct prng *prng, unsigned number, bool keys_end);
/* The operations of an atomic or a script; 0 for any other kind. */
size_t op_members(const struct op *op, struct op ret[WORKLOAD_MEMBERS_MAX]);
int64_t op_amount(const struct op *op); /* what it writes or adds; a deadline for PEXPIREAT */
struct str op_key(char ret[WORKLOAD_KEY_MAX], const struct op *op, int32_t partition);
void op_print_json(const struct op *op, int32_t partition, struct buf *out);

#endif
