#include "adapter/wal_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    REQUEST_TIMEOUT_MS = 5000,
    METADATA_TIMEOUT_MS = 1000, /* the one call that blocks, until the brokers answered once */
    ANY_BROKER = -1,
    RETRY_MS = 500,
    CLUSTER_ID_TIMEOUT_MS = 0,
};

/* What is asked of each partition. The answers rise in this order, so that it does not matter which
 * comes first. */
enum { BOUND_BEGIN, BOUND_END, BOUND_WRITTEN, BOUND_COUNT };

struct bounds {
    bool wanted; /* asked for, not in a round yet */
    bool asked;  /* in the round under way */
    int n;       /* answers */
    int64_t at[BOUND_COUNT];
};

struct wal_facts {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    char *topic;
    struct bounds *bounds; /* by partition */
    int32_t n_bounds;
    int32_t n_partitions; /* of the topic */
    bool broker_chosen;
    int32_t broker; /* to describe the topic */
    char log[LOG_IDENTITY_MAX + 1];
    bool wants_round;
    int n_outstanding; /* requests of the round */
    bool failed;
    char why[WAL_EVENT_TEXT_MAX];
    int64_t not_before_ms;
    int32_t next_answer; /* of a complete round; n_bounds when there is none */
};

struct wal_facts *wal_facts_new(rd_kafka_t *client, const char *topic, int descriptor)
{
    static const uint64_t one = 1;
    struct wal_facts *f = mem_new(1, sizeof(*f));

    f->client = client;
    f->topic = mem_copy_text(topic, strlen(topic));
    f->queue = rd_kafka_queue_new(client);
    rd_kafka_queue_io_event_enable(f->queue, descriptor, &one, sizeof(one));
    f->wants_round = true;
    return f;
}

void wal_facts_free(struct wal_facts *f)
{
    if (!f)
        return;
    rd_kafka_queue_destroy(f->queue);
    free(f->bounds);
    free(f->topic);
    free(f);
}

static void reserve(struct wal_facts *f, int32_t n)
{
    if (n <= f->n_bounds)
        return;
    f->bounds = mem_resize(f->bounds, (size_t)n, sizeof(*f->bounds));
    for (int32_t i = f->n_bounds; i < n; i++)
        f->bounds[i] = (struct bounds){ 0 };
    if (f->next_answer == f->n_bounds)
        f->next_answer = n;
    f->n_bounds = n;
}

void wal_facts_ask(struct wal_facts *f, const int32_t *partitions, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        reserve(f, partitions[i] + 1);
        f->bounds[partitions[i]].wanted = true;
    }
    f->wants_round = true;
}

int32_t wal_facts_n_partitions(const struct wal_facts *f)
{
    return f->n_partitions;
}

/* --- asking ----------------------------------------------------------------------------------- */

static rd_kafka_AdminOptions_t *options(const struct wal_facts *f, rd_kafka_admin_op_t op)
{
    rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(f->client, op);
    char why[128];

    rd_kafka_AdminOptions_set_request_timeout(o, REQUEST_TIMEOUT_MS, why, sizeof(why));
    return o;
}

static void ask_offsets(struct wal_facts *f, const rd_kafka_topic_partition_list_t *partitions,
                        int64_t which, rd_kafka_IsolationLevel_t isolation)
{
    rd_kafka_AdminOptions_t *o = options(f, RD_KAFKA_ADMIN_OP_LISTOFFSETS);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(partitions);

    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = which;
    rd_kafka_error_destroy(rd_kafka_AdminOptions_set_isolation_level(o, isolation));
    rd_kafka_ListOffsets(f->client, list, o, f->queue);
    f->n_outstanding++;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_AdminOptions_destroy(o);
}

static bool is_broker(const struct rd_kafka_metadata *metadata, int32_t id)
{
    for (int i = 0; i < metadata->broker_cnt; i++)
        if (metadata->brokers[i].id == id)
            return true;
    return false;
}

/* librdkafka sends the request to the controller and waits for it. Any broker answers as well, so
 * where the controller is no broker, as in a mock cluster, another one is asked. */
