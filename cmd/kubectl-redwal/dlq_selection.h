/*
 * What a decision below `dlq` is about: the letters that are meant, and those that wait with them
 * for quarantined keys.
 */
#ifndef KUBECTL_REDWAL_DLQ_SELECTION_H
#define KUBECTL_REDWAL_DLQ_SELECTION_H

#include "core/parked.h"
#include "decoder.h"
#include "judge.h"
#include "mailbox.h"
#include "quarantine_view.h"

struct dlq_selection {
    const struct invocation *in;
    struct mail_filter filter; /* of letters about no quarantined key */
    struct decoder *decoder;
    struct judge *judge;
    size_t max_record_bytes;
    struct quarantine_view view;
    struct mailbox mailbox;
    struct mail_list mails;        /* in the order of the log */
    enum parked_bearing *bearings; /* by mail */
    struct parked parked;
    struct err trouble;
};

enum { DLQ_NO_PATIENCE = -1 };

/* Waits, for `patience_ms` without progress at most, until all letters that quarantine speaks of
 * are stored, and reads them. Nothing is chosen yet. Release it in any case. The verb has
 * records_table and dlq_reading_table. */
enum err_code dlq_select(struct dlq_selection *s, const struct invocation *in,
                         const struct mail_filter *filter, int64_t patience_ms, struct err *err);
void dlq_selection_release(struct dlq_selection *s);

/* Chooses the quarantined keys that the filter means by name, or else what waits and is meant by
 * something else. */
void dlq_choose(struct dlq_selection *s);

/* The letter of the record at that place, which is one of them. */
size_t dlq_mail_at(const struct dlq_selection *s, struct letter_place source);

#endif
