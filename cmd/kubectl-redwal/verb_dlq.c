/* `dlq`: looks at rejected records. What is decided about them is in verb_dlq_decide.c. */
#include "verb_dlq.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "call.h"
#include "cli/context.h"
#include "compare_options.h"
#include "core/reject.h"
#include "decoder.h"
#include "dlq_options.h"
#include "dlq_selection.h"
#include "rediswal.h"
#include "tree.h"

enum { WAITS_TEXT_MAX = 48 };

/* --- list ------------------------------------------------------------------------------------- */

struct list_options {
    int state;
};

/* The first ones come in the order of enum letter_state. */
static const char *const state_names[] = { "open", "retried", "discarded", "all", NULL };

static const struct option_spec list_specs[] = {
    { "state", OPTION_CHOICE, OPTION_FLAG, offsetof(struct list_options, state), "STATE", "open", 0,
      0, state_names, "Which letters", "Only those about which this was decided" },
};

static const struct option_table list_table = {
    .specs = list_specs,
    .n_specs = ARRAY_SIZE(list_specs),
    .size = sizeof(struct list_options),
};

enum list_column {
    LIST_PARTITION,
    LIST_OFFSET,
    LIST_TIME,
    LIST_KEY,
    LIST_REASON,
    LIST_DETAIL,
    LIST_WAITS,
    LIST_STATE,
    LIST_STORED,
    LIST_COPIES,
    LIST_RETRIES,
    N_LIST
};

/* clang-format off */
static const struct column list_columns[N_LIST] = {
    [LIST_PARTITION] = { "partition", "PARTITION", COLUMN_COUNT, false, 0,  0 },
    [LIST_OFFSET]    = { "offset",    "OFFSET",    COLUMN_COUNT, false, 10, 0 },
    [LIST_TIME]      = { "time",      "TIME",      COLUMN_TIME,  false, 24, 0 },
    [LIST_KEY]       = { "key",       "KEY",       COLUMN_BYTES, false, 20, 64 },
    [LIST_REASON]    = { "reason",    "REASON",    COLUMN_BYTES, false, 22, 0 },
    [LIST_DETAIL]    = { "detail",    "DETAIL",    COLUMN_BYTES, false, 24, 100 },
    [LIST_WAITS]     = { "waits",     "WAITS",     COLUMN_TEXT,  true,  7,  0 },
    [LIST_STATE]     = { "state",     "STATE",     COLUMN_TEXT,  true,  9,  0 },
    [LIST_STORED]    = { "stored",    "STORED",    COLUMN_TIME,  true,  24, 0 },
    [LIST_COPIES]    = { "copies",    "COPIES",    COLUMN_COUNT, true,  0,  0 },
    [LIST_RETRIES]   = { "retries",   "RETRIES",   COLUMN_COUNT, true,  0,  0 },
};
/* clang-format on */

static struct cell time_cell(int64_t ms)
{
    return ms >= 0 ? CELL_NUMBER(ms) : CELL_NONE;
}

struct listing {
    struct printer *printer;
    const struct dlq_selection *quarantine;
};

/* "2/3": the second of three that wait for a key. */
static void print_waits(const struct dlq_selection *s, const struct mail *mail,
                        char ret[WAITS_TEXT_MAX])
{
    const struct parked_letter *l = parked_find(&s->parked, mail->letter->source);

    ret[0] = '\0';
    if (l && !l->is_attempt && l->n_numbers > 0)
        snprintf(ret, WAITS_TEXT_MAX, "%lld/%lld", (long long)l->numbers[0].number,
                 (long long)s->parked.keys[l->numbers[0].key].state.parked);
}

