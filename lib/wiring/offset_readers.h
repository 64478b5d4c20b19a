/*
 * The readers of Connect's topics at the brokers of one access, each kept from look to look.
 * Threads may share them.
 */
#ifndef REDWAL_WIRING_OFFSET_READERS_H
#define REDWAL_WIRING_OFFSET_READERS_H

#include "core/look.h"

enum {
    OFFSET_READERS_MAX = 32, /* of more, one that was not asked for longest begins anew */
    OFFSET_READERS_IDLE_MS = 5 * 60 * 1000, /* one that nobody has asked for so long is freed */
};

struct offset_readers;

/* `place` outlives them. */
struct offset_readers *offset_readers_new(const struct log_place *place);
void offset_readers_free(struct offset_readers *r);

/* What the connector of that question has stored: see offset_reader_look(). */
void offset_readers_look(struct offset_readers *r, const struct log_place *question,
                         struct log_look *ret);

#endif
