#include "restore_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static struct cell figure(int64_t value)
{
    return value == LOOK_UNKNOWN ? CELL_NONE : CELL_NUMBER(value);
}

static struct cell text(const char *value)
{
    return value && *value ? CELL_TEXT(value) : CELL_NONE;
}

static struct cell seconds(int64_t value)
{
    return value == LOOK_UNKNOWN ? CELL_NONE : CELL_NUMBER(value * 1000);
}

static struct cell age(const struct restore_resource *r, int64_t now_ms)
{
    return CELL_NUMBER(now_ms > r->created_ms ? now_ms - r->created_ms : 0);
}

static struct cell step(const struct restore_resource *r)
{
    struct cell cell = CELL_TEXT(restore_step_text(r->status.step));

    if (r->status.step == RESTORE_STEP_COMPLETED)
        cell.tone = TONE_GOOD;
    else if (r->status.step == RESTORE_STEP_FAILED)
        cell.tone = TONE_BAD;
    else if (r->status.step == RESTORE_STEP_HELD)
        cell.tone = TONE_WARN;
    return cell;
}

/* Of what it is. */
static struct cell scope(const struct restore_resource *r)
{
    static const char *const words[2][2] = { { "all", "partitions" },
                                             { "keys", "keys of partitions" } };

    return CELL_TEXT(r->is_spec_unclear ? "unknown"
                                        : words[r->spec.keys != NULL][r->spec.partitions.n > 0]);
}

static struct cell verified(const struct restore_status *s)
{
    struct cell cell = text(s->verified);

    if (strcmp(s->verified, RESTORE_VERIFIED_EQUAL) == 0)
        cell.tone = TONE_GOOD;
    else if (strcmp(s->verified, RESTORE_VERIFIED_DIFFERENT) == 0)
        cell.tone = TONE_BAD;
    else if (strcmp(s->verified, RESTORE_VERIFIED_UNKNOWN) == 0)
        cell.tone = TONE_WARN;
    return cell;
}

static struct cell lost(const struct restore_resource *r)
{
    struct cell cell = figure(r->status.plan_lost);

    if (r->status.plan_lost > 0)
        cell.tone = TONE_BAD;
    return cell;
}

/* --- many ------------------------------------------------------------------------------------- */

enum row {
    ROW_NAMESPACE,
    ROW_NAME,
    ROW_WAL,
    ROW_SCOPE,
    ROW_TO,
    ROW_STEP,
    ROW_REASON,
    ROW_PERCENT,
    ROW_RATE,
    ROW_LEFT,
    ROW_RECORDS,
    ROW_LOST,
    ROW_DRY_RUN,
    ROW_AGE,
    N_ROW
};

/* clang-format off */
static const struct column rows[N_ROW] = {
    [ROW_NAMESPACE] = { "namespace",       "NAMESPACE", COLUMN_TEXT,     false, 0, 0 },
    [ROW_NAME]      = { "name",            "NAME",      COLUMN_TEXT,     false, 0, 0 },
    [ROW_WAL]       = { "rediswal",        "REDISWAL",  COLUMN_TEXT,     false, 0, 0 },
    [ROW_SCOPE]     = { "scope",           "SCOPE",     COLUMN_TEXT,     true,  0, 0 },
    [ROW_TO]        = { "to",              "TO",        COLUMN_TEXT,     false, 0, 0 },
    [ROW_STEP]      = { "step",            "STEP",      COLUMN_TEXT,     false, 0, 0 },
    [ROW_REASON]    = { "reason",          "REASON",    COLUMN_TEXT,     false, 0, 0 },
    [ROW_PERCENT]   = { "percent",         "%",         COLUMN_COUNT,    false, 0, 0 },
    [ROW_RATE]      = { "recordsPerSecond", "RATE",     COLUMN_COUNT,    false, 0, 0 },
    [ROW_LEFT]      = { "leftMs",          "LEFT",      COLUMN_DURATION, false, 0, 0 },
    [ROW_RECORDS]   = { "records",         "RECORDS",   COLUMN_COUNT,    true,  0, 0 },
    [ROW_LOST]      = { "lostRecords",     "LOST",      COLUMN_COUNT,    true,  0, 0 },
    [ROW_DRY_RUN]   = { "dryRun",          "DRY RUN",   COLUMN_BOOL,     true,  0, 0 },
    [ROW_AGE]       = { "ageMs",           "AGE",       COLUMN_DURATION, false, 0, 0 },
};
/* clang-format on */

