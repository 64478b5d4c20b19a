/*
 * Fills a topic with a workload, one record an operation, keyed by its Redis key.
 *     write-log --brokers LIST --topic T --workload set64|mix|ending --records N [--spread SECONDS]
 *               [--format json|protobuf|avro] [--schema-id ID]
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <librdkafka/rdkafka.h>

#include "measure.h"

enum { RECORD_BYTES_MAX = 4096, FULL_WAIT_MS = 10, FLUSH_MS = 60000 };

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *m, void *opaque)
{
    (void)client, (void)opaque;
    if (m->err)
        measure_fail("a record is not stored", rd_kafka_err2str(m->err));
}

static rd_kafka_t *producer(const struct measure_options *o)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *client;
    char why[256];

    if (rd_kafka_conf_set(conf, "bootstrap.servers", o->brokers, why, sizeof(why)) ||
        rd_kafka_conf_set(conf, "partitioner", "murmur2_random", why, sizeof(why)) ||
        rd_kafka_conf_set(conf, "enable.idempotence", "true", why, sizeof(why)))
        measure_fail("Kafka", why);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!client)
        measure_fail("Kafka", why);
    return client;
}

static void write_step(rd_kafka_t *client, const char *topic, struct str key, struct str value,
                       int64_t timestamp_ms)
{
    rd_kafka_resp_err_t code;

    do {
        code = rd_kafka_producev(
            client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_KEY(key.p, key.n), RD_KAFKA_V_VALUE((void *)(uintptr_t)value.p, value.n),
            RD_KAFKA_V_TIMESTAMP(timestamp_ms), RD_KAFKA_V_END);
        rd_kafka_poll(client, code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? FULL_WAIT_MS : 0);
    } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    if (code)
        measure_fail("a record is not accepted", rd_kafka_err2str(code));
}

/* Of record i: now, or on its way there. */
static int64_t timestamp_ms(const struct measure_options *o, uint64_t i)
{
    const int64_t left_ms = (int64_t)(o->spread_s * 1000 * (o->n - i) / o->n);

    return (int64_t)time(NULL) * 1000 - left_ms;
}

int main(int argc, char **argv)
{
    const struct measure_options o = measure_options_read(argc, argv);
    const double started_s = measure_now_s(), cpu_started_s = measure_cpu_s();
    rd_kafka_t *client = producer(&o);
    struct buf value;
    struct step step;

    buf_init(&value, RECORD_BYTES_MAX);
    for (uint64_t i = 0; i < o.n; i++) {
        workload_step(o.workload, i, &step);
        buf_clear(&value);
        step_append_value(&step, i, o.format, (uint32_t)o.schema_id, &value);
        write_step(client, o.topic, step.key, buf_str(&value), timestamp_ms(&o, i));
    }
    if (rd_kafka_flush(client, FLUSH_MS))
        measure_fail("the last records", "not stored in time");
    measure_print(o.n, started_s, cpu_started_s);
    buf_release(&value);
    rd_kafka_destroy(client);
    return EXIT_SUCCESS;
}
