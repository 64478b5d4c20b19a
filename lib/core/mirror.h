/*
 * The mirror that brings a site its log: what its Connect says of it, whether it is proven that it
 * has stopped, and what is to be done so that it is as it is wanted. Decisions only; who asks and
 * acts tells here what he learned.
 *
 * A mirror is never called stopped because somebody says so. Its connector is stopped, its tasks
 * are gone, Connect has taken a guard write, which it does for such a connector only, and behind
 * all that the log here has stood still over two looks. When one of them is not known, neither is
 * the whole.
 *
 * A fact that is not known is neither yes nor no. In each table the first row that fits decides;
 * docs/mirror.md is made from them, and the reasons are a contract.
 */
#ifndef REDWAL_CORE_MIRROR_H
#define REDWAL_CORE_MIRROR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/truth.h"
#include "core/look.h"

enum {
    MIRROR_CONNECTOR_MAX = 255, /* bytes of a connector's name */
    MIRROR_TOPIC_MAX = LOOK_TOPIC_MAX,
    MIRROR_STALE_MS = 30 * 1000, /* what nobody has confirmed for that long is unknown */
    MIRROR_LOOK_MS = 10 * 1000,  /* between two looks at most: two of them may fail before that */
    MIRROR_STILL_MS = 10 * 1000, /* between the two looks that find the log as long as it was */
    /* Offsets that were found as they were for that long are not stored any more: Connect stores
     * them once a minute where it does not write exactly once. */
    MIRROR_STORING_MS = 2 * 60 * 1000,
    /* Tasks that end store once more, one after another: Connect gives them 5 seconds, and another
     * 5 to what they store. */
    MIRROR_LAST_STORES_MS = 15 * 1000,
};

/* clang-format off */

/* X(name, what it is that is known or not) */
#define MIRROR_FACTS(X) \
    X(ALLOWED,  "its Connect may be asked by what --connect-allow of the controller says") \
    X(DENIED,   "Connect refuses our user, or Kubernetes our permission") \
    X(ANSWERED, "who runs the connector has told of it, of late") \
    X(FOLLOWED, "changes of its resource are followed: the reconciliation of a KafkaMirrorMaker2 is not paused") \
    X(CURRENT,  "what was told is of the resource as it is now; where Connect says that it is stopped: the KafkaMirrorMaker2 that is named too asks for that, and its operator has seen it do so") \
    X(PRESENT,  "the connector is there") \
    X(FAILED,   "the connector or a task of it has failed, and it is to run") \
    X(PAUSED,   "the connector is paused") \
    X(STOPPED,  "the connector is stopped") \
    X(LET_GO,   "it was told to go on, and no order to stop was taken since; unknown: none was taken from who looks, or it has run since its tasks were gone, so that another may have told it to go on") \
    X(WORKING,  "the connector runs, and has tasks, and each of them runs") \
    X(GONE,     "it has no tasks") \
    X(STORING,  "offsets are stored for it though it is stopped and its tasks are gone: they were found changed, and again behind another order to stop; no: they were found as they were; unknown: they cannot be compared, or were found changed once, so that it may have run between two looks") \
    X(GUARDED,  "Connect has taken a guard write since the tasks were seen to be gone; no: it refused") \
    X(STILL,    "behind that, two looks have found the log here as long as it was") \
    X(FENCED,   "the connector writes exactly once, and its tasks are not known to have run without, so that the guard write has also fenced a task that hangs")

/* X(name, state, what it means) */
#define MIRROR_STATES(X) \
    X(UNKNOWN,  "Unknown",  "it is not known what it does") \
    X(FAILED,   "Failed",   "it has failed, and mirrors nothing or not everything") \
    X(PAUSED,   "Paused",   "it begins nothing new; its tasks live, and may still deliver what they hold") \
    X(STARTING, "Starting", "it is to run, and does not yet") \
    X(RUNNING,  "Running",  "it mirrors") \
    X(STOPPING, "Stopping", "it is to be stopped, and that is not proven") \
    X(STOPPED,  "Stopped",  "it is proven that it has stopped")

