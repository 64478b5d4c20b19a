#include "core/connect_allow.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { SUFFIX_MAX = 128 };

struct place {
    struct str host, port; /* the port may be empty: any, or the scheme's */
};

static struct str rest_of(struct str s, size_t n)
{
    return (struct str){ s.p + n, s.n - n };
}

/* As far as all of these bytes go. */
static size_t span(struct str s, const char *others)
{
    size_t n = 0;

    while (n < s.n && (isalnum((unsigned char)s.p[n]) || (s.p[n] && strchr(others, s.p[n]))))
        n++;
    return n;
}

static bool is_port(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isdigit((unsigned char)s.p[i]))
            return false;
    return s.n > 0 && s.n <= 5;
}

/* Returns how much of `s` it is; 0: it begins with no host. */
static size_t read_place(struct str s, const char *others, struct place *ret)
{
    const bool is_v6 = s.n > 0 && s.p[0] == '[';
    size_t n = is_v6 ? 1 + span(rest_of(s, 1), ":.") : span(s, others);
    size_t n_port;

    if (is_v6 && (n == s.n || s.p[n++] != ']'))
        return 0;
    *ret = (struct place){ { s.p, n }, { 0 } };
    if (n == 0 || n == s.n || s.p[n] != ':')
        return n;
    n_port = span(rest_of(s, n + 1), "");
    ret->port = (struct str){ s.p + n + 1, n_port };
    return is_port(ret->port) ? n + 1 + n_port : 0;
}

static bool ends_with(struct str s, struct str end)
{
    return s.n > end.n && str_eq_nocase(rest_of(s, s.n - end.n), end);
}

/* "*" and "*.example" are the only patterns. */
static bool fits(const struct place *entry, const struct place *place)
{
    if (entry->port.n > 0 && !str_eq(entry->port, place->port))
        return false;
    if (entry->host.p[0] != '*')
        return str_eq_nocase(entry->host, place->host);
    return entry->host.n == 1 || ends_with(place->host, rest_of(entry->host, 1));
}

static bool is_entry(struct str s, struct place *ret)
{
    struct str tail;

    if (read_place(s, "*.-_", ret) != s.n || s.n == 0)
        return false;
    tail = ret->host.p[0] == '*' ? rest_of(ret->host, 1) : ret->host;
    return !memchr(tail.p, '*', tail.n) &&
           (ret->host.p[0] != '*' || tail.n == 0 || (tail.p[0] == '.' && tail.n > 1));
}

/* Cuts the next entry off the list. */
static struct str next_entry(struct str *list)
{
    const char *comma = memchr(list->p, ',', list->n);
    const struct str entry = { list->p, comma ? (size_t)(comma - list->p) : list->n };

    *list = rest_of(*list, entry.n + (comma != NULL));
    return entry;
}

bool connect_allow_is_good(struct str list)
{
    struct place ignored;

    if (list.n == 0 || list.p[list.n - 1] == ',')
        return false;
    while (list.n > 0)
        if (!is_entry(next_entry(&list), &ignored))
            return false;
    return true;
}

/* ".NAMESPACE.svc", one label before it. */
static bool is_service(struct str host, struct str scope, const char *domain)
{
    char suffix[SUFFIX_MAX];
    struct str end;

    snprintf(suffix, sizeof(suffix), ".%.*s.svc%s", STR_ARGS(scope), domain);
    end = str_from(suffix);
    return scope.n > 0 && ends_with(host, end) && !memchr(host.p, '.', host.n - end.n);
}

/* Behind the scheme: host and port, and at most a path. */
static bool read_url(struct str url, struct place *ret)
{
    const struct str http = STR_LITERAL("http://"), https = STR_LITERAL("https://");
    struct str rest;
    size_t n;

    if (!str_starts_with(url, http) && !str_starts_with(url, https))
        return false;
    rest = rest_of(url, str_starts_with(url, http) ? http.n : https.n);
    n = read_place(rest, ".-_", ret);
    return n > 0 && (n == rest.n || rest.p[n] == '/');
}

bool connect_is_allowed(struct str list, struct str scope, struct str url)
{
    struct place place, entry;

    if (!read_url(url, &place))
        return false;
    if (is_service(place.host, scope, "") || is_service(place.host, scope, ".cluster.local"))
        return true;
    while (list.n > 0)
        if (is_entry(next_entry(&list), &entry) && fits(&entry, &place))
            return true;
    return false;
}
