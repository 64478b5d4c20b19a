#include "runtime/wal_offsets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/int64.h"
#include "base/mem.h"

bool wal_offsets_may_ask(const struct wal_watch *w)
{
    return w->resource.spec.offsets_topic && w->mirror.connector[0] != '\0' &&
           !w->mirror.offsets.asked;
}

static void note_why(struct wal_mirror *m, const char *why)
{
    snprintf(m->offsets_why, sizeof(m->offsets_why), "%s", why);
}

enum err_code wal_offsets_ask(struct wal_looks *looks, const struct log_observer_port *port,
                              struct wal_watch *w, int64_t now_ms)
{
    struct log_place place;
    struct err err = { 0 };
    enum err_code rc = wal_looks_offsets_place(looks, w, now_ms, &place, &err);

    place.connector = w->mirror.connector;
    place.mirrored = w->resource.spec.topic;
    if (rc == ERR_OK)
        rc = port->ops->ask(port->self, w->number | WAL_LOOKS_OFFSETS, &place, &err);
    w->mirror.offsets.asked = rc == ERR_OK;
    w->mirror.offsets_subject = w->mirror.subject;
    if (rc != ERR_OK && rc != ERR_TIMEOUT && rc != ERR_LIMIT)
        note_why(&w->mirror, err.msg);
    return rc;
}

bool wal_offsets_learn(struct wal_watch *w, const int64_t *next, int32_t n, int64_t began_ms,
                       struct log *log, int64_t now_ms)
{
    if (!mirror_learn_next(&w->mirror.facts, next, n, began_ms))
        return false;
    log_warn(log, "A mirror that had stopped has stored offsets since namespace=%s name=%s",
             w->resource.scope, w->resource.name);
    w->told.mirror[0] = '\0';
    w->mirror.turn.due_ms = now_ms;
    return true;
}

/* What was stored of a partition and is no more is unknown again. */
static bool learn(struct wal_watch *w, const struct log_look *look, struct log *log, int64_t now_ms)
{
    struct wal_mirror *m = &w->mirror;
    const int32_t n = look->n > m->lag.n ? look->n : m->lag.n;
    int64_t *next = mem_new((size_t)n, sizeof(*next));
    bool falls;

    for (int32_t i = 0; i < n; i++)
        next[i] = i < look->n ? look->partitions[i].committed : LOOK_UNKNOWN;
    falls = wal_offsets_learn(w, next, n, look->look.began_ms, log, now_ms);
    mirror_lag_learn_next(&m->lag, next, n, look->look.began_ms);
    free(next);
    return falls;
}

bool wal_offsets_take(struct wal_watch *w, const struct log_look *look, struct log *log,
                      int64_t now_ms)
{
    struct wal_mirror *m = &w->mirror;
    bool falls;

    m->offsets.asked = false;
    if (m->offsets_subject != m->subject)
        return false;
    if (look->look.outcome != LOOK_ANSWERED || !look->exists) {
        note_why(m,
                 look->look.outcome == LOOK_ANSWERED ? "the topic is not there" : look->look.why);
        return false;
    }
    note_why(m, "");
    falls = learn(w, look, log, now_ms);
    if (look->source[0] != '\0')
        memcpy(m->topic, look->source, sizeof(m->topic));
    m->source.due_ms = int64_min(m->source.due_ms, now_ms);
    return falls;
}

void wal_offsets_take_source(struct wal_watch *w, const struct log_look *look)
{
    w->mirror.source.asked = false;
    if (w->mirror.source_subject == w->mirror.subject)
        mirror_lag_learn_source(&w->mirror.lag, look);
}