/* X(fact, answer, state, name, reason, what was found, what to do) */
#define MIRROR_ROWS(X) \
    X(ALLOWED,  NO,      UNKNOWN,  FORBIDDEN,     "NotAllowed",           "the controller may not ask that Connect, and has not", "name a Service of the RedisWal's namespace, NAME.NAMESPACE.svc, or add the host to --connect-allow of the controller") \
    X(DENIED,   YES,     UNKNOWN,  DENIED,        "AccessDenied",         "it could not be asked for: we are refused", "check the user and the password of Connect, and the permissions of the controller") \
    X(ANSWERED, NO,      UNKNOWN,  UNREACHABLE,   "Unreachable",          "who runs it does not answer", "look at Connect, its address and the NetworkPolicies; it is asked again by itself") \
    X(ANSWERED, UNKNOWN, UNKNOWN,  UNOBSERVED,    "NotObserved",          "nobody has asked for it, or too long ago", "look at the log of the controller when this lasts") \
    X(CURRENT,  NO,      UNKNOWN,  OUTDATED,      "NotReconciled",        "its operator has not looked at its resource since that was changed, or is told not to; or it is stopped, and its resource does not ask for that", "wait; have its resource ask for what is wanted; look for the annotation strimzi.io/pause-reconciliation, and at the operator, when this lasts") \
    X(CURRENT,  UNKNOWN, UNKNOWN,  OUTDATED_UNKNOWN, "ReconciledUnknown", "it is not known whether its operator has seen its resource as it is now", "wait; look at the operator when this lasts") \
    X(PRESENT,  NO,      UNKNOWN,  ABSENT,        "NoSuchConnector",      "Connect has no such connector, which proves nothing: the mirror may run under another name or elsewhere", "check the name of the connector, and whether this is the Connect that runs it") \
    X(PRESENT,  UNKNOWN, UNKNOWN,  PRESENCE_UNKNOWN, "PresenceUnknown",   "it is not known whether the connector is there", "look at Connect") \
    X(FAILED,   YES,     FAILED,   FAILED,        "Failed",               "the connector or a task has failed", "look at what it says; restart it, or stop it: a failed connector can be stopped, and not be paused") \
    X(FAILED,   UNKNOWN, UNKNOWN,  FAILED_UNKNOWN, "FailureUnknown",      "it is not known whether it has failed", "look at Connect") \
    X(PAUSED,   YES,     PAUSED,   PAUSED,        "Paused",               "it is paused: its tasks live, and may still deliver what they hold", "stop it, or let it go on") \
    X(PAUSED,   UNKNOWN, UNKNOWN,  PAUSED_UNKNOWN, "PauseUnknown",        "it is not known whether it is paused", "look at Connect") \
    X(WORKING,  YES,     RUNNING,  RUNNING,       "Running",              "it runs, and each of its tasks does", "nothing") \
    X(STOPPED,  NO,      STARTING, IDLE,          "NotAllTasksRun",       "it is to run, and has no tasks, or not all of them run", "wait; look at its topics and at Connect's workers when this lasts") \
    X(STOPPED,  UNKNOWN, UNKNOWN,  STOP_UNKNOWN,  "StopUnknown",          "it is not known whether it is stopped", "look at Connect") \
    X(GONE,     NO,      STOPPING, TASKS_LEFT,    "TasksLeft",            "its tasks are still there", "wait: Connect gives a task five seconds to end; look at its workers when this lasts") \
    X(GONE,     UNKNOWN, UNKNOWN,  TASKS_UNKNOWN, "TasksUnknown",         "it is not known whether it has tasks", "look at Connect") \
    X(STORING,  YES,     STOPPING, STORED_ON,     "OffsetsMove",          "it is stopped and has no tasks, and still offsets are stored for it: it runs elsewhere, or a task of it does not end", "name the Connect that really runs it; look for a second Connect with the same group.id or offset.storage.topic, and stop it there or give that Connect others; end a worker that was cut off") \
    X(GUARDED,  NO,      STOPPING, GUARD_REFUSED, "GuardRefused",         "Connect refused the guard write: by its own word it may still have tasks", "wait: it is tried again; look at Connect when this lasts") \
    X(GUARDED,  UNKNOWN, STOPPING, GUARD_AWAITED, "GuardAwaited",         "the guard write was not judged yet", "wait; let the controller reach Connect's REST interface when this lasts") \
    X(STILL,    NO,      STOPPING, ENDS_MOVE,     "LogGrows",             "the log here still grows, though the tasks are gone", "find who writes: a task that hangs, another mirror, or producers") \
    X(STILL,    UNKNOWN, STOPPING, ENDS_AWAITED,  "LogNotStill",          "the log here was not yet seen to stand still", "wait; see LogReachable when this lasts") \
    X(FENCED,   YES,     STOPPED,  STOPPED_FENCED, "StoppedAndFenced",    "it is stopped, its tasks are gone and fenced, and the log here stands still", "nothing") \
    X(FENCED,   NO,      STOPPED,  STOPPED_STILL, "StoppedAndStill",      "it is stopped, its tasks are gone, and the log here stands still; it does not write exactly once, so that a task that hangs is not fenced", "end the workers of Connect where a late write must be impossible; set exactly.once.source.support for the next time") \
    X(FENCED,   UNKNOWN, STOPPED,  STOPPED_UNSURE, "StoppedNotKnownFenced", "it is stopped, its tasks are gone, and the log here stands still; it is not known whether it writes exactly once", "let the controller read the connector's configuration")

