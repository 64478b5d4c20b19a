/*
 * Writes keys that differ as the log makes them; for lib/runtime/verify*.c and repair*.c alone. The
 * scratch Redis is at the positions at which Redis was found to differ, and stays there meanwhile.
 * See docs/adr/0020-repair.md.
 */
#ifndef REDWAL_RUNTIME_REPAIR_H
#define REDWAL_RUNTIME_REPAIR_H

#include "core/finding.h"
#include "core/repair.h"
#include "runtime/verify.h"
#include "runtime/verify_side.h"

enum {
    REPAIR_COPY_MAX = 128,
    REPAIR_COPY_LIFE_MS = 10 * 60 * 1000, /* of a copy that a killed repair leaves behind */
};

struct repair_item {
    struct str key; /* borrowed */
    enum finding_kind kind;
    enum repair_outcome outcome;  /* of this attempt; after REPAIR_BUSY another may do */
    char why[FINDING_DETAIL_MAX]; /* what Redis said, or "" */
    enum repair_action action;    /* the rest is for repair*.c */
    bool is_not_taken;            /* Redis does not take the payload */
    char copy[REPAIR_COPY_MAX];   /* its name, or "" while there can be none */
    struct deadline ends;
    int32_t partition; /* whose index lists its deadline; REPAIR_NOT_LISTED */
    int64_t first_ms;
};

/* Sets the outcome of each item. An error is of Redis, the log or the registry as a whole. */
enum err_code repair_keys(struct verify *v, struct repair_item *items, size_t n, struct err *err);

bool repair_is_open(const struct repair_item *item); /* no outcome yet */
PRINTF_LIKE(3, 4)
void repair_close(struct repair_item *item, enum repair_outcome outcome, const char *format, ...);

/* repair_copy.c: brings what the log makes of the open items to Redis, as keys of ours. */
enum err_code repair_copy_all(struct verify *v, struct repair_item *items, size_t n,
                              struct err *err);
/* Deletes the copies that are still there, if Redis answers; after an error, too. */
void repair_drop_copies(struct verify *v, const struct repair_item *items, size_t n);
/* What Redis is to be told of a deadline. */
int64_t repair_ends_ms(const struct verify *v, struct deadline ends);

#endif
