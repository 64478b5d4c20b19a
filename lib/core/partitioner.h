/*
 * In which partition producers put a key, so that an applier can tell whether two keys have their
 * writes in the same one. The names are those of docs/redis-applier.md.
 */
#ifndef REDWAL_CORE_PARTITIONER_H
#define REDWAL_CORE_PARTITIONER_H

#include <stdint.h>

#include "base/str.h"

enum partitioner {
    PARTITIONER_MURMUR2, /* Kafka's own clients in Java; murmur2_random of librdkafka */
    PARTITIONER_CRC32,   /* librdkafka's default, consistent_random */
    PARTITIONER_COUNT
};

int32_t partitioner_partition(enum partitioner partitioner, struct str key, int32_t n_partitions);
const char *partitioner_name(enum partitioner partitioner);

#endif
