/* One side of the comparison: what it is asked about keys; for lib/runtime/verify*.c and revert*.c
 * alone. */
#ifndef REDWAL_RUNTIME_VERIFY_SIDE_H
#define REDWAL_RUNTIME_VERIFY_SIDE_H

#include "core/log_time.h"
#include "core/value.h"
#include "runtime/dialogue.h"

struct side {
    struct dialogue dialogue;
    bool has_expiretime;   /* PEXPIRETIME; else PTTL and TIME do */
    bool has_field_expiry; /* HPEXPIRETIME */
    int64_t skew_ms;       /* of its clock, where that counts; its deadlines are later by this */
};

enum { EXPIRY_NONE = -1, EXPIRY_NO_KEY = -2 };

/* When a key or field ends, whichever time that is in: without skew, and without the shift of log
 * time. */
struct deadline {
    int64_t at_ms; /* or EXPIRY_… */
    bool in_log_time;
};

/* Asks for a key's deadline; side_deadline() reads the answer. `clock_ms`: what the server's TIME
 * was near the answer, for servers without PEXPIRETIME. */
void side_say_expiry(struct side *s, struct str key);
struct deadline side_deadline(const struct side *s, const struct reply *answer, int64_t clock_ms);
/* Of an element of the answer to HPEXPIRETIME. */
struct deadline side_field_deadline(const struct side *s, const struct reply *answer);
/* The answer to TIME, 0 when it makes no sense. */
int64_t side_clock_ms(const struct reply *answer);

#endif
