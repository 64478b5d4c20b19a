/*
 * The keys of a partition that are held back because a record of theirs was rejected, and what may
 * still be done to them: docs/adr/0008-quarantine.md. Redis holds them in a hash, a field a key.
 */
#ifndef REDWAL_CORE_QUARANTINE_H
#define REDWAL_CORE_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/record.h"
#include "core/reply.h"

enum {
    QUARANTINE_KEY_MAX = 128,
    QUARANTINE_VALUE_MAX = 128,
    QUARANTINE_BYTES_MAX = 1024 * 1024, /* of all keys of a partition */
};

/* What Redis holds of a key. */
struct quarantined {
    uint64_t token;      /* digest of the record that it began with */
    int64_t first, last; /* offsets of the first and the last record held back */
    int64_t parked;      /* records held back, the first included */
    int64_t retried;     /* of these, applied since */
    int64_t retried_at;  /* offset of the last retry sent, refused or not; -1: none */
};

struct quarantine_entry {
    struct str key; /* owned */
    struct quarantined state;
};

struct quarantine {
    struct quarantine_entry *entries; /* sorted by key */
    size_t n, capacity;
    size_t n_bytes; /* of the keys */
    bool has_since; /* records from this offset on were sent in turn: none before the answers to */
    int64_t since;  /* earlier ones of its keys */
};

void quarantine_release(struct quarantine *q); /* leaves it empty and usable */
/* NULL: the key is not quarantined. */
const struct quarantined *quarantine_find(const struct quarantine *q, struct str key);

/* What a record changed about a key. */
struct quarantine_change {
    struct str key; /* the record's */
    bool freed;
    struct quarantined state; /* unless freed */
};

/* A record, as far as it bears on the quarantine of its keys. One piece of memory. */
struct quarantine_record {
    int64_t offset;
    uint64_t digest;
    struct str *keys; /* all that it names */
    size_t n_keys;
    struct retry_claim *claims;
    size_t n_claims;
    bool is_release;
    struct release release;
    struct quarantine_change *changes; /* what its judgement changed, to be written with it */
    size_t n_changes;
    size_t n_bytes; /* of memory */
};

/* Copies the keys, claims and release of `from`, whose other members say how many. */
struct quarantine_record *quarantine_record_new(const struct quarantine_record *from);

enum quarantine_verdict {
    QUARANTINE_PASSES,
    QUARANTINE_PARKS, /* it is held back: a dead letter */
    QUARANTINE_SKIPS, /* it has no effect on data: a release, or a retry that is not the next */
};

/* Judges the next record of the log. `rejected`: it is a dead letter already. */
enum quarantine_verdict quarantine_judge(struct quarantine *q, struct quarantine_record *r,
                                         bool rejected);
/* A record that passed was refused by Redis, or nobody knows. */
void quarantine_refuse(struct quarantine *q, struct quarantine_record *r);
/* A record held back later, for the sake of other keys, was judged before `refused` was: what it
 * will write down of a key that they share counts `refused` too, as the first. */
void quarantine_precede(struct quarantine_record *later, const struct quarantine_record *refused);
/* A record that passed names a key that a record before it turns out to quarantine. */
bool quarantine_overtakes(const struct quarantine *q, const struct quarantine_record *r);

/* Of a record below the position: whether it was not sent when it was passed. */
bool quarantine_withheld(const struct quarantine *q, const struct quarantine_record *r);

bool quarantine_holds(const struct quarantine *q, const struct quarantine_record *r); /* any key */

/* The key of a partition's hash. `ret` has QUARANTINE_KEY_MAX bytes. */
struct str quarantine_key(char *ret, struct str wal, int32_t partition);
/* A field of the hash that is no key: the offset `since`. */
struct str quarantine_since_field(void);
/* The hash in Redis. False, and emptied, when the answer to HGETALL makes no sense. */
bool quarantine_from_reply(struct quarantine *q, const struct reply *reply);
struct str quarantined_print(const struct quarantined *state, char ret[QUARANTINE_VALUE_MAX]);

#endif
