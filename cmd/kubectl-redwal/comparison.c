#include "comparison.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/context.h"
#include "runtime/clock.h"
#include "wiring/access.h"
#include "wiring/folding.h"
#include "wiring/registry.h"

enum {
    START_TIMEOUT_MS = 10000,
    ANSWER_TIMEOUT_MS = 60000, /* a large value takes a while */
    STALL_TIMEOUT_MS = 60000,
    DRAIN_TIMEOUT_MS = 1000,
    SENTINEL_POLL_MS = 1000,
    SESSION_TIMEOUT_MS = 10000,
    FETCH_BUFFER_BYTES = 8 * 1024 * 1024,
    QUARANTINE_MAX_KEYS = 1000000, /* as many as an applier may be told */
};

static const char client_id[] = "kubectl-redwal";

/* --- what is told meanwhile ------------------------------------------------------------------- */

static bool progressed(void *self, enum verify_phase phase, uint64_t done, uint64_t total)
{
    static const char *const units[] = {
        [VERIFY_FOLDS] = "records folded",
        [VERIFY_COMPARES] = "keys compared",
        [VERIFY_LOOKS_FOR_MISSING] = "keys looked for",
    };
    struct comparison *c = self;
    const int64_t now_ms = clock_monotonic_ms();

    if (!c->has_phase || c->phase != phase) {
        progress_clear(&c->progress);
        progress_begin(&c->progress, call_errors(c->in), units[phase], (int64_t)total, now_ms);
    }
    c->has_phase = true;
    c->phase = phase;
    c->progress.total = (int64_t)total;
    progress_at(&c->progress, (int64_t)done, now_ms);
    return !stops_have_come(&c->stops);
}

static void found(void *self, struct str key, const struct finding *finding,
                  enum repair_outcome outcome, const char *why)
{
    struct comparison *c = self;
    struct listed listed = {
        .key = mem_copy_text(key.p, key.n),
        .n_key = key.n,
        .finding = *finding,
        .outcome = outcome,
    };

    if (*why)
        snprintf(listed.finding.detail, sizeof(listed.finding.detail), "%s", why);
    if (c->told)
        c->told(c->told_self, &listed);
    if (c->n_listed == (size_t)c->options->limit) {
        free(listed.key);
        return;
    }
    c->list = mem_resize(c->list, c->n_listed + 1, sizeof(*c->list));
    c->list[c->n_listed++] = listed;
}

static void revised(void *self, struct str key, enum finding_kind kind, enum repair_outcome outcome,
                    const char *why)
{
    struct comparison *c = self;
    struct listed listed = {
        .key = mem_copy_text(key.p, key.n),
        .n_key = key.n,
        .finding.kind = kind,
        .outcome = outcome,
    };

    snprintf(listed.finding.detail, sizeof(listed.finding.detail), "%s", why);
    for (size_t i = 0; i < c->n_listed; i++) {
        struct listed *at = &c->list[i];

        if (!str_eq((struct str){ at->key, at->n_key }, key))
            continue;
        at->finding = listed.finding;
        at->outcome = outcome;
        break;
    }
    if (c->told)
        c->told(c->told_self, &listed);
    free(listed.key);
}

/* --- opening ---------------------------------------------------------------------------------- */

static enum err_code open_target(struct comparison *c, const struct connection_options *o,
                                 struct err *err)
{
    const struct sink_hiredis_settings settings = {
        .redis = o->redis,
        .sentinel = access_to_sentinels(o, SENTINEL_POLL_MS),
        .access = { access_to_redis(o), access_to_sentinel(o) },
        .connect_timeout_ms = o->connect_timeout_ms,
        .wall_ms = clock_wall_ms,
    };

    return sink_hiredis_new(&settings, &c->target, err);
}

static enum err_code open_scratch(struct comparison *c, struct err *err)
{
    struct sink_hiredis_settings settings = {
        .redis = c->options->scratch,
        .connect_timeout_ms = START_TIMEOUT_MS,
        .wall_ms = clock_wall_ms,
    };
    enum err_code rc = ERR_OK;

