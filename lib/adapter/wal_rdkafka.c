#include "adapter/wal_rdkafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "adapter/wal_facts.h"
#include "base/mem.h"

enum {
    SEEK_TIMEOUT_MS = 1000,
    NUMBER_TEXT_MAX = 24,
    FETCH_MIN_BYTES = 1024 * 1024,
    RECORD_OVERHEAD_BYTES = 512, /* what librdkafka needs for a record besides its bytes */
    EVENTS_FIRST = 64,
    HEARTBEATS_IN_SESSION = 5,
    JOIN_CHECK_MS = 500, /* how often a member without partitions asks whether it is one */
};

struct log_partition {
    bool assigned;
    bool wants_start; /* start() was asked for and librdkafka was not ready for it */
    bool delivering;
    bool paused;
    int64_t next;   /* nothing below is delivered */
    int64_t commit; /* to be committed, -1: nothing */
};

struct wal_rdkafka {
    struct wal_rdkafka_settings settings;
    char *topic;
    rd_kafka_t *client;
    rd_kafka_queue_t *records;
    struct wal_facts *facts;
    int descriptor; /* eventfd */
    struct log_partition *partitions;
    int32_t n_partitions, n_assigned;
    bool wants_commit;
    bool troubled, joined;
    int64_t join_check_at_ms;
    struct wal_event *events; /* FIFO */
    size_t events_first, n_events, events_capacity;
};

/* --- events ----------------------------------------------------------------------------------- */

static void notify(const struct wal_rdkafka *w)
{
    const uint64_t one = 1;
    const ssize_t n = write(w->descriptor, &one, sizeof(one));

    (void)n; /* an eventfd only refuses when it is full, and then it is readable */
}

static void event_add(struct wal_rdkafka *w, const struct wal_event *event)
{
    if (w->events_first + w->n_events == w->events_capacity) {
        if (w->events_first > 0) {
            memmove(w->events, w->events + w->events_first, w->n_events * sizeof(*w->events));
            w->events_first = 0;
        } else {
            w->events_capacity = w->events_capacity ? w->events_capacity * 2 : EVENTS_FIRST;
            w->events = mem_resize(w->events, w->events_capacity, sizeof(*w->events));
        }
    }
    w->events[w->events_first + w->n_events++] = *event;
    notify(w);
}

static void event_simple(struct wal_rdkafka *w, enum wal_event_type type, int32_t partition,
                         int64_t offset)
{
    event_add(w, &(struct wal_event){ .type = type,
                                      .partition = partition,
                                      .offset = offset,
                                      .n_assigned = w->n_assigned });
}

static void trouble(struct wal_rdkafka *w, const char *what)
{
    struct wal_event event = { .type = WAL_TROUBLE };

    w->troubled = true;
    snprintf(event.text, sizeof(event.text), "%s", what);
    event_add(w, &event);
}

static void recovered(struct wal_rdkafka *w)
{
    if (!w->troubled)
        return;
    w->troubled = false;
    event_simple(w, WAL_RECOVERED, -1, 0);
}

/* --- partitions ------------------------------------------------------------------------------- */

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

/* Records of the partition go to our queue; librdkafka leaves a forward of the application's in
 * place when it starts to fetch. */
static void divert(const struct wal_rdkafka *w, int32_t partition)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(w->client, w->topic, partition);

    if (!queue)
        return;
    rd_kafka_queue_forward(queue, w->records);
    rd_kafka_queue_destroy(queue);
}

static void on_assign(struct wal_rdkafka *w, rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        divert(w, list->elems[i].partition);
        list->elems[i].offset = 0; /* start() says the real one; nothing is delivered before */
    }
    if (strcmp(rd_kafka_rebalance_protocol(w->client), "COOPERATIVE") == 0)
        rd_kafka_error_destroy(rd_kafka_incremental_assign(w->client, list));
    else
        rd_kafka_assign(w->client, list);
    rd_kafka_pause_partitions(w->client, list);
    for (int i = 0; i < list->cnt; i++) {
        const int32_t number = list->elems[i].partition;

        *partition_of(w, number) =
            (struct log_partition){ .assigned = true, .paused = true, .commit = -1 };
        w->n_assigned++;
        event_simple(w, WAL_ASSIGNED, number, 0);
    }
    w->joined = true;
    event_simple(w, WAL_BALANCED, -1, 0);
}

