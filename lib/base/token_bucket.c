#include "base/token_bucket.h"

#include "base/check.h"

enum { MILLI = 1000, RATE_MAX = 1000 * 1000 };

void token_bucket_init(struct token_bucket *b, int64_t per_second, int64_t burst, int64_t now_ms)
{
    PRE(per_second > 0 && per_second <= RATE_MAX && burst > 0 && burst <= RATE_MAX);
    *b = (struct token_bucket){
        .per_second = per_second, .burst = burst, .milli_tokens = burst * MILLI, .at_ms = now_ms
    };
}

/* A token a second is a thousandth of one each millisecond. */
static void refill(struct token_bucket *b, int64_t now_ms)
{
    const int64_t lacking = b->burst * MILLI - b->milli_tokens;
    const int64_t passed_ms = now_ms - b->at_ms;

    if (passed_ms <= 0)
        return;
    b->milli_tokens += passed_ms > lacking / b->per_second ? lacking : passed_ms * b->per_second;
    b->at_ms = now_ms;
}

void token_bucket_tune(struct token_bucket *b, int64_t per_second, int64_t burst, int64_t now_ms)
{
    int64_t held;

    refill(b, now_ms);
    held = b->milli_tokens;
    token_bucket_init(b, per_second, burst, b->at_ms);
    if (held < b->milli_tokens)
        b->milli_tokens = held;
}

bool token_bucket_take(struct token_bucket *b, int64_t now_ms)
{
    refill(b, now_ms);
    if (b->milli_tokens < MILLI)
        return false;
    b->milli_tokens -= MILLI;
    return true;
}

int64_t token_bucket_ready_at_ms(struct token_bucket *b, int64_t now_ms)
{
    refill(b, now_ms);
    if (b->milli_tokens >= MILLI)
        return now_ms;
    return b->at_ms + (MILLI - b->milli_tokens + b->per_second - 1) / b->per_second;
}
