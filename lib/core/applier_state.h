/*
 * The inside of the applier, shared by its own files only: applier.c (life, effects, views),
 * applier_connection.c (whose connection it is), applier_chain.c (what is said on it),
 * applier_run.c (what of a partition goes into a transaction), applier_reply.c (what the answers
 * mean), applier_partition.c (where a partition stands),
 * applier_turn.c (which clock its deadlines are by), applier_records.c (its records, and those that
 * were refused), applier_ids.c (which of them were there before) and applier_quarantine.c (which
 * are held back).
 */
#ifndef REDWAL_CORE_APPLIER_STATE_H
#define REDWAL_CORE_APPLIER_STATE_H

#include "base/backoff.h"
#include "base/fifo.h"
#include "base/prng.h"
#include "core/applier.h"
#include "core/backlog.h"
#include "core/key_marks.h"
#include "core/locate.h"
#include "core/quarantine.h"
#include "core/recent_ids.h"
#include "core/settle.h"

enum {
    GUARDS_MAX = 16,      /* partitions watched at a time */
    SEGMENTS_MAX = 64,    /* runs of records in one transaction */
    BATCH_OPS_FIRST = 64, /* the batch size a connection starts with */
    BATCH_SLOW_MS = 50,   /* a transaction slower than this halves the batch size */
    DEAD_LETTERS_IN_FLIGHT_MAX = 2000,
    AFTERMATH_MAX = 4096,  /* refused by Redis and not stored yet, a partition */
    UNSETTLED_MAX = 32768, /* offsets between `settled` and `next` at which a partition waits */
    WINDOW_MAX = 65536,    /* records to settle, a partition; above UNSETTLED_MAX and a batch */
    HELD_RECHECK_MS = 5000,
    DOUBT_MS = 250, /* answers that came while this process stood still are read in it */
    FACTS_INTERVAL_MS = 2000,
    TOKEN = 1000, /* one operation of the rate limit */
};

enum expect_kind {
    EXPECT_REHEARSAL,   /* MULTI and DISCARD, with nothing in between */
    EXPECT_CLAIM,       /* HSETNX identity wal */
    EXPECT_IDENTITY,    /* HMGET identity wal restore */
    EXPECT_COMPILED,    /* EVAL of a script that does nothing */
    EXPECT_STILL_OURS,  /* the same, before scripts are registered */
    EXPECT_REGISTERING, /* MULTI and what it is to execute for that */
    EXPECT_SCRIPTS,     /* its EXEC: HSETNX identity script:... each, and HMGET of them */
    EXPECT_LOCATE,      /* HMGET position, of a partition that asks where it is */
    EXPECT_PARTITION,   /* HMGET identity p<n> until<n> untilnew */
    EXPECT_IDS,         /* GET: which segments of ids there are, or one of them */
    EXPECT_QUARANTINE,  /* HGETALL: the keys that are held back */
    EXPECT_PEEK,        /* HMGET position, of a partition that may be another applier's */
    EXPECT_WATCH,
    EXPECT_GUARD, /* HMGET position behind WATCH */
    EXPECT_MULTI,
    EXPECT_QUEUED,
    EXPECT_EXEC,
    EXPECT_DISCARD,
    EXPECT_UNWATCH,
    EXPECT_ROLE,
    EXPECT_OURS,      /* the same, of a primary that was ours, or behind WATCH */
    EXPECT_TYPE,      /* of the key of the partition's next window operation */
    EXPECT_UNTOUCHED, /* HMGET position, behind these */
    EXPECT_COUNT
};

/* The next `count` answers are of this kind. */
struct expectation {
    enum expect_kind kind;
    int32_t partition;
    uint32_t count;
};

struct segment {
    int32_t partition;
    uint32_t n_entries, n_commands;
    bool has_script; /* the log-time script runs in front of them */
};

/* The ids that a transaction stores, by number, and what it does to the segments. */
struct ids_step {
    uint64_t begin, end;
    bool begins_segment;
    size_t n_dropped; /* segments, the oldest */
};

/* The position that a transaction writes for a partition. */
struct closing {
    int32_t partition;
    uint32_t n_entries;
    struct position after;
    struct ids_step ids;
    size_t n_refusals; /* written down with it */
};