/* X(name, what it is) */
#define MIRROR_EFFECTS(X) \
    X(NOTHING, "nothing") \
    X(WAIT,    "wait for the next look") \
    X(STOP,    "stop it") \
    X(GUARD,   "try the guard write") \
    X(RESUME,  "let it go on")

/* X(name, what is wanted) */
#define MIRROR_WISHES(X) \
    X(OBSERVED, "nothing: it is only looked at") \
    X(RUNNING,  "that it runs") \
    X(STOPPED,  "that it is stopped")

/* X(wish, fact, answer, effect, why). What is below a row knows that it does not fit. */
#define MIRROR_MOVES(X) \
    X(RUNNING, ALLOWED,  NO,      WAIT,    "it may not be asked") \
    X(RUNNING, DENIED,   YES,     WAIT,    "we are refused") \
    X(RUNNING, ANSWERED, NO,      WAIT,    "who runs it does not answer") \
    X(RUNNING, ANSWERED, UNKNOWN, WAIT,    "nobody has told of it yet") \
    X(RUNNING, FOLLOWED, NO,      WAIT,    "nobody would follow the change") \
    X(RUNNING, FOLLOWED, UNKNOWN, WAIT,    "nobody may follow the change") \
    X(RUNNING, CURRENT,  NO,      RESUME,  "its operator has not looked at its resource") \
    X(RUNNING, PRESENT,  NO,      WAIT,    "there is no such connector to go on") \
    X(RUNNING, STOPPED,  YES,     RESUME,  "it is stopped") \
    X(RUNNING, PAUSED,   YES,     RESUME,  "it is paused") \
    X(RUNNING, WORKING,  YES,     NOTHING, "it runs") \
    X(RUNNING, WORKING,  NO,      WAIT,    "it is to run already") \
    X(RUNNING, WORKING,  UNKNOWN, WAIT,    "what it does is not known") \
    X(STOPPED, ALLOWED,  NO,      WAIT,    "it may not be asked") \
    X(STOPPED, DENIED,   YES,     WAIT,    "we are refused") \
    X(STOPPED, ANSWERED, NO,      WAIT,    "who runs it does not answer") \
    X(STOPPED, ANSWERED, UNKNOWN, WAIT,    "nobody has told of it yet") \
    X(STOPPED, FOLLOWED, NO,      WAIT,    "nobody would follow the change") \
    X(STOPPED, FOLLOWED, UNKNOWN, WAIT,    "nobody may follow the change") \
    X(STOPPED, CURRENT,  NO,      STOP,    "its operator has not looked at its resource") \
    X(STOPPED, PRESENT,  NO,      WAIT,    "there is no such connector to stop") \
    X(STOPPED, STOPPED,  NO,      STOP,    "it is not stopped") \
    X(STOPPED, STOPPED,  UNKNOWN, STOP,    "it is not known whether it is stopped, and another order to stop does no harm") \
    X(STOPPED, LET_GO,   YES,     STOP,    "it was told to go on, which may be carried out yet") \
    X(STOPPED, LET_GO,   UNKNOWN, STOP,    "another may have told it to go on, which may be carried out yet") \
    X(STOPPED, GONE,     NO,      WAIT,    "its tasks are ending") \
    X(STOPPED, GONE,     UNKNOWN, WAIT,    "it is not known whether it has tasks") \
    X(STOPPED, GUARDED,  NO,      GUARD,   "the guard write was refused") \
    X(STOPPED, GUARDED,  UNKNOWN, GUARD,   "the guard write was not judged") \
    X(STOPPED, STORING,  YES,     WAIT,    "offsets are still stored for it") \
    X(STOPPED, STILL,    NO,      WAIT,    "the log here grows") \
    X(STOPPED, STILL,    UNKNOWN, WAIT,    "the log here was not yet seen to stand still") \
    X(STOPPED, STILL,    YES,     NOTHING, "it has stopped")
