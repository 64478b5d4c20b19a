/*
 * A mirror that a Kafka Connect runs: looks at it, and what is done to it, by the questions of
 * port/connect.h. Everything blocks as they do.
 */
#ifndef REDWAL_RUNTIME_CONNECT_MIRROR_H
#define REDWAL_RUNTIME_CONNECT_MIRROR_H

#include "codec/connect_json.h"
#include "core/mirror.h"
#include "port/connect.h"

/* `ret_config` is zeroed where the connector does not exist, or was not asked for. */
void connect_mirror_look(const struct connect *c, const char *connector, struct mirror_look *ret,
                         struct connect_config *ret_config);

/* MIRROR_EFFECT_STOP, MIRROR_EFFECT_RESUME: Connect has taken the order, and carries it out later.
 */
NODISCARD enum err_code connect_mirror_order(const struct connect *c, const char *connector,
                                             enum mirror_effect effect, struct err *err);
/* MIRROR_EFFECT_GUARD; `ret` is set in any case. ERR_OK: it was taken. */
NODISCARD enum err_code connect_mirror_guard(const struct connect *c, const char *connector,
                                             struct mirror_guard *ret, struct err *err);

/* See connect_offsets_read(). */
NODISCARD enum err_code connect_mirror_offsets(const struct connect *c, const char *connector,
                                               struct str topic, int64_t *ret_next, int32_t n,
                                               struct err *err);

#endif
