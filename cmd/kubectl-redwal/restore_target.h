/*
 * `--to`: the end of the log, a time, or positions.
 */
#ifndef KUBECTL_REDWAL_RESTORE_TARGET_H
#define KUBECTL_REDWAL_RESTORE_TARGET_H

#include "core/restore_spec.h"

/* "latest", "2026-01-31T12:00Z", "2h" for two hours ago, "0:1234,2:77" for the first offset of each
 * partition that is not applied. Fills in time or positions of `ret`, whose memory `positions` is,
 * with room for RESTORE_PARTITIONS_MAX. False: it is none of them; what is wrong is in `why`. */
bool restore_target_parse(const char *text, int64_t now_ms, struct restore_position *positions,
                          struct restore_spec *ret, const char **why);

#endif
