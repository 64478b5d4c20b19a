/*
 * Reads a topic from its start to its present end and does nothing with it: the log's own limit.
 * Settings are librdkafka's defaults but for those that bound memory, as the applier has them.
 *     read-log --brokers LIST --topic T --records N
 */
#include <stdlib.h>

#include <librdkafka/rdkafka.h>

#include "measure.h"

enum { PARTITIONS = 12, BATCH = 512, WAIT_MS = 5, PATIENCE_S = 60 };

static rd_kafka_t *consumer(const struct measure_options *o)
{
    static const char *const settings[][2] = {
        { "group.id", "read-log" },
        { "enable.auto.commit", "false" },
        { "isolation.level", "read_committed" },
        { "queued.max.messages.kbytes", "8192" },
        { "fetch.max.bytes", "4194304" },
        { "max.partition.fetch.bytes", "262144" },
        { "fetch.queue.backoff.ms", "2" },
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *client;
    char why[256];

    if (rd_kafka_conf_set(conf, "bootstrap.servers", o->brokers, why, sizeof(why)))
        measure_fail("Kafka", why);
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why, sizeof(why)))
            measure_fail("Kafka", why);
    client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!client)
        measure_fail("Kafka", why);
    return client;
}

static void assign_all(rd_kafka_t *client, const char *topic)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);

    for (int32_t p = 0; p < PARTITIONS; p++)
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = 0;
    if (rd_kafka_assign(client, list))
        measure_fail("Kafka", "cannot read the topic's partitions");
    rd_kafka_topic_partition_list_destroy(list);
}

/* Returns how many records there were among the messages. */
static uint64_t take(rd_kafka_message_t **messages, ssize_t n)
{
    uint64_t records = 0;

    for (ssize_t i = 0; i < n; i++) {
        records += !messages[i]->err;
        rd_kafka_message_destroy(messages[i]);
    }
    return records;
}

int main(int argc, char **argv)
{
    const struct measure_options o = measure_options_read(argc, argv);
    const double cpu_started_s = measure_cpu_s(), deadline_s = measure_now_s() + (double)PATIENCE_S;
    rd_kafka_t *client = consumer(&o);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client);
    rd_kafka_message_t *messages[BATCH];
    double started_s = 0; /* when the first records came */
    uint64_t n = 0, n_first = 0;

    assign_all(client, o.topic);
    while (n < o.n) {
        n += take(messages, rd_kafka_consume_batch_queue(queue, WAIT_MS, messages, BATCH));
        if (n > 0 && n_first == 0) {
            started_s = measure_now_s();
            n_first = n;
        }
        if (measure_now_s() > deadline_s)
            measure_fail("read-log", "the topic has fewer records than --records");
    }
    measure_print(n - n_first, started_s, cpu_started_s);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
    return EXIT_SUCCESS;
}
