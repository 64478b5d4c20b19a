#include "core/connect_url.h"

#include <ctype.h>
#include <string.h>

#include "base/check.h"
#include "core/broker_list.h"

static const struct {
    struct str begin, port;
} schemes[] = {
    { { "http://", 7 }, { "80", 2 } },
    { { "https://", 8 }, { "443", 3 } },
};

struct address {
    size_t scheme;
    struct str host, port, path;
};

static struct str head_of(struct str s, size_t n)
{
    return (struct str){ s.p, n };
}

static struct str rest_of(struct str s, size_t n)
{
    return (struct str){ s.p + n, s.n - n };
}

/* Returns it without its scheme, or an empty text. */
static struct str cut_scheme(struct str url, size_t *ret_scheme)
{
    for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
        const size_t n = schemes[i].begin.n;

        *ret_scheme = i;
        if (url.n > n && str_eq_nocase(head_of(url, n), schemes[i].begin))
            return rest_of(url, n);
    }
    return STR_LITERAL("");
}

/* It is one host, and no user stands before it. */
static bool is_host(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isalnum((unsigned char)s.p[i]) && (!s.p[i] || !strchr(".-_[]:", s.p[i])))
            return false;
    return s.n > 0;
}

/* Returns it, or an empty text. */
static struct str cut_port(struct str *place)
{
    struct str port;
    size_t i = place->n;

    while (i > 0 && isdigit((unsigned char)place->p[i - 1]))
        i--;
    if (i == 0 || place->p[i - 1] != ':')
        return STR_LITERAL("");
    port = rest_of(*place, i);
    place->n = i - 1;
    return port;
}

static bool read_address(struct str url, struct address *ret)
{
    const struct str rest = cut_scheme(url, &ret->scheme);
    const char *slash = rest.n > 0 ? memchr(rest.p, '/', rest.n) : NULL;

    ret->host = head_of(rest, slash ? (size_t)(slash - rest.p) : rest.n);
    ret->path = rest_of(rest, ret->host.n);
    ret->port = cut_port(&ret->host);
    if (ret->port.n == 0)
        ret->port = schemes[ret->scheme].port;
    while (ret->path.n > 0 && ret->path.p[ret->path.n - 1] == '/')
        ret->path.n--;
    return is_host(ret->host);
}

static bool is_same_host(struct str a, struct str b)
{
    const struct broker_list one = { a, STR_LITERAL("") }, other = { b, STR_LITERAL("") };

    return broker_lists_meet(&one, &other);
}

bool connect_url_is_same(struct str a, struct str b)
{
    struct address one, other;

    if (!read_address(a, &one) || !read_address(b, &other))
        return str_eq(a, b);
    return one.scheme == other.scheme && str_eq(one.port, other.port) &&
           str_eq(one.path, other.path) && is_same_host(one.host, other.host);
}
