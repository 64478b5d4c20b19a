/* `dlq retry` and `dlq discard`: what becomes of rejected records. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "call.h"
#include "cli/context.h"
#include "codec/record_json.h"
#include "codec/record_json_id.h"
#include "dlq_options.h"
#include "link.h"
#include "verb_dlq.h"

enum {
    WRITE_TIMEOUT_MS = 30000,
    RECEIPT_WAIT_MS = 100,
    PLACE_TEXT_MAX = 40,
    ID_MAX_BYTES = 64 * 1024,
    VALUE_MAX_BYTES = 256 * 1024 * 1024,
    OWN_HEADERS = 6,
};

/* Every entry names its partition. */
#define ANY_PARTITIONER "murmur2"

struct decide_options {
    bool all, dry_run;
};

#define AT(field) offsetof(struct decide_options, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "all",     OPTION_BOOL, OPTION_FLAG, AT(all),     NULL, "false", 0, 0, NULL, "Which letters", "Every open letter that no other option leaves out" },
    { "dry-run", OPTION_BOOL, OPTION_FLAG, AT(dry_run), NULL, "false", 0, 0, NULL, "Deciding", "Show what would be done, and do nothing" },
};
/* clang-format on */

static const struct option_table decide_table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct decide_options),
};

/* What became of one letter. */
struct fate {
    bool written;               /* retried: the record is in the log again */
    bool decided;               /* the decision is in the dead-letter topic */
    char place[PLACE_TEXT_MAX]; /* of the record that was written */
    char trouble[LOG_WRITER_TEXT_MAX + 40];
};

struct decide {
    const struct invocation *in;
    const struct decide_options *options;
    enum letter_state decision;
    struct mailbox mailbox;
    struct mail_list mails;
    struct letter_place *places;
    struct fate *fates;
    struct log_writer *log, *letters;
    struct record_json *json;
};

