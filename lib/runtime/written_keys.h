/*
 * What a revert wrote to the log: which keys, by a hash of 64 bits, where their records are, and
 * what was told of them. A zeroed one is empty.
 */
#ifndef REDWAL_RUNTIME_WRITTEN_KEYS_H
#define REDWAL_RUNTIME_WRITTEN_KEYS_H

#include "core/finding.h"
#include "core/repair.h"

enum { WRITTEN_KEYS_MAX = 1 << 23 }; /* of one run: 256 MiB */

struct written_key {
    uint64_t hash;
    int64_t offset;         /* of the record that makes it, in the key's partition */
    enum finding_kind kind; /* that was told of it */
    enum repair_outcome outcome;
    bool is_late; /* a record came in front of it that was not folded */
};

struct written_keys {
    struct written_key *at;
    size_t n, capacity;
    bool is_sorted;
};

void written_keys_release(struct written_keys *w);
/* For n more. */
bool written_keys_have_room(const struct written_keys *w, size_t n);
/* Not to be called without room. A key comes once. */
void written_keys_add(struct written_keys *w, struct str key, int64_t offset,
                      enum finding_kind kind, enum repair_outcome outcome);
/* NULL: it is none of them. Until the next one is added. */
struct written_key *written_keys_find(struct written_keys *w, struct str key);

#endif
