/*
 * Envelopes as text, for tables of what decoders make of records.
 */
#ifndef REDWAL_TESTLIB_ENVELOPE_TEXT_H
#define REDWAL_TESTLIB_ENVELOPE_TEXT_H

#include <stddef.h>

#include "core/record.h"
#include "core/reject.h"

enum { ENVELOPE_TEXT_MAX = 4096 };

/* "[id] command key ttl arg|arg", operations of an atomic envelope between braces and semicolons,
 * "[id] script name sha key|key arg|arg"; a zero byte is shown as `0`. */
void envelope_print(const struct envelope *envelope, char *ret_text);
/* "! reason" */
void reject_print(const struct reject *reject, char *ret_text);

#endif
