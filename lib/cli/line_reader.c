#include "cli/line_reader.h"

void line_reader_init(struct line_reader *r, FILE *from, size_t max_bytes)
{
    *r = (struct line_reader){ .from = from };
    buf_init(&r->line, max_bytes);
}

void line_reader_release(struct line_reader *r)
{
    buf_release(&r->line);
}

enum line_result line_reader_next(struct line_reader *r, struct str *ret_line)
{
    bool fits = true, any = false;
    int c;

    buf_clear(&r->line);
    while ((c = getc_unlocked(r->from)) != EOF && c != '\n') {
        const char byte = (char)c;

        fits = fits && buf_append(&r->line, &byte, 1);
        any = true;
    }
    if (ferror(r->from))
        return LINE_FAILED;
    if (c == EOF && !any)
        return LINE_END;
    r->number++;
    if (!fits)
        return LINE_TOO_LONG;
    if (r->line.n > 0 && r->line.p[r->line.n - 1] == '\r')
        r->line.n--;
    *ret_line = buf_str(&r->line);
    return LINE_READ;
}
