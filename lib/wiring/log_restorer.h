/*
 * What a restore asks of the log, and does to its group: core/restore.h.
 */
#ifndef REDWAL_WIRING_LOG_RESTORER_H
#define REDWAL_WIRING_LOG_RESTORER_H

#include "adapter/log_look_rdkafka.h"
#include "core/restore.h"

struct log_restorer {
    const struct log_place *place;
    struct log_looker *looker; /* at the same brokers */
    const char *topic, *group;
};

/* Blocks. Whatever comes of it is in `ret`, which is zeroed or released before. */
void log_restorer_do(const struct log_restorer *r, const struct restore_log_order *order,
                     struct restore_log_result *ret);

#endif