static void fill_row(const struct restore_resource *r, int64_t now_ms, struct cell *row)
{
    row[ROW_NAMESPACE] = text(r->scope);
    row[ROW_NAME] = text(r->name);
    row[ROW_WAL] = text(r->spec.rediswal);
    row[ROW_SCOPE] = scope(r);
    row[ROW_TO] = text(r->status.to);
    row[ROW_STEP] = step(r);
    row[ROW_REASON] = text(r->status.reason);
    row[ROW_PERCENT] = figure(r->status.percent);
    row[ROW_RATE] = figure(r->status.per_second);
    row[ROW_LEFT] = seconds(r->status.seconds_left);
    row[ROW_RECORDS] = figure(r->status.plan_records);
    row[ROW_LOST] = lost(r);
    row[ROW_DRY_RUN] = CELL_NUMBER(r->spec.dry_run);
    row[ROW_AGE] = age(r, now_ms);
}

void restore_rows_print_list(struct printer *p, const struct restores *r, int64_t now_ms)
{
    struct cell *cells = mem_new(r->n * N_ROW + 1, sizeof(*cells));

    for (size_t i = 0; i < r->n; i++)
        fill_row(&r->at[i], now_ms, cells + i * N_ROW);
    printer_list(p, "restores", rows, N_ROW, cells, r->n);
    free(cells);
}

/* --- what it would do ------------------------------------------------------------------------- */

enum plan_field {
    PLAN_NAMESPACE,
    PLAN_WAL,
    PLAN_SCOPE,
    PLAN_KEYS,
    PLAN_TO,
    PLAN_STEP,
    PLAN_REASON,
    PLAN_MESSAGE,
    PLAN_RECORDS,
    PLAN_BYTES,
    PLAN_DURATION,
    PLAN_LOST,
    PLAN_LOG,
    N_PLAN
};

/* clang-format off */
static const struct column plan_fields[N_PLAN] = {
    [PLAN_NAMESPACE] = { "namespace",   "NAMESPACE",   COLUMN_TEXT,     false, 0, 0 },
    [PLAN_WAL]       = { "rediswal",    "REDISWAL",    COLUMN_TEXT,     false, 0, 0 },
    [PLAN_SCOPE]     = { "scope",       "SCOPE",       COLUMN_TEXT,     false, 0, 0 },
    [PLAN_KEYS]      = { "keys",        "KEYS",        COLUMN_TEXT,     false, 0, 0 },
    [PLAN_TO]        = { "to",          "TO",          COLUMN_TEXT,     false, 0, 0 },
    [PLAN_STEP]      = { "step",        "STEP",        COLUMN_TEXT,     false, 0, 0 },
    [PLAN_REASON]    = { "reason",      "REASON",      COLUMN_TEXT,     false, 0, 0 },
    [PLAN_MESSAGE]   = { "message",     "MESSAGE",     COLUMN_TEXT,     false, 0, 0 },
    [PLAN_RECORDS]   = { "records",     "RECORDS",     COLUMN_COUNT,    false, 0, 0 },
    [PLAN_BYTES]     = { "bytes",       "BYTES",       COLUMN_COUNT,    false, 0, 0 },
    [PLAN_DURATION]  = { "durationMs",  "TAKES ABOUT", COLUMN_DURATION, false, 0, 0 },
    [PLAN_LOST]      = { "lostRecords", "LOST",        COLUMN_COUNT,    false, 0, 0 },
    [PLAN_LOG]       = { "log",         "LOG",         COLUMN_TEXT,     false, 0, 0 },
};

enum part_column { PART_NUMBER, PART_LOST, PART_FROM, PART_UNTIL, PART_RECORDS, PART_BEHIND, N_PART };

static const struct column parts[N_PART] = {
    [PART_NUMBER]  = { "partition", "PARTITION", COLUMN_COUNT, false, 0, 0 },
    [PART_LOST]    = { "lost",      "LOST",      COLUMN_COUNT, false, 0, 0 },
    [PART_FROM]    = { "from",      "FROM",      COLUMN_COUNT, false, 0, 0 },
    [PART_UNTIL]   = { "until",     "UNTIL",     COLUMN_COUNT, false, 0, 0 },
    [PART_RECORDS] = { "records",   "RECORDS",   COLUMN_COUNT, false, 0, 0 },
    [PART_BEHIND]  = { "behind",    "BEHIND",    COLUMN_COUNT, false, 0, 0 },
};
/* clang-format on */

static void print_partitions(struct printer *p, const struct restore_plan *plan)
{
    struct cell *cells = mem_new((size_t)plan->n * N_PART + 1, sizeof(*cells));

    for (int32_t i = 0; i < plan->n; i++) {
        const struct restore_partition *part = &plan->partitions[i];
        struct cell *row = cells + (size_t)i * N_PART;

        row[PART_NUMBER] = CELL_NUMBER(i);
        row[PART_LOST] = CELL_NUMBER(part->from);
        row[PART_FROM] = CELL_NUMBER(part->from);
        row[PART_UNTIL] = CELL_NUMBER(part->until);
        row[PART_RECORDS] = CELL_NUMBER(part->until > part->from ? part->until - part->from : 0);
        row[PART_BEHIND] = CELL_NUMBER(part->end - part->until);
    }
    printer_list(p, "partitions", parts, N_PART, cells, (size_t)plan->n);
    free(cells);
}

