/*
 * The keys that records name while Redis is looked at and the fold is behind it. Such a key may
 * have been found equal by coincidence, or have come or gone between two looks: it must be judged
 * at one position. What no record named is as it was found.
 */
#ifndef REDWAL_RUNTIME_NAMED_KEYS_H
#define REDWAL_RUNTIME_NAMED_KEYS_H

#include "runtime/key_list.h"
#include "runtime/key_set.h"

enum {
    NAMED_KEYS_MANY = 1 << 18, /* it is time to judge them: memory of 8 MiB, and the names */
    NAMED_KEYS_MANY_BYTES = 32 * 1024 * 1024,
};

enum named_keys_of {
    NAMED_KEYS_OF_NONE,     /* what is named does not count */
    NAMED_KEYS_OF_ADMITTED, /* only keys that were admitted before */
    NAMED_KEYS_OF_ALL,      /* or those that match the pattern */
};

struct named_keys {
    enum named_keys_of of;
    const char *pattern;     /* as SCAN takes it; NULL: all */
    struct key_set admitted; /* KEY_SET_MAX of them at most */
    struct key_set seen;     /* what is in the list */
    struct key_list list;
    bool overflows; /* one did not fit */
};

void named_keys_init(struct named_keys *k, const char *pattern); /* of none; pattern is borrowed */
void named_keys_release(struct named_keys *k);

void named_keys_admit(struct named_keys *k, struct str key);
void named_keys_admit_none(struct named_keys *k);
/* A record names these. */
void named_keys_tell(struct named_keys *k, const struct str *keys, size_t n);
bool named_keys_are_many(const struct named_keys *k);
/* Takes over what was named, each once: it is in `ret`, whose keys are dropped. */
void named_keys_take(struct named_keys *k, struct key_list *ret);

#endif
