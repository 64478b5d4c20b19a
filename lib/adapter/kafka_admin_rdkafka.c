#include "adapter/kafka_admin_rdkafka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct kafka_admin {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    int timeout_ms;
};

enum err_code kafka_admin_new(const struct kafka_access *access, int64_t timeout_ms,
                              struct kafka_admin **ret, struct err *err)
{
    struct kafka_admin *a;
    rd_kafka_conf_t *conf;
    rd_kafka_t *client;
    char why[256];
    const enum err_code rc = kafka_conf_new(access, NULL, 0, &conf, err);

    if (rc != ERR_OK)
        return rc;
    client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!client) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, ERR_INVALID, "Kafka: %s", why);
    }
    a = mem_new(1, sizeof(*a));
    a->client = client;
    a->queue = rd_kafka_queue_new(client);
    a->timeout_ms = (int)timeout_ms;
    *ret = a;
    return ERR_OK;
}

void kafka_admin_free(struct kafka_admin *a)
{
    if (!a)
        return;
    rd_kafka_queue_destroy(a->queue);
    rd_kafka_destroy(a->client);
    free(a);
}

static enum err_code code_of(rd_kafka_resp_err_t code)
{
    switch ((int)code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return ERR_DENIED;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
        return ERR_TIMEOUT;
    default:
        return ERR_UNAVAILABLE;
    }
}

static enum err_code failed(struct err *err, const char *what, rd_kafka_resp_err_t code)
{
    return err_set(err, code_of(code), "%s: %s", what, rd_kafka_err2str(code));
}

/* --- topics ----------------------------------------------------------------------------------- */

static void read_topic(const struct rd_kafka_metadata_topic *topic, struct kafka_topic *ret)
{
    ret->exists = topic->err == RD_KAFKA_RESP_ERR_NO_ERROR && topic->partition_cnt > 0;
    ret->n_partitions = topic->partition_cnt;
    for (int i = 0; i < topic->partition_cnt; i++)
        if (i == 0 || topic->partitions[i].replica_cnt < ret->n_replicas)
            ret->n_replicas = topic->partitions[i].replica_cnt;
}

enum err_code kafka_admin_topic(struct kafka_admin *a, const char *topic, struct kafka_topic *ret,
                                struct err *err)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(a->client, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(a->client, 0, handle, &metadata, a->timeout_ms);

    rd_kafka_topic_destroy(handle);
    *ret = (struct kafka_topic){ 0 };
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return failed(err, topic, code);
    code = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR__FAIL;
    if (metadata->topic_cnt == 1)
        read_topic(&metadata->topics[0], ret);
    rd_kafka_metadata_destroy(metadata);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        return ERR_OK;
    return failed(err, topic, code);
}

/* --- settings --------------------------------------------------------------------------------- */

/* The answer to the one request under way; the caller's to destroy. */
static enum err_code await(struct kafka_admin *a, const char *what, rd_kafka_event_t **ret,
                           struct err *err)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(a->queue, a->timeout_ms);
    const rd_kafka_resp_err_t code =
        event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *ret = event;
        return ERR_OK;
    }
    rd_kafka_event_destroy(event);
    return failed(err, what, code);
}

static void take_settings(const rd_kafka_ConfigResource_t *resource, struct kafka_setting *settings,
                          size_t n)
{
    size_t n_entries = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &n_entries);

    for (size_t i = 0; i < n_entries; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);

        for (size_t k = 0; value && k < n; k++)
            if (strcmp(settings[k].name, rd_kafka_ConfigEntry_name(entries[i])) == 0)
                snprintf(settings[k].value, sizeof(settings[k].value), "%s", value);
    }
}

static enum err_code read_settings(rd_kafka_event_t *event, const char *topic,
                                   struct kafka_setting *settings, size_t n, struct err *err)
{
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    size_t n_resources = 0;
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_DescribeConfigs_result_resources(result, &n_resources);
    const rd_kafka_resp_err_t code =
        n_resources == 1 ? rd_kafka_ConfigResource_error(resources[0]) : RD_KAFKA_RESP_ERR__FAIL;

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return failed(err, topic, code);
    take_settings(resources[0], settings, n);
    return ERR_OK;
}

enum err_code kafka_admin_settings(struct kafka_admin *a, const char *topic,
                                   struct kafka_setting *settings, size_t n, struct err *err)
{
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(a->client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_event_t *event = NULL;
    char why[128];
    enum err_code rc;

    rd_kafka_AdminOptions_set_request_timeout(options, a->timeout_ms, why, sizeof(why));
    rd_kafka_DescribeConfigs(a->client, &resource, 1, options, a->queue);
    rc = await(a, topic, &event, err);
    if (rc == ERR_OK)
        rc = read_settings(event, topic, settings, n, err);
    rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(resource);
    return rc;
}

/* --- groups ----------------------------------------------------------------------------------- */

static enum err_code read_members(rd_kafka_event_t *event, const char *group, int64_t *ret,
                                  struct err *err)
{
    const rd_kafka_DescribeConsumerGroups_result_t *result =
        rd_kafka_event_DescribeConsumerGroups_result(event);
    size_t n = 0;
    const rd_kafka_ConsumerGroupDescription_t **groups =
        rd_kafka_DescribeConsumerGroups_result_groups(result, &n);
    const rd_kafka_error_t *error =
        n == 1 ? rd_kafka_ConsumerGroupDescription_error(groups[0]) : NULL;

    if (n != 1 || (error && rd_kafka_error_code(error)))
        return failed(err, group, n == 1 ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR__FAIL);
    *ret = (int64_t)rd_kafka_ConsumerGroupDescription_member_count(groups[0]);
    return ERR_OK;
}

enum err_code kafka_admin_members(struct kafka_admin *a, const char *group, int64_t *ret,
                                  struct err *err)
{
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(a->client, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    rd_kafka_event_t *event = NULL;
    char why[128];
    enum err_code rc;

    rd_kafka_AdminOptions_set_request_timeout(options, a->timeout_ms, why, sizeof(why));
    rd_kafka_DescribeConsumerGroups(a->client, &group, 1, options, a->queue);
    rc = await(a, group, &event, err);
    if (rc == ERR_OK)
        rc = read_members(event, group, ret, err);
    rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    return rc;
}
