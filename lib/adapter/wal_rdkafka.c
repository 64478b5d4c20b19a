#include "adapter/wal_rdkafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/wal_conf.h"
#include "adapter/wal_errors.h"
#include "adapter/wal_events.h"
#include "adapter/wal_facts.h"
#include "base/mem.h"

enum {
    BARRIER_TIMEOUT_MS = 1000,
    CLOSE_TIMEOUT_MS = 3000,
    CLOSE_POLL_MS = 50,
    JOIN_CHECK_MS = 500, /* how often a member without partitions asks whether it is one */
};

/* librdkafka fetches a partition from start() to stop() only: that is when it is in librdkafka's
 * assignment, whatever the group has assigned to us. */
struct log_partition {
    bool assigned;
    bool fetched;
    bool delivering; /* false also when its place turned out not to be in the log */
    int64_t next;    /* nothing below is delivered */
    int64_t commit;  /* to be committed, -1: nothing */
};

struct wal_rdkafka {
    struct wal_rdkafka_settings settings;
    char *topic;
    rd_kafka_t *client;
    rd_kafka_queue_t *records;
    struct wal_facts *facts;
    struct wal_events events;
    char connection_error[WAL_EVENT_TEXT_MAX]; /* what a broker connection last died of */
    struct log_partition *partitions;
    int32_t n_partitions, n_assigned;
    bool wants_commit, joined;
    int64_t join_check_at_ms;
};

static void tell(struct wal_rdkafka *w, enum wal_event_type type, int32_t partition, int64_t offset)
{
    const struct wal_event event = {
        .type = type,
        .partition = partition,
        .offset = offset,
        .n_assigned = w->n_assigned,
    };

    wal_events_add(&w->events, &event);
}

static struct log_partition *partition_of(struct wal_rdkafka *w, int32_t number)
{
    PRE(number >= 0);
    if (number >= w->n_partitions) {
        w->partitions = mem_resize(w->partitions, (size_t)number + 1, sizeof(*w->partitions));
        for (int32_t i = w->n_partitions; i <= number; i++)
            w->partitions[i] = (struct log_partition){ .commit = -1 };
        w->n_partitions = number + 1;
    }
    return &w->partitions[number];
}

static rd_kafka_topic_partition_list_t *list_of(const struct wal_rdkafka *w, int32_t partition,
                                                int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, w->topic, partition)->offset = offset;
    return list;
}

/* --- assignment ------------------------------------------------------------------------------- */

/* Records of the partition go to our queue; librdkafka leaves a forward of the application's in
 * place when it starts to fetch, and removes it when it stops. */
static void divert(const struct wal_rdkafka *w, int32_t partition)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(w->client, w->topic, partition);

    if (!queue)
        return;
    rd_kafka_queue_forward(queue, w->records);
    rd_kafka_queue_destroy(queue);
}

static void take_partition(struct wal_rdkafka *w, int32_t number)
{
    *partition_of(w, number) = (struct log_partition){ .assigned = true, .commit = -1 };
    w->n_assigned++;
    tell(w, WAL_ASSIGNED, number, 0);
}

static void balanced(struct wal_rdkafka *w)
{
    w->joined = true;
    wal_events_joined(&w->events);
    tell(w, WAL_BALANCED, -1, 0);
}

/* Agrees to what the group decided; nothing is fetched before start(). */
static void on_assign(struct wal_rdkafka *w, const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);

    rd_kafka_error_destroy(rd_kafka_incremental_assign(w->client, none));
    rd_kafka_topic_partition_list_destroy(none);
    for (int i = 0; i < list->cnt; i++)
        take_partition(w, list->elems[i].partition);
    balanced(w);
}

