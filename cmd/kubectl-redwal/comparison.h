/*
 * A comparison of Redis with its log, from options to running parts, as verify and repair need it.
 */
#ifndef KUBECTL_REDWAL_COMPARISON_H
#define KUBECTL_REDWAL_COMPARISON_H

#include "adapter/registry_curl.h"
#include "adapter/scratch_redis.h"
#include "adapter/script_files.h"
#include "adapter/sink_hiredis.h"
#include "adapter/wal_rdkafka.h"
#include "call.h"
#include "cli/progress.h"
#include "compare_options.h"
#include "runtime/revert.h"
#include "stops.h"

/* One difference that is listed. */
struct listed {
    char *key;
    size_t n_key;
    struct finding finding;
    enum repair_outcome outcome;
};

struct comparison {
    const struct invocation *in;
    enum verify_repair repair;
    const struct compare_options *options;
    const struct folding_options *folding;
    struct scratch_redis *scratch;
    struct script_files *scripts; /* NULL: none */
    const struct records_options *records;
    struct registry_curl *registry; /* NULL: none */
    struct sink_hiredis *target, *question, *fold;
    struct wal_rdkafka *wal, *wal_ahead; /* the second to repair; NULL */
    struct log log;
    struct verify *verify;
    struct revert *revert; /* NULL: none has begun */
    /* Why nobody knows of how many keys appliers hold the records back, or rejected them; NULL: it
     * is known. */
    const char *held_unknown, *rejected_unknown;
    struct progress progress;
    struct stops stops; /* while it runs */
    enum verify_phase phase;
    bool has_phase;
    bool selected[COMPARE_PARTITIONS_MAX];
    struct listed *list;
    size_t n_listed;
    /* Told of each key that differs, listed or not; NULL: nobody is. */
    void (*told)(void *self, const struct listed *listed);
    void *told_self;
};

/* Opens all of it and tells what cannot be compared on standard error. Release it in any case. */
enum err_code comparison_open(struct comparison *c, const struct invocation *in,
                              enum verify_repair repair, struct err *err);
void comparison_release(struct comparison *c);
/* Compares, with progress on standard error; what differs is in `list`. Whoever is told to end
 * does, between two keys, or two batches of records. */
enum err_code comparison_run(struct comparison *c, struct err *err);

/* The same of two folds of the log, and appends what makes keys what they were; once. */
enum err_code comparison_revert(struct comparison *c, const struct revert_settings *settings,
                                const struct revert_log *log, struct err *err);

/* EXIT_DIFFERENT: some keys differ and are not repaired. EXIT_INCOMPLETE: none do, but not all
 * could be compared. */
enum exit_status comparison_verdict(const struct comparison *c);
/* Prints everything that is known by now, also into the file of --summary; `why` it ended before
 * all was, or "". Without that file what is DONE is INCOMPLETE, and other ends are as they are. */
enum exit_status comparison_print(const struct comparison *c, struct printer *p,
                                  enum exit_status status, const char *why);

#endif
