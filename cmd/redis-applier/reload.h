/*
 * Options and files that change while the program runs: the sources are read again, and either
 * everything that may change takes effect or, when something cannot be used, nothing does.
 *
 * A change is noticed by what files hold, so that it does not matter how they are replaced; it is
 * taken over once it has been the same for two looks, so that nobody's half-written file is.
 */
#ifndef REDIS_APPLIER_RELOAD_H
#define REDIS_APPLIER_RELOAD_H

#include "options.h"
#include "runtime/apply_loop.h"
#include "runtime/metrics.h"
#include "runtime/text_page.h"
#include "wiring.h"

enum { RELOAD_RETRY_MS = 10000 }; /* what could not be used is tried again so often */

/* Where the options came from. */
struct option_sources {
    int argc;
    const char *const *argv;
    const char *const *environment;
};

struct reload {
    struct option_sources sources;
    struct options *options;              /* in use */
    struct apply_loop_settings *settings; /* of the loop */
    struct wiring *wiring;
    struct log *log;
    struct metrics *metrics;
    struct text_page *page; /* shows the options in use */
    int descriptor;         /* signalfd: somebody asks to read everything again */

    uint64_t seen;         /* what the files held at the last look */
    uint64_t tried;        /* what they held when they were read last */
    uint64_t kafka_files;  /* what the Kafka clients were made with */
    int64_t retry_at_ms;   /* 0: the last reading was good */
    struct buf complaints; /* of the last reading */
};

/* Everything above the blank line is set and borrowed. Release in any case. */
void reload_init(struct reload *r);
void reload_release(struct reload *r);

/* For struct apply_loop_control; `self` is a struct reload. */
enum apply_loop_order reload_look(void *self);

#endif
