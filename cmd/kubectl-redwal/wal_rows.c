#include "wal_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/wal_status.h"

static struct cell figure(int64_t value)
{
    return value == WAL_VIEW_UNKNOWN ? CELL_NONE : CELL_NUMBER(value);
}

static struct cell text(struct str value)
{
    return value.n == 0 ? CELL_NONE : CELL_STR(value);
}

static struct cell age(int64_t since_wall_ms, int64_t now_ms)
{
    if (since_wall_ms == WAL_VIEW_UNKNOWN)
        return CELL_NONE;
    return CELL_NUMBER(now_ms > since_wall_ms ? now_ms - since_wall_ms : 0);
}

static const struct wal_view_condition *condition(const struct wal_view *w, const char *type)
{
    for (size_t i = 0; i < w->n_conditions; i++)
        if (str_eq(w->conditions[i].type, str_from(type)))
            return &w->conditions[i];
    return NULL;
}

static bool says(const struct wal_view_condition *c, enum condition_status status)
{
    return c && str_eq(c->status, str_from(condition_status_text(status)));
}

bool wal_is_ready(const struct wal_view *w)
{
    return says(condition(w, wal_condition_text(WAL_CONDITION_READY)), CONDITION_TRUE);
}

/* Good, or bad, or neither: a condition that this version does not know, or that is unknown. */
static enum tone tone_of(const struct wal_view_condition *c)
{
    enum wal_condition_type type;

    if (!wal_condition_from(c->type, &type) || says(c, CONDITION_UNKNOWN))
        return TONE_WARN;
    return says(c, wal_condition_good(type)) ? TONE_GOOD : TONE_BAD;
}

static enum tone phase_tone(const struct wal_view *w)
{
    if (wal_is_ready(w))
        return TONE_GOOD;
    return w->phase.n == 0 ? TONE_DIM : TONE_WARN;
}

/* --- many ------------------------------------------------------------------------------------- */

enum row {
    ROW_NAMESPACE,
    ROW_NAME,
    ROW_SITE,
    ROW_ROLE,
    ROW_PHASE,
    ROW_READY,
    ROW_DESIRED,
    ROW_BEHIND,
    ROW_SECONDS,
    ROW_FRESHNESS,
    ROW_PRIMARY,
    ROW_POD,
    ROW_AGE,
    N_ROW
};

/* clang-format off */
static const struct column rows[N_ROW] = {
    [ROW_NAMESPACE] = { "namespace",   "NAMESPACE", COLUMN_TEXT,     false, 0, 0 },
    [ROW_NAME]      = { "name",        "NAME",      COLUMN_TEXT,     false, 0, 0 },
    [ROW_SITE]      = { "site",        "SITE",      COLUMN_TEXT,     false, 0, 0 },
    [ROW_ROLE]      = { "role",        "ROLE",      COLUMN_TEXT,     false, 0, 0 },
    [ROW_PHASE]     = { "phase",       "PHASE",     COLUMN_TEXT,     false, 0, 0 },
    [ROW_READY]     = { "ready",       "APPLIERS",  COLUMN_COUNT,    false, 0, 0 },
    [ROW_DESIRED]   = { "desired",     "DESIRED",   COLUMN_COUNT,    false, 0, 0 },
    [ROW_BEHIND]    = { "behind",      "BEHIND",    COLUMN_COUNT,    false, 0, 0 },
    [ROW_SECONDS]   = { "lagSeconds",  "LAG (S)",   COLUMN_COUNT,    false, 0, 0 },
    [ROW_FRESHNESS] = { "freshnessSeconds", "FRESH (S)", COLUMN_COUNT, false, 0, 0 },
    [ROW_PRIMARY]   = { "primary",     "PRIMARY",   COLUMN_TEXT,     false, 0, 0 },
    [ROW_POD]       = { "pod",         "POD",       COLUMN_TEXT,     true,  0, 0 },
    [ROW_AGE]       = { "ageMs",       "AGE",       COLUMN_DURATION, false, 0, 0 },
};
/* clang-format on */

static void fill_row(const struct wal_view *w, int64_t now_ms, struct cell *row)
{
    row[ROW_NAMESPACE] = text(w->scope);
    row[ROW_NAME] = text(w->name);
    row[ROW_SITE] = text(w->site);
    row[ROW_ROLE] = text(w->role);
    row[ROW_PHASE] = text(w->phase);
    row[ROW_PHASE].tone = phase_tone(w);
    row[ROW_READY] = figure(w->ready);
    row[ROW_DESIRED] = figure(w->desired);
    row[ROW_BEHIND] = figure(w->behind);
    row[ROW_SECONDS] = figure(w->lag_seconds);
    row[ROW_FRESHNESS] = figure(w->freshness);
    row[ROW_PRIMARY] = text(w->primary);
    row[ROW_POD] = text(w->pod);
    row[ROW_AGE] = age(w->created_wall_ms, now_ms);
}

