/* `explain`: what the applier would do with a record, by the applier's own code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/script_files.h"
#include "base/mem.h"
#include "call.h"
#include "cli/context.h"
#include "codec/record_any.h"
#include "compare_options.h"
#include "core/resp.h"
#include "judge.h"
#include "link.h"
#include "mailbox.h"
#include "rediswal.h"
#include "runtime/clock.h"
#include "tree.h"

enum {
    VALUE_MAX_BYTES = 256 * 1024 * 1024,
    READ_BYTES = 64 * 1024,
    COMMANDS_SHOWN = 1000,
    WORDS_SHOWN = 1000,
};

struct explain_options {
    char *key, *time;
    bool dlq;
};

#define AT(field) offsetof(struct explain_options, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "key",  OPTION_TEXT, OPTION_FLAG, AT(key),  "KEY",  NULL, 1, 65536, NULL, "The record", "Key of the message, for a value that is given here" },
    { "time", OPTION_TEXT, OPTION_FLAG, AT(time), "WHEN", NULL, 1, 64,    NULL, "The record", "Its timestamp: a time such as 2026-01-31T12:00Z, or how long ago, such as 10m; now when unset" },
    { "dlq",  OPTION_BOOL, OPTION_FLAG, AT(dlq),  NULL, "false", 0, 0,    NULL, "The record", "Take the record at PLACE from the dead-letter topic, also when the log no longer has it" },
};
/* clang-format on */

static const struct option_table table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct explain_options),
};

/* --- the record ------------------------------------------------------------------------------- */

/* One that outlives whoever delivered it. */
struct kept {
    struct record record;
    char *key, *value;
    bool found;
};

static void kept_release(struct kept *k)
{
    free(k->key);
    free(k->value);
}

static void keep(struct kept *k, const struct record *record)
{
    k->record = *record;
    k->key = mem_copy_text(record->key.p ? record->key.p : "", record->key.n);
    k->value = mem_copy_text(record->value.p ? record->value.p : "", record->value.n);
    k->record.key.p = k->key;
    k->record.value.p = k->value;
    k->found = true;
}

static bool keep_first(void *self, const struct record *record)
{
    keep(self, record);
    return false;
}

static bool keep_mail(void *self, const struct mail *mail)
{
    keep(self, &mail->record);
    return false;
}

static enum err_code fetch_from_log(const struct invocation *in, struct letter_place place,
                                    struct kept *ret, struct err *err)
{
    CLEANUP(scan_release) struct scan scan = { 0 };
    enum err_code rc = scan_prepare(in, link_options(in)->topic, &scan, err);

    if (rc == ERR_OK)
        rc = scan_only(&scan, place.partition, err);
    if (rc != ERR_OK)
        return rc;
    if (place.offset < scan.from[place.partition] || place.offset >= scan.until[place.partition])
        return err_set(err, ERR_NOT_FOUND, "partition %d holds the offsets from %lld to %lld",
                       (int)place.partition, (long long)scan.from[place.partition],
                       (long long)scan.until[place.partition] - 1);
    scan.from[place.partition] = place.offset;
    scan.until[place.partition] = place.offset + 1;
    return scan_run(&scan, false, keep_first, ret, err);
}

static enum err_code fetch_letter(const struct invocation *in, struct letter_place place,
                                  struct kept *ret, struct err *err)
{
    CLEANUP(mailbox_release) struct mailbox m = { 0 };
    const struct mail_filter filter = { .any_state = true, .places = &place, .n_places = 1 };
    const enum err_code rc = mailbox_open(&m, in, err);

    return rc == ERR_OK ? mailbox_each(&m, &filter, keep_mail, ret, err) : rc;
}

static enum err_code fetch(const struct invocation *in, struct letter_place place, struct kept *ret,
                           struct err *err)
{
    const struct explain_options *o = invocation_values(in, &table);
    const enum err_code rc =
        o->dlq ? fetch_letter(in, place, ret, err) : fetch_from_log(in, place, ret, err);

    if (rc == ERR_OK && !ret->found)
        return err_set(err, ERR_NOT_FOUND, "there is no %s at %d:%lld",
                       o->dlq ? "dead letter of the record" : "record", (int)place.partition,
                       (long long)place.offset);
    return rc;
}

static enum err_code read_input(struct buf *ret, struct err *err)
{
    size_t n;

    do {
        if (!buf_reserve(ret, READ_BYTES))
            return err_set(err, ERR_LIMIT, "standard input is longer than %d MiB",
                           (int)(VALUE_MAX_BYTES >> 20));
        n = fread(ret->p + ret->n, 1, READ_BYTES, stdin);
        ret->n += n;
    } while (n > 0);
    while (ret->n > 0 && (ret->p[ret->n - 1] == '\n' || ret->p[ret->n - 1] == '\r'))
        ret->n--;
    return ERR_OK;
}