/* clang-format on */

#define MIRROR_FACT_ENUM(name, ...) MIRROR_FACT_##name,
enum mirror_fact { MIRROR_FACTS(MIRROR_FACT_ENUM) MIRROR_FACT_COUNT };
#undef MIRROR_FACT_ENUM

#define MIRROR_STATE_ENUM(name, ...) MIRROR_STATE_##name,
enum mirror_state { MIRROR_STATES(MIRROR_STATE_ENUM) MIRROR_STATE_COUNT };
#undef MIRROR_STATE_ENUM

#define MIRROR_REASON_ENUM(fact, answer, state, name, ...) MIRROR_REASON_##name,
enum mirror_reason { MIRROR_ROWS(MIRROR_REASON_ENUM) MIRROR_REASON_COUNT };
#undef MIRROR_REASON_ENUM

#define MIRROR_EFFECT_ENUM(name, ...) MIRROR_EFFECT_##name,
enum mirror_effect { MIRROR_EFFECTS(MIRROR_EFFECT_ENUM) MIRROR_EFFECT_COUNT };
#undef MIRROR_EFFECT_ENUM

#define MIRROR_WISH_ENUM(name, ...) MIRROR_WISH_##name,
enum mirror_wish { MIRROR_WISHES(MIRROR_WISH_ENUM) MIRROR_WISH_COUNT };
#undef MIRROR_WISH_ENUM

/* --- what was learned ------------------------------------------------------------------------- */

/* X(name, as Connect spells it) */
#define CONNECTOR_STATES(X)                                                                        \
    X(RUNNING, "RUNNING")                                                                          \
    X(PAUSED, "PAUSED")                                                                            \
    X(STOPPED, "STOPPED")                                                                          \
    X(FAILED, "FAILED")                                                                            \
    X(UNASSIGNED, "UNASSIGNED")                                                                    \
    X(RESTARTING, "RESTARTING")

#define CONNECTOR_STATE_ENUM(name, text) CONNECTOR_##name,
enum connector_state {
    CONNECTOR_OTHER, /* one that we do not know */
    CONNECTOR_STATES(CONNECTOR_STATE_ENUM) CONNECTOR_STATE_COUNT
};
#undef CONNECTOR_STATE_ENUM

enum connector_state connector_state_from(struct str text);
const char *connector_state_text(enum connector_state state); /* "unknown" for CONNECTOR_OTHER */

/* One look at a connector. */
struct mirror_look {
    struct look look;
    bool is_forbidden;            /* nobody was asked: that is not allowed */
    enum truth followed, current; /* of its resource; yes where it has none */
    bool exists;                  /* the connector; what follows is empty without */
    enum connector_state connector;
    int64_t n_tasks, n_running, n_failed; /* of the tasks; LOOK_UNKNOWN */
    char trouble[LOOK_WHY_MAX + 1]; /* what the first of them that failed says, in short; or "" */
    enum truth exactly_once, keeps_headers;
    int64_t generation; /* of its resource; 0: it has none */
};

struct mirror_guard {
    int64_t began_ms;
    enum truth taken; /* unknown: nobody answered, or Connect has no such connector by now */
};

