#include "resp_stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { STREAM_MAX = 64 * 1024 * 1024, VALUE_BYTES_MIN = 3 };

struct cursor {
    const char *at, *end;
};

void resp_stream_init(struct resp_stream *s)
{
    *s = (struct resp_stream){ 0 };
    buf_init(&s->bytes, STREAM_MAX);
}

void resp_stream_release(struct resp_stream *s)
{
    buf_release(&s->bytes);
    free(s->nodes);
    *s = (struct resp_stream){ 0 };
}

void resp_stream_feed(struct resp_stream *s, const char *bytes, size_t n)
{
    buf_consume(&s->bytes, s->n_taken);
    s->n_taken = 0;
    if (n > 0 && !buf_append(&s->bytes, bytes, n))
        UNREACHABLE("simulations are small");
}

static bool line(struct cursor *c, struct str *ret)
{
    const char *end = c->at;

    while (end + 1 < c->end && !(end[0] == '\r' && end[1] == '\n'))
        end++;
    if (end + 1 >= c->end)
        return false;
    *ret = (struct str){ c->at, (size_t)(end - c->at) };
    c->at = end + 2;
    return true;
}

static bool value(struct resp_stream *s, struct cursor *c, struct reply *ret);

static bool elements(struct resp_stream *s, struct cursor *c, size_t n, struct reply *ret)
{
    struct reply *first = s->nodes + s->n_nodes;

    if (s->n_nodes + n > s->capacity) /* fewer bytes are here than so many values take */
        return false;
    s->n_nodes += n;
    for (size_t i = 0; i < n; i++)
        if (!value(s, c, &first[i]))
            return false;
    ret->elements = first;
    ret->n_elements = n;
    return true;
}

static bool text(struct cursor *c, size_t n, struct reply *ret)
{
    if ((size_t)(c->end - c->at) < n + 2)
        return false;
    ret->text = (struct str){ c->at, n };
    c->at += n + 2;
    return true;
}

static bool value(struct resp_stream *s, struct cursor *c, struct reply *ret)
{
    struct str head;
    int64_t n = 0;
    char mark;

    *ret = (struct reply){ 0 };
    if (c->at == c->end)
        return false;
    mark = *c->at++;
    if (!line(c, &head))
        return false;
    if (mark == '+' || mark == '-') {
        ret->type = mark == '+' ? REPLY_STATUS : REPLY_ERROR;
        ret->text = head;
        return true;
    }
    if (!str_to_int64(head, &n))
        UNREACHABLE("both sides speak RESP");
    ret->type = mark == ':' ? REPLY_INTEGER : mark == '$' ? REPLY_STRING : REPLY_ARRAY;
    ret->integer = n;
    if (mark == ':')
        return true;
    if (n < 0) {
        ret->type = REPLY_NIL;
        return true;
    }
    return mark == '$' ? text(c, (size_t)n, ret) : elements(s, c, (size_t)n, ret);
}

const struct reply *resp_stream_next(struct resp_stream *s)
{
    struct cursor c;
    size_t most;

    buf_consume(&s->bytes, s->n_taken);
    s->n_taken = 0;
    most = s->bytes.n / VALUE_BYTES_MIN + 1;
    if (most > s->capacity) {
        s->nodes = mem_resize(s->nodes, most, sizeof(*s->nodes));
        s->capacity = most;
    }
    s->n_nodes = 1;
    if (s->bytes.n == 0)
        return NULL;
    c = (struct cursor){ s->bytes.p, s->bytes.p + s->bytes.n };
    if (!value(s, &c, &s->nodes[0]))
        return NULL;
    s->n_taken = (size_t)(c.at - s->bytes.p);
    return &s->nodes[0];
}
