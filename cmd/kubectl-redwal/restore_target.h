/*
 * What `restore` is asked for: `--to`, the end of the log, a time, or positions; `--keys` and
 * `--partitions`, of which keys.
 */
#ifndef KUBECTL_REDWAL_RESTORE_TARGET_H
#define KUBECTL_REDWAL_RESTORE_TARGET_H

#include "core/restore_spec.h"

/* "latest", "2026-01-31T12:00Z", "2h" for two hours ago, "0:1234,2:77" for the first offset of each
 * partition that is not applied. Fills in time or positions of `ret`, whose memory `positions` is,
 * with room for RESTORE_PARTITIONS_MAX. False: it is none of them; what is wrong is in `why`. */
bool restore_target_parse(const char *text, int64_t now_ms, struct restore_position *positions,
                          struct restore_spec *ret, const char **why);

/* A glob for keys, "0,3,7-9" for partitions; NULL: all of them. Fills in keys and partitions of
 * `ret`; `partitions` has room for RESTORE_PARTITIONS_MAX. False: as above. */
bool restore_scope_parse(const char *keys, const char *list, int32_t *partitions,
                         struct restore_spec *ret, const char **why);

#endif
