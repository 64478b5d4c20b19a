/*
 * What a RedisWal's status says: conditions and a phase, from what was observed. Unknown never
 * becomes true or false by itself. Types, reasons and phases are a contract: they stand in the
 * status, in Events and in metrics; docs/conditions.md is made from these tables.
 */
#ifndef REDWAL_CORE_WAL_STATUS_H
#define REDWAL_CORE_WAL_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/hold.h"
#include "core/marking.h"
#include "core/mirror_claim.h"
#include "core/observed.h"

enum condition_status {
    CONDITION_UNKNOWN,
    CONDITION_FALSE,
    CONDITION_TRUE,
    CONDITION_STATUS_COUNT
};
const char *condition_status_text(enum condition_status status); /* "Unknown", "False", "True" */

/* X(name, type, the status that is good, whether Ready needs it, what it says) */
/* clang-format off */
#define WAL_CONDITIONS(X) \
    X(READY,               "Ready",              TRUE,  false, "Redis serves what the log says, and goes on doing so") \
    X(SPEC_ACCEPTED,       "SpecAccepted",       TRUE,  true,  "the specification can be followed") \
    X(OBJECTS_APPLIED,     "ObjectsApplied",     TRUE,  true,  "the appliers' objects are as they are wanted") \
    X(REDIS_REACHABLE,     "RedisReachable",     TRUE,  true,  "a Redis answers as the primary") \
    X(LOG_REACHABLE,       "LogReachable",       TRUE,  true,  "the brokers answer, and the topic of the log exists") \
    X(POSITION_CONSISTENT, "PositionConsistent", TRUE,  true,  "what Redis holds and what the log holds fit together") \
    X(RESTORE_REQUIRED,    "RestoreRequired",    FALSE, true,  "the log alone cannot make Redis whole again, or is not to before somebody says so") \
    X(APPLIER_AVAILABLE,   "ApplierAvailable",   TRUE,  true,  "an applier runs and is ready") \
    X(CAUGHT_UP,           "CaughtUp",           TRUE,  true,  "Redis is no further behind the log than is allowed") \
    X(GROUP_HEALTHY,       "GroupHealthy",       TRUE,  false, "the appliers share all partitions, and nobody else moved their commits") \
    X(LOG_RETAINED,        "LogRetained",        TRUE,  false, "the log is whole and is kept, so that a blank Redis can be made from it") \
    X(REDIS_DURABLE,       "RedisDurable",       TRUE,  false, "Redis evicts nothing, and saves") \
    X(LOG_MARKED,          "LogMarked",          TRUE,  false, "the marks that are asked for are written into the log, by nobody else") \
    X(MIRROR_RUNNING,      "MirrorRunning",      TRUE,  false, "the mirror that brings this site its log runs; there only where spec.mirror names one") \
    X(MIRROR_FAITHFUL,     "MirrorFaithful",     TRUE,  false, "what the mirror writes here is what its source has; there only where spec.mirror names one")

/* X(condition, name, reason, status, what was found, what to do). What the applier would hold a
 * partition for is a reason of PositionConsistent, too: core/hold.h; what a mirror does is one of
 * MirrorRunning: core/mirror.h. */
