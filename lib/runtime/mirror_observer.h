/*
 * Asks the Kafka Connects of mirrors, on a few threads, so that one that does not answer holds up a
 * few of them, and no loop. Orders do not wait behind looks. One Connect that hangs leaves threads
 * to the others, and one that nobody is asking comes first; where as many hang as fill the looks,
 * orders or guard writes at a time, the rest of these wait until one of them is given up.
 */
#ifndef REDWAL_RUNTIME_MIRROR_OBSERVER_H
#define REDWAL_RUNTIME_MIRROR_OBSERVER_H

#include "port/connect.h"
#include "port/observe.h"

enum {
    MIRROR_OBSERVER_THREADS = 16, /* so many may hang at a time */
    /* Questions at a time: whichever of them hang, there are threads for the others. */
    MIRROR_OBSERVER_ORDERS_MAX = 8, /* to stop, and to go on; these come first */
    MIRROR_OBSERVER_GUARDS_MAX = 4,
    MIRROR_OBSERVER_LOOKS_MAX = 8,
    MIRROR_OBSERVER_CONNECT_MAX = 2,   /* of each of these, at one Connect */
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
