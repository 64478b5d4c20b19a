/*
 * A read-your-writes token: which records of the log somebody wants to see in Redis. As text it is
 * "partition:offset", several joined by commas; of one partition the highest offset counts. It
 * belongs to one log: after the topic was made anew it means nothing.
 */
#ifndef REDWAL_CORE_TOKEN_H
#define REDWAL_CORE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { TOKEN_PARTITIONS_MAX = 4096 };

struct token_part {
    int32_t partition;
    int64_t offset;
};

/* Ordered by partition. */
struct token {
    struct token_part *parts;
    size_t n;
};

void token_release(struct token *t);

/* False when there would be too many partitions. */
NODISCARD bool token_add(struct token *t, int32_t partition, int64_t offset);
/* Adds what `text` names; false, and nothing is known of `t`, when it is no token. */
NODISCARD bool token_parse(struct token *t, struct str text);
void token_print(const struct token *t, struct buf *out);

#endif