static enum err_code take_given(const struct invocation *in, struct kept *ret, struct err *err)
{
    const struct explain_options *o = invocation_values(in, &table);
    CLEANUP(buf_release) struct buf input = { 0 };
    struct record record = { .has_key = o->key != NULL, .key = str_from(o->key) };
    enum err_code rc = ERR_OK;

    buf_init(&input, VALUE_MAX_BYTES);
    if (strcmp(in->words[0], "-") == 0)
        rc = read_input(&input, err);
    record.value = input.p ? buf_str(&input) : str_from(in->words[0]);
    record.has_value = true;
    record.timestamp_ms = clock_wall_ms();
    if (o->time && !scan_time_of(o->time, clock_wall_ms(), &record.timestamp_ms))
        record.timestamp_ms = -1;
    if (rc == ERR_OK)
        keep(ret, &record);
    return rc;
}

/* --- printing --------------------------------------------------------------------------------- */

enum {
    FIELD_VERDICT,
    FIELD_REASON,
    FIELD_WHAT,
    FIELD_DETAIL,
    FIELD_REMEDY,
    FIELD_LATER,
    FIELD_KEYS,
    FIELD_TIME,
    FIELD_COMMANDS,
    FIELD_FAILS,
    N_FIELD
};

/* clang-format off */
static const struct column field_columns[N_FIELD] = {
    [FIELD_VERDICT]  = { "verdict",    "verdict",      COLUMN_TEXT,  false, 0, 0 },
    [FIELD_REASON]   = { "reason",     "reason",       COLUMN_TEXT,  false, 0, 0 },
    [FIELD_WHAT]     = { "what",       "what happens", COLUMN_TEXT,  false, 0, 0 },
    [FIELD_DETAIL]   = { "detail",     "detail",       COLUMN_BYTES, false, 0, 0 },
    [FIELD_REMEDY]   = { "remedy",     "what to do",   COLUMN_TEXT,  false, 0, 0 },
    [FIELD_LATER]    = { "later",      "and then",     COLUMN_TEXT,  false, 0, 0 },
    [FIELD_KEYS]     = { "keys",       "keys",         COLUMN_LIST,  false, 0, 0 },
    [FIELD_TIME]     = { "time",       "time",         COLUMN_TIME,  false, 0, 0 },
    [FIELD_COMMANDS] = { "nCommands",  "commands",     COLUMN_COUNT, false, 0, 0 },
    [FIELD_FAILS]    = { "mayFailFor", "may fail for", COLUMN_TEXT,  false, 0, 0 },
};
static const struct column command_columns[] = {
    { "words", "WHAT REDIS IS TOLD", COLUMN_LIST, false, 0, 400 },
};
/* clang-format on */

static const char *const failures[] = {
    [FAILS_NEVER] = "nothing",
    [FAILS_TYPE] = "another type of the key",
    [FAILS_VALUE] = "the type of the key, or what it or the arguments hold",
};

/* In the order of enum applier_on_reject. */
static const char *const later[] = {
    [ON_REJECT_SKIP] = "later records of its keys are applied",
    [ON_REJECT_QUARANTINE_KEY] = "later records of its keys wait until it is retried or discarded",
    [ON_REJECT_HALT] = "its partition is held",
};

static void print_commands(struct printer *p, struct str commands)
{
    struct cell *cells = mem_new(COMMANDS_SHOWN, sizeof(*cells));
    struct str *words = mem_new((size_t)COMMANDS_SHOWN * WORDS_SHOWN, sizeof(*words));
    size_t n = 0, n_words;

    while (n < COMMANDS_SHOWN &&
           resp_take(&commands, words + n * WORDS_SHOWN, WORDS_SHOWN, &n_words)) {
        cells[n] = (struct cell){ .is_set = true, .list = words + n * WORDS_SHOWN };
        cells[n++].n_list = n_words < WORDS_SHOWN ? n_words : WORDS_SHOWN;
    }
    printer_list(p, "commands", command_columns, ARRAY_SIZE(command_columns), cells, n);
    free(cells);
    free(words);
}

