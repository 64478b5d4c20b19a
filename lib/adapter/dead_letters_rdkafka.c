#include "adapter/dead_letters_rdkafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fifo.h"
#include "base/mem.h"

enum {
    NUMBER_TEXT_MAX = 24,
    PURGE_POLL_MS = 10,
    UNDER_WAY_MAX_BYTES = 8 * 1024 * 1024, /* a larger record still travels, alone */
};

/* The bytes are bounded above: librdkafka's own bound would never let a larger record pass. */
#define QUEUE_MESSAGES "20000"
#define QUEUE_KIB      "2097151"
/* The original may be as large as its topic allows; the headers come on top. */
#define MESSAGE_BYTES "1000000000"

struct dead_letters_rdkafka {
    char *topic, *source_topic, *wal;
    rd_kafka_conf_t *conf; /* for the next client */
    rd_kafka_t *client;
    int descriptor;
    size_t n_bytes;                            /* under way */
    char connection_error[WAL_EVENT_TEXT_MAX]; /* the last one */
    struct fifo receipts; /* of struct dead_letter_receipt; bounded by what is under way */
};

/* What a delivery report is about; travels as the message's opaque. */
struct origin {
    int32_t partition;
    int64_t offset;
    size_t n_bytes;
};

/* --- receipts --------------------------------------------------------------------------------- */

static const char *advice(rd_kafka_resp_err_t code)
{
    switch ((int)code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        return "; raise the topic's max.message.bytes";
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return "; create the topic";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return "; allow our user to write to it";
    default:
        return "";
    }
}

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *m, void *opaque)
{
    struct dead_letters_rdkafka *d = opaque;
    struct origin *origin = m->_private;
    struct dead_letter_receipt receipt = {
        .partition = origin->partition,
        .offset = origin->offset,
        .stored = m->err == RD_KAFKA_RESP_ERR_NO_ERROR,
    };

    (void)client;
    if (m->err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT && d->connection_error[0])
        snprintf(receipt.text, sizeof(receipt.text), "topic %s: %.200s", d->topic,
                 d->connection_error);
    else if (m->err)
        snprintf(receipt.text, sizeof(receipt.text), "topic %s: %s%s", d->topic,
                 rd_kafka_err2str(m->err), advice(m->err));
    else
        d->connection_error[0] = '\0';
    fifo_add(&d->receipts, &receipt);
    d->n_bytes -= origin->n_bytes;
    free(origin);
}

static void error_told(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct dead_letters_rdkafka *d = opaque;

    (void)client;
    (void)code;
    snprintf(d->connection_error, sizeof(d->connection_error), "%s", reason);
}

static bool next_receipt(void *self, struct dead_letter_receipt *ret_receipt)
{
    struct dead_letters_rdkafka *d = self;
    uint64_t count;

    if (d->receipts.n == 0) {
        const ssize_t n = read(d->descriptor, &count, sizeof(count));

        (void)n; /* nothing to read is fine */
        if (d->client)
            rd_kafka_poll(d->client, 0);
    }
    return fifo_take(&d->receipts, ret_receipt);
}

/* --- client ----------------------------------------------------------------------------------- */

static enum err_code connect_client(struct dead_letters_rdkafka *d, struct err *err)
{
    static const uint64_t one = 1;
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(d->conf);
    rd_kafka_queue_t *events;
    char why[256];

    d->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!d->client) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, ERR_INVALID, "Kafka: %s", why);
    }
    events = rd_kafka_queue_get_main(d->client);
    rd_kafka_queue_io_event_enable(events, d->descriptor, &one, sizeof(one));
    rd_kafka_queue_destroy(events);
    return ERR_OK;
}

/* --- storing ---------------------------------------------------------------------------------- */

static void add_text(rd_kafka_headers_t *headers, const char *name, const char *value)
{
    rd_kafka_header_add(headers, name, -1, value, -1);
}

static void add_number(rd_kafka_headers_t *headers, const char *name, int64_t value)
{
    char text[NUMBER_TEXT_MAX];

    snprintf(text, sizeof(text), "%" PRId64, value);
    add_text(headers, name, text);
}

/* The record's own headers first, ours behind: the last of a name counts. */
static rd_kafka_headers_t *headers_of(const struct dead_letters_rdkafka *d,
                                      const struct wal_record *wal_record,
                                      const struct reject *reject)
{
    const struct record *record = &wal_record->record;
    rd_kafka_headers_t *original;
    rd_kafka_headers_t *headers =
        rd_kafka_message_headers(wal_record->message, &original) == RD_KAFKA_RESP_ERR_NO_ERROR
            ? rd_kafka_headers_copy(original)
            : rd_kafka_headers_new(8);

    add_text(headers, "redwal-wal", d->wal);
    add_text(headers, "redwal-source-topic", d->source_topic);
    add_number(headers, "redwal-source-partition", record->partition);
    add_number(headers, "redwal-source-offset", record->offset);
    add_number(headers, "redwal-source-timestamp", record->timestamp_ms);
    add_text(headers, "redwal-reason", reject_code(reject->reason));
    add_text(headers, "redwal-detail", reject->detail);
    return headers;
}

