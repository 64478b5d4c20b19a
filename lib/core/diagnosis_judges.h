/*
 * The judges behind diagnose(), one a row of the table, and what they share. Nobody else needs it.
 */
#ifndef REDWAL_CORE_DIAGNOSIS_JUDGES_H
#define REDWAL_CORE_DIAGNOSIS_JUDGES_H

#include "base/check.h"
#include "core/diagnosis.h"

#define DIAGNOSIS_JUDGE(name, judge, ...)                                                          \
    enum health_verdict diagnose_##judge(const struct diagnosis_facts *f, char *ret);
DIAGNOSES(DIAGNOSIS_JUDGE)
#undef DIAGNOSIS_JUDGE

/* Clocks that differ by less agree. */
enum { DIAGNOSIS_SKEW_MAX_MS = 100 };

bool diagnosis_ends_with(const char *text, const char *end);
/* Writes what was found, and returns the verdict. */
enum health_verdict diagnosis_say(char *ret, enum health_verdict v, const char *format, ...)
    PRINTF_LIKE(3, 4);
enum health_verdict diagnosis_unknown(char *ret, const char *what);
/* More is better, from `enough` on all is well. */
enum health_verdict diagnosis_at_least(int64_t value, int64_t enough, const char *what, char *ret);
/* It fails when something is missing. */
enum health_verdict diagnosis_none(const struct diagnosis_list *missing, const char *what,
                                   const char *good, char *ret);

#endif
