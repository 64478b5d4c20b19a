#include "runtime/metrics.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct metrics *metrics;
    struct buf out;
};

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->metrics = metrics_new("1.2.3");
    buf_init(&f->out, METRICS_MAX_BYTES);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;

    metrics_free(f->metrics);
    buf_release(&f->out);
    free(f);
    return 0;
}

static const char *page_in(struct fixture *f, enum metrics_format format)
{
    buf_clear(&f->out);
    metrics_print(f->metrics, format, &f->out);
    assert_true(buf_append(&f->out, "", 1));
    return f->out.p;
}

static const char *page(struct fixture *f)
{
    return page_in(f, METRICS_PROMETHEUS);
}

/* `line` stands on a line of its own. */
static bool shows(struct fixture *f, const char *line)
{
    char whole[256];

    snprintf(whole, sizeof(whole), "\n%s\n", line);
    return strstr(page(f), whole);
}

static void counters_and_gauges_show_what_was_set(void **state)
{
    struct fixture *f = *state;

    assert_true(shows(f, "redwal_applier_records_total 0"));
    metrics_add(f->metrics, METRIC_RECORDS, 0, 40);
    metrics_add(f->metrics, METRIC_RECORDS, 0, 2);
    metrics_set(f->metrics, METRIC_ASSIGNED, 0, 12);
    assert_true(shows(f, "redwal_applier_records_total 42"));
    assert_true(shows(f, "redwal_applier_partitions_assigned 12"));
    assert_true(shows(f, "redwal_applier_build_info{version=\"1.2.3\"} 1"));
}

static void times_are_seconds(void **state)
{
    struct fixture *f = *state;

    metrics_set(f->metrics, METRIC_CLOCK_SKEW, 0, -1250);
    metrics_show_partition(f->metrics, 3, true);
    metrics_set(f->metrics, METRIC_LAG, 3, 1);
    assert_true(shows(f, "redwal_applier_redis_clock_skew_seconds -1.25"));
    assert_true(shows(f, "redwal_applier_lag_seconds{partition=\"3\"} 0.001"));
}

static void each_reason_has_a_series_from_the_start(void **state)
{
    struct fixture *f = *state;
    char line[128];

    metrics_add(f->metrics, METRIC_REJECTED, REJECT_NOT_JSON, 3);
    metrics_add(f->metrics, METRIC_REDIS_ERRORS, REDIS_ERROR_PRESSURE, 5);
    metrics_add(f->metrics, METRIC_APPLIED, ENVELOPE_SCRIPT, 2);
    for (unsigned i = REJECT_NONE + 1; i < REJECT_REASON_COUNT; i++) {
        snprintf(line, sizeof(line), "redwal_applier_rejected_total{reason=\"%s\"} %d",
                 reject_code(i), i == REJECT_NOT_JSON ? 3 : 0);
        if (!shows(f, line))
            fail_msg("lacks %s", line);
    }
    assert_null(strstr(page(f), "reason=\"none\""));
    assert_true(shows(f, "redwal_applier_redis_errors_total{class=\"pressure\"} 5"));
    assert_true(shows(f, "redwal_applier_applied_envelopes_total{kind=\"operation\"} 0"));
    assert_true(shows(f, "redwal_applier_applied_envelopes_total{kind=\"script\"} 2"));
    assert_true(shows(f, "redwal_applier_redis_errors_total{class=\"operation\"} 0"));
}

static void a_partition_is_shown_while_it_is_ours(void **state)
{
    struct fixture *f = *state;

    metrics_show_partition(f->metrics, 70, false);
    assert_null(strstr(page(f), "partition="));

    metrics_show_partition(f->metrics, 70, true);
    metrics_show_partition(f->metrics, PARTITIONS_MAX - 1, true);
    metrics_set(f->metrics, METRIC_POSITION, 70, 99);
    metrics_set(f->metrics, METRIC_POSITION, PARTITIONS_MAX - 1, INT64_MAX);
    metrics_show_partition(f->metrics, 70, true);
    assert_true(shows(f, "redwal_applier_position{partition=\"70\"} 99"));
    assert_true(shows(f, "redwal_applier_position{partition=\"4095\"} 9223372036854775807"));
    assert_null(strstr(page(f), "partition=\"69\""));

    metrics_show_partition(f->metrics, 70, false);
    assert_null(strstr(page(f), "partition=\"70\""));
    metrics_show_partition(f->metrics, 70, true);
    assert_true(shows(f, "redwal_applier_position{partition=\"70\"} 0"));
}

