#include "adapter/log_reader_rdkafka.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "adapter/wal_conf.h"
#include "adapter/wal_facts.h"
#include "base/mem.h"

enum {
    SESSION_TIMEOUT_MS = 10000,
    ANSWER_POLL_MS = 50,
    REFUSALS_MAX = 3, /* a topic that was just created may need a moment */
    TROUBLE_MAX = 256,
};

struct log_reader {
    struct log_reader_settings settings;
    char *topic;
    rd_kafka_t *client;
    struct wal_facts *facts;
    int descriptor;              /* an eventfd, written to when facts have come */
    rd_kafka_message_t *message; /* the record that was delivered last */
    char trouble[TROUBLE_MAX];   /* what librdkafka last complained about */
    int64_t troubled_at_ms;      /* since when no broker has answered; 0: some do */
};

void log_survey_release(struct log_survey *s)
{
    free(s->extents);
    *s = (struct log_survey){ 0 };
}

/* --- the client ------------------------------------------------------------------------------- */

static void error_told(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct log_reader *r = opaque;

    (void)client;
    snprintf(r->trouble, sizeof(r->trouble), "%s", reason);
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && r->troubled_at_ms == 0)
        r->troubled_at_ms = r->settings.monotonic_ms();
}

enum err_code log_reader_new(const struct log_reader_settings *settings, struct log_reader **ret,
                             struct err *err)
{
    const struct wal_rdkafka_settings wal = {
        .access = settings->access,
        .topic = settings->topic,
        .group = settings->group,
        .session_timeout_ms = SESSION_TIMEOUT_MS,
        .fetch_buffer_bytes =
            settings->ahead_bytes > 0 ? settings->ahead_bytes : LOG_READER_AHEAD_BYTES,
    };
    struct log_reader *r;
    rd_kafka_conf_t *conf;
    enum err_code rc = wal_conf_new(&wal, &conf, err);
    char why[256];

    if (rc != ERR_OK)
        return rc;
    r = mem_new(1, sizeof(*r));
    r->settings = *settings;
    r->topic = mem_copy_text(settings->topic, strlen(settings->topic));
    r->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    PRE(r->descriptor >= 0);
    rd_kafka_conf_set_opaque(conf, r);
    rd_kafka_conf_set_error_cb(conf, error_told);
    r->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!r->client) {
        rd_kafka_conf_destroy(conf);
        log_reader_free(r);
        return err_set(err, ERR_INVALID, "Kafka: %s", why);
    }
    r->facts = wal_facts_new(r->client, r->topic, r->descriptor);
    *ret = r;
    return ERR_OK;
}

static void drop_message(struct log_reader *r)
{
    if (r->message)
        rd_kafka_message_destroy(r->message);
    r->message = NULL;
}

void log_reader_free(struct log_reader *r)
{
    if (!r)
        return;
    drop_message(r);
    if (r->client) {
        wal_facts_free(r->facts);
        rd_kafka_consumer_close(r->client);
        rd_kafka_destroy(r->client);
    }
    close(r->descriptor);
    free(r->topic);
    free(r);
}

static enum err_code unavailable(const struct log_reader *r, const char *what, struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "%s%s%s", what, *r->trouble ? ": " : "", r->trouble);
}

/* --- what the brokers say --------------------------------------------------------------------- */

struct asking {
    int64_t deadline_ms;
    unsigned n_refused;
    char refusal[WAL_EVENT_TEXT_MAX];
};

static void begin_asking(const struct log_reader *r, struct asking *a)
{
    *a = (struct asking){ .deadline_ms = r->settings.monotonic_ms() + r->settings.timeout_ms };
}

