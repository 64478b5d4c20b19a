/*
 * Keys that were found equal while one side may have been further in the log than the other, so
 * that they may be so by coincidence. The log tells on the way from one position to the other: what
 * its records name there is doubtful, and the rest is equal.
 */
#ifndef REDWAL_RUNTIME_EQUAL_KEYS_H
#define REDWAL_RUNTIME_EQUAL_KEYS_H

#include "runtime/key_list.h"
#include "runtime/key_set.h"

enum {
    EQUAL_KEYS_MANY = 1 << 18, /* it is time to read on: memory of 8 MiB */
    EQUAL_KEYS_MANY_BYTES = 32 * 1024 * 1024,
};

struct equal_keys {
    struct key_set keys;
    size_t n_bytes;           /* of their names */
    size_t payload_max;       /* the largest value among them, and among the doubtful */
    struct key_list doubtful; /* a part of what the keys were */
    bool overflows;           /* a doubtful one did not fit */
};

void equal_keys_init(struct equal_keys *e);
void equal_keys_release(struct equal_keys *e);

/* False: there are too many; the key is not remembered. */
NODISCARD bool equal_keys_add(struct equal_keys *e, struct str key, size_t n_payload);
bool equal_keys_are_many(const struct equal_keys *e);
/* A record names these keys. */
void equal_keys_doubt(struct equal_keys *e, const struct str *keys, size_t n);
/* Every record on the way has been told of: what is left is equal. False: not all are known. */
NODISCARD bool equal_keys_settle(struct equal_keys *e);
/* Takes over what is doubtful: it is in `ret`, whose keys are dropped. */
void equal_keys_take_doubtful(struct equal_keys *e, struct key_list *ret);

#endif
