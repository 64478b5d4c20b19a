#include "adapter/dead_letters_rdkafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

enum { NUMBER_TEXT_MAX = 24, RECEIPTS_FIRST = 64 };

/* Queue bounds: the applier keeps at most a few thousand under way, the bytes are what counts. */
#define QUEUE_MESSAGES "20000"
#define QUEUE_KIB      "8192"
/* The original may be as large as its topic allows; the headers come on top. */
#define MESSAGE_BYTES "100000000"

struct dead_letters_rdkafka {
    struct dead_letters_settings settings;
    char *topic, *source_topic, *wal;
    rd_kafka_t *client;
    int descriptor;
    struct dead_letter_receipt *receipts; /* FIFO */
    size_t receipts_first, n_receipts, receipts_capacity;
};

/* What a delivery report is about; travels as the message's opaque. */
struct origin {
    int32_t partition;
    int64_t offset;
};

/* --- receipts --------------------------------------------------------------------------------- */

static struct dead_letter_receipt *receipt_add(struct dead_letters_rdkafka *d)
{
    if (d->receipts_first + d->n_receipts == d->receipts_capacity) {
        if (d->receipts_first > 0) {
            memmove(d->receipts, d->receipts + d->receipts_first,
                    d->n_receipts * sizeof(*d->receipts));
            d->receipts_first = 0;
        } else {
            d->receipts_capacity = d->receipts_capacity ? d->receipts_capacity * 2 : RECEIPTS_FIRST;
            d->receipts = mem_resize(d->receipts, d->receipts_capacity, sizeof(*d->receipts));
        }
    }
    return &d->receipts[d->receipts_first + d->n_receipts++];
}

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
    struct dead_letter_receipt *receipt = receipt_add(d);

    (void)client;
    *receipt = (struct dead_letter_receipt){
        .partition = origin->partition,
        .offset = origin->offset,
        .stored = m->err == RD_KAFKA_RESP_ERR_NO_ERROR,
    };
    if (m->err)
        snprintf(receipt->text, sizeof(receipt->text), "topic %s: %s%s", d->topic,
                 rd_kafka_err2str(m->err), advice(m->err));
    free(origin);
}

static bool next_receipt(void *self, struct dead_letter_receipt *ret_receipt)
{
    struct dead_letters_rdkafka *d = self;
    uint64_t count;

    if (d->n_receipts == 0) {
        const ssize_t n = read(d->descriptor, &count, sizeof(count));

        (void)n; /* nothing to read is fine */
        rd_kafka_poll(d->client, 0);
    }
    if (d->n_receipts == 0)
        return false;
    *ret_receipt = d->receipts[d->receipts_first++];
    if (--d->n_receipts == 0)
        d->receipts_first = 0;
    return true;
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

static enum err_code store(void *self, const struct wal_record *wal_record,
                           const struct reject *reject, struct err *err)
{
    struct dead_letters_rdkafka *d = self;
    const struct record *record = &wal_record->record;
    rd_kafka_headers_t *headers = headers_of(d, wal_record, reject);
    struct origin *origin = mem_new(1, sizeof(*origin));
    rd_kafka_error_t *error;
    enum err_code rc;

    *origin = (struct origin){ record->partition, record->offset };
    error = produce(d, record, headers, origin);
    if (!error)
        return ERR_OK;
    rd_kafka_headers_destroy(headers);
    free(origin);
    rc = rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__QUEUE_FULL ? ERR_LIMIT : ERR_UNAVAILABLE;
    err_set(err, rc, "topic %s: %s%s", d->topic, rd_kafka_error_string(error),
            advice(rd_kafka_error_code(error)));
    rd_kafka_error_destroy(error);
    return rc;
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
    static const uint64_t one = 1;
    const struct kafka_property properties[] = {
        { "acks", "all" },
        { "enable.idempotence", "true" },
        { "message.timeout.ms", "30000" }, /* then the applier offers it again */
        { "linger.ms", "2" },
        { "queue.buffering.max.messages", QUEUE_MESSAGES },
        { "queue.buffering.max.kbytes", QUEUE_KIB },
        { "message.max.bytes", MESSAGE_BYTES },
    };
    struct dead_letters_rdkafka *d;
    rd_kafka_queue_t *events;
    rd_kafka_conf_t *conf;
    char why[256];
    enum err_code rc =
        kafka_conf_new(&settings->access, properties, ARRAY_SIZE(properties), &conf, err);

    if (rc != ERR_OK)
        return rc;
    d = mem_new(1, sizeof(*d));
    d->settings = *settings;
    rd_kafka_conf_set_opaque(conf, d);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    d->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!d->client) {
        rd_kafka_conf_destroy(conf);
        free(d);
        return err_set(err, ERR_INVALID, "Kafka: %s", why);
    }
    d->topic = mem_copy_text(settings->topic, strlen(settings->topic));
    d->source_topic = mem_copy_text(settings->source_topic, strlen(settings->source_topic));
    d->wal = mem_copy_text(settings->wal, strlen(settings->wal));
    d->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    PRE(d->descriptor >= 0);
    events = rd_kafka_queue_get_main(d->client);
    rd_kafka_queue_io_event_enable(events, d->descriptor, &one, sizeof(one));
    rd_kafka_queue_destroy(events);
    *ret = d;
    return ERR_OK;
}

void dead_letters_rdkafka_free(struct dead_letters_rdkafka *d)
{
    if (!d)
        return;
    rd_kafka_purge(d->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (rd_kafka_outq_len(d->client) > 0)
        rd_kafka_poll(d->client, 10);
    rd_kafka_destroy(d->client);
    close(d->descriptor);
    free(d->receipts);
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
