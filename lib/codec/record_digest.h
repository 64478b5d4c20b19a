/*
 * A fingerprint of one record, for the running digest that a position carries. It covers key and
 * value and nothing that a mirror may change (offset, partition, timestamp, headers), so that two
 * sites that read the same records in the same order arrive at the same digest.
 * XXH3, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
#ifndef REDWAL_CODEC_RECORD_DIGEST_H
#define REDWAL_CODEC_RECORD_DIGEST_H

#include <stdint.h>

#include "core/recent_ids.h"
#include "core/record.h"

uint64_t record_digest(const struct record *record);

/* By which an idempotency key is remembered: 80 of the 128 bits of XXH3. */
struct id_hash record_id_hash(struct str id);

#endif