    if (!settings.redis) {
        rc = scratch_redis_start(c->options->redis_server, START_TIMEOUT_MS, &c->scratch, err);
        if (rc != ERR_OK)
            return rc;
        settings.redis = scratch_redis_address(c->scratch);
    }
    rc = sink_hiredis_new(&settings, &c->question, err);
    return rc == ERR_OK ? sink_hiredis_new(&settings, &c->fold, err) : rc;
}

static enum err_code open_wal(const struct connection_options *o, struct wal_rdkafka **ret,
                              struct err *err)
{
    const struct wal_rdkafka_settings settings = {
        .access = access_to_kafka(o, client_id),
        .topic = o->topic,
        .session_timeout_ms = SESSION_TIMEOUT_MS,
        .fetch_buffer_bytes = FETCH_BUFFER_BYTES,
        .monotonic_ms = clock_monotonic_ms,
    };

    return wal_rdkafka_new(&settings, ret, err);
}

static enum err_code open_scripts(struct comparison *c, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (c->folding->scripts)
        rc = script_files_new(c->folding->scripts, &c->scripts, err);
    return rc == ERR_OK ? rc : err_wrap(err, rc, "--scripts");
}

static struct fold_settings fold_settings_of(const struct comparison *c,
                                             const struct connection_options *o)
{
    struct fold_settings s = {
        .apply = {
            .applier = applier_settings_default(),
            .format = (enum record_format)c->records->format,
            .drain_timeout_ms = DRAIN_TIMEOUT_MS,
        },
        .stall_timeout_ms = STALL_TIMEOUT_MS,
    };

    snprintf(s.apply.applier.wal, sizeof(s.apply.applier.wal), "%s", o->wal);
    folding_to_settings(c->folding, &s.apply);
    if (verify_reverts(c->repair))
        s.apply.applier.expiry.expiry = EXPIRY_LOG; /* no deadline ends between the two folds */
    /* What it stood still at was passed since, or the position is in front of it. */
    if (s.apply.applier.on_reject == ON_REJECT_HALT)
        s.apply.applier.on_reject = ON_REJECT_SKIP;
    s.apply.applier.quarantine_max_keys = QUARANTINE_MAX_KEYS;
    s.apply.applier.scripts = c->scripts ? script_files_set(c->scripts) : NULL;
    return s;
}

static void make_verify(struct comparison *c, const struct connection_options *o,
                        enum verify_repair repair)
{
    const struct compare_options *options = c->options;
    const struct fold_settings fold = fold_settings_of(c, o);
    struct verify_ports ports = {
        .target = sink_hiredis_port(c->target),
        .scratch = sink_hiredis_port(c->question),
        .scratch_fold = sink_hiredis_port(c->fold),
        .wal = wal_rdkafka_port(c->wal),
        .registry = registry_curl_port(c->registry),
        .log = &c->log,
        .listener = { progressed, found, revised, c },
    };
    struct verify_settings settings = {
        .keys = options->keys,
        .sample = (uint64_t)options->sample,
        .expiry_tolerance_ms = options->expiry_tolerance_ms,
        .clock_skew_threshold_ms = c->folding->clock_skew_threshold_ms,
        .answer_timeout_ms = ANSWER_TIMEOUT_MS,
        .repair = repair,
        .repair_seed = (uint64_t)clock_wall_ms() << 20 ^ (uint64_t)getpid(),
    };

    if (c->wal_ahead)
        ports.wal_ahead = wal_rdkafka_port(c->wal_ahead);

    snprintf(settings.wal, sizeof(settings.wal), "%s", o->wal);
    if (options->partitions &&
        compare_parse_partitions(options->partitions, c->selected, &settings.n_selected))
        settings.selected = c->selected;
    c->verify = verify_new(&settings, &fold, &ports);
}

