/*
 * The dead-letter topic, folded: which rejected records it holds, each once, and what was decided
 * about them. A crash may have stored a letter twice; a decision is a record of the same topic.
 */
#ifndef REDWAL_CORE_LETTERS_H
#define REDWAL_CORE_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/str.h"

/* X(name, code, what) */
/* clang-format off */
#define LETTER_STATES(X) \
    X(OPEN,      "open",      "nothing was decided yet") \
    X(RETRIED,   "retried",   "it was written to the log again") \
    X(DISCARDED, "discarded", "somebody decided that it is not needed")
/* clang-format on */

#define LETTER_ENUM(name, code, what) LETTER_##name,
enum letter_state { LETTER_STATES(LETTER_ENUM) LETTER_STATE_COUNT };
#undef LETTER_ENUM

const char *letter_state_code(enum letter_state state);
const char *letter_state_text(enum letter_state state);
bool letter_state_from(struct str code, enum letter_state *ret);

/* A place in a topic. */
struct letter_place {
    int32_t partition;
    int64_t offset;
};

struct letter {
    struct letter_place source; /* of the rejected record, in the log */
    struct letter_place at;     /* of its first letter, in the dead-letter topic */
    enum letter_state state;
    uint32_t n_copies;
    uint32_t n_retries; /* decisions to retry it */
};

enum { LETTERS_MAX = 1000000 }; /* letters and decisions that are looked at together: 64 MB */

struct letters {
    struct letter *list;
    size_t n, capacity;
};

void letters_release(struct letters *l); /* safe on a zeroed one */

/* In the order of the topic within a partition. False: there are LETTERS_MAX. */
NODISCARD bool letters_add(struct letters *l, struct letter_place source, struct letter_place at);
/* A decision, as a letter of its own kind; `state` is not LETTER_OPEN. */
NODISCARD bool letters_decide(struct letters *l, struct letter_place source, struct letter_place at,
                              enum letter_state state);
/* From here on the list holds each rejected record once, by its place in the log, with the state
 * that was decided last. */
void letters_fold(struct letters *l);

/* NULL when there is none; after letters_fold(). */
const struct letter *letters_find(const struct letters *l, struct letter_place source);

/* "PARTITION:OFFSET" */
bool letter_place_parse(struct str text, struct letter_place *ret);

/* The number of the next retry of an operation that carries this id, and the id without the
 * "#retry<n>" that an earlier one put behind it. */
uint32_t letter_retry_number(struct str id, uint32_t n_retries, struct str *ret_id);

#endif
