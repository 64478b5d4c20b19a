/*
 * What a RedisRestore says, and what is told of it, once. From these rows come struct restore_spec
 * and struct restore_status, their decoders and encoder (codec/restore_resource.h), the schema in
 * manifests/crd and docs/redisrestore.md. Columns are those of core/wal_spec_table.h.
 */
#ifndef REDWAL_CORE_RESTORE_SPEC_TABLE_H
#define REDWAL_CORE_RESTORE_SPEC_TABLE_H

#include "core/wal_spec_table.h"

/* Indexes into the lists of choices below. */
#define RESTORE_KEYS_MAX 1024 /* of the glob */
#define RESTORE_SAMPLE   "10000"

enum restore_after { RESTORE_AFTER_HOLD, RESTORE_AFTER_SKIP };
enum restore_verify { RESTORE_VERIFY_NONE, RESTORE_VERIFY_SAMPLE, RESTORE_VERIFY_FULL };
enum restore_wipe { RESTORE_WIPE_FLUSH, RESTORE_WIPE_VOLUMES };
enum restore_accept { RESTORE_ACCEPT_LOST_RECORDS, RESTORE_ACCEPT_UNKNOWN_DATA };

#define RESTORE_AFTER_CHOICES  "Hold", "Skip"
#define RESTORE_VERIFY_CHOICES "None", "Sample", "Full"
#define RESTORE_WIPE_CHOICES   "Flush", "Volumes"
#define RESTORE_ACCEPT_CHOICES "LostRecords", "UnknownData"

/* clang-format off */

/* X(path below spec, need, help) */
#define RESTORE_OBJECTS(X) \
    X("to", FIXED, "Where replay ends; the end of the log when absent")

/* X(type, field, path, need, default, min, max, allowed, help) */
#define RESTORE_FIELDS(X) \
    X(OBJECT_NAME, rediswal,  "rediswal",     GIVEN,    NULL, 1, WAL_OBJECT_NAME_MAX, NULL, "RedisWal in this namespace whose Redis is made anew from its log") \
    X(TIME,        time_ms,   "to.time",      OPTIONAL, NULL, 1, INT64_MAX, NULL, "The first record of that time, or later, is not applied, in any partition") \
    X(POSITIONS,   positions, "to.positions", OPTIONAL, NULL, 1, RESTORE_PARTITIONS_MAX, NULL, "The first offset, by partition, that is not applied; other partitions are replayed to their end") \
    X(TEXT,        keys,      "keys",         FIXED,    NULL, 1, RESTORE_KEYS_MAX, NULL, "Keys that match this glob, as Redis's KEYS does, are written as the log makes them; Redis is not wiped, and the other keys stay as they are. With to they become what they were then, by records that are appended to the log") \
    X(PARTITIONS,  partitions, "partitions",  FIXED,    NULL, 1, RESTORE_PARTITIONS_MAX, NULL, "Keys that these partitions of the log make are written as the log makes them, and nothing else; with keys those that match, too") \
    X(CHOICE,      after,     "after",        FIXED,    "Hold", 0, 0, WAL_ONE_OF(RESTORE_AFTER_CHOICES), "Behind a time or positions: hold what follows until release is true, or skip it for good") \
    X(CHOICE,      wipe,      "wipe",         FIXED,    "Flush", 0, 0, WAL_ONE_OF(RESTORE_WIPE_CHOICES), "How Redis is emptied: by FLUSHALL, or by deleting the pods and PersistentVolumeClaims of the RedisFailover, so that its operator makes new ones. The latter needs components/wipe-volumes") \
    X(CHOICES,     accept,    "accept",       FIXED,    NULL, 0, 0, WAL_ONE_OF(RESTORE_ACCEPT_CHOICES), "What may be missing afterwards: LostRecords, that the log no longer holds its first records; with wipe: Volumes also UnknownData, whatever a Redis holds that does not answer; refused otherwise") \
    X(CHOICE,      verify,    "verify",       FIXED,    "Sample", 0, 0, WAL_ONE_OF(RESTORE_VERIFY_CHOICES), "Compare with a fold of the log before it is done: some keys by chance, all of them, or none; the Job needs as much memory as the data set. With keys or partitions what is written is compared in any case") \
    X(INT,         sample,    "sample",       FIXED,    RESTORE_SAMPLE, 1, 1000000000, NULL, "Keys that verify: Sample compares") \
    X(TEXT,        redis_image, "redisImage", FIXED,    NULL, 1, 512, NULL, "Image with the redis-server that the log is folded into to verify, of the version of the Redis at best; that of the RedisFailover, or the controller's --redis-image, when absent") \
    X(INT,         rate,      "rate",         OPTIONAL, "0", 0, 100000000, NULL, "Operations per second that each applier replays at most; 0 is what the RedisWal says. May change while it replays") \
    X(BOOL,        dry_run,   "dryRun",       FIXED,    "false", 0, 0, NULL, "Make the plan, and nothing else") \
    X(BOOL,        cancel,    "cancel",       LATCHED,  "false", 0, 0, NULL, "End it: before Redis is wiped nothing was done, and afterwards the appliers go on to the end of the log") \
    X(BOOL,        release,   "release",      LATCHED,  "false", 0, 0, NULL, "Apply what is held behind a time or positions")

