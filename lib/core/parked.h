/*
 * The dead letters that quarantine holds back, by the keys that they wait for: in which order and
 * under which numbers they are retried, what a decision about some of them takes along, and what
 * stands in its way (docs/adr/0008-quarantine.md).
 */
#ifndef REDWAL_CORE_PARKED_H
#define REDWAL_CORE_PARKED_H

#include "core/letters.h"
#include "core/quarantine.h"

/* X(name, text) */
/* clang-format off */
#define PARKED_OBSTACLES(X) \
    X(NONE,       "") \
    X(MISSING,    "not every record that was parked is in the dead-letter topic: what is missing would be lost") \
    X(SURPLUS,    "the dead-letter topic has more records of the key than were parked: look at them, and release it by hand") \
    X(UNREADABLE, "a record of it cannot be read, so it cannot be written again: discard it first") \
    X(TIED,       "a record of it waits for another key, which cannot be retried")
/* clang-format on */

#define PARKED_ENUM(name, text) PARKED_##name,
enum parked_obstacle { PARKED_OBSTACLES(PARKED_ENUM) PARKED_OBSTACLE_COUNT };
#undef PARKED_ENUM

const char *parked_obstacle_text(enum parked_obstacle obstacle);

/* A quarantined key. */
struct parked_key {
    int32_t partition;
    struct str key; /* owned */
    struct quarantined state;
    bool is_free;    /* no longer quarantined, or anew */
    int64_t n_found; /* of the records that were parked */
    bool is_chosen;
    enum parked_obstacle obstacle; /* to retrying it */
};

/* A place in the order of a key: which key, and from 1. */
struct parked_number {
    size_t key;
    int64_t number;
};

struct parked_letter {
    struct letter_place source;
    enum letter_state state;
    bool is_attempt;  /* a retry that was rejected itself: not one that was parked */
    bool is_readable; /* as a record; one that is discarded need not be */
    bool is_chosen;
    struct parked_number *numbers; /* owned; of an attempt those that it claims */
    size_t n_numbers;
};

struct parked {
    struct parked_key *keys; /* by partition and key */
    size_t n_keys;
    struct parked_letter *letters; /* in the order of the log */
    size_t n;
};

void parked_release(struct parked *p); /* safe on a zeroed one */

/* What Redis holds of a partition; partitions in ascending order. */
void parked_add_keys(struct parked *p, int32_t partition, const struct quarantine *q);

/* What Redis holds of it later: the states of keys; their letters stay as they are. */
void parked_update(struct parked *p, int32_t partition, const struct quarantine *q);

/* A dead letter, as far as it bears on quarantine; everything is borrowed. */
struct parked_record {
    struct letter_place source;
    enum letter_state state;
    const struct str *keys; /* that it names */
    size_t n_keys;
    const struct retry_claim *claims;
    size_t n_claims;
    bool is_readable;
    bool was_parked; /* its reason says so */
};

enum parked_bearing {
    PARKED_FREE,    /* on no quarantined key */
    PARKED_ENDED,   /* on a quarantine that has ended */
    PARKED_WAITS,   /* it is held back */
    PARKED_ATTEMPT, /* a retry of what is held back, rejected itself */
};

enum parked_bearing parked_bears(const struct parked *p, const struct parked_record *r);
/* One that waits, or an attempt. */
void parked_add(struct parked *p, const struct parked_record *r);
/* Once all are added: finds their order and numbers. */
void parked_order(struct parked *p);

/* NULL: no such letter waits, and none is an attempt. */
const struct parked_letter *parked_find(const struct parked *p, struct letter_place source);

/* Retrying what is chosen (keys, or letters) takes the whole of their keys along, and the keys of
 * what waits with them, of which none may have an obstacle. Afterwards `is_chosen` of keys says
 * which are meant, and `obstacle` which of these cannot be retried. */
void parked_choose_retries(struct parked *p);
/* Choosing a key chooses all of its letters that were not applied; the other way round a key is
 * chosen when nothing of it is left. */
void parked_choose_discards(struct parked *p);

/* It was retried, and Redis took it: by all of its keys. */
bool parked_is_applied(const struct parked *p, const struct parked_letter *l);
/* It is one of those that a retry writes again: its keys are meant and have no obstacle. */
bool parked_is_due(const struct parked *p, const struct parked_letter *l);

#endif