/* Goes on with the questions; true: *ret_event is an answer, or there is news of the topic. */
static bool hear(struct log_reader *r, struct asking *a, struct wal_event *ret_event)
{
    struct pollfd p = { .fd = r->descriptor, .events = POLLIN };
    uint64_t count;

    switch (wal_facts_next(r->facts, r->settings.monotonic_ms(), ret_event)) {
    case WAL_FACTS_ANSWER:
        return true;
    case WAL_FACTS_COMPLETE:
        return false;
    case WAL_FACTS_FAILED:
        a->n_refused++;
        snprintf(a->refusal, sizeof(a->refusal), "%s", ret_event->text);
        break;
    case WAL_FACTS_NOTHING:
        break;
    }
    rd_kafka_poll(r->client, 0); /* calls error_told() */
    if (poll(&p, 1, ANSWER_POLL_MS) > 0 && read(r->descriptor, &count, sizeof(count)) < 0)
        return false;
    return false;
}

static enum err_code still_asking(const struct log_reader *r, const struct asking *a,
                                  struct err *err)
{
    if (a->n_refused >= REFUSALS_MAX)
        return err_set(err, ERR_UNAVAILABLE, "%s", a->refusal);
    if (r->settings.monotonic_ms() > a->deadline_ms)
        return unavailable(r, "the brokers do not answer", err);
    return ERR_OK;
}

static enum err_code await_topic(struct log_reader *r, struct asking *a, struct err *err)
{
    struct wal_event event;
    enum err_code rc = ERR_OK;

    while (rc == ERR_OK && wal_facts_n_partitions(r->facts) == 0) {
        hear(r, a, &event);
        rc = still_asking(r, a, err);
    }
    return rc;
}

static enum err_code await_extents(struct log_reader *r, struct asking *a, struct log_survey *s,
                                   struct err *err)
{
    int32_t *partitions = mem_new((size_t)s->n, sizeof(*partitions));
    int32_t n_answers = 0;
    enum err_code rc = ERR_OK;

    for (int32_t i = 0; i < s->n; i++)
        partitions[i] = i;
    wal_facts_ask(r->facts, partitions, (size_t)s->n);
    while (rc == ERR_OK && n_answers < s->n) {
        struct wal_event event;

        if (hear(r, a, &event) && event.partition < s->n) {
            s->extents[event.partition].begin = event.facts.begin;
            s->extents[event.partition].end = event.facts.end;
            s->extents[event.partition].written = event.facts.written;
            memcpy(s->log, event.facts.log, sizeof(s->log));
            n_answers++;
        }
        rc = still_asking(r, a, err);
    }
    free(partitions);
    return rc;
}

enum err_code log_reader_survey(struct log_reader *r, struct log_survey *ret, struct err *err)
{
    struct log_survey s = { 0 };
    struct asking a;
    enum err_code rc;

    begin_asking(r, &a);
    rc = await_topic(r, &a, err);
    if (rc != ERR_OK)
        return rc;
    s.n = wal_facts_n_partitions(r->facts);
    s.extents = mem_new((size_t)s.n, sizeof(*s.extents));
    for (int32_t i = 0; i < s.n; i++)
        s.extents[i].committed = LOG_READER_NO_OFFSET;
    rc = await_extents(r, &a, &s, err);
    if (rc != ERR_OK) {
        log_survey_release(&s);
        return rc;
    }
    *ret = s;
    return ERR_OK;
}

/* The topic's partitions, each with an offset (or a time, where that is asked for). */
static rd_kafka_topic_partition_list_t *list_of(const struct log_reader *r, int32_t n,
                                                int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);

    for (int32_t i = 0; i < n; i++)
        rd_kafka_topic_partition_list_add(list, r->topic, i)->offset = offset;
    return list;
}

static enum err_code list_failed(const rd_kafka_topic_partition_list_t *list,
                                 rd_kafka_resp_err_t code, const char *what, struct err *err)
{
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
        code = list->elems[i].err;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ERR_OK;
    return err_set(err, ERR_UNAVAILABLE, "%s: %s", what, rd_kafka_err2str(code));
}

enum err_code log_reader_committed(struct log_reader *r, struct log_survey *s, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = list_of(r, s->n, RD_KAFKA_OFFSET_INVALID);
    const rd_kafka_resp_err_t code =
        rd_kafka_committed(r->client, list, (int)r->settings.timeout_ms);
    const enum err_code rc = list_failed(list, code, "asking what the group has committed", err);

    for (int i = 0; rc == ERR_OK && i < list->cnt; i++)
        s->extents[i].committed =
            list->elems[i].offset >= 0 ? list->elems[i].offset : LOG_READER_NO_OFFSET;
    rd_kafka_topic_partition_list_destroy(list);
    return rc;
}

