#include "core/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void token_release(struct token *t)
{
    free(t->parts);
    *t = (struct token){ 0 };
}

bool token_add(struct token *t, int32_t partition, int64_t offset)
{
    size_t at = 0;

    while (at < t->n && t->parts[at].partition < partition)
        at++;
    if (at < t->n && t->parts[at].partition == partition) {
        if (offset > t->parts[at].offset)
            t->parts[at].offset = offset;
        return true;
    }
    if (t->n == TOKEN_PARTITIONS_MAX)
        return false;
    t->parts = mem_resize(t->parts, t->n + 1, sizeof(*t->parts));
    memmove(t->parts + at + 1, t->parts + at, (t->n - at) * sizeof(*t->parts));
    t->parts[at] = (struct token_part){ partition, offset };
    t->n++;
    return true;
}

/* Cuts the text in front of `c` off; all of it when there is no `c`. */
static struct str cut(struct str *rest, char c)
{
    const char *at = rest->n > 0 ? memchr(rest->p, c, rest->n) : NULL;
    const size_t n = at ? (size_t)(at - rest->p) : rest->n;
    const struct str first = { rest->p, n };

    *rest = (struct str){ rest->p + n + (at ? 1 : 0), rest->n - n - (at ? 1 : 0) };
    return first;
}

bool token_parse(struct token *t, struct str text)
{
    bool more = true;

    while (more) {
        struct str part, number;
        int64_t partition, offset;

        more = text.n > 0 && memchr(text.p, ',', text.n);
        part = cut(&text, ',');
        number = cut(&part, ':');
        if (!str_to_int64(number, &partition) || !str_to_int64(part, &offset) || partition < 0 ||
            partition > INT32_MAX || offset < 0 || !token_add(t, (int32_t)partition, offset))
            return false;
    }
    return true;
}

void token_print(const struct token *t, struct buf *out)
{
    for (size_t i = 0; i < t->n; i++)
        buf_print(out, "%s%d:%lld", i > 0 ? "," : "", (int)t->parts[i].partition,
                  (long long)t->parts[i].offset);
}
