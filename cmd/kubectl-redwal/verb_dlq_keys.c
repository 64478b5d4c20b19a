/* `dlq keys`: which keys are quarantined, and what waits for them. */
#include <stdlib.h>

#include "base/glob.h"
#include "base/mem.h"
#include "call.h"
#include "cli/context.h"
#include "compare_options.h"
#include "dlq_options.h"
#include "dlq_selection.h"
#include "rediswal.h"
#include "verb_dlq.h"

struct keys_options {
    char *key;
};

/* clang-format off */
static const struct option_spec specs[] = {
    { "key", OPTION_TEXT, OPTION_FLAG, offsetof(struct keys_options, key), "GLOB", NULL, 1, 4096, NULL, "Which keys", "Only those that match, as Redis's KEYS does" },
};
/* clang-format on */

static const struct option_table table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct keys_options),
};

enum {
    ROW_PARTITION,
    ROW_KEY,
    ROW_SINCE,
    ROW_REASON,
    ROW_PARKED,
    ROW_RETRIED,
    ROW_STORED,
    ROW_FIRST,
    ROW_LAST,
    ROW_OBSTACLE,
    N_ROW
};

/* clang-format off */
static const struct column columns[N_ROW] = {
    [ROW_PARTITION] = { "partition", "PARTITION", COLUMN_COUNT, false, 0, 0 },
    [ROW_KEY]       = { "key",       "KEY",       COLUMN_BYTES, false, 0, 64 },
    [ROW_SINCE]     = { "since",     "SINCE",     COLUMN_TIME,  false, 0, 0 },
    [ROW_REASON]    = { "reason",    "REASON",    COLUMN_BYTES, false, 0, 0 },
    [ROW_PARKED]    = { "parked",    "PARKED",    COLUMN_COUNT, false, 0, 0 },
    [ROW_RETRIED]   = { "retried",   "RETRIED",   COLUMN_COUNT, false, 0, 0 },
    [ROW_STORED]    = { "letters",   "LETTERS",   COLUMN_COUNT, true,  0, 0 },
    [ROW_FIRST]     = { "first",     "FIRST",     COLUMN_COUNT, true,  0, 0 },
    [ROW_LAST]      = { "last",      "LAST",      COLUMN_COUNT, true,  0, 0 },
    [ROW_OBSTACLE]  = { "obstacle",  "OBSTACLE",  COLUMN_TEXT,  false, 0, 0 },
};
/* clang-format on */

/* The record that the quarantine began with, while its letter is there. */
static const struct mail *first_of(const struct dlq_selection *s, const struct parked_key *key)
{
    const struct letter_place place = { key->partition, key->state.first };

    return parked_find(&s->parked, place) ? &s->mails.list[dlq_mail_at(s, place)] : NULL;
}

static void fill(const struct dlq_selection *s, const struct parked_key *key, struct cell *row)
{
    const struct mail *first = first_of(s, key);

    row[ROW_PARTITION] = CELL_NUMBER(key->partition);
    row[ROW_KEY] = CELL_STR(key->key);
    if (first && first->record.timestamp_ms >= 0)
        row[ROW_SINCE] = CELL_NUMBER(first->record.timestamp_ms);
    if (first)
        row[ROW_REASON] = CELL_STR(first->reason);
    row[ROW_PARKED] = CELL_NUMBER(key->state.parked);
    row[ROW_RETRIED] = CELL_NUMBER(key->state.retried);
    row[ROW_STORED] = CELL_NUMBER(key->n_found);
    row[ROW_FIRST] = CELL_NUMBER(key->state.first);
    row[ROW_LAST] = CELL_NUMBER(key->state.last);
    if (key->obstacle != PARKED_NONE) {
        row[ROW_OBSTACLE] = CELL_TEXT(parked_obstacle_text(key->obstacle));
        row[ROW_OBSTACLE].tone = TONE_WARN;
    }
}

static enum exit_status report(const struct invocation *in, const struct dlq_selection *s)
{
    const struct keys_options *o = invocation_values(in, &table);
    CLEANUP(printer_release) struct printer p = { 0 };
    struct cell *cells = mem_new(s->parked.n_keys * N_ROW + 1, sizeof(*cells));
    size_t n = 0;

    for (size_t i = 0; i < s->parked.n_keys; i++)
        if (!o->key || glob_matches(str_from(o->key), s->parked.keys[i].key))
            fill(s, &s->parked.keys[i], cells + n++ * N_ROW);
    call_print(in, &p);
    printer_list(&p, "keys", columns, N_ROW, cells, n);
    free(cells);
    return call_end(&p, n > 0 ? EXIT_DIFFERENT : EXIT_DONE);
}

static enum exit_status run(struct invocation *in)
{
    CLEANUP(dlq_selection_release) struct dlq_selection s = { 0 };
    struct err err = { 0 };

    if (dlq_select(&s, in, &dlq_no_letter, DLQ_NO_PATIENCE, &err) != ERR_OK)
        return call_failed(in, &err);
    parked_choose_retries(&s.parked);
    return report(in, &s);
}

static void check(struct invocation *in)
{
    context_check_connection(in, CONNECTION_KAFKA | CONNECTION_REDIS);
    records_check(invocation_values(in, &records_table), &in->set);
}

static const struct option_table *const tables[] = {
    &table,       &dlq_reading_table, &records_table,  &context_table,
    &print_table, &connection_table,  &rediswal_table, NULL,
};

const struct verb verb_dlq_keys = {
    .name = "keys",
    .summary = "List quarantined keys: since when, why, and how many records wait",
    .help =
        "With --on-reject quarantine-key the records behind a rejected one wait. PARKED counts\n"
        "them, the rejected one included, and RETRIED those that were applied since. OBSTACLE "
        "says\n"
        "why `dlq retry` would leave a key alone. The exit status is 3 when there is any key.\n",
    .examples = "kubectl-redwal dlq keys\n"
                "kubectl-redwal dlq keys --key 'orders:*' -o wide\n",
    .tables = tables,
    .check = check,
    .run = run,
};
