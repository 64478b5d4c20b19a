/*
 * The adapters of redis-applier, made from its options.
 */
#ifndef REDIS_APPLIER_WIRING_H
#define REDIS_APPLIER_WIRING_H

#include "adapter/dead_letters_rdkafka.h"
#include "adapter/sink_hiredis.h"
#include "adapter/wal_rdkafka.h"
#include "base/err.h"
#include "options.h"
#include "runtime/apply_loop.h"

struct wiring {
    struct wal_rdkafka *wal;
    struct sink_hiredis *sink;
    struct dead_letters_rdkafka *dead_letters;
};

/* Borrows the texts of `o`. ERR_INVALID: an option's value cannot be used; release in any case. */
enum err_code wiring_open(struct wiring *w, const struct options *o, struct err *err);
void wiring_release(struct wiring *w); /* leaves the group; safe on a zeroed wiring */

struct apply_loop_settings apply_loop_settings_of(const struct options *o);

#endif