static void a_hold_has_a_series_while_it_lasts(void **state)
{
    struct fixture *f = *state;

    metrics_show_partition(f->metrics, 2, true);
    assert_null(strstr(page(f), "redwal_applier_partition_held{"));
    metrics_set(f->metrics, METRIC_PARTITION_HELD, 2, HOLD_BEHIND_LOG);
    assert_true(
        shows(f, "redwal_applier_partition_held{partition=\"2\",reason=\"log-trimmed\"} 1"));
    metrics_set(f->metrics, METRIC_PARTITION_HELD, 2, HOLD_NONE);
    assert_null(strstr(page(f), "redwal_applier_partition_held{"));

    metrics_set(f->metrics, METRIC_HELD, HOLD_OTHER_WAL, 1);
    assert_true(shows(f, "redwal_applier_held{reason=\"other-wal\"} 1"));
    assert_true(shows(f, "redwal_applier_held{reason=\"log-trimmed\"} 0"));
}

static const struct applier_exemplar no_exemplars[LATENCY_BUCKETS + 1];

static void a_histogram_is_cumulative(void **state)
{
    struct fixture *f = *state;
    uint64_t counts[LATENCY_BUCKETS + 1] = { 1, 2, 0, 4 };
    char line[128];

    counts[LATENCY_BUCKETS] = 10;
    metrics_add_histogram(f->metrics, METRIC_APPLY_LATENCY, counts, 2, no_exemplars);
    counts[LATENCY_BUCKETS]--;
    counts[0] = counts[1] = counts[3] = 0;
    metrics_add_histogram(f->metrics, METRIC_APPLY_LATENCY, counts, 0.5, no_exemplars);

    snprintf(line, sizeof(line), "redwal_applier_apply_latency_seconds_bucket{le=\"%.10g\"} 3",
             applier_latency_bounds_ms[2] / 1000);
    assert_true(shows(f, line));
    snprintf(line, sizeof(line), "redwal_applier_apply_latency_seconds_bucket{le=\"%.10g\"} 7",
             applier_latency_bounds_ms[LATENCY_BUCKETS - 1] / 1000);
    assert_true(shows(f, line));
    assert_true(shows(f, "redwal_applier_apply_latency_seconds_bucket{le=\"+Inf\"} 26"));
    assert_true(shows(f, "redwal_applier_apply_latency_seconds_count 26"));
    assert_true(shows(f, "redwal_applier_apply_latency_seconds_sum 2.5"));
}

static void openmetrics_names_the_record_of_a_latency(void **state)
{
    struct fixture *f = *state;
    const uint64_t counts[LATENCY_BUCKETS + 1] = { [12] = 2, [LATENCY_BUCKETS] = 1 };
    const struct applier_exemplar slow = { 3, 1234567890123, 0.75, 1700000000042 };
    struct applier_exemplar exemplars[LATENCY_BUCKETS + 1] = { [12] = slow };
    const char *text;

    metrics_add_histogram(f->metrics, METRIC_APPLY_LATENCY, counts, 2, exemplars);
    metrics_add_histogram(f->metrics, METRIC_APPLY_LATENCY, counts, 2, no_exemplars);
    text = page_in(f, METRICS_OPENMETRICS);
    assert_non_null(strstr(text,
                           "\nredwal_applier_apply_latency_seconds_bucket{le=\"1.0\"} 4 "
                           "# {partition=\"3\",offset=\"1234567890123\"} 0.75 1700000000.042\n"));
    assert_non_null(strstr(text, "_bucket{le=\"+Inf\"} 6\n"));
    assert_non_null(strstr(text, "\n# TYPE redwal_applier_records counter\n"));
    assert_non_null(strstr(text, "\nredwal_applier_records_total 0\n"));
    assert_non_null(strstr(text, "\n# TYPE process_cpu_seconds counter\n"));
    assert_string_equal(text + strlen(text) - strlen("\n# EOF\n"), "\n# EOF\n");

    text = page(f);
    assert_non_null(strstr(text, "_bucket{le=\"1\"} 4\n"));
    assert_null(strstr(text, "# EOF"));
}

/* The value on the line that begins with `name`. */
static double value_of(struct fixture *f, const char *name)
{
    char start[128];
    const char *line;

    snprintf(start, sizeof(start), "\n%s ", name);
    line = strstr(page(f), start);
    assert_non_null(line);
    return (double)strtold(line + strlen(start), NULL);
}

