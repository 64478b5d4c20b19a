/*
 * Redis's data as a plain container: keys, types, values, deadlines. It knows no command; both the
 * fake Redis and the fold of the log keep theirs in one, so that the two can be compared. Deadlines
 * are kept, never acted on; those in log time are equal to those they mean. Lookups are linear: a
 * simulation has a handful of keys.
 */
#ifndef REDWAL_TESTS_KEYSPACE_H
#define REDWAL_TESTS_KEYSPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "core/command.h"

enum { DEADLINE_NONE = -1 };

struct item {
    char *p; /* owned */
    size_t n;
};

/* The items of a string: one; list: in order; set: sorted; hash: field, value, sorted by field;
 * zset: member, score, sorted by member. */
struct value {
    struct item key;
    enum key_type type;
    int64_t expires_at_ms;
    struct item *items;
    size_t n_items, capacity;
};

struct keyspace {
    struct value *values; /* in no order */
    size_t n, capacity;
};

void keyspace_release(struct keyspace *k); /* leaves it empty and usable */
void keyspace_copy(struct keyspace *to, const struct keyspace *from);
int64_t value_ends_ms(const struct value *v); /* in whatever time; DEADLINE_NONE */
bool value_is_in_log_time(const struct value *v);

struct value *keyspace_find(const struct keyspace *k, struct str key); /* NULL: no such key */
struct value *keyspace_add(struct keyspace *k, struct str key, enum key_type type); /* is new */
bool keyspace_remove(struct keyspace *k, struct str key);
/* Makes the key what it is in `from`, which may be nothing. */
void keyspace_put_back(struct keyspace *k, const struct keyspace *from, struct str key);
/* Both hold the same under every key that `belongs`, or under any when NULL; if not, `ret_why`
 * says where. */
bool keyspace_equal(const struct keyspace *a, const struct keyspace *b,
                    bool (*belongs)(struct str key, const void *context), const void *context,
                    struct buf *ret_why);

struct str value_item(const struct value *v, size_t i);
void value_insert(struct value *v, size_t i, struct str bytes);
void value_erase(struct value *v, size_t i);
void value_set(struct value *v, size_t i, struct str bytes);
/* Where `bytes` stands among each `stride`-th item, which are sorted, or would have to. */
bool value_search(const struct value *v, struct str bytes, size_t stride, size_t *ret_at);

#endif
