/*
 * What pages of metrics share: headers of families, in each format, and what is told of the
 * process.
 */
#ifndef REDWAL_RUNTIME_METRICS_TEXT_H
#define REDWAL_RUNTIME_METRICS_TEXT_H

#include "base/buf.h"
#include "runtime/metrics_format.h"

enum metric_type { METRIC_TYPE_COUNTER, METRIC_TYPE_GAUGE, METRIC_TYPE_HISTOGRAM };
const char *metric_type_name(enum metric_type type);

struct metrics_text {
    enum metrics_format format;
    struct buf *out;
};

void metrics_text_header(const struct metrics_text *page, const char *prefix, const char *name,
                         enum metric_type type, const char *help);
/* The families that all programs have: the version as <prefix>build_info, and the process. */
void metrics_text_common(const struct metrics_text *page, const char *prefix, const char *version);
void metrics_text_end(const struct metrics_text *page);
/* The text in quotes, as the value of a label. */
void metrics_text_label(const struct metrics_text *page, const char *text);

/* Rows of the reference page for metrics_text_common(). */
void metrics_text_common_reference(const char *prefix, struct buf *out);

#endif