static void on_revoke(struct wal_rdkafka *w, rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        const int32_t number = list->elems[i].partition;

        w->n_assigned -= partition_of(w, number)->assigned;
        *partition_of(w, number) = (struct log_partition){ .commit = -1 };
        event_simple(w, WAL_REVOKED, number, 0);
    }
    if (strcmp(rd_kafka_rebalance_protocol(w->client), "COOPERATIVE") == 0)
        rd_kafka_error_destroy(rd_kafka_incremental_unassign(w->client, list));
    else
        rd_kafka_assign(w->client, NULL);
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

static void error_told(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct wal_rdkafka *w = opaque;

    (void)client;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
        code == RD_KAFKA_RESP_ERR__SSL || code == RD_KAFKA_RESP_ERR__FATAL)
        trouble(w, reason);
}

/* A member that no partition is left for hears of no assignment; its generation says that it has
 * joined. */
static void check_joined(struct wal_rdkafka *w)
{
    const int64_t now_ms = w->settings.monotonic_ms();
    rd_kafka_consumer_group_metadata_t *membership;

    if (w->joined || now_ms < w->join_check_at_ms)
        return;
    w->join_check_at_ms = now_ms + JOIN_CHECK_MS;
    membership = rd_kafka_consumer_group_metadata(w->client);
    if (membership && rd_kafka_consumer_group_metadata_generation_id(membership) >= 0) {
        w->joined = true;
        event_simple(w, WAL_BALANCED, -1, 0);
    }
    if (membership)
        rd_kafka_consumer_group_metadata_destroy(membership);
}

/* --- starting and stopping -------------------------------------------------------------------- */

/* Resume first, then seek: each makes what was fetched before it stale, and the seek's offset is
 * the last word. */
static rd_kafka_resp_err_t try_start(struct wal_rdkafka *w, int32_t number)
{
    struct log_partition *p = partition_of(w, number);
    rd_kafka_topic_partition_list_t *list = list_of(w, number, p->next);
    rd_kafka_error_t *error;
    rd_kafka_resp_err_t code;

    if (p->paused)
        rd_kafka_resume_partitions(w->client, list);
    p->paused = false;
    error = rd_kafka_seek_partitions(w->client, list, SEEK_TIMEOUT_MS);
    code = error ? rd_kafka_error_code(error) : list->elems[0].err;
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
    p->wants_start = code != RD_KAFKA_RESP_ERR_NO_ERROR;
    p->delivering = !p->wants_start;
    return code;
}

static enum err_code start(void *self, int32_t partition, int64_t offset, struct err *err)
{
    struct wal_rdkafka *w = self;
    struct log_partition *p = partition_of(w, partition);
    rd_kafka_resp_err_t code;

    if (!p->assigned)
        return ERR_OK; /* revoked meanwhile; the event is on its way */
    p->next = offset;
    code = try_start(w, partition);
    /* The assignment has not reached the fetcher yet: next_event() tries again. */
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__STATE ||
        code == RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS || code == RD_KAFKA_RESP_ERR__TIMED_OUT)
        return ERR_OK;
    p->wants_start = false;
    return err_set(err, ERR_UNAVAILABLE, "seek to offset %" PRId64 ": %s", offset,
                   rd_kafka_err2str(code));
}

static enum err_code stop(void *self, int32_t partition, struct err *err)
{
    struct wal_rdkafka *w = self;
    struct log_partition *p = partition_of(w, partition);
    rd_kafka_topic_partition_list_t *list = list_of(w, partition, RD_KAFKA_OFFSET_INVALID);

    (void)err;
    if (p->assigned && !p->paused)
        rd_kafka_pause_partitions(w->client, list);
    p->paused = p->assigned;
    p->delivering = false;
    p->wants_start = false;
    rd_kafka_topic_partition_list_destroy(list);
    return ERR_OK;
}

