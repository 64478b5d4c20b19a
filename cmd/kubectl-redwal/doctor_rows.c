#include "doctor_rows.h"

#include <stdio.h>

static struct doctor_row *add(struct doctor_rows *rows)
{
    PRE(rows->n < DOCTOR_ROWS_MAX);
    return &rows->at[rows->n++];
}

void doctor_rows_add_checks(struct doctor_rows *rows, const struct diagnosis_facts *facts)
{
    for (enum diagnosis i = 0; i < DIAGNOSIS_COUNT; i++) {
        struct doctor_row *row;

        if (!diagnosis_applies(i, facts))
            continue;
        row = add(rows);
        row->check = diagnosis_code(i);
        row->expected = diagnosis_text(i);
        row->remedy = diagnosis_remedy(i);
        row->verdict = diagnose(i, facts, row->found);
    }
}

void doctor_rows_add_cluster(struct doctor_rows *rows, const struct cluster_facts *facts)
{
    for (enum cluster_diagnosis i = 0; i < CLUSTER_DIAGNOSIS_COUNT; i++) {
        struct doctor_row *row;

        if (!cluster_diagnosis_applies(i, facts))
            continue;
        row = add(rows);
        row->check = cluster_diagnosis_code(i);
        row->expected = cluster_diagnosis_text(i);
        row->verdict = cluster_diagnose(i, facts, row->found, &row->remedy);
    }
}

static enum health_verdict judge(enum wal_condition_type type, struct str status)
{
    if (str_eq(status, str_from(condition_status_text(wal_condition_good(type)))))
        return VERDICT_OK;
    if (str_eq(status, str_from(condition_status_text(CONDITION_UNKNOWN))))
        return VERDICT_UNKNOWN;
    return type == WAL_CONDITION_READY || wal_condition_is_needed(type) ? VERDICT_FAIL
                                                                        : VERDICT_WARN;
}

void doctor_rows_add_condition(struct doctor_rows *rows, enum wal_condition_type type,
                               struct str status, struct str reason, struct str message)
{
    struct doctor_row *row = add(rows);

    row->check = wal_condition_text(type);
    row->expected = wal_condition_meaning(type);
    row->verdict = judge(type, status);
    row->remedy = wal_reason_remedy(type, reason);
    snprintf(row->found, sizeof(row->found), "%.*s: %.*s", STR_ARGS(reason), STR_ARGS(message));
}

/* --- printing --------------------------------------------------------------------------------- */

enum { ROW_VERDICT, ROW_CHECK, ROW_FOUND, ROW_EXPECTED, ROW_REMEDY, N_ROW };

/* clang-format off */
static const struct column columns[N_ROW] = {
    [ROW_VERDICT]  = { "verdict",  "VERDICT",  COLUMN_TEXT,  false, 0, 0 },
    [ROW_CHECK]    = { "check",    "CHECK",    COLUMN_TEXT,  false, 0, 0 },
    [ROW_FOUND]    = { "found",    "FOUND",    COLUMN_BYTES, false, 0, 0 },
    [ROW_EXPECTED] = { "expected", "EXPECTED", COLUMN_TEXT,  true,  0, 0 },
    [ROW_REMEDY]   = { "remedy",   "REMEDY",   COLUMN_TEXT,  false, 0, 0 },
};
/* clang-format on */

static const enum tone tones[VERDICT_COUNT] = {
    [VERDICT_OK] = TONE_GOOD,
    [VERDICT_WARN] = TONE_WARN,
    [VERDICT_FAIL] = TONE_BAD,
    [VERDICT_UNKNOWN] = TONE_DIM,
};

enum exit_status doctor_rows_report(const struct doctor_rows *rows, const struct invocation *in)
{
    CLEANUP(printer_release) struct printer p = { 0 };
    struct cell cells[DOCTOR_ROWS_MAX * N_ROW] = { { 0 } };
    size_t n[VERDICT_COUNT] = { 0 };

    for (size_t i = 0; i < rows->n; i++) {
        const struct doctor_row *r = &rows->at[i];
        struct cell *row = cells + i * N_ROW;

        n[r->verdict]++;
        row[ROW_VERDICT] = CELL_TEXT(health_verdict_code(r->verdict));
        row[ROW_VERDICT].tone = tones[r->verdict];
        row[ROW_CHECK] = CELL_TEXT(r->check);
        row[ROW_FOUND] = CELL_TEXT(r->found);
        row[ROW_EXPECTED] = CELL_TEXT(r->expected);
        if (r->remedy && (r->verdict == VERDICT_WARN || r->verdict == VERDICT_FAIL))
            row[ROW_REMEDY] = CELL_TEXT(r->remedy);
    }
    call_print(in, &p);
    printer_list(&p, "checks", columns, N_ROW, cells, rows->n);
    if (n[VERDICT_FAIL] > 0)
        return call_end(&p, EXIT_DIFFERENT);
    return call_end(&p, n[VERDICT_UNKNOWN] > 0 ? EXIT_INCOMPLETE : EXIT_DONE);
}