static void tell_caveats(const struct comparison *c)
{
    const char *caveat = verify_caveat(c->verify);
    const struct verify_partition *partitions;
    int32_t n;

    if (*caveat)
        call_complain(c->in,
                      "the scratch Redis does not know commands that Redis has, and what they did "
                      "will differ (give --redis-server of the same version): %s",
                      caveat);
    partitions = verify_partitions(c->verify, &n);
    for (int32_t i = 0; i < n; i++)
        if (partitions[i].coverage != COVERAGE_FULL && partitions[i].coverage != COVERAGE_LEFT_OUT)
            call_complain(c->in, "partition %d cannot be compared: %s (%lld to %lld); %s", (int)i,
                          coverage_text(partitions[i].coverage), (long long)partitions[i].begin,
                          (long long)partitions[i].end, coverage_remedy(partitions[i].coverage));
}

enum err_code comparison_open(struct comparison *c, const struct invocation *in,
                              enum verify_repair repair, struct err *err)
{
    const struct connection_options *o = invocation_values(in, &connection_table);
    enum err_code rc;

    stops_expect(&c->stops);
    c->in = in;
    c->repair = repair;
    c->options = invocation_values(in, &compare_table);
    c->folding = invocation_values(in, &folding_table);
    c->records = invocation_values(in, &records_table);
    log_init(&c->log, STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    rc = open_scratch(c, err); /* first: it forks, and there are no threads yet */
    if (rc == ERR_OK)
        rc = open_scripts(c, err);
    if (rc == ERR_OK)
        rc = registry_open(c->records, &c->registry, err);
    if (rc == ERR_OK)
        rc = open_target(c, o, err);
    if (rc == ERR_OK)
        rc = open_wal(o, &c->wal, err);
    if (rc == ERR_OK && repair == VERIFY_REPAIRS)
        rc = open_wal(o, &c->wal_ahead, err);
    if (rc != ERR_OK)
        return rc;
    make_verify(c, o, repair);
    rc = verify_open(c->verify, err);
    if (rc == ERR_OK)
        tell_caveats(c);
    return rc;
}

void comparison_release(struct comparison *c)
{
    progress_clear(&c->progress);
    revert_free(c->revert);
    verify_free(c->verify);
    wal_rdkafka_free(c->wal);
    wal_rdkafka_free(c->wal_ahead);
    registry_curl_free(c->registry);
    sink_hiredis_free(c->target);
    sink_hiredis_free(c->question);
    sink_hiredis_free(c->fold);
    script_files_free(c->scripts);
    scratch_redis_stop(c->scratch);
    log_release(&c->log);
    for (size_t i = 0; i < c->n_listed; i++)
        free(c->list[i].key);
    free(c->list);
}

enum err_code comparison_run(struct comparison *c, struct err *err)
{
    enum err_code rc;

