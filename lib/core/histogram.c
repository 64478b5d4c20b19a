#include "core/histogram.h"

/* Bucket i ends at end_of(i), itself included: below 16 each microsecond has its own. */
static int64_t end_of(size_t i)
{
    const size_t octave = i / HISTOGRAM_STEPS, step = i % HISTOGRAM_STEPS;

    if (octave == 0)
        return (int64_t)step + 1;
    return (int64_t)(HISTOGRAM_STEPS + step + 1) << (octave - 1);
}

static size_t bucket_of(int64_t us)
{
    size_t low = 0, high = HISTOGRAM_BUCKETS - 1;

    while (low < high) {
        const size_t middle = (low + high) / 2;

        if (us <= end_of(middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void histogram_add(struct histogram *h, int64_t us)
{
    if (us < 0)
        us = 0;
    h->counts[bucket_of(us)]++;
    h->n++;
    if (us > h->max_us)
        h->max_us = us;
}

int64_t histogram_at(const struct histogram *h, unsigned per_thousand)
{
    uint64_t left = (h->n * per_thousand + 999) / 1000;

    if (h->n == 0)
        return 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (h->counts[i] >= left)
            return end_of(i) < h->max_us ? end_of(i) : h->max_us;
        left -= h->counts[i];
    }
    return h->max_us;
}

uint64_t histogram_between(const struct histogram *h, int64_t above_us, int64_t up_to_us)
{
    uint64_t n = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (end_of(i) > above_us && end_of(i) <= up_to_us)
            n += h->counts[i];
    return n;
}
