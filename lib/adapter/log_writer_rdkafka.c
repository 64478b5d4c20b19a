#include "adapter/log_writer_rdkafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fifo.h"
#include "base/mem.h"

enum { NUMBER_TEXT_MAX = 24, PURGE_POLL_MS = 10, TROUBLE_MAX = 256 };

/* Kafka's own bound stands at the topic. */
#define MESSAGE_BYTES "1000000000"
#define QUEUE_KIB     "65536"

struct log_writer {
    char *topic;
    rd_kafka_t *client;
    size_t n_under_way;   /* receipts not taken yet */
    struct fifo receipts; /* of struct log_receipt; no more than are under way */
    char trouble[TROUBLE_MAX];
};

static const char *advice(rd_kafka_resp_err_t code)
{
    switch ((int)code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        return "; it is larger than the topic's max.message.bytes";
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return "; create the topic";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return "; allow the user to write to it";
    default:
        return "";
    }
}

/* Once a user who may write to no topic was refused an idempotent producer's number, all that is
 * said of any record is that. */
static rd_kafka_resp_err_t cause_of(rd_kafka_t *client, rd_kafka_resp_err_t code)
{
    char why[TROUBLE_MAX];

    if (code == RD_KAFKA_RESP_ERR__FATAL)
        code = rd_kafka_fatal_error(client, why, sizeof(why));
    return code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED
               ? RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
               : code;
}

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *m, void *opaque)
{
    struct log_writer *w = opaque;
    const rd_kafka_resp_err_t code = cause_of(client, m->err);
    const bool timed_out = code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT;
    struct log_receipt receipt = {
        .tag = (uint64_t)(uintptr_t)m->_private,
        .partition = m->partition,
        .offset = m->offset,
        .timestamp_ms = rd_kafka_message_timestamp(m, NULL),
        .stored = m->err == RD_KAFKA_RESP_ERR_NO_ERROR,
        .denied = code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        .possibly_stored = rd_kafka_message_status(m) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED,
    };

    if (!receipt.stored)
        snprintf(receipt.text, sizeof(receipt.text), "%s%s%s%s", rd_kafka_err2str(code),
                 advice(code), timed_out && *w->trouble ? ": " : "", timed_out ? w->trouble : "");
    fifo_add(&w->receipts, &receipt);
}

static void error_told(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct log_writer *w = opaque;

    (void)client;
    (void)code;
    snprintf(w->trouble, sizeof(w->trouble), "%s", reason);
}

enum err_code log_writer_new(const struct log_writer_settings *settings, struct log_writer **ret,
                             struct err *err)
{
    char timeout[NUMBER_TEXT_MAX], under_way[NUMBER_TEXT_MAX], why[256];
    const struct kafka_property properties[] = {
        { "acks", "all" },
        { "enable.idempotence", settings->may_repeat ? "false" : "true" },
        { "partitioner", settings->partitioner },
        { "message.timeout.ms", timeout },
        { "topic.metadata.propagation.max.ms", "2000" },
        { "linger.ms", "5" },
        { "compression.codec", "lz4" },
        { "queue.buffering.max.messages", under_way },
        { "queue.buffering.max.kbytes", QUEUE_KIB },
        { "message.max.bytes", MESSAGE_BYTES },
    };
    struct log_writer *w;
    rd_kafka_conf_t *conf;
    enum err_code rc;

    snprintf(timeout, sizeof(timeout), "%" PRId64, settings->timeout_ms);
    snprintf(under_way, sizeof(under_way), "%d", LOG_WRITER_UNDER_WAY_MAX);
    rc = kafka_conf_new(&settings->access, properties, ARRAY_SIZE(properties), &conf, err);
    if (rc != ERR_OK)
        return rc;
    w = mem_new(1, sizeof(*w));
    if (settings->topic)
        w->topic = mem_copy_text(settings->topic, strlen(settings->topic));
    fifo_init(&w->receipts, sizeof(struct log_receipt));
    rd_kafka_conf_set_opaque(conf, w);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_conf_set_error_cb(conf, error_told);
    w->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!w->client) {
        rd_kafka_conf_destroy(conf);
        log_writer_free(w);
        return err_set(err, ERR_INVALID, "Kafka: %s", why);
    }
    *ret = w;
    return ERR_OK;
}