/* X(name, path of the object, what must hold, what to say) */
#define RESTORE_RULES(X) \
    X(ONE_TARGET, "to", "!(has(self.time) && has(self.positions))", \
      "give time or positions, not both; without either it is the end of the log") \
    X(SKIP, "", "self.after != 'Skip' || (has(self.to) && (has(self.to.time) || has(self.to.positions)))", \
      "after: Skip needs to.time or to.positions: nothing follows the end of the log") \
    X(UNKNOWN_DATA, "", "!has(self.accept) || !('UnknownData' in self.accept) || self.wipe == 'Volumes'", \
      "accept: [UnknownData] is for wipe: Volumes: a Redis that does not answer cannot be emptied otherwise") \
    X(SCOPE_AFTER, "", "!(has(self.keys) || has(self.partitions)) || self.after == 'Hold'", \
      "after: Skip is of a replay; with keys or partitions nothing is held, and what was written to other keys stays") \
    X(SCOPE_RATE, "", "!(has(self.keys) || has(self.partitions)) || self.rate == 0", \
      "rate is of a replay; with keys or partitions nothing is replayed by the appliers") \
    X(SCOPE_VERIFY, "", "!(has(self.keys) || has(self.partitions)) || (self.verify == 'Sample' && self.sample == " RESTORE_SAMPLE ")", \
      "verify and sample are for all of Redis; with keys or partitions each of their keys is compared") \
    X(SCOPE_WIPE, "", "!(has(self.keys) || has(self.partitions)) || self.wipe == 'Flush'", \
      "wipe: Volumes is for all of Redis; with keys or partitions nothing is wiped")

/* Jobs and Events are named after it. */
#define RESTORE_NAME_MAX 63
#define RESTORE_NAME_MESSAGE \
    "metadata.name must be 1 to 63 lower-case letters, digits and '-', begin with a letter and not end with '-'"

/* X(type, member of struct restore_status, path below status, help). PARTITIONS, SKIPPED and LOST
 * are lists that the plan says; OBJECTS are those of pods and claims. */
