#include "record_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/record_any.h"

enum { PART_MAX = 32, REJECTED_MAX = REJECT_DETAIL_MAX + 64 };

enum column_name {
    ROW_PARTITION,
    ROW_OFFSET,
    ROW_TIME,
    ROW_KEY,
    ROW_PART,
    ROW_COMMAND,
    ROW_ARGS,
    ROW_TTL,
    ROW_ID,
    ROW_REJECTED,
    N_ROW
};

/* clang-format off */
static const struct column columns[N_ROW] = {
    [ROW_PARTITION] = { "partition", "PARTITION", COLUMN_COUNT,    false, 0,  0 },
    [ROW_OFFSET]    = { "offset",    "OFFSET",    COLUMN_COUNT,    false, 10, 0 },
    [ROW_TIME]      = { "time",      "TIME",      COLUMN_TIME,     false, 24, 0 },
    [ROW_KEY]       = { "key",       "KEY",       COLUMN_BYTES,    false, 20, 64 },
    [ROW_PART]      = { "part",      "PART",      COLUMN_TEXT,     true,  4,  0 },
    [ROW_COMMAND]   = { "command",   "COMMAND",   COLUMN_BYTES,    false, 10, 24 },
    [ROW_ARGS]      = { "args",      "ARGS",      COLUMN_LIST,     false, 24, 80 },
    [ROW_TTL]       = { "ttlMs",     "TTL",       COLUMN_DURATION, false, 6,  0 },
    [ROW_ID]        = { "id",        "ID",        COLUMN_BYTES,    true,  12, 0 },
    [ROW_REJECTED]  = { "rejected",  "REJECTED",  COLUMN_TEXT,     false, 0,  0 },
};
/* clang-format on */

struct record_rows {
    struct printer *printer;
    struct decoder *decoder;
    uint64_t n_printed;
};

struct record_rows *record_rows_new(struct printer *p, struct decoder *decoder)
{
    struct record_rows *r = mem_new(1, sizeof(*r));

    r->printer = p;
    r->decoder = decoder;
    printer_stream(p, columns, N_ROW);
    return r;
}

void record_rows_free(struct record_rows *r)
{
    free(r);
}

uint64_t record_rows_printed(const struct record_rows *r)
{
    return r->n_printed;
}

static void begin_row(const struct record *record, struct cell *row)
{
    for (size_t i = 0; i < N_ROW; i++)
        row[i] = CELL_NONE;
    row[ROW_PARTITION] = CELL_NUMBER(record->partition);
    row[ROW_OFFSET] = CELL_NUMBER(record->offset);
    if (record->timestamp_ms >= 0)
        row[ROW_TIME] = CELL_NUMBER(record->timestamp_ms);
}

static bool end_row(struct record_rows *r, const struct cell *row)
{
    r->n_printed++;
    return printer_row(r->printer, row);
}

/* A record of which no operation is shown. */
static void begin_closed_row(const struct record *record, struct cell *row)
{
    begin_row(record, row);
    if (record->has_key)
        row[ROW_KEY] = CELL_STR(record->key);
}

static bool print_rejected(struct record_rows *r, const struct record *record,
                           const struct reject *reject)
{
    struct cell row[N_ROW];
    char text[REJECTED_MAX];

    begin_closed_row(record, row);
    snprintf(text, sizeof(text), "%s%s%s", reject_code(reject->reason),
             reject->detail[0] ? ": " : "", reject->detail);
    row[ROW_REJECTED] = CELL_TEXT(text);
    row[ROW_REJECTED].tone = TONE_BAD;
    return end_row(r, row);
}

/* It needs a schema that nobody tells. */
static bool print_framed(struct record_rows *r, const struct record *record, uint32_t schema,
                         const char *why)
{
    struct cell row[N_ROW];
    char part[PART_MAX];

    begin_closed_row(record, row);
    snprintf(part, sizeof(part), "schema %u", (unsigned)schema);
    row[ROW_COMMAND] = CELL_TEXT(part);
    row[ROW_COMMAND].tone = TONE_DIM;
    if (*why) {
        row[ROW_REJECTED] = CELL_TEXT(why);
        row[ROW_REJECTED].tone = TONE_WARN;
    }
    return end_row(r, row);
}

