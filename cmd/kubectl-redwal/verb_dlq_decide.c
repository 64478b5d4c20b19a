/* `dlq retry` and `dlq discard`: what becomes of rejected records. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/context.h"
#include "cli/option_table.h"
#include "codec/record_any.h"
#include "codec/record_json_id.h"
#include "codec/record_json_print.h"
#include "compare_options.h"
#include "dlq_decision.h"
#include "dlq_options.h"
#include "rediswal.h"
#include "verb_dlq.h"

enum { ID_MAX_BYTES = 64 * 1024, VALUE_MAX_BYTES = 256 * 1024 * 1024 };

struct decide_options {
    bool all, dry_run;
    int64_t patience_ms;
};

#define AT(field) offsetof(struct decide_options, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "all",              OPTION_BOOL,     OPTION_FLAG, AT(all),              NULL,       "false", 0,      0,         NULL, "Which letters", "Every open letter that no other option leaves out" },
    { "dry-run",          OPTION_BOOL,     OPTION_FLAG, AT(dry_run),          NULL,       "false", 0,      0,         NULL, "Deciding", "Show what would be done, and do nothing" },
    { "patience",         OPTION_DURATION, OPTION_FLAG, AT(patience_ms),      "DURATION", "2m",    SECOND, 24 * HOUR, NULL, "Deciding", "Give up waiting for the applier when it did not go on for so long" },
};
/* clang-format on */

static const struct option_table decide_table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct decide_options),
};

/* --- letters about no quarantined key --------------------------------------------------------- */

/* With another id, or the applier would skip it as one that it knows. What is plain JSON stays as
 * it is otherwise. */
static bool with_new_id(const struct mail *mail, struct envelope *envelope, struct buf *out)
{
    CLEANUP(buf_release) struct buf id = { 0 };
    struct str base;
    const uint32_t number = letter_retry_number(envelope->id, mail->letter->n_retries, &base);
    uint32_t schema;

    buf_init(&id, ID_MAX_BYTES);
    if (!buf_appendf(&id, "%.*s#retry%u", STR_ARGS(base), number))
        return false;
    if (!record_any_schema_id(&mail->record, &schema))
        return record_json_with_id(mail->record.value, buf_str(&id), out);
    envelope->id = buf_str(&id);
    return record_json_print(envelope, out);
}

/* The value to write. One without an id, or that nobody can read, is written as it was. */
static struct str retried_value(struct dlq_decision *d, const struct mail *mail, struct buf *memory)
{
    struct envelope envelope = { 0 };
    struct reject reject = { 0 };

    if (decoder_decode(d->selection.decoder, &mail->record, &envelope, &reject, NULL) == ERR_OK &&
        reject.reason == REJECT_NONE && envelope.id.n > 0 && with_new_id(mail, &envelope, memory))
        return buf_str(memory);
    return mail->record.value;
}

static void retry(struct dlq_decision *d, size_t i)
{
    const struct mail *mail = &d->selection.mails.list[i];
    CLEANUP(buf_release) struct buf memory = { 0 };
    struct log_header headers[MAIL_HEADERS_MAX];
    struct log_entry entry = {
        .has_key = mail->record.has_key,
        .has_value = mail->record.has_value,
        .key = mail->record.key,
        .partition = mail->record.partition,
        .headers = headers,
        .n_headers = mail_own_headers(mail, headers),
    };

    buf_init(&memory, VALUE_MAX_BYTES);
    entry.value = retried_value(d, mail, &memory);
    dlq_write_record(d, &entry, i);
}

static bool is_meant(const struct dlq_decision *d, size_t i)
{
    const enum parked_bearing bearing = d->selection.bearings[i];

    return bearing == PARKED_FREE || (bearing == PARKED_ENDED && d->state == LETTER_DISCARDED);
}

static void tell(struct dlq_decision *d, size_t i)
{
    struct dlq_letter_fate *fate = dlq_fate_of(d, i);

    if (fate->is_decided)
        fate->outcome = letter_state_code(d->state);
    else
        fate->outcome = fate->is_written ? "retried, still open" : "failed";
    fate->is_good = fate->is_decided;
}

