/*
 * What the verbs share: where they print and how they complain.
 */
#ifndef KUBECTL_REDWAL_CALL_H
#define KUBECTL_REDWAL_CALL_H

#include "base/err.h"
#include "cli/print.h"
#include "cli/verb.h"

struct terminal call_output(const struct invocation *in); /* standard output */
struct terminal call_errors(const struct invocation *in); /* standard error */

/* A printer for standard output, as -o says. */
void call_print(const struct invocation *in, struct printer *ret);
/* Ends the document: `status`, unless it could not be written. */
enum exit_status call_end(struct printer *p, enum exit_status status);

/* "kubectl-redwal put: what is wrong" on standard error. */
void call_complain(const struct invocation *in, const char *format, ...) PRINTF_LIKE(2, 3);
/* Complains with `now`, unless it says what `told` says, which it becomes. */
void call_complain_anew(const struct invocation *in, const struct err *now, struct err *told);
/* Complains with the error's message, and says what it means for a script. */
enum exit_status call_failed(const struct invocation *in, const struct err *err);

#endif
