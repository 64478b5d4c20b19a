/*
 * The story of a run, one line per event: "[   40] host-1  connected to redis-a". Only the end of a
 * long story is kept.
 */
#ifndef REDWAL_TESTS_TRACE_H
#define REDWAL_TESTS_TRACE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

enum { TRACE_LINES = 120, TRACE_LINE_MAX = 200 };

struct trace {
    char lines[TRACE_LINES][TRACE_LINE_MAX];
    size_t n; /* ever written */
};

void trace_add(struct trace *t, int64_t at_ms, const char *who, const char *format, va_list ap)
    __attribute__((format(printf, 4, 0)));
void trace_print(const struct trace *t); /* to standard error */

#endif
