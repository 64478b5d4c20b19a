/*
 * A stand to put the applier on, alone: a Redis that holds positions and answers one command at a
 * time, a log that says where it begins and ends, and everything the applier asked for on record.
 */
#ifndef REDWAL_TESTS_APPLIER_STAND_H
#define REDWAL_TESTS_APPLIER_STAND_H

#include "core/applier.h"

enum {
    STAND_PARTITIONS = 32,
    STAND_QUEUE_MAX = 512,
    STAND_LETTERS_MAX = 2048,
    STAND_WORDS_MAX = 24
};

struct stand {
    struct applier *applier;
    int64_t now_ms;

    /* The Redis: a position is text, as it was written. */
    bool has_position[STAND_PARTITIONS];
    char position[STAND_PARTITIONS][POSITION_FIELD_COUNT][LOG_IDENTITY_MAX + 1];
    struct buf unanswered;  /* what it was sent and has not answered */
    bool in_multi, aborted; /* of the transaction being queued */
    bool touched;           /* the next EXEC is refused: a watched key changed */
    bool watches_identity;
    bool watches[STAND_PARTITIONS]; /* positions */
    size_t n_queued;
    char queued[STAND_QUEUE_MAX][STAND_WORDS_MAX][LOG_IDENTITY_MAX + 1]; /* their first words */
    const char *error_word, *error;      /* commands that begin with this word are answered so */
    bool fails_queueing;                 /* when queued, rather than by EXEC */
    const char *script_error;            /* what it says of every script; NULL: it compiles */
    const char *script_sha;              /* what it knows of every script; NULL: nothing */
    size_t n_scripts;                    /* that the last transaction registered */
    bool is_blank;                       /* it was emptied: its identity is gone */
    const char *restore;                 /* that began it; NULL: none did */
    size_t n_identities;                 /* questions whose it is */
    const char *key_type;                /* the answer to TYPE */
    size_t n_executed[STAND_PARTITIONS]; /* commands of records, by partition */
    size_t n_watches;

    /* The log. */
    const char *log;
    int64_t begin, end;
    int64_t started_at[STAND_PARTITIONS]; /* -1: stopped */

    /* What was asked for. */
    size_t n_letters;
    struct {
        int32_t partition;
        int64_t offset;
        char detail[REJECT_DETAIL_MAX];
    } letters[STAND_LETTERS_MAX];
    size_t n_connects, n_disconnects;
};

/* Settings to start from: no waiting before outcomes are written down. */
struct applier_settings stand_settings(void);
void stand_open(struct stand *s, const struct applier_settings *settings); /* and connects */
void stand_close(struct stand *s);

/* Does what the applier asks for; after everything that is done to the applier. */
void stand_act(struct stand *s);
/* Answers one command, or all of them and what they lead to. */
void stand_answer_one(struct stand *s);
void stand_answer(struct stand *s);
void stand_answer_until_disconnected(struct stand *s);
void stand_pass(struct stand *s, int64_t ms); /* time */

/* Nobody's connection is closed, and who watches a key that is not there is not told. */
void stand_empty(struct stand *s);
/* A restore empties it, and begins it anew. */
void stand_restore(struct stand *s, const char *uid);

void stand_put_position(struct stand *s, int32_t partition, int64_t next, int64_t settled);
int64_t stand_next(const struct stand *s, int32_t partition);
int64_t stand_settled(const struct stand *s, int32_t partition);

void stand_assign(struct stand *s, int32_t partition);
/* `command` is one word; its failure class is that of `failure`. Flush with stand_flush(). */
void stand_offer(struct stand *s, int32_t partition, int64_t offset, const char *command,
                 enum command_failure failure);
void stand_offer_rejected(struct stand *s, int32_t partition, int64_t offset,
                          uint32_t n_message_bytes);
void stand_flush(struct stand *s);
/* The fate of a dead letter that was asked for. */
void stand_stored(struct stand *s, size_t letter, bool stored);

#endif