static void decide_release(struct decide *d)
{
    log_writer_free(d->log);
    log_writer_free(d->letters);
    record_json_free(d->json);
    mail_list_release(&d->mails);
    mailbox_release(&d->mailbox);
    free(d->places);
    free(d->fates);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void take_receipts(struct decide *d, struct log_writer *w, size_t n_left)
{
    struct log_receipt receipt;

    while (log_writer_under_way(w) > n_left) {
        struct fate *fate;

        if (!log_writer_take(w, RECEIPT_WAIT_MS, &receipt))
            continue;
        fate = &d->fates[receipt.tag];
        if (!receipt.stored)
            snprintf(fate->trouble, sizeof(fate->trouble), "%s%s",
                     receipt.possibly_stored ? "it may be there all the same: " : "", receipt.text);
        else if (w == d->log)
            snprintf(fate->place, sizeof(fate->place), "%d:%" PRId64, (int)receipt.partition,
                     receipt.offset);
        *(w == d->log ? &fate->written : &fate->decided) = receipt.stored;
    }
}

static void write_entry(struct decide *d, struct log_writer *w, const struct log_entry *entry,
                        size_t i)
{
    struct err err = { 0 };
    enum err_code rc = log_writer_put_entry(w, entry, i, &err);

    while (rc == ERR_LIMIT && log_writer_under_way(w) > 0) {
        take_receipts(d, w, log_writer_under_way(w) - 1);
        rc = log_writer_put_entry(w, entry, i, &err);
    }
    if (rc != ERR_OK)
        snprintf(d->fates[i].trouble, sizeof(d->fates[i].trouble), "%s", err.msg);
}

/* --- retrying --------------------------------------------------------------------------------- */

static bool is_ours(const char *header)
{
    return strncmp(header, "redwal-", 7) == 0;
}

/* The value to write: with another id, when it has one, or the applier would skip it as one that it
 * knows. A value in another format, or that nobody can read, is written as it was. */
static struct str retried_value(struct decide *d, const struct mail *mail, struct buf *memory)
{
    CLEANUP(buf_release) struct buf id = { 0 };
    struct envelope envelope = { 0 };
    struct reject reject = { 0 };
    struct str base;
    uint32_t number;

    if (!record_json_decode(d->json, &mail->record, &envelope, &reject) || envelope.id.n == 0)
        return mail->record.value;
    buf_init(&id, ID_MAX_BYTES);
    number = letter_retry_number(envelope.id, mail->letter->n_retries, &base);
    if (!buf_appendf(&id, "%.*s#retry%u", STR_ARGS(base), number) ||
        !record_json_with_id(mail->record.value, buf_str(&id), memory))
        return mail->record.value;
    return buf_str(memory);
}

static void retry(struct decide *d, size_t i)
{
    const struct mail *mail = &d->mails.list[i];
    CLEANUP(buf_release) struct buf memory = { 0 };
    struct log_header headers[MAIL_HEADERS_MAX];
    struct log_entry entry = {
        .has_key = mail->record.has_key,
        .has_value = mail->record.has_value,
        .key = mail->record.key,
        .partition = mail->record.partition,
        .headers = headers,
    };

    buf_init(&memory, VALUE_MAX_BYTES);
    for (size_t k = 0; k < mail->n_headers; k++)
        if (!is_ours(mail->headers[k].name))
            headers[entry.n_headers++] = mail->headers[k];
    entry.value = retried_value(d, mail, &memory);
    write_entry(d, d->log, &entry, i);
}

/* --- the decision ----------------------------------------------------------------------------- */

static void append_number(struct buf *out, int64_t number)
{
    if (!buf_append_int64(out, number))
        UNREACHABLE("the buffer has room for any number");
}

/* In the letter's own partition, so that it stands behind it. */
static void tell_decision(struct decide *d, size_t i)
{
    const struct mail *mail = &d->mails.list[i];
    const struct connection_options *c = link_options(d->in);
    CLEANUP(buf_release) struct buf partition = { 0 };
    CLEANUP(buf_release) struct buf offset = { 0 };

    buf_init(&partition, PLACE_TEXT_MAX);
    buf_init(&offset, PLACE_TEXT_MAX);
    append_number(&partition, mail->record.partition);
    append_number(&offset, mail->record.offset);

    const struct log_header headers[OWN_HEADERS] = {
        { "redwal-wal", str_from(c->wal) },
        { "redwal-source-topic", str_from(c->topic) },
        { "redwal-source-partition", buf_str(&partition) },
        { "redwal-source-offset", buf_str(&offset) },
        { "redwal-resolution", str_from(letter_state_code(d->decision)) },
        { "redwal-retry", str_from(d->fates[i].place) },
    };
    const struct log_entry entry = {
        .has_key = mail->record.has_key,
        .key = mail->record.key,
        .partition = mail->letter->at.partition,
        .headers = headers,
        .n_headers = d->decision == LETTER_RETRIED ? OWN_HEADERS : OWN_HEADERS - 1,
    };

    write_entry(d, d->letters, &entry, i);
}

/* All of them go out before the first answer is waited for; those of a partition stay in order. */
static void carry_out(struct decide *d)
{
    if (d->decision == LETTER_RETRIED) {
        for (size_t i = 0; i < d->mails.n; i++)
            retry(d, i);
        take_receipts(d, d->log, 0);
    }
    for (size_t i = 0; i < d->mails.n; i++)
        if (d->decision != LETTER_RETRIED || d->fates[i].written)
            tell_decision(d, i);
    take_receipts(d, d->letters, 0);
}

/* --- printing --------------------------------------------------------------------------------- */

enum { ROW_PARTITION, ROW_OFFSET, ROW_KEY, ROW_REASON, ROW_OUTCOME, ROW_RETRY, ROW_TROUBLE, N_ROW };

/* clang-format off */
static const struct column columns[N_ROW] = {
    [ROW_PARTITION] = { "partition", "PARTITION",  COLUMN_COUNT, false, 0, 0 },
    [ROW_OFFSET]    = { "offset",    "OFFSET",     COLUMN_COUNT, false, 0, 0 },
    [ROW_KEY]       = { "key",       "KEY",        COLUMN_BYTES, false, 0, 64 },
    [ROW_REASON]    = { "reason",    "REASON",     COLUMN_BYTES, false, 0, 0 },
    [ROW_OUTCOME]   = { "outcome",   "OUTCOME",    COLUMN_TEXT,  false, 0, 0 },
    [ROW_RETRY]     = { "retriedAs", "RETRIED-AS", COLUMN_TEXT,  false, 0, 0 },
    [ROW_TROUBLE]   = { "trouble",   "TROUBLE",    COLUMN_TEXT,  false, 0, 0 },
};
/* clang-format on */

static const char *outcome_of(const struct decide *d, const struct fate *fate)
{
    if (d->options->dry_run)
        return d->decision == LETTER_RETRIED ? "would be retried" : "would be discarded";
    if (fate->decided)
        return letter_state_code(d->decision);
    return fate->written ? "retried, still open" : "failed";
}

static bool succeeded(const struct decide *d, const struct fate *fate)
{
    return d->options->dry_run || fate->decided;
}

static enum exit_status report(const struct decide *d)
{
    CLEANUP(printer_release) struct printer p = { 0 };
    struct cell *cells = mem_new(d->mails.n * N_ROW + 1, sizeof(*cells));
    size_t n_failed = 0;

    for (size_t i = 0; i < d->mails.n; i++) {
        const struct mail *mail = &d->mails.list[i];
        const struct fate *fate = &d->fates[i];
        struct cell *row = cells + i * N_ROW;

        n_failed += !succeeded(d, fate);
        row[ROW_PARTITION] = CELL_NUMBER(mail->record.partition);
        row[ROW_OFFSET] = CELL_NUMBER(mail->record.offset);
        row[ROW_KEY] = mail->record.has_key ? CELL_STR(mail->record.key) : CELL_NONE;
        row[ROW_REASON] = CELL_STR(mail->reason);
        row[ROW_OUTCOME] = CELL_TEXT(outcome_of(d, fate));
        row[ROW_OUTCOME].tone = succeeded(d, fate) ? TONE_GOOD : TONE_BAD;
        if (fate->place[0])
            row[ROW_RETRY] = CELL_TEXT(fate->place);
        if (fate->trouble[0])
            row[ROW_TROUBLE] = CELL_TEXT(fate->trouble);
    }
    call_print(d->in, &p);
    printer_list(&p, "letters", columns, N_ROW, cells, d->mails.n);
    free(cells);
    return call_end(&p, n_failed == 0 ? EXIT_DONE : EXIT_INCOMPLETE);
}

/* --- running ---------------------------------------------------------------------------------- */

static enum err_code prepare(struct decide *d, struct err *err)
{
    struct mail_filter filter;
    enum err_code rc = mailbox_open(&d->mailbox, d->in, err);

    if (rc != ERR_OK)
        return rc;
    d->places = mem_new(d->in->n_words + 1, sizeof(*d->places));
    dlq_filter_of(d->in, d->places, &filter);
    rc = mailbox_collect(&d->mailbox, &filter, &d->mails, err);
    if (rc == ERR_OK && d->mails.n < d->in->n_words)
        call_complain(d->in, "not all of the letters that were named are open");
    d->fates = mem_new(d->mails.n + 1, sizeof(*d->fates));
    return rc;
}

static enum err_code open_writers(struct decide *d, struct err *err)
{
    const struct connection_options *c = link_options(d->in);
    enum err_code rc = ERR_OK;

    if (d->decision == LETTER_RETRIED)
        rc = link_writer(d->in, c->topic, ANY_PARTITIONER, WRITE_TIMEOUT_MS, &d->log, err);
    if (rc == ERR_OK)
        rc = link_writer(d->in, c->dlq_topic, ANY_PARTITIONER, WRITE_TIMEOUT_MS, &d->letters, err);
    return rc;
}

static enum exit_status decide(struct invocation *in, enum letter_state decision)
{
    CLEANUP(decide_release) struct decide d = { .in = in, .decision = decision };
    struct err err = { 0 };
    enum err_code rc;

    d.options = invocation_values(in, &decide_table);
    d.json = record_json_new();
    rc = prepare(&d, &err);
    if (rc == ERR_OK && !d.options->dry_run)
        rc = open_writers(&d, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    if (!d.options->dry_run)
        carry_out(&d);
    return report(&d);
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

    context_check_connection(in, CONNECTION_KAFKA);
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
    &dlq_filter_table, &decide_table, &context_table, &print_table, &connection_table, NULL,
};

const struct verb verb_dlq_retry = {
    .name = "retry",
    .summary = "Write rejected records to the log again, in their order",
    .help =
        "Open letters only. A record goes to its own partition again, with its key, value and\n"
        "headers. It is then the newest operation on its key, and a ttl counts from now: repair "
        "the\ncause first, and look whether it should still be applied. An `id` gets \"#retry1\" "
        "behind it\n(2, 3 with later ones), or the applier would skip it; of a framed record, "
        "which "
        "is written\nas it was, it stays the same.\n\n"
        "When the dead-letter topic does not take the decision, the record is in the log and the\n"
        "letter still open; the output says so, and the exit status is 5.\n",
    .examples = "kubectl-redwal dlq retry 3:1234 3:1240 --dry-run\n"
                "kubectl-redwal dlq retry --reason redis-wrongtype --key 'orders:*'\n"
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
    .help = "Open letters only. The letters stay in their topic as long as that keeps them; "
            "`dlq list`\nshows them no more.\n",
    .examples = "kubectl-redwal dlq discard 3:1234\n"
                "kubectl-redwal dlq discard --reason not-json --since 1h\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = tables,
    .check = check,
    .run = run_discard,
};
