#include "cli/cell.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/civil_time.h"

static const char ELLIPSIS[] = "\xe2\x80\xa6";

bool cell_is_number(enum column_type type)
{
    return type == COLUMN_COUNT || type == COLUMN_DURATION;
}

size_t text_width(struct str text)
{
    size_t width = 0;

    for (size_t i = 0; i < text.n; i++)
        width += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    return width;
}

/* Bytes of the character that begins here, as its first byte says; never past the end. */
static size_t character(struct str text)
{
    const unsigned char c = (unsigned char)text.p[0];
    const size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    return n < text.n ? n : text.n;
}

/* C0 and C1 control characters, which a terminal may obey. */
static bool is_control(struct str c)
{
    const unsigned char *p = (const unsigned char *)c.p;

    return (c.n == 1 && (p[0] < 0x20 || p[0] == 0x7f)) || (c.n == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

static void print_bytes(struct str text, size_t cut, struct buf *out)
{
    size_t n_done = 0;

    while (n_done < text.n) {
        const struct str rest = { text.p + n_done, text.n - n_done };
        struct str c = { rest.p, character(rest) };

        if (cut > 0 && n_done + c.n > cut) {
            buf_print(out, "%s", ELLIPSIS);
            return;
        }
        if (!str_is_utf8(c))
            c.n = 1;
        if (str_is_utf8(c) && !is_control(c))
            buf_print(out, "%.*s", STR_ARGS(c));
        else
            for (size_t i = 0; i < c.n; i++)
                buf_print(out, "\\x%02x", (unsigned)(unsigned char)c.p[i]);
        n_done += c.n;
    }
}

static bool needs_quotes(struct str word)
{
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] == ' ' || word.p[i] == '"')
            return true;
    return word.n == 0;
}

static void print_list(const struct cell *cell, size_t cut, struct buf *out)
{
    CLEANUP(buf_release) struct buf joined = { 0 };
    size_t n = 1;

    for (size_t i = 0; i < cell->n_list; i++)
        n += cell->list[i].n + 3;
    buf_init(&joined, n);
    for (size_t i = 0; i < cell->n_list; i++) {
        const char *quote = needs_quotes(cell->list[i]) ? "\"" : "";

        if (!buf_append_text(&joined, i > 0 ? " " : "") || !buf_append_text(&joined, quote) ||
            !buf_append_str(&joined, cell->list[i]) || !buf_append_text(&joined, quote))
            UNREACHABLE("it was counted");
    }
    print_bytes(buf_str(&joined), cut, out);
}

void duration_print(int64_t ms, struct buf *out)
{
    const int64_t s = ms / 1000;

    if (ms < 0) {
        buf_print(out, "-");
        duration_print(-ms, out);
    } else if (ms < 1000) {
        buf_print(out, "%dms", (int)ms);
    } else if (s < 10) {
        buf_print(out, "%d.%ds", (int)s, (int)(ms % 1000 / 100));
    } else if (s < 60) {
        buf_print(out, "%ds", (int)s);
    } else if (s < 3600) {
        buf_print(out, "%dm%02ds", (int)(s / 60), (int)(s % 60));
    } else if (s < 86400) {
        buf_print(out, "%dh%02dm", (int)(s / 3600), (int)(s / 60 % 60));
    } else {
        buf_print(out, "%" PRId64 "d%dh", s / 86400, (int)(s / 3600 % 24));
    }
}

void count_print(int64_t n, struct buf *out)
{
    char digits[24];
    const int length = snprintf(digits, sizeof(digits), "%" PRId64, n);

    for (int i = 0; i < length; i++) {
        buf_print(out, "%c", digits[i]);
        if (digits[i] != '-' && i + 1 < length && (length - i - 1) % 3 == 0)
            buf_print(out, ",");
    }
}

void cell_print(enum column_type type, const struct cell *cell, size_t cut, struct buf *out)
{
    char time[CIVIL_TIME_MAX];

    if (!cell->is_set) {
        buf_print(out, "-");
        return;
    }
    switch (type) {
    case COLUMN_TEXT:
    case COLUMN_BYTES:
        print_bytes(cell->text, cut, out);
        return;
    case COLUMN_LIST:
        print_list(cell, cut, out);
        return;
    case COLUMN_COUNT:
        buf_print(out, "%" PRId64, cell->number);
        return;
    case COLUMN_BOOL:
        buf_print(out, "%s", cell->number ? "yes" : "no");
        return;
    case COLUMN_TIME:
        civil_time_print(cell->number, time);
        buf_print(out, "%s", time);
        return;
    case COLUMN_DURATION:
        duration_print(cell->number, out);
        return;
    }
    UNREACHABLE("no such type");
}
