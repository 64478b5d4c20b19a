/* `context`: which connections have names, and which one is used when none is named. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "call.h"
#include "cli/context.h"
#include "tree.h"

enum list_column {
    LIST_CURRENT,
    LIST_NAME,
    LIST_WAL,
    LIST_BROKERS,
    LIST_TOPIC,
    LIST_REDIS,
    N_LIST
};

/* clang-format off */
static const struct column list_columns[N_LIST] = {
    [LIST_CURRENT] = { "current", "CURRENT", COLUMN_BOOL, false, 0, 0 },
    [LIST_NAME]    = { "name",    "NAME",    COLUMN_TEXT, false, 0, 0 },
    [LIST_WAL]     = { "wal",     "WAL",     COLUMN_TEXT, true,  0, 0 },
    [LIST_BROKERS] = { "brokers", "BROKERS", COLUMN_TEXT, false, 0, 40 },
    [LIST_TOPIC]   = { "topic",   "TOPIC",   COLUMN_TEXT, false, 0, 0 },
    [LIST_REDIS]   = { "redis",   "REDIS",   COLUMN_TEXT, false, 0, 40 },
};
/* clang-format on */

static enum err_code read_contexts(const struct invocation *in, struct contexts *ret,
                                   struct err *err)
{
    const struct context_options *o = invocation_values(in, &context_table);

    return contexts_read(in->environment, o->file, ret, err);
}

/* The context that is used: --context, else the current one. */
static const char *chosen(const struct invocation *in, const struct contexts *c)
{
    const struct context_options *o = invocation_values(in, &context_table);

    return o->name ? o->name : c->current;
}

static struct cell cell_of(const char *text)
{
    return text ? CELL_TEXT(text) : CELL_NONE;
}

static void list_row(const struct contexts *c, size_t i, const char *current, struct cell *row)
{
    const bool is_current = current && strcmp(current, c->names[i]) == 0;
    const char *redis = contexts_value(c, i, "redis");

    row[LIST_CURRENT] = CELL_NUMBER(is_current);
    row[LIST_NAME] = CELL_TEXT(c->names[i]);
    row[LIST_WAL] = cell_of(contexts_value(c, i, "wal"));
    row[LIST_BROKERS] = cell_of(contexts_value(c, i, "brokers"));
    row[LIST_TOPIC] = cell_of(contexts_value(c, i, "topic"));
    row[LIST_REDIS] = cell_of(redis ? redis : contexts_value(c, i, "sentinel"));
    if (is_current)
        row[LIST_CURRENT].tone = row[LIST_NAME].tone = TONE_GOOD;
}

static enum exit_status run_list(struct invocation *in)
{
    CLEANUP(contexts_release) struct contexts c = { 0 };
    CLEANUP(printer_release) struct printer p = { 0 };
    struct cell *cells;
    struct err err = { 0 };

    if (read_contexts(in, &c, &err) != ERR_OK)
        return call_failed(in, &err);
    cells = mem_new(c.n * N_LIST + 1, sizeof(*cells));
    for (size_t i = 0; i < c.n; i++)
        list_row(&c, i, chosen(in, &c), cells + i * N_LIST);
    if (c.n == 0)
        call_complain(in, "%s: there are no contexts", c.path);
    call_print(in, &p);
    printer_list(&p, "contexts", list_columns, N_LIST, cells, c.n);
    free(cells);
    return call_end(&p, EXIT_DONE);
}

static enum err_code find(const struct contexts *c, const char *name, size_t *ret_index,
                          struct err *err)
{
    if (!name)
        return err_set(err, ERR_NOT_FOUND, "%s: no context is current; name one", c->path);
    if (!contexts_find(c, name, ret_index))
        return err_set(err, ERR_NOT_FOUND,
                       "%s: there is no context '%s'; `context list` shows them", c->path, name);
    return ERR_OK;
}

static void print_settings(struct printer *p, const struct contexts *c, size_t context)
{
    struct column *columns = mem_new(c->n_settings + 1, sizeof(*columns));
    struct cell *cells = mem_new(c->n_settings + 1, sizeof(*cells));
    size_t n = 1;

    columns[0] = (struct column){ .name = "context", .heading = "context" };
    cells[0] = CELL_TEXT(c->names[context]);
    for (size_t i = 0; i < c->n_settings; i++) {
        const struct context_setting *s = &c->settings[i];

        if (s->context != context)
            continue;
        columns[n] = (struct column){ .name = s->name, .heading = s->name };
        cells[n++] = CELL_TEXT(s->value);
    }
    printer_fields(p, columns, n, cells);
    free(columns);
    free(cells);
}

static enum exit_status run_show(struct invocation *in)
{
    CLEANUP(contexts_release) struct contexts c = { 0 };
    CLEANUP(printer_release) struct printer p = { 0 };
    CLEANUP(buf_release) struct buf problems = { 0 };
    struct err err = { 0 };
    size_t context = 0;
    enum err_code rc = read_contexts(in, &c, &err);

    if (rc == ERR_OK)
        rc = find(&c, in->n_words > 0 ? in->words[0] : chosen(in, &c), &context, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    buf_init(&problems, OPTION_PROBLEMS_MAX_BYTES);
    contexts_judge(&c, context, &problems);
    fprintf(stderr, "%.*s", STR_ARGS(buf_str(&problems)));
    call_print(in, &p);
    print_settings(&p, &c, context);
    return call_end(&p, problems.n > 0 ? EXIT_DIFFERENT : EXIT_DONE);
}

static enum exit_status run_use(struct invocation *in)
{
    CLEANUP(contexts_release) struct contexts c = { 0 };
    struct err err = { 0 };
    size_t context;
    enum err_code rc = read_contexts(in, &c, &err);

    if (rc == ERR_OK)
        rc = find(&c, in->words[0], &context, &err);
    if (rc == ERR_OK)
        rc = contexts_use(&c, in->words[0], &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    printf("The current context is '%s' now.\n", in->words[0]);
    return EXIT_DONE;
}

static const struct option_table *const print_tables[] = { &context_table, &print_table, NULL };
static const struct option_table *const use_tables[] = { &context_table, NULL };

static const struct verb verb_list = {
    .name = "list",
    .summary = "List the contexts",
    .tables = print_tables,
    .run = run_list,
};

static const struct verb_word use_words[] = {
    { "NAME", "The context to make current", .completion = COMPLETE_CONTEXT },
};
static const struct verb verb_use = {
    .name = "use",
    .summary = "Make a context the current one",
    .help = "Changes the line `current` of the file and nothing else in it.\n",
    .words = use_words,
    .n_words = ARRAY_SIZE(use_words),
    .tables = use_tables,
    .run = run_use,
};

static const struct verb_word show_words[] = {
    { "NAME", "The context; the current one when absent", .optional = true,
      .completion = COMPLETE_CONTEXT },
};
static const struct verb verb_show = {
    .name = "show",
    .summary = "Show the settings of a context",
    .help = "What is wrong with them is said on standard error; the exit status is 3 then.\n",
    .words = show_words,
    .n_words = ARRAY_SIZE(show_words),
    .tables = print_tables,
    .run = run_show,
};

static const struct verb *const verbs[] = { &verb_list, &verb_use, &verb_show, NULL };

const struct verb verb_context = {
    .name = "context",
    .summary = "Named connections: list, choose and show them",
    .verbs = verbs,
};
