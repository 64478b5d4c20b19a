/*
 * What the measuring programs share: their options, clocks, and the one line of JSON that they
 * print.
 */
#ifndef REDWAL_BENCH_MEASURE_H
#define REDWAL_BENCH_MEASURE_H

#include <stdint.h>

#include "formats.h"
#include "workload.h"

struct measure_options {
    const char *brokers, *topic; /* Kafka */
    const char *host;            /* Redis, with `port` */
    uint64_t port;
    enum workload workload;
    enum format format; /* of the records, with the registry's id of their schema */
    uint64_t schema_id;
    uint64_t n;         /* operations or records */
    uint64_t depth;     /* commands in flight, or in one transaction */
    uint64_t positions; /* partitions in one transaction; 0: no transactions */
    uint64_t per_second;
    uint64_t spread_s; /* the records' timestamps are spread over so long, until now */
};

/* Exits with status 2 and a message on a word that is not understood. */
struct measure_options measure_options_read(int argc, char **argv);

double measure_now_s(void); /* monotonic */
double measure_cpu_s(void); /* user and system time of this process */

/* Ends this process with status 1 and a message. */
_Noreturn void measure_fail(const char *what, const char *why);

/* Prints {"n":...,"seconds":...,"cpu_seconds":...}, counted from the two instants. */
void measure_print(uint64_t n, double started_s, double cpu_started_s);

#endif
