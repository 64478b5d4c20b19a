/*
 * Sources of options that change while a program runs: when they are to be read again, and what the
 * log has of it.
 *
 * A change is noticed by what files hold, so that it does not matter how they are replaced; it is
 * due once it has been the same for two looks, so that nobody's half-written file is read.
 */
#ifndef REDWAL_RUNTIME_SOURCE_WATCH_H
#define REDWAL_RUNTIME_SOURCE_WATCH_H

#include "base/buf.h"
#include "runtime/log.h"

enum {
    SOURCE_WATCH_RETRY_MS = 10000,       /* what could not be used is tried again so often */
    SOURCE_WATCH_MAX_BYTES = 128 * 1024, /* of complaints */
};

struct source_watch {
    struct log *log;
    uint64_t seen;         /* what the files held at the last look */
    uint64_t tried;        /* what they held when they were read last */
    int64_t retry_at_ms;   /* 0: the last reading was good */
    struct buf complaints; /* of the last reading */
};

/* `digest`: what the files hold that were read just now. The log is borrowed. */
void source_watch_init(struct source_watch *w, struct log *log, uint64_t digest);
void source_watch_release(struct source_watch *w);

/* Whether somebody sent the signal that this signalfd is about. */
bool source_watch_is_asked(int descriptor);
/* Whether all is to be read again, now that files hold this. `is_asked`: in any case. */
bool source_watch_is_due(struct source_watch *w, uint64_t digest, bool is_asked, int64_t now_ms);

/* It was read and cannot be used, and why, a line each: the same trouble is logged once. */
void source_watch_refuse(struct source_watch *w, struct str complaints, int64_t now_ms);
/* It was read and is in use. */
void source_watch_take_over(struct source_watch *w);
/* An option has another value; p NULL: unset. One that is not live keeps the old one. */
void source_watch_log_change(struct source_watch *w, const char *option, bool is_live,
                             struct str before, struct str after);

#endif
