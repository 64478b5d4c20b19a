/*
 * Dead letters over librdkafka's idempotent producer: port/dead_letters.h.
 */
#ifndef REDWAL_ADAPTER_DEAD_LETTERS_RDKAFKA_H
#define REDWAL_ADAPTER_DEAD_LETTERS_RDKAFKA_H

#include "adapter/kafka_conf.h"
#include "port/dead_letters.h"

struct dead_letters_settings {
    struct kafka_access access;
    const char *topic;
    const char *source_topic;
    const char *wal;
    int64_t timeout_ms; /* a letter that is not acknowledged by then is to be offered again */
};

struct dead_letters_rdkafka;

/* ERR_INVALID: the settings cannot be used. */
enum err_code dead_letters_rdkafka_new(const struct dead_letters_settings *settings,
                                       struct dead_letters_rdkafka **ret, struct err *err);
/* Logs in like this from the next connection to a broker on; those that are open stay. */
enum err_code dead_letters_rdkafka_use(struct dead_letters_rdkafka *d,
                                       const struct kafka_access *access, struct err *err);
/* What is not acknowledged yet is given up; the records are still in the log. NULL is fine. */
void dead_letters_rdkafka_free(struct dead_letters_rdkafka *d);

struct dead_letters dead_letters_rdkafka_port(struct dead_letters_rdkafka *d);

#endif
