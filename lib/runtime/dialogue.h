/*
 * Questions and answers with one Redis over the port of the sink: commands are gathered, sent at
 * once, and their answers are waited for in order. Blocks, within a timeout for each answer.
 */
#ifndef REDWAL_RUNTIME_DIALOGUE_H
#define REDWAL_RUNTIME_DIALOGUE_H

#include "core/reply.h"
#include "port/sink.h"

enum { DIALOGUE_MAX_BYTES = 256 * 1024 * 1024 }; /* gathered, not sent yet */

struct dialogue {
    struct sink sink;
    int64_t timeout_ms;
    struct buf out; /* commands gathered */
    size_t n_unanswered;
    struct primary_facts facts;
};

/* Connects; what the server says about itself is in `facts`. `sink` is borrowed. */
enum err_code dialogue_open(struct dialogue *d, const struct sink *sink, int64_t timeout_ms,
                            struct err *err);
void dialogue_close(struct dialogue *d); /* safe on a zeroed one */

/* Gathers a command. ERR_LIMIT is kept until dialogue_send(). */
void dialogue_say(struct dialogue *d, const struct str *words, size_t n);
/* Words that are texts, ended by NULL. */
void dialogue_say_text(struct dialogue *d, const char *word, ...);
/* The buffer of gathered commands, for those who append n of them by themselves. */
struct buf *dialogue_gather(struct dialogue *d, size_t n);
enum err_code dialogue_send(struct dialogue *d, struct err *err);
/* The next answer, in order; it lives until the next call. An answer that is an error of Redis is
 * an answer. */
enum err_code dialogue_hear(struct dialogue *d, const struct reply **ret, struct err *err);
/* One command and its answer; an error of Redis is ERR_UNAVAILABLE, or ERR_DENIED for NOPERM. */
enum err_code dialogue_ask(struct dialogue *d, const struct str *words, size_t n,
                           const struct reply **ret, struct err *err);

#endif
