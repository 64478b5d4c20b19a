#include "runtime/heartbeat.h"

#include <inttypes.h>

void heartbeat_beat(struct heartbeat *h, int64_t monotonic_ms)
{
    atomic_store_explicit(&h->last_ms, monotonic_ms, memory_order_relaxed);
}

bool heartbeat_print(const struct heartbeat *h, int64_t monotonic_ms, struct buf *out)
{
    const int64_t silent_ms =
        monotonic_ms - atomic_load_explicit(&h->last_ms, memory_order_relaxed);

    if (silent_ms <= HEARTBEAT_SILENCE_MAX_MS) {
        buf_print(out, "alive\n");
        return true;
    }
    buf_print(out, "not alive: the main loop has not turned for %" PRId64 " s\n", silent_ms / 1000);
    return false;
}