static void start_late(struct wal_rdkafka *w)
{
    for (int32_t i = 0; i < w->n_partitions; i++)
        if (w->partitions[i].wants_start)
            try_start(w, i);
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

/* The place in the log that was asked for is not there, or not any more. */
static bool is_out_of_log(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
           code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID;
}

/* An event in a record's clothes, in order among the records. */
static void take_error(struct wal_rdkafka *w, const rd_kafka_message_t *m)
{
    struct log_partition *p;

    if (!m->rkt || m->partition < 0) {
        trouble(w, rd_kafka_message_errstr(m));
        return;
    }
    p = partition_of(w, m->partition);
    if (!p->delivering)
        return;
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        event_simple(w, WAL_END, m->partition, m->offset);
    } else if (is_out_of_log(m->err)) {
        p->delivering = false;
        event_simple(w, WAL_OUT_OF_LOG, m->partition, p->next);
    } else {
        trouble(w, rd_kafka_message_errstr(m));
    }
}

static bool is_wanted(struct wal_rdkafka *w, const rd_kafka_message_t *m)
{
    struct log_partition *p = partition_of(w, m->partition);

    if (!p->delivering || m->offset < p->next)
        return false;
    p->next = m->offset + 1;
    return true;
}

static size_t read_records(void *self, struct wal_record *ret_records, size_t max)
{
    struct wal_rdkafka *w = self;
    rd_kafka_message_t *messages[512];
    const size_t n_max = max < ARRAY_SIZE(messages) ? max : ARRAY_SIZE(messages);
    const ssize_t n = rd_kafka_consume_batch_queue(w->records, 0, messages, n_max);
    size_t n_records = 0;

    for (ssize_t i = 0; i < n; i++) {
        if (messages[i]->err)
            take_error(w, messages[i]);
        if (messages[i]->err || !is_wanted(w, messages[i]))
            rd_kafka_message_destroy(messages[i]);
        else
            view(w, messages[i], &ret_records[n_records++]);
    }
    if (n_records > 0)
        recovered(w);
    return n_records;
}

/* --- the rest --------------------------------------------------------------------------------- */

static void commit(void *self, int32_t partition, int64_t next_offset)
{
    struct wal_rdkafka *w = self;

    partition_of(w, partition)->commit = next_offset;
    w->wants_commit = true;
}

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

static void poll_facts(struct wal_rdkafka *w)
{
    struct wal_event event;

    for (;;) {
        switch (wal_facts_next(w->facts, w->settings.monotonic_ms(), &event)) {
        case WAL_FACTS_NOTHING:
            return;
        case WAL_FACTS_ANSWER:
            recovered(w);
            event_add(w, &event);
            continue;
        case WAL_FACTS_FAILED:
            trouble(w, event.text);
            return;
        }
    }
}

/* Serves rebalances, errors and answers; keeps the group believing in us. */
static void poll_client(struct wal_rdkafka *w)
{
    rd_kafka_message_t *m;
    uint64_t count;
    const ssize_t n = read(w->descriptor, &count, sizeof(count));

    (void)n; /* nothing to read is fine */
    while ((m = rd_kafka_consumer_poll(w->client, 0)) != NULL) {
        if (m->err)
            take_error(w, m);
        rd_kafka_message_destroy(m);
    }
    start_late(w);
    check_joined(w);
    flush_commits(w);
    poll_facts(w);
}

static bool next_event(void *self, struct wal_event *ret_event)
{
    struct wal_rdkafka *w = self;

    if (w->n_events == 0)
        poll_client(w);
    if (w->n_events == 0)
        return false;
    *ret_event = w->events[w->events_first++];
    if (--w->n_events == 0)
        w->events_first = 0;
    return true;
}

static enum err_code ask_facts(void *self, const int32_t *partitions, size_t n, struct err *err)
{
    struct wal_rdkafka *w = self;

    (void)err;
    wal_facts_ask(w->facts, partitions, n);
    notify(w);
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

    return w->descriptor;
}

/* --- life ------------------------------------------------------------------------------------- */

