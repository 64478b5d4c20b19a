#include "runtime/metrics_text.h"

#include <string.h>

#include "runtime/metrics_table.h"
#include "runtime/process.h"

const char *metric_type_name(enum metric_type type)
{
    static const char *const names[] = { "counter", "gauge", "histogram" };

    return names[type];
}

/* To OpenMetrics the "_total" of a counter is a part of its sample's name, not of the family's. */
static int family_name_length(const struct metrics_text *page, const char *name,
                              enum metric_type type)
{
    const size_t n = strlen(name), n_suffix = strlen("_total");
    const bool cut = page->format == METRICS_OPENMETRICS && type == METRIC_TYPE_COUNTER;

    return (int)(cut ? n - n_suffix : n);
}

void metrics_text_header(const struct metrics_text *page, const char *prefix, const char *name,
                         enum metric_type type, const char *help)
{
    const int n = family_name_length(page, name, type);

    buf_print(page->out, "# HELP %s%.*s %s.\n# TYPE %s%.*s %s\n", prefix, n, name, help, prefix, n,
              name, metric_type_name(type));
}

void metrics_text_common(const struct metrics_text *page, const char *prefix, const char *version)
{
    struct process_stats stats;

    metrics_text_header(page, prefix, "build_info", METRIC_TYPE_GAUGE, "1; the version is a label");
    buf_print(page->out, "%sbuild_info{version=\"%s\"} 1\n", prefix, version);
    process_read_stats(&stats);
#define PRINT_PROCESS(type, member, name, help)                                                    \
    metrics_text_header(page, "", name, METRIC_TYPE_##type, help);                                 \
    buf_print(page->out, name " %.15g\n", stats.member);
    PROCESS_METRICS(PRINT_PROCESS)
#undef PRINT_PROCESS
}

void metrics_text_end(const struct metrics_text *page)
{
    if (page->format == METRICS_OPENMETRICS)
        buf_print(page->out, "# EOF\n");
}

void metrics_text_label(const struct metrics_text *page, const char *text)
{
    buf_print(page->out, "\"");
    for (; *text; text++) {
        if (*text == '\n')
            buf_print(page->out, "\\n");
        else
            buf_print(page->out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
    }
    buf_print(page->out, "\"");
}

void metrics_text_common_reference(const char *prefix, struct buf *out)
{
    buf_print(out, "| `%sbuild_info` | gauge | version | 1; the version is a label |\n", prefix);
#define PRINT_PROCESS(type, member, name, help)                                                    \
    buf_print(out, "| `" name "` | %s | | %s |\n", metric_type_name(METRIC_TYPE_##type), help);
    PROCESS_METRICS(PRINT_PROCESS)
#undef PRINT_PROCESS
}