static void the_process_tells_what_it_uses(void **state)
{
    struct fixture *f = *state;
    FILE *one_more;
    double open_fds;

    assert_true(value_of(f, "process_resident_memory_bytes") > 100000);
    assert_true(value_of(f, "process_virtual_memory_bytes") >
                value_of(f, "process_resident_memory_bytes"));
    assert_true(value_of(f, "process_cpu_seconds_total") > 0);
    assert_true(value_of(f, "process_start_time_seconds") > 1600000000);

    open_fds = value_of(f, "process_open_fds");
    one_more = tmpfile();
    assert_true(value_of(f, "process_open_fds") == open_fds + 1);
    fclose(one_more);
    assert_true(value_of(f, "process_max_fds") > open_fds);
}

static void every_family_has_help_and_type(void **state)
{
    struct fixture *f = *state;
    const char *text = page(f);
    size_t n_help = 0, n_type = 0;

    for (const char *at = text; (at = strstr(at, "# HELP redwal_applier_")); at++)
        n_help++;
    for (const char *at = text; (at = strstr(at, "# TYPE redwal_applier_")); at++)
        n_type++;
    assert_int_equal(n_help, METRIC_COUNT + 1);
    assert_int_equal(n_type, METRIC_COUNT + 1);
}

/* Names as https://prometheus.io/docs/practices/naming/ wants them. */
static void names_follow_the_conventions(void **state)
{
#define ROW(type, id, name, label, scale, help) { #type, name, scale, help },
    static const struct {
        const char *type, *name;
        int scale;
        const char *help;
    } rows[] = { METRICS(ROW) };
#undef ROW
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const size_t n = strlen(rows[i].name);
        const bool total = n > 6 && strcmp(rows[i].name + n - 6, "_total") == 0;

        if (total != (strcmp(rows[i].type, "COUNTER") == 0))
            fail_msg("%s: only counters end in _total", rows[i].name);
        if (rows[i].scale == 1000 && !strstr(rows[i].name, "_seconds"))
            fail_msg("%s: times are in seconds", rows[i].name);
        if (strspn(rows[i].name, "abcdefghijklmnopqrstuvwxyz_") != n)
            fail_msg("%s: not a name", rows[i].name);
        if (strchr(rows[i].help, '\n') || strchr(rows[i].help, '\\'))
            fail_msg("%s: the help needs escapes", rows[i].name);
    }
}

struct reader {
    struct metrics *metrics;
    _Atomic bool done;
};

static void *read_until_done(void *self)
{
    struct reader *r = self;
    struct buf out;

    buf_init(&out, METRICS_MAX_BYTES);
    while (!atomic_load(&r->done)) {
        buf_clear(&out);
        metrics_print(r->metrics, METRICS_OPENMETRICS, &out);
    }
    buf_release(&out);
    return NULL;
}

/* For the thread sanitizer: nothing is read that is not published. */
static void a_reader_runs_beside_the_writer(void **state)
{
    struct fixture *f = *state;
    struct reader reader = { .metrics = f->metrics };
    const uint64_t counts[LATENCY_BUCKETS + 1] = { 1 };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, read_until_done, &reader), 0);
    for (unsigned i = 0; i < 200; i++) {
        metrics_show_partition(f->metrics, i, true);
        metrics_set(f->metrics, METRIC_POSITION, i, i);
        metrics_add(f->metrics, METRIC_RECORDS, 0, 1);
        metrics_add_histogram(f->metrics, METRIC_APPLY_LATENCY, counts, 1, no_exemplars);
        if (i % 3 == 0)
            metrics_show_partition(f->metrics, i, false);
    }
    atomic_store(&reader.done, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(shows(f, "redwal_applier_records_total 200"));
    assert_true(shows(f, "redwal_applier_position{partition=\"199\"} 199"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(counters_and_gauges_show_what_was_set),
        TEST(times_are_seconds),
        TEST(each_reason_has_a_series_from_the_start),
        TEST(a_partition_is_shown_while_it_is_ours),
        TEST(a_hold_has_a_series_while_it_lasts),
        TEST(a_histogram_is_cumulative),
        TEST(openmetrics_names_the_record_of_a_latency),
        TEST(the_process_tells_what_it_uses),
        TEST(every_family_has_help_and_type),
        cmocka_unit_test(names_follow_the_conventions),
        TEST(a_reader_runs_beside_the_writer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
