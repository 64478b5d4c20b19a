/*
 * Options that change while the program runs: the sources are read again, and either all live
 * options take effect or, when something cannot be used, none does. When that is:
 * runtime/source_watch.h.
 */
#ifndef REDWAL_CONTROLLER_RELOAD_H
#define REDWAL_CONTROLLER_RELOAD_H

#include "options.h"
#include "pages.h"
#include "runtime/source_watch.h"

enum { RELOAD_LOOK_MS = 1000 };

struct reload {
    struct option_sources sources;
    struct options *options; /* in use */
    struct log *log;
    struct pages *pages; /* show them, and what came of it */
    int descriptor;      /* signalfd: somebody asks to read everything again */

    struct source_watch watch;
    int64_t looked_ms;
};

/* Everything above the blank line is set and borrowed. Release in any case. */
void reload_init(struct reload *r);
void reload_release(struct reload *r);

/* Looks each second, or when asked. True: live options have other values. */
bool reload_look(struct reload *r, int64_t now_ms);

#endif
