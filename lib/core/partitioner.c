#include "core/partitioner.h"

#include "base/check.h"

static uint32_t byte_at(struct str s, size_t i)
{
    return (unsigned char)s.p[i];
}

/* org.apache.kafka.common.utils.Utils.murmur2() */
static uint32_t murmur2(struct str key)
{
    const uint32_t m = 0x5bd1e995u;
    uint32_t h = 0x9747b28cu ^ (uint32_t)key.n;
    size_t i = 0;

    for (; i + 4 <= key.n; i += 4) {
        uint32_t k = byte_at(key, i) | byte_at(key, i + 1) << 8 | byte_at(key, i + 2) << 16 |
                     byte_at(key, i + 3) << 24;

        k *= m;
        k = (k ^ k >> 24) * m;
        h = h * m ^ k;
    }
    if (i < key.n) {
        for (size_t last = key.n - 1; last > i; last--)
            h ^= byte_at(key, last) << (last - i) * 8;
        h = (h ^ byte_at(key, i)) * m;
    }
    h = (h ^ h >> 13) * m;
    return h ^ h >> 15;
}

/* ITU-T V.42, as zlib computes it. */
static uint32_t crc32(struct str key)
{
    uint32_t crc = ~UINT32_C(0);

    for (size_t i = 0; i < key.n; i++) {
        crc ^= byte_at(key, i);
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

int32_t partitioner_partition(enum partitioner partitioner, struct str key, int32_t n_partitions)
{
    PRE(n_partitions > 0);
    switch (partitioner) {
    case PARTITIONER_MURMUR2:
        return (int32_t)((murmur2(key) & 0x7fffffffu) % (uint32_t)n_partitions);
    case PARTITIONER_CRC32:
        return (int32_t)(crc32(key) % (uint32_t)n_partitions);
    case PARTITIONER_COUNT:
        break;
    }
    UNREACHABLE("a partitioner");
}

const char *partitioner_name(enum partitioner partitioner)
{
    static const char *const names[] = { "murmur2", "crc32" };

    PRE(partitioner < PARTITIONER_COUNT);
    return names[partitioner];
}
