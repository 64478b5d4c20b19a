/*
 * Serves librdkafka's mock cluster on a loopback port, so that the main job runs without Java:
 *
 *     mock-kafka --topic NAME:PARTITIONS [--topic NAME:PARTITIONS]...
 *
 * Prints `READY brokers=127.0.0.1:PORT` and stays until SIGTERM or SIGINT.
 *
 * The mock keeps the newest 5 MiB (or 100 000 batches) of each partition, in memory only; the
 * library has no way to raise that. It has no transactions, no access control, no TLS and no lookup
 * of offsets by time.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/str.h"

enum { PARTITIONS_MAX = 1024, USAGE = 2 };

static int usage(const char *why, const char *what)
{
    fprintf(stderr, "mock-kafka: %s: %s\nusage: mock-kafka --topic NAME:PARTITIONS...\n", why,
            what);
    return USAGE;
}

static bool create_topic(rd_kafka_mock_cluster_t *cluster, char *spec)
{
    char *colon = strrchr(spec, ':');
    int64_t n_partitions;

    if (!colon || colon == spec || !str_to_int64(str_from(colon + 1), &n_partitions) ||
        n_partitions < 1 || n_partitions > PARTITIONS_MAX)
        return false;
    *colon = '\0';
    return rd_kafka_mock_topic_create(cluster, spec, (int)n_partitions, 1) ==
           RD_KAFKA_RESP_ERR_NO_ERROR;
}

static int serve(rd_kafka_mock_cluster_t *cluster, int argc, char **argv, const sigset_t *stops)
{
    int signal;

    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--topic") != 0 || !argv[i + 1])
            return usage("not an option with a value", argv[i]);
        if (!create_topic(cluster, argv[i + 1]))
            return usage("not NAME:PARTITIONS with 1 to 1024 partitions", argv[i + 1]);
    }
    printf("READY brokers=%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    sigwait(stops, &signal);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_mock_cluster_t *cluster;
    rd_kafka_t *rk;
    char why[256];
    sigset_t stops;
    int status;

    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigprocmask(SIG_BLOCK, &stops, NULL);
    rd_kafka_conf_set(conf, "log_level", "3", NULL, 0); /* it has no brokers, and need not say so */
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    cluster = rk ? rd_kafka_mock_cluster_new(rk, 1) : NULL;
    if (!cluster) {
        fprintf(stderr, "mock-kafka: cannot start: %s\n", rk ? "no mock cluster" : why);
        return EXIT_FAILURE;
    }
    status = serve(cluster, argc, argv, &stops);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(rk);
    return status;
}