#define WAL_REASONS(X) \
    X(READY,               ALL_WELL,         "AllWell",          TRUE,    "all that Ready needs is as it should be", "nothing") \
    X(READY,               SOMETHING_WRONG,  "ConditionFails",   FALSE,   "another condition is not as it should be", "look at the condition that the message names") \
    X(READY,               SOMETHING_UNKNOWN, "ConditionUnknown", UNKNOWN, "another condition is not known", "look at the condition that the message names") \
    X(SPEC_ACCEPTED,       SPEC_FINE,        "Accepted",         TRUE,    "it is followed", "nothing") \
    X(SPEC_ACCEPTED,       SPEC_UNCLEAR,     "NotFollowed",      FALSE,   "it cannot be followed, and the appliers stay as they were", "change what the message names") \
    X(OBJECTS_APPLIED,     OBJECTS_FINE,     "Applied",          TRUE,    "all of them are", "nothing") \
    X(OBJECTS_APPLIED,     OBJECTS_TAKEN,    "NameTaken",        FALSE,   "an object with the name of ours is there and is not ours, so it is not touched", "remove or rename that object") \
    X(OBJECTS_APPLIED,     OBJECTS_REFUSED,  "Refused",          FALSE,   "the API server does not take an object", "see the message; it is tried again by itself") \
    X(OBJECTS_APPLIED,     OBJECTS_UNKNOWN,  "NotApplied",       UNKNOWN, "they were not looked at", "see SpecAccepted") \
    X(REDIS_REACHABLE,     REDIS_ANSWERS,    "PrimaryAnswers",   TRUE,    "Redis answers as the primary", "nothing") \
    X(REDIS_REACHABLE,     REDIS_FAILS,      "Unreachable",      FALSE,   "the primary could not be asked", "look at the pods of Redis and of Sentinel, and at the NetworkPolicies") \
    X(REDIS_REACHABLE,     REDIS_DENIED,     "AccessDenied",     FALSE,   "Redis refuses our user or password", "check the password's Secret and the ACL of the user") \
    X(REDIS_REACHABLE,     REDIS_LOADING,    "Loading",          FALSE,   "Redis is reading its snapshot", "wait") \
    X(REDIS_REACHABLE,     REDIS_NO_PRIMARY, "NotPrimary",       FALSE,   "who should be the primary is a replica", "wait for the failover; look at what the Sentinels say when it does not come") \
    X(REDIS_REACHABLE,     REDIS_UNKNOWN,    "NotObserved",      UNKNOWN, "nobody has asked Redis, or too long ago", "look at the log of the controller when this lasts") \
    X(LOG_REACHABLE,       LOG_ANSWERS,      "BrokersAnswer",    TRUE,    "the brokers answer", "nothing") \
    X(LOG_REACHABLE,       LOG_FAILS,        "Unreachable",      FALSE,   "the brokers could not be asked", "look at the brokers, their addresses and the NetworkPolicies") \
    X(LOG_REACHABLE,       LOG_DENIED,       "AccessDenied",     FALSE,   "the brokers refuse our user or password, or what was asked", "check the user's Secret and its ACLs") \
    X(LOG_REACHABLE,       LOG_NO_TOPIC,     "TopicMissing",     FALSE,   "the topic of the log does not exist", "create it, with as many partitions as you may ever want, or name another") \
    X(LOG_REACHABLE,       LOG_UNKNOWN,      "NotObserved",      UNKNOWN, "nobody has asked the brokers, or too long ago", "look at the log of the controller when this lasts") \
    X(LOG_REACHABLE,       LOG_AGENT_LOST,   "AgentLost",        UNKNOWN, "the process that asks the brokers has ended or is stuck; it is started again", "look at the log of the controller when this lasts") \
    X(POSITION_CONSISTENT, POSITION_FITS,    "Fits",             TRUE,    "each partition's position is in the log", "nothing") \
    X(POSITION_CONSISTENT, POSITION_BLANK,   "Blank",            TRUE,    "Redis is blank, and the log is whole: it is replayed from its beginning", "nothing") \
    X(POSITION_CONSISTENT, POSITION_UNKNOWN, "NotObserved",      UNKNOWN, "Redis and the log were not both asked yet, or too long ago", "see RedisReachable and LogReachable") \
    X(RESTORE_REQUIRED,    RESTORE_NO,       "NotRequired",      FALSE,   "the log makes Redis whole", "nothing") \
    X(RESTORE_REQUIRED,    RESTORE_DECIDE,   "HeldOtherwise",    FALSE,   "something else must be decided first", "see PositionConsistent") \
    X(RESTORE_REQUIRED,    RESTORE_YES,      "LogTooShort",      TRUE,    "records that Redis lacks, or what it was made from, are no longer in the log", "restore Redis from a snapshot whose position is still in the log; see PositionConsistent") \
    X(RESTORE_REQUIRED,    RESTORE_BLANK,    "HeldBlank",        TRUE,    "Redis is blank, and spec.onBlank is hold", "kubectl redwal restore NAME replays the log into it; or set spec.onBlank to replay") \
    X(RESTORE_REQUIRED,    RESTORE_LEFT_OUT, "HeldLeftOut",      TRUE,    "Redis is blank, and a replay would bring back what the RedisRestore that the message names left out", "kubectl redwal restore NAME replays the whole log, that included; or delete that RedisRestore, and spec.onBlank decides") \
    X(RESTORE_REQUIRED,    RESTORE_UNKNOWN,  "NotObserved",      UNKNOWN, "it is not known what Redis and the log hold", "see PositionConsistent") \
    X(APPLIER_AVAILABLE,   APPLIER_READY,    "Ready",            TRUE,    "all appliers are ready", "nothing") \
    X(APPLIER_AVAILABLE,   APPLIER_FEWER,    "SomeReady",        TRUE,    "fewer appliers are ready than should be", "look at the pods that are not") \
    X(APPLIER_AVAILABLE,   APPLIER_NONE,     "NoneReady",        FALSE,   "no applier is ready", "look at the pods' logs, and at /readyz?verbose of one") \
    X(APPLIER_AVAILABLE,   APPLIER_PAUSED,   "Paused",           FALSE,   "no applier is wanted", "raise spec.applier.replicas, or end the pause") \
    X(APPLIER_AVAILABLE,   APPLIER_STOPPED,  "StoppedForRestore", FALSE,  "a restore has stopped the appliers", "wait; see the RedisRestore") \
    X(APPLIER_AVAILABLE,   APPLIER_UNKNOWN,  "NotObserved",      UNKNOWN, "the Deployment was not seen yet", "look at the log of the controller when this lasts") \
    X(CAUGHT_UP,           CAUGHT_UP,        "WithinTarget",     TRUE,    "Redis is within the target of freshness", "nothing") \
    X(CAUGHT_UP,           BEHIND,           "Behind",           FALSE,   "Redis is further behind than the target of freshness", "wait; look at the appliers' rate and at Redis when it does not get less") \
    X(CAUGHT_UP,           BEHIND_HELD,      "Held",             FALSE,   "a partition is held, so that nothing of it is applied", "see PositionConsistent") \
    X(CAUGHT_UP,           BEHIND_UNKNOWN,   "NotObserved",      UNKNOWN, "it is not known how far Redis is", "see RedisReachable and LogReachable") \
    X(GROUP_HEALTHY,       GROUP_FINE,       "Stable",           TRUE,    "each partition has an applier", "nothing") \
    X(GROUP_HEALTHY,       GROUP_NOBODY,     "NoMembers",        FALSE,   "no applier is in the group", "see ApplierAvailable; check the name of the group") \
    X(GROUP_HEALTHY,       GROUP_ORPHANS,    "Unassigned",       FALSE,   "some partitions have no applier", "wait for the rebalance; look for another topic's consumers in the group when it does not come") \
    X(GROUP_HEALTHY,       GROUP_MOVED_BACK, "CommitsMovedBack", FALSE,   "the group's commits went back, and Redis did not: somebody reset them", "nothing is applied twice: the position in Redis counts. To replay the log, empty Redis instead") \
    X(GROUP_HEALTHY,       GROUP_MOVED_FORWARD, "CommitsMovedForward", FALSE, "the group's commits are ahead of what Redis ever had: somebody moved them", "nothing is skipped: the position in Redis counts") \
    X(GROUP_HEALTHY,       GROUP_FELL_BACK,  "CommitsAhead",     FALSE,   "the group has committed what Redis lacks: Redis fell back in a failover, or somebody moved the commits", "wait: the appliers apply it again from the log") \
    X(GROUP_HEALTHY,       GROUP_BUSY,       "Rebalancing",      UNKNOWN, "the group is sharing out its partitions", "wait") \
    X(GROUP_HEALTHY,       GROUP_UNKNOWN,    "NotObserved",      UNKNOWN, "the group could not be asked about, or too long ago", "allow Describe on the group; see LogReachable") \
    X(LOG_RETAINED,        LOG_KEPT,         "KeptForGood",      TRUE,    "the log begins at its first record, and is kept for good", "nothing") \
    X(LOG_RETAINED,        LOG_COMPACTED,    "Compacted",        FALSE,   "the topic is compacted, which removes operations", "set cleanup.policy=delete") \
    X(LOG_RETAINED,        LOG_TRIMMED,      "Trimmed",          FALSE,   "the log no longer begins at its first record: a blank Redis cannot be made from it", "keep snapshots of Redis, and raise retention") \
    X(LOG_RETAINED,        LOG_LIMITED,      "RetentionLimited", FALSE,   "the log will be trimmed", "set retention.ms and retention.bytes to -1, or keep snapshots of Redis that are younger") \
    X(LOG_RETAINED,        LOG_KEEPS_UNKNOWN, "NotObserved",     UNKNOWN, "the topic's settings could not be asked for, or too long ago", "allow DescribeConfigs on the topic; see LogReachable") \
    X(REDIS_DURABLE,       DURABLE,          "Durable",          TRUE,    "Redis evicts nothing, and saves", "nothing") \
    X(REDIS_DURABLE,       EVICTING,         "Evicting",         FALSE,   "maxmemory-policy lets Redis drop data, and positions", "set maxmemory-policy=noeviction") \
    X(REDIS_DURABLE,       NOT_SAVING,       "PersistenceOff",   FALSE,   "neither save nor appendonly is set: a restart loses everything", "set save or appendonly, unless replaying the log is fast enough") \
    X(REDIS_DURABLE,       DURABLE_UNKNOWN,  "NotObserved",      UNKNOWN, "Redis could not be asked for its settings, or too long ago", "allow INFO and CONFIG GET to the user; see RedisReachable") \
    X(LOG_MARKED,          MARKS_OFF,        "NotAskedFor",      TRUE,    "no marks are to be written here", "nothing") \
    X(LOG_MARKED,          MARKS_WRITTEN,    "Written",          TRUE,    "they are", "nothing") \
    X(LOG_MARKED,          MARKS_AWAITED,    "NotWritten",       UNKNOWN, "none was written yet: it must be known where their sequences are", "wait; see RedisReachable and LogReachable when this lasts") \
    X(LOG_MARKED,          MARKS_FAIL,       "Failing",          FALSE,   "the brokers did not store a mark in time", "look at the brokers and at min.insync.replicas; it is tried again by itself") \
    X(LOG_MARKED,          MARKS_DENIED,     "AccessDenied",     FALSE,   "the brokers do not let our user write to the log", "allow Write on the topic, or set spec.marks.interval to 0s") \
    X(LOG_MARKED,          MARKS_OTHERS,     "OtherWriter",      FALSE,   "somebody else writes marks into this log: freshness is told all the same, but not all differences are", "set spec.marks.interval in one RedisWal of the log alone, and make one site the active one") \
    X(MIRROR_FAITHFUL,     MIRROR_DIFFERS,   "MarksDiffer",      FALSE,   "records between two marks differ from those that the source's site counted: the mirror skipped, repeated or changed some", "kubectl redwal verify says what Redis lacks; see the mirror's and the brokers' logs, and docs/mirror.md. When it is seen to, set spec.mirror.acceptedDifferences to that number") \
    X(MIRROR_FAITHFUL,     MIRROR_RIVAL,     "OtherMirror",      FALSE,   "another RedisWal names another mirror that writes the same log here, so that records may come twice, or from two sources", "let one mirror alone write a log: name the same one in both, or stop the other and take it out of its RedisWal") \
    X(MIRROR_FAITHFUL,     MIRROR_CONTESTED, "WishesDiffer",     FALSE,   "of two RedisWals that name this mirror one wants it to run, and one that it is stopped, so that no stop of it lasts", "set the same spec.mirror.state in both, or Observed in one of them") \
    X(MIRROR_FAITHFUL,     MIRROR_REWRITES,  "HeadersRewritten", FALSE,   "the mirror's header.converter rewrites the headers of records", "set header.converter=org.apache.kafka.connect.converters.ByteArrayConverter for the connector") \
    X(MIRROR_FAITHFUL,     MIRROR_RESTAMPS,  "TopicRestamps",    FALSE,   "the topic here stamps records anew, so that sites compute other expiries", "set message.timestamp.type=CreateTime for the topic") \
    X(MIRROR_FAITHFUL,     MIRROR_REPEATS,   "NotExactlyOnce",   FALSE,   "the mirror does not write exactly once: after a failure it may repeat records", "set exactly.once.source.support=enabled for Connect's workers, and exactly.once.support=required for the connector") \
    X(MIRROR_FAITHFUL,     MIRROR_UNSEEN,    "NotObserved",      UNKNOWN, "the mirror's configuration or the topic here could not be looked at, or too long ago", "see MirrorRunning and LogReachable") \
    X(MIRROR_FAITHFUL,     MIRROR_HEADERS_UNKNOWN, "HeadersUnknown", UNKNOWN, "it is not known whether the mirror rewrites headers: its configuration leaves that to Connect's workers, or is not told", "set header.converter=org.apache.kafka.connect.converters.ByteArrayConverter for the connector itself, and give mirror.connect") \
    X(MIRROR_FAITHFUL,     MIRROR_ONCE_UNKNOWN, "ExactlyOnceUnknown", UNKNOWN, "it is not known whether the mirror writes exactly once", "set exactly.once.support=required for the connector, which then does not run without") \
    X(MIRROR_FAITHFUL,     MIRROR_FAITHFUL,  "Faithful",         TRUE,    "it keeps headers and timestamps and writes exactly once, and no mark has told of a difference", "nothing")

