/*
 * In which form metrics are asked for.
 * https://www.rfc-editor.org/rfc/rfc9110#name-accept
 * https://prometheus.io/docs/instrumenting/content_negotiation/
 */
#ifndef REDWAL_RUNTIME_METRICS_FORMAT_H
#define REDWAL_RUNTIME_METRICS_FORMAT_H

#include "base/str.h"

enum metrics_format {
    METRICS_PROMETHEUS,  /* text, 0.0.4 */
    METRICS_OPENMETRICS, /* text, 1.0.0; the only one with exemplars */
};

/* By the value of an Accept header, empty when there is none: OpenMetrics for those who name it and
 * like it no less than plain text. */
enum metrics_format metrics_format_wanted(struct str accept);
const char *metrics_format_content_type(enum metrics_format format);

#endif
