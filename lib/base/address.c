#include "base/address.h"

#include <string.h>

static bool host_is_plain(struct str host)
{
    for (size_t i = 0; i < host.n; i++)
        if (host.p[i] <= ' ' || host.p[i] == 0x7f || strchr("[],/@", host.p[i]))
            return false;
    return host.n <= ADDRESS_HOST_MAX;
}

bool address_parse(struct str text, struct address *ret_address)
{
    struct str host;
    int64_t port;
    size_t colon = text.n;

    while (colon > 0 && text.p[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return false;
    if (!str_to_int64((struct str){ text.p + colon, text.n - colon }, &port) || port < 0 ||
        port > ADDRESS_PORT_MAX)
        return false;

    host = (struct str){ text.p, colon - 1 };
    if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (struct str){ host.p + 1, host.n - 2 };
    else if (host.n > 0 && memchr(host.p, ':', host.n))
        return false;
    if (!host_is_plain(host))
        return false;
    *ret_address = (struct address){ host, (uint16_t)port };
    return true;
}

static struct str trim(struct str s)
{
    while (s.n > 0 && s.p[0] == ' ')
        s = (struct str){ s.p + 1, s.n - 1 };
    while (s.n > 0 && s.p[s.n - 1] == ' ')
        s.n--;
    return s;
}

bool address_list_next(struct str *list, struct str *ret_element)
{
    const char *comma;
    size_t n;

    if (!list->p)
        return false;
    comma = memchr(list->p, ',', list->n);
    n = comma ? (size_t)(comma - list->p) : list->n;
    *ret_element = trim((struct str){ list->p, n });
    *list = comma ? (struct str){ comma + 1, list->n - n - 1 } : (struct str){ NULL, 0 };
    return true;
}