/* X(phase, name, what it means), and X(phase, condition, status): the first row that fits is the
 * phase. */
#define WAL_PHASES(X) \
    X(PENDING,          "Pending",         "nothing was learned yet") \
    X(REJECTED,         "Rejected",        "the specification cannot be followed: see SpecAccepted") \
    X(RESTORING,        "Restoring",       "a RedisRestore makes Redis anew from the log: see there") \
    X(PAUSED,           "Paused",          "no applier is wanted") \
    X(RESTORE_REQUIRED, "RestoreRequired", "Redis needs a restore: see the condition of that name") \
    X(HELD,             "Held",            "Redis and the log do not fit together: see PositionConsistent") \
    X(UNREACHABLE,      "Unreachable",     "Redis or the log does not answer; appliers wait and go on by themselves") \
    X(STARTING,         "Starting",        "no applier is ready yet") \
    X(UNKNOWN,          "Unknown",         "something that decides is not known") \
    X(CATCHING_UP,      "CatchingUp",      "Redis is further behind the log than is allowed") \
    X(DEGRADED,         "Degraded",        "it works, but something is not as it should be: see the conditions") \
    X(APPLYING,         "Applying",        "all is well")
#define WAL_PHASE_ROWS(X) \
    X(RESTORE_REQUIRED, RESTORE_REQUIRED,    TRUE) \
    X(HELD,             POSITION_CONSISTENT, FALSE) \
    X(UNREACHABLE,      REDIS_REACHABLE,     FALSE) \
    X(UNREACHABLE,      LOG_REACHABLE,       FALSE) \
    X(STARTING,         APPLIER_AVAILABLE,   FALSE) \
    X(UNKNOWN,          READY,               UNKNOWN) \
    X(CATCHING_UP,      CAUGHT_UP,           FALSE) \
    X(DEGRADED,         OBJECTS_APPLIED,     FALSE) \
    X(DEGRADED,         GROUP_HEALTHY,       FALSE) \
    X(DEGRADED,         LOG_RETAINED,        FALSE) \
    X(DEGRADED,         REDIS_DURABLE,       FALSE) \
    X(DEGRADED,         LOG_MARKED,          FALSE) \
    X(DEGRADED,         MIRROR_FAITHFUL,     FALSE)