static bool print_mark(struct record_rows *r, const struct record *record, const struct mark *mark)
{
    struct cell row[N_ROW];
    char part[PART_MAX];

    begin_closed_row(record, row);
    snprintf(part, sizeof(part), "mark %lld", (long long)mark->sequence);
    row[ROW_COMMAND] = CELL_TEXT(part);
    row[ROW_COMMAND].tone = TONE_DIM;
    return end_row(r, row);
}

static bool print_operation(struct record_rows *r, const struct record *record,
                            const struct envelope *envelope, size_t i)
{
    const struct operation *op = &envelope->operations[i];
    struct cell row[N_ROW];
    char part[PART_MAX];

    begin_row(record, row);
    row[ROW_KEY] = CELL_STR(op->key);
    if (envelope->kind == ENVELOPE_ATOMIC) {
        snprintf(part, sizeof(part), "%zu/%zu", i + 1, envelope->n_operations);
        row[ROW_PART] = CELL_TEXT(part);
    }
    row[ROW_COMMAND] = CELL_STR(op->command);
    row[ROW_ARGS] = (struct cell){ .is_set = true, .list = op->args, .n_list = op->n_args };
    if (op->ttl_ms != OPERATION_TTL_NONE)
        row[ROW_TTL] = CELL_NUMBER(op->ttl_ms);
    if (envelope->id.n > 0)
        row[ROW_ID] = CELL_STR(envelope->id);
    return end_row(r, row);
}

static bool print_script(struct record_rows *r, const struct record *record,
                         const struct envelope *envelope, struct str key)
{
    const struct script_call *call = &envelope->script;
    struct cell row[N_ROW];

    begin_row(record, row);
    row[ROW_KEY] = CELL_STR(key);
    row[ROW_PART] = CELL_TEXT("script");
    row[ROW_COMMAND] = CELL_STR(call->name);
    row[ROW_ARGS] = (struct cell){ .is_set = true, .list = call->args, .n_list = call->n_args };
    if (envelope->id.n > 0)
        row[ROW_ID] = CELL_STR(envelope->id);
    return end_row(r, row);
}

/* What the record asks for. A skip or a release asks for nothing. */
static bool print_envelope(struct record_rows *r, const struct record *record,
                           const struct envelope *envelope, record_key_fn *likes, const void *self)
{
    const struct script_call *call = &envelope->script;
    bool good = true;

    for (size_t i = 0; good && i < envelope->n_operations; i++)
        if (!likes || likes(self, envelope->operations[i].key))
            good = print_operation(r, record, envelope, i);
    for (size_t i = 0; good && envelope->kind == ENVELOPE_SCRIPT && i < call->n_keys; i++)
        if (!likes || likes(self, call->keys[i]))
            good = print_script(r, record, envelope, call->keys[i]);
    if (envelope->kind == ENVELOPE_MARK && (!likes || likes(self, record->key)))
        good = print_mark(r, record, &envelope->mark);
    return good;
}

bool record_rows_print(struct record_rows *r, const struct record *record, record_key_fn *likes,
                       const void *self)
{
    struct envelope envelope = { 0 };
    struct reject reject = { 0 };
    struct err err = { 0 };
    const bool is_liked = !likes || likes(self, record->key);
    const bool is_answered = decoder_decode(r->decoder, record, &envelope, &reject, &err) == ERR_OK;
    uint32_t schema;

    if (is_answered && reject.reason == REJECT_NONE)
        return print_envelope(r, record, &envelope, likes, self);
    if (!is_liked)
        return true;
    if (record_any_schema_id(record, &schema) &&
        (!is_answered || !decoder_has_registry(r->decoder)))
        return print_framed(r, record, schema, err.msg);
    return print_rejected(r, record, &reject);
}
