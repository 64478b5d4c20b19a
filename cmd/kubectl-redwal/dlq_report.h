/*
 * What became of letters and quarantined keys that a verb below `dlq` decided about.
 */
#ifndef KUBECTL_REDWAL_DLQ_REPORT_H
#define KUBECTL_REDWAL_DLQ_REPORT_H

#include "adapter/log_writer_rdkafka.h"
#include "call.h"
#include "core/parked.h"
#include "mailbox.h"

enum { DLQ_PLACE_TEXT_MAX = 40 };

struct dlq_letter_fate {
    struct letter_place source;
    bool has_key;
    struct str key, reason;    /* owned */
    bool is_written;           /* a record about it is in the log */
    bool is_decided;           /* so is the decision in the dead-letter topic */
    struct letter_place wrote; /* that record */
    char wrote_text[DLQ_PLACE_TEXT_MAX];
    const char *outcome;
    bool is_good;
    char trouble[LOG_WRITER_TEXT_MAX + 40];
};

struct dlq_key_fate {
    int32_t partition;
    struct str key; /* owned */
    uint64_t token;
    int64_t parked, retried; /* as Redis had it last */
    const char *outcome;
    bool is_good;
    char trouble[LOG_WRITER_TEXT_MAX];
};

struct dlq_report {
    struct dlq_letter_fate *letters;
    size_t n_letters;
    struct dlq_key_fate *keys;
    size_t n_keys;
};

void dlq_report_release(struct dlq_report *r); /* safe on a zeroed one */

/* The number of what is told about it; made when it is not there. `is_new`: it is not. */
size_t dlq_report_letter(struct dlq_report *r, const struct mail *mail, bool is_new);
/* The same of a key; it lives until the next call. */
struct dlq_key_fate *dlq_report_key(struct dlq_report *r, const struct parked_key *key);

/* Prints all of it. EXIT_INCOMPLETE instead of EXIT_DONE when something is not good. */
enum exit_status dlq_report_print(const struct dlq_report *r, const struct invocation *in,
                                  enum exit_status status);

#endif