static bool print_row(void *self, const struct mail *mail)
{
    const struct listing *listing = self;
    char waits[WAITS_TEXT_MAX];
    struct cell row[N_LIST] = {
        [LIST_PARTITION] = CELL_NUMBER(mail->record.partition),
        [LIST_OFFSET] = CELL_NUMBER(mail->record.offset),
        [LIST_TIME] = time_cell(mail->record.timestamp_ms),
        [LIST_KEY] = mail->record.has_key ? CELL_STR(mail->record.key) : CELL_NONE,
        [LIST_REASON] = CELL_STR(mail->reason),
        [LIST_DETAIL] = CELL_STR(mail->detail),
        [LIST_STATE] = CELL_TEXT(letter_state_code(mail->letter->state)),
        [LIST_STORED] = time_cell(mail->stored_ms),
        [LIST_COPIES] = CELL_NUMBER(mail->letter->n_copies),
        [LIST_RETRIES] = CELL_NUMBER(mail->letter->n_retries),
    };

    print_waits(listing->quarantine, mail, waits);
    if (waits[0])
        row[LIST_WAITS] = CELL_TEXT(waits);
    row[LIST_REASON].tone = mail->letter->state == LETTER_OPEN ? TONE_BAD : TONE_DIM;
    return printer_row(listing->printer, row);
}

static void tell_foreign(const struct invocation *in, const struct mailbox *m)
{
    if (m->n_foreign > 0)
        call_complain(in, "left aside: %llu records that are no dead letters of this log",
                      (unsigned long long)m->n_foreign);
}

/* What Redis says, when it was named; a list without it is better than none. */
static void see_quarantine(const struct invocation *in, struct dlq_selection *ret)
{
    const struct connection_options *c = link_options(in);
    struct err err = { 0 };

    if ((c->redis || c->sentinel) &&
        dlq_select(ret, in, &dlq_no_letter, DLQ_NO_PATIENCE, &err) != ERR_OK)
        call_complain(in, "what waits for quarantined keys is not known: %s", err.msg);
}

static enum exit_status run_list(struct invocation *in)
{
    const struct list_options *o = invocation_values(in, &list_table);
    CLEANUP(dlq_selection_release) struct dlq_selection quarantine = { 0 };
    CLEANUP(mailbox_release) struct mailbox m = { 0 };
    CLEANUP(printer_release) struct printer p = { 0 };
    struct mail_filter filter;
    struct err err = { 0 };
    enum err_code rc = mailbox_open(&m, in, &err);

    if (rc != ERR_OK)
        return call_failed(in, &err);
    see_quarantine(in, &quarantine);
    dlq_filter_of(in, NULL, &filter);
    filter.any_state = o->state == LETTER_STATE_COUNT;
    filter.state = filter.any_state ? LETTER_OPEN : (enum letter_state)o->state;
    call_print(in, &p);
    printer_stream(&p, list_columns, N_LIST);
    rc = mailbox_each(&m, &filter, print_row, &(struct listing){ &p, &quarantine }, &err);
    tell_foreign(in, &m);
    return rc == ERR_OK ? EXIT_DONE : call_failed(in, &err);
}

/* --- show ------------------------------------------------------------------------------------- */

enum {
    SHOW_PLACE,
    SHOW_TIME,
    SHOW_STORED,
    SHOW_STATE,
    SHOW_COPIES,
    SHOW_RETRIES,
    SHOW_REASON,
    SHOW_WHAT,
    SHOW_DETAIL,
    SHOW_REMEDY,
    SHOW_KEY,
    SHOW_VALUE,
    SHOW_ID,
    SHOW_DECODED,
    N_SHOW
};

/* clang-format off */
static const struct column show_columns[N_SHOW] = {
    [SHOW_PLACE]   = { "place",   "place",         COLUMN_TEXT,  false, 0, 0 },
    [SHOW_TIME]    = { "time",    "time",          COLUMN_TIME,  false, 0, 0 },
    [SHOW_STORED]  = { "stored",  "stored",        COLUMN_TIME,  false, 0, 0 },
    [SHOW_STATE]   = { "state",   "state",         COLUMN_TEXT,  false, 0, 0 },
    [SHOW_COPIES]  = { "copies",  "copies",        COLUMN_COUNT, false, 0, 0 },
    [SHOW_RETRIES] = { "retries", "retries",       COLUMN_COUNT, false, 0, 0 },
    [SHOW_REASON]  = { "reason",  "reason",        COLUMN_BYTES, false, 0, 0 },
    [SHOW_WHAT]    = { "what",    "what happened", COLUMN_TEXT,  false, 0, 0 },
    [SHOW_DETAIL]  = { "detail",  "detail",        COLUMN_BYTES, false, 0, 0 },
    [SHOW_REMEDY]  = { "remedy",  "what to do",    COLUMN_TEXT,  false, 0, 0 },
    [SHOW_KEY]     = { "key",     "key",           COLUMN_BYTES, false, 0, 0 },
    [SHOW_VALUE]   = { "value",   "value",         COLUMN_BYTES, false, 0, 0 },
    [SHOW_ID]      = { "id",      "id",            COLUMN_BYTES, false, 0, 0 },
    [SHOW_DECODED] = { "decoded", "decoded",       COLUMN_TEXT,  false, 0, 0 },
};