/* clang-format on */

#define WAL_CONDITION_ENUM(name, ...) WAL_CONDITION_##name,
enum wal_condition_type { WAL_CONDITIONS(WAL_CONDITION_ENUM) WAL_CONDITION_COUNT };
#undef WAL_CONDITION_ENUM

#define WAL_REASON_ENUM(condition, name, ...) WAL_REASON_##name,
enum wal_reason {
    WAL_REASONS(WAL_REASON_ENUM) WAL_REASON_HELD,            /* one of core/hold.h */
    WAL_REASON_MIRROR = WAL_REASON_HELD + HOLD_REASON_COUNT, /* one of core/mirror.h */
    WAL_REASON_ROWS = WAL_REASON_MIRROR + MIRROR_REASON_COUNT
};
#undef WAL_REASON_ENUM

#define WAL_PHASE_ENUM(name, ...) WAL_PHASE_##name,
enum wal_phase { WAL_PHASES(WAL_PHASE_ENUM) WAL_PHASE_COUNT };
#undef WAL_PHASE_ENUM

enum { WAL_REASON_TEXT_MAX = 63, WAL_MESSAGE_MAX = 511 };

struct wal_condition {
    enum condition_status status;
    char reason[WAL_REASON_TEXT_MAX + 1]; /* "": it is not judged, and not told of */
    char message[WAL_MESSAGE_MAX + 1];    /* what was found, and what to do when that is bad */
    int64_t since_wall_ms;                /* of the status */
};

