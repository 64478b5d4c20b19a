#include "runtime/metrics_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"

static void the_accept_header_decides(void **state)
{
    static const struct {
        const char *accept;
        enum metrics_format format;
    } rows[] = {
        { "", METRICS_PROMETHEUS },
        { "*/*", METRICS_PROMETHEUS },
        { "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", METRICS_PROMETHEUS },
        { "application/*", METRICS_PROMETHEUS },
        { "application/openmetrics-text", METRICS_OPENMETRICS },
        { "Application/OpenMetrics-Text ; Version=1.0.0", METRICS_OPENMETRICS },
        { "application/openmetrics-text;version=0.0.1", METRICS_PROMETHEUS },
        { "application/openmetrics-text;q=0", METRICS_PROMETHEUS },
        { "application/openmetrics-text;q=nonsense", METRICS_PROMETHEUS },
        { "application/openmetrics-text;q=0.001", METRICS_OPENMETRICS },
        { "application/openmetrics-text;q=0.5,text/plain;q=0.5", METRICS_OPENMETRICS },
        { "application/openmetrics-text;q=0.4,text/plain;q=0.5", METRICS_PROMETHEUS },
        { "application/openmetrics-text;q=0.4,text/*;q=0.5", METRICS_PROMETHEUS },
        { "application/openmetrics-text;q=0.4,*/*;q=0.5", METRICS_PROMETHEUS },
        { "application/openmetrics-text;q=0.4,text/plain;q=0.3,*/*;q=0.5", METRICS_OPENMETRICS },
        { "text/plain,application/openmetrics-text;q=0.999", METRICS_PROMETHEUS },
        { ",;=,;q=;,application/openmetrics-text;;", METRICS_OPENMETRICS },
        /* Prometheus 2.42 and 3.5 */
        { "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
          "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
          METRICS_OPENMETRICS },
        { "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
          "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
          "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
          METRICS_OPENMETRICS },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (metrics_format_wanted(str_from(rows[i].accept)) != rows[i].format)
            fail_msg("row %zu: %s", i, rows[i].accept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_accept_header_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
