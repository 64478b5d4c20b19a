#include "cli/print.h"

#include <string.h>

#include "cli/option_table.h"
#include "cli/print_json.h"

enum { LINE_MAX_BYTES = 64 * 1024 * 1024, GAP = 3 };

static const char *const formats[] = { "table", "wide", "json", "yaml", NULL };

static const struct option_spec specs[] = {
    { "output", OPTION_CHOICE, OPTION_CALL, offsetof(struct print_options, format), "FORMAT",
      "table", 0, 0, formats, "Output", "Form of what is printed" },
    { "no-headers", OPTION_BOOL, OPTION_FLAG, offsetof(struct print_options, no_headers), NULL,
      "false", 0, 0, NULL, "Output", "Leave the headings of tables out" },
};

const struct option_table print_table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct print_options),
};

static bool is_table(const struct printer *p)
{
    return p->format == PRINT_TABLE || p->format == PRINT_WIDE;
}

void printer_init(struct printer *p, const struct print_options *o, struct terminal to)
{
    *p = (struct printer){
        .format = (enum print_format)o->format,
        .headers = !o->no_headers,
        .to = to,
    };
    if (!is_table(p))
        p->document = json_object();
}

void printer_release(struct printer *p)
{
    json_decref(p->document);
    *p = (struct printer){ 0 };
}

/* --- tables ----------------------------------------------------------------------------------- */

static const char *const tones[] = {
    [TONE_PLAIN] = "",       [TONE_GOOD] = "\033[32m", [TONE_WARN] = "\033[33m",
    [TONE_BAD] = "\033[31m", [TONE_DIM] = "\033[2m",
};
/* What is unknown is not good or bad. */
static const char *tone_of(const struct cell *cell)
{
    return tones[cell->is_set ? cell->tone : TONE_DIM];
}

#define HEADING_TONE "\033[1m"
#define TONE_END     "\033[0m"

static bool is_shown(const struct printer *p, const struct column *c)
{
    return !c->wide || p->format == PRINT_WIDE;
}

static size_t cut_of(const struct printer *p, const struct column *c)
{
    return p->format == PRINT_WIDE ? 0 : c->shown_bytes;
}

static void print_toned(const struct printer *p, const char *tone, struct str text,
                        struct buf *line)
{
    const bool coloured = p->to.colour && *tone;

    buf_print(line, "%s%.*s%s", coloured ? tone : "", STR_ARGS(text), coloured ? TONE_END : "");
}

/* Text in a field of `width`, blanks in front of numbers and behind the rest. */
static void print_padded(const struct printer *p, const char *tone, struct str text, size_t width,
                         bool right, bool last, struct buf *line)
{
    const size_t n = text_width(text);
    const int blanks = n < width ? (int)(width - n) : 0;

    if (right)
        buf_print(line, "%*s", blanks, "");
    print_toned(p, tone, text, line);
    if (!last)
        buf_print(line, "%*s", (right ? 0 : blanks) + GAP, "");
}

static size_t last_shown(const struct printer *p, const struct column *columns, size_t n)
{
    while (n > 1 && !is_shown(p, &columns[n - 1]))
        n--;
    return n - 1;
}

static void print_headings(const struct printer *p, const struct column *columns, size_t n,
                           const size_t *widths, struct buf *line)
{
    const size_t last = last_shown(p, columns, n);

    for (size_t i = 0; i <= last; i++)
        if (is_shown(p, &columns[i]))
            print_padded(p, HEADING_TONE, str_from(columns[i].heading), widths[i],
                         cell_is_number(columns[i].type), i == last, line);
    buf_print(line, "\n");
}

static void print_row(const struct printer *p, const struct column *columns, size_t n,
                      const size_t *widths, const struct cell *cells, struct buf *line)
{
    const size_t last = last_shown(p, columns, n);
    CLEANUP(buf_release) struct buf text = { 0 };

    buf_init(&text, LINE_MAX_BYTES);
    for (size_t i = 0; i <= last; i++) {
        if (!is_shown(p, &columns[i]))
            continue;
        buf_clear(&text);
        cell_print(columns[i].type, &cells[i], cut_of(p, &columns[i]), &text);
        print_padded(p, tone_of(&cells[i]), buf_str(&text), widths[i],
                     cell_is_number(columns[i].type), i == last, line);
    }
    buf_print(line, "\n");
}

static void widen(const struct printer *p, const struct column *columns, size_t n,
                  const struct cell *cells, size_t *widths)
{
    CLEANUP(buf_release) struct buf text = { 0 };

    buf_init(&text, LINE_MAX_BYTES);
    for (size_t i = 0; i < n; i++) {
        buf_clear(&text);
        cell_print(columns[i].type, &cells[i], cut_of(p, &columns[i]), &text);
        if (text_width(buf_str(&text)) > widths[i])
            widths[i] = text_width(buf_str(&text));
    }
}