/* A record of it may have been applied already: written once more it would be so twice. */
static void leave_alone(struct dlq_decision *d, size_t i)
{
    struct dlq_letter_fate *fate = dlq_fate_of(d, i);

    fate->outcome = "left alone";
    fate->is_good = false;
    snprintf(fate->trouble, sizeof(fate->trouble),
             "the quarantine that it waited for has ended: it was retried or given up");
}

/* All of them go out before the first answer is waited for; those of a partition stay in order. */
static void decide_free(struct dlq_decision *d)
{
    const struct dlq_selection *s = &d->selection;

    for (size_t i = 0; d->state == LETTER_RETRIED && i < s->mails.n; i++)
        if (is_meant(d, i))
            retry(d, i);
    dlq_await_writes(d);
    for (size_t i = 0; i < s->mails.n; i++)
        if (is_meant(d, i) && (d->state != LETTER_RETRIED || dlq_fate_of(d, i)->is_written))
            dlq_write_state(d, i, d->state);
    dlq_await_writes(d);
    for (size_t i = 0; i < s->mails.n; i++) {
        if (is_meant(d, i))
            tell(d, i);
        else if (s->bearings[i] == PARKED_ENDED)
            leave_alone(d, i);
    }
}

/* --- a dry run -------------------------------------------------------------------------------- */

static void plan_letter(struct dlq_decision *d, size_t i, enum letter_state state)
{
    struct dlq_letter_fate *fate = dlq_fate_of(d, i);

    fate->outcome = state == LETTER_RETRIED ? "would be retried" : "would be discarded";
    fate->is_good = true;
}

static void plan_parked(struct dlq_decision *d)
{
    const struct parked *p = &d->selection.parked;

    for (size_t i = 0; i < p->n; i++) {
        const struct parked_letter *l = &p->letters[i];
        const size_t mail = dlq_mail_at(&d->selection, l->source);

        if (d->state == LETTER_RETRIED && parked_is_due(p, l)) {
            plan_letter(d, mail, LETTER_RETRIED);
            if (l->state == LETTER_DISCARDED)
                dlq_fate_of(d, mail)->outcome = "would be given up";
        } else if (d->state == LETTER_DISCARDED && l->is_chosen && l->state != LETTER_DISCARDED) {
            plan_letter(d, mail, LETTER_DISCARDED);
        }
    }
    for (size_t i = 0; i < p->n_keys; i++) {
        struct dlq_key_fate *fate;

        if (!p->keys[i].is_chosen)
            continue;
        fate = dlq_report_key(&d->report, &p->keys[i]);
        fate->is_good = p->keys[i].obstacle == PARKED_NONE;
        fate->outcome = fate->is_good ? "would be released" : "would be left alone";
        snprintf(fate->trouble, sizeof(fate->trouble), "%s",
                 parked_obstacle_text(p->keys[i].obstacle));
    }
}

static void plan(struct dlq_decision *d)
{
    for (size_t i = 0; i < d->selection.mails.n; i++) {
        if (is_meant(d, i))
            plan_letter(d, i, d->state);
        else if (d->selection.bearings[i] == PARKED_ENDED)
            leave_alone(d, i);
    }
    plan_parked(d);
}

/* --- running ---------------------------------------------------------------------------------- */

static void choose(struct dlq_decision *d)
{
    dlq_choose(&d->selection);
    if (d->state == LETTER_RETRIED)
        parked_choose_retries(&d->selection.parked);
    else
        parked_choose_discards(&d->selection.parked);
}

/* A letter that is named is about something, or nobody finds out. */
static void tell_unknown(const struct dlq_decision *d, const struct mail_filter *filter)
{
    size_t n = 0;

    for (size_t i = 0; i < d->selection.mails.n; i++)
        n += mail_has_place(filter, &d->selection.mails.list[i]);
    if (filter->places && n < filter->n_places)
        call_complain(d->in, "not all of the letters that were named are open");
}

static enum err_code carry_out(struct dlq_decision *d, struct err *err)
{
    const bool waits = d->selection.parked.n_keys > 0;
    enum err_code rc = dlq_decision_open(d, err);

    if (rc != ERR_OK)
        return rc;
    decide_free(d);
    if (!waits)
        return ERR_OK;
    return d->state == LETTER_RETRIED ? dlq_retry_parked(d, err) : dlq_discard_parked(d, err);
}