/* One MULTI: its records are the fronts of their partitions' backlogs. */
struct transaction {
    bool begun; /* MULTI was sent */
    struct segment segments[SEGMENTS_MAX];
    size_t n_segments;
    struct closing closings[GUARDS_MAX];
    size_t n_closings;
    uint32_t n_commands; /* of records, with looks and listings; bookkeeping comes behind them */
    uint32_t n_scripts;  /* in front of segments */
    uint32_t n_answered; /* +QUEUED or errors, of records and bookkeeping */
    size_t n_bytes;
    int64_t sent_at_ms;             /* EXEC */
    bool full;                      /* closed because it could take no more */
    bool failed;                    /* something in it was refused while queueing */
    enum redis_error_class failure; /* the gravest of them */
    char why[REJECT_DETAIL_MAX];
    int32_t refused_partition; /* of the operation that was refused, when failure says so */
    size_t refused_entry;
};

enum guard_state { GUARD_NONE, GUARD_ASKED, GUARD_VERIFIED };

/* What is watched for the next EXEC. */
struct guard {
    enum guard_state state;
    int32_t partitions[GUARDS_MAX];
    size_t n, n_answered;
};

/* A partition in log time that has caught up turns to the clock of Redis: it is no longer
 * delivered, what it has is applied, its deadlines become ordinary ones in steps, and the last step
 * writes a position that says so. */
enum turn_state { TURN_NONE, TURN_STEPS, TURN_LAST_STEP };

/* A record that Redis refused, or whose outcome is unknown, and that is not stored yet. */
struct aftermath {
    int64_t offset;
    void *message;
    struct reject reject;
    bool storing;
};

/* A record whose answer was lost; its settle_operation stands beside it. */
struct window_entry {
    int64_t offset;
    void *message;
    struct quarantine_record *names; /* owned; its keys are those of the settle_operation beside */
};

/* The ids of a partition's records, and what of them is in Redis: segments `first` to `last`. */
struct ids {
    struct recent_ids recent;
    uint64_t stored; /* ids below this number are in Redis, unless it was told to drop them */
    int64_t first, last;
    struct fifo ends; /* of uint64_t: for each segment the number behind its last id */
    size_t n_in_last; /* ids in the last segment */

    bool indexed, loaded, broken; /* the index was read; all was; it makes no sense */
    int64_t next_to_ask;          /* segment */
    size_t n_asked;               /* answers outstanding */
    size_t n_stale;               /* and those for what was dropped */
};

struct unanswered;

/* The keys of a partition that are held back, as of the last record that was judged. */
struct secluded {
    struct quarantine held;
    uint64_t judged_to; /* entries with lower sequence numbers are judged */
    uint64_t waits_for; /* no entry is judged before those below this one are answered */
    bool is_full;       /* and the next record may add to it */
    struct unanswered *unanswered;
    struct fifo refusals; /* of struct quarantine_record *, owned, in the order of the log: what
                             Redis refused, kept for a primary that lacks what was written of it */
    size_t n_written;     /* the first of them are in this one */
    int64_t known_from;   /* of records from here on all refusals are among them */
    bool loaded, broken;
    size_t n_asked, n_stale; /* answers outstanding, and those for what was dropped */
};

struct partition {
    bool assigned;
    bool peeked;
    enum partition_phase phase;
    enum hold_reason hold, noted_hold;
    int64_t recheck_at_ms; /* while held */

    /* Where the fold stands in the primary; valid unless locating or held. */
    struct position position;
    bool fresh;          /* Redis holds no position yet */
    int64_t known_next;  /* outcomes below are known to this process; -1: none */
    int64_t peeked_next; /* in this primary, when it is another's; -1 while unknown */

    /* The answers locate() waits for. */
    bool has_asked, has_read, has_identity, has_facts;
    bool end_is_fresh; /* asked for after the position was read */
    struct locate_facts facts;
    char log[LOG_IDENTITY_MAX + 1];
    int64_t begin, end; /* of the log; -1 while unknown */

