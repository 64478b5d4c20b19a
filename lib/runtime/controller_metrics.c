#include "runtime/controller_metrics.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/controller_metrics_table.h"
#include "runtime/metrics_text.h"
#include "runtime/wal_marks.h"
#include "runtime/wal_mirrors.h"

#define PREFIX                   "redwal_controller_"

#define WAL_METRIC_ENUM(id, ...) WAL_METRIC_##id,
enum wal_metric { CONTROLLER_WAL_METRICS(WAL_METRIC_ENUM) WAL_METRIC_COUNT };
#undef WAL_METRIC_ENUM

static const struct {
    enum metric_type type;
    const char *name, *label, *help;
} wal_metrics[WAL_METRIC_COUNT] = {
#define ROW(id, type, name, label, help)                                                           \
    [WAL_METRIC_##id] = { METRIC_TYPE_##type, name, label, help },
    CONTROLLER_WAL_METRICS(ROW)
#undef ROW
};

static void print_counts(const struct metrics_text *page, const struct wal_reconciler_counts *c)
{
    const struct {
        enum metric_type type;
        const char *name, *label, *help;
        int64_t value;
    } rows[] = {
#define ROW(type, name, label, help, value)                                                        \
    { METRIC_TYPE_##type, name, label, help, (int64_t)(value) },
        CONTROLLER_METRICS(ROW)
#undef ROW
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const bool labelled = rows[i].label[0] != '\0';

        if (i == 0 || strcmp(rows[i].name, rows[i - 1].name) != 0)
            metrics_text_header(page, PREFIX, rows[i].name, rows[i].type, rows[i].help);
        buf_print(page->out, PREFIX "%s%s%s%s %" PRId64 "\n", rows[i].name, labelled ? "{" : "",
                  rows[i].label, labelled ? "}" : "", rows[i].value);
    }
}

static void begin_series(const struct metrics_text *page, enum wal_metric id,
                         const struct wal_watch *w)
{
    buf_print(page->out, PREFIX "%s{namespace=\"%s\",name=\"%s\"", wal_metrics[id].name,
              w->resource.scope, w->resource.name);
}

static void print_figure(const struct metrics_text *page, enum wal_metric id,
                         const struct wal_watch *w, int64_t value, double scale)
{
    if (value < 0)
        return;
    begin_series(page, id, w);
    buf_print(page->out, "} %.10g\n", (double)value / scale);
}

static void print_conditions(const struct metrics_text *page, const struct wal_watch *w)
{
    for (enum wal_condition_type i = 0; i < WAL_CONDITION_COUNT; i++) {
        if (w->before.conditions[i].reason[0] == '\0')
            continue;
        begin_series(page, WAL_METRIC_CONDITION, w);
        buf_print(page->out, ",type=\"%s\",status=\"%s\"} 1\n", wal_condition_text(i),
                  condition_status_text(w->before.conditions[i].status));
    }
}

static void print_marks(const struct metrics_text *page, const struct wal_watch *w)
{
    const struct {
        const char *result;
        uint64_t n;
    } rows[] = { { "stored", w->marks.n_stored },
                 { "failed", w->marks.n_failed },
                 { "other", w->marks.n_others } };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        begin_series(page, WAL_METRIC_MARKS, w);
        buf_print(page->out, ",result=\"%s\"} %" PRIu64 "\n", rows[i].result, rows[i].n);
    }
}

static void print_minutes(const struct metrics_text *page, const struct wal_watch *w)
{
    for (enum slo_verdict v = 0; v < SLO_VERDICT_COUNT; v++) {
        begin_series(page, WAL_METRIC_MINUTES, w);
        buf_print(page->out, ",verdict=\"%s\"} %" PRIu64 "\n", slo_verdict_label(v), w->slo.n[v]);
    }
}

static void print_burn(const struct metrics_text *page, const struct wal_watch *w, int64_t now_ms)
{
    const double budget = wal_spec_budget(&w->resource.spec);

    for (enum slo_window i = 0; i < SLO_WINDOW_COUNT; i++) {
        double rate;

        if (!slo_burn(&w->slo, i, now_ms, budget, &rate))
            continue;
        begin_series(page, WAL_METRIC_BURN, w);
        buf_print(page->out, ",window=\"%s\"} %.10g\n", slo_window_label(i), rate);
    }
}

static void print_budget(const struct metrics_text *page, const struct wal_watch *w)
{
    begin_series(page, WAL_METRIC_BUDGET, w);
    buf_print(page->out, "} %.10g\n", wal_spec_budget(&w->resource.spec));
}

static void print_mirror(const struct metrics_text *page, const struct wal_watch *w, int64_t now_ms)
{
    static const char *const wanted[] = { WAL_MIRROR_CHOICES };
    enum truth facts[MIRROR_FACT_COUNT];

    mirror_facts(&w->mirror.facts, now_ms, facts);
    begin_series(page, WAL_METRIC_MIRROR, w);
    buf_print(page->out, ",state=\"%s\",wanted=\"%s\"} 1\n",
              mirror_state_text(mirror_reason_state(mirror_judge(facts))),
              wanted[wal_mirrors_wish(w)]);
}

static void print_wal(const struct metrics_text *page, enum wal_metric id,
                      const struct wal_watch *w, struct controller_times times)
{
    switch (id) {
    case WAL_METRIC_PHASE:
        begin_series(page, id, w);
        buf_print(page->out, ",phase=\"%s\"} 1\n", wal_phase_text(w->before.phase));
        return;
    case WAL_METRIC_CONDITION:
        print_conditions(page, w);
        return;
    case WAL_METRIC_RECORDS:
        print_figure(page, id, w, observed_behind(&w->facts), 1);
        return;
    case WAL_METRIC_SECONDS:
        print_figure(page, id, w, observed_lag_ms(&w->facts, times.now_ms), 1000);
        return;
    case WAL_METRIC_FRESHNESS:
        print_figure(page, id, w, wal_marks_freshness_ms(w, times.now_ms, times.wall_ms), 1000);
        return;
    case WAL_METRIC_MARKS:
        print_marks(page, w);
        return;
    case WAL_METRIC_MINUTES:
        print_minutes(page, w);
        return;
    case WAL_METRIC_BURN:
        print_burn(page, w, times.now_ms);
        return;
    case WAL_METRIC_BUDGET:
        print_budget(page, w);
        return;
    case WAL_METRIC_MIRROR:
        if (wal_mirrors_is_named(w))
            print_mirror(page, w, times.now_ms);
        return;
    case WAL_METRIC_MIRROR_RECORDS:
        if (wal_mirrors_is_named(w))
            print_figure(page, id, w, mirror_lag_total(&w->mirror.lag, times.now_ms), 1);
        return;
    case WAL_METRIC_COUNT:
        break;
    }
    UNREACHABLE("a metric that does not exist");
}

void controller_metrics_print(const struct wal_reconciler_counts *counts,
                              const struct wal_looks *looks, const char *version,
                              struct controller_times times, enum metrics_format format,
                              struct buf *out)
{
    const struct metrics_text page = { format, out };

    metrics_text_common(&page, PREFIX, version);
    print_counts(&page, counts);
    for (enum wal_metric id = 0; id < WAL_METRIC_COUNT; id++) {
        metrics_text_header(&page, PREFIX, wal_metrics[id].name, wal_metrics[id].type,
                            wal_metrics[id].help);
        for (size_t i = 0; counts->leads && i < wal_looks_count(looks); i++)
            if (wal_looks_at(looks, i)->known)
                print_wal(&page, id, wal_looks_at(looks, i), times);
    }
    metrics_text_end(&page);
}

/* "verb" of `verb="get"` */
static int label_name_length(const char *label)
{
    return (int)strcspn(label, "=");
}

void controller_metrics_print_reference(struct buf *out)
{
    const char *last = "";

    buf_print(out,
              "# Metrics of redwal-controller\n\n"
              "<!-- Generated by `make docs` from lib/runtime/controller_metrics_table.h. -->\n\n"
              "Served at `/metrics` where `--http` says, as OpenMetrics 1.0.0 or Prometheus's "
              "text, a few seconds old.\nCounters start at 0 with the process.\n\n"
              "| name | type | labels | meaning |\n|---|---|---|---|\n");
#define ROW(type, name, label, help, value)                                                        \
    if (strcmp(last, name) != 0)                                                                   \
        buf_print(out, "| `" PREFIX "%s` | %s | %.*s | %s |\n", name,                              \
                  metric_type_name(METRIC_TYPE_##type), label_name_length(label), label, help);    \
    last = name;
    CONTROLLER_METRICS(ROW)
#undef ROW
    for (enum wal_metric id = 0; id < WAL_METRIC_COUNT; id++)
        buf_print(out, "| `" PREFIX "%s` | %s | namespace, name%s%s | %s |\n", wal_metrics[id].name,
                  metric_type_name(wal_metrics[id].type),
                  wal_metrics[id].label[0] != '\0' ? ", " : "", wal_metrics[id].label,
                  wal_metrics[id].help);
    metrics_text_common_reference(PREFIX, out);
}
