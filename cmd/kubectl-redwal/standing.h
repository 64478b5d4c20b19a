/*
 * How far everybody is: the log, the group's commits, and Redis, read so that what was read later
 * cannot make them seem to disagree.
 */
#ifndef KUBECTL_REDWAL_STANDING_H
#define KUBECTL_REDWAL_STANDING_H

#include "adapter/log_reader_rdkafka.h"
#include "core/hold.h"
#include "core/position.h"
#include "link.h"

struct standing_partition {
    struct log_extent extent; /* committed: by the group */
    enum position_read read;
    struct position position; /* when read is POSITION_PRESENT */
    struct partition_identity identity;
    enum hold_reason hold; /* what the applier would hold it for */
    int64_t next_ms; /* timestamp of the first record that is not applied; negative: unknown */
};

struct standing {
    char log[LOG_IDENTITY_MAX + 1];
    struct standing_partition *partitions;
    int32_t n;
};
void standing_release(struct standing *s);

/* The connections that are kept between one look and the next. */
struct standing_link {
    const struct invocation *in;
    struct log_reader *reader;
    struct link_redis redis;
    bool has_redis;
};
/* Nobody is asked yet: what cannot be reached is an error of a look, the first one like any. */
enum err_code standing_open(const struct invocation *in, struct standing_link *ret,
                            struct err *err);
void standing_close(struct standing_link *l);

/* `ret` is zeroed or released. All but next_ms. */
enum err_code standing_look(struct standing_link *l, struct standing *ret, struct err *err);
/* Sets next_ms of the partitions that are behind, as far as the log delivers within a while. */
enum err_code standing_age(struct standing_link *l, struct standing *s, struct err *err);

/* Records that are not applied; of a partition that is held, unknown (negative). */
int64_t standing_behind(const struct standing_partition *p);
/* The next offset to apply, as far as Redis says; negative: it does not. */
int64_t standing_next(const struct standing_partition *p);

#endif
