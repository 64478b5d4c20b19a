#include "dlq_selection.h"

#include <stdlib.h>

#include "base/glob.h"
#include "base/mem.h"
#include "compare_options.h"
#include "core/envelope.h"
#include "dlq_options.h"

void dlq_selection_release(struct dlq_selection *s)
{
    judge_free(s->judge);
    decoder_free(s->decoder);
    quarantine_view_release(&s->view);
    mail_list_release(&s->mails);
    mailbox_release(&s->mailbox);
    parked_release(&s->parked);
    free(s->bearings);
    *s = (struct dlq_selection){ 0 };
}

/* --- what Redis says -------------------------------------------------------------------------- */

static enum err_code count_partitions(const struct invocation *in, int32_t *ret, struct err *err)
{
    struct log_survey survey = { 0 };
    struct log_reader *reader = NULL;
    enum err_code rc = link_reader(in, link_options(in)->topic, &reader, err);

    if (rc == ERR_OK)
        rc = log_reader_survey(reader, &survey, err);
    *ret = survey.n;
    log_survey_release(&survey);
    log_reader_free(reader);
    return rc;
}

/* The hash may name letters that are under way to their topic. */
static enum err_code await_letters(struct dlq_selection *s, int64_t patience_ms, struct err *err)
{
    enum err_code rc = quarantine_view_read(&s->view, s->in, err);
    int64_t *until;

    if (rc != ERR_OK)
        return rc;
    until = mem_new((size_t)s->view.n + 1, sizeof(*until));
    for (int32_t i = 0; i < s->view.n; i++) {
        const struct quarantine *q = &s->view.held[i];

        parked_add_keys(&s->parked, i, q);
        for (size_t k = 0; k < q->n; k++)
            if (q->entries[k].state.last >= until[i])
                until[i] = q->entries[k].state.last + 1;
    }
    if (patience_ms != DLQ_NO_PATIENCE)
        rc = quarantine_view_await(&s->view, s->in, until, patience_ms, NULL, NULL, err);
    free(until);
    return rc;
}

/* --- what a letter names ---------------------------------------------------------------------- */

/* The record was fine by itself: it was held back, or Redis refused it, or nobody knows. */
static bool passed_the_checks(struct str reason)
{
    static const enum reject_reason later[] = {
        REJECT_KEY_QUARANTINED, REJECT_REDIS_WRONGTYPE, REJECT_REDIS_ERROR,
        REJECT_SCRIPT_FAILED,   REJECT_OUTCOME_UNKNOWN,
    };

    for (size_t i = 0; i < ARRAY_SIZE(later); i++)
        if (str_eq(reason, str_from(reject_code(later[i]))))
            return true;
    return false;
}

/* The applier could not read what we can, since the registry or the options were other ones. */
static bool was_closed(const struct dlq_selection *s, const struct mail *mail)
{
    static const enum reject_reason closed[] = { REJECT_SCHEMA_UNKNOWN, REJECT_SCHEMA_MISMATCH,
                                                 REJECT_FORMAT };

    for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
        if (str_eq(mail->reason, str_from(reject_code(closed[i]))))
            return true;
    return mail->record.value.n > s->max_record_bytes;
}

struct description {
    struct envelope_keys keys;
    struct prepared prepared;
    struct envelope envelope;
    struct reject reject;
};

/* By the rules of the applier, which counted it under these keys. */
static enum err_code describe(struct dlq_selection *s, const struct mail *mail,
                              struct description *d, struct parked_record *ret, struct err *err)
{
    enum err_code rc = decoder_decode(s->decoder, &mail->record, &d->envelope, &d->reject, err);
    const bool is_readable = d->reject.reason == REJECT_NONE;