/* What the judgement needs of the specification. */
struct wal_wanted {
    struct str wal;  /* the name that Redis must hold */
    bool hold_blank; /* a blank Redis waits for a restore */
    /* So it does, whatever is asked for: this restore left out what a replay would bring back.
     * NULL: none did. */
    const char *left_out_by;
    int64_t freshness_ms; /* how old what readers see may be */
    bool paused;          /* no applier is wanted, on purpose */
    bool restoring;       /* a restore has begun to make its Redis anew, and has not ended */
    bool stopped;         /* by that restore: no applier is wanted for now */
    const char *unclear;  /* why the specification cannot be followed; NULL: it can */
    /* What became of an object that is not as it is wanted; NULL: of none. */
    const char *taken, *refused;
    enum marking_state marks;    /* what becomes of the marks that it asks for */
    const char *marks_why;       /* MARKING_FAILED, MARKING_DENIED */
    const struct mirror *mirror; /* NULL: none is named, and its conditions are not judged */
    enum mirror_wish mirror_wish;
    int64_t accepted_differences;   /* by marks */
    enum mirror_clash mirror_clash; /* with what another RedisWal names, which is called */
    const char *mirror_rival;       /* like that */
};

struct wal_status {
    enum wal_phase phase;
    struct wal_condition conditions[WAL_CONDITION_COUNT];
};

