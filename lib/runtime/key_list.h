/* Copies of keys, in order. A zeroed one must be given to key_list_init(). */
#ifndef REDWAL_RUNTIME_KEY_LIST_H
#define REDWAL_RUNTIME_KEY_LIST_H

#include "base/buf.h"

enum { KEY_LIST_MAX_BYTES = 256 * 1024 * 1024 };

struct key_place {
    size_t at, n;
};

struct key_list {
    struct buf bytes;
    struct key_place *places;
    size_t n, capacity;
};

void key_list_init(struct key_list *l);
void key_list_release(struct key_list *l);
void key_list_clear(struct key_list *l); /* memory kept */
/* False, and nothing added: all keys together are more than KEY_LIST_MAX_BYTES. */
NODISCARD bool key_list_add(struct key_list *l, struct str key);
/* Until the next key is added. */
struct str key_list_at(const struct key_list *l, size_t i);

#endif