static void on_revoke(struct wal_rdkafka *w, const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *fetched = rd_kafka_topic_partition_list_new(list->cnt);

    for (int i = 0; i < list->cnt; i++) {
        const int32_t number = list->elems[i].partition;
        struct log_partition *p = partition_of(w, number);

        if (p->fetched)
            rd_kafka_topic_partition_list_add(fetched, w->topic, number);
        w->n_assigned -= p->assigned;
        *p = (struct log_partition){ .commit = -1 };
        wal_events_forget_place(&w->events, number);
        tell(w, WAL_REVOKED, number, 0);
    }
    rd_kafka_error_destroy(rd_kafka_incremental_unassign(w->client, fetched));
    rd_kafka_topic_partition_list_destroy(fetched);
}

static void rebalance(rd_kafka_t *client, rd_kafka_resp_err_t what,
                      rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct wal_rdkafka *w = opaque;

    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        on_assign(w, list);
    else if (what == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
        on_revoke(w, list);
    else
        rd_kafka_assign(client, NULL);
}

/* One broker that is gone is no trouble, but all being gone has the same cause. */
static void error_told(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct wal_rdkafka *w = opaque;

    (void)client;
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__RESOLVE)
        snprintf(w->connection_error, sizeof(w->connection_error), "%s", reason);
    else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        wal_events_trouble(&w->events, w->connection_error[0] ? w->connection_error : reason);
    else if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL ||
             code == RD_KAFKA_RESP_ERR__FATAL)
        wal_events_trouble(&w->events, reason);
}

/* Outside of a group everything is ours, as soon as it is known how much that is. */
static void take_all(struct wal_rdkafka *w)
{
    const int32_t n = wal_facts_n_partitions(w->facts);

    for (int32_t i = 0; i < n; i++)
        take_partition(w, i);
    if (n > 0)
        balanced(w);
}

/* A member that no partition is left for hears of no assignment; its generation says that it has
 * joined. */
static void check_joined(struct wal_rdkafka *w)
{
    const int64_t now_ms = w->settings.monotonic_ms();
    rd_kafka_consumer_group_metadata_t *membership;

    if (w->joined || now_ms < w->join_check_at_ms)
        return;
    if (!w->settings.group) {
        take_all(w);
        return;
    }
    w->join_check_at_ms = now_ms + JOIN_CHECK_MS;
    membership = rd_kafka_consumer_group_metadata(w->client);
    if (membership && rd_kafka_consumer_group_metadata_generation_id(membership) >= 0)
        balanced(w);
    if (membership)
        rd_kafka_consumer_group_metadata_destroy(membership);
}

/* --- starting and stopping -------------------------------------------------------------------- */

static void stop_fetching(struct wal_rdkafka *w, const rd_kafka_topic_partition_list_t *one)
{
    struct log_partition *p = partition_of(w, one->elems[0].partition);

    if (p->fetched)
        rd_kafka_error_destroy(rd_kafka_incremental_unassign(w->client, one));
    p->fetched = false;
    p->delivering = false;
    wal_events_forget_place(&w->events, one->elems[0].partition);
}

/* The fetcher removes our forward when it stops, which must not come after we set it again. It
 * serves requests in order and refuses to seek in what it does not fetch: that is its answer. */
static bool await_fetcher(const struct wal_rdkafka *w, const rd_kafka_topic_partition_list_t *one)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(one);
    rd_kafka_error_t *error = rd_kafka_seek_partitions(w->client, list, BARRIER_TIMEOUT_MS);
    const bool answered = !error;

    rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
    return answered;
}

/* What was fetched before is stale from here on, by librdkafka's version of the partition. Starting
 * anew rather than seeking also helps after an error, when librdkafka would refuse to seek, and
 * wakes the fetcher, which otherwise may sleep for a second. */
static enum err_code start(void *self, int32_t partition, int64_t offset, struct err *err)
{
    struct wal_rdkafka *w = self;
    struct log_partition *p = partition_of(w, partition);
    rd_kafka_topic_partition_list_t *one = list_of(w, partition, offset);
    rd_kafka_error_t *error = NULL;
    enum err_code rc = ERR_OK;