enum { OPERATION_KEY, OPERATION_COMMAND, OPERATION_ARGS, OPERATION_TTL, N_OPERATION };

static const struct column operation_columns[N_OPERATION] = {
    [OPERATION_KEY]     = { "key",     "KEY",     COLUMN_BYTES,    false, 0, 64 },
    [OPERATION_COMMAND] = { "command", "COMMAND", COLUMN_BYTES,    false, 0, 0 },
    [OPERATION_ARGS]    = { "args",    "ARGS",    COLUMN_LIST,     false, 0, 200 },
    [OPERATION_TTL]     = { "ttlMs",   "TTL",     COLUMN_DURATION, false, 0, 0 },
};

enum { WAIT_KEY, WAIT_NUMBER, WAIT_PARKED, WAIT_RETRIED, WAIT_FIRST, WAIT_LAST, N_WAIT };

static const struct column wait_columns[N_WAIT] = {
    [WAIT_KEY]     = { "key",     "WAITS FOR KEY", COLUMN_BYTES, false, 0, 64 },
    [WAIT_NUMBER]  = { "number",  "NUMBER",        COLUMN_COUNT, false, 0, 0 },
    [WAIT_PARKED]  = { "parked",  "PARKED",        COLUMN_COUNT, false, 0, 0 },
    [WAIT_RETRIED] = { "retried", "RETRIED",       COLUMN_COUNT, false, 0, 0 },
    [WAIT_FIRST]   = { "first",   "FIRST",         COLUMN_COUNT, false, 0, 0 },
    [WAIT_LAST]    = { "last",    "LAST",          COLUMN_COUNT, false, 0, 0 },
};

static const struct column header_columns[] = {
    { "name",  "HEADER", COLUMN_BYTES, false, 0, 0 },
    { "value", "VALUE",  COLUMN_BYTES, false, 0, 200 },
};
/* clang-format on */

static enum reject_reason reason_of(struct str code)
{
    for (enum reject_reason i = REJECT_NONE + 1; i < REJECT_REASON_COUNT; i++)
        if (str_eq(code, str_from(reject_code(i))))
            return i;
    return REJECT_NONE;
}

static void print_operations(struct printer *p, const struct envelope *envelope)
{
    struct cell *cells = mem_new(envelope->n_operations * N_OPERATION + 1, sizeof(*cells));

    for (size_t i = 0; i < envelope->n_operations; i++) {
        const struct operation *op = &envelope->operations[i];
        struct cell *row = cells + i * N_OPERATION;

        row[OPERATION_KEY] = CELL_STR(op->key);
        row[OPERATION_COMMAND] = CELL_STR(op->command);
        row[OPERATION_ARGS] =
            (struct cell){ .is_set = true, .list = op->args, .n_list = op->n_args };
        if (op->ttl_ms != OPERATION_TTL_NONE)
            row[OPERATION_TTL] = CELL_NUMBER(op->ttl_ms);
    }
    printer_list(p, "operations", operation_columns, N_OPERATION, cells, envelope->n_operations);
    free(cells);
}

static void print_headers(struct printer *p, const struct mail *mail)
{
    const size_t n = ARRAY_SIZE(header_columns);
    struct cell *cells = mem_new(mail->n_headers * n + 1, sizeof(*cells));

    for (size_t i = 0; i < mail->n_headers; i++) {
        cells[i * n] = CELL_TEXT(mail->headers[i].name);
        cells[i * n + 1] = CELL_STR(mail->headers[i].value);
    }
    printer_list(p, "headers", header_columns, n, cells, mail->n_headers);
    free(cells);
}

