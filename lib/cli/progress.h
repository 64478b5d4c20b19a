/*
 * How far a verb has come, on standard error: what takes longer than two seconds shows done, rate
 * and time left, in one line that is drawn again on a terminal, and a line now and then elsewhere.
 */
#ifndef REDWAL_CLI_PROGRESS_H
#define REDWAL_CLI_PROGRESS_H

#include <stdint.h>

#include "base/buf.h"
#include "cli/terminal.h"

enum {
    PROGRESS_PATIENCE_MS = 2000, /* nothing is shown before */
    PROGRESS_DRAW_MS = 200,      /* on a terminal */
    PROGRESS_LINE_MS = 10000,    /* elsewhere */
};

struct progress {
    struct terminal to;
    const char *unit; /* "records" */
    int64_t total;    /* 0: unknown */
    int64_t done;
    int64_t began_ms;
    int64_t shown_ms; /* when the line was last drawn */
    bool drawn;       /* there is a line to draw over */
};

void progress_begin(struct progress *p, struct terminal to, const char *unit, int64_t total,
                    int64_t now_ms);
/* Shows it when it is time; cheap enough for every record. */
void progress_at(struct progress *p, int64_t done, int64_t now_ms);
/* Takes a drawn line away, so that something else can be printed; the next one is drawn anew. */
void progress_clear(struct progress *p);

/* "1,234 of 5,000 records  24 %  612/s  6s left" */
void progress_print(const struct progress *p, int64_t now_ms, struct buf *out);

#endif