void wal_rows_print_list(struct printer *p, const struct wals *w, int64_t now_ms)
{
    struct cell *cells = mem_new(w->n * N_ROW + 1, sizeof(*cells));

    for (size_t i = 0; i < w->n; i++)
        fill_row(&w->at[i], now_ms, cells + i * N_ROW);
    printer_list(p, "wals", rows, N_ROW, cells, w->n);
    free(cells);
}

/* --- one -------------------------------------------------------------------------------------- */

enum field {
    FIELD_NAMESPACE,
    FIELD_NAME,
    FIELD_SITE,
    FIELD_ROLE,
    FIELD_PHASE,
    FIELD_CURRENT,
    FIELD_PAUSED,
    FIELD_FAILOVER,
    FIELD_PRIMARY,
    FIELD_POD,
    FIELD_SINCE,
    FIELD_READY,
    FIELD_DESIRED,
    FIELD_TOPIC,
    FIELD_PARTITIONS,
    FIELD_BEHIND,
    FIELD_SECONDS,
    FIELD_FRESHNESS,
    FIELD_AGE,
    N_FIELDS
};

/* clang-format off */
static const struct column fields[N_FIELDS] = {
    [FIELD_NAMESPACE]  = { "namespace",      "NAMESPACE",     COLUMN_TEXT,     false, 0, 0 },
    [FIELD_NAME]       = { "name",           "NAME",          COLUMN_TEXT,     false, 0, 0 },
    [FIELD_SITE]       = { "site",           "SITE",          COLUMN_TEXT,     false, 0, 0 },
    [FIELD_ROLE]       = { "role",           "ROLE",          COLUMN_TEXT,     false, 0, 0 },
    [FIELD_PHASE]      = { "phase",          "PHASE",         COLUMN_TEXT,     false, 0, 0 },
    [FIELD_CURRENT]    = { "current",        "UP TO DATE",    COLUMN_BOOL,     false, 0, 0 },
    [FIELD_PAUSED]     = { "paused",         "PAUSED",        COLUMN_BOOL,     false, 0, 0 },
    [FIELD_FAILOVER]   = { "redisFailover",  "REDISFAILOVER", COLUMN_TEXT,     false, 0, 0 },
    [FIELD_PRIMARY]    = { "primary",        "PRIMARY",       COLUMN_TEXT,     false, 0, 0 },
    [FIELD_POD]        = { "pod",            "POD",           COLUMN_TEXT,     false, 0, 0 },
    [FIELD_SINCE]      = { "primaryForMs",   "PRIMARY FOR",   COLUMN_DURATION, false, 0, 0 },
    [FIELD_READY]      = { "ready",          "APPLIERS READY", COLUMN_COUNT,   false, 0, 0 },
    [FIELD_DESIRED]    = { "desired",        "OF",            COLUMN_COUNT,    false, 0, 0 },
    [FIELD_TOPIC]      = { "topic",          "TOPIC",         COLUMN_TEXT,     false, 0, 0 },
    [FIELD_PARTITIONS] = { "partitionCount", "PARTITIONS",    COLUMN_COUNT,    false, 0, 0 },
    [FIELD_BEHIND]     = { "behind",         "BEHIND",        COLUMN_COUNT,    false, 0, 0 },
    [FIELD_SECONDS]    = { "lagSeconds",     "LAG (S)",       COLUMN_COUNT,    false, 0, 0 },
    [FIELD_FRESHNESS]  = { "freshnessSeconds", "FRESH (S)",   COLUMN_COUNT,    false, 0, 0 },
    [FIELD_AGE]        = { "ageMs",          "AGE",           COLUMN_DURATION, false, 0, 0 },
};

enum condition_row { CONDITION_TYPE, CONDITION_STATUS, CONDITION_REASON, CONDITION_AGE, CONDITION_MESSAGE, N_CONDITION };

static const struct column conditions[N_CONDITION] = {
    [CONDITION_TYPE]    = { "type",    "CONDITION", COLUMN_TEXT,     false, 0, 0 },
    [CONDITION_STATUS]  = { "status",  "STATUS",    COLUMN_TEXT,     false, 0, 0 },
    [CONDITION_REASON]  = { "reason",  "REASON",    COLUMN_TEXT,     false, 0, 0 },
    [CONDITION_AGE]     = { "ageMs",   "FOR",       COLUMN_DURATION, false, 0, 0 },
    [CONDITION_MESSAGE] = { "message", "MESSAGE",   COLUMN_TEXT,     false, 0, 0 },
};
/* clang-format on */

