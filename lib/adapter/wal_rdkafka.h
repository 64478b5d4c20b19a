/*
 * The log over librdkafka: port/wal.h. Records travel on a queue of their own, so that leaving them
 * unread neither hides rebalances nor makes the group think us dead.
 */
#ifndef REDWAL_ADAPTER_WAL_RDKAFKA_H
#define REDWAL_ADAPTER_WAL_RDKAFKA_H

#include "adapter/kafka_conf.h"
#include "port/wal.h"

struct wal_rdkafka_settings {
    struct kafka_access access;
    const char *topic;
    const char *group;             /* NULL: reads every partition and is in no group */
    const char *group_instance_id; /* NULL: dynamic membership */
    int64_t session_timeout_ms;
    int64_t fetch_buffer_bytes; /* read ahead and not yet read */
    int64_t (*monotonic_ms)(void);
};

struct wal_rdkafka;

/* Loads certificates; joins nothing yet. ERR_INVALID: the settings cannot be used. */
enum err_code wal_rdkafka_new(const struct wal_rdkafka_settings *settings, struct wal_rdkafka **ret,
                              struct err *err);
/* Joins the group, if there is one, in the background. */
enum err_code wal_rdkafka_join(struct wal_rdkafka *w, struct err *err);
/* Logs in like this from the next connection to a broker on; those that are open stay. */
enum err_code wal_rdkafka_use(struct wal_rdkafka *w, const struct kafka_access *access,
                              struct err *err);
/* Leaves the group. Every message must be released before. NULL is fine. */
void wal_rdkafka_free(struct wal_rdkafka *w);

struct wal wal_rdkafka_port(struct wal_rdkafka *w);

#endif