    *ret = (struct parked_record){
        .source = mail->letter->source,
        .state = mail->letter->state,
        .claims = d->envelope.claims,
        .n_claims = d->envelope.n_claims,
        .is_readable = is_readable && mail->record.value.n <= s->max_record_bytes,
        .was_parked = str_eq(mail->reason, str_from(reject_code(REJECT_KEY_QUARANTINED))),
    };
    if (rc == ERR_OK && passed_the_checks(mail->reason)) {
        rc = judge_record(s->judge, &mail->record, &d->prepared, NULL, err);
        ret->keys = d->prepared.keys;
        ret->n_keys = d->prepared.n_keys;
        return rc;
    }
    envelope_keys_name(&d->keys, &mail->record,
                       is_readable && !was_closed(s, mail) ? &d->envelope : NULL);
    ret->keys = d->keys.keys;
    ret->n_keys = d->keys.n;
    return rc;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Its partition has quarantined keys. */
static bool holds_some(const struct dlq_selection *s, const struct mail *mail)
{
    return mail->record.partition < s->view.n && s->view.held[mail->record.partition].n > 0;
}

static bool keep(void *self, const struct mail *mail)
{
    struct dlq_selection *s = self;
    const bool is_meant = mail_is_liked(&s->filter, mail), may_wait = holds_some(s, mail);
    struct description *d = mem_new(1, sizeof(*d));
    struct parked_record record;
    bool is_kept = is_meant;
    enum err_code rc = ERR_OK;

    if (is_meant || may_wait)
        rc = describe(s, mail, d, &record, &s->trouble);
    if (rc == ERR_OK && !is_kept && may_wait)
        is_kept = parked_bears(&s->parked, &record) >= PARKED_WAITS;
    if (rc == ERR_OK && is_kept && !mail_list_add(&s->mails, mail))
        rc = err_set(&s->trouble, ERR_LIMIT, "they are more than %d MiB: take fewer at a time",
                     (int)(MAIL_LIST_MAX_BYTES >> 20));
    free(d);
    return rc == ERR_OK;
}

static enum err_code sort_out(struct dlq_selection *s, struct err *err)
{
    struct description *d = mem_new(1, sizeof(*d));
    enum err_code rc = ERR_OK;

    mail_list_sort(&s->mails);
    s->bearings = mem_new(s->mails.n + 1, sizeof(*s->bearings));
    for (size_t i = 0; rc == ERR_OK && i < s->mails.n; i++) {
        struct parked_record record;

        rc = describe(s, &s->mails.list[i], d, &record, err);
        if (rc != ERR_OK)
            break;
        s->bearings[i] = parked_bears(&s->parked, &record);
        if (s->bearings[i] >= PARKED_WAITS)
            parked_add(&s->parked, &record);
    }
    parked_order(&s->parked);
    free(d);
    return rc;
}

static enum err_code read_letters(struct dlq_selection *s, struct err *err)
{
    const struct mail_filter every = { .any_state = true };
    enum err_code rc = mailbox_open(&s->mailbox, s->in, err);

    if (rc == ERR_OK)
        rc = mailbox_each(&s->mailbox, &every, keep, s, err);
    if (rc == ERR_OK && s->trouble.code != ERR_OK)
        rc = err_set(err, s->trouble.code, "%s", s->trouble.msg);
    return rc;
}

enum err_code dlq_select(struct dlq_selection *s, const struct invocation *in,
                         const struct mail_filter *filter, int64_t patience_ms, struct err *err)
{
    const struct dlq_reading_options *reading = invocation_values(in, &dlq_reading_table);
    enum err_code rc;

    s->in = in;
    s->filter = *filter;
    s->max_record_bytes = (size_t)reading->max_record_bytes;
    rc = decoder_new(invocation_values(in, &records_table), &s->decoder, err);
    if (rc == ERR_OK) {
        s->judge = judge_new(s->max_record_bytes, NULL, s->decoder);
        rc = count_partitions(in, &s->view.n, err);
    }
    if (rc == ERR_OK)
        rc = await_letters(s, patience_ms, err);
    if (rc == ERR_OK)
        rc = read_letters(s, err);
    return rc == ERR_OK ? sort_out(s, err) : rc;
}

/* --- choosing --------------------------------------------------------------------------------- */

static int compare_place(const void *place, const void *mail)
{
    const struct letter_place a = *(const struct letter_place *)place;
    const struct letter_place b = ((const struct mail *)mail)->letter->source;

    if (a.partition != b.partition)
        return a.partition < b.partition ? -1 : 1;
    return (a.offset > b.offset) - (a.offset < b.offset);
}

size_t dlq_mail_at(const struct dlq_selection *s, struct letter_place source)
{
    const struct mail *found =
        bsearch(&source, s->mails.list, s->mails.n, sizeof(*found), compare_place);

    PRE(found);
    return (size_t)(found - s->mails.list);
}

void dlq_choose(struct dlq_selection *s)
{
    struct mail_filter filter = s->filter;
    const bool by_name = !filter.reason && !filter.places && filter.since_ms == 0;

    filter.any_state = true; /* a decision that was not carried out to its end may be there */
    for (size_t i = 0; by_name && i < s->parked.n_keys; i++)
        s->parked.keys[i].is_chosen =
            !filter.key || glob_matches(str_from(filter.key), s->parked.keys[i].key);
    for (size_t i = 0; !by_name && i < s->parked.n; i++) {
        struct parked_letter *l = &s->parked.letters[i];

        l->is_chosen = mail_is_liked(&filter, &s->mails.list[dlq_mail_at(s, l->source)]);
    }
}
