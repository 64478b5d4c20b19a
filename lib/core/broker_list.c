#include "core/broker_list.h"

#include <ctype.h>
#include <string.h>

/* A host in full: of a Service, or a pod of one, the name before that of its namespace; of any
 * other all of it, and no namespace. */
struct host {
    struct str name, scope;
};

struct broker {
    struct host host;
    struct str port;
};

static struct str head_of(struct str s, size_t n)
{
    return (struct str){ s.p, n };
}

static struct str rest_of(struct str s, size_t n)
{
    return (struct str){ s.p + n, s.n - n };
}

/* True, and without it, where the text ends like that behind something. */
static bool cut_end(struct str *text, struct str end)
{
    if (text->n <= end.n || !str_eq_nocase(rest_of(*text, text->n - end.n), end))
        return false;
    text->n -= end.n;
    return true;
}

static size_t count_dots(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '.';
    return n;
}

/* Where the last one is; the text has some. */
static size_t last_dot(struct str s)
{
    size_t i = s.n;

    while (s.p[i - 1] != '.')
        i--;
    return i - 1;
}

/* A StatefulSet's: such a first word and another one are a pod of a Service of the same namespace,
 * where two others are a Service and a namespace. */
static bool begins_with_a_pod(struct str host)
{
    const char *dot = memchr(host.p, '.', host.n);
    const size_t end = dot ? (size_t)(dot - host.p) : host.n;
    size_t i = end;

    while (i > 0 && isdigit((unsigned char)host.p[i - 1]))
        i--;
    return i > 0 && i < end && host.p[i - 1] == '-';
}

static struct host split_scope(struct str name)
{
    const size_t dot = last_dot(name);

    return (struct host){ head_of(name, dot), rest_of(name, dot + 1) };
}

static struct host host_of(struct str text, struct str scope)
{
    struct str name = text;
    size_t n_dots;

    cut_end(&name, STR_LITERAL("."));
    if (cut_end(&name, STR_LITERAL(".svc.cluster.local")) || cut_end(&name, STR_LITERAL(".svc")))
        return count_dots(name) > 0 ? split_scope(name) : (struct host){ name, { "", 0 } };
    n_dots = count_dots(name);
    if (n_dots == 1 && !begins_with_a_pod(name))
        return split_scope(name);
    return (struct host){ name,
                          n_dots <= 1 && !memchr(name.p, ':', name.n) ? scope : STR_LITERAL("") };
}

static struct broker broker_of(struct str address, struct str scope)
{
    size_t i = address.n;

    while (i > 0 && isdigit((unsigned char)address.p[i - 1]))
        i--;
    if (i == 0 || address.p[i - 1] != ':')
        return (struct broker){ host_of(address, scope), { "", 0 } };
    return (struct broker){ host_of(head_of(address, i - 1), scope), rest_of(address, i) };
}

/* Cuts the next one off the list. */
static struct broker next_broker(struct broker_list *list)
{
    const struct str all = list->addresses;
    const char *comma = memchr(all.p, ',', all.n);
    const size_t n = comma ? (size_t)(comma - all.p) : all.n;

    list->addresses = rest_of(all, n + (comma != NULL));
    return broker_of(head_of(all, n), list->scope);
}

static bool is_same(const struct broker *a, const struct broker *b)
{
    return str_eq(a->port, b->port) && str_eq_nocase(a->host.name, b->host.name) &&
           str_eq_nocase(a->host.scope, b->host.scope);
}

static bool has(struct broker_list list, const struct broker *wanted)
{
    while (list.addresses.n > 0) {
        const struct broker broker = next_broker(&list);

        if (is_same(&broker, wanted))
            return true;
    }
    return false;
}

bool broker_lists_meet(const struct broker_list *a, const struct broker_list *b)
{
    struct broker_list left = *a;

    while (left.addresses.n > 0) {
        const struct broker broker = next_broker(&left);

        if (has(*b, &broker))
            return true;
    }
    return false;
}
