/*
 * The steps of a restore, what they depend on, and what is done: see core/restore.h. It is shown in
 * docs/restore-steps.md.
 *
 * Of the rows of a step the first one that fits decides, and the last one always does. A row either
 * goes on to another step, which is persisted before anything else is done, or stays and has an
 * effect. Everything that may be repeated by another process is repeated until a fact says that it
 * is so; no answer to an effect is trusted that the facts do not confirm, but for FENCED.
 */
#ifndef REDWAL_CORE_RESTORE_TABLE_H
#define REDWAL_CORE_RESTORE_TABLE_H

/* clang-format off */

/* X(name, text in the status, is the end, no applier is to run, what happens) */
#define RESTORE_STEPS(X) \
    X(PENDING,   "Pending",   false, false, "it waits for its RedisWal, and for its turn") \
    X(PREFLIGHT, "Preflight", false, false, "the plan is made: what is replayed, and what the log no longer holds") \
    X(STOPPING,  "Stopping",  false, true,  "the appliers end") \
    X(FENCING,   "Fencing",   false, true,  "the group's commits are set to where replay begins, which brokers allow only while nobody is in it") \
    X(RECREATING, "Recreating", false, true, "the pods and claims of Redis are deleted, and its operator makes new ones") \
    X(WIPING,    "Wiping",    false, true,  "Redis is emptied, and told where replay begins and ends") \
    X(REPLAYING, "Replaying", false, false, "the appliers run, and apply the log") \
    X(VERIFYING, "Verifying", false, false, "a Job compares Redis with what the log makes of it") \
    X(HELD,      "Held",      false, false, "Redis is as it was asked for, and later records wait") \
    X(RELEASING, "Releasing", false, false, "the hold is taken away, and the appliers go on") \
    X(SKIPPING,  "Skipping",  false, false, "positions move behind the records that are not to be applied") \
    X(REPAIRING, "Repairing", false, false, "a Job writes the keys that were asked for as the log makes them; nothing is wiped, and no applier stops") \
    X(REVERTING, "Reverting", false, false, "a Job appends records to the log that make the keys that were asked for what they were; nothing is wiped, and no applier stops") \
    X(COMPLETED, "Completed", true,  false, "done; the receipt says what was done") \
    X(FAILED,    "Failed",    true,  false, "not done: the reason says why, and what to do") \
    X(CANCELLED, "Cancelled", true,  false, "ended as asked; where Redis was wiped already, the appliers go on to the end of the log")