/* clang-format off */
enum object_column { OBJECT_KIND, OBJECT_NAME, OBJECT_UID, N_OBJECT };

static const struct column object_columns[N_OBJECT] = {
    [OBJECT_KIND] = { "kind", "DELETED", COLUMN_TEXT, false, 0, 0 },
    [OBJECT_NAME] = { "name", "NAME",    COLUMN_TEXT, false, 0, 0 },
    [OBJECT_UID]  = { "uid",  "UID",     COLUMN_TEXT, true,  0, 0 },
};
/* clang-format on */

static void print_objects(struct printer *p, const struct restore_objects *v)
{
    struct cell *cells;

    if (v->n == 0 && p->format == PRINT_TABLE)
        return;
    cells = mem_new((size_t)v->n * N_OBJECT + 1, sizeof(*cells));
    for (int32_t i = 0; i < v->n; i++) {
        struct cell *row = cells + (size_t)i * N_OBJECT;

        row[OBJECT_KIND] = text(restore_object_kind_text(v->at[i].kind));
        row[OBJECT_NAME] = text(v->at[i].name);
        row[OBJECT_UID] = text(v->at[i].uid);
    }
    printer_list(p, "deleted", object_columns, N_OBJECT, cells, (size_t)v->n);
    free(cells);
}

void restore_rows_print_plan(struct printer *p, const struct restore_resource *r)
{
    const struct restore_status *s = &r->status;
    const struct cell cells[N_PLAN] = {
        [PLAN_NAMESPACE] = text(r->scope),
        [PLAN_WAL] = text(r->spec.rediswal),
        [PLAN_SCOPE] = scope(r),
        [PLAN_KEYS] = text(r->spec.keys),
        [PLAN_TO] = text(s->to),
        [PLAN_STEP] = step(r),
        [PLAN_REASON] = text(s->reason),
        [PLAN_MESSAGE] = text(s->message),
        [PLAN_RECORDS] = figure(s->plan_records),
        [PLAN_BYTES] = figure(s->plan_bytes),
        [PLAN_DURATION] = seconds(s->plan_seconds),
        [PLAN_LOST] = lost(r),
        [PLAN_LOG] = text(s->plan.log),
    };

    printer_fields(p, plan_fields, N_PLAN, cells);
    print_partitions(p, &s->plan);
    print_objects(p, &s->objects);
}

/* --- one -------------------------------------------------------------------------------------- */

enum field {
    FIELD_NAMESPACE,
    FIELD_NAME,
    FIELD_WAL,
    FIELD_SCOPE,
    FIELD_KEYS,
    FIELD_TO,
    FIELD_STEP,
    FIELD_REASON,
    FIELD_MESSAGE,
    FIELD_DRY_RUN,
    FIELD_RECORDS,
    FIELD_LOST,
    FIELD_DONE,
    FIELD_PERCENT,
    FIELD_RATE,
    FIELD_LEFT,
    FIELD_STARTED,
    FIELD_WIPED,
    FIELD_REPLAYED,
    FIELD_COMPLETED,
    FIELD_APPLIED,
    FIELD_VERIFIED,
    FIELD_COMPARED,
    FIELD_DIFFERENT,
    FIELD_WRITTEN,
    FIELD_KEYS_LEFT,
    FIELD_VERIFY_TIME,
    FIELD_RELEASED,
    FIELD_AGE,
    N_FIELDS
};

