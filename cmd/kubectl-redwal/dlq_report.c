#include "dlq_report.h"

#include <stdlib.h>

#include "base/mem.h"

static void free_text(struct str text)
{
    free((char *)(uintptr_t)text.p);
}

static struct str copy(struct str text)
{
    return (struct str){ mem_copy_text(text.p ? text.p : "", text.n), text.n };
}

void dlq_report_release(struct dlq_report *r)
{
    for (size_t i = 0; i < r->n_letters; i++) {
        free_text(r->letters[i].key);
        free_text(r->letters[i].reason);
    }
    for (size_t i = 0; i < r->n_keys; i++)
        free_text(r->keys[i].key);
    free(r->letters);
    free(r->keys);
    *r = (struct dlq_report){ 0 };
}

static bool find_letter(const struct dlq_report *r, struct letter_place source, size_t *ret)
{
    for (*ret = 0; *ret < r->n_letters; ++*ret)
        if (r->letters[*ret].source.partition == source.partition &&
            r->letters[*ret].source.offset == source.offset)
            return true;
    return false;
}

size_t dlq_report_letter(struct dlq_report *r, const struct mail *mail, bool is_new)
{
    size_t found;

    if (!is_new && find_letter(r, mail->letter->source, &found))
        return found;
    r->letters = mem_resize(r->letters, r->n_letters + 1, sizeof(*r->letters));
    r->letters[r->n_letters] = (struct dlq_letter_fate){
        .source = mail->letter->source,
        .has_key = mail->record.has_key,
        .key = copy(mail->record.key),
        .reason = copy(mail->reason),
    };
    return r->n_letters++;
}

struct dlq_key_fate *dlq_report_key(struct dlq_report *r, const struct parked_key *key)
{
    size_t i = 0;

    while (i < r->n_keys &&
           (r->keys[i].partition != key->partition || !str_eq(r->keys[i].key, key->key)))
        i++;
    if (i == r->n_keys) {
        r->keys = mem_resize(r->keys, r->n_keys + 1, sizeof(*r->keys));
        r->keys[r->n_keys++] = (struct dlq_key_fate){
            .partition = key->partition,
            .key = copy(key->key),
            .token = key->state.token,
        };
    }
    r->keys[i].parked = key->state.parked;
    r->keys[i].retried = key->state.retried;
    return &r->keys[i];
}

/* --- printing --------------------------------------------------------------------------------- */

enum { ROW_PARTITION, ROW_OFFSET, ROW_KEY, ROW_REASON, ROW_OUTCOME, ROW_RETRY, ROW_TROUBLE, N_ROW };
enum { KEY_PARTITION, KEY_KEY, KEY_PARKED, KEY_RETRIED, KEY_OUTCOME, KEY_TROUBLE, N_KEY };

/* clang-format off */
static const struct column letter_columns[N_ROW] = {
    [ROW_PARTITION] = { "partition", "PARTITION",  COLUMN_COUNT, false, 0, 0 },
    [ROW_OFFSET]    = { "offset",    "OFFSET",     COLUMN_COUNT, false, 0, 0 },
    [ROW_KEY]       = { "key",       "KEY",        COLUMN_BYTES, false, 0, 64 },
    [ROW_REASON]    = { "reason",    "REASON",     COLUMN_BYTES, false, 0, 0 },
    [ROW_OUTCOME]   = { "outcome",   "OUTCOME",    COLUMN_TEXT,  false, 0, 0 },
    [ROW_RETRY]     = { "retriedAs", "RETRIED-AS", COLUMN_TEXT,  false, 0, 0 },
    [ROW_TROUBLE]   = { "trouble",   "TROUBLE",    COLUMN_TEXT,  false, 0, 0 },
};
static const struct column key_columns[N_KEY] = {
    [KEY_PARTITION] = { "partition", "PARTITION", COLUMN_COUNT, false, 0, 0 },
    [KEY_KEY]       = { "key",       "KEY",       COLUMN_BYTES, false, 0, 64 },
    [KEY_PARKED]    = { "parked",    "PARKED",    COLUMN_COUNT, false, 0, 0 },
    [KEY_RETRIED]   = { "retried",   "RETRIED",   COLUMN_COUNT, false, 0, 0 },
    [KEY_OUTCOME]   = { "outcome",   "OUTCOME",   COLUMN_TEXT,  false, 0, 0 },
    [KEY_TROUBLE]   = { "trouble",   "TROUBLE",   COLUMN_TEXT,  false, 0, 0 },
};
/* clang-format on */

