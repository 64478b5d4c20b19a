/* What lib/runtime/wal_looks*.c share. */
#ifndef REDWAL_RUNTIME_WAL_LOOKS_STATE_H
#define REDWAL_RUNTIME_WAL_LOOKS_STATE_H

#include "runtime/wal_looks.h"

struct wal_looks {
    struct wal_looks_ports ports;
    int64_t interval_ms;
    struct wal_watch **watches;
    size_t n, capacity;
    uint64_t n_ever;
};

#endif