void log_writer_free(struct log_writer *w)
{
    if (!w)
        return;
    if (w->client) {
        rd_kafka_purge(w->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        while (rd_kafka_outq_len(w->client) > 0)
            rd_kafka_poll(w->client, PURGE_POLL_MS);
        rd_kafka_destroy(w->client);
    }
    fifo_release(&w->receipts);
    free(w->topic);
    free(w);
}

enum err_code log_writer_put(struct log_writer *w, struct str key, struct str value, uint64_t tag,
                             struct err *err)
{
    const struct log_entry entry = {
        .has_key = true,
        .has_value = true,
        .key = key,
        .value = value,
        .partition = LOG_WRITER_BY_KEY,
    };

    return log_writer_put_entry(w, &entry, tag, err);
}

static rd_kafka_headers_t *headers_of(const struct log_entry *entry)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(entry->n_headers);

    for (size_t i = 0; i < entry->n_headers; i++)
        rd_kafka_header_add(headers, entry->headers[i].name, -1, entry->headers[i].value.p,
                            (ssize_t)entry->headers[i].value.n);
    return headers;
}

static const void *bytes_of(bool is_there, struct str bytes)
{
    if (!is_there)
        return NULL;
    return bytes.p ? bytes.p : "";
}

static const char *topic_of(const struct log_writer *w, const struct log_entry *entry)
{
    return entry->topic ? entry->topic : w->topic;
}

static rd_kafka_error_t *produce(struct log_writer *w, const struct log_entry *entry, uint64_t tag)
{
    rd_kafka_headers_t *headers = headers_of(entry);
    rd_kafka_vu_t arguments[] = {
        { .vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic_of(w, entry) },
        { .vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = entry->partition },
        { .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
        { .vtype = RD_KAFKA_VTYPE_KEY,
          .u.mem = { (void *)(uintptr_t)bytes_of(entry->has_key, entry->key), entry->key.n } },
        { .vtype = RD_KAFKA_VTYPE_VALUE,
          .u.mem = { (void *)(uintptr_t)bytes_of(entry->has_value, entry->value),
                     entry->value.n } },
        { .vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers },
        { .vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)(uintptr_t)tag },
    };
    rd_kafka_error_t *error = rd_kafka_produceva(w->client, arguments, ARRAY_SIZE(arguments));

    if (error)
        rd_kafka_headers_destroy(headers);
    return error;
}

enum err_code log_writer_put_entry(struct log_writer *w, const struct log_entry *entry,
                                   uint64_t tag, struct err *err)
{
    enum err_code rc = ERR_OK;
    rd_kafka_resp_err_t code;
    rd_kafka_error_t *error;

    if (w->n_under_way >= LOG_WRITER_UNDER_WAY_MAX)
        return err_set(err, ERR_LIMIT, "%d records are under way", LOG_WRITER_UNDER_WAY_MAX);
    error = produce(w, entry, tag);
    code = error ? cause_of(w->client, rd_kafka_error_code(error)) : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!error)
        w->n_under_way++;
    else if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rc = err_set(err, ERR_LIMIT, "its queue is full");
    else if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        rc = err_set(err, ERR_DENIED, "topic %s: %s%s", topic_of(w, entry), rd_kafka_err2str(code),
                     advice(code));
    else
        rc = err_set(err, ERR_INVALID, "topic %s: %s%s", topic_of(w, entry),
                     rd_kafka_error_string(error), advice(code));
    rd_kafka_error_destroy(error);
    return rc;
}

size_t log_writer_under_way(const struct log_writer *w)
{
    return w->n_under_way;
}

bool log_writer_take(struct log_writer *w, int64_t wait_ms, struct log_receipt *ret)
{
    if (w->receipts.n == 0)
        rd_kafka_poll(w->client, (int)wait_ms);
    if (!fifo_take(&w->receipts, ret))
        return false;
    w->n_under_way--;
    return true;
}
