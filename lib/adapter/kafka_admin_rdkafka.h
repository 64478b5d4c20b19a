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
#include "core/diagnosis.h"

struct kafka_admin;

/* ERR_INVALID: the access cannot be used. */
enum err_code kafka_admin_new(const struct kafka_access *access, int64_t timeout_ms,
                              struct kafka_admin **ret, struct err *err);
/* Another one on the connections of `a`, which it must not outlive, for another thread. */
struct kafka_admin *kafka_admin_share(const struct kafka_admin *a);
void kafka_admin_free(struct kafka_admin *a); /* NULL is fine */

/* For questions beside these; it lives as long as the admin. */
rd_kafka_t *kafka_admin_client(struct kafka_admin *a);

struct kafka_topic {
    bool exists;
    int32_t n_partitions;
    int32_t n_replicas; /* of the partition that has fewest */
};
/* ERR_TIMEOUT: no broker answers. */
enum err_code kafka_admin_topic(struct kafka_admin *a, const char *topic, struct kafka_topic *ret,
                                struct err *err);

/* Settings of a topic; those that brokers do not tell become unknown, and what is no setting stays.
 * ERR_DENIED: the user may not describe configurations. */
enum err_code kafka_admin_topic_settings(struct kafka_admin *a, const char *topic,
                                         struct diagnosis_topic *ret, struct err *err);
/* How long one of the brokers keeps the commits of a group without members; DIAGNOSIS_UNKNOWN. */
enum err_code kafka_admin_commit_retention(struct kafka_admin *a, int64_t *ret_minutes,
                                           struct err *err);

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
