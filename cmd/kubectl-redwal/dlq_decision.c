#include "dlq_decision.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "runtime/clock.h"

enum { WRITE_TIMEOUT_MS = 30000, RECEIPT_WAIT_MS = 100, OWN_HEADERS = 6 };

/* Every entry names its partition. */
#define ANY_PARTITIONER "murmur2"

/* Receipts of records that are about no letter. */
static const uint64_t ALONE = UINT64_MAX;

enum err_code dlq_decision_open(struct dlq_decision *d, struct err *err)
{
    const struct connection_options *c = link_options(d->in);
    enum err_code rc =
        link_writer(d->in, c->topic, ANY_PARTITIONER, WRITE_TIMEOUT_MS, &d->log, err);

    return rc == ERR_OK ? link_writer(d->in, c->dlq_topic, ANY_PARTITIONER, WRITE_TIMEOUT_MS,
                                      &d->letters, err)
                        : rc;
}

void dlq_decision_release(struct dlq_decision *d)
{
    progress_clear(&d->progress);
    log_writer_free(d->log);
    log_writer_free(d->letters);
    dlq_selection_release(&d->selection);
    dlq_report_release(&d->report);
    free(d->fates);
}

enum err_code dlq_decision_select(struct dlq_decision *d, const struct mail_filter *filter,
                                  bool is_first, struct err *err)
{
    struct dlq_selection *s = &d->selection;
    enum err_code rc;

    dlq_selection_release(s);
    free(d->fates);
    d->fates = NULL;
    rc = dlq_select(s, d->in, filter, d->patience_ms, err);
    if (rc != ERR_OK)
        return rc;
    d->fates = mem_new(s->mails.n + 1, sizeof(*d->fates));
    for (size_t i = 0; i < s->mails.n; i++)
        d->fates[i] = SIZE_MAX;
    d->is_first = is_first;
    return ERR_OK;
}

struct dlq_letter_fate *dlq_fate_of(struct dlq_decision *d, size_t mail)
{
    if (d->fates[mail] == SIZE_MAX)
        d->fates[mail] = dlq_report_letter(&d->report, &d->selection.mails.list[mail], d->is_first);
    return &d->report.letters[d->fates[mail]];
}

/* --- writing ---------------------------------------------------------------------------------- */

static void take_receipt(struct dlq_decision *d, const struct log_writer *w,
                         const struct log_receipt *receipt)
{
    struct dlq_letter_fate *fate = dlq_fate_of(d, (size_t)receipt->tag);

    if (!receipt->stored) {
        snprintf(fate->trouble, sizeof(fate->trouble), "%s%s",
                 receipt->possibly_stored ? "it may be there all the same: " : "", receipt->text);
        return;
    }
    if (w == d->letters) {
        fate->is_decided = true;
        return;
    }
    fate->is_written = true;
    fate->wrote = (struct letter_place){ receipt->partition, receipt->offset };
    snprintf(fate->wrote_text, sizeof(fate->wrote_text), "%d:%" PRId64, (int)receipt->partition,
             receipt->offset);
}

static void take_receipts(struct dlq_decision *d, struct log_writer *w, size_t n_left)
{
    struct log_receipt receipt;

    while (log_writer_under_way(w) > n_left)
        if (log_writer_take(w, RECEIPT_WAIT_MS, &receipt))
            take_receipt(d, w, &receipt);
}

void dlq_await_writes(struct dlq_decision *d)
{
    take_receipts(d, d->log, 0);
    take_receipts(d, d->letters, 0);
}

static void write_entry(struct dlq_decision *d, struct log_writer *w, const struct log_entry *entry,
                        size_t mail)
{
    struct dlq_letter_fate *fate = dlq_fate_of(d, mail);
    struct err err = { 0 };
    enum err_code rc = log_writer_put_entry(w, entry, mail, &err);

    while (rc == ERR_LIMIT && log_writer_under_way(w) > 0) {
        take_receipts(d, w, log_writer_under_way(w) - 1);
        rc = log_writer_put_entry(w, entry, mail, &err);
    }
    if (rc != ERR_OK)
        snprintf(fate->trouble, sizeof(fate->trouble), "%s", err.msg);
}