static rd_kafka_error_t *produce(struct dead_letters_rdkafka *d, const struct record *record,
                                 rd_kafka_headers_t *headers, struct origin *origin)
{
    rd_kafka_vu_t arguments[] = {
        { .vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = d->topic },
        { .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
        { .vtype = RD_KAFKA_VTYPE_KEY,
          .u.mem = { (void *)(uintptr_t)record->key.p, record->key.n } },
        { .vtype = RD_KAFKA_VTYPE_VALUE,
          .u.mem = { (void *)(uintptr_t)record->value.p, record->value.n } },
        { .vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers },
        { .vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = origin },
    };

    return rd_kafka_produceva(d->client, arguments, ARRAY_SIZE(arguments));
}

/* An idempotent producer that lost count of what it sent refuses everything from then on; a new
 * one starts a new count. What the old one had under way comes back as not stored. */
static enum err_code refused(struct dead_letters_rdkafka *d, rd_kafka_error_t *error,
                             struct err *err)
{
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    char fatal[256] = "";

    if (rd_kafka_fatal_error(d->client, fatal, sizeof(fatal)) &&
        rd_kafka_outq_len(d->client) == 0) {
        rd_kafka_destroy(d->client);
        d->client = NULL;
    }
    err_set(err, code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? ERR_LIMIT : ERR_UNAVAILABLE,
            "topic %s: %s%s", d->topic, fatal[0] ? fatal : rd_kafka_error_string(error),
            advice(code));
    rd_kafka_error_destroy(error);
    return code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? ERR_LIMIT : ERR_UNAVAILABLE;
}

static enum err_code store(void *self, const struct wal_record *wal_record,
                           const struct reject *reject, struct err *err)
{
    struct dead_letters_rdkafka *d = self;
    const struct record *record = &wal_record->record;
    const size_t n_bytes = record->key.n + record->value.n;
    rd_kafka_headers_t *headers;
    rd_kafka_error_t *error;
    struct origin *origin;

    if (!d->client) {
        const enum err_code rc = connect_client(d, err);

        if (rc != ERR_OK)
            return rc;
    }
    if (d->n_bytes > 0 && d->n_bytes + n_bytes > UNDER_WAY_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "topic %s: too much under way", d->topic);
    headers = headers_of(d, wal_record, reject);
    origin = mem_new(1, sizeof(*origin));
    *origin = (struct origin){ record->partition, record->offset, n_bytes };
    error = produce(d, record, headers, origin);
    if (error) {
        rd_kafka_headers_destroy(headers);
        free(origin);
        return refused(d, error, err);
    }
    d->n_bytes += n_bytes;
    return ERR_OK;
}

static int descriptor(void *self)
{
    const struct dead_letters_rdkafka *d = self;

    return d->descriptor;
}

/* --- life ------------------------------------------------------------------------------------- */

enum err_code dead_letters_rdkafka_new(const struct dead_letters_settings *settings,
                                       struct dead_letters_rdkafka **ret, struct err *err)
{
    char timeout[NUMBER_TEXT_MAX];
    const struct kafka_property properties[] = {
        { "acks", "all" },
        { "enable.idempotence", "true" },
        { "message.timeout.ms", timeout },
        { "topic.metadata.propagation.max.ms", "5000" },
        { "linger.ms", "2" },
        { "compression.codec", "lz4" }, /* a record that was compressed in its topic fits again */
        { "queue.buffering.max.messages", QUEUE_MESSAGES },
        { "queue.buffering.max.kbytes", QUEUE_KIB },
        { "message.max.bytes", MESSAGE_BYTES },
    };
    struct dead_letters_rdkafka *d;
    rd_kafka_conf_t *conf;
    enum err_code rc;

    snprintf(timeout, sizeof(timeout), "%" PRId64, settings->timeout_ms);
    rc = kafka_conf_new(&settings->access, properties, ARRAY_SIZE(properties), &conf, err);
    if (rc != ERR_OK)
        return rc;
    d = mem_new(1, sizeof(*d));
    d->conf = conf;
    fifo_init(&d->receipts, sizeof(struct dead_letter_receipt));
    rd_kafka_conf_set_opaque(conf, d);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_conf_set_error_cb(conf, error_told);
    d->topic = mem_copy_text(settings->topic, strlen(settings->topic));
    d->source_topic = mem_copy_text(settings->source_topic, strlen(settings->source_topic));
    d->wal = mem_copy_text(settings->wal, strlen(settings->wal));
    d->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    PRE(d->descriptor >= 0);
    rc = connect_client(d, err);
    if (rc != ERR_OK) {
        dead_letters_rdkafka_free(d);
        return rc;
    }
    *ret = d;
    return ERR_OK;
}

enum err_code dead_letters_rdkafka_use(struct dead_letters_rdkafka *d,
                                       const struct kafka_access *access, struct err *err)
{
    const enum err_code rc = kafka_conf_use(d->conf, access, err);

    return rc == ERR_OK && d->client ? kafka_client_use(d->client, access, err) : rc;
}

static void give_up(rd_kafka_t *client)
{
    rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (rd_kafka_outq_len(client) > 0)
        rd_kafka_poll(client, PURGE_POLL_MS);
    rd_kafka_destroy(client);
}

void dead_letters_rdkafka_free(struct dead_letters_rdkafka *d)
{
    if (!d)
        return;
    if (d->client)
        give_up(d->client);
    rd_kafka_conf_destroy(d->conf);
    close(d->descriptor);
    fifo_release(&d->receipts);
    free(d->topic);
    free(d->source_topic);
    free(d->wal);
    free(d);
}

struct dead_letters dead_letters_rdkafka_port(struct dead_letters_rdkafka *d)
{
    static const struct dead_letters_ops ops = {
        .descriptor = descriptor,
        .store = store,
        .next_receipt = next_receipt,
    };

    return (struct dead_letters){ &ops, d };
}
