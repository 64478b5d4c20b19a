#include "wiring/folding.h"

enum { MS_A_SECOND = 1000 };

void folding_to_settings(const struct folding_options *o, struct apply_loop_settings *ret)
{
    const int64_t window_ms = o->idempotency_window_ms;

    ret->max_record_bytes = (size_t)o->max_record_bytes;
    ret->cross_partition = o->cross_partition == CROSS_PARTITION_ALLOW;
    ret->partitioner = (enum partitioner)o->partitioner;
    ret->applier.on_reject = (enum applier_on_reject)o->on_reject;
    ret->applier.expiry = (struct log_time_rule){
        .expiry = (enum log_time_expiry)o->expiry,
        .replay_threshold_ms = o->replay_threshold_ms,
    };
    ret->applier.clock_skew_threshold_ms = o->clock_skew_threshold_ms;
    ret->applier.idempotency_window_seconds =
        (uint32_t)((window_ms + MS_A_SECOND - 1) / MS_A_SECOND);
    ret->applier.idempotency_max_ids = (uint64_t)o->idempotency_max_ids;
}
