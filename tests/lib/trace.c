#include "trace.h"

#include <stdio.h>

void trace_add(struct trace *t, int64_t at_ms, const char *who, const char *format, va_list ap)
{
    char *line = t->lines[t->n++ % TRACE_LINES];
    const int n = snprintf(line, TRACE_LINE_MAX, "[%6lld] %-8s ", (long long)at_ms, who);

    vsnprintf(line + n, (size_t)(TRACE_LINE_MAX - n), format, ap);
}

void trace_print(const struct trace *t)
{
    for (size_t i = t->n < TRACE_LINES ? 0 : t->n - TRACE_LINES; i < t->n; i++)
        fprintf(stderr, "%s\n", t->lines[i % TRACE_LINES]);
}