/* What is remembered of a mirror from look to look. */
struct mirror {
    struct mirror_look last; /* the last one that was answered */
    struct look tried;       /* the last one */
    bool is_forbidden;       /* that one was */
    enum truth let_go;       /* see MIRROR_FACT_LET_GO */
    enum truth ran_once;     /* its tasks wrote exactly once when that was last known of them */
    int64_t gone_ms;         /* since when all looks found it stopped; LOOK_UNKNOWN */
    enum truth guarded;      /* since then */
    enum truth fenced;       /* by the guard write that was taken */
    int64_t guarded_ms;      /* when the guard write that was taken had been judged */
    enum truth still;        /* since then */
    int64_t still_ms;        /* when the look began that found these ends first */
    int64_t *ends;           /* by partition, open transactions and all */
    int32_t n_ends;          /* 0: none yet */
    int64_t *next;           /* by partition, what the connector had stored last; LOOK_UNKNOWN */
    int32_t n_next;          /* 0: not known */
    int64_t next_ms;         /* when that began to be asked */
    enum truth storing;      /* see MIRROR_FACT_STORING */
    int64_t moved_ms;        /* when they were found changed behind that; LOOK_UNKNOWN */
};

void mirror_init(struct mirror *m);
void mirror_release(struct mirror *m); /* safe on a zeroed one */

/* In the order that they ended. One that was not answered tells nothing, and after
 * MIRROR_STALE_MS without another the proof is over: nobody knows whether it ran meanwhile. So it
 * is with tasks that are there again, and with another generation of its resource, which may have
 * asked for that: then another order to stop is needed, too. */
void mirror_learn(struct mirror *m, const struct mirror_look *look);
/* It is being told to go on, or was, whatever the answer is: what was proven of its stop counts no
 * more. No stop is proven before an order to stop was taken behind that, nor before one was at all:
 * who begins does not know what another has told it. */
void mirror_let_go(struct mirror *m);
/* MIRROR_EFFECT_STOP or MIRROR_EFFECT_RESUME was answered: taken or not. */
void mirror_learn_order(struct mirror *m, enum mirror_effect effect, bool taken);
/* True: whoever takes that order takes it also where it asks for nothing new, as something else may
 * be under way. */
bool mirror_stops_again(const struct mirror *m, enum mirror_effect effect);
/* `now_ms`: when its answer came. One that began before the tasks were seen to be gone, or came
 * after they were seen again, tells nothing. */
void mirror_learn_guard(struct mirror *m, const struct mirror_guard *guard, int64_t now_ms);
/* What a look at the log here found; LOOK_ANSWERED. */
void mirror_learn_log(struct mirror *m, const struct log_look *log);

/* What the connector has stored, by partition at the source; asked from `began_ms` on. Where that
 * has changed since it was seen to be gone, somebody let it go on, or a task that hangs wrote: what
 * was proven of its stop counts no more, nor does the order to stop. Told before the look that it
 * came with. True: its stop was proven until then. */
bool mirror_learn_next(struct mirror *m, const int64_t *next, int32_t n, int64_t began_ms);
/* Whoever led before has found that offsets were stored for what is stopped. */
void mirror_recall_storing(struct mirror *m, int64_t now_ms);

void mirror_facts(const struct mirror *m, int64_t now_ms, enum truth ret_facts[MIRROR_FACT_COUNT]);

/* --- what follows from it --------------------------------------------------------------------- */

enum mirror_reason mirror_judge(const enum truth facts[MIRROR_FACT_COUNT]);
/* `ret_why` is static. */
enum mirror_effect mirror_move(enum mirror_wish wish, const enum truth facts[MIRROR_FACT_COUNT],
                               const char **ret_why);

enum mirror_state mirror_reason_state(enum mirror_reason reason);
const char *mirror_reason_code(enum mirror_reason reason);
const char *mirror_reason_text(enum mirror_reason reason);
const char *mirror_reason_remedy(enum mirror_reason reason);
const char *mirror_effect_text(enum mirror_effect effect);
const char *mirror_state_text(enum mirror_state state);
const char *mirror_state_meaning(enum mirror_state state);

/* What comes and goes by itself while a mirror starts or stops; what others store does not. */
bool mirror_reason_passes(enum mirror_reason reason);

/* Rows of the tables as text, for people. NULL fields: there is no row `i`. */
struct mirror_row {
    const char *fact, *answer, *state, *reason;
};
bool mirror_row(unsigned i, struct mirror_row *ret);
struct mirror_move_row {
    const char *wish, *fact, *answer, *effect, *why;
};
bool mirror_move_row(unsigned i, struct mirror_move_row *ret);
const char *mirror_fact_text(enum mirror_fact fact);
const char *mirror_fact_meaning(enum mirror_fact fact);

#endif