    stop_fetching(w, one);
    p->next = offset;
    if (!p->assigned) {
        /* Revoked meanwhile; the event is on its way. */
    } else if (!await_fetcher(w, one)) {
        rc = err_set(err, ERR_TIMEOUT, "librdkafka does not stop fetching");
    } else {
        divert(w, partition);
        error = rd_kafka_incremental_assign(w->client, one);
        p->fetched = p->delivering = !error;
    }
    if (error)
        rc = err_set(err, ERR_UNAVAILABLE, "starting at offset %" PRId64 ": %s", offset,
                     rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(one);
    return rc;
}

static enum err_code stop(void *self, int32_t partition, struct err *err)
{
    struct wal_rdkafka *w = self;
    rd_kafka_topic_partition_list_t *one = list_of(w, partition, RD_KAFKA_OFFSET_INVALID);

    (void)err;
    stop_fetching(w, one);
    rd_kafka_topic_partition_list_destroy(one);
    return ERR_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void view(void *self, void *message, struct wal_record *ret_record)
{
    const rd_kafka_message_t *m = message;
    rd_kafka_timestamp_type_t type;

    (void)self;
    *ret_record = (struct wal_record){
        .message = message,
        .record = {
            .partition = m->partition,
            .offset = m->offset,
            .timestamp_ms = rd_kafka_message_timestamp(m, &type),
            .has_key = m->key != NULL,
            .has_value = m->payload != NULL,
            .key = { m->key, m->key_len },
            .value = { m->payload, m->len },
        },
    };
}

static void release(void *self, void *message)
{
    (void)self;
    rd_kafka_message_destroy(message);
}

static void out_of_log(struct wal_rdkafka *w, int32_t number)
{
    struct log_partition *p = partition_of(w, number);

    if (p->delivering)
        tell(w, WAL_OUT_OF_LOG, number, p->next);
    p->delivering = false;
}

/* An error of the topic as a whole, or of our membership. */
static void take_topic_error(struct wal_rdkafka *w, const rd_kafka_message_t *m)
{
    if (wal_error_is_of_the_group(m->err))
        wal_events_group_trouble(&w->events, rd_kafka_message_errstr(m));
    else
        wal_events_trouble(&w->events, rd_kafka_message_errstr(m));
    for (int32_t i = 0; i < w->n_partitions && wal_error_is_out_of_log(m->err); i++)
        out_of_log(w, i);
}

/* An event in a record's clothes, in order among the records. */
static void take_error(struct wal_rdkafka *w, const rd_kafka_message_t *m)
{
    if (!m->rkt || m->partition < 0)
        take_topic_error(w, m);
    else if (wal_error_is_out_of_log(m->err))
        out_of_log(w, m->partition);
    else if (m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
        wal_events_trouble(&w->events, rd_kafka_message_errstr(m));
    else if (partition_of(w, m->partition)->delivering)
        tell(w, WAL_END, m->partition, m->offset);
}

static bool is_wanted(struct wal_rdkafka *w, const rd_kafka_message_t *m)
{
    struct log_partition *p = partition_of(w, m->partition);

    if (!p->delivering || m->offset < p->next)
        return false;
    p->next = m->offset + 1;
    return true;
}

/* One at a time: librdkafka's batches also move the position it resumes at past the end of a
 * partition, and a rebalance, which pauses and resumes, would then skip the next record. Reading
 * ends at an event among the records: it is told before those behind it. */
static size_t read_records(void *self, struct wal_record *ret_records, size_t max)
{
    struct wal_rdkafka *w = self;
    const size_t n_events = w->events.list.n;
    size_t n_records = 0;
    rd_kafka_message_t *m;

    while (n_records < max && w->events.list.n == n_events &&
           (m = rd_kafka_consume_queue(w->records, 0)) != NULL) {
        if (m->err)
            take_error(w, m);
        if (m->err || !is_wanted(w, m))
            rd_kafka_message_destroy(m);
        else
            view(w, m, &ret_records[n_records++]);
    }
    if (n_records > 0)
        wal_events_recovered(&w->events);
    return n_records;
}

/* --- the rest --------------------------------------------------------------------------------- */

static void commit(void *self, int32_t partition, int64_t next_offset)
{
    struct wal_rdkafka *w = self;

    partition_of(w, partition)->commit = next_offset;
    w->wants_commit = true;
}

/* A commit that is under way while the group takes a new generation is refused, and librdkafka then
 * takes the whole assignment for lost. So commits go out only in the moment in which librdkafka
 * says that no rebalance is under way, and its statistics are what says so. */
static void flush_commits(struct wal_rdkafka *w)
{
    rd_kafka_topic_partition_list_t *list;

    if (!w->wants_commit)
        return;
    w->wants_commit = false;
    list = rd_kafka_topic_partition_list_new(w->n_partitions);
    for (int32_t i = 0; i < w->n_partitions; i++) {
        struct log_partition *p = &w->partitions[i];

        if (p->assigned && p->commit >= 0)
            rd_kafka_topic_partition_list_add(list, w->topic, i)->offset = p->commit;
        p->commit = -1;
    }
    if (list->cnt > 0)
        rd_kafka_commit(w->client, list, /* async= */ 1);
    rd_kafka_topic_partition_list_destroy(list);
}

static int statistics_told(rd_kafka_t *client, char *json, size_t n, void *opaque)
{
    (void)client;
    (void)n;
    if (strstr(json, "\"join_state\": \"steady\""))
        flush_commits(opaque);
    return 0; /* librdkafka frees the text */
}

static void poll_facts(struct wal_rdkafka *w)
{
    struct wal_event event;

    for (;;) {
        switch (wal_facts_next(w->facts, w->settings.monotonic_ms(), &event)) {
        case WAL_FACTS_NOTHING:
            return;
        case WAL_FACTS_COMPLETE:
            wal_events_recovered(&w->events);
            continue;
        case WAL_FACTS_ANSWER:
            wal_events_add(&w->events, &event);
            continue;
        case WAL_FACTS_FAILED:
            wal_events_trouble(&w->events, event.text);
            return;
        }
    }
}

/* Serves rebalances, errors and answers; keeps the group believing in us. */
static void poll_client(struct wal_rdkafka *w)
{
    rd_kafka_message_t *m;

    wal_events_noticed(&w->events);
    while ((m = rd_kafka_consumer_poll(w->client, 0)) != NULL) {
        if (m->err)
            take_error(w, m);
        rd_kafka_message_destroy(m);
    }
    if (w->events.troubled)
        wal_facts_ask(w->facts, NULL, 0); /* the answer says that it is over */
    check_joined(w);
    poll_facts(w);
}

static bool next_event(void *self, struct wal_event *ret_event)
{
    struct wal_rdkafka *w = self;

    if (w->events.list.n == 0)
        poll_client(w);
    return wal_events_take(&w->events, ret_event);
}

static enum err_code ask_facts(void *self, const int32_t *partitions, size_t n, struct err *err)
{
    struct wal_rdkafka *w = self;

    (void)err;
    wal_facts_ask(w->facts, partitions, n);
    wal_events_notify(&w->events);
    return ERR_OK;
}

static int32_t n_partitions(void *self)
{
    const struct wal_rdkafka *w = self;

    return wal_facts_n_partitions(w->facts);
}

static int descriptor(void *self)
{
    const struct wal_rdkafka *w = self;

    return w->events.descriptor;
}

/* --- life ------------------------------------------------------------------------------------- */

enum err_code wal_rdkafka_join(struct wal_rdkafka *w, struct err *err)
{
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t code;

    if (!w->settings.group)
        return ERR_OK;
    list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, w->topic, RD_KAFKA_PARTITION_UA);
    code = rd_kafka_subscribe(w->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code)
        return err_set(err, ERR_INVALID, "subscribing to '%s': %s", w->topic,
                       rd_kafka_err2str(code));
    return ERR_OK;
}

enum err_code wal_rdkafka_new(const struct wal_rdkafka_settings *settings, struct wal_rdkafka **ret,
                              struct err *err)
{
    static const uint64_t one = 1;
    struct wal_rdkafka *w;
    rd_kafka_conf_t *conf;
    rd_kafka_queue_t *events;
    char why[256];
    const enum err_code rc = wal_conf_new(settings, &conf, err);

