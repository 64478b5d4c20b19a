#include "core/kube_lines.h"

#include <string.h>

void kube_lines_init(struct kube_lines *l, size_t limit_bytes)
{
    buf_init(&l->partial, limit_bytes);
}

void kube_lines_release(struct kube_lines *l)
{
    buf_release(&l->partial);
}

static enum err_code keep(struct kube_lines *l, struct str bytes, struct err *err)
{
    if (buf_append_str(&l->partial, bytes))
        return ERR_OK;
    return err_set(err, ERR_LIMIT, "a line of the watch is longer than %zu bytes",
                   l->partial.limit);
}

static bool hand_on(struct str line, kube_line_fn *fn, void *self)
{
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line.n == 0 || fn(self, line);
}

enum err_code kube_lines_take(struct kube_lines *l, struct str bytes, kube_line_fn *fn, void *self,
                              struct err *err)
{
    const char *end;
    bool more = true;

    while (more && bytes.n > 0 && (end = memchr(bytes.p, '\n', bytes.n))) {
        const struct str piece = { bytes.p, (size_t)(end - bytes.p) };
        /* A line that is whole already is not copied, but no longer for that. */
        const bool whole = l->partial.n == 0 && piece.n <= l->partial.limit;
        const enum err_code rc = whole ? ERR_OK : keep(l, piece, err);

        if (rc != ERR_OK)
            return rc;
        more = hand_on(whole ? piece : buf_str(&l->partial), fn, self);
        buf_clear(&l->partial);
        buf_shrink(&l->partial, KUBE_LINE_KEEP_BYTES);
        bytes = (struct str){ end + 1, bytes.n - piece.n - 1 };
    }
    return more ? keep(l, bytes, err) : ERR_OK;
}
