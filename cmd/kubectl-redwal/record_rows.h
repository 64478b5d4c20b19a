/*
 * Records as people and programs read them: a row an operation.
 */
#ifndef KUBECTL_REDWAL_RECORD_ROWS_H
#define KUBECTL_REDWAL_RECORD_ROWS_H

#include "cli/print.h"
#include "core/record.h"
#include "decoder.h"

struct record_rows;

/* Prints to `p`, which becomes a stream; `decoder`, which is borrowed too, reads the records. */
struct record_rows *record_rows_new(struct printer *p, struct decoder *decoder);
void record_rows_free(struct record_rows *r); /* NULL is fine */

/* Which operations are shown: those on keys that it likes. NULL shows all. */
typedef bool record_key_fn(const void *self, struct str key);

/* Prints what the record asks for; one that nobody can read has a row too, which says why. False
 * when it could not be printed. */
bool record_rows_print(struct record_rows *r, const struct record *record, record_key_fn *likes,
                       const void *self);
uint64_t record_rows_printed(const struct record_rows *r);

#endif
