#include "redraw.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

static size_t lines_of(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* Elsewhere than on a terminal a blank line parts tables; JSON and YAML part themselves. */
static bool draw(struct redraw *r, struct terminal to, const char *text)
{
    if (to.is_terminal && r->n_lines > 0)
        fprintf(to.out, "\033[%zuA\033[J", r->n_lines);
    else if (r->n_lines > 0 && text[0] != '{' && text[0] != '-')
        fputc('\n', to.out);
    fputs(text, to.out);
    r->n_lines = lines_of(text);
    return fflush(to.out) == 0 && !ferror(to.out);
}

bool redraw(struct redraw *r, struct terminal to, redraw_fn *print, void *self)
{
    struct terminal memory = to;
    char *text = NULL;
    size_t n = 0;
    bool good;

    memory.out = open_memstream(&text, &n);
    PRE(memory.out);
    good = print(self, memory);
    fclose(memory.out);
    good = good && draw(r, to, text);
    free(text);
    return good;
}
