/*
 * Writes SETs to the log at a steady rate and notes for each when Kafka acknowledged it and when
 * Redis had it.
 *     latency --brokers LIST --topic T --port N --records N --rate N
 * Redis tells of each SET by a keyspace notification, sent from within the transaction that applied
 * it; notify-keyspace-events must have K and $. Prints one line a record, `ack_us visible_us`, both
 * from the call that produced it. Both clocks are read in a thread that just woke up for the news.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hiredis/hiredis.h>
#include <librdkafka/rdkafka.h>

#include "base/mem.h"
#include "measure.h"

#define KEY_PREFIX "latency:"
#define CHANNEL    "__keyspace@0__:" KEY_PREFIX

enum { RECORD_BYTES_MAX = 256, KEY_BYTES_MAX = 32, POLL_MS = 100, PATIENCE_S = 20 };

struct moment {
    double produced_s, acked_s, visible_s;
};

struct latency {
    struct measure_options options;
    struct moment *moments;
    rd_kafka_t *producer;
    redisContext *redis;
    atomic_bool done;
};

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *m, void *opaque)
{
    struct moment *moment = m->_private;

    (void)client, (void)opaque;
    if (m->err)
        measure_fail("a record is not stored", rd_kafka_err2str(m->err));
    moment->acked_s = measure_now_s();
}

static void *hear_kafka(void *opaque)
{
    struct latency *l = opaque;

    while (!atomic_load(&l->done))
        rd_kafka_poll(l->producer, POLL_MS);
    return NULL;
}

static bool hear_one(struct latency *l)
{
    redisReply *reply = NULL;
    int64_t i;

    if (redisGetReply(l->redis, (void **)&reply) != REDIS_OK)
        return false; /* the socket's timeout: everything that was to come has come */
    if (reply->elements == 4 &&
        str_to_int64(str_from(reply->element[2]->str + strlen(CHANNEL)), &i) && i >= 0 &&
        (uint64_t)i < l->options.n && l->moments[i].visible_s == 0)
        l->moments[i].visible_s = measure_now_s();
    freeReplyObject(reply);
    return true;
}

static void *hear_redis(void *opaque)
{
    struct latency *l = opaque;

    for (uint64_t i = 0; i < l->options.n; i++)
        if (!hear_one(l))
            break;
    return NULL;
}

static void subscribe(struct latency *l)
{
    const struct timeval patience = { PATIENCE_S, 0 };
    redisReply *reply;

    l->redis = redisConnect(l->options.host, (int)l->options.port);
    if (!l->redis || l->redis->err)
        measure_fail("Redis", l->redis ? l->redis->errstr : "no memory");
    reply = redisCommand(l->redis, "PSUBSCRIBE " CHANNEL "*");
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        measure_fail("Redis does not take a subscription", l->redis->errstr);
    freeReplyObject(reply);
    redisSetTimeout(l->redis, patience);
}

static void connect_producer(struct latency *l)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];

    if (rd_kafka_conf_set(conf, "bootstrap.servers", l->options.brokers, why, sizeof(why)) ||
        rd_kafka_conf_set(conf, "linger.ms", "0", why, sizeof(why)) ||
        rd_kafka_conf_set(conf, "enable.idempotence", "true", why, sizeof(why)) ||
        rd_kafka_conf_set(conf, "partitioner", "murmur2_random", why, sizeof(why)))
        measure_fail("Kafka", why);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    l->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!l->producer)
        measure_fail("Kafka", why);
}

static void produce(struct latency *l, uint64_t i)
{
    char key[KEY_BYTES_MAX], value[RECORD_BYTES_MAX];
    const int key_n = snprintf(key, sizeof(key), KEY_PREFIX "%" PRIu64, i);
    const int value_n =
        snprintf(value, sizeof(value),
                 "{\"v\":1,\"key\":\"%s\",\"command\":\"SET\",\"args\":[\"%064d\"]}", key, 0);
    rd_kafka_resp_err_t code;

    l->moments[i].produced_s = measure_now_s();
    code = rd_kafka_producev(
        l->producer, RD_KAFKA_V_TOPIC(l->options.topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(key, (size_t)key_n), RD_KAFKA_V_VALUE(value, (size_t)value_n),
        RD_KAFKA_V_OPAQUE(&l->moments[i]), RD_KAFKA_V_END);
    if (code)
        measure_fail("a record is not accepted", rd_kafka_err2str(code));
}

static void wait_until(double at_s)
{
    const struct timespec at = { (time_t)at_s, (long)((at_s - (double)(time_t)at_s) * 1e9) };

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0)
        ;
}

static void produce_all(struct latency *l)
{
    const double started_s = measure_now_s();

    for (uint64_t i = 0; i < l->options.n; i++) {
        wait_until(started_s + (double)i / (double)l->options.per_second);
        produce(l, i);
    }
    if (rd_kafka_flush(l->producer, PATIENCE_S * 1000))
        measure_fail("the last records", "not stored in time");
}

static void print(const struct latency *l)
{
    for (uint64_t i = 0; i < l->options.n; i++) {
        const struct moment *m = &l->moments[i];

        if (m->acked_s == 0 || m->visible_s == 0)
            measure_fail("a record", "did not become visible in Redis");
        printf("%.1f %.1f\n", (m->acked_s - m->produced_s) * 1e6,
               (m->visible_s - m->produced_s) * 1e6);
    }
}

int main(int argc, char **argv)
{
    struct latency l = { .options = measure_options_read(argc, argv) };
    pthread_t kafka, redis;

    l.moments = mem_new(l.options.n, sizeof(*l.moments));
    connect_producer(&l);
    subscribe(&l);
    if (pthread_create(&kafka, NULL, hear_kafka, &l) ||
        pthread_create(&redis, NULL, hear_redis, &l))
        measure_fail("threads", "cannot be created");
    produce_all(&l);
    pthread_join(redis, NULL);
    atomic_store(&l.done, true);
    pthread_join(kafka, NULL);
    print(&l);
    redisFree(l.redis);
    rd_kafka_destroy(l.producer);
    free(l.moments);
    return EXIT_SUCCESS;
}
