/*
 * RedisRestores as rows.
 */
#ifndef KUBECTL_REDWAL_RESTORE_ROWS_H
#define KUBECTL_REDWAL_RESTORE_ROWS_H

#include "cli/print.h"
#include "restore_read.h"

/* `now_ms` is by the clock here, for ages. */
void restore_rows_print_list(struct printer *p, const struct restores *r, int64_t now_ms);
/* One of them: what is asked for, how far it is, what came of it. */
void restore_rows_print_one(struct printer *p, const struct restore_resource *r, int64_t now_ms);
/* What it would do. */
void restore_rows_print_plan(struct printer *p, const struct restore_resource *r);

#endif
