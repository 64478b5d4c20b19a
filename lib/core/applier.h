/*
 * The applier's decisions: which records go to Redis when, what is stored as a dead letter, where a
 * partition goes on after anything happened. Pure: events come in with the time they happened at,
 * effects come out; nothing here reads a clock, a socket or a file.
 *
 * Exactly once rests on two things. The position is written in the transaction that carries the
 * data, and EXEC is sent only after a read behind WATCH answered what this applier wrote last (the
 * verified chain, docs/adr/0002-verified-chain.md). Whenever anything else than that happens (a
 * different answer, an error, silence, a moved primary) the connection is given up and every
 * partition asks the next primary where it is.
 *
 * One thread at a time.
 */
#ifndef REDWAL_CORE_APPLIER_H
#define REDWAL_CORE_APPLIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/command.h"
#include "core/hold.h"
#include "core/log_time.h"
#include "core/position.h"
#include "core/primary.h"
#include "core/recent_ids.h"
#include "core/record.h"
#include "core/redis_error.h"
#include "core/reject.h"
#include "core/reply.h"
#include "core/script.h"

enum {
    PARTITIONS_MAX = 4096,
    NOTE_TEXT_MAX = 400,
    LATENCY_BUCKETS = 18,
};

enum applier_on_reject { ON_REJECT_SKIP, ON_REJECT_QUARANTINE_KEY, ON_REJECT_HALT };

struct applier_settings {
    char wal[WAL_NAME_MAX + 1];
    const struct script_set *scripts; /* outlive the applier; NULL: none */
    bool adopt;      /* build upon data or a log whose beginning nobody can vouch for */
    bool hold_blank; /* see struct primary_policy */
    enum applier_on_reject on_reject;
    struct log_time_rule expiry;
    int64_t clock_skew_threshold_ms; /* a smaller difference of the clocks counts as none */
    uint32_t batch_max_ops;          /* commands in one transaction */
    size_t batch_max_bytes;          /* a single larger record still travels, alone */
    size_t pending_max_bytes;     /* commands waiting or unanswered, and rejected records waiting,
                                     all partitions */
    uint32_t pending_max_records; /* records waiting or unanswered, all partitions */
    int64_t rate_limit_ops;       /* a second; 0: none */
    int64_t silence_timeout_ms;   /* an unanswered primary is given up */
    int64_t probe_interval_ms;    /* an idle primary is asked whether it still is one */
    int64_t settle_delay_ms;      /* idle time before outcomes are written down by themselves */
    int64_t retry_first_ms, retry_max_ms;
    int64_t commit_interval_ms;          /* group offsets, for tools that watch lag */
    uint32_t idempotency_window_seconds; /* of log time, in which an id is applied once; 0: off */
    uint64_t idempotency_max_ids;        /* remembered at most, all partitions */
    uint32_t idempotency_segment_ids;    /* a string in Redis that holds as many is not added to */
    size_t quarantine_max_keys;          /* held back at most, a partition */
    uint64_t seed;                       /* of the jitter */
};

/* Sensible values for everything but the name. */
struct applier_settings applier_settings_default(void);

struct applier;

struct applier *applier_new(const struct applier_settings *settings, int64_t now_ms);
/* Messages it still holds come out of applier_take_released() before; see applier_abandon(). */
void applier_free(struct applier *a);

/* Takes rate_limit_ops, silence_timeout_ms, probe_interval_ms, commit_interval_ms and
 * clock_skew_threshold_ms over; the other settings stay. What was saved up below one rate limit is
 * not spent above the next. */
void applier_tune(struct applier *a, const struct applier_settings *settings, int64_t now_ms);

/* --- effects: what the shell must do now, oldest first --------------------------------------- */

enum effect_type {
    EFFECT_CONNECT,           /* sink connect(); answer applier_connected/_connect_failed */
    EFFECT_DISCONNECT,        /* sink disconnect(); no answer */
    EFFECT_ASK_FACTS,         /* log ask_facts(partition); answer applier_log_facts */
    EFFECT_START,             /* log start(partition, offset) */
    EFFECT_STOP,              /* log stop(partition) */
    EFFECT_STORE_DEAD_LETTER, /* dead letter of `message`; answer applier_dead_letter */
    EFFECT_COMMIT,            /* log commit(partition, offset) */
    EFFECT_NOTE,              /* log `note` */
};

enum note_level { NOTE_ERROR, NOTE_WARN, NOTE_INFO, NOTE_DEBUG };

