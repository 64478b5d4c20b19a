/*
 * Looks at what connectors have stored, by readers that are kept from look to look and that threads
 * share: who asks for what is being read waits for that, and is told the same.
 */
#ifndef REDWAL_RUNTIME_OFFSET_LOOKS_H
#define REDWAL_RUNTIME_OFFSET_LOOKS_H

#include "core/look.h"
#include "core/mirror.h"

enum {
    OFFSET_LOOKS_MAX = 12, /* readers */
    /* One that was asked for within that time makes way for no other: to begin anew is dear, and
     * all are asked in turn. */
    OFFSET_LOOKS_HELD_MS = MIRROR_STALE_MS,
    OFFSET_LOOKS_READER_BYTES = 1536 * 1024, /* that each may hold of what it reads ahead */
    /* Of one access to brokers; the controller's pod asks for 64 MiB. */
    OFFSET_LOOKS_BYTES = OFFSET_LOOKS_MAX * OFFSET_LOOKS_READER_BYTES,
    OFFSET_LOOKS_IDLE_MS = 5 * 60 * 1000, /* one that nobody has asked for so long is closed */
    /* Who waits holds up a thread of runtime/log_agent.h, which others need. */
    OFFSET_LOOKS_WAIT_MS = 2 * 1000,
};

/* Who reads. All calls may block, and threads make them. */
struct offset_looks_source {
    enum err_code (*open)(const void *context, const struct log_place *question, void **ret_reader,
                          struct err *err);
    void (*look)(void *reader, struct log_look *ret); /* one thread at a time */
    void (*close)(void *reader);
    const void *context;
    int64_t (*monotonic_ms)(void);
    int64_t wait_ms; /* OFFSET_LOOKS_WAIT_MS; tests have less time */
};

struct offset_looks;

struct offset_looks *offset_looks_new(const struct offset_looks_source *source);
void offset_looks_free(struct offset_looks *l); /* nobody asks */

/* What the connector of that question has stored. LOOK_FAILED: it cannot be read, others are still
 * reading it, or there are too many. `ret` is initialised or released before. */
void offset_looks_ask(struct offset_looks *l, const struct log_place *question,
                      struct log_look *ret);
/* Closes what is idle; offset_looks_ask() does, too. */
void offset_looks_tidy(struct offset_looks *l);

#endif
