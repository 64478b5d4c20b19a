/*
 * A load on a log and its Redis: records of one shape on keys of its own, when each was
 * acknowledged and when it was in Redis, and their deletion afterwards, which is written to the log
 * too.
 */
#ifndef KUBECTL_REDWAL_LOAD_H
#define KUBECTL_REDWAL_LOAD_H

#include "cli/verb.h"
#include "core/histogram.h"

enum load_shape { LOAD_SET, LOAD_INCR, LOAD_HSET, LOAD_RPUSH };
#define LOAD_SHAPE_CHOICES "set", "incr", "hset", "rpush"

enum { LOAD_PREFIX_MAX = 64 };

struct load_settings {
    enum load_shape shape;
    const char *prefix;      /* of every key */
    const char *partitioner; /* librdkafka's name for it */
    int64_t n_records, n_keys;
    int64_t value_bytes;
    int64_t rate;        /* records a second at most */
    int64_t timeout_ms;  /* of a record, until it is in Redis */
    int stop_descriptor; /* readable: produce no more */
};

struct load_result {
    int64_t produced, failed, visible;
    int64_t ack_us, visible_us; /* from the first record until the last was acknowledged, visible */
    int64_t lag_peak;           /* acknowledged and not visible, at most */
    struct histogram acknowledged, made_visible; /* since it was produced */
    struct histogram behind;                     /* visible after acknowledged */
    int64_t n_cleaned, n_left;                   /* keys */
    bool interrupted;
    char trouble[512]; /* of the last record that failed */
};

/* A record's value, the i-th of the load; appended to `out`. */
void load_append_value(const struct load_settings *s, int64_t i, struct buf *out);
int64_t load_n_keys(const struct load_settings *s);

/* `ret` tells how far it came, also after an error. ERR_TIMEOUT: not all became visible. */
enum err_code load_run(const struct invocation *in, const struct load_settings *s,
                       struct load_result *ret, struct err *err);

#endif