struct effect {
    enum effect_type type;
    int32_t partition;
    int64_t offset;
    void *message;               /* EFFECT_STORE_DEAD_LETTER; not to be released */
    const struct reject *reject; /* until the next call on the applier */
    enum note_level level;
    char note[NOTE_TEXT_MAX];
};

bool applier_next_effect(struct applier *a, struct effect *ret_effect);
bool applier_has_effects(const struct applier *a);

/* Bytes for the connection; the shell sends and empties it after each event, unless it executes
 * EFFECT_DISCONNECT. */
struct buf *applier_output(struct applier *a);

/* Messages nobody needs any more, up to `max`; the shell releases them. */
size_t applier_take_released(struct applier *a, void **ret_messages, size_t max);

/* When applier_tick() is due at the latest. */
int64_t applier_wakes_at_ms(const struct applier *a);

/* --- events: Redis ---------------------------------------------------------------------------- */

void applier_connected(struct applier *a, const struct primary_facts *facts, int64_t now_ms);
void applier_connect_failed(struct applier *a, const char *why, int64_t now_ms);
void applier_disconnected(struct applier *a, const char *why, int64_t now_ms);
/* Somebody said that the primary is another one now. */
void applier_primary_moved(struct applier *a, int64_t now_ms);
/* False when the answer led to giving the connection up: later answers must not be fed. */
bool applier_reply(struct applier *a, const struct reply *reply, int64_t now_ms);

/* --- events: the log -------------------------------------------------------------------------- */

void applier_assigned(struct applier *a, int32_t partition, int64_t now_ms);
void applier_revoked(struct applier *a, int32_t partition, int64_t now_ms);
void applier_log_facts(struct applier *a, int32_t partition, const char *log, int64_t begin,
                       int64_t end, int64_t now_ms);
void applier_log_end(struct applier *a, int32_t partition, int64_t offset, int64_t now_ms);
void applier_out_of_log(struct applier *a, int32_t partition, int64_t now_ms);

/* How many records the shell may read and offer now; 0 while bounds are reached or nothing is
 * connected. */
size_t applier_room(const struct applier *a);

/* Where the shell appends the commands of a partition's next record before it offers it. */
struct buf *applier_commands(struct applier *a, int32_t partition);

/* For the canonicaliser: in which time the deadlines of a partition's next record are. Borrowed
 * until the next call on the applier. */
struct log_time applier_log_time(struct applier *a, int32_t partition, int64_t timestamp_ms,
                                 int64_t now_ms);
/* What the clock of the primary is ahead, as far as it counts. */
int64_t applier_clock_skew_ms(const struct applier *a);

/* A record as the shell prepared it. */
struct prepared {
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    int64_t log_ms;           /* log time behind it, as applier_log_time() said */
    void *message;            /* the applier's from now on, until released */
    uint64_t digest;          /* of this record alone */
    uint32_t n_bytes;         /* just appended to applier_commands() */
    uint32_t n_message_bytes; /* of the message: what a rejected record keeps in memory */
    uint32_t n_commands;
    enum envelope_kind kind;
    enum command_failure failure;
    enum key_type key_type;
    struct log_time_wants wants;
    bool has_id;
    struct id_hash id;
    const struct str *keys; /* borrowed for the call; all that it names, also when rejected */
    size_t n_keys;
    const struct retry_claim *claims; /* borrowed for the call; of a retry */
    size_t n_claims;
    const struct release *release; /* NULL unless it is one; borrowed for the call */
    const struct mark *mark;       /* the same */
    const struct reject *reject;   /* NULL: accepted; borrowed for the call */
};

void applier_offer(struct applier *a, const struct prepared *record, int64_t now_ms);
/* Instead of an offer: the record at `offset` cannot be prepared yet. Nothing of its partition is
 * read past it until applier_proceed(); its message is released. */
void applier_postpone(struct applier *a, int32_t partition, int64_t offset, void *message,
                      int64_t now_ms);
/* What was postponed may be prepared now: its partitions are read on from there. */
void applier_proceed(struct applier *a);
/* Sends what can be sent. Called after a run of offers. */
void applier_flush(struct applier *a, int64_t now_ms);

/* --- events: dead letters and time ------------------------------------------------------------ */

/* The answer to EFFECT_STORE_DEAD_LETTER: stored, or why not (it is tried again). */
void applier_dead_letter(struct applier *a, int32_t partition, int64_t offset, bool stored,
                         const char *why_not, int64_t now_ms);
