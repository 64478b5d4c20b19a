#include "adapter/kafka_admin_rdkafka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { GRACE_MS = 1000 }; /* a request that took too long says so itself, a little later */

struct kafka_admin {
    rd_kafka_t *client;
    bool shares; /* a client that is another one's */
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

struct kafka_admin *kafka_admin_share(const struct kafka_admin *a)
{
    struct kafka_admin *other = mem_new(1, sizeof(*other));

    *other = *a;
    other->shares = true;
    other->queue = rd_kafka_queue_new(a->client);
    return other;
}

void kafka_admin_free(struct kafka_admin *a)
{
    if (!a)
        return;
    rd_kafka_queue_destroy(a->queue);
    if (!a->shares)
        rd_kafka_destroy(a->client);
    free(a);
}

rd_kafka_t *kafka_admin_client(struct kafka_admin *a)
{
    return a->client;
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
        return err_set(err, ERR_TIMEOUT, "%s: %s", topic, rd_kafka_err2str(code));
    code = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR__FAIL;
    if (metadata->topic_cnt == 1)
        read_topic(&metadata->topics[0], ret);
    rd_kafka_metadata_destroy(metadata);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        return ERR_OK;
    return failed(err, topic, code);
}

/* --- asking ----------------------------------------------------------------------------------- */

static rd_kafka_AdminOptions_t *options_for(struct kafka_admin *a, rd_kafka_admin_op_t operation,
                                            bool with_rights)
{
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(a->client, operation);
    char why[128];

    rd_kafka_AdminOptions_set_request_timeout(options, a->timeout_ms, why, sizeof(why));
    if (with_rights)
        rd_kafka_error_destroy(rd_kafka_AdminOptions_set_include_authorized_operations(options, 1));
    return options;
}

/* The answer to the one request under way; the caller's to destroy. */
static enum err_code await(struct kafka_admin *a, const char *what, rd_kafka_event_t **ret,
                           struct err *err)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(a->queue, a->timeout_ms + GRACE_MS);
    const rd_kafka_resp_err_t code =
        event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *ret = event;
        return ERR_OK;
    }
    rd_kafka_event_destroy(event);
    return failed(err, what, code);
}

/* --- settings --------------------------------------------------------------------------------- */

enum { SETTING_MAX = 64 };

/* `value` is "" while it is not known. */
struct setting {
    const char *name;
    char value[SETTING_MAX];
};

/* X(place, name, member of struct diagnosis_topic) */
#define TOPIC_NUMBERS(X)                                                                           \
    X(MIN_ISR, "min.insync.replicas", min_isr)                                                     \
    X(RETENTION_MS, "retention.ms", retention_ms)                                                  \
    X(RETENTION_BYTES, "retention.bytes", retention_bytes)                                         \
    X(MAX_BYTES, "max.message.bytes", max_message_bytes)                                           \
    X(BEFORE_MAX_MS, "message.timestamp.before.max.ms", before_max_ms)                             \
    X(AFTER_MAX_MS, "message.timestamp.after.max.ms", after_max_ms)
#define TOPIC_TEXTS(X)                                                                             \
    X(CLEANUP, "cleanup.policy", cleanup)                                                          \
    X(TIMESTAMPS, "message.timestamp.type", timestamp_type)

#define SETTING_ENUM(place, name, member) SETTING_##place,
enum { TOPIC_NUMBERS(SETTING_ENUM) TOPIC_TEXTS(SETTING_ENUM) SETTING_UNCLEAN, N_SETTING };
#undef SETTING_ENUM

static void take_settings(const rd_kafka_ConfigResource_t *resource, struct setting *settings,
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
                                   struct setting *settings, size_t n, struct err *err)
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

static enum err_code ask_settings(struct kafka_admin *a, rd_kafka_ResourceType_t type,
                                  const char *name, struct setting *settings, size_t n,
                                  struct err *err)
{
    rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(type, name);
    rd_kafka_AdminOptions_t *options = options_for(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, false);
    rd_kafka_event_t *event = NULL;
    enum err_code rc;

    rd_kafka_DescribeConfigs(a->client, &resource, 1, options, a->queue);
    rc = await(a, name, &event, err);
    if (rc == ERR_OK)
        rc = read_settings(event, name, settings, n, err);
    rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(resource);
    return rc;
}

static int64_t number_of(const struct setting *s)
{
    int64_t number;

    return str_to_int64(str_from(s->value), &number) ? number : DIAGNOSIS_UNKNOWN;
}

enum err_code kafka_admin_topic_settings(struct kafka_admin *a, const char *topic,
                                         struct diagnosis_topic *ret, struct err *err)
{
#define SETTING_ROW(place, name, member) [SETTING_##place] = { name, "" },
    struct setting s[N_SETTING] = {
        TOPIC_NUMBERS(SETTING_ROW)
            TOPIC_TEXTS(SETTING_ROW)[SETTING_UNCLEAN] = { "unclean.leader.election.enable", "" },
    };
#undef SETTING_ROW
    const enum err_code rc = ask_settings(a, RD_KAFKA_RESOURCE_TOPIC, topic, s, N_SETTING, err);

