/*
 * How far a mirror's connector is, from the topic in which Connect stores that.
 */
#ifndef KUBECTL_REDWAL_MIRROR_STORED_H
#define KUBECTL_REDWAL_MIRROR_STORED_H

#include "cli/verb.h"
#include "core/mirror.h"

enum { MIRROR_STORED_MS = 60 * 1000 /* until the topic is read to its end */ };

/* Per partition of the log the offset at its source that is mirrored next, of which `ret_next` has
 * n, and what the log is called there; "" where nothing is stored. ERR_UNAVAILABLE: the topic
 * cannot be read, or does not say. */
NODISCARD enum err_code mirror_stored_read(const struct invocation *in, const char *connector,
                                           char ret_source[MIRROR_TOPIC_MAX + 1], int64_t *ret_next,
                                           int32_t n, struct err *err);

#endif
