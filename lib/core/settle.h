/*
 * What became of operations whose transaction was executed but whose answers nobody read: the
 * applier or its connection died in between. They are applied exactly once already, since the
 * position in the same transaction says so; what is unknown is which of them Redis refused. The
 * type the key has now, before anything later is applied, often tells.
 */
#ifndef REDWAL_CORE_SETTLE_H
#define REDWAL_CORE_SETTLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "core/command.h"

enum settle_outcome {
    SETTLE_APPLIED,
    SETTLE_REFUSED, /* WRONGTYPE, certainly */
    SETTLE_UNKNOWN,
};

/* Whether it was sent only after Redis had taken all earlier ones of its keys; a retry waits for
 * retries alone (core/quarantine.h). */
enum settle_turn { SETTLE_TURN_NONE, SETTLE_TURN_RECORD, SETTLE_TURN_RETRY };

/* One record of the window between `settled` and `next`, in log order. */
struct settle_operation {
    const struct str *keys; /* an envelope's may be several */
    size_t n_keys;
    enum command_failure failure;
    enum key_type key_type; /* what it works on, creates and leaves; KEY_ANY: it may change it */
    enum settle_turn turn;
    bool type_known;             /* the TYPE of the first key was asked for and answered */
    bool exists;                 /* the key exists now */
    enum key_type type_now;      /* KEY_ANY for a type we do not know, such as a module's */
    enum settle_outcome outcome; /* set by settle_decide() */
};

/* Decides all of a partition's window. Quadratic in operations on one key, so n is bounded by
 * whoever keeps the window. `keys_end`: keys may have ended between any two operations. */
void settle_decide(struct settle_operation *operations, size_t n, bool keys_end);

/* The answer to TYPE: "none", "string", ... */
void settle_read_type(struct settle_operation *operation, struct str type);

#endif
