/* What reverting is made of; for lib/runtime/revert*.c alone. */
#ifndef REDWAL_RUNTIME_REVERT_STATE_H
#define REDWAL_RUNTIME_REVERT_STATE_H

#include "core/quarantine.h"
#include "core/revert.h"
#include "runtime/revert.h"
#include "runtime/verify_state.h"
#include "runtime/written_keys.h"

/* Databases of the scratch Redis. */
#define REVERT_DB_END  "0" /* the fold of the whole log */
#define REVERT_DB_THEN "1" /* what matched, as it was */

/* A key that differs, and what it was. What it points to lives until the scratch Redis is asked
 * again. */
struct revert_case {
    struct str key;
    struct finding finding;
    struct revert_value was;
    const struct reply *answers[VALUE_READS_MAX];
    struct revert_field *fields;     /* owned */
    bool is_quarantined;             /* as far as the scratch Redis knows */
    char unread[FINDING_DETAIL_MAX]; /* why it could not be read, or "" */
};

/* Which records are read. */
enum revert_part {
    REVERT_COUNTS,  /* those that made keys what they were */
    REVERT_UNDOES,  /* those behind them, up to the end that the log had */
    REVERT_IS_LATE, /* those behind that end */
};

/* In one partition. */
struct revert_appended {
    int64_t n, until; /* behind the last one */
};

struct revert {
    struct verify *v;
    struct revert_settings settings;
    struct revert_log log;
    int64_t now_ms; /* what has ended by then is gone */
    enum revert_part part;
    struct key_set named;  /* by those that are undone; once it is full, any key may be */
    struct key_set done;   /* by this run */
    struct key_set stray;  /* keys that have records in another partition than theirs */
    struct key_list names; /* of fields */
    struct revert_writer *writer;
    struct written_keys written;
    struct written_keys earlier;      /* of `done`; what becomes of them is found only now */
    bool forgets_earlier;             /* it has no room for all of them */
    struct revert_appended *appended; /* by partition */
    char late_unknown[ERR_MSG_MAX];   /* why nobody knows what came late, or "" */
};

/* One that may be reverted: it matches, and no program of ours made it. */
bool revert_is_wanted(const struct revert *r, struct str key);
bool revert_is_stage(struct str key);
/* The record is the one by which this run makes the key. */
bool revert_is_of_key(const struct revert *r, const struct prepared *record, struct str key);
/* The name that the record which makes a key has. `ret` has REVERT_ID_MAX + 1 bytes. */
struct str revert_id_of(const struct revert *r, struct str key, char *ret);
/* What is asked of `d` next is asked of that database. */
void revert_say_select(struct dialogue *d, const char *database);
/* An answer of the scratch Redis; an error among them is ERR_UNAVAILABLE. */
enum err_code revert_hear(struct dialogue *d, const struct reply **ret, struct err *err);
int32_t revert_partition(const struct revert *r, struct str key);

/* A command whose answer is above 0 when a key is quarantined. */
struct revert_question {
    struct str words[3];
    char hash[QUARANTINE_KEY_MAX];
};
void revert_ask_quarantined(const struct revert *r, struct str key, struct revert_question *ret);

/* revert_judge.c: reads a key in both databases. `ret->finding` is FINDING_NONE when they hold the
 * same, and FINDING_UNDECIDED when it is too large to be read; the caller releases `ret`. */
enum err_code revert_judge(struct revert *r, struct str key, struct revert_case *ret,
                           struct err *err);
void revert_case_release(struct revert_case *c);

/* revert_late.c: reads what somebody wrote to the log while keys were judged, and tells of those
 * that were reverted. */
enum err_code revert_look_for_late(struct revert *r, struct err *err);
void revert_read_late(struct revert *r, const struct prepared *record);
/* The first record of a key that this run made before. */
void revert_note_earlier(struct revert *r, const struct prepared *record, struct str key);

/* revert_write.c: says what is found, and appends what makes it what it was; at the latest with
 * revert_writer_flush(). */
struct revert_writer *revert_writer_new(struct revert *r);
void revert_writer_free(struct revert_writer *w); /* NULL is fine */
enum err_code revert_write(struct revert_writer *w, const struct revert_case *c, struct err *err);
enum err_code revert_writer_flush(struct revert_writer *w, struct err *err);

#endif
