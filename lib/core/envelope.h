/*
 * The bounds of an envelope, and the keys it names.
 */
#ifndef REDWAL_CORE_ENVELOPE_H
#define REDWAL_CORE_ENVELOPE_H

#include "core/record.h"
#include "core/reject.h"

/* Bounds on what one envelope keeps Redis busy with, and on the memory that its keys take while
 * outcomes are settled. */
enum {
    ENVELOPE_OPERATIONS_MAX = 256,
    ENVELOPE_KEYS_MAX = 256,
    ENVELOPE_WORDS_MAX = 65536, /* arguments, of all operations */
};

const char *envelope_kind_code(enum envelope_kind kind);

/* At least one operation or key, and no more than the bounds; false with `ret_reject` set. */
bool envelope_check_operations(size_t n, struct reject *ret_reject);
bool envelope_check_args(size_t n, struct reject *ret_reject);
bool envelope_check_keys(size_t n, struct reject *ret_reject);
/* All three, whatever format it was decoded from. */
bool envelope_check(const struct envelope *envelope, struct reject *ret_reject);

/* The keys of an envelope, each once, in the order of their first mention. */
struct envelope_keys {
    struct str keys[ENVELOPE_KEYS_MAX];
    size_t n;
};

/* False with `ret_reject` set when there are too many. */
bool envelope_keys_add(struct envelope_keys *keys, struct str key, struct reject *ret_reject);
/* The keys of a record, as many as there may be: its envelope's, or the message's when it could not
 * be decoded. */
void envelope_keys_name(struct envelope_keys *ret, const struct record *record,
                        const struct envelope *envelope);

#endif