enum err_code log_reader_at_time(struct log_reader *r, const struct log_survey *s, int64_t wall_ms,
                                 int64_t *ret_offsets, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = list_of(r, s->n, wall_ms);
    const rd_kafka_resp_err_t code =
        rd_kafka_offsets_for_times(r->client, list, (int)r->settings.timeout_ms);
    const enum err_code rc = list_failed(list, code, "asking where a time is", err);

    for (int i = 0; rc == ERR_OK && i < list->cnt; i++)
        ret_offsets[i] = list->elems[i].offset >= 0 ? list->elems[i].offset : s->extents[i].end;
    rd_kafka_topic_partition_list_destroy(list);
    return rc;
}

/* --- records ---------------------------------------------------------------------------------- */

enum err_code log_reader_start(struct log_reader *r, const int64_t *offsets, int32_t n,
                               struct err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
    rd_kafka_resp_err_t code;

    drop_message(r);
    for (int32_t i = 0; i < n; i++)
        if (offsets[i] != LOG_READER_NO_OFFSET)
            rd_kafka_topic_partition_list_add(list, r->topic, i)->offset = offsets[i];
    code = rd_kafka_assign(r->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return err_set(err, ERR_UNAVAILABLE, "Kafka: %s", rd_kafka_err2str(code));
    return ERR_OK;
}

static struct record record_of(const rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t type;

    return (struct record){
        .partition = m->partition,
        .offset = m->offset,
        .timestamp_ms = rd_kafka_message_timestamp(m, &type),
        .has_key = m->key != NULL,
        .has_value = m->payload != NULL,
        .key = { m->key, m->key_len },
        .value = { m->payload, m->len },
    };
}

static bool is_gone(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
           code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
}

static bool is_refused(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

/* Takes what r->message is when it is no record; other errors pass by themselves. */
static enum err_code take_event(struct log_reader *r, struct log_news *ret, struct err *err)
{
    const rd_kafka_message_t *m = r->message;

    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        *ret = (struct log_news){ LOG_NEWS_END, .partition = m->partition, .offset = m->offset };
    else if (is_gone(m->err))
        return err_set(err, ERR_NOT_FOUND, "partition %d: what was asked for is not in the log: %s",
                       (int)m->partition, rd_kafka_message_errstr(m));
    else if (is_refused(m->err))
        return err_set(err, ERR_UNAVAILABLE, "topic %s: %s", r->topic, rd_kafka_err2str(m->err));
    return ERR_OK;
}

enum err_code log_reader_next(struct log_reader *r, int64_t wait_ms, struct log_news *ret,
                              struct err *err)
{
    *ret = (struct log_news){ LOG_NEWS_NOTHING, .partition = -1 };
    drop_message(r);
    rd_kafka_poll(r->client, 0); /* calls error_told() */
    r->message = rd_kafka_consumer_poll(r->client, (int)wait_ms);
    if (!r->message) {
        if (r->troubled_at_ms > 0 &&
            r->settings.monotonic_ms() - r->troubled_at_ms > r->settings.timeout_ms)
            return unavailable(r, "the brokers do not answer", err);
        return ERR_OK;
    }
    r->troubled_at_ms = 0;
    if (r->message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return take_event(r, ret, err);
    *ret = (struct log_news){
        LOG_NEWS_RECORD,
        .record = record_of(r->message),
        .partition = r->message->partition,
        .offset = r->message->offset,
    };
    return ERR_OK;
}

size_t log_reader_headers(const struct log_reader *r, struct log_header *ret, size_t max)
{
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t n = 0, n_value;

    if (!r->message || rd_kafka_message_headers(r->message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    for (;
         rd_kafka_header_get_all(headers, n, &name, &value, &n_value) == RD_KAFKA_RESP_ERR_NO_ERROR;
         n++)
        if (n < max)
            ret[n] = (struct log_header){ name, { value ? value : "", n_value } };
    return n;
}
