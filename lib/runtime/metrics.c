#include "runtime/metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/envelope.h"
#include "runtime/metrics_text.h"

#define PREFIX                  "redwal_applier_"

#define LABEL_ENUM(label, name) LABEL_##label,
enum metric_label { METRIC_LABELS(LABEL_ENUM) };
#undef LABEL_ENUM

enum {
    N_FIXED_SERIES = REJECT_REASON_COUNT, /* the label with the most values but partitions */
    PARTITIONS_IN_BLOCK = 64,
    N_BLOCKS = PARTITIONS_MAX / PARTITIONS_IN_BLOCK,
};

_Static_assert((int)N_FIXED_SERIES >= (int)HOLD_REASON_COUNT, "hold reasons fit");
_Static_assert((int)N_FIXED_SERIES >= (int)ENVELOPE_KIND_COUNT, "kinds of envelopes fit");
_Static_assert((int)N_FIXED_SERIES >= (int)REDIS_ERROR_CLASS_COUNT, "error classes fit");

struct family {
    enum metric_type type;
    enum metric_label label;
    int64_t scale;
    const char *name, *help;
};

#define FAMILY(type, id, name, label, scale, help)                                                 \
    [METRIC_##id] = { METRIC_TYPE_##type, LABEL_##label, scale, name, help },
static const struct family families[] = { METRICS(FAMILY) };
#undef FAMILY

#define LABEL_NAME(label, name) name,
static const char *const label_names[] = { METRIC_LABELS(LABEL_NAME) };
#undef LABEL_NAME

struct histogram {
    uint64_t counts[LATENCY_BUCKETS + 1];
    double sum_seconds;
    struct applier_exemplar exemplars[LATENCY_BUCKETS + 1];
};

struct partition_series {
    _Atomic bool shown;
    _Atomic int64_t values[METRIC_COUNT];
};

/* Blocks are published once and stay until the end, so that a reader may keep a pointer. */
struct metrics {
    const char *version;
    _Atomic int64_t values[METRIC_COUNT][N_FIXED_SERIES];
    struct partition_series *_Atomic blocks[N_BLOCKS];
    pthread_mutex_t latency_mutex; /* guards what follows: an exemplar is shown whole */
    struct histogram latency;
};

struct metrics *metrics_new(const char *version)
{
    struct metrics *m = mem_new(1, sizeof(*m));

    m->version = version;
    pthread_mutex_init(&m->latency_mutex, NULL);
    return m;
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < N_BLOCKS; i++)
        free(atomic_load_explicit(&m->blocks[i], memory_order_relaxed));
    pthread_mutex_destroy(&m->latency_mutex);
    free(m);
}

static bool is_by_partition(enum metric id)
{
    return families[id].label == LABEL_PARTITION || families[id].label == LABEL_HELD;
}

static struct partition_series *partition_at(struct metrics *m, unsigned partition)
{
    struct partition_series *block;

    PRE(partition < PARTITIONS_MAX);
    block = atomic_load_explicit(&m->blocks[partition / PARTITIONS_IN_BLOCK], memory_order_acquire);
    return block ? block + partition % PARTITIONS_IN_BLOCK : NULL;
}

static _Atomic int64_t *value_at(struct metrics *m, enum metric id, unsigned series)
{
    struct partition_series *p;

    PRE(id < METRIC_COUNT && families[id].type != METRIC_TYPE_HISTOGRAM);
    if (!is_by_partition(id)) {
        PRE(series < N_FIXED_SERIES);
        return &m->values[id][series];
    }
    p = partition_at(m, series);
    PRE(p);
    return &p->values[id];
}

void metrics_set(struct metrics *m, enum metric id, unsigned series, int64_t value)
{
    atomic_store_explicit(value_at(m, id, series), value, memory_order_relaxed);
}