/* X(name, what is known when it is yes) */
#define RESTORE_FACTS(X) \
    X(CANCEL,    "it is to be cancelled, or was deleted") \
    X(WITHDRAWN, "so it is, and no wipe is on its way: Redis refused the last one, or for a minute no primary has answered, or none was sent") \
    X(WAL,       "the RedisWal is there, and its specification can be followed; unknown: it is there, and cannot be followed") \
    X(TURN,      "no other restore of the RedisWal comes before it") \
    X(OURS,      "the primary is blank, or this WAL's") \
    X(VOLUMES,    "Redis is to be wiped by deleting its pods and claims") \
    X(OWNERLESS,  "so it is, and the RedisWal names no RedisFailover whose they are") \
    X(EXPENDABLE, "what Redis holds may go: the primary is blank or this WAL's; or its pods and claims are being deleted; or no primary has answered for a minute, and that nobody knows was accepted") \
    X(DENIED,     "the API server did not let this process list or delete pods and claims") \
    X(NOTED,      "the status names the pods and claims that are to go, or none are") \
    X(GONE,       "none of them is there any more") \
    X(TRACED,     "which of them stay is known, or was asked for in vain: for a minute, or the API server denied it; or none were noted") \
    X(RECREATED,  "so it is, and a primary answers") \
    X(PLANNED,   "the plan is made; no: it cannot be made like that") \
    X(LOSSY,     "all of Redis is asked for, the log no longer holds its first records, and nobody has accepted that") \
    X(SCOPED,    "some keys or partitions are asked for, and not all of Redis") \
    X(REVERT,    "some keys or partitions are asked for, as they were at a time or positions") \
    X(FOREIGN,   "so they are, and another site writes the log: the RedisWal is a standby, or has a mirror that is not to be stopped") \
    X(PARTIAL,   "some keys or partitions are asked for, and the log no longer holds the first records of a partition that is asked for, and nobody has accepted that") \
    X(DRY_RUN,   "only the plan is wanted") \
    X(STOPPED,   "no pod of the applier is left") \
    X(FENCED,    "this process had the group's commits accepted in every partition, with no applier started since") \
    X(WIPED,     "the primary's identity names this restore") \
    X(OVERTAKEN, "the log no longer holds what is to be replayed, or is another log") \
    X(REACHED,   "every partition has been applied to where it is to end") \
    X(VERIFY,    "Redis is to be compared with what the log makes of it") \
    X(CAUGHT_UP, "deadlines are by the clock, and no longer in log time; or that was waited for long enough, or is not to be since later records wait") \
    X(CHECKED,   "the Job that compares, or writes keys, has ended") \
    X(VERIFIED,  "it found no difference, or left none; no: it found some, or left some; unknown: it ended without having compared all of it") \
    X(TO_END,    "replay goes to the end of the log") \
    X(SKIP,      "what follows is to be skipped") \
    X(RELEASE,   "the hold is to end") \
    X(RELEASED,  "no partition is held by this restore, or is no more") \
    X(TRIMMED,   "the log no longer holds the first records behind where replay ends, or is another log") \
    X(BLANK,     "the primary holds no WAL")

/* X(name, what is done; "": nothing) */
#define RESTORE_EFFECTS(X) \
    X(NOTHING,   "") \
    X(MAKE_PLAN, "ask the log for a plan") \
    X(SET_GROUP, "set the group's commits to where replay begins") \
    X(NOTE,      "note which pods and claims Redis has") \
    X(RECREATE,  "delete the pods and claims of Redis that were noted, claims first") \
    X(TRACE,     "ask which pods and claims of those that were noted stay, and delete none") \
    X(WIPE,      "wipe Redis, and say in the same transaction where replay begins and ends") \
    X(RELEASE,   "take the hold of every partition away") \
    X(VERIFY,    "have a Job compare Redis with what the log makes of it, unless there is one") \
    X(SKIP,      "move the position of every partition that is held to the end of the log") \
    X(REPAIR,    "have a Job write the keys as the log makes them, unless there is one") \
    X(REVERT,    "have a Job append to the log what the keys were, unless there is one")

/* Rows that several steps have. IF and BOTH: as below. */
#define RESTORE_ROWS_OF_CANCEL(IF, step) \
    IF(step, CANCEL, YES, NOTHING, RELEASING, "Cancelling", "it is to be cancelled", "nothing")

#define RESTORE_ROWS_OF_DATA(IF, step, fact) \
    IF(step, fact, NO,      NOTHING, FAILED, "OtherWal",     "the primary holds another WAL, or keys of unknown origin", "point the RedisWal at its own Redis, or empty this one by hand if all of it may go") \
    IF(step, fact, UNKNOWN, NOTHING, step,   "RedisUnknown", "it is not known what Redis holds", "see the condition RedisReachable of the RedisWal")

#define RESTORE_ROWS_OF_OWNER(IF, step) \
    IF(step, OWNERLESS, YES, NOTHING, FAILED, "NoRedisFailover", "the RedisWal names no RedisFailover, so that nobody would make new pods and claims", "create a restore with wipe: Flush")

#define RESTORE_ROWS_OF_DENIAL(IF, step, effect) \
    IF(step, DENIED, YES, effect, step, "Denied", "the API server does not let the controller list or delete the pods and claims of Redis", "apply manifests/components/wipe-volumes in this namespace")