static enum err_code configure(const struct wal_rdkafka_settings *settings, rd_kafka_conf_t **ret,
                               struct err *err)
{
    const int64_t fetch_bytes = settings->fetch_buffer_bytes / 2 > FETCH_MIN_BYTES
                                    ? settings->fetch_buffer_bytes / 2
                                    : FETCH_MIN_BYTES;
    char read_ahead_kib[NUMBER_TEXT_MAX], read_ahead_records[NUMBER_TEXT_MAX];
    char fetch[NUMBER_TEXT_MAX], session[NUMBER_TEXT_MAX], heartbeat[NUMBER_TEXT_MAX];
    const struct kafka_property properties[] = {
        { "group.id", settings->group },
        { "group.instance.id", settings->group_instance_id },
        { "session.timeout.ms", session },
        { "heartbeat.interval.ms", heartbeat },
        { "partition.assignment.strategy", "cooperative-sticky" },
        { "isolation.level", "read_committed" },
        { "enable.auto.commit", "false" },
        { "enable.auto.offset.store", "false" },
        { "auto.offset.reset", "error" },
        { "enable.partition.eof", "true" },
        { "allow.auto.create.topics", "false" },
        { "queued.max.messages.kbytes", read_ahead_kib },
        { "queued.min.messages", read_ahead_records },
        { "fetch.max.bytes", fetch },
        { "max.partition.fetch.bytes", "262144" },
        { "fetch.wait.max.ms", "500" },
        { "fetch.min.bytes", "1" },
        { "fetch.queue.backoff.ms", "2" },
        { "fetch.error.backoff.ms", "100" },
    };

    snprintf(read_ahead_kib, sizeof(read_ahead_kib), "%" PRId64,
             settings->fetch_buffer_bytes / 1024);
    snprintf(read_ahead_records, sizeof(read_ahead_records), "%" PRId64,
             settings->fetch_buffer_bytes / RECORD_OVERHEAD_BYTES);
    snprintf(fetch, sizeof(fetch), "%" PRId64, fetch_bytes);
    snprintf(session, sizeof(session), "%" PRId64, settings->session_timeout_ms);
    snprintf(heartbeat, sizeof(heartbeat), "%" PRId64,
             settings->session_timeout_ms / HEARTBEATS_IN_SESSION);
    return kafka_conf_new(&settings->access, properties, ARRAY_SIZE(properties), ret, err);
}

static enum err_code join(struct wal_rdkafka *w, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t code;

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
    enum err_code rc = configure(settings, &conf, err);

    if (rc != ERR_OK)
        return rc;
    w = mem_new(1, sizeof(*w));
    w->settings = *settings;
    rd_kafka_conf_set_opaque(conf, w);
    rd_kafka_conf_set_rebalance_cb(conf, rebalance);
    rd_kafka_conf_set_error_cb(conf, error_told);
    w->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!w->client) {
        rd_kafka_conf_destroy(conf);
        free(w);
        return err_set(err, ERR_INVALID, "Kafka: %s", why);
    }
    w->topic = mem_copy_text(settings->topic, strlen(settings->topic));
    w->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    PRE(w->descriptor >= 0);
    rd_kafka_poll_set_consumer(w->client);
    w->records = rd_kafka_queue_new(w->client);
    rd_kafka_queue_io_event_enable(w->records, w->descriptor, &one, sizeof(one));
    events = rd_kafka_queue_get_consumer(w->client);
    rd_kafka_queue_io_event_enable(events, w->descriptor, &one, sizeof(one));
    rd_kafka_queue_destroy(events);
    w->facts = wal_facts_new(w->client, settings->topic, w->descriptor);
    rc = join(w, err);
    if (rc != ERR_OK) {
        wal_rdkafka_free(w);
        return rc;
    }
    *ret = w;
    return ERR_OK;
}

void wal_rdkafka_free(struct wal_rdkafka *w)
{
    if (!w)
        return;
    flush_commits(w);
    rd_kafka_consumer_close(w->client);
    wal_facts_free(w->facts);
    rd_kafka_queue_destroy(w->records);
    rd_kafka_destroy(w->client);
    close(w->descriptor);
    free(w->events);
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