static enum exit_status report(const struct invocation *in, const struct record *record,
                               const struct prepared *prepared, struct str commands)
{
    const struct folding_options *o = invocation_values(in, &folding_table);
    CLEANUP(printer_release) struct printer p = { 0 };
    const struct reject *reject = prepared->reject;
    struct cell cells[N_FIELD] = {
        [FIELD_VERDICT] = CELL_TEXT(reject ? "rejected" : "applied"),
        [FIELD_WHAT] = CELL_TEXT(reject ? reject_text(reject->reason)
                                        : "Redis is told the commands below, once"),
    };

    if (record->timestamp_ms >= 0)
        cells[FIELD_TIME] = CELL_NUMBER(record->timestamp_ms);
    if (reject) {
        cells[FIELD_REASON] = CELL_TEXT(reject_code(reject->reason));
        cells[FIELD_DETAIL] = CELL_TEXT(reject->detail);
        cells[FIELD_REMEDY] = CELL_TEXT(reject_remedy(reject->reason));
        cells[FIELD_LATER] = CELL_TEXT(later[o->on_reject]);
    } else {
        cells[FIELD_KEYS] =
            (struct cell){ .is_set = true, .list = prepared->keys, .n_list = prepared->n_keys };
        cells[FIELD_COMMANDS] = CELL_NUMBER(prepared->n_commands);
        cells[FIELD_FAILS] = CELL_TEXT(failures[prepared->failure]);
    }
    cells[FIELD_VERDICT].tone = reject ? TONE_BAD : TONE_GOOD;
    call_print(in, &p);
    printer_fields(&p, field_columns, N_FIELD, cells);
    print_commands(&p, commands);
    return call_end(&p, reject ? EXIT_DIFFERENT : EXIT_DONE);
}

/* --- running ---------------------------------------------------------------------------------- */

static enum exit_status explain(const struct invocation *in, const struct record *record,
                                const struct script_set *scripts, struct decoder *decoder)
{
    const struct folding_options *o = invocation_values(in, &folding_table);
    struct judge *judge = judge_new((size_t)o->max_record_bytes, scripts, decoder);
    struct prepared prepared;
    struct str commands;
    struct err err = { 0 };
    const enum exit_status status =
        judge_record(judge, record, &prepared, &commands, &err) == ERR_OK
            ? report(in, record, &prepared, commands)
            : call_failed(in, &err);

    judge_free(judge);
    return status;
}

/* Whether the applier has a registry that knows it, nobody can tell from here. */
static enum err_code check_schema(const struct decoder *decoder, const struct record *record,
                                  struct err *err)
{
    uint32_t schema;

    if (decoder_has_registry(decoder) || !record_any_schema_id(record, &schema))
        return ERR_OK;
    return err_set(err, ERR_INVALID,
                   "the record was written with schema %u of a registry: give --schema-registry",
                   (unsigned)schema);
}

static enum exit_status run(struct invocation *in)
{
    const struct folding_options *o = invocation_values(in, &folding_table);
    CLEANUP(kept_release) struct kept kept = { 0 };
    struct script_files *scripts = NULL;
    struct decoder *decoder = NULL;
    struct letter_place place;
    enum exit_status status;
    struct err err = { 0 };
    enum err_code rc = decoder_new(invocation_values(in, &records_table), &decoder, &err);

    if (rc == ERR_OK && o->scripts)
        rc = script_files_new(o->scripts, &scripts, &err);
    if (rc == ERR_OK)
        rc = letter_place_parse(str_from(in->words[0]), &place) ? fetch(in, place, &kept, &err)
                                                                : take_given(in, &kept, &err);
    if (rc == ERR_OK)
        rc = check_schema(decoder, &kept.record, &err);
    if (rc == ERR_OK)
        status = explain(in, &kept.record, scripts ? script_files_set(scripts) : NULL, decoder);
    else
        status = call_failed(in, &err);
    decoder_free(decoder);
    script_files_free(scripts);
    return status;
}

static void check(struct invocation *in)
{
    const struct explain_options *o = invocation_values(in, &table);
    struct letter_place place;
    int64_t ms;

    records_check(invocation_values(in, &records_table), &in->set);
    if (in->n_words > 0 && letter_place_parse(str_from(in->words[0]), &place))
        context_check_connection(in, CONNECTION_KAFKA);
    else if (o->dlq)
        option_set_problem(&in->set, "--dlq: needs a place in the log, such as 0:1234");
    if (o->time && !scan_time_of(o->time, 0, &ms))
        option_set_problem(&in->set, "--time: '%s' is neither a time nor how long ago", o->time);
}

static const struct verb_word words[] = {
    { "RECORD", "Its value as JSON, \"-\" for standard input, or its place: partition:offset",
      .optional = false },
};

static const struct option_table *const tables[] = {
    &table,       &folding_table,    &records_table,  &context_table,
    &print_table, &connection_table, &rediswal_table, NULL,
};

const struct verb verb_explain = {
    .name = "explain",
    .summary = "Say what the applier would do with a record, and why",
    .help =
        "Judged by the applier's own code, as on a Redis that has every command, and with every\n"
        "partition allowed to an envelope's keys. Kafka is asked only for a record that is named "
        "by\nits place, the registry for a record with a schema; Redis never is, so what it would "
        "answer is\nnot known. The exit status is 3 "
        "for a\nrecord that would be rejected.\n",
    .examples = "kubectl-redwal explain "
                "'{\"v\":1,\"key\":\"a\",\"command\":\"EXPIRE\",\"args\":[\"60\"]}'\n"
                "kubectl-redwal explain 3:1234\n"
                "kubectl-redwal explain 3:1234 --dlq -o json\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = tables,
    .check = check,
    .run = run,
};
