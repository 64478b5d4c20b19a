/*
 * Reads on in the log from where Redis was looked at, and says which of some keys its records name.
 * Whatever Redis has applied meanwhile, a key that no record names is what it was.
 */
#ifndef REDWAL_RUNTIME_LOOKAHEAD_H
#define REDWAL_RUNTIME_LOOKAHEAD_H

#include "runtime/apply_loop.h"

struct lookahead;

/* `settings`, and what the ports belong to, are borrowed. `wal` is in no group and nobody else's.
 */
struct lookahead *lookahead_new(const struct apply_loop_settings *settings, const struct wal *wal,
                                const struct registry *registry);
void lookahead_free(struct lookahead *l); /* NULL is fine */

/* Looks for n_keys keys in partitions from next[partition] on; BOUND_NONE leaves one out. `keys` is
 * borrowed until lookahead_end(). */
enum err_code lookahead_begin(struct lookahead *l, const int64_t *next, int32_t n_partitions,
                              const struct str *keys, size_t n_keys, struct err *err);
void lookahead_end(struct lookahead *l); /* fine when it has not begun */
bool lookahead_has_begun(const struct lookahead *l);

/* Reads what there is; when there is nothing, waits for more, up to wait_ms. */
enum err_code lookahead_read(struct lookahead *l, int64_t wait_ms, struct err *err);
/* Everything below is read. */
int64_t lookahead_next(const struct lookahead *l, int32_t partition);
/* Whether a record names keys[i]. */
bool lookahead_names(const struct lookahead *l, size_t i);

#endif
