/*
 * Events about objects, told once each: one that repeats becomes a series with a count, so that a
 * decision that is taken a thousand times is one Event and a few updates of it.
 */
#ifndef REDWAL_CORE_KUBE_EVENTS_H
#define REDWAL_CORE_KUBE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    KUBE_EVENT_SERIES_MAX = 256, /* remembered; the one that was silent longest makes room */
    KUBE_EVENT_NAME_MAX = 253,
    KUBE_EVENT_WORD_MAX = 128,  /* reason and action, by the API's own rule */
    KUBE_EVENT_NOTE_MAX = 1024, /* by the API's own rule */
    KUBE_EVENT_UID_MAX = 64,
    KUBE_EVENT_RETRY_MS = 5000, /* until a write that failed in passing is tried again */
};

/* The object it is about. */
struct kube_reference {
    char api_version[KUBE_EVENT_WORD_MAX + 1];
    char kind[KUBE_EVENT_WORD_MAX + 1];
    char scope[KUBE_EVENT_NAME_MAX + 1]; /* namespace; empty where it has none */
    char name[KUBE_EVENT_NAME_MAX + 1];
    char uid[KUBE_EVENT_UID_MAX + 1];
};

struct kube_event {
    struct kube_reference regarding;
    bool warning;
    char reason[KUBE_EVENT_WORD_MAX + 1]; /* "PrimaryRewound" */
    char action[KUBE_EVENT_WORD_MAX + 1]; /* "Restore" */
    char note[KUBE_EVENT_NOTE_MAX + 1];   /* cut where it is longer, at a character's end */
};

enum kube_series_state {
    KUBE_SERIES_NEW,     /* to be created */
    KUBE_SERIES_TOLD,    /* nothing to say */
    KUBE_SERIES_GROWN,   /* its count is to be updated, at due_ms */
    KUBE_SERIES_PENDING, /* being written */
};

struct kube_series {
    struct kube_event event;
    char name[KUBE_EVENT_NAME_MAX + 1]; /* of the Event object */
    enum kube_series_state state;
    bool created;
    int64_t first_wall_ms, last_wall_ms;
    int64_t heard_ms, due_ms;
    int64_t count;   /* how often it happened */
    int64_t written; /* the count that the server knows, or is being told */
};

struct kube_events {
    struct kube_series *series; /* KUBE_EVENT_SERIES_MAX of them, those in use first */
    size_t n;
    int64_t refresh_ms; /* a series is updated at most that often */
    int64_t finish_ms;  /* silent that long: the next one begins a new series */
    uint64_t n_dropped; /* never told: the table was full of others that wait */
    uint64_t n_made;    /* makes names unlike each other */
};

void kube_events_init(struct kube_events *e, int64_t refresh_ms, int64_t finish_ms);
void kube_events_release(struct kube_events *e); /* safe on a zeroed one */

/* It happened. ERR_INVALID: a required word is missing, or too long; ERR_LIMIT: dropped. */
enum err_code kube_events_add(struct kube_events *e, const struct kube_event *event, int64_t now_ms,
                              int64_t wall_ms, struct err *err);

/* The next one to be written (created, or its series updated), as it then must be; call _written()
 * for it. NULL: nothing now. It lives until then. */
struct kube_series *kube_events_next(struct kube_events *e, int64_t now_ms);
int64_t kube_events_due_ms(const struct kube_events *e); /* INT64_MAX: never */

enum kube_written {
    KUBE_WRITTEN,      /* the server has it */
    KUBE_WRITE_LATER,  /* it may be tried again */
    KUBE_WRITE_REFUSED /* it will never take it; or it has forgotten the series */
};
void kube_events_written(struct kube_events *e, struct kube_series *series,
                         enum kube_written outcome, int64_t now_ms);

#endif