    if (rc != ERR_OK)
        return rc;
#define TAKE_NUMBER(place, name, member) ret->member = number_of(&s[SETTING_##place]);
    TOPIC_NUMBERS(TAKE_NUMBER)
#undef TAKE_NUMBER
#define TAKE_TEXT(place, name, member)                                                             \
    snprintf(ret->member, sizeof(ret->member), "%s", s[SETTING_##place].value);
    TOPIC_TEXTS(TAKE_TEXT)
#undef TAKE_TEXT
    ret->unclean = s[SETTING_UNCLEAN].value[0] ? strcmp(s[SETTING_UNCLEAN].value, "true") == 0
                                               : DIAGNOSIS_UNKNOWN;
    return ERR_OK;
}

enum err_code kafka_admin_commit_retention(struct kafka_admin *a, int64_t *ret_minutes,
                                           struct err *err)
{
    struct setting s = { "offsets.retention.minutes", "" };
    const struct rd_kafka_metadata *metadata = NULL;
    const rd_kafka_resp_err_t code =
        rd_kafka_metadata(a->client, 0, NULL, &metadata, a->timeout_ms);
    char broker[16] = "";
    enum err_code rc;

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return failed(err, "brokers", code);
    if (metadata->broker_cnt > 0)
        snprintf(broker, sizeof(broker), "%d", (int)metadata->brokers[0].id);
    rd_kafka_metadata_destroy(metadata);
    if (!broker[0])
        return err_set(err, ERR_UNAVAILABLE, "there are no brokers");
    rc = ask_settings(a, RD_KAFKA_RESOURCE_BROKER, broker, &s, 1, err);
    if (rc != ERR_OK)
        return err_wrap(err, rc, "broker");
    *ret_minutes = number_of(&s);
    return ERR_OK;
}

/* --- rights ----------------------------------------------------------------------------------- */

/* A user who may do all is told so by each of the operations. */
static void read_rights(const rd_kafka_AclOperation_t *operations, size_t n,
                        struct kafka_rights *ret)
{
    *ret = (struct kafka_rights){ .known = operations != NULL };
    for (size_t i = 0; operations && i < n; i++) {
        ret->read = ret->read || operations[i] == RD_KAFKA_ACL_OPERATION_READ;
        ret->write = ret->write || operations[i] == RD_KAFKA_ACL_OPERATION_WRITE;
    }
}

static enum err_code read_topic_rights(rd_kafka_event_t *event, const char *topic,
                                       struct kafka_rights *ret, struct err *err)
{
    size_t n = 0, n_operations = 0;
    const rd_kafka_TopicDescription_t **topics =
        rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &n);
    const rd_kafka_error_t *error = n == 1 ? rd_kafka_TopicDescription_error(topics[0]) : NULL;
    const rd_kafka_AclOperation_t *operations;

    if (n != 1 || (error && rd_kafka_error_code(error)))
        return failed(err, topic, n == 1 ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR__FAIL);
    operations = rd_kafka_TopicDescription_authorized_operations(topics[0], &n_operations);
    read_rights(operations, n_operations, ret);
    return ERR_OK;
}

enum err_code kafka_admin_topic_rights(struct kafka_admin *a, const char *topic,
                                       struct kafka_rights *ret, struct err *err)
{
    rd_kafka_AdminOptions_t *options = options_for(a, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, true);
    rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(&topic, 1);
    rd_kafka_event_t *event = NULL;
    enum err_code rc;

    rd_kafka_DescribeTopics(a->client, topics, options, a->queue);
    rc = await(a, topic, &event, err);
    if (rc == ERR_OK)
        rc = read_topic_rights(event, topic, ret, err);
    rd_kafka_event_destroy(event);
    rd_kafka_TopicCollection_destroy(topics);
    rd_kafka_AdminOptions_destroy(options);
    return rc;
}

/* --- groups ----------------------------------------------------------------------------------- */

static enum err_code read_group(rd_kafka_event_t *event, const char *group, struct kafka_group *ret,
                                struct err *err)
{
    const rd_kafka_DescribeConsumerGroups_result_t *result =
        rd_kafka_event_DescribeConsumerGroups_result(event);
    size_t n = 0, n_operations = 0;
    const rd_kafka_ConsumerGroupDescription_t **groups =
        rd_kafka_DescribeConsumerGroups_result_groups(result, &n);
    const rd_kafka_error_t *error =
        n == 1 ? rd_kafka_ConsumerGroupDescription_error(groups[0]) : NULL;
    const rd_kafka_AclOperation_t *operations;

    if (n != 1 || (error && rd_kafka_error_code(error)))
        return failed(err, group, n == 1 ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR__FAIL);
    ret->n_members = (int64_t)rd_kafka_ConsumerGroupDescription_member_count(groups[0]);
    operations = rd_kafka_ConsumerGroupDescription_authorized_operations(groups[0], &n_operations);
    read_rights(operations, n_operations, &ret->rights);
    return ERR_OK;
}

enum err_code kafka_admin_group(struct kafka_admin *a, const char *group, struct kafka_group *ret,
                                struct err *err)
{
    rd_kafka_AdminOptions_t *options =
        options_for(a, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, true);
    rd_kafka_event_t *event = NULL;
    enum err_code rc;

    rd_kafka_DescribeConsumerGroups(a->client, &group, 1, options, a->queue);
    rc = await(a, group, &event, err);
    if (rc == ERR_OK)
        rc = read_group(event, group, ret, err);
    rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    return rc;
}