/* `before`: what the status said until now; zeroed when it said nothing. */
void wal_status_judge(const struct wal_wanted *wanted, const struct observed *facts,
                      const struct wal_status *before, int64_t now_ms, int64_t wall_ms,
                      struct wal_status *ret);

/* What is to be told, once: a condition that became bad or good again, a primary that changed. */
struct wal_notice {
    bool warning;
    const char *action; /* the condition's type, or what follows from it */
    char reason[WAL_REASON_TEXT_MAX + 1];
    char note[WAL_MESSAGE_MAX + 1];
};
enum { WAL_NOTICES_MAX = WAL_CONDITION_COUNT + 2 };

/* What was told of happenings, by whomever; zeroed in the beginning. */
struct wal_told {
    char primary[RUN_ID_MAX + 1];         /* as the status says; "" while it says nothing */
    uint64_t n_rewinds;                   /* of those that `facts` counts */
    char mirror[WAL_REASON_TEXT_MAX + 1]; /* what MirrorRunning said last that lasts; or "" */
    /* What each condition was last that was known; no reason: it never was. */
    struct {
        enum condition_status status;
        char reason[WAL_REASON_TEXT_MAX + 1];
    } conditions[WAL_CONDITION_COUNT];
};

/* What the status tells, by whomever, was told. */
void wal_status_recall(const struct wal_status *before, struct wal_told *told);

/* Whether nothing has happened since. */
bool wal_status_has_told(const struct wal_told *told, const struct observed *facts);

/* Returns how many there are in `ret`, which has WAL_NOTICES_MAX. */
size_t wal_status_notices(const struct wal_status *before, const struct wal_status *now,
                          const struct observed *facts, struct wal_told *told,
                          struct wal_notice *ret);

/* Whether a status must be written again: not for figures alone. */
bool wal_status_differs(const struct wal_status *a, const struct wal_status *b);

const char *wal_condition_text(enum wal_condition_type type);
const char *wal_condition_meaning(enum wal_condition_type type);
enum condition_status wal_condition_good(enum wal_condition_type type);
bool wal_condition_is_needed(enum wal_condition_type type); /* by Ready */
/* False: there is no condition of that type. */
bool wal_condition_from(struct str text, enum wal_condition_type *ret);

const char *wal_phase_text(enum wal_phase phase);
const char *wal_phase_meaning(enum wal_phase phase);

/* A row of the tables: also of what appliers hold a partition for, as a reason. */
struct wal_reason_row {
    enum wal_condition_type condition;
    enum condition_status status;
    char reason[WAL_REASON_TEXT_MAX + 1];
    const char *text, *remedy;
};
/* False: there is no row `i` (of WAL_REASON_ROWS). */
bool wal_reason_row(size_t i, struct wal_reason_row *ret);
/* What to do; NULL: the condition has no such reason, or another version has it. */
const char *wal_reason_remedy(enum wal_condition_type type, struct str reason);

#endif
