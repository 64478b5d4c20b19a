#include "core/service_name.h"

#include <string.h>

#include "base/check.h"

enum { LABELS_MAX = 8 };

/* Cuts at the dots; 0: none, or too many labels. */
static size_t split(struct str host, struct str ret[LABELS_MAX])
{
    size_t n = 0;

    while (n < LABELS_MAX) {
        const char *dot = memchr(host.p, '.', host.n);
        const size_t length = dot ? (size_t)(dot - host.p) : host.n;

        if (length == 0)
            return 0;
        ret[n++] = (struct str){ host.p, length };
        if (!dot)
            return n;
        host = (struct str){ dot + 1, host.n - length - 1 };
    }
    return 0;
}

static bool is_label(struct str s)
{
    bool letter = false;

    for (size_t i = 0; i < s.n; i++) {
        const char c = s.p[i];

        letter = letter || (c >= 'a' && c <= 'z');
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return letter;
}

bool service_name_parse(struct str host, struct str scope, struct service_name *ret)
{
    struct str labels[LABELS_MAX];
    const size_t n = host.n > 0 ? split(host, labels) : 0;
    size_t svc = 0;

    if (n == 0 || !is_label(labels[0]))
        return false;
    while (svc < n && !str_eq(labels[svc], STR_LITERAL("svc")))
        svc++;
    if (n == 1 && !str_eq(host, STR_LITERAL("localhost")))
        *ret = (struct service_name){ "svc", labels[0], scope };
    else if (svc == 2 && svc < n)
        *ret = (struct service_name){ "svc", labels[0], labels[1] };
    else if (svc == 3 && svc < n)
        *ret = (struct service_name){ "pod", labels[0], labels[2] };
    else
        return false;
    return true;
}