/* With one writer, a load and a store are enough. */
void metrics_add(struct metrics *m, enum metric id, unsigned series, int64_t n)
{
    _Atomic int64_t *value = value_at(m, id, series);

    atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

void metrics_add_histogram(struct metrics *m, enum metric id, const uint64_t *counts,
                           double sum_seconds, const struct applier_exemplar *exemplars)
{
    struct histogram *h = &m->latency;

    PRE(id == METRIC_APPLY_LATENCY);
    pthread_mutex_lock(&m->latency_mutex);
    for (size_t i = 0; i <= LATENCY_BUCKETS; i++) {
        h->counts[i] += counts[i];
        if (exemplars[i].at_ms > 0)
            h->exemplars[i] = exemplars[i];
    }
    h->sum_seconds += sum_seconds;
    pthread_mutex_unlock(&m->latency_mutex);
}

void metrics_show_partition(struct metrics *m, unsigned partition, bool shown)
{
    struct partition_series *p = partition_at(m, partition);

    if (!p) {
        if (!shown)
            return;
        atomic_store_explicit(&m->blocks[partition / PARTITIONS_IN_BLOCK],
                              mem_new(PARTITIONS_IN_BLOCK, sizeof(*p)), memory_order_release);
        p = partition_at(m, partition);
    }
    if (atomic_load_explicit(&p->shown, memory_order_relaxed) == shown)
        return;
    for (size_t i = 0; i < METRIC_COUNT; i++)
        atomic_store_explicit(&p->values[i], 0, memory_order_relaxed);
    atomic_store_explicit(&p->shown, shown, memory_order_release);
}

static void print_value(struct buf *out, const struct family *f, int64_t value)
{
    if (f->scale == 1)
        buf_print(out, " %" PRId64 "\n", value);
    else
        buf_print(out, " %.10g\n", (double)value / (double)f->scale);
}

/* The label's value of one series; NULL: that series is not shown. */
static const char *label_value(enum metric_label label, unsigned series)
{
    switch (label) {
    case LABEL_NONE:
        return series == 0 ? "" : NULL;
    case LABEL_HOLD:
        return series > HOLD_NONE && series < HOLD_REASON_COUNT ? hold_code(series) : NULL;
    case LABEL_REJECT:
        return series > REJECT_NONE ? reject_code(series) : NULL;
    case LABEL_REDIS_ERROR:
        return series < REDIS_ERROR_CLASS_COUNT ? redis_error_label(series) : NULL;
    case LABEL_ENVELOPE:
        return series < ENVELOPE_KIND_COUNT ? envelope_kind_code(series) : NULL;
    case LABEL_PARTITION:
    case LABEL_HELD:
        break;
    }
    return NULL;
}

static void print_fixed(struct metrics *m, enum metric id, struct buf *out)
{
    const struct family *f = &families[id];

    for (unsigned i = 0; i < N_FIXED_SERIES; i++) {
        const char *label = label_value(f->label, i);

        if (!label)
            continue;
        buf_print(out, PREFIX "%s", f->name);
        if (f->label != LABEL_NONE)
            buf_print(out, "{%s=\"%s\"}", label_names[f->label], label);
        print_value(out, f, atomic_load_explicit(&m->values[id][i], memory_order_relaxed));
    }
}

static void print_by_partition(struct metrics *m, enum metric id, struct buf *out)
{
    const struct family *f = &families[id];

    for (unsigned i = 0; i < PARTITIONS_MAX; i++) {
        const struct partition_series *p = partition_at(m, i);
        int64_t value;

        if (!p || !atomic_load_explicit(&p->shown, memory_order_acquire))
            continue;
        value = atomic_load_explicit(&p->values[id], memory_order_relaxed);
        if (f->label == LABEL_PARTITION) {
            buf_print(out, PREFIX "%s{partition=\"%u\"}", f->name, i);
            print_value(out, f, value);
        } else if (value != HOLD_NONE) {
            buf_print(out, PREFIX "%s{partition=\"%u\",reason=\"%s\"} 1\n", f->name, i,
                      hold_code((enum hold_reason)value));
        }
    }
}

static void print_exemplar(const struct metrics_text *page, const struct applier_exemplar *e)
{
    if (page->format == METRICS_OPENMETRICS && e->at_ms > 0)
        buf_print(page->out,
                  " # {partition=\"%" PRId32 "\",offset=\"%" PRId64 "\"} %.10g %" PRId64 ".%03d",
                  e->partition, e->offset, e->latency_seconds, e->at_ms / 1000,
                  (int)(e->at_ms % 1000));
    buf_print(page->out, "\n");
}

/* OpenMetrics wants "1.0" where everybody else has "1" since ever. */
static void print_bound(const struct metrics_text *page, double seconds)
{
    const bool is_whole = seconds >= 1 && seconds == (double)(int64_t)seconds;

    buf_print(page->out, "%.10g%s", seconds,
              is_whole && page->format == METRICS_OPENMETRICS ? ".0" : "");
}

static void print_histogram(struct metrics *m, enum metric id, const struct metrics_text *page)
{
    const char *name = families[id].name;
    struct buf *out = page->out;
    struct histogram h;
    uint64_t total = 0;

    pthread_mutex_lock(&m->latency_mutex);
    h = m->latency;
    pthread_mutex_unlock(&m->latency_mutex);
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        total += h.counts[i];
        buf_print(out, PREFIX "%s_bucket{le=\"", name);
        print_bound(page, applier_latency_bounds_ms[i] / 1000);
        buf_print(out, "\"} %" PRIu64, total);
        print_exemplar(page, &h.exemplars[i]);
    }
    total += h.counts[LATENCY_BUCKETS];
    buf_print(out, PREFIX "%s_bucket{le=\"+Inf\"} %" PRIu64, name, total);
    print_exemplar(page, &h.exemplars[LATENCY_BUCKETS]);
    buf_print(out, PREFIX "%s_sum %.10g\n", name, h.sum_seconds);
    buf_print(out, PREFIX "%s_count %" PRIu64 "\n", name, total);
}

static void print_family(struct metrics *m, enum metric id, const struct metrics_text *page)
{
    const struct family *f = &families[id];

    metrics_text_header(page, PREFIX, f->name, f->type, f->help);
    if (f->type == METRIC_TYPE_HISTOGRAM)
        print_histogram(m, id, page);
    else if (is_by_partition(id))
        print_by_partition(m, id, page->out);
    else
        print_fixed(m, id, page->out);
}

void metrics_print(struct metrics *m, enum metrics_format format, struct buf *out)
{
    const struct metrics_text page = { format, out };

    metrics_text_common(&page, PREFIX, m->version);
    for (enum metric id = 0; id < METRIC_COUNT; id++)
        print_family(m, id, &page);
    metrics_text_end(&page);
}

void metrics_print_reference(struct buf *out)
{
    buf_print(
        out,
        "# Metrics of redis-applier\n\n"
        "<!-- Generated by `make docs` from lib/runtime/metrics_table.h. -->\n\n"
        "Served at `/metrics` where `--http` says, in the form that is asked for: OpenMetrics\n"
        "1.0.0, or Prometheus's text. Counters start at 0 with the process. In OpenMetrics each\n"
        "latency bucket names the last record that fell into it, as an exemplar with the labels\n"
        "`partition` and `offset`.\n\n"
        "| name | type | labels | meaning |\n|---|---|---|---|\n");
    for (enum metric id = 0; id < METRIC_COUNT; id++)
        buf_print(out, "| `" PREFIX "%s` | %s | %s | %s |\n", families[id].name,
                  metric_type_name(families[id].type), label_names[families[id].label],
                  families[id].help);
    metrics_text_common_reference(PREFIX, out);
}
