/* `doctor`: what deployments get wrong. The checks are lib/core/diagnosis.h. */
#include "call.h"
#include "cli/context.h"
#include "doctor.h"
#include "rediswal.h"
#include "tree.h"

/* What could not be asked stays unknown; why goes to standard error. */
bool doctor_asked(const struct doctor *d, enum err_code rc, const struct err *err)
{
    if (rc != ERR_OK)
        call_complain(d->in, "%s", err->msg);
    return rc == ERR_OK;
}

static void doctor_release(struct doctor *d)
{
    log_survey_release(&d->survey);
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

static enum exit_status report(const struct doctor *d)
{
    CLEANUP(printer_release) struct printer p = { 0 };
    char details[DIAGNOSIS_COUNT][DIAGNOSIS_DETAIL_MAX];
    struct cell cells[DIAGNOSIS_COUNT * N_ROW] = { { 0 } };
    size_t n[VERDICT_COUNT] = { 0 }, n_rows = 0;

    for (enum diagnosis i = 0; i < DIAGNOSIS_COUNT; i++) {
        struct cell *row = cells + n_rows * N_ROW;
        enum health_verdict verdict;

        if (!diagnosis_applies(i, &d->facts))
            continue;
        verdict = diagnose(i, &d->facts, details[i]);
        n[verdict]++;
        n_rows++;
        row[ROW_VERDICT] = CELL_TEXT(health_verdict_code(verdict));
        row[ROW_VERDICT].tone = tones[verdict];
        row[ROW_CHECK] = CELL_TEXT(diagnosis_code(i));
        row[ROW_FOUND] = CELL_TEXT(details[i]);
        row[ROW_EXPECTED] = CELL_TEXT(diagnosis_text(i));
        if (verdict == VERDICT_WARN || verdict == VERDICT_FAIL)
            row[ROW_REMEDY] = CELL_TEXT(diagnosis_remedy(i));
    }
    call_print(d->in, &p);
    printer_list(&p, "checks", columns, N_ROW, cells, n_rows);
    if (n[VERDICT_FAIL] > 0)
        return call_end(&p, EXIT_DIFFERENT);
    return call_end(&p, n[VERDICT_UNKNOWN] > 0 ? EXIT_INCOMPLETE : EXIT_DONE);
}

static enum exit_status run(struct invocation *in)
{
    CLEANUP(doctor_release) struct doctor d = { .in = in };

    diagnosis_facts_init(&d.facts);
    d.facts.wal = link_options(in)->wal;
    doctor_ask_kafka(&d);
    doctor_ask_redis(&d);
    doctor_ask_sentinels(&d);
    return report(&d);
}

static void check(struct invocation *in)
{
    context_check_connection(in, CONNECTION_KAFKA | CONNECTION_REDIS);
}

static const struct option_table *const tables[] = {
    &context_table, &print_table, &connection_table, &rediswal_table, NULL,
};

const struct verb verb_doctor = {
    .name = "doctor",
    .summary = "Look for what deployments get wrong in Kafka and Redis",
    .help =
        "Asks only, and changes nothing. docs/doctor.md lists the checks. What could not be "
        "asked,\n"
        "for want of permission perhaps, is UNKNOWN, and standard error says why. The exit status\n"
        "is 3 when a check fails, and 5 when none does but some are unknown; WARN alone is 0.\n\n"
        "Give it the applier's own options: what our users may do is tried as these users, by\n"
        "asking the brokers, and in Redis by queueing each command in a transaction that is "
        "thrown\n"
        "away. The other checks need more than the applier does: DescribeConfigs on both topics\n"
        "and on the cluster, Read on the dead-letter topic, in Redis CONFIG GET, and at Sentinels\n"
        "SENTINEL MASTER and CKQUORUM; without them those checks are unknown.\n",
    .examples = "kubectl-redwal doctor\n"
                "kubectl-redwal doctor -o json | jq '.checks[] | select(.verdict != \"OK\")'\n",
    .tables = tables,
    .check = check,
    .run = run,
};