#define RESTORE_STATUS_FIELDS(X) \
    X(INTEGER,    observed_generation, "observedGeneration",   "Generation of the spec that this status is about") \
    X(STEP,       step,                "step",                 "What is done now, or how it ended") \
    X(STRING,     to,                  "to",                   "Where replay ends: latest, a time, or positions") \
    X(STRING,     reason,              "reason",               "Why it is in that step, in a word") \
    X(STRING,     message,             "message",              "The same in a sentence, and what to do") \
    X(STRING,     plan.log,            "plan.log",             "Identity of the log that the plan is about") \
    X(BOOLEAN,    plan.to_end,         "plan.toEnd",           "Every partition is replayed to its end, and none is held") \
    X(INTEGER,    plan_records,        "plan.records",         "Records to replay") \
    X(INTEGER,    plan.record_bytes,   "plan.recordBytes",     "Bytes of a record, key and value: the mean of a sample") \
    X(INTEGER,    plan_bytes,          "plan.bytes",           "Bytes of them all, by that") \
    X(INTEGER,    plan_seconds,        "plan.seconds",         "How long that may take: at the rate of the last restore of this RedisWal, or at spec.rate") \
    X(INTEGER,    plan_lost,           "plan.lostRecords",     "Records that the log no longer holds, before those") \
    X(PARTITIONS, plan,                "plan.partitions",      "What is replayed of each partition") \
    X(INTEGER,    done_records,        "progress.records",     "Records that were replayed") \
    X(INTEGER,    percent,             "progress.percent",     "The same in percent of the plan") \
    X(INTEGER,    per_second,          "progress.recordsPerSecond", "How fast, of late") \
    X(INTEGER,    seconds_left,        "progress.secondsLeft", "How long the rest takes, at that rate") \
    X(TIME,       started_ms,          "startedAt",            "When it left Pending") \
    X(STRING,     failover,            "recreation.redisFailover", "RedisFailover whose pods and claims are deleted") \
    X(OBJECTS,    objects,             "recreation.objects",   "Pods and claims of Redis that are deleted with wipe: Volumes, or were; in a plan, that would be") \
    X(TIME,       recreated_ms,        "recreation.completedAt", "When all of them were gone, and a primary answered") \
    X(FLAG,       is_deletion_unknown, "recreation.unknown",   "True: it was ended meanwhile, and which of them are deleted could not be learned") \
    X(TIME,       wiped_ms,            "wipedAt",              "When Redis was seen to be wiped by it") \
    X(TIME,       replayed_ms,         "replayedAt",          "When everything was applied that was to be replayed") \
    X(TIME,       completed_ms,        "completedAt",          "When it ended, however it did") \
    X(INTEGER,    applied,             "receipt.records",      "Records that were replayed, when it was completed") \
    X(STRING,     verified,            "receipt.verified",    "Whether Redis was what the log makes of it: Equal, Different, Unknown, or NotWanted") \
    X(INTEGER,    compared,            "receipt.keysCompared", "Keys that were compared; of a sample some may have been more than once") \
    X(INTEGER,    different,           "receipt.keysDifferent", "Keys of these that were different") \
    X(INTEGER,    written,             "receipt.keysWritten",  "Keys that were written or deleted, with keys or partitions; with to, by records that the log has") \
    X(INTEGER,    left,                "receipt.keysLeft",     "Keys that are not as the log makes them, with keys or partitions; with to, that did not become what they were") \
    X(INTEGER,    equal,                     "receipt.outcomes.equal",   "Keys that were as the log makes them, with keys or partitions; with to, what they were") \
    X(INTEGER,    outcomes[REPAIR_WRITTEN],  "receipt.outcomes.written", "Keys that were written; with to, by records that the log has, as with deleted") \
    X(INTEGER,    outcomes[REPAIR_DELETED],  "receipt.outcomes.deleted", "Keys that were deleted") \
    X(INTEGER,    outcomes[REPAIR_LEFT],     "receipt.outcomes.left",    "Keys that were left since what the log makes of them is not known for sure, or cannot be said in records") \
    X(INTEGER,    outcomes[REPAIR_BUSY],     "receipt.outcomes.busy",    "Keys that the log wrote to each time; without to") \
    X(INTEGER,    outcomes[REPAIR_HELD],     "receipt.outcomes.heldBack", "With to, keys whose records appliers hold back, since they are quarantined") \
    X(INTEGER,    outcomes[REPAIR_REJECTED], "receipt.outcomes.rejected", "With to, keys whose records appliers rejected") \
    X(INTEGER,    outcomes[REPAIR_DOUBTFUL], "receipt.outcomes.doubtful", "With to, keys of which appliers do not know whether they applied their records") \
    X(INTEGER,    outcomes[REPAIR_REFUSED],  "receipt.outcomes.refused", "Keys that Redis refused; with to, whose records the log refused") \
    X(INTEGER,    outcomes[REPAIR_UNKNOWN],  "receipt.outcomes.unknown", "Keys that Redis did not answer for; with to, whose records nobody acknowledged") \
    X(INTEGER,    verify_seconds,      "receipt.verifySeconds", "How long the Job took that compared them") \
    X(TIME,       released_ms,         "receipt.releasedAt",   "When what was held was released") \
    X(SKIPPED,    plan,                "receipt.skipped",      "Records that were never applied, as was asked for") \
    X(OBJECTS,    deleted,             "receipt.deleted",      "Pods and claims of Redis that were deleted; of a restore that was ended meanwhile those that are leaving, too") \
    X(LOST,       plan,                "receipt.lost",         "Records that the log no longer held")

/* X(key, help) of an element of a list */
#define RESTORE_PLAN_MEMBERS(X) \
    X("partition", "Which") \
    X("from",      "The first offset that is replayed") \
    X("until",     "The first one that is not") \
    X("end",       "One past the last record of the log, when the plan was made")
#define RESTORE_RANGE_MEMBERS(X) \
    X("partition", "Which") \
    X("from",      "The first offset") \
    X("until",     "The first one behind them")

/* The same, of texts */
#define RESTORE_OBJECT_MEMBERS(X) \
    X("kind", "Pod or PersistentVolumeClaim") \
    X("name", "Its name") \
    X("uid",  "Which of that name")

/* X(name, type, JSON path, priority) */
#define RESTORE_COLUMNS(X) \
    X("RedisWal", "string",  ".spec.rediswal", 0) \
    X("To",       "string",  ".status.to", 0) \
    X("Step",     "string",  ".status.step", 0) \
    X("Percent",  "integer", ".status.progress.percent", 0) \
    X("Rate",     "integer", ".status.progress.recordsPerSecond", 0) \
    X("ETA (s)",  "integer", ".status.progress.secondsLeft", 0) \
    X("Reason",   "string",  ".status.reason", 1) \
    X("Records",  "integer", ".status.plan.records", 1) \
    X("Lost",     "integer", ".status.plan.lostRecords", 1) \
    X("Age",      "date",    ".metadata.creationTimestamp", 0)
/* clang-format on */

#endif