static void choose_broker(struct wal_facts *f)
{
    const struct rd_kafka_metadata *metadata;

    if (f->broker_chosen || rd_kafka_metadata(f->client, 0, NULL, &metadata, METADATA_TIMEOUT_MS) !=
                                RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    f->broker_chosen = true;
    f->broker = ANY_BROKER;
    if (metadata->broker_cnt > 0 && !is_broker(metadata, rd_kafka_controllerid(f->client, 0)))
        f->broker = metadata->brokers[0].id;
    rd_kafka_metadata_destroy(metadata);
}

static void ask_topic(struct wal_facts *f)
{
    rd_kafka_AdminOptions_t *o = options(f, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
    const char *names[] = { f->topic };
    rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(names, 1);
    char why[128];

    choose_broker(f);
    if (f->broker_chosen && f->broker != ANY_BROKER)
        rd_kafka_AdminOptions_set_broker(o, f->broker, why, sizeof(why));
    rd_kafka_DescribeTopics(f->client, topics, o, f->queue);
    f->n_outstanding++;
    rd_kafka_TopicCollection_destroy(topics);
    rd_kafka_AdminOptions_destroy(o);
}

/* One partition that the topic does not have would fail the request for all of them. What is asked
 * before the topic is known waits for the next round. */
static void begin_round(struct wal_facts *f)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(f->n_bounds);
    const int32_t n = f->n_partitions;

    f->wants_round = false;
    f->failed = false;

    for (int32_t i = 0; i < f->n_bounds; i++) {
        struct bounds *b = &f->bounds[i];

        b->asked = n > 0 && i < n && (b->wanted || b->asked);
        b->wanted = n == 0 && b->wanted;
        b->n = 0;
        if (b->asked)
            rd_kafka_topic_partition_list_add(list, f->topic, i);
        f->wants_round = f->wants_round || b->wanted;
    }
    if (list->cnt > 0) {
        ask_offsets(f, list, RD_KAFKA_OFFSET_SPEC_EARLIEST,
                    RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED);
        ask_offsets(f, list, RD_KAFKA_OFFSET_SPEC_LATEST, RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED);
        ask_offsets(f, list, RD_KAFKA_OFFSET_SPEC_LATEST,
                    RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED);
    }
    ask_topic(f);
    rd_kafka_topic_partition_list_destroy(list);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void fail(struct wal_facts *f, const char *why)
{
    f->failed = true;
    snprintf(f->why, sizeof(f->why), "asking about topic %s: %s", f->topic, why);
}

static void read_offset(struct wal_facts *f, const rd_kafka_topic_partition_t *partition)
{
    struct bounds *b;
    int i;

    if (partition->err) {
        fail(f, rd_kafka_err2str(partition->err));
        return;
    }
    if (partition->partition < 0 || partition->partition >= f->n_bounds || partition->offset < 0)
        return;
    b = &f->bounds[partition->partition];
    if (b->n == BOUND_COUNT)
        return;
    for (i = b->n++; i > 0 && b->at[i - 1] > partition->offset; i--)
        b->at[i] = b->at[i - 1];
    b->at[i] = partition->offset;
}

static void read_offsets(struct wal_facts *f, rd_kafka_event_t *event)
{
    const rd_kafka_ListOffsets_result_t *result = rd_kafka_event_ListOffsets_result(event);
    size_t n = 0;
    const rd_kafka_ListOffsetsResultInfo_t **infos = rd_kafka_ListOffsets_result_infos(result, &n);

    for (size_t i = 0; i < n; i++)
        read_offset(f, rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]));
}

/* A broker without topic ids answers with the zero id; the name must do then. */
static bool has_id(const rd_kafka_Uuid_t *id)
{
    return id && (rd_kafka_Uuid_most_significant_bits(id) != 0 ||
                  rd_kafka_Uuid_least_significant_bits(id) != 0);
}

static void read_topic(struct wal_facts *f, rd_kafka_event_t *event)
{
    const rd_kafka_DescribeTopics_result_t *result = rd_kafka_event_DescribeTopics_result(event);
    size_t n = 0, n_partitions = 0;
    const rd_kafka_TopicDescription_t **topics = rd_kafka_DescribeTopics_result_topics(result, &n);
    const rd_kafka_error_t *error = n == 1 ? rd_kafka_TopicDescription_error(topics[0]) : NULL;
    const rd_kafka_Uuid_t *id;
    char *cluster;

    if (n != 1 || (error && rd_kafka_error_code(error))) {
        fail(f, error ? rd_kafka_error_string(error) : "the brokers do not describe the topic");
        return;
    }
    rd_kafka_TopicDescription_partitions(topics[0], &n_partitions);
    id = rd_kafka_TopicDescription_topic_id(topics[0]);
    cluster = rd_kafka_clusterid(f->client, CLUSTER_ID_TIMEOUT_MS);
    if (!cluster) {
        fail(f, "the brokers do not say which cluster they are");
        return;
    }
    snprintf(f->log, sizeof(f->log), "%.60s/%.60s", cluster,
             has_id(id) ? rd_kafka_Uuid_base64str(id) : f->topic);
    f->n_partitions = (int32_t)n_partitions;
    rd_kafka_mem_free(f->client, cluster);
}

static void take_result(struct wal_facts *f, rd_kafka_event_t *event)
{
    f->n_outstanding--;
    if (rd_kafka_event_error(event))
        fail(f, rd_kafka_event_error_string(event));
    else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_LISTOFFSETS_RESULT)
        read_offsets(f, event);
    else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT)
        read_topic(f, event);
}

static bool next_answer(struct wal_facts *f, struct wal_event *ret)
{
    while (f->next_answer < f->n_bounds) {
        const int32_t i = f->next_answer++;
        struct bounds *b = &f->bounds[i];

        if (!b->asked)
            continue;
        b->asked = false;
        if (b->n < BOUND_COUNT) /* no such partition */
            continue;
        *ret = (struct wal_event){ .type = WAL_FACTS, .partition = i };
        ret->facts.begin = b->at[BOUND_BEGIN];
        ret->facts.end = b->at[BOUND_END];
        ret->facts.written = b->at[BOUND_WRITTEN];
        memcpy(ret->facts.log, f->log, sizeof(ret->facts.log));
        return true;
    }
    return false;
}

enum wal_facts_result wal_facts_next(struct wal_facts *f, int64_t now_ms, struct wal_event *ret)
{
    rd_kafka_event_t *event;
    bool complete = false;

    if (next_answer(f, ret))
        return WAL_FACTS_ANSWER;
    while ((event = rd_kafka_queue_poll(f->queue, 0)) != NULL) {
        take_result(f, event);
        rd_kafka_event_destroy(event);
        complete = f->n_outstanding == 0;
    }
    if (complete && f->failed) {
        f->wants_round = true;
        f->not_before_ms = now_ms + RETRY_MS;
        *ret = (struct wal_event){ .type = WAL_TROUBLE };
        memcpy(ret->text, f->why, sizeof(ret->text));
        return WAL_FACTS_FAILED;
    }
    if (complete) {
        f->next_answer = 0;
        return WAL_FACTS_COMPLETE;
    }
    if (f->wants_round && f->n_outstanding == 0 && now_ms >= f->not_before_ms)
        begin_round(f);
    return WAL_FACTS_NOTHING;
}