    if (rc != ERR_OK)
        return rc;
    w = mem_new(1, sizeof(*w));
    w->settings = *settings;
    rd_kafka_conf_set_opaque(conf, w);
    rd_kafka_conf_set_rebalance_cb(conf, rebalance);
    rd_kafka_conf_set_error_cb(conf, error_told);
    rd_kafka_conf_set_stats_cb(conf, statistics_told);
    w->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!w->client) {
        rd_kafka_conf_destroy(conf);
        free(w);
        return err_set(err, ERR_INVALID, "Kafka: %s", why);
    }
    w->topic = mem_copy_text(settings->topic, strlen(settings->topic));
    wal_events_init(&w->events);
    rd_kafka_poll_set_consumer(w->client);
    w->records = rd_kafka_queue_new(w->client);
    rd_kafka_queue_io_event_enable(w->records, w->events.descriptor, &one, sizeof(one));
    events = rd_kafka_queue_get_consumer(w->client);
    rd_kafka_queue_io_event_enable(events, w->events.descriptor, &one, sizeof(one));
    rd_kafka_queue_destroy(events);
    w->facts = wal_facts_new(w->client, settings->topic, w->events.descriptor);
    *ret = w;
    return ERR_OK;
}

enum err_code wal_rdkafka_use(struct wal_rdkafka *w, const struct kafka_access *access,
                              struct err *err)
{
    return kafka_client_use(w->client, access, err);
}

/* What we unsubscribed from is revoked, by way of our callback. */
static void await_revocation(struct wal_rdkafka *w, int64_t deadline_ms)
{
    do {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(w->client, CLOSE_POLL_MS);

        if (m)
            rd_kafka_message_destroy(m);
    } while (w->n_assigned > 0 && w->settings.monotonic_ms() < deadline_ms);
}

/* Brokers that do not answer would hold us up: the group finds out by itself then. No rebalance may
 * be left for the close: librdkafka may drop the call that answers it, and wait for that for good.
 */
static void leave(struct wal_rdkafka *w)
{
    const int64_t deadline_ms = w->settings.monotonic_ms() + CLOSE_TIMEOUT_MS;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(w->client);

    if (w->settings.group && rd_kafka_unsubscribe(w->client) == RD_KAFKA_RESP_ERR_NO_ERROR)
        await_revocation(w, deadline_ms);
    rd_kafka_error_destroy(rd_kafka_consumer_close_queue(w->client, queue));
    while (!rd_kafka_consumer_closed(w->client) && w->settings.monotonic_ms() < deadline_ms)
        rd_kafka_queue_poll_callback(queue, CLOSE_POLL_MS);
    rd_kafka_queue_destroy(queue);
}

void wal_rdkafka_free(struct wal_rdkafka *w)
{
    if (!w)
        return;
    flush_commits(w);
    leave(w);
    wal_facts_free(w->facts);
    rd_kafka_queue_destroy(w->records);
    rd_kafka_destroy_flags(w->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    wal_events_release(&w->events);
    free(w->partitions);
    free(w->topic);
    free(w);
}

struct wal wal_rdkafka_port(struct wal_rdkafka *w)
{
    static const struct wal_ops ops = {
        .descriptor = descriptor,
        .next_event = next_event,
        .read = read_records,
        .release = release,
        .view = view,
        .start = start,
        .stop = stop,
        .ask_facts = ask_facts,
        .n_partitions = n_partitions,
        .commit = commit,
    };

    return (struct wal){ &ops, w };
}
