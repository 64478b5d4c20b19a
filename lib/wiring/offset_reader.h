/*
 * Reads the topic in which Kafka Connect stores how far source connectors have come: all of it
 * once, and what was added since with each look.
 */
#ifndef REDWAL_WIRING_OFFSET_READER_H
#define REDWAL_WIRING_OFFSET_READER_H

#include "adapter/kafka_conf.h"
#include "core/look.h"

/* Of a look; what does not fit into one is left to the next. */
enum {
    OFFSET_READER_MS = 10 * 1000,
    OFFSET_READER_RECORDS = 1000 * 1000,
    OFFSET_READER_BYTES = 256 * 1024 * 1024,
};

/* What is read ahead: records are small, and few come between two looks. A fetch may go beyond. */
enum { OFFSET_READER_AHEAD_BYTES = 512 * 1024, OFFSET_READER_FETCH_BYTES = 1024 * 1024 };

struct offset_reader_settings {
    struct kafka_access access;
    const char *topic, *group;        /* Connect's topic; the group is never joined */
    const char *connector, *mirrored; /* as in struct log_place */
};

struct offset_reader;

/* Takes copies of all but the access. ERR_INVALID: the settings cannot be used. */
NODISCARD enum err_code offset_reader_new(const struct offset_reader_settings *settings,
                                          struct offset_reader **ret, struct err *err);
void offset_reader_free(struct offset_reader *r); /* NULL is fine */

/* Blocks. `ret` is initialised or released before, and says the same. ERR_TIMEOUT: not all of the
 * topic was read yet, and the next look goes on; other errors: it cannot be read. */
enum err_code offset_reader_look(struct offset_reader *r, struct log_look *ret);

#endif
