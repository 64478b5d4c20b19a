/*
 * A rate limit with room for bursts. Pure: the time comes in.
 */
#ifndef REDWAL_BASE_TOKEN_BUCKET_H
#define REDWAL_BASE_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct token_bucket {
    int64_t per_second, burst;
    int64_t milli_tokens; /* held at `at_ms` */
    int64_t at_ms;
};

/* Full. */
void token_bucket_init(struct token_bucket *b, int64_t per_second, int64_t burst, int64_t now_ms);
/* From now on; it does not hold more than before. */
void token_bucket_tune(struct token_bucket *b, int64_t per_second, int64_t burst, int64_t now_ms);
/* Takes one; false: there is none. */
bool token_bucket_take(struct token_bucket *b, int64_t now_ms);
/* When there is one. */
int64_t token_bucket_ready_at_ms(struct token_bucket *b, int64_t now_ms);

#endif
