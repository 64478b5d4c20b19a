/*
 * What brokers say about topics and groups: existence, configuration, members, and what our user
 * may do with them. Every call blocks, within the timeout. librdkafka.
 */
#ifndef REDWAL_ADAPTER_KAFKA_ADMIN_RDKAFKA_H
#define REDWAL_ADAPTER_KAFKA_ADMIN_RDKAFKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapter/kafka_conf.h"

struct kafka_admin;

/* ERR_INVALID: the access cannot be used. */
enum err_code kafka_admin_new(const struct kafka_access *access, int64_t timeout_ms,
                              struct kafka_admin **ret, struct err *err);
void kafka_admin_free(struct kafka_admin *a); /* NULL is fine */

/* For questions beside these; it lives as long as the admin. */
rd_kafka_t *kafka_admin_client(struct kafka_admin *a);

struct kafka_topic {
    bool exists;
    int32_t n_partitions;
    int32_t n_replicas; /* of the partition that has fewest */
};
enum err_code kafka_admin_topic(struct kafka_admin *a, const char *topic, struct kafka_topic *ret,
                                struct err *err);

enum { KAFKA_SETTING_MAX = 64 };

/* One setting of a topic; `value` is "" while it is not known. */
struct kafka_setting {
    const char *name;
    char value[KAFKA_SETTING_MAX];
};
/* Fills those that the topic has. ERR_DENIED: the user may not describe configurations. */
enum err_code kafka_admin_settings(struct kafka_admin *a, const char *topic,
                                   struct kafka_setting *settings, size_t n, struct err *err);
/* The same of one of the brokers. */
enum err_code kafka_admin_broker_settings(struct kafka_admin *a, struct kafka_setting *settings,
                                          size_t n, struct err *err);

/* What our user may do with something; `known` is false where brokers do not say. */
struct kafka_rights {
    bool known;
    bool read, write;
};
enum err_code kafka_admin_topic_rights(struct kafka_admin *a, const char *topic,
                                       struct kafka_rights *ret, struct err *err);

struct kafka_group {
    int64_t n_members;
    struct kafka_rights rights;
};
/* ERR_DENIED: the user may not even describe it. */
enum err_code kafka_admin_group(struct kafka_admin *a, const char *group, struct kafka_group *ret,
                                struct err *err);

#endif
