#include "base/backoff.h"

#include "base/check.h"

enum { DOUBLINGS_MAX = 20 };

int64_t backoff_next_ms(struct backoff *b, uint64_t random)
{
    const unsigned doublings = b->failures < DOUBLINGS_MAX ? b->failures : DOUBLINGS_MAX;
    int64_t wait_ms = b->first_ms << doublings;

    PRE(b->first_ms > 0 && b->max_ms >= b->first_ms);
    if (wait_ms > b->max_ms)
        wait_ms = b->max_ms;
    b->failures++;
    return wait_ms - (int64_t)(random % (uint64_t)(wait_ms / 4 + 1));
}

void backoff_reset(struct backoff *b)
{
    b->failures = 0;
}
