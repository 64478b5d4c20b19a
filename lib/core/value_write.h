/*
 * A value as commands that make it: for a Redis that does not take the payload of a newer one, and
 * for records that make a key what it was.
 */
#ifndef REDWAL_CORE_VALUE_WRITE_H
#define REDWAL_CORE_VALUE_WRITE_H

#include "core/value.h"

/* Who is told each command, in order. */
struct value_writer {
    /* `key_at`: which of the words is the key. What they point to lives for the call. False: it
     * does not fit, and no more are told. */
    bool (*command)(void *self, const struct str *words, size_t n, size_t key_at);
    void *self;
    size_t bytes_max;    /* of elements in one command; a larger one, but of a string, is alone */
    bool counts_entries; /* whoever runs them knows how many entries a stream ever had, as Redis 7
                            does */
};

/* Tells commands that make `key`, which does not exist, hold what the answers to
 * value_append_reads() say. Deadlines are not written. False: the writer said so, or the answers do
 * not tell all, and some commands may have been told: VALUE_NONE, VALUE_OTHER, a stream's groups
 * with consumers. */
bool value_write(const struct value_writer *w, enum value_type type,
                 const struct reply *const *answers, struct str key);

/* Appends commands that make `key`, which does not exist, hold the same. Returns how many; 0, and
 * nothing appended, when they do not fit or it would be false. */
size_t value_append_writes(struct buf *out, enum value_type type,
                           const struct reply *const *answers, bool counts_entries, struct str key);

#endif