/* clang-format off */
static const struct column fields[N_FIELDS] = {
    [FIELD_NAMESPACE] = { "namespace",   "NAMESPACE", COLUMN_TEXT,     false, 0, 0 },
    [FIELD_NAME]      = { "name",        "NAME",      COLUMN_TEXT,     false, 0, 0 },
    [FIELD_WAL]       = { "rediswal",    "REDISWAL",  COLUMN_TEXT,     false, 0, 0 },
    [FIELD_SCOPE]     = { "scope",       "SCOPE",     COLUMN_TEXT,     false, 0, 0 },
    [FIELD_KEYS]      = { "keys",        "KEYS",      COLUMN_TEXT,     false, 0, 0 },
    [FIELD_TO]        = { "to",          "TO",        COLUMN_TEXT,     false, 0, 0 },
    [FIELD_STEP]      = { "step",        "STEP",      COLUMN_TEXT,     false, 0, 0 },
    [FIELD_REASON]    = { "reason",      "REASON",    COLUMN_TEXT,     false, 0, 0 },
    [FIELD_MESSAGE]   = { "message",     "MESSAGE",   COLUMN_TEXT,     false, 0, 0 },
    [FIELD_DRY_RUN]   = { "dryRun",      "DRY RUN",   COLUMN_BOOL,     false, 0, 0 },
    [FIELD_RECORDS]   = { "records",     "RECORDS",   COLUMN_COUNT,    false, 0, 0 },
    [FIELD_LOST]      = { "lostRecords", "LOST",      COLUMN_COUNT,    false, 0, 0 },
    [FIELD_DONE]      = { "replayed",    "REPLAYED",  COLUMN_COUNT,    false, 0, 0 },
    [FIELD_PERCENT]   = { "percent",     "%",         COLUMN_COUNT,    false, 0, 0 },
    [FIELD_RATE]      = { "recordsPerSecond", "RATE", COLUMN_COUNT,    false, 0, 0 },
    [FIELD_LEFT]      = { "leftMs",      "LEFT",      COLUMN_DURATION, false, 0, 0 },
    [FIELD_STARTED]   = { "startedAt",   "STARTED",   COLUMN_TIME,     false, 0, 0 },
    [FIELD_WIPED]     = { "wipedAt",     "WIPED",     COLUMN_TIME,     false, 0, 0 },
    [FIELD_REPLAYED]  = { "replayedAt",  "REPLAYED AT", COLUMN_TIME,   false, 0, 0 },
    [FIELD_COMPLETED] = { "completedAt", "ENDED",     COLUMN_TIME,     false, 0, 0 },
    [FIELD_APPLIED]   = { "applied",     "APPLIED",   COLUMN_COUNT,    false, 0, 0 },
    [FIELD_VERIFIED]  = { "verified",    "VERIFIED",  COLUMN_TEXT,     false, 0, 0 },
    [FIELD_COMPARED]  = { "keysCompared", "KEYS COMPARED", COLUMN_COUNT, false, 0, 0 },
    [FIELD_DIFFERENT] = { "keysDifferent", "KEYS DIFFERENT", COLUMN_COUNT, false, 0, 0 },
    [FIELD_WRITTEN]   = { "keysWritten", "KEYS WRITTEN", COLUMN_COUNT, false, 0, 0 },
    [FIELD_KEYS_LEFT] = { "keysLeft",    "KEYS LEFT", COLUMN_COUNT,    false, 0, 0 },
    [FIELD_VERIFY_TIME] = { "verifyMs",  "VERIFIED IN", COLUMN_DURATION, false, 0, 0 },
    [FIELD_RELEASED]  = { "releasedAt",  "RELEASED",  COLUMN_TIME,     false, 0, 0 },
    [FIELD_AGE]       = { "ageMs",       "AGE",       COLUMN_DURATION, false, 0, 0 },
};
/* clang-format on */

void restore_rows_print_one(struct printer *p, const struct restore_resource *r, int64_t now_ms)
{
    const struct restore_status *s = &r->status;
    const struct cell cells[N_FIELDS] = {
        [FIELD_NAMESPACE] = text(r->scope),
        [FIELD_NAME] = text(r->name),
        [FIELD_WAL] = text(r->spec.rediswal),
        [FIELD_SCOPE] = scope(r),
        [FIELD_KEYS] = text(r->spec.keys),
        [FIELD_TO] = text(s->to),
        [FIELD_STEP] = step(r),
        [FIELD_REASON] = text(s->reason),
        [FIELD_MESSAGE] = text(s->message),
        [FIELD_DRY_RUN] = CELL_NUMBER(r->spec.dry_run),
        [FIELD_RECORDS] = figure(s->plan_records),
        [FIELD_LOST] = lost(r),
        [FIELD_DONE] = figure(s->done_records),
        [FIELD_PERCENT] = figure(s->percent),
        [FIELD_RATE] = figure(s->per_second),
        [FIELD_LEFT] = seconds(s->seconds_left),
        [FIELD_STARTED] = figure(s->started_ms),
        [FIELD_WIPED] = figure(s->wiped_ms),
        [FIELD_REPLAYED] = figure(s->replayed_ms),
        [FIELD_COMPLETED] = figure(s->completed_ms),
        [FIELD_APPLIED] = figure(s->applied),
        [FIELD_VERIFIED] = verified(s),
        [FIELD_COMPARED] = figure(s->compared),
        [FIELD_DIFFERENT] = figure(s->different),
        [FIELD_WRITTEN] = figure(s->written),
        [FIELD_KEYS_LEFT] = figure(s->left),
        [FIELD_VERIFY_TIME] = seconds(s->verify_seconds),
        [FIELD_RELEASED] = figure(s->released_ms),
        [FIELD_AGE] = age(r, now_ms),
    };

    printer_fields(p, fields, N_FIELDS, cells);
    if (p->format != PRINT_TABLE)
        print_partitions(p, &s->plan);
    print_objects(p, restore_step_is_end(s->step) ? &s->deleted : &s->objects);
}