static enum exit_status decide(struct invocation *in, enum letter_state state)
{
    const struct decide_options *o = invocation_values(in, &decide_table);
    CLEANUP(dlq_decision_release)
    struct dlq_decision d = {
        .in = in,
        .state = state,
        .dry_run = o->dry_run,
        .patience_ms = o->patience_ms,
    };
    struct letter_place *places = mem_new(in->n_words + 1, sizeof(*places));
    struct mail_filter filter;
    enum exit_status status;
    struct err err = { 0 };
    enum err_code rc;

    dlq_filter_of(in, places, &filter);
    rc = dlq_decision_select(&d, &filter, true, &err);
    if (rc == ERR_OK) {
        tell_unknown(&d, &filter);
        choose(&d);
        if (o->dry_run)
            plan(&d);
        else
            rc = carry_out(&d, &err);
    }
    free(places);
    status = rc == ERR_OK ? EXIT_DONE : call_failed(in, &err);
    if (rc != ERR_OK && d.report.n_letters == 0)
        return status;
    return dlq_report_print(&d.report, in, status);
}

static enum exit_status run_retry(struct invocation *in)
{
    return decide(in, LETTER_RETRIED);
}

static enum exit_status run_discard(struct invocation *in)
{
    return decide(in, LETTER_DISCARDED);
}

static void check(struct invocation *in)
{
    const struct decide_options *o = invocation_values(in, &decide_table);
    const struct dlq_filter_options *filter = invocation_values(in, &dlq_filter_table);

    context_check_connection(in, CONNECTION_KAFKA | CONNECTION_REDIS);
    records_check(invocation_values(in, &records_table), &in->set);
    dlq_check_filter(in);
    if (in->n_words == 0 && !o->all && !filter->reason && !filter->key && !filter->since)
        option_set_problem(&in->set, "which letters? Name places, give --reason, --key or --since, "
                                     "or --all");
}

static const struct verb_word words[] = {
    { "PLACE", "Where a rejected record is in the log: partition:offset", .optional = true,
      .many = true },
};

static const struct option_table *const tables[] = {
    &dlq_filter_table, &decide_table,     &dlq_reading_table, &records_table, &context_table,
    &print_table,      &connection_table, &rediswal_table,    NULL,
};

const struct verb verb_dlq_retry = {
    .name = "retry",
    .summary = "Write rejected records to the log again, in their order",
    .help =
        "Open letters only. A record goes to its own partition again, with its key, value and\n"
        "headers. It is then the newest operation on its key, and a ttl counts from now: repair "
        "the\ncause first, and look whether it should still be applied. An `id` gets \"#retry1\" "
        "behind it\n(2, 3 with later ones), or the applier would skip it; a record with a schema "
        "and an id is\nwritten as JSON.\n\n"
        "A letter of a quarantined key brings all that waits with it: the records are applied in\n"
        "their order, as JSON and without their ids, those that were discarded are passed over, "
        "and\nthe key is released. One that is rejected again stops its key there: discard it, "
        "and retry\nthe rest. A key whose letters are not all there is left alone. Whatever ends "
        "it, run it again:\nnothing is applied twice or left out. One whose outcome is unknown may "
        "have been applied\nbefore: look at the key first, and discard it if so.\n\n"
        "When the dead-letter topic does not take the decision, the record is in the log and the\n"
        "letter still open; the output says so, and the exit status is 5. It is 4 when the "
        "applier\ndid not go on.\n",
    .examples = "kubectl-redwal dlq retry 3:1234 3:1240 --dry-run\n"
                "kubectl-redwal dlq retry --reason redis-wrongtype --key 'orders:*'\n"
                "kubectl-redwal dlq retry --key order:42\n"
                "kubectl-redwal dlq retry --all\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = tables,
    .check = check,
    .run = run_retry,
};

const struct verb verb_dlq_discard = {
    .name = "discard",
    .summary = "Decide that rejected records are not needed",
    .help =
        "Open letters only. The letters stay in their topic as long as that keeps them; "
        "`dlq list`\nshows them no more.\n\n"
        "Of a quarantined key a retry then passes them over. When nothing of the key is left, or\n"
        "it is named with --key or --all, it is released, and what comes is applied again.\n",
    .examples = "kubectl-redwal dlq discard 3:1234\n"
                "kubectl-redwal dlq discard --reason not-json --since 1h\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = tables,
    .check = check,
    .run = run_discard,
};
