/*
 * Reading a stretch of the log, with progress, or following it for good.
 */
#ifndef KUBECTL_REDWAL_SCAN_H
#define KUBECTL_REDWAL_SCAN_H

#include "adapter/log_reader_rdkafka.h"
#include "cli/progress.h"
#include "cli/verb.h"

struct scan {
    struct log_reader *reader;
    struct log_survey survey; /* when the scan was prepared */
    int64_t *from;            /* by partition; LOG_READER_NO_OFFSET leaves one out */
    int64_t *until;           /* one past the last to read */
    struct progress progress;
};

/* Asks the log about itself; every partition is read from its beginning to its end of now, unless
 * that is changed. Release it in any case. */
enum err_code scan_prepare(const struct invocation *in, const char *topic, struct scan *ret,
                           struct err *err);
void scan_release(struct scan *s);

/* Where to begin: "start", "end", a time in RFC 3339, how long ago ("10m"), or how many records
 * before the end of each partition ("-5"). */
bool scan_when_is_valid(const char *when);
/* A time, or how long ago, as milliseconds since 1970; false when it is neither. */
bool scan_time_of(const char *when, int64_t now_ms, int64_t *ret_ms);
enum err_code scan_begin_at(struct scan *s, const char *when, struct err *err);
/* Leaves every other partition out. ERR_INVALID: there is no such partition. */
enum err_code scan_only(struct scan *s, int64_t partition, struct err *err);

/* False: that was enough. */
typedef bool scan_record_fn(void *self, const struct record *record);

/* Calls `each` for every record, in order within a partition. `follow`: goes on behind the ends
 * until `each` has enough. Clear the progress before you print. */
enum err_code scan_run(struct scan *s, bool follow, scan_record_fn *each, void *self,
                       struct err *err);

#endif