static void print_waiting(struct printer *p, const struct mail *mail, const struct dlq_selection *s)
{
    const struct parked_letter *l = parked_find(&s->parked, mail->letter->source);
    const size_t n = l ? l->n_numbers : 0;
    struct cell *cells = mem_new(n * N_WAIT + 1, sizeof(*cells));

    for (size_t i = 0; i < n; i++) {
        const struct parked_key *key = &s->parked.keys[l->numbers[i].key];
        struct cell *row = cells + i * N_WAIT;

        row[WAIT_KEY] = CELL_STR(key->key);
        row[WAIT_NUMBER] = CELL_NUMBER(l->numbers[i].number);
        row[WAIT_PARKED] = CELL_NUMBER(key->state.parked);
        row[WAIT_RETRIED] = CELL_NUMBER(key->state.retried);
        row[WAIT_FIRST] = CELL_NUMBER(key->state.first);
        row[WAIT_LAST] = CELL_NUMBER(key->state.last);
    }
    if (n > 0 || p->format == PRINT_JSON || p->format == PRINT_YAML)
        printer_list(p, "waits", wait_columns, N_WAIT, cells, n);
    free(cells);
}

/* Whether it could be read, and why not. */
static void tell_decoded(const struct reject *reject, const struct err *err, char *ret, size_t size)
{
    if (err->code != ERR_OK)
        snprintf(ret, size, "no: %s", err->msg);
    else if (reject->reason != REJECT_NONE)
        snprintf(ret, size, "no: %s: %s", reject_code(reject->reason), reject->detail);
    else
        snprintf(ret, size, "yes");
}

static void print_fields(struct printer *p, const struct mail *mail, const char *place,
                         const struct envelope *envelope, const char *decoded)
{
    const enum reject_reason reason = reason_of(mail->reason);
    struct cell cells[N_SHOW] = {
        [SHOW_PLACE] = CELL_TEXT(place),
        [SHOW_TIME] = time_cell(mail->record.timestamp_ms),
        [SHOW_STORED] = time_cell(mail->stored_ms),
        [SHOW_STATE] = CELL_TEXT(letter_state_code(mail->letter->state)),
        [SHOW_COPIES] = CELL_NUMBER(mail->letter->n_copies),
        [SHOW_RETRIES] = CELL_NUMBER(mail->letter->n_retries),
        [SHOW_REASON] = CELL_STR(mail->reason),
        [SHOW_DETAIL] = CELL_STR(mail->detail),
        [SHOW_KEY] = mail->record.has_key ? CELL_STR(mail->record.key) : CELL_NONE,
        [SHOW_VALUE] = mail->record.has_value ? CELL_STR(mail->record.value) : CELL_NONE,
        [SHOW_ID] = envelope->id.n > 0 ? CELL_STR(envelope->id) : CELL_NONE,
    };

    if (reason != REJECT_NONE) {
        cells[SHOW_WHAT] = CELL_TEXT(reject_text(reason));
        cells[SHOW_REMEDY] = CELL_TEXT(reject_remedy(reason));
    }
    cells[SHOW_DECODED] = CELL_TEXT(decoded);
    cells[SHOW_REASON].tone = TONE_BAD;
    printer_fields(p, show_columns, N_SHOW, cells);
}

struct showing {
    struct printer *printer;
    const char *place;
    struct decoder *decoder;
    const struct dlq_selection *quarantine;
    bool found;
};

static bool show(void *self, const struct mail *mail)
{
    struct showing *s = self;
    char decoded[ERR_MSG_MAX + 64];
    struct envelope envelope = { 0 };
    struct reject reject = { 0 };
    struct err err = { 0 };

    if (decoder_decode(s->decoder, &mail->record, &envelope, &reject, &err) != ERR_OK ||
        reject.reason != REJECT_NONE)
        envelope = (struct envelope){ 0 };
    s->found = true;
    tell_decoded(&reject, &err, decoded, sizeof(decoded));
    print_fields(s->printer, mail, s->place, &envelope, decoded);
    print_operations(s->printer, &envelope);
    print_waiting(s->printer, mail, s->quarantine);
    print_headers(s->printer, mail);
    return false;
}

