/*
 * RedisWals and Events as rows.
 */
#ifndef KUBECTL_REDWAL_WAL_ROWS_H
#define KUBECTL_REDWAL_WAL_ROWS_H

#include "cli/print.h"
#include "wal_read.h"

/* `now_ms` is by the clock here, for ages. */
void wal_rows_print_list(struct printer *p, const struct wals *w, int64_t now_ms);
/* One of them: what it is and how it is, its conditions. */
void wal_rows_print_one(struct printer *p, const struct wal_view *w, int64_t now_ms);
/* The newest `n` of them. */
void wal_rows_print_events(struct printer *p, const struct event_list *e, size_t n, int64_t now_ms);

/* Whether its condition Ready is true. */
bool wal_is_ready(const struct wal_view *w);

#endif
