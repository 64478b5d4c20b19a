/*
 * Which dead letters are meant: options and words of the verbs below `dlq`.
 */
#ifndef KUBECTL_REDWAL_DLQ_OPTIONS_H
#define KUBECTL_REDWAL_DLQ_OPTIONS_H

#include "mailbox.h"

struct dlq_filter_options {
    char *reason, *key, *since;
};
extern const struct option_table dlq_filter_table;

/* How letters are read. */
struct dlq_reading_options {
    int64_t max_record_bytes;
};
extern const struct option_table dlq_reading_table;

/* A filter that means no letter. */
extern const struct mail_filter dlq_no_letter;

/* Complains about a filter, and about words that are no places in the log. */
void dlq_check_filter(struct invocation *in);

/* `places` has room for every word, and outlives the filter. */
void dlq_filter_of(const struct invocation *in, struct letter_place *places,
                   struct mail_filter *ret);

#endif