static enum exit_status run_show(struct invocation *in)
{
    CLEANUP(mailbox_release) struct mailbox m = { 0 };
    CLEANUP(printer_release) struct printer p = { 0 };
    struct letter_place place;
    struct mail_filter filter = { .any_state = true, .places = &place, .n_places = 1 };
    CLEANUP(dlq_selection_release) struct dlq_selection quarantine = { 0 };
    struct showing s = { .printer = &p, .place = in->words[0], .quarantine = &quarantine };
    struct err err = { 0 };
    enum err_code rc = decoder_new(invocation_values(in, &records_table), &s.decoder, &err);

    call_print(in, &p);
    if (!letter_place_parse(str_from(in->words[0]), &place))
        return EXIT_USAGE;
    if (rc == ERR_OK)
        rc = mailbox_open(&m, in, &err);
    if (rc == ERR_OK) {
        see_quarantine(in, &quarantine);
        rc = mailbox_each(&m, &filter, show, &s, &err);
    }
    decoder_free(s.decoder);
    if (rc == ERR_OK && !s.found)
        rc = err_set(&err, ERR_NOT_FOUND, "there is no dead letter of the record at %s",
                     in->words[0]);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    return call_end(&p, EXIT_DONE);
}

/* --- the tree --------------------------------------------------------------------------------- */

static void check(struct invocation *in)
{
    context_check_connection(in, CONNECTION_KAFKA);
    records_check(invocation_values(in, &records_table), &in->set);
    if (invocation_has(in, &dlq_filter_table))
        dlq_check_filter(in);
}

static void check_show(struct invocation *in)
{
    struct letter_place place;

    check(in);
    if (in->n_words > 0 && !letter_place_parse(str_from(in->words[0]), &place))
        option_set_problem(&in->set, "'%s' is no place in the log, such as 0:1234", in->words[0]);
}

static const struct option_table *const list_tables[] = {
    &dlq_filter_table, &list_table,       &dlq_reading_table, &records_table, &context_table,
    &print_table,      &connection_table, &rediswal_table,    NULL,
};
static const struct option_table *const show_tables[] = {
    &dlq_reading_table, &records_table,  &context_table, &print_table,
    &connection_table,  &rediswal_table, NULL,
};

static const struct verb verb_list = {
    .name = "list",
    .summary = "List dead letters: which record, why, and what was decided",
    .help = "Each rejected record is listed once, also when a crash stored it twice. WAITS, with\n"
            "-o wide and where Redis is named, says which of those it is that wait for its "
            "quarantined key:\n2/3 is the second of three.\n",
    .examples = "kubectl-redwal dlq list\n"
                "kubectl-redwal dlq list --reason redis-wrongtype --since 1h -o json\n"
                "kubectl-redwal dlq list --state all --key 'orders:*' -o wide\n",
    .tables = list_tables,
    .check = check,
    .run = run_list,
};

static const struct verb_word show_words[] = {
    { "PLACE", "Where the record is in the log: partition:offset, as `dlq list` shows it",
      .optional = false },
};
static const struct verb verb_show = {
    .name = "show",
    .summary = "Show a dead letter, its value decoded, and what to do about it",
    .help = "A value with a schema is decoded where --schema-registry is given. Where Redis is "
            "named, the\nquarantined keys that the record waits for are shown too.\n",
    .examples = "kubectl-redwal dlq show 3:1234\n",
    .words = show_words,
    .n_words = ARRAY_SIZE(show_words),
    .tables = show_tables,
    .check = check_show,
    .run = run_show,
};

static const struct verb *const verbs[] = {
    &verb_list, &verb_show, &verb_dlq_keys, &verb_dlq_retry, &verb_dlq_discard, NULL,
};

const struct verb verb_dlq = {
    .name = "dlq",
    .summary = "Dead letters: look at rejected records, retry or discard them",
    .help = "Only letters about records of --topic are looked at. A letter stays in its topic; "
            "what is\ndecided about it is a record behind it (docs/dead-letters.md).\n",
    .verbs = verbs,
};
