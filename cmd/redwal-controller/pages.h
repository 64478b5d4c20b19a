/*
 * What redwal-controller serves by HTTP: written by its loop now and then, shown by another thread.
 */
#ifndef REDWAL_CONTROLLER_PAGES_H
#define REDWAL_CONTROLLER_PAGES_H

#include <stdatomic.h>

#include "adapter/http_microhttpd.h"
#include "runtime/heartbeat.h"
#include "runtime/text_page.h"
#include "runtime/wal_reconciler.h"

enum {
    PAGES_EVERY_MS = 2000, /* pages are that old at most, while the loop turns */
    PAGES_COUNT = 4,
};

struct pages {
    struct heartbeat heartbeat;
    _Atomic bool ready;
    struct text_page details; /* of readiness */
    struct text_page prometheus, openmetrics;
    struct text_page config;
    int64_t written_ms;
    uint64_t reloads, reload_failures; /* of the options */
    bool reload_failed;
};

void pages_init(struct pages *p);
void pages_release(struct pages *p);
/* The loop turns; writes the pages when they are old. */
void pages_update(struct pages *p, const struct wal_reconciler *r, int64_t now_ms);
/* For http_server_new(). */
void pages_list(struct pages *p, struct http_page ret[PAGES_COUNT]);

#endif
