/*
 * The ids of a partition's latest records, oldest first, for as long as a window of log time says.
 * Log time is the latest timestamp of any record with an id so far: it does not run while the log
 * stands still, and a record that comes late does not turn it back.
 *
 * An id is known by 80 bits of its hash: among a million of them a new one is taken for a known one
 * once in 10^18 times. What is remembered of an id is the same 16 bytes here and in Redis.
 */
#ifndef REDWAL_CORE_RECENT_IDS_H
#define REDWAL_CORE_RECENT_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RECENT_ID_BYTES = 16,
    RECENT_IDS_CHUNK = 1024, /* ids that share an allocation: memory comes and goes by so many */
};

/* The hash of an id. */
struct id_hash {
    uint64_t high;
    uint16_t low;
};

struct recent_id {
    uint64_t high;
    uint16_t low;
    uint16_t offset;  /* the low bits of the record's */
    uint32_t seconds; /* log time, since the epoch */
};

/* Ids are numbered from 0 on, in the order in which they were added, and keep their numbers. There
 * are fewer than 2^30 of them at a time. */
struct recent_ids {
    struct recent_id **chunks; /* the first has the id of number `begin` */
    size_t n_chunks, chunks_capacity;
    size_t n;              /* ids */
    uint32_t *slots;       /* which ids there are, by hash; 0: none */
    size_t n_slots;        /* a power of two */
    uint64_t begin;        /* number of the oldest one that is held */
    uint64_t indexed_from; /* number of the oldest one that may be in a slot */
    uint32_t now_seconds;  /* log time */
};

void recent_ids_release(struct recent_ids *r); /* leaves it empty and usable */

/*
 * Judges the next record and remembers its id, unless it is a duplicate: unless the id was added
 * less than `window_seconds` of log time ago. A timestamp below 0 is none.
 */
bool recent_ids_take(struct recent_ids *r, const struct id_hash *id, int64_t offset,
                     int64_t timestamp_ms, uint32_t window_seconds);

/* Certainly a duplicate: a record below `next`, which all that is remembered here is below too,
 * whose id was remembered for an earlier record. */
bool recent_ids_was_duplicate(const struct recent_ids *r, const struct id_hash *id, int64_t offset,
                              int64_t next);

void recent_ids_add(struct recent_ids *r, const struct recent_id *id);
void recent_ids_forget(struct recent_ids *r, size_t n); /* the n oldest */
/* Forgets what nothing behind the id of that number can repeat: what is out of the window by then,
 * of the ids before `end`.
 * Records judged ahead of those that are stored must not do it: whoever has to judge these again
 * needs it. */
void recent_ids_expire(struct recent_ids *r, uint64_t number, uint64_t end,
                       uint32_t window_seconds);
uint64_t recent_ids_end(const struct recent_ids *r); /* the number of the next */

/* The form in Redis: little-endian, in the order of struct recent_id. */
void recent_ids_print(const struct recent_ids *r, uint64_t number, char ret[RECENT_ID_BYTES]);
struct recent_id recent_id_parse(const char bytes[RECENT_ID_BYTES]);

#endif