static void print_fields(struct printer *p, const struct wal_view *w, int64_t now_ms)
{
    struct cell cells[N_FIELDS] = {
        [FIELD_NAMESPACE] = text(w->scope),
        [FIELD_NAME] = text(w->name),
        [FIELD_SITE] = text(w->site),
        [FIELD_ROLE] = text(w->role),
        [FIELD_PHASE] = text(w->phase),
        [FIELD_PAUSED] = CELL_NUMBER(w->paused),
        [FIELD_FAILOVER] = text(w->failover),
        [FIELD_PRIMARY] = text(w->primary),
        [FIELD_POD] = text(w->pod),
        [FIELD_SINCE] = age(w->primary_since_wall_ms, now_ms),
        [FIELD_READY] = figure(w->ready),
        [FIELD_DESIRED] = figure(w->desired),
        [FIELD_TOPIC] = text(w->topic),
        [FIELD_PARTITIONS] = figure(w->partitions),
        [FIELD_BEHIND] = figure(w->behind),
        [FIELD_SECONDS] = figure(w->lag_seconds),
        [FIELD_FRESHNESS] = figure(w->freshness),
        [FIELD_AGE] = age(w->created_wall_ms, now_ms),
    };

    cells[FIELD_PHASE].tone = phase_tone(w);
    if (w->observed_generation != WAL_VIEW_UNKNOWN)
        cells[FIELD_CURRENT] = CELL_NUMBER(w->observed_generation == w->generation);
    printer_fields(p, fields, N_FIELDS, cells);
}

void wal_rows_print_one(struct printer *p, const struct wal_view *w, int64_t now_ms)
{
    struct cell cells[WAL_VIEW_CONDITIONS_MAX * N_CONDITION] = { 0 };

    print_fields(p, w, now_ms);
    for (size_t i = 0; i < w->n_conditions; i++) {
        const struct wal_view_condition *c = &w->conditions[i];
        struct cell *row = &cells[i * N_CONDITION];

        row[CONDITION_TYPE] = text(c->type);
        row[CONDITION_STATUS] = text(c->status);
        row[CONDITION_STATUS].tone = tone_of(c);
        row[CONDITION_REASON] = text(c->reason);
        row[CONDITION_AGE] = age(c->since_wall_ms, now_ms);
        row[CONDITION_MESSAGE] = text(c->message);
    }
    printer_list(p, "conditions", conditions, N_CONDITION, cells, w->n_conditions);
}

/* --- Events ----------------------------------------------------------------------------------- */

enum event_row {
    EVENT_AGE,
    EVENT_TIME,
    EVENT_COUNT,
    EVENT_TYPE,
    EVENT_REASON,
    EVENT_ACTION,
    EVENT_NOTE,
    N_EVENT
};

/* clang-format off */
static const struct column events[N_EVENT] = {
    [EVENT_AGE]    = { "ageMs",  "LAST SEEN", COLUMN_DURATION, false, 0, 0 },
    [EVENT_TIME]   = { "time",   "TIME",      COLUMN_TIME,     true,  0, 0 },
    [EVENT_COUNT]  = { "count",  "COUNT",     COLUMN_COUNT,    false, 0, 0 },
    [EVENT_TYPE]   = { "type",   "TYPE",      COLUMN_TEXT,     false, 0, 0 },
    [EVENT_REASON] = { "reason", "REASON",    COLUMN_TEXT,     false, 0, 0 },
    [EVENT_ACTION] = { "action", "ACTION",    COLUMN_TEXT,     true,  0, 0 },
    [EVENT_NOTE]   = { "note",   "MESSAGE",   COLUMN_TEXT,     false, 0, 0 },
};
/* clang-format on */

void wal_rows_print_events(struct printer *p, const struct event_list *e, size_t n, int64_t now_ms)
{
    const size_t first = e->n > n ? e->n - n : 0;
    struct cell *cells = mem_new((e->n - first) * N_EVENT + 1, sizeof(*cells));

    for (size_t i = first; i < e->n; i++) {
        const struct event_view *v = &e->at[i];
        struct cell *row = cells + (i - first) * N_EVENT;

        row[EVENT_AGE] = age(v->last_wall_ms, now_ms);
        row[EVENT_TIME] = figure(v->last_wall_ms);
        row[EVENT_COUNT] = figure(v->count);
        row[EVENT_TYPE] = CELL_TEXT(v->warning ? "Warning" : "Normal");
        row[EVENT_TYPE].tone = v->warning ? TONE_WARN : TONE_PLAIN;
        row[EVENT_REASON] = text(v->reason);
        row[EVENT_ACTION] = text(v->action);
        row[EVENT_NOTE] = text(v->note);
    }
    printer_list(p, "events", events, N_EVENT, cells, e->n - first);
    free(cells);
}
