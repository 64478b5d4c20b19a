/*
 * Asks the Kafka Connects of mirrors, on a few threads, so that one that does not answer holds up a
 * thread, and no loop.
 */
#ifndef REDWAL_RUNTIME_MIRROR_OBSERVER_H
#define REDWAL_RUNTIME_MIRROR_OBSERVER_H

#include "port/connect.h"
#include "port/observe.h"

enum {
    MIRROR_OBSERVER_THREADS = 8,       /* so many may hang at a time */
    MIRROR_OBSERVER_OPEN_MAX = 1024,   /* questions that have no answer yet */
    MIRROR_OBSERVER_TIMEOUT_MS = 3000, /* of a request; a look takes three of them */
    MIRROR_OBSERVER_GUARD_MS = 15000,  /* of a guard write */
    MIRROR_OBSERVER_LEAST_MS = 500,    /* an order that has less is not begun */
};

/* How a Connect is reached; each question is given up after `timeout_ms`. Called by all threads. */
struct mirror_opener {
    enum err_code (*open)(const struct mirror_place *place, int64_t timeout_ms, struct connect *ret,
                          struct err *err);
    void (*close)(struct connect *connect);
};

struct mirror_observer;

struct mirror_observer *mirror_observer_new(const struct mirror_opener *opener);
/* Waits for nobody: a question that is under way ends by itself. NULL is fine. */
void mirror_observer_free(struct mirror_observer *o);

struct mirror_observer_port mirror_observer_port(struct mirror_observer *o);

#endif
