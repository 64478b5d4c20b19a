/*
 * A log that ends where it is told to, for folding it up to a position: what lies behind a
 * partition's bound is not delivered, and the facts call the bound its end. Stands in front of a
 * log that is in no group, and may be begun again with other bounds.
 */
#ifndef REDWAL_RUNTIME_BOUNDED_WAL_H
#define REDWAL_RUNTIME_BOUNDED_WAL_H

#include "base/fifo.h"
#include "port/wal.h"

enum { BOUND_NONE = -1 }; /* the partition is left out, as if it were empty */

/* What is called each time the reader looks for news. */
struct bounded_wal_watch {
    void (*look)(void *self, uint64_t n_records); /* read since the last begin */
    void *self;
};

struct bound {
    int64_t end;
    bool reached; /* since the last start; told once */
};

struct bounded_wal {
    struct wal inner;
    struct bounded_wal_watch watch;
    struct bound *bounds; /* by partition */
    int32_t n_partitions;
    struct fifo events; /* ours, before those of the inner log; two for each partition at most */
    uint64_t n_records;
    bool inner_is_ready; /* it has told of its partitions */
    bool begins;         /* they are to be told of as soon as it has */
};

/* `inner` is borrowed. */
void bounded_wal_init(struct bounded_wal *b, const struct wal *inner,
                      const struct bounded_wal_watch *watch);
void bounded_wal_release(struct bounded_wal *b);

/* From here on whoever reads is told of the partitions anew, and what it had started is stopped. */
void bounded_wal_begin(struct bounded_wal *b, const int64_t *ends, int32_t n_partitions);

struct wal bounded_wal_port(struct bounded_wal *b);

/* Where every partition begins and ends by now. `ret_facts` is the caller's to free.
 * ERR_TIMEOUT: not within timeout_ms, and what the log says about that. */
enum err_code bounded_wal_survey(struct bounded_wal *b, int64_t timeout_ms,
                                 struct log_facts **ret_facts, int32_t *ret_n, struct err *err);

#endif