#define RESTORE_ROWS_OF_RETENTION(IF, step) \
    IF(step, OVERTAKEN, YES, NOTHING, FAILED, "Overtaken", "retention removed records before they were replayed, or the log is another one", "raise retention, and create a restore that accepts the loss: accept: [LostRecords]")

#define RESTORE_ROWS_OF_WAL(IF, step) \
    IF(step, WAL, NO,      NOTHING, FAILED, "RedisWalGone",    "the RedisWal is gone", "create another restore when there is a RedisWal again") \
    IF(step, WAL, UNKNOWN, NOTHING, step,   "RedisWalUnclear", "the specification of the RedisWal cannot be followed", "see its condition SpecAccepted")

#define RESTORE_ROWS_OF_WIPE(IF, step) \
    IF(step, WIPED, NO,      NOTHING, STOPPING, "WipeLost",     "the primary is not the one that was wiped: a failover went back behind it", "nothing: it begins again") \
    IF(step, WIPED, UNKNOWN, NOTHING, step,     "RedisUnknown", "it is not known what Redis holds", "see the condition RedisReachable of the RedisWal")

#define RESTORE_ROWS_OF_NOTE(IF, step) \
    IF(step, NOTED, NOT_YES, NOTE, step, "Noting", "the API server is asked which pods and claims Redis has", "wait; see the message when this lasts")

#define RESTORE_ROWS_OF_FENCE(IF, step) \
    IF(step, STOPPED,   NOT_YES, NOTHING,   step,   "AppliersBack",  "somebody has started an applier again", "nothing: it is stopped again") \
    IF(step, FENCED,    NOT_YES, SET_GROUP, step,   "GroupNotEmpty", "the brokers have not taken the group's commits yet: they do when nobody is in it", "wait: a member that was killed leaves when its session ends; stop other consumers of the group")

#define RESTORE_ROWS_OF_LOG(IF, step) \
    RESTORE_ROWS_OF_RETENTION(IF, step) \
    IF(step, OVERTAKEN, UNKNOWN, NOTHING, step, "LogUnknown", "it is not known what the log holds", "see the condition LogReachable of the RedisWal")

/* In front of what ends the deletion of pods and claims: it says what became of them. */
#define RESTORE_ROWS_OF_TRACES(BOTH, step, fact, when) \
    BOTH(step, fact, when, TRACED, NOT_YES, TRACE, step, "AskingWhatStays", "it ends when it is known which pods and claims stay, or after a minute", "wait; see that the API server lists pods and claims")

#define RESTORE_ROWS_OF_SITE(IF, step) \
    IF(step, FOREIGN, YES, NOTHING, FAILED, "OtherSite", "keys become what they were by records, and another site writes this log", "create it where producers write; the mirror brings it here. After a failover to this site, say so in the RedisWal first: role: active, and mirror.state: Stopped")

/* IF(step, fact, when, effect, next, reason, what was found, what to do); BOTH, with another fact and
 * when behind the first, which must be so, too; and the last row of a step: ELSE(step, effect, next,
 * reason, what was found, what to do). */
