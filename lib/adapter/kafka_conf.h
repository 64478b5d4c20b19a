/*
 * How to reach the brokers: what the consumer of the log and the producer of dead letters share.
 */
#ifndef REDWAL_ADAPTER_KAFKA_CONF_H
#define REDWAL_ADAPTER_KAFKA_CONF_H

#include <stdbool.h>

#include <librdkafka/rdkafka.h>

#include "base/err.h"

/* All texts are borrowed; one that does not apply is NULL. */
struct kafka_access {
    const char *brokers;
    const char *client_id;
    const char *security; /* PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL */
    const char *sasl_mechanism;
    const char *user, *password;
    bool pem; /* these are PEM texts, not the names of files with them */
    const char *ca, *cert, *key;
};

struct kafka_property {
    const char *name;
    const char *value; /* NULL: leave librdkafka's default */
};

/* A configuration with the access and n properties; the caller's to destroy or hand over. Errors
 * name the property, never a password. */
enum err_code kafka_conf_new(const struct kafka_access *access,
                             const struct kafka_property *properties, size_t n,
                             rd_kafka_conf_t **ret, struct err *err);

/* The user and password of clients made from it later, and of a client from its next connection
 * on; nothing without SASL. */
enum err_code kafka_conf_use(rd_kafka_conf_t *conf, const struct kafka_access *access,
                             struct err *err);
enum err_code kafka_client_use(rd_kafka_t *client, const struct kafka_access *access,
                               struct err *err);

#endif
