/*
 * The schemas that records were written with, asked of the registry as they are needed and kept. A
 * schema never changes; that there is none may. While the registry does not answer, it is asked
 * again and again; nobody but the records that need the schema waits.
 */
#ifndef REDWAL_RUNTIME_SCHEMAS_H
#define REDWAL_RUNTIME_SCHEMAS_H

#include "codec/schema.h"
#include "core/reject.h"
#include "port/registry.h"

enum {
    SCHEMAS_MAX = 1024,          /* kept; the one that was not used for longest makes room */
    SCHEMAS_REJECTED_MAX = 512,  /* of these were refused for good, and make no room for others:
                                    libavro leaks some of what it refuses, once an id */
    SCHEMA_ABSENT_MS = 10000,    /* for so long an id that the registry lacks is not asked for */
    SCHEMA_RETRY_FIRST_MS = 100, /* after a registry that did not answer */
    SCHEMA_RETRY_MAX_MS = 5000,
};

struct schemas;

/* `registry` is borrowed. */
struct schemas *schemas_new(const struct registry *registry, uint64_t seed);
void schemas_free(struct schemas *s); /* NULL is fine */

enum schemas_found {
    SCHEMAS_FOUND,    /* `ret_schema` is set; it lives until the next call of schemas_turn() */
    SCHEMAS_REJECTED, /* `ret_reject` says why records of that schema are */
    SCHEMAS_WAIT,     /* it is being asked for */
};

enum schemas_found schemas_find(struct schemas *s, uint32_t id, int64_t now_ms,
                                const struct schema **ret_schema, struct reject *ret_reject);

/* Takes what came and asks for what is missing. True when schemas_find() may say something else
 * than SCHEMAS_WAIT now. */
bool schemas_turn(struct schemas *s, int64_t now_ms);
int64_t schemas_wakes_at_ms(const struct schemas *s); /* INT64_MAX: only for a reply */

struct schemas_counters {
    uint64_t asked, failed;
};

const struct schemas_counters *schemas_counters(const struct schemas *s);
size_t schemas_count(const struct schemas *s); /* that are kept */
/* Why the registry does not answer; "" when it does. */
const char *schemas_trouble(const struct schemas *s);

#endif
