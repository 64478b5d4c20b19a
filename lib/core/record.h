/*
 * One message of the log as it was read, and what its value asks for. Everything here is borrowed
 * from whoever read or decoded it.
 */
#ifndef REDWAL_CORE_RECORD_H
#define REDWAL_CORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/mark.h"

struct record {
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* since the epoch, by the log; negative when the log has none */
    bool has_key;         /* a null key differs from an empty one */
    bool has_value;
    struct str key;
    struct str value;
};

enum { OPERATION_TTL_NONE = -1 };

/* One Redis command on one key, as written; nothing is judged yet. */
struct operation {
    struct str key;     /* from the value, else from the record */
    struct str command; /* as spelled */
    const struct str *args;
    size_t n_args;
    int64_t ttl_ms; /* counted from the record's timestamp; OPERATION_TTL_NONE when absent */
};

/* What the value of a record is: the same whatever format it was written in. X(name, code, what) */
/* clang-format off */
#define ENVELOPE_KINDS(X) \
    X(OPERATION, "operation", "a single operation") \
    X(ATOMIC,    "atomic",    "several, all or none") \
    X(SCRIPT,    "script",    "a call of a script registered with the WAL") \
    X(RELEASE,   "release",   "of a quarantined key; no operation") \
    X(SKIP,      "skip",      "a retry that gives the record up; no operation") \
    X(MARK,      "mark",      "of the site that writes the log; no operation")
/* clang-format on */

#define ENVELOPE_ENUM(name, code, what) ENVELOPE_##name,
enum envelope_kind { ENVELOPE_KINDS(ENVELOPE_ENUM) };
#undef ENVELOPE_ENUM

#define ENVELOPE_ONE(name, code, what) +1
enum { ENVELOPE_KIND_COUNT = ENVELOPE_KINDS(ENVELOPE_ONE) };
#undef ENVELOPE_ONE

struct script_call {
    struct str name;
    struct str sha; /* of the text that is meant, in hexadecimal; empty when any will do */
    const struct str *keys;
    size_t n_keys;
    const struct str *args;
    size_t n_args;
};

/* The record is the retry of one that was held back: the number-th of the quarantine of this key
 * that began with a record of this digest. */
struct retry_claim {
    struct str key;
    uint64_t token;
    int64_t number; /* from 1 */
};

/* Ends the quarantine of a key if it is as it says. */
struct release {
    struct str key;
    uint64_t token;
    int64_t parked, retried;
};

/* What a producer wants done, as written. */
struct envelope {
    enum envelope_kind kind;
    struct str id;                      /* idempotency key; empty when the record has none */
    const struct operation *operations; /* in order; none with ENVELOPE_SCRIPT */
    size_t n_operations;
    struct script_call script;        /* ENVELOPE_SCRIPT */
    const struct retry_claim *claims; /* none unless it is a retry */
    size_t n_claims;
    struct release release; /* ENVELOPE_RELEASE */
    struct mark mark;       /* ENVELOPE_MARK */
};

#endif
