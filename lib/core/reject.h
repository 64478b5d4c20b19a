/*
 * Why a record is not applied. The code is a contract: it is the `redwal-reason` header of a dead
 * letter, the `reason` label of a metric, and a row of docs/dead-letters.md, which is generated
 * from this table.
 */
#ifndef REDWAL_CORE_REJECT_H
#define REDWAL_CORE_REJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

/* X(name, code, what happened, what to do) */
/* clang-format off */
#define REJECT_REASONS(X) \
    X(EMPTY,            "empty-record",          "the value is null or empty",                                          "produce the operation DEL instead of a tombstone") \
    X(NOT_JSON,         "not-json",              "the value is not one JSON object in UTF-8",                           "fix the producer's serialiser") \
    X(NOT_DECODABLE,    "not-decodable",         "the value does not decode as Protobuf or Avro by its schema",         "fix the producer's serialiser") \
    X(SCHEMA_UNKNOWN,   "schema-unknown",        "the registry has no schema of the id in the value",                   "register the schema, then retry the dead letter") \
    X(SCHEMA_MISMATCH,  "schema-incompatible",   "the schema that the value was written with does not fit the record's", "produce with the schemas in schemas/, or upgrade the applier") \
    X(FORMAT,           "format-not-allowed",    "the value is in another format than --format allows",                 "produce in the format of --format, or allow more") \
    X(BAD_FIELD,        "bad-field",             "a field is unknown, repeated or has the wrong type or range",         "compare the record with docs/record-format.md") \
    X(BAD_VERSION,      "unknown-version",       "`v` is not a version this applier knows",                             "upgrade the applier, then retry the dead letter") \
    X(UNKNOWN_SCRIPT,   "script-unknown",        "the record calls a script that is not registered",                     "register it with every applier (--scripts), then retry the dead letter") \
    X(OTHER_SCRIPT,     "script-differs",        "the record names the SHA of another text than the registered one",     "call the script by the name that its text has here") \
    X(NO_KEY,           "key-missing",           "neither the value nor the record has a key",                          "set the record's key to the Redis key") \
    X(KEY_MISMATCH,     "key-mismatch",          "the record's key is not the value's, or none of an envelope's",                       "send the same key in both, or only in the record") \
    X(KEY_RESERVED,     "key-reserved",          "the key belongs to redwal's own bookkeeping",                         "use keys that do not start with `redwal:`") \
    X(UNKNOWN_COMMAND,  "command-unknown",       "the command is not in the command table",                             "see docs/commands.md for what can be replayed") \
    X(UNSUPPORTED,      "command-unsupported",   "this Redis does not have the command",                                "upgrade Redis, then retry the dead letter") \
    X(NOT_A_WRITE,      "command-not-a-write",   "the command changes nothing",                                         "send reads to Redis, not to the log") \
    X(ADMINISTRATIVE,   "command-administrative", "the command administers the server or the connection",               "run it by hand where it is meant") \
    X(NONDETERMINISTIC, "command-nondeterministic", "the result depends on chance or on the clock, so a replay would differ", "send the outcome instead, such as SREM for SPOP") \
    X(BLOCKING,         "command-blocking",      "the command may wait for another client",                             "use the form that does not block") \
    X(SCRIPTING,        "command-scripting",     "scripts and functions are not taken from producers",                  "send the commands themselves, or call a registered script") \
    X(MANY_KEYS,        "keys-cross-partition",  "the command or the envelope names keys whose other writes are in other partitions", "use keys of one partition; several in one command need an `atomic`") \
    X(BAD_ARITY,        "wrong-arguments-count", "the number of arguments does not fit the command",                    "see the command's page at redis.io") \
    X(BAD_ARGUMENT,     "bad-argument",          "an argument cannot be understood",                                    "see the command's page at redis.io") \
    X(TTL_NOT_ALLOWED,  "ttl-not-allowed",       "`ttl` does not go with this command or its options",                  "send EXPIRE, or drop one of the two") \
    X(NO_TIMESTAMP,     "timestamp-missing",     "the record has no timestamp to count an expiry from",                 "let the producer or the topic stamp records, or send an absolute expiry") \
    X(TOO_LARGE,        "too-large",             "the record is larger than the applier's bound",                       "split the value, or raise --max-record-bytes") \
    X(REDIS_WRONGTYPE,  "redis-wrongtype",       "Redis refused: the key holds another type",                           "delete the key through the log, then retry the dead letter") \
    X(REDIS_ERROR,      "redis-error",           "Redis refused this operation; the detail holds its words",            "fix what Redis names, then retry the dead letter") \
    X(SCRIPT_FAILED,    "script-failed",         "the script gave up, or did what a replay may not repeat; the detail holds its words", "repair the record, or give the repaired script a new name, then send the record again") \
    X(KEY_QUARANTINED, "key-quarantined",      "an earlier record of the key was rejected, and onReject is quarantine-key", "retry or discard the dead letters of the key, in order") \
    X(OUTCOME_UNKNOWN,  "outcome-unknown",       "the applier or its connection died before Redis's answer to this operation was read", "look at the key: if the operation is missing, retry the dead letter")
/* clang-format on */

#define REJECT_ENUM(name, code, what, remedy) REJECT_##name,
enum reject_reason { REJECT_NONE, REJECT_REASONS(REJECT_ENUM) REJECT_REASON_COUNT };
#undef REJECT_ENUM

enum { REJECT_DETAIL_MAX = 256 };

/* A verdict on one record. `detail` names the field, argument or error, never a whole value. */
struct reject {
    enum reject_reason reason; /* REJECT_NONE: accepted */
    char detail[REJECT_DETAIL_MAX];
};

/* Sets both and returns false, so that a judge ends in `return reject_set(...)`. */
bool reject_set(struct reject *ret, enum reject_reason reason, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Puts the number of an envelope's operation, from 1, in front of the detail; returns false too. */
bool reject_in_envelope(struct reject *reject, size_t operation);

const char *reject_code(enum reject_reason reason);   /* "none" for REJECT_NONE */
const char *reject_text(enum reject_reason reason);   /* what happened */
const char *reject_remedy(enum reject_reason reason); /* what to do */

#endif
