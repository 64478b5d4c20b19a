/*
 * Options and files that change while the program runs: the sources are read again, and either
 * everything that may change takes effect or, when something cannot be used, nothing does. When
 * that is: runtime/source_watch.h.
 */
#ifndef REDIS_APPLIER_RELOAD_H
#define REDIS_APPLIER_RELOAD_H

#include "options.h"
#include "runtime/apply_loop.h"
#include "runtime/metrics.h"
#include "runtime/source_watch.h"
#include "runtime/text_page.h"
#include "wiring.h"

struct reload {
    struct option_sources sources;
    struct options *options;              /* in use */
    struct apply_loop_settings *settings; /* of the loop */
    struct wiring *wiring;
    struct log *log;
    struct metrics *metrics;
    struct text_page *page; /* shows the options in use */
    int descriptor;         /* signalfd: somebody asks to read everything again */

    struct source_watch watch;
    uint64_t kafka_files; /* what the Kafka clients were made with */
};

/* Everything above the blank line is set and borrowed. Release in any case. */
void reload_init(struct reload *r);
void reload_release(struct reload *r);

/* For struct apply_loop_control; `self` is a struct reload. */
enum apply_loop_order reload_look(void *self);

#endif