void applier_tick(struct applier *a, int64_t now_ms);
/* Tells the group how far every partition is, now. */
void applier_commit_now(struct applier *a);

/* --- looking at it ---------------------------------------------------------------------------- */

/* Everything accepted so far is applied and settled. */
bool applier_is_drained(const struct applier *a);
/* Gives everything up: all messages become released, no effect is pending. */
void applier_abandon(struct applier *a);

/* Asks, on this connection and again each probe interval, how far a partition is that may be
 * another applier's; for --until-end. */
void applier_watch_position(struct applier *a, int32_t partition);
/* The position last read or written, -1 while unknown. */
int64_t applier_position(const struct applier *a, int32_t partition);

enum partition_phase {
    PARTITION_ABSENT,   /* not ours */
    PARTITION_LOCATING, /* waits for Redis or the log to say where it is */
    PARTITION_SETTLING, /* finds out what became of records whose answers were lost */
    PARTITION_ACTIVE,
    PARTITION_HELD,
};

struct partition_view {
    enum partition_phase phase;
    enum hold_reason hold;
    int64_t next, settled, end; /* -1 while unknown */
    int64_t known_next;         /* `next` as it was known last; -1 when it never was */
    int64_t record_ms;          /* timestamp of the last record applied, 0 for none */
    int64_t mark_ms;            /* when the last mark was written, 0 for none */
    int64_t n_different;        /* stretches between marks that the writer folded otherwise */
    int64_t oldest_pending_ms;  /* timestamp of the oldest record waiting; -1 for none */
    uint64_t n_pending;
    uint64_t n_quarantined; /* keys held back */
    bool waits_for_dead_letter;
    int64_t log_ms;  /* log time, or LOG_TIME_OFF */
    bool catches_up; /* deadlines will be by the clock of Redis once it has caught up */
    bool postponed;  /* its next record cannot be prepared yet */
};

void applier_view_partition(const struct applier *a, int32_t partition,
                            struct partition_view *ret_view);
int32_t applier_partition_limit(const struct applier *a); /* one past the highest known */

struct applier_view {
    bool connected;
    char address[PRIMARY_ADDRESS_MAX + 1];   /* of the primary, or the last one */
    enum hold_reason hold;                   /* of the whole Redis */
    bool pressed;                            /* Redis says that it cannot now */
    char why[NOTE_TEXT_MAX];                 /* why not connected, held or pressed; "" otherwise */
    char dead_letter_trouble[NOTE_TEXT_MAX]; /* why dead letters cannot be stored; "" otherwise */
    int32_t n_assigned;
    uint64_t n_ids;              /* remembered */
    struct command_set commands; /* of the primary; for the canonicaliser */
    int64_t clock_skew_ms;
};

void applier_view(const struct applier *a, struct applier_view *ret_view);

/* A record, as an example of how long records took. */
struct applier_exemplar {
    int32_t partition;
    int64_t offset;
    double latency_seconds;
    int64_t at_ms; /* when it was answered for; 0: there is no such record */
};

/* Only ever grow. */
struct applier_counters {
    uint64_t records;                      /* moved past, whatever became of them */
    uint64_t applied[ENVELOPE_KIND_COUNT]; /* of these, those that took effect */
    uint64_t duplicates;           /* of these, skipped because their id was applied before */
    uint64_t retries_skipped;      /* of these, retries of what was not held back, or not next */
    uint64_t ids_given_up;         /* before their window ended, since there were too many */
    uint64_t operations;           /* commands executed */
    uint64_t bytes;                /* of these commands */
    uint64_t batches;              /* transactions executed */
    uint64_t refused_transactions; /* EXEC answered nil: another writer, or an assignment moved */
    uint64_t connects, connect_failures, disconnects;
    uint64_t rewinds;         /* a primary was behind what an earlier one had answered for */
    uint64_t rewound_records; /* by how many records, summed */
    uint64_t rejected[REJECT_REASON_COUNT];
    uint64_t dead_letters_stored, dead_letters_failed;
    uint64_t redis_errors[REDIS_ERROR_CLASS_COUNT];
    uint64_t latency_count[LATENCY_BUCKETS + 1]; /* not cumulative; the last is "above all" */
    double latency_sum_seconds;
    struct applier_exemplar exemplars[LATENCY_BUCKETS + 1]; /* the last record of each bucket */
};

/* Upper bounds of the latency buckets (produce to applied), in milliseconds. */
extern const double applier_latency_bounds_ms[LATENCY_BUCKETS];

const struct applier_counters *applier_counters(const struct applier *a);

#endif
