/*
 * Why the applier, or one partition of it, stands still until a human decides. Each reason is a
 * label of a metric, a line of /readyz?verbose and a row of docs/operations.md, from this table.
 */
#ifndef REDWAL_CORE_HOLD_H
#define REDWAL_CORE_HOLD_H

/* X(name, code, what, what to do) */
/* clang-format off */
#define HOLD_REASONS(X) \
    X(OTHER_WAL,      "other-wal",        "this Redis belongs to another WAL",                                        "point the applier at its own Redis, or give --wal the name that Redis holds") \
    X(FOREIGN_DATA,   "foreign-data",     "this Redis holds keys but no position: nobody knows what the log adds to", "empty it (FLUSHALL) so that the log is replayed, or start once with --adopt to build upon what is there") \
    X(BLANK,          "blank-held",       "this Redis is blank, and is not to be filled by itself",                     "restore it (kubectl redwal restore NAME), or set --on-blank replay") \
    X(POSITION_LOST,  "position-lost",    "the position of this partition was here and is gone",                      "set maxmemory-policy to noeviction, empty this Redis so that the log is replayed, or restore a snapshot") \
    X(POSITION_BROKEN, "position-corrupt", "the position of this partition cannot be read",                           "look at the hash redwal:{<wal>}:p:<partition>; restore it or empty this Redis") \
    X(IDS_BROKEN,     "ids-corrupt",      "the remembered ids of this partition cannot be read",                      "look at the strings redwal:{<wal>}:i:<partition>*; restore them, or delete them all to forget which ids were applied") \
    X(OTHER_SCRIPT,   "script-changed",   "a registered script is not the one that this Redis knows by its name",     "give the changed script a name of its own, and the old name its old text") \
    X(BROKEN_SCRIPT,  "script-broken",    "Redis cannot compile a registered script",                                 "repair the file that is named, and start again") \
    X(QUARANTINE_BROKEN, "quarantine-corrupt", "the quarantined keys of this partition cannot be read",                "look at the hash redwal:{<wal>}:q:<partition>; restore it, or delete it to free its keys") \
    X(QUARANTINE_FULL, "quarantine-full",    "as many keys are quarantined as may be",                                   "raise --quarantine-max-keys, or start with --on-reject skip and retry or discard their dead letters") \
    X(LOG_REPLACED,   "log-replaced",     "the position belongs to another log: the topic was recreated or the cluster replaced", "check --brokers and --topic; to start over with this log, empty Redis") \
    X(BEHIND_LOG,     "log-trimmed",      "retention removed records that were not applied yet",                      "restore Redis from a snapshot whose position is still in the log, and raise retention.ms") \
    X(AHEAD_OF_LOG,   "position-past-end", "the position is past the end of the log: the log lost records",           "restore the log, or empty Redis so that what is left is replayed") \
    X(BLANK_TRIMMED,  "blank-and-trimmed", "Redis is blank and the log no longer starts at its first record",         "restore Redis from a snapshot, so that half a dataset is not served") \
    X(UNTIL,          "until",            "the log is applied as far as it was to be",                                "release the restore that holds it (kubectl redwal restore release NAME); without one HDEL redwal:identity until<partition>, or untilnew where a partition came later, and the partition goes on") \
    X(UNTIL_BROKEN,   "until-corrupt",    "how far the log is to be applied cannot be read",                          "look at the fields until<partition> and untilnew of the hash redwal:identity: an offset, or nothing") \
    X(REJECTED,       "rejected-record",  "a record was rejected and onReject is halt",                               "look at the record, then set --on-reject skip or repair the producer and skip the record")
/* clang-format on */

#define HOLD_ENUM(name, code, what, remedy) HOLD_##name,
enum hold_reason { HOLD_NONE, HOLD_REASONS(HOLD_ENUM) HOLD_REASON_COUNT };
#undef HOLD_ENUM

const char *hold_code(enum hold_reason reason); /* "none" for HOLD_NONE */
const char *hold_text(enum hold_reason reason);
const char *hold_remedy(enum hold_reason reason);

#endif
