/*
 * Writing marks (core/mark.h) into the log of a site: which partition is due, and what its mark
 * says. The sequence goes on from what Redis has folded of the whole log, so it survives whoever
 * wrote before. Where that cannot be learned it goes on from the clock, which no sequence
 * overtakes: at most one mark a millisecond is written.
 *
 * Nothing breaks when two write at a time. The log puts their marks in an order; of two with one
 * sequence the first counts, everywhere. The other writer is seen, and said to be there.
 */
#ifndef REDWAL_CORE_MARKING_H
#define REDWAL_CORE_MARKING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/observed.h"

enum {
    MARKING_DELIVERY_MS = 2000, /* a mark that is not stored by then is given up */
    MARKING_LEARN_MS = 30000,   /* so long Redis may take to tell where a sequence is */
    MARKING_DIGEST_WAIT = 4,    /* intervals that the next mark waits for the last one's fold */
    MARKING_RETRY_MS = 1000,    /* between two tries to learn a sequence */
    MARKING_OTHERS_MS = 60000,  /* so long another writer is said to be there */
};

/* One mark for one partition. */
struct mark_order {
    int32_t partition;
    struct mark mark;
};

/* Marks to be written together; the lists are borrowed. */
struct mark_batch {
    const struct mark_order *orders;
    int32_t n;
    const char *site; /* told in the mark; NULL: not told */
    int64_t until_ms; /* on the clock of the machine: nothing leaves after it */
};

struct mark_result {
    int32_t n_stored, n_failed;
    bool denied; /* for want of permission */
    char why[LOOK_WHY_MAX + 1];
};

enum marking_state {
    MARKING_OFF,     /* nobody asks for marks here */
    MARKING_AWAITED, /* none was written yet */
    MARKING_WRITTEN,
    MARKING_FAILED,
    MARKING_DENIED,
    MARKING_OTHERS, /* somebody else writes marks, too */
};

struct marking_partition {
    int64_t sequence, time_ms; /* of the last mark that was ordered or seen; 0: not known */
    int64_t ordered_ms;        /* LOOK_UNKNOWN: never */
};

struct marking {
    struct marking_partition *partitions;
    int32_t n;
    int64_t began_ms;        /* only what was looked at since then tells where a sequence is */
    int64_t others_ms;       /* when another writer's mark was last seen; LOOK_UNKNOWN */
    enum marking_state last; /* what became of the last batch */
    char why[LOOK_WHY_MAX + 1];
    uint64_t n_stored, n_failed, n_others;
};

/* Whoever wrote before, it is us now; counts go on. On a zeroed one, too. */
void marking_begin(struct marking *m, int64_t now_ms);
void marking_release(struct marking *m); /* safe on a zeroed one */

/* Learns from what was observed, and orders the marks that are due: at most facts->n, into `ret`.
 * Returns how many. *ret_due_ms: when to ask again. */
int32_t marking_plan(struct marking *m, const struct observed *facts, int64_t interval_ms,
                     int64_t now_ms, int64_t wall_ms, struct mark_order *ret, int64_t *ret_due_ms);
void marking_told(struct marking *m, const struct mark_result *result);
enum marking_state marking_state(const struct marking *m, int64_t now_ms);

#endif
