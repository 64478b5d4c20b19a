/*
 * Marks: small records that the active site writes into each partition of the log now and then.
 * They are never applied. What a site has folded up to one tells how fresh it is, also on a quiet
 * topic, and whether it folded the same records between two of them as the site that wrote them.
 */
#ifndef REDWAL_CORE_MARK_H
#define REDWAL_CORE_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* The message key of a mark; no producer may use it. */
struct str mark_key(void);

/* As a record says it. */
struct mark {
    int64_t sequence; /* from 1, by partition */
    int64_t time_ms;  /* when it was written, by the writer's clock */
    bool has_digest;
    uint64_t digest; /* of the records between the two marks before this one */
};

/* What the fold of a partition knows of marks; part of its position. All 0: there was none. */
struct mark_state {
    int64_t sequence, time_ms; /* of the last mark */
    bool has_before;
    uint64_t before;     /* the digest of the records between the two last marks */
    uint64_t since;      /* the digest of the records behind the last mark */
    int64_t n_different; /* stretches between marks that the writer folded otherwise */
};

/* Passes one more record, of this digest, which is a mark unless that is NULL. A mark that is no
 * newer than the last one, such as a mirror repeats, is a record like others. */
void mark_state_pass(struct mark_state *state, const struct mark *mark, uint64_t digest);

/* One 64-bit step of a running digest: order matters, offsets do not, so that a mirror of the log
 * arrives at the same value. */
uint64_t mark_digest_step(uint64_t digest, uint64_t record);

enum { MARK_STATE_TEXT_MAX = 120 };
/* "<sequence> <time> <before or -> <since> <different>" */
struct str mark_state_print(const struct mark_state *state, char ret[MARK_STATE_TEXT_MAX]);
bool mark_state_parse(struct str text, struct mark_state *ret);

#endif