    bool delivering;  /* the log was told to start */
    bool parked;      /* not delivering because too much waits here */
    bool postponed;   /* not delivering because the next record cannot be prepared yet */
    bool halting;     /* Redis refused a record and no record may be skipped */
    int64_t expected; /* the lowest offset that may be offered next */
    int64_t until;    /* the first offset that is not to be applied; INT64_MAX: none */

    int64_t log_ms;    /* log time behind the last record taken in, or LOG_TIME_OFF */
    int64_t at_end_ms; /* since when there is nothing more to read; -1 while there may be */
    char index_key[LOG_TIME_INDEX_MAX];
    size_t index_n;
    bool has_script; /* in the open transaction */
    enum turn_state turn;
    bool stepping; /* a step is in a transaction that is not answered */

    struct ids ids;
    struct secluded secluded;
    struct backlog backlog;
    size_t n_committing, n_open; /* entries in the two transactions; the front of the backlog */
    size_t bytes_sent;           /* of these entries */
    uint64_t n_popped;           /* entries ever taken out: their sequence numbers are below */
    uint64_t store_from;         /* no entry below this sequence number waits to be stored */

    struct aftermath *aftermath;
    size_t n_aftermath, aftermath_capacity;
    struct window_entry *window;
    struct settle_operation *window_operations;
    size_t n_window, window_capacity, n_window_answered;
    bool window_complete, window_asked;
    size_t n_stale_types;     /* answers outstanding for a window that was dropped */
    size_t n_stale_untouched; /* and the position behind them */
};

struct applier {
    struct applier_settings settings;
    struct str wal;
    struct prng prng;
    struct applier_counters counters;

    struct partition *partitions; /* by number */
    int32_t n_partitions;
    int32_t n_assigned;
    int32_t rotation; /* where the last batch began */

    /* The connection. */
    bool connecting, connected, identified;
    size_t n_compiled; /* scripts that a Redis has compiled; once it is all, they are not tried
                          again */
    bool draining;     /* answers are only counted until none is outstanding; then all is resent */
    int64_t connect_at_ms;
    struct backoff backoff;
    struct primary_facts primary;
    enum hold_reason hold, noted_hold;
    bool pressed;
    int64_t retry_at_ms;
    char why[NOTE_TEXT_MAX], noted_why[NOTE_TEXT_MAX];
    struct buf output;
    struct expectation *expected;
    size_t expected_first, n_expected, expected_capacity;
    int64_t answered_at_ms; /* the last answer, or the first unanswered send */
    bool doubted;           /* silent for too long; given up at: */
    int64_t doubted_until_ms;
    int64_t probe_at_ms;

    struct guard guard;
    struct transaction open, committing;
    struct key_marks marks; /* of the group that is being measured */
    uint32_t batch_ops;
    int64_t tokens; /* thousandths of operations the rate limit allows now */
    int64_t tokens_at_ms;
    int64_t settle_at_ms; /* -1: nothing to settle */

    size_t n_ids;       /* remembered, all partitions */
    bool ids_are_short; /* and some had to be given up */
    size_t n_loads;     /* parts of them asked for and not answered */
    struct buf ids_bytes;

    size_t pending_records, pending_bytes;
    int32_t dead_letters_in_flight;
    struct backoff dead_letter_backoff;
    int64_t dead_letter_retry_at_ms;
    char dead_letter_trouble[NOTE_TEXT_MAX];

    int64_t commit_at_ms, facts_at_ms;

    struct fifo effects; /* of struct effect */
    void **released;
    size_t n_released, released_capacity;
};

/* applier.c */
struct partition *applier_partition(struct applier *a, int32_t number); /* made when new */
void effect_add(struct applier *a, const struct effect *effect);
void effect_simple(struct applier *a, enum effect_type type, int32_t partition, int64_t offset);
void note(struct applier *a, enum note_level level, const char *format, ...) PRINTF_LIKE(3, 4);
void message_release(struct applier *a, void *message);

/* applier_connection.c */
void say(struct applier *a, const struct str *words, size_t n); /* appends one command */
void note_answered(struct applier *a, int64_t now_ms);
void expect(struct applier *a, enum expect_kind kind, int32_t partition, uint32_t count,
            int64_t now_ms);
