/*
 * A decision below `dlq` under way: what it is about, what is written for it, what became of it.
 */
#ifndef KUBECTL_REDWAL_DLQ_DECISION_H
#define KUBECTL_REDWAL_DLQ_DECISION_H

#include "adapter/log_writer_rdkafka.h"
#include "cli/progress.h"
#include "dlq_report.h"
#include "dlq_selection.h"

struct dlq_decision {
    const struct invocation *in;
    enum letter_state state; /* what is decided */
    bool dry_run;
    int64_t patience_ms;
    struct dlq_selection selection;
    size_t *fates; /* by mail: its number in the report, once something is told about it */
    bool is_first; /* nothing was told about any letter of the selection before */
    struct dlq_report report;
    struct log_writer *log, *letters; /* NULL in a dry run */
    struct progress progress;
};

/* Opens the writers that it needs. */
enum err_code dlq_decision_open(struct dlq_decision *d, struct err *err);
void dlq_decision_release(struct dlq_decision *d);

/* Reads everything anew. `is_first`: nothing was told about any letter yet. */
enum err_code dlq_decision_select(struct dlq_decision *d, const struct mail_filter *filter,
                                  bool is_first, struct err *err);

struct dlq_letter_fate *dlq_fate_of(struct dlq_decision *d, size_t mail);

/* Writes to the log, or to the dead-letter topic what was decided about a letter, without waiting.
 * The entry's partition is set. */
void dlq_write_record(struct dlq_decision *d, const struct log_entry *entry, size_t mail);
void dlq_write_state(struct dlq_decision *d, size_t mail, enum letter_state state);
/* Waits until all of it is acknowledged; what failed is told. */
void dlq_await_writes(struct dlq_decision *d);
/* One that is about no letter, and waits: where it is. */
enum err_code dlq_write_alone(struct dlq_decision *d, const struct log_entry *entry,
                              struct letter_place *ret, struct err *err);

/* Waits until what was written to the log below until[partition] is settled; the selection's view
 * is as of then. */
enum err_code dlq_await_applied(struct dlq_decision *d, const int64_t *until, struct err *err);

/* Retries, or gives up, what waits for quarantined keys and is chosen; tells what became of it. */
enum err_code dlq_retry_parked(struct dlq_decision *d, struct err *err);
enum err_code dlq_discard_parked(struct dlq_decision *d, struct err *err);

#endif