static bool write_out(struct printer *p, const struct buf *text)
{
    p->begun = true;
    return fwrite(text->p ? text->p : "", 1, text->n, p->to.out) == text->n;
}

static void print_table_rows(struct printer *p, const struct column *columns, size_t n,
                             const struct cell *cells, size_t n_rows)
{
    CLEANUP(buf_release) struct buf text = { 0 };
    size_t widths[PRINT_COLUMNS_MAX];

    buf_init(&text, LINE_MAX_BYTES);
    for (size_t i = 0; i < n; i++)
        widths[i] = p->headers ? strlen(columns[i].heading) : 0;
    for (size_t i = 0; i < n_rows; i++)
        widen(p, columns, n, cells + i * n, widths);
    if (p->begun)
        buf_print(&text, "\n");
    if (p->headers)
        print_headings(p, columns, n, widths, &text);
    for (size_t i = 0; i < n_rows; i++)
        print_row(p, columns, n, widths, cells + i * n, &text);
    p->failed = !write_out(p, &text) || p->failed;
}

/* --- a document ------------------------------------------------------------------------------- */

void printer_fields(struct printer *p, const struct column *columns, size_t n,
                    const struct cell *cells)
{
    CLEANUP(buf_release) struct buf text = { 0 };
    size_t width = 0;

    if (p->document) {
        json_t *row = print_json_row(columns, n, cells);

        json_object_update(p->document, row);
        json_decref(row);
        return;
    }
    buf_init(&text, LINE_MAX_BYTES);
    for (size_t i = 0; i < n; i++)
        if (is_shown(p, &columns[i]) && strlen(columns[i].heading) > width)
            width = strlen(columns[i].heading);
    for (size_t i = 0; i < n; i++) {
        CLEANUP(buf_release) struct buf value = { 0 };

        if (!is_shown(p, &columns[i]))
            continue;
        buf_init(&value, LINE_MAX_BYTES);
        cell_print(columns[i].type, &cells[i], cut_of(p, &columns[i]), &value);
        print_padded(p, HEADING_TONE, str_from(columns[i].heading), width, false, false, &text);
        print_toned(p, tone_of(&cells[i]), buf_str(&value), &text);
        buf_print(&text, "\n");
    }
    p->failed = !write_out(p, &text) || p->failed;
}

void printer_list(struct printer *p, const char *name, const struct column *columns, size_t n,
                  const struct cell *cells, size_t n_rows)
{
    json_t *array;

    PRE(n <= PRINT_COLUMNS_MAX);
    if (!p->document) {
        print_table_rows(p, columns, n, cells, n_rows);
        return;
    }
    array = json_array();
    for (size_t i = 0; i < n_rows; i++)
        json_array_append_new(array, print_json_row(columns, n, cells + i * n));
    json_object_set_new(p->document, name, array);
}

static bool write_document(struct printer *p, const json_t *value, bool lines)
{
    if (p->format == PRINT_JSON)
        return print_json_write(value, lines, p->to.out);
    if (lines && fputs("---\n", p->to.out) == EOF)
        return false;
    return print_yaml_write(value, p->to.out);
}

bool printer_end(struct printer *p)
{
    if (p->document)
        p->failed = !write_document(p, p->document, p->one_of_many) || p->failed;
    return fflush(p->to.out) == 0 && !p->failed;
}

/* --- a stream --------------------------------------------------------------------------------- */

static void stream_widths(const struct printer *p, size_t *ret_widths)
{
    for (size_t i = 0; i < p->n_columns; i++) {
        const size_t heading = p->headers ? strlen(p->columns[i].heading) : 0;

        ret_widths[i] = p->columns[i].width > heading ? p->columns[i].width : heading;
    }
}

void printer_stream(struct printer *p, const struct column *columns, size_t n)
{
    PRE(n <= PRINT_COLUMNS_MAX);
    p->columns = columns;
    p->n_columns = n;
}

bool printer_row(struct printer *p, const struct cell *cells)
{
    CLEANUP(buf_release) struct buf text = { 0 };
    size_t widths[PRINT_COLUMNS_MAX];
    bool good;

    if (p->document) {
        json_t *row = print_json_row(p->columns, p->n_columns, cells);

        good = write_document(p, row, true);
        json_decref(row);
    } else {
        buf_init(&text, LINE_MAX_BYTES);
        stream_widths(p, widths);
        if (p->headers && !p->begun)
            print_headings(p, p->columns, p->n_columns, widths, &text);
        print_row(p, p->columns, p->n_columns, widths, cells, &text);
        good = write_out(p, &text);
    }
    return fflush(p->to.out) == 0 && good;
}