struct expectation expected_take(struct applier *a); /* the kind of the next answer */
void transactions_forget(struct applier *a);
void connection_reset(struct applier *a);
void connection_accepted(struct applier *a, int64_t now_ms); /* and knows our scripts */
void connection_refuse(struct applier *a, enum hold_reason hold, const char *why, int64_t now_ms);
void connection_give_up(struct applier *a, int64_t now_ms, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* A question that got no answer is asked again on the next connection. */
void asked_in_vain(struct applier *a, const char *what, const struct reply *reply, int64_t now_ms);

/* applier_greeting.c */
/* What comes before connection_accepted(). `claims`: it is blank, and becomes this WAL's. */
void greet(struct applier *a, bool claims, int64_t now_ms);
void ask_identity(struct applier *a, enum expect_kind kind, int64_t now_ms);
/* False: it is an answer to something else. */
bool greeting_answered(struct applier *a, enum expect_kind kind, const struct reply *reply,
                       int64_t now_ms);

/* applier_chain.c */
void chain_advance(struct applier *a, int64_t now_ms); /* says all that can be said now */
void chain_ask(struct applier *a, int64_t now_ms);     /* the questions of partitions */
void chain_probe(struct applier *a, int64_t now_ms);   /* is an idle primary still ours? */
/* The rate limit is another one from now on; 0: none. */
void chain_limit_rate(struct applier *a, int64_t ops, int64_t now_ms);
/* When the rate limit lets the next command go, if any waits for it; INT64_MAX: none does. */
int64_t chain_tokens_at_ms(const struct applier *a);
/* Takes everything back that was not executed; it is sent again once no answer is outstanding. */
void chain_abort(struct applier *a, int64_t now_ms);

/* applier_run.c */
struct run {
    uint32_t n_entries, n_commands;
    size_t n_bytes, n_bytes_around; /* of their commands; of looks and listings */
    int64_t log_ms; /* of the first entry that is in log time; LOG_TIME_OFF: none is */
};

/* The longest run of a partition's entries behind the sent ones that fits into the open
 * transaction. A single entry always fits into an empty one. */
struct run run_measure(struct applier *a, const struct partition *p);
void run_say(struct applier *a, int32_t number, const struct run *run, int64_t now_ms);

/* applier_reply.c: what answers mean; see applier_reply() */

/* applier_partition.c */
void partition_locate_again(struct applier *a, int32_t number);
void partition_position_read(struct applier *a, int32_t number, const struct reply *reply,
                             int64_t now_ms);
void partition_ids_read(struct applier *a, int32_t number, const struct reply *reply,
                        int64_t now_ms);
void partition_quarantine_read(struct applier *a, int32_t number, const struct reply *reply,
                               int64_t now_ms);
void partition_identity_read(struct applier *a, int32_t number,
                             const struct partition_identity *identity, int64_t now_ms);
void partition_type_read(struct applier *a, int32_t number, struct str type);
/* The position as it was after the types were read. */
void partition_window_read(struct applier *a, int32_t number, const struct reply *reply,
                           int64_t now_ms);
/* The connection is gone: what was sent may or may not have happened. */
void partition_disconnected(struct applier *a, int32_t number);
void partition_tick(struct applier *a, int32_t number, int64_t now_ms);
void partition_drop(struct applier *a, int32_t number); /* everything it holds in memory */
bool partition_wants_types(const struct partition *p);
/* Revoked, with something in flight or outcomes not written down. */
bool partition_is_leaving(const struct partition *p);
void partition_finish_leaving(struct applier *a, int32_t number);
/* A record was rejected and may not be skipped. */
void partition_halt(struct applier *a, int32_t number, int64_t now_ms);
void partition_hold(struct applier *a, int32_t number, enum hold_reason reason, int64_t now_ms);
/* A record between `settled` and `next`; and: no more of them will come. */
void partition_add_to_window(struct applier *a, int32_t number, const struct prepared *record,
                             int64_t now_ms);
void partition_complete_window(struct applier *a, int32_t number, int64_t now_ms);

/* applier_turn.c */
void partition_try_turning(struct applier *a, int32_t number, int64_t now_ms);
int64_t partition_turns_at_ms(const struct applier *a, const struct partition *p);
void partition_forget_turning(struct partition *p);
struct str partition_index(const struct partition *p);
bool partition_wants_step(const struct partition *p);
void partition_script_answered(struct applier *a, int32_t number, const struct reply *reply,
                               int64_t now_ms);
/* applier_ids.c */
enum id_verdict { ID_NONE, ID_NEW, ID_DUPLICATE };

/* Judges the id of the partition's next record, and remembers it when it is new. */
enum id_verdict ids_judge(struct applier *a, struct partition *p, const struct prepared *record);
/* The same of a record below the position: whether it certainly was skipped. */
bool ids_was_duplicate(const struct applier *a, const struct partition *p,
                       const struct prepared *record);
void ids_ask_index(struct applier *a, int32_t number, int64_t now_ms);
void ids_ask_segments(struct applier *a, int32_t number, int64_t now_ms);
void ids_answered(struct applier *a, struct partition *p, const struct reply *reply);
/* Says what stores the new ids of the transaction's entries; how many commands that took. */
uint32_t ids_write(struct applier *a, struct closing *closing);
void ids_written(struct partition *p, const struct ids_step *step);
void ids_drop(struct applier *a, struct partition *p); /* from memory; Redis has them */
/* What Redis has was remembered for another history. */
void ids_disown(struct applier *a, struct partition *p);
void ids_connection_reset(struct applier *a, struct partition *p);

/* applier_quarantine.c */
bool secluded_matter(const struct applier *a, const struct partition *p,
                     const struct prepared *record); /* whether it has to be judged */
struct quarantine_record *secluded_names(const struct prepared *record);
void secluded_judge(struct applier *a, int32_t number, int64_t now_ms); /* as far as it can be */
bool secluded_is_judged(const struct partition *p, size_t entry);
/* Redis refused the record, or nobody knows; takes it over. */
void secluded_refuse(struct applier *a, struct partition *p, struct quarantine_record *r);
void secluded_refuse_entry(struct applier *a, struct partition *p, size_t entry);
/* Of a record below the position that was sent. */
enum settle_turn secluded_turn(const struct partition *p, const struct quarantine_record *r);
void secluded_ask(struct applier *a, int32_t number, int64_t now_ms);
void secluded_answered(struct partition *p, const struct reply *reply);
/* Whether this process knows which records from this offset on were refused. */
bool secluded_knows(const struct applier *a, const struct partition *p, int64_t offset);
/* `knows`: outcomes are known; else records from `at->read_from` on are judged again. */
void secluded_resume(struct partition *p, const struct location *at, bool knows);
void secluded_drop(struct partition *p);   /* what Redis has */
void secluded_forget(struct partition *p); /* all of it */
/* Says what changed with the transaction's entries; how many commands that took. */
uint32_t secluded_write(struct applier *a, struct closing *closing);
void secluded_written(const struct applier *a, struct partition *p, const struct closing *closing);

/* applier_records.c */
void entry_reject(struct applier *a, struct entry *entry, enum reject_reason reason,
                  struct str detail);
bool partition_has_sendable(const struct partition *p);
bool partition_needs_settling(const struct partition *p);
int64_t partition_settled(const struct partition *p); /* as far as this process knows */
/* The position behind the next n sent entries, which are the front of the backlog. */
struct position partition_position_after(const struct partition *p, size_t n_entries);
/* The front entries of one segment were executed; returns how many results are theirs. One that
 * says that a look or a listing was refused goes to `ret_refused`. */
size_t partition_executed(struct applier *a, int32_t number, uint32_t n_entries,
                          const struct reply *results, int64_t now_ms,
                          const struct reply **ret_refused);
/* Redis refused the entry while queueing: it will not be sent again. */
void partition_refused(struct applier *a, int32_t number, size_t entry, struct str why,
                       int64_t now_ms);
void partition_add_aftermath(struct applier *a, int32_t number, int64_t offset, void *message,
                             enum reject_reason reason, struct str detail);
void partition_store_dead_letters(struct applier *a, int32_t number, int64_t now_ms);

#endif
