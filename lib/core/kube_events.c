#include "core/kube_events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum { SUFFIX_MAX = 36 }; /* ".<time in hex>-<count in hex>" */

void kube_events_init(struct kube_events *e, int64_t refresh_ms, int64_t finish_ms)
{
    PRE(refresh_ms > 0 && finish_ms > 0);
    *e = (struct kube_events){ .refresh_ms = refresh_ms, .finish_ms = finish_ms };
    e->series = mem_new(KUBE_EVENT_SERIES_MAX, sizeof(*e->series));
}

void kube_events_release(struct kube_events *e)
{
    free(e->series);
    *e = (struct kube_events){ 0 };
}

static bool is_same(const struct kube_event *a, const struct kube_event *b)
{
    return a->warning == b->warning && strcmp(a->reason, b->reason) == 0 &&
           strcmp(a->action, b->action) == 0 && strcmp(a->note, b->note) == 0 &&
           strcmp(a->regarding.kind, b->regarding.kind) == 0 &&
           strcmp(a->regarding.scope, b->regarding.scope) == 0 &&
           strcmp(a->regarding.name, b->regarding.name) == 0 &&
           strcmp(a->regarding.uid, b->regarding.uid) == 0;
}

static struct kube_series *find(const struct kube_events *e, const struct kube_event *event)
{
    for (size_t i = 0; i < e->n; i++)
        if (is_same(&e->series[i].event, event))
            return &e->series[i];
    return NULL;
}

/* A free place, or that of the series that has nothing to say and was silent longest. */
static struct kube_series *place(struct kube_events *e)
{
    struct kube_series *oldest = NULL;

    if (e->n < KUBE_EVENT_SERIES_MAX)
        return &e->series[e->n++];
    for (size_t i = 0; i < e->n; i++) {
        struct kube_series *s = &e->series[i];

        if (s->state == KUBE_SERIES_TOLD && (!oldest || s->heard_ms < oldest->heard_ms))
            oldest = s;
    }
    return oldest;
}

static void begin(struct kube_events *e, struct kube_series *s, const struct kube_event *event,
                  int64_t now_ms, int64_t wall_ms)
{
    *s = (struct kube_series){
        .event = *event,
        .state = KUBE_SERIES_NEW,
        .first_wall_ms = wall_ms,
        .last_wall_ms = wall_ms,
        .heard_ms = now_ms,
        .due_ms = now_ms,
        .count = 1,
    };
    snprintf(s->name, sizeof(s->name), "%.*s.%" PRIx64 "-%" PRIx64,
             KUBE_EVENT_NAME_MAX - SUFFIX_MAX, event->regarding.name, (uint64_t)wall_ms,
             e->n_made++);
}

static enum err_code check(const struct kube_event *event, struct err *err)
{
    if (event->reason[0] == '\0' || event->action[0] == '\0')
        return err_set(err, ERR_INVALID, "an event needs a reason and an action");
    if (event->regarding.kind[0] == '\0' || event->regarding.name[0] == '\0')
        return err_set(err, ERR_INVALID, "an event needs the kind and name of what it is about");
    return ERR_OK;
}

enum err_code kube_events_add(struct kube_events *e, const struct kube_event *event, int64_t now_ms,
                              int64_t wall_ms, struct err *err)
{
    struct kube_series *s;
    const enum err_code rc = check(event, err);

    if (rc != ERR_OK)
        return rc;
    s = find(e, event);
    if (s && (now_ms - s->heard_ms < e->finish_ms || s->state != KUBE_SERIES_TOLD)) {
        s->count++;
        s->heard_ms = now_ms;
        s->last_wall_ms = wall_ms;
        if (s->state == KUBE_SERIES_TOLD)
            s->state = KUBE_SERIES_GROWN;
        return ERR_OK;
    }
    if (!s)
        s = place(e);
    if (!s) {
        e->n_dropped++;
        return err_set(err, ERR_LIMIT, "%d other events wait to be written", KUBE_EVENT_SERIES_MAX);
    }
    begin(e, s, event, now_ms, wall_ms);
    return ERR_OK;
}

static bool waits(const struct kube_series *s)
{
    return s->state == KUBE_SERIES_NEW || s->state == KUBE_SERIES_GROWN;
}

static struct kube_series *first_due(const struct kube_events *e)
{
    struct kube_series *first = NULL;

    for (size_t i = 0; i < e->n; i++)
        if (waits(&e->series[i]) && (!first || e->series[i].due_ms < first->due_ms))
            first = &e->series[i];
    return first;
}

struct kube_series *kube_events_next(struct kube_events *e, int64_t now_ms)
{
    struct kube_series *s = first_due(e);

    if (!s || s->due_ms > now_ms)
        return NULL;
    s->state = KUBE_SERIES_PENDING;
    s->written = s->count;
    return s;
}

int64_t kube_events_due_ms(const struct kube_events *e)
{
    const struct kube_series *s = first_due(e);

    return s ? s->due_ms : INT64_MAX;
}

void kube_events_written(struct kube_events *e, struct kube_series *s, enum kube_written outcome,
                         int64_t now_ms)
{
    PRE(s->state == KUBE_SERIES_PENDING);
    if (outcome == KUBE_WRITTEN)
        s->created = true;
    /* The server keeps an Event for an hour or so: what goes on after that is a new one. */
    if (outcome == KUBE_WRITE_REFUSED && s->created && s->count > s->written)
        s->created = false;
    else if (outcome == KUBE_WRITE_REFUSED)
        s->written = s->count;
    s->due_ms = now_ms + (outcome == KUBE_WRITE_LATER ? KUBE_EVENT_RETRY_MS : e->refresh_ms);
    if (outcome == KUBE_WRITE_LATER || s->count > s->written)
        s->state = s->created ? KUBE_SERIES_GROWN : KUBE_SERIES_NEW;
    else
        s->state = KUBE_SERIES_TOLD;
}
