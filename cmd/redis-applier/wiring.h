/*
 * The adapters of redis-applier, made from its options.
 */
#ifndef REDIS_APPLIER_WIRING_H
#define REDIS_APPLIER_WIRING_H

#include "adapter/dead_letters_rdkafka.h"
#include "adapter/registry_curl.h"
#include "adapter/script_files.h"
#include "adapter/sink_hiredis.h"
#include "adapter/wal_rdkafka.h"
#include "base/err.h"
#include "options.h"
#include "runtime/apply_loop.h"

struct wiring {
    struct wal_rdkafka *wal;
    struct sink_hiredis *sink;
    struct dead_letters_rdkafka *dead_letters;
    struct registry_curl *registry; /* NULL: none is given */
    struct script_files *scripts;   /* NULL: none */
    /* What takes their place with wiring_renew(); NULL: nothing is to be renewed. */
    struct wal_rdkafka *next_wal;
    struct dead_letters_rdkafka *next_dead_letters;
};

/* Borrows the texts of `o`. ERR_INVALID: an option's value cannot be used; release in any case. */
enum err_code wiring_open(struct wiring *w, const struct options *o, struct err *err);
/* Uses the passwords and certificates of `o` from each next connection on. `renew_kafka`: the
 * Kafka clients must be made anew for it. ERR_INVALID: a file cannot be used, and nothing
 * changes. */
enum err_code wiring_use(struct wiring *w, const struct options *o, bool renew_kafka,
                         struct err *err);
/* Lets the old Kafka clients leave and the next ones join. Every message is released before. */
enum err_code wiring_renew(struct wiring *w, struct err *err);
void wiring_release(struct wiring *w); /* leaves the group; safe on a zeroed wiring */

/* Borrows from `w`, which is open. */
struct apply_loop_settings apply_loop_settings_of(const struct options *o, const struct wiring *w);

#endif