/* Nobody came to look, when it ended before. */
static const char *outcome_of(const struct dlq_letter_fate *fate)
{
    if (fate->outcome)
        return fate->outcome;
    return fate->is_written ? "written, not applied yet" : "failed";
}

static size_t print_letters(const struct dlq_report *r, struct printer *p)
{
    struct cell *cells = mem_new(r->n_letters * N_ROW + 1, sizeof(*cells));
    size_t n_bad = 0;

    for (size_t i = 0; i < r->n_letters; i++) {
        const struct dlq_letter_fate *fate = &r->letters[i];
        struct cell *row = cells + i * N_ROW;

        n_bad += !fate->is_good;
        row[ROW_PARTITION] = CELL_NUMBER(fate->source.partition);
        row[ROW_OFFSET] = CELL_NUMBER(fate->source.offset);
        row[ROW_KEY] = fate->has_key ? CELL_STR(fate->key) : CELL_NONE;
        row[ROW_REASON] = CELL_STR(fate->reason);
        row[ROW_OUTCOME] = CELL_TEXT(outcome_of(fate));
        row[ROW_OUTCOME].tone = fate->is_good ? TONE_GOOD : TONE_BAD;
        if (fate->wrote_text[0])
            row[ROW_RETRY] = CELL_TEXT(fate->wrote_text);
        if (fate->trouble[0])
            row[ROW_TROUBLE] = CELL_TEXT(fate->trouble);
    }
    printer_list(p, "letters", letter_columns, N_ROW, cells, r->n_letters);
    free(cells);
    return n_bad;
}

static size_t print_keys(const struct dlq_report *r, struct printer *p)
{
    struct cell *cells = mem_new(r->n_keys * N_KEY + 1, sizeof(*cells));
    size_t n_bad = 0;

    for (size_t i = 0; i < r->n_keys; i++) {
        const struct dlq_key_fate *fate = &r->keys[i];
        struct cell *row = cells + i * N_KEY;

        n_bad += !fate->is_good;
        row[KEY_PARTITION] = CELL_NUMBER(fate->partition);
        row[KEY_KEY] = CELL_STR(fate->key);
        row[KEY_PARKED] = CELL_NUMBER(fate->parked);
        row[KEY_RETRIED] = CELL_NUMBER(fate->retried);
        row[KEY_OUTCOME] = CELL_TEXT(fate->outcome);
        row[KEY_OUTCOME].tone = fate->is_good ? TONE_GOOD : TONE_BAD;
        if (fate->trouble[0])
            row[KEY_TROUBLE] = CELL_TEXT(fate->trouble);
    }
    if (r->n_keys > 0 || p->format == PRINT_JSON || p->format == PRINT_YAML)
        printer_list(p, "keys", key_columns, N_KEY, cells, r->n_keys);
    free(cells);
    return n_bad;
}

enum exit_status dlq_report_print(const struct dlq_report *r, const struct invocation *in,
                                  enum exit_status status)
{
    CLEANUP(printer_release) struct printer p = { 0 };
    size_t n_bad;

    call_print(in, &p);
    n_bad = print_letters(r, &p);
    n_bad += print_keys(r, &p);
    return call_end(&p, status == EXIT_DONE && n_bad > 0 ? EXIT_INCOMPLETE : status);
}
