#include "cli/option_print.h"

#include <stdio.h>
#include <string.h>

#include "cli/option_args.h"
#include "cli/option_value.h"

enum { HELP_COLUMN = 38, HELP_WIDTH = 100, WORD_MAX = 64 };

static bool begins_group(const struct option_spec *specs, size_t i)
{
    return i == 0 || strcmp(specs[i - 1].group, specs[i].group) != 0;
}

/* "--topic TOPIC", "--[no-]redis-tls", "-h, --help" */
static void usage_of(const struct option_spec *spec, char *ret, size_t size)
{
    const char letter[] = { '-', option_letter(spec->name), ',', ' ', '\0' };

    snprintf(ret, size, "%s--%s%s%s%s", letter[1] ? letter : "",
             option_can_negate(spec) ? "[no-]" : "", spec->name, spec->argument ? " " : "",
             spec->argument ? spec->argument : "");
}

static const char *live_mark(const struct option_spec *spec, bool marks_live)
{
    return marks_live && spec->scope == OPTION_LIVE ? " (live)" : "";
}

/* "Least level that is logged; one of error, warn, info, debug (default info) (live)" */
static void describe(const struct option_spec *spec, bool marks_live, struct buf *out)
{
    buf_print(out, "%s", spec->help);
    for (size_t i = 0; spec->type == OPTION_CHOICE && spec->allowed[i]; i++)
        buf_print(out, "%s%s", i > 0 ? ", " : "; one of ", spec->allowed[i]);
    if (spec->fallback && spec->type != OPTION_BOOL)
        buf_print(out, " (default %s)", spec->fallback);
    buf_print(out, "%s", live_mark(spec, marks_live));
}

/* Breaks at blanks so that no line is longer than HELP_WIDTH; the first one has been begun. */
static void print_wrapped(struct str text, struct buf *out)
{
    size_t column = HELP_COLUMN;

    while (text.n > 0) {
        const char *blank = memchr(text.p, ' ', text.n);
        const size_t n = blank ? (size_t)(blank - text.p) : text.n;
        const bool first = column == HELP_COLUMN;

        if (!first && column + 1 + n > HELP_WIDTH) {
            buf_print(out, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        } else if (!first) {
            buf_print(out, " ");
            column++;
        }
        buf_print(out, "%.*s", (int)n, text.p);
        column += n;
        text = (struct str){ text.p + n + (blank ? 1 : 0), text.n - n - (blank ? 1 : 0) };
    }
    buf_print(out, "\n");
}

static void print_help_row(const struct option_spec *spec, bool marks_live, struct buf *out)
{
    CLEANUP(buf_release) struct buf text = { 0 };
    char usage[2 * WORD_MAX];

    buf_init(&text, OPTION_PRINT_MAX_BYTES);
    describe(spec, marks_live, &text);
    usage_of(spec, usage, sizeof(usage));
    buf_print(out, "  %-*s", HELP_COLUMN - 2, usage);
    print_wrapped(buf_str(&text), out);
}

static void print_help_rows(const struct option_spec *specs, size_t n, bool marks_live,
                            struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        if (begins_group(specs, i))
            buf_print(out, "\n%s:\n", specs[i].group);
        print_help_row(&specs[i], marks_live, out);
    }
}

void option_print_help_rows(const struct option_spec *specs, size_t n, struct buf *out)
{
    print_help_rows(specs, n, false, out);
}

void option_print_help(const struct program *p, struct buf *out)
{
    buf_print(out, "%s: %s\n\nUsage: %s\n", p->name, p->summary, p->synopsis);
    print_help_rows(p->specs, p->n_specs, p->reloads, out);
    buf_print(out, "\n%s", p->notes);
}

void option_print_yaml(struct str value, struct buf *out)
{
    buf_print(out, "\"");
    for (size_t i = 0; i < value.n; i++) {
        const unsigned char c = (unsigned char)value.p[i];

        if (c == '"' || c == '\\')
            buf_print(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            buf_print(out, "\\x%02x", c);
        else
            buf_print(out, "%c", c);
    }
    buf_print(out, "\"");
}

static bool is_plain_yaml(const struct option_spec *spec)
{
    return spec->type == OPTION_BOOL || spec->type == OPTION_INT || spec->type == OPTION_DURATION ||
           spec->type == OPTION_SIZE || spec->type == OPTION_CHOICE;
}

void option_print_config(const struct program *p, const void *values, struct buf *out)
{
    for (size_t i = 0; i < p->n_specs; i++) {
        const struct option_spec *spec = &p->specs[i];
        CLEANUP(buf_release) struct buf value = { 0 };

        if (!option_is_setting(spec))
            continue;
        buf_init(&value, OPTION_PRINT_MAX_BYTES);
        if (!option_value_print(spec, values, &value))
            continue;
        buf_print(out, "%s: ", spec->name);
        if (is_plain_yaml(spec))
            buf_print(out, "%.*s", STR_ARGS(buf_str(&value)));
        else
            option_print_yaml(buf_str(&value), out);
        buf_print(out, "\n");
    }
}

static void print_reference_row(const char *env_prefix, const struct option_spec *spec,
                                bool marks_live, struct buf *out)
{
    CLEANUP(buf_release) struct buf allowed = { 0 };
    char usage[2 * WORD_MAX], env[OPTION_ENV_MAX];

    buf_init(&allowed, OPTION_PRINT_MAX_BYTES);
    if (spec->type != OPTION_BOOL)
        option_value_print_allowed(spec, &allowed);
    usage_of(spec, usage, sizeof(usage));
    option_env_name(env_prefix, spec->name, env);
    buf_print(out, "| `%s` | ", usage);
    if (option_is_setting(spec) || spec->scope == OPTION_CALL)
        buf_print(out, "`%s`", env);
    buf_print(out, " | ");
    if (spec->fallback)
        buf_print(out, "`%s`", spec->fallback);
    buf_print(out, " | %.*s | %s%s |\n", STR_ARGS(buf_str(&allowed)), spec->help,
              live_mark(spec, marks_live));
}

static void print_reference_rows(const char *env_prefix, const char *heading,
                                 const struct option_spec *specs, size_t n, bool marks_live,
                                 struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        if (begins_group(specs, i))
            buf_print(out,
                      "\n%s %s\n\n| option | environment | default | allowed | meaning |\n"
                      "|---|---|---|---|---|\n",
                      heading, specs[i].group);
        print_reference_row(env_prefix, &specs[i], marks_live, out);
    }
}

void option_print_reference_rows(const char *env_prefix, const char *heading,
                                 const struct option_spec *specs, size_t n, struct buf *out)
{
    print_reference_rows(env_prefix, heading, specs, n, false, out);
}

void option_print_reference(const struct program *p, struct buf *out)
{
    buf_print(out, "# %s\n\n%s.\n\n    %s\n\n%s", p->name, p->summary, p->synopsis, p->notes);
    print_reference_rows(p->env_prefix, "##", p->specs, p->n_specs, p->reloads, out);
}

void option_print_problems(const struct program *p, const struct option_set *set, struct buf *out)
{
    struct str rest = buf_str(&set->problems);

    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        const size_t n = end ? (size_t)(end - rest.p) : rest.n;

        buf_print(out, "%s: %.*s\n", p->name, (int)n, rest.p);
        rest = (struct str){ rest.p + n + 1, rest.n - n - 1 };
    }
}