#define RESTORE_ROWS(IF, BOTH, ELSE) \
    IF(PENDING,   CANCEL,    YES,     NOTHING,   CANCELLED, "Cancelled",        "it was cancelled", "nothing") \
    IF(PENDING,   WAL,       NO,      NOTHING,   PENDING,   "NoRedisWal",       "there is no RedisWal of that name in this namespace", "create it, or name another in a new restore") \
    IF(PENDING,   WAL,       UNKNOWN, NOTHING,   PENDING,   "RedisWalUnclear",  "the specification of the RedisWal cannot be followed", "see its condition SpecAccepted") \
    IF(PENDING,   TURN,      YES,     NOTHING,   PREFLIGHT, "Begun",            "no other restore of the RedisWal comes before it", "nothing") \
    ELSE(PENDING,                     NOTHING,   PENDING,   "WaitsForTurn",     "another restore of the RedisWal comes before it", "wait, or cancel that one") \
    \
    IF(PREFLIGHT, CANCEL,    YES,     NOTHING,   CANCELLED, "Cancelled",        "it was cancelled", "nothing") \
    RESTORE_ROWS_OF_WAL(IF, PREFLIGHT) \
    RESTORE_ROWS_OF_SITE(IF, PREFLIGHT) \
    IF(PREFLIGHT, TURN,      NOT_YES, NOTHING,   PENDING,   "WaitsForTurn",     "another restore of the RedisWal comes before it", "wait, or cancel that one") \
    RESTORE_ROWS_OF_OWNER(IF, PREFLIGHT) \
    RESTORE_ROWS_OF_DATA(IF, PREFLIGHT, EXPENDABLE) \
    RESTORE_ROWS_OF_DENIAL(IF, PREFLIGHT, NOTE) \
    RESTORE_ROWS_OF_NOTE(IF, PREFLIGHT) \
    IF(PREFLIGHT, PLANNED,   NO,      NOTHING,   FAILED,    "NotPossible",      "it cannot be made from this log as it is asked for", "ask for another time, or other positions or partitions, in a new restore") \
    IF(PREFLIGHT, PLANNED,   UNKNOWN, MAKE_PLAN, PREFLIGHT, "Planning",         "the log is asked what it holds", "see the condition LogReachable of the RedisWal when this lasts") \
    IF(PREFLIGHT, LOSSY,     YES,     NOTHING,   FAILED,    "LogTrimmed",       "the log no longer holds its first records, so that what they made will be missing", "restore Redis from a snapshot, or create a restore that accepts the loss: accept: [LostRecords]") \
    IF(PREFLIGHT, LOSSY,     UNKNOWN, MAKE_PLAN, PREFLIGHT, "Planning",         "the log is asked what it holds", "see the condition LogReachable of the RedisWal when this lasts") \
    IF(PREFLIGHT, PARTIAL,   YES,     NOTHING,   FAILED,    "PartitionsTrimmed", "the log no longer holds the first records of partitions that are asked for, so that nothing can be said of their keys", "restore keys of other partitions, or leave the keys of these as they are: accept: [LostRecords] in a new restore") \
    IF(PREFLIGHT, PARTIAL,   UNKNOWN, MAKE_PLAN, PREFLIGHT, "Planning",         "the log is asked what it holds", "see the condition LogReachable of the RedisWal when this lasts") \
    IF(PREFLIGHT, DRY_RUN,   NOT_NO,  NOTHING,   COMPLETED, "Planned",          "the plan is made, and nothing else was asked for", "create a restore without dryRun") \
    IF(PREFLIGHT, REVERT,    YES,     NOTHING,   REVERTING, "PlanMade",         "the plan is made", "nothing") \
    IF(PREFLIGHT, SCOPED,    NOT_NO,  NOTHING,   REPAIRING, "PlanMade",         "the plan is made", "nothing") \
    ELSE(PREFLIGHT,                   NOTHING,   STOPPING,  "PlanMade",         "the plan is made", "nothing") \
    \
    RESTORE_ROWS_OF_CANCEL(IF, STOPPING) \
    RESTORE_ROWS_OF_WAL(IF, STOPPING) \
    IF(STOPPING,  STOPPED,   YES,     NOTHING,   FENCING,   "AppliersStopped",  "no pod of the applier is left", "nothing") \
    ELSE(STOPPING,                    NOTHING,   STOPPING,  "AppliersStopping", "pods of the applier are left", "wait; look at the pods that do not end") \
    \
    RESTORE_ROWS_OF_CANCEL(IF, FENCING) \
    RESTORE_ROWS_OF_WAL(IF, FENCING) \
    IF(FENCING,   STOPPED,   NOT_YES, NOTHING,   STOPPING,  "AppliersBack",     "somebody has started an applier again", "nothing: it is stopped again") \
    RESTORE_ROWS_OF_RETENTION(IF, FENCING) \
    IF(FENCING,   FENCED,    NOT_YES, SET_GROUP, FENCING,   "GroupNotEmpty",    "the brokers have not taken the group's commits yet: they do when nobody is in it", "wait: a member that was killed leaves when its session ends; stop other consumers of the group") \
    IF(FENCING,   VOLUMES,   YES,     NOTHING,   RECREATING, "Fenced",          "the brokers took the group's commits, so nobody is in it", "nothing") \
    ELSE(FENCING,                     NOTHING,   WIPING,    "Fenced",           "the brokers took the group's commits, so nobody is in it", "nothing") \
    \
    RESTORE_ROWS_OF_TRACES(BOTH, RECREATING, CANCEL, YES) \
    RESTORE_ROWS_OF_CANCEL(IF, RECREATING) \
    RESTORE_ROWS_OF_TRACES(BOTH, RECREATING, WAL, NO) \
    RESTORE_ROWS_OF_WAL(IF, RECREATING) \
    RESTORE_ROWS_OF_TRACES(BOTH, RECREATING, OWNERLESS, YES) \
    RESTORE_ROWS_OF_OWNER(IF, RECREATING) \
    IF(RECREATING, WIPED,    YES,     NOTHING,   REPLAYING, "Wiped",            "Redis is emptied, and says where replay begins", "nothing") \
    IF(RECREATING, RECREATED, YES,    NOTHING,   WIPING,    "Recreated",        "the pods and claims that were noted are gone, and a primary answers", "nothing") \
    IF(RECREATING, GONE,     YES,     NOTHING,   RECREATING, "AwaitingPrimary", "the pods and claims that were noted are gone, and no primary answers yet", "wait; look at the pods of Redis, and at its operator, when this lasts") \
    RESTORE_ROWS_OF_TRACES(BOTH, RECREATING, EXPENDABLE, NO) \
    RESTORE_ROWS_OF_DATA(IF, RECREATING, EXPENDABLE) \
    RESTORE_ROWS_OF_FENCE(IF, RECREATING) \
    RESTORE_ROWS_OF_TRACES(BOTH, RECREATING, OVERTAKEN, YES) \
    RESTORE_ROWS_OF_LOG(IF, RECREATING) \
    RESTORE_ROWS_OF_NOTE(IF, RECREATING) \
    RESTORE_ROWS_OF_DENIAL(IF, RECREATING, RECREATE) \
    ELSE(RECREATING,                  RECREATE,  RECREATING, "DeletingVolumes", "the pods and claims that were noted are being deleted", "wait; look at those that stay, when this lasts") \
    \
    RESTORE_ROWS_OF_WAL(IF, WIPING) \
    IF(WIPING,    WIPED,     YES,     NOTHING,   REPLAYING, "Wiped",            "Redis is emptied, and says where replay begins", "nothing") \
    IF(WIPING,    WITHDRAWN, YES,     NOTHING,   RELEASING, "Withdrawn",        "it is to be cancelled, and no wipe is on its way to Redis", "nothing") \
    IF(WIPING,    CANCEL,    YES,     NOTHING,   WIPING,    "Withdrawing",      "it is to be cancelled; a wipe may be on its way, and no other is sent", "wait a minute") \
    RESTORE_ROWS_OF_DATA(IF, WIPING, OURS) \
    RESTORE_ROWS_OF_FENCE(IF, WIPING) \
    RESTORE_ROWS_OF_LOG(IF, WIPING) \
    IF(WIPING,    WIPED,     NO,      WIPE,      WIPING,    "WipingRedis",      "Redis is being emptied", "wait; see the message when this lasts") \
    ELSE(WIPING,                      NOTHING,   WIPING,    "RedisUnknown",     "it is not known what Redis holds", "see the condition RedisReachable of the RedisWal") \
    \
    RESTORE_ROWS_OF_CANCEL(IF, REPLAYING) \
    RESTORE_ROWS_OF_WAL(IF, REPLAYING) \
    RESTORE_ROWS_OF_WIPE(IF, REPLAYING) \
    RESTORE_ROWS_OF_RETENTION(IF, REPLAYING) \
    IF(REPLAYING, REACHED,   NOT_YES, NOTHING,   REPLAYING, "Applying",         "the appliers apply the log", "wait; see the conditions of the RedisWal when this lasts") \
    IF(REPLAYING, VERIFY,    YES,     NOTHING,   VERIFYING, "Reached",          "everything is applied that was asked for", "nothing") \
    IF(REPLAYING, TO_END,    YES,     NOTHING,   COMPLETED, "Replayed",         "everything is applied that the log held when it was planned", "nothing") \
    ELSE(REPLAYING,                   NOTHING,   HELD,      "Reached",          "everything is applied that was asked for", "look at Redis, then set spec.release to true") \
    \
    RESTORE_ROWS_OF_CANCEL(IF, VERIFYING) \
    RESTORE_ROWS_OF_WAL(IF, VERIFYING) \
    RESTORE_ROWS_OF_WIPE(IF, VERIFYING) \
    IF(VERIFYING, CAUGHT_UP, NOT_YES, NOTHING,   VERIFYING, "CatchingUp",       "deadlines are in log time until the appliers have caught up with the log", "nothing: after a minute it is compared as it is") \
    IF(VERIFYING, CHECKED,   NOT_YES, VERIFY,    VERIFYING, "Comparing",        "a Job compares Redis with what the log makes of it", "wait; look at the pods of the Job when this lasts") \
    IF(VERIFYING, VERIFIED,  NO,      NOTHING,   FAILED,    "Differs",          "Redis does not hold what the log makes of it", "kubectl redwal verify --rediswal NAME tells the keys, and repair writes them; behind a time or positions later records stay held (docs/holds.md)") \
    IF(VERIFYING, TO_END,    NOT_YES, NOTHING,   HELD,      "Held",             "Redis is as it was asked for, and later records wait", "look at Redis, then set spec.release to true") \
    IF(VERIFYING, VERIFIED,  YES,     NOTHING,   COMPLETED, "Verified",         "everything is applied, and Redis holds what the log makes of it", "nothing") \
    ELSE(VERIFYING,                   NOTHING,   COMPLETED, "NotVerified",      "everything is applied; whether Redis holds what the log makes of it could not be told", "kubectl redwal verify --rediswal NAME compares again") \
    \
    RESTORE_ROWS_OF_CANCEL(IF, HELD) \
    RESTORE_ROWS_OF_WAL(IF, HELD) \
    RESTORE_ROWS_OF_WIPE(IF, HELD) \
    IF(HELD,      SKIP,      YES,     NOTHING,   SKIPPING,  "SkipWanted",       "what follows is to be skipped", "nothing") \
    IF(HELD,      RELEASE,   YES,     NOTHING,   RELEASING, "ReleaseWanted",    "what follows is to be applied", "nothing") \
    IF(HELD,      TRIMMED,   YES,     NOTHING,   HELD,      "HoldTrimmed",      "retention removed records that wait behind the hold, or the log is another one", "raise retention; the appliers stop at what is missing when this is released, and then a restore that accepts the loss goes on: accept: [LostRecords]") \
    ELSE(HELD,                        NOTHING,   HELD,      "Holding",          "later records wait", "look at Redis, then set spec.release to true") \
    \
    RESTORE_ROWS_OF_WAL(IF, RELEASING) \
    IF(RELEASING, RELEASED,  NO,      RELEASE,   RELEASING, "ReleasingHold",    "the hold is being taken away", "wait; see the message when this lasts") \
    IF(RELEASING, RELEASED,  UNKNOWN, NOTHING,   RELEASING, "RedisUnknown",     "it is not known what Redis holds", "see the condition RedisReachable of the RedisWal") \
    IF(RELEASING, CANCEL,    YES,     NOTHING,   CANCELLED, "Cancelled",        "it was cancelled", "nothing; where Redis was wiped already, it is made anew up to the end of the log; where its claims were being deleted, those that are leaving go once their pods do") \
    RESTORE_ROWS_OF_WIPE(IF, RELEASING) \
    ELSE(RELEASING,                   NOTHING,   COMPLETED, "Released",         "the appliers go on with what follows", "nothing") \
    \
    RESTORE_ROWS_OF_WAL(IF, SKIPPING) \
    RESTORE_ROWS_OF_WIPE(IF, SKIPPING) \
    IF(SKIPPING,  RELEASED,  NO,      SKIP,      SKIPPING,  "SkippingRecords",  "positions are being moved", "wait; see the message when this lasts") \
    IF(SKIPPING,  RELEASED,  UNKNOWN, NOTHING,   SKIPPING,  "RedisUnknown",     "it is not known what Redis holds", "see the condition RedisReachable of the RedisWal") \
    ELSE(SKIPPING,                    NOTHING,   COMPLETED, "Skipped",          "the appliers go on behind the records that were skipped", "nothing") \
    \
    IF(REPAIRING, CANCEL,    YES,     NOTHING,   CANCELLED, "Cancelled",        "it was cancelled", "nothing; keys that were written by then are as the log makes them") \
    RESTORE_ROWS_OF_WAL(IF, REPAIRING) \
    IF(REPAIRING, VERIFIED,  YES,     NOTHING,   COMPLETED, "Repaired",         "the keys that were asked for are as the log makes them", "nothing") \
    IF(REPAIRING, VERIFIED,  NO,      NOTHING,   FAILED,    "KeysLeft",         "some of the keys are not as the log makes them", "see which and why with kubectl redwal repair --rediswal, and the same keys; the others are done") \
    IF(REPAIRING, CHECKED,   YES,     NOTHING,   FAILED,    "NotRepaired",      "the Job that is to write the keys has ended without having done all of it", "look at the logs of its pods, and create another restore; no key is half written") \
    RESTORE_ROWS_OF_DATA(IF, REPAIRING, OURS) \
    IF(REPAIRING, BLANK,     YES,     NOTHING,   FAILED,    "RedisBlank",       "Redis holds nothing of this WAL", "create a restore without keys and partitions: all of Redis is made anew") \
    ELSE(REPAIRING,                   REPAIR,    REPAIRING, "RepairingKeys",    "a Job writes the keys as the log makes them", "wait; look at the pods of the Job when this lasts") \
    \
    IF(REVERTING, CANCEL,    YES,     NOTHING,   CANCELLED, "Cancelled",        "it was cancelled", "nothing; keys whose records were in the log by then become what they were") \
    RESTORE_ROWS_OF_WAL(IF, REVERTING) \
    IF(REVERTING, VERIFIED,  YES,     NOTHING,   COMPLETED, "Reverted",         "the keys that were asked for became what they were", "nothing") \
    IF(REVERTING, VERIFIED,  NO,      NOTHING,   FAILED,    "KeysNotReverted",  "some of the keys did not become what they were", "look at the logs of its pods: they say which and why; kubectl redwal revert --rediswal with the same keys, --run, the uid of this restore, and --to with the positions of status.plan, tries them again, and leaves what was done as it is by now") \
    IF(REVERTING, CHECKED,   YES,     NOTHING,   FAILED,    "NotReverted",      "the Job that is to append to the log has ended without having done all of it, or having seen it applied", "look at the logs of its pods; kubectl redwal revert --rediswal with the same keys, --run, the uid of this restore, and --to with the positions of status.plan, goes on, and leaves what was done as it is by now") \
    RESTORE_ROWS_OF_SITE(IF, REVERTING) \
    RESTORE_ROWS_OF_DATA(IF, REVERTING, OURS) \
    IF(REVERTING, BLANK,     YES,     NOTHING,   FAILED,    "RedisBlank",       "Redis holds nothing of this WAL", "wait until appliers have replayed the log, and create another restore") \
    ELSE(REVERTING,                   REVERT,    REVERTING, "RevertingKeys",    "a Job appends to the log what the keys were", "wait; look at the pods of the Job when this lasts")
/* clang-format on */

#endif
