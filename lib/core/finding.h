/*
 * What is wrong with a key: Redis beside what the log makes of it. The code is a contract: it
 * stands in the output of `verify` and `repair` and in the documentation, from this table.
 */
#ifndef REDWAL_CORE_FINDING_H
#define REDWAL_CORE_FINDING_H

#include "base/str.h"

/* X(name, code, what) */
/* clang-format off */
#define FINDINGS(X) \
    X(MISSING,      "missing",      "the log makes this key, and Redis does not have it") \
    X(EXTRA,        "extra",        "Redis has this key, and the log does not make it") \
    X(TYPE,         "type",         "the key holds another type than the log makes") \
    X(VALUE,        "value",        "the key holds something else than the log makes") \
    X(EXPIRY,       "expiry",       "the key expires at another time than the log says") \
    X(FIELD_EXPIRY, "field-expiry", "a field of the hash expires at another time than the log says") \
    X(UNDECIDED,    "undecided",    "the key could not be read at one position in Redis and in the log")
/* clang-format on */

#define FINDING_ENUM(name, code, what) FINDING_##name,
enum finding_kind { FINDING_NONE, FINDINGS(FINDING_ENUM) FINDING_KIND_COUNT };
#undef FINDING_ENUM

enum { FINDING_DETAIL_MAX = 200 };

/* `detail` says where the two differ, never a whole value. */
struct finding {
    enum finding_kind kind;
    char detail[FINDING_DETAIL_MAX];
};

const char *finding_code(enum finding_kind kind); /* "equal" for FINDING_NONE */
const char *finding_text(enum finding_kind kind);

#endif
