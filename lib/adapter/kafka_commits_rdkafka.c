#include "adapter/kafka_commits_rdkafka.h"

#include <string.h>

#include "base/check.h"

enum { GRACE_MS = 1000 /* a request that took too long says so itself, a little later */ };

static enum err_code code_of(rd_kafka_resp_err_t code)
{
    switch ((int)code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return ERR_OK;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return ERR_DENIED;
    /* How coordinators say that a commit must come from a member, in either group protocol. */
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH:
    case RD_KAFKA_RESP_ERR_FENCED_MEMBER_EPOCH:
    case RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP:
        return ERR_CONFLICT;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
        return ERR_TIMEOUT;
    default:
        return ERR_UNAVAILABLE;
    }
}

static enum err_code failed(struct err *err, const char *group, rd_kafka_resp_err_t code)
{
    return err_set(err, code_of(code), "group %s: %s", group, rd_kafka_err2str(code));
}

/* --- one request ------------------------------------------------------------------------------ */

/* A queue of its own: a late answer to an earlier one goes nowhere. */
struct request {
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_event_t *event;
};

static void request_release(struct request *r)
{
    rd_kafka_event_destroy(r->event);
    rd_kafka_topic_partition_list_destroy(r->list);
    rd_kafka_AdminOptions_destroy(r->options);
    rd_kafka_queue_destroy(r->queue);
}

static struct request request_new(rd_kafka_t *client, rd_kafka_admin_op_t op, const char *topic,
                                  const int64_t *offsets, int32_t n, int64_t timeout_ms)
{
    struct request r = {
        .queue = rd_kafka_queue_new(client),
        .options = rd_kafka_AdminOptions_new(client, op),
        .list = rd_kafka_topic_partition_list_new(n),
    };
    char why[256];

    rd_kafka_AdminOptions_set_request_timeout(r.options, (int)timeout_ms, why, sizeof(why));
    for (int32_t i = 0; i < n; i++)
        rd_kafka_topic_partition_list_add(r.list, topic, i)->offset =
            offsets ? offsets[i] : RD_KAFKA_OFFSET_INVALID;
    return r;
}

static enum err_code await(struct request *r, const char *group, int64_t timeout_ms,
                           struct err *err)
{
    r->event = rd_kafka_queue_poll(r->queue, (int)timeout_ms + GRACE_MS);
    if (!r->event)
        return failed(err, group, RD_KAFKA_RESP_ERR__TIMED_OUT);
    if (rd_kafka_event_error(r->event))
        return failed(err, group, rd_kafka_event_error(r->event));
    return ERR_OK;
}

/* What is said of the one group that was asked about; *ret lives as long as the event. */
static enum err_code partitions_of(const rd_kafka_group_result_t *const *groups, size_t n,
                                   const char *group, const rd_kafka_topic_partition_list_t **ret,
                                   struct err *err)
{
    const rd_kafka_error_t *error = n == 1 ? rd_kafka_group_result_error(groups[0]) : NULL;

    if (error)
        return failed(err, group, rd_kafka_error_code(error));
    *ret = n == 1 ? rd_kafka_group_result_partitions(groups[0]) : NULL;
    return *ret ? ERR_OK : failed(err, group, RD_KAFKA_RESP_ERR__FAIL);
}

/* --- getting ---------------------------------------------------------------------------------- */

static enum err_code read_commits(const rd_kafka_topic_partition_list_t *list, const char *group,
                                  const char *topic, int32_t n, int64_t *ret_offsets,
                                  struct err *err)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err)
            return failed(err, group, list->elems[i].err);
    for (int32_t i = 0; i < n; i++)
        ret_offsets[i] = KAFKA_NO_COMMIT;
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &list->elems[i];

        if (strcmp(p->topic, topic) == 0 && p->partition >= 0 && p->partition < n && p->offset >= 0)
            ret_offsets[p->partition] = p->offset;
    }
    return ERR_OK;
}

enum err_code kafka_commits_get(rd_kafka_t *client, const char *group, const char *topic, int32_t n,
                                int64_t timeout_ms, int64_t *ret_offsets, struct err *err)
{
    CLEANUP(request_release)
    struct request r =
        request_new(client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, topic, NULL, n, timeout_ms);
    rd_kafka_ListConsumerGroupOffsets_t *question =
        rd_kafka_ListConsumerGroupOffsets_new(group, r.list);
    const rd_kafka_topic_partition_list_t *list;
    size_t n_groups = 0;
    enum err_code rc;

    rd_kafka_ListConsumerGroupOffsets(client, &question, 1, r.options, r.queue);
    rd_kafka_ListConsumerGroupOffsets_destroy(question);
    rc = await(&r, group, timeout_ms, err);
    if (rc == ERR_OK) {
        const rd_kafka_group_result_t **groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
            rd_kafka_event_ListConsumerGroupOffsets_result(r.event), &n_groups);

        rc = partitions_of(groups, n_groups, group, &list, err);
    }
    return rc == ERR_OK ? read_commits(list, group, topic, n, ret_offsets, err) : rc;
}

/* --- setting ---------------------------------------------------------------------------------- */

/* Success of the whole says nothing: each partition has its own. */
static enum err_code read_accepted(const rd_kafka_topic_partition_list_t *list, const char *group,
                                   int32_t n, struct err *err)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err)
            return err_set(err, code_of(list->elems[i].err), "group %s, partition %d: %s", group,
                           (int)list->elems[i].partition, rd_kafka_err2str(list->elems[i].err));
    if (list->cnt != n)
        return err_set(err, ERR_UNAVAILABLE, "group %s: the brokers spoke of %d of %d partitions",
                       group, list->cnt, (int)n);
    return ERR_OK;
}

enum err_code kafka_commits_set(rd_kafka_t *client, const char *group, const char *topic,
                                const int64_t *offsets, int32_t n, int64_t timeout_ms,
                                struct err *err)
{
    CLEANUP(request_release)
    struct request r = request_new(client, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, topic,
                                   offsets, n, timeout_ms);
    rd_kafka_AlterConsumerGroupOffsets_t *question =
        rd_kafka_AlterConsumerGroupOffsets_new(group, r.list);
    const rd_kafka_topic_partition_list_t *list;
    size_t n_groups = 0;
    enum err_code rc;

    rd_kafka_AlterConsumerGroupOffsets(client, &question, 1, r.options, r.queue);
    rd_kafka_AlterConsumerGroupOffsets_destroy(question);
    rc = await(&r, group, timeout_ms, err);
    if (rc == ERR_OK) {
        const rd_kafka_group_result_t **groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
            rd_kafka_event_AlterConsumerGroupOffsets_result(r.event), &n_groups);

        rc = partitions_of(groups, n_groups, group, &list, err);
    }
    return rc == ERR_OK ? read_accepted(list, group, n, err) : rc;
}
