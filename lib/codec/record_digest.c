#include "codec/record_digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* What stands for the length of a key or value that is null: no length is as large. */
static const uint64_t NULL_LENGTH = UINT64_MAX;

/* Chains lengths in front of bytes, so that no two records spell the same. */
static uint64_t fold(uint64_t digest, bool present, struct str bytes)
{
    const uint64_t length = present ? bytes.n : NULL_LENGTH;

    return XXH3_64bits_withSeed(bytes.n > 0 ? bytes.p : "", bytes.n, digest ^ length);
}

struct id_hash record_id_hash(struct str id)
{
    const XXH128_hash_t hash = XXH3_128bits(id.n > 0 ? id.p : "", id.n);

    return (struct id_hash){ hash.high64, (uint16_t)hash.low64 };
}

uint64_t record_digest(const struct record *record)
{
    return fold(fold(0, record->has_key, record->key), record->has_value, record->value);
}