    stops_catch(&c->stops);
    rc = verify_run(c->verify, err);
    stops_release(&c->stops);
    progress_clear(&c->progress);
    return rc;
}

enum err_code comparison_revert(struct comparison *c, const struct revert_settings *settings,
                                const struct revert_log *log, struct err *err)
{
    enum err_code rc;

    stops_catch(&c->stops);
    c->revert = revert_new(c->verify, settings, log);
    rc = revert_run(c->revert, err);
    stops_release(&c->stops);
    progress_clear(&c->progress);
    return rc;
}

/* --- printing --------------------------------------------------------------------------------- */

static uint64_t n_different(const struct comparison *c)
{
    const struct verify_counts *counts = verify_counts(c->verify);
    uint64_t n = 0;

    for (enum finding_kind i = FINDING_NONE + 1; i < FINDING_KIND_COUNT; i++)
        n += counts->found[i];
    return n;
}

/* What was left out because nobody asked for it is no lack. */
static bool covers_what_was_asked(const struct comparison *c)
{
    const struct verify_partition *partitions;
    int32_t n;

    partitions = verify_partitions(c->verify, &n);
    for (int32_t i = 0; i < n; i++)
        if (partitions[i].coverage != COVERAGE_FULL && partitions[i].coverage != COVERAGE_LEFT_OUT)
            return false;
    return true;
}

static uint64_t n_repaired(const struct comparison *c)
{
    const struct verify_counts *counts = verify_counts(c->verify);
    uint64_t n = 0;

    for (enum repair_outcome i = REPAIR_NONE; i < REPAIR_OUTCOME_COUNT; i++)
        n += repair_is_done(i) ? counts->outcomes[i] : 0;
    return n;
}

enum exit_status comparison_verdict(const struct comparison *c)
{
    if (n_different(c) > n_repaired(c))
        return EXIT_DIFFERENT;
    return covers_what_was_asked(c) ? EXIT_DONE : EXIT_INCOMPLETE;
}

enum { FINDING_KEY, FINDING_KIND, FINDING_DETAIL, FINDING_OUTCOME, N_FINDING };
enum {
    PARTITION_NUMBER,
    PARTITION_COVERAGE,
    PARTITION_NEXT,
    PARTITION_BEGIN,
    PARTITION_END,
    N_PARTITION
};
enum {
    TOTAL_EQUAL,
    TOTAL_COMPARED,
    TOTAL_DIFFERENT,
    TOTAL_LISTED,
    TOTAL_UNJUDGED,
    TOTAL_RECHECKED,
    TOTAL_RECORDS,
    TOTAL_FOLD_MS,
    TOTAL_COMPARE_MS,
    N_TOTAL,
    TOTAL_REPAIRED = N_TOTAL, /* of a repair alone, and so are outcomes */
    TOTAL_OUTCOMES,
    N_TOTAL_OF_REPAIR = TOTAL_OUTCOMES + REPAIR_OUTCOME_COUNT - REPAIR_NONE - 1,
    N_TOTAL_MAX, /* why it ended may follow */
};

/* clang-format off */
static const struct column finding_columns[N_FINDING] = {
    [FINDING_KEY]     = { "key",     "KEY",     COLUMN_BYTES, false, 0, 60 },
    [FINDING_KIND]    = { "kind",    "KIND",    COLUMN_TEXT,  false, 0, 0 },
    [FINDING_DETAIL]  = { "detail",  "DETAIL",  COLUMN_TEXT,  false, 0, 0 },
    [FINDING_OUTCOME] = { "outcome", "OUTCOME", COLUMN_TEXT,  false, 0, 0 },
};
static const struct column partition_columns[N_PARTITION] = {
    [PARTITION_NUMBER]   = { "partition", "PARTITION", COLUMN_COUNT, false, 0, 0 },
    [PARTITION_COVERAGE] = { "coverage",  "COVERAGE",  COLUMN_TEXT,  false, 0, 0 },
    [PARTITION_NEXT]     = { "foldedTo",  "FOLDED-TO", COLUMN_COUNT, false, 0, 0 },
    [PARTITION_BEGIN]    = { "begin",     "BEGIN",     COLUMN_COUNT, true,  0, 0 },
    [PARTITION_END]      = { "end",       "END",       COLUMN_COUNT, true,  0, 0 },
};
#define OUTCOME_COLUMN(verbs, name, code, repaired, reverted)                                      \
    [TOTAL_OUTCOMES + REPAIR_##name - REPAIR_NONE - 1] = { code, code, COLUMN_COUNT, true, 0, 0 },
static const struct column error_column = { "error", "error", COLUMN_TEXT, true, 0, 0 };
static const struct column total_columns[N_TOTAL_OF_REPAIR] = {
    [TOTAL_EQUAL]      = { "equal",     "equal",               COLUMN_BOOL,     false, 0, 0 },
    [TOTAL_COMPARED]   = { "compared",  "keys compared",       COLUMN_COUNT,    false, 0, 0 },
    [TOTAL_DIFFERENT]  = { "different", "keys that differ",    COLUMN_COUNT,    false, 0, 0 },
    [TOTAL_LISTED]     = { "listed",    "of them listed",      COLUMN_COUNT,    true,  0, 0 },
    [TOTAL_UNJUDGED]   = { "unjudged",  "keys not judged",     COLUMN_COUNT,    false, 0, 0 },
    [TOTAL_RECHECKED]  = { "rechecked", "keys looked at again", COLUMN_COUNT,   true,  0, 0 },
    [TOTAL_RECORDS]    = { "records",   "records folded",      COLUMN_COUNT,    false, 0, 0 },
    [TOTAL_FOLD_MS]    = { "foldMs",    "folded in",           COLUMN_DURATION, false, 0, 0 },
    [TOTAL_COMPARE_MS] = { "compareMs", "compared in",         COLUMN_DURATION, false, 0, 0 },
    [TOTAL_REPAIRED]   = { "repaired",  "keys repaired",       COLUMN_COUNT,    false, 0, 0 },
    REPAIR_OUTCOMES(OUTCOME_COLUMN)
};
#undef OUTCOME_COLUMN
/* clang-format on */

static void print_findings(const struct comparison *c, struct printer *p)
{
    struct cell *cells = mem_new(c->n_listed * N_FINDING + 1, sizeof(*cells));
    /* What became of a key is known to a repair alone. */
    const bool has_outcomes = c->n_listed > 0 && c->list[0].outcome != REPAIR_NONE;
    const size_t n = has_outcomes ? N_FINDING : N_FINDING - 1;

    for (size_t i = 0; i < c->n_listed; i++) {
        const struct listed *l = &c->list[i];
        struct cell *row = cells + i * n;

        row[FINDING_KEY] = CELL_STR(((struct str){ l->key, l->n_key }));
        row[FINDING_KIND] = CELL_TEXT(finding_code(l->finding.kind));
        row[FINDING_KIND].tone = TONE_BAD;
        row[FINDING_DETAIL] = CELL_TEXT(l->finding.detail);
        if (has_outcomes) {
            row[FINDING_OUTCOME] = CELL_TEXT(repair_code(l->outcome));
            row[FINDING_OUTCOME].tone = repair_is_done(l->outcome) ? TONE_GOOD : TONE_WARN;
        }
    }
    if (c->n_listed > 0 || p->format == PRINT_JSON || p->format == PRINT_YAML)
        printer_list(p, "differences", finding_columns, n, cells, c->n_listed);
    free(cells);
}

static void print_partitions(const struct comparison *c, struct printer *p)
{
    const struct verify_partition *partitions;
    int32_t n;
    struct cell *cells;

    partitions = verify_partitions(c->verify, &n);
    cells = mem_new((size_t)n * N_PARTITION + 1, sizeof(*cells));
    for (int32_t i = 0; i < n; i++) {
        const struct verify_partition *at = &partitions[i];
        struct cell *row = cells + (size_t)i * N_PARTITION;

        row[PARTITION_NUMBER] = CELL_NUMBER(i);
        row[PARTITION_COVERAGE] = CELL_TEXT(coverage_code(at->coverage));
        row[PARTITION_COVERAGE].tone = at->coverage == COVERAGE_FULL ? TONE_GOOD : TONE_WARN;
        row[PARTITION_NEXT] = at->coverage == COVERAGE_FULL ? CELL_NUMBER(at->next) : CELL_NONE;
        row[PARTITION_BEGIN] = CELL_NUMBER(at->begin);
        row[PARTITION_END] = CELL_NUMBER(at->end);
    }
    printer_list(p, "partitions", partition_columns, N_PARTITION, cells, (size_t)n);
    free(cells);
}

static const char *why_unknown(const struct comparison *c, enum repair_outcome outcome)
{
    if (outcome == REPAIR_HELD)
        return c->held_unknown;
    return outcome == REPAIR_REJECTED || outcome == REPAIR_DOUBTFUL ? c->rejected_unknown : NULL;
}

/* Of a repair. What nobody knows programs find none of, and people are told. */
static size_t add_outcomes(const struct comparison *c, const struct printer *p,
                           struct column *columns, struct cell *cells, size_t n)
{
    const struct verify_counts *counts = verify_counts(c->verify);
    const bool is_for_programs = p->format == PRINT_JSON || p->format == PRINT_YAML;

    for (enum repair_outcome i = REPAIR_NONE + 1; i < REPAIR_OUTCOME_COUNT; i++) {
        const char *why = why_unknown(c, i);

        if (why && is_for_programs)
            continue;
        columns[n] = total_columns[TOTAL_OUTCOMES + i - REPAIR_NONE - 1];
        if (why) {
            columns[n].type = COLUMN_TEXT;
            columns[n].wide = false;
            cells[n] = CELL_TEXT(why);
            cells[n].tone = TONE_WARN;
        } else {
            cells[n] = CELL_NUMBER((int64_t)counts->outcomes[i]);
        }
        n++;
    }
    return n;
}

static void print_totals(const struct comparison *c, struct printer *p, const char *why)
{
    const struct verify_counts *counts = verify_counts(c->verify);
    const uint64_t different = n_different(c), repaired = n_repaired(c);
    size_t n = c->repair == VERIFY_ONLY ? N_TOTAL : TOTAL_OUTCOMES;
    struct column columns[N_TOTAL_MAX];
    struct cell cells[N_TOTAL_MAX] = {
        [TOTAL_EQUAL] = CELL_NUMBER(different == repaired),
        [TOTAL_COMPARED] = CELL_NUMBER((int64_t)counts->compared),
        [TOTAL_DIFFERENT] = CELL_NUMBER((int64_t)different),
        [TOTAL_LISTED] = CELL_NUMBER((int64_t)c->n_listed),
        [TOTAL_UNJUDGED] = CELL_NUMBER((int64_t)counts->unjudged),
        [TOTAL_RECHECKED] = CELL_NUMBER((int64_t)counts->rechecked),
        [TOTAL_RECORDS] = CELL_NUMBER((int64_t)counts->folded),
        [TOTAL_FOLD_MS] = CELL_NUMBER(counts->fold_ms),
        [TOTAL_COMPARE_MS] = CELL_NUMBER(counts->compare_ms),
        [TOTAL_REPAIRED] = CELL_NUMBER((int64_t)repaired),
    };

    cells[TOTAL_EQUAL].tone = different == repaired ? TONE_GOOD : TONE_BAD;
    cells[TOTAL_UNJUDGED].tone = counts->unjudged > 0 ? TONE_WARN : TONE_PLAIN;
    memcpy(columns, total_columns, n * sizeof(*columns));
    if (c->repair != VERIFY_ONLY)
        n = add_outcomes(c, p, columns, cells, n);
    if (*why) {
        columns[n] = error_column;
        cells[n++] = CELL_TEXT(why);
    }
    printer_fields(p, columns, n, cells);
}

static bool write_summary(const struct comparison *c, const char *path, const char *why)
{
    static const struct print_options json = { .format = PRINT_JSON };
    FILE *file = fopen(path, "we");
    struct printer p;
    bool written;

    if (!file) {
        call_complain(c->in, "--summary: %s: %s", path, strerror(errno));
        return false;
    }
    printer_init(&p, &json, terminal_of(file, NULL, NULL));
    print_totals(c, &p, why);
    written = printer_end(&p);
    printer_release(&p);
    if (fclose(file) != 0 || !written) {
        call_complain(c->in, "--summary: %s: it could not be written", path);
        return false;
    }
    return true;
}

enum exit_status comparison_print(const struct comparison *c, struct printer *p,
                                  enum exit_status status, const char *why)
{
    print_findings(c, p);
    print_partitions(c, p);
    print_totals(c, p, why);
    if (c->options->summary && !write_summary(c, c->options->summary, why) && status == EXIT_DONE)
        return EXIT_INCOMPLETE;
    return status;
}