void dlq_write_record(struct dlq_decision *d, const struct log_entry *entry, size_t mail)
{
    write_entry(d, d->log, entry, mail);
}

enum err_code dlq_write_alone(struct dlq_decision *d, const struct log_entry *entry,
                              struct letter_place *ret, struct err *err)
{
    struct log_receipt receipt;
    enum err_code rc;

    take_receipts(d, d->log, 0);
    rc = log_writer_put_entry(d->log, entry, ALONE, err);
    if (rc != ERR_OK)
        return rc;
    while (!log_writer_take(d->log, RECEIPT_WAIT_MS, &receipt))
        continue;
    if (!receipt.stored)
        return err_set(err, ERR_UNAVAILABLE, "%s%s",
                       receipt.possibly_stored ? "it may be there all the same: " : "",
                       receipt.text);
    *ret = (struct letter_place){ receipt.partition, receipt.offset };
    return ERR_OK;
}

/* --- the decision ----------------------------------------------------------------------------- */

static void append_number(struct buf *out, int64_t number)
{
    if (!buf_append_int64(out, number))
        UNREACHABLE("the buffer has room for any number");
}

/* In the letter's own partition, so that it stands behind it. */
void dlq_write_state(struct dlq_decision *d, size_t mail_number, enum letter_state state)
{
    const struct mail *mail = &d->selection.mails.list[mail_number];
    const struct connection_options *c = link_options(d->in);
    CLEANUP(buf_release) struct buf partition = { 0 };
    CLEANUP(buf_release) struct buf offset = { 0 };

    buf_init(&partition, DLQ_PLACE_TEXT_MAX);
    buf_init(&offset, DLQ_PLACE_TEXT_MAX);
    append_number(&partition, mail->record.partition);
    append_number(&offset, mail->record.offset);

    const struct log_header headers[OWN_HEADERS] = {
        { "redwal-wal", str_from(c->wal) },
        { "redwal-source-topic", str_from(c->topic) },
        { "redwal-source-partition", buf_str(&partition) },
        { "redwal-source-offset", buf_str(&offset) },
        { "redwal-resolution", str_from(letter_state_code(state)) },
        { "redwal-retry", str_from(dlq_fate_of(d, mail_number)->wrote_text) },
    };
    const struct log_entry entry = {
        .has_key = mail->record.has_key,
        .key = mail->record.key,
        .partition = mail->letter->at.partition,
        .headers = headers,
        .n_headers = state == LETTER_RETRIED ? OWN_HEADERS : OWN_HEADERS - 1,
    };

    write_entry(d, d->letters, &entry, mail_number);
}

/* --- waiting ---------------------------------------------------------------------------------- */

struct waiting {
    struct dlq_decision *decision;
    const int64_t *until;
    int64_t missing; /* records, when it began */
};

static int64_t n_missing(const struct quarantine_view *v, const int64_t *until)
{
    int64_t n = 0;

    for (int32_t i = 0; i < v->n; i++)
        if (until[i] > v->settled[i])
            n += until[i] - v->settled[i];
    return n;
}

static bool show_progress(void *self, const struct quarantine_view *v)
{
    struct waiting *w = self;
    struct progress *p = &w->decision->progress;
    const int64_t missing = n_missing(v, w->until);

    if (w->missing < 0) {
        w->missing = missing;
        progress_begin(p, call_errors(w->decision->in), "records applied", missing,
                       clock_monotonic_ms());
    }
    progress_at(p, w->missing - missing, clock_monotonic_ms());
    return true;
}

enum err_code dlq_await_applied(struct dlq_decision *d, const int64_t *until, struct err *err)
{
    struct waiting waiting = { d, until, -1 };
    const enum err_code rc = quarantine_view_await(&d->selection.view, d->in, until, d->patience_ms,
                                                   show_progress, &waiting, err);

    progress_clear(&d->progress);
    return rc;
}
