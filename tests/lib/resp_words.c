#include "resp_words.h"

#include <stdbool.h>
#include <string.h>

/* "<mark><number>\r\n" */
static bool read_length(struct str *resp, char mark, size_t *ret)
{
    size_t i = 1;

    *ret = 0;
    if (resp->n == 0 || resp->p[0] != mark)
        return false;
    for (; i < resp->n && resp->p[i] >= '0' && resp->p[i] <= '9'; i++)
        *ret = *ret * 10 + (size_t)(resp->p[i] - '0');
    if (i == 1 || i + 2 > resp->n || memcmp(resp->p + i, "\r\n", 2) != 0)
        return false;
    *resp = (struct str){ resp->p + i + 2, resp->n - i - 2 };
    return true;
}

size_t resp_words(struct str *resp, struct str *ret_words, size_t max)
{
    size_t n, length;

    if (!read_length(resp, '*', &n) || n > max)
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (!read_length(resp, '$', &length) || length + 2 > resp->n ||
            memcmp(resp->p + length, "\r\n", 2) != 0)
            return 0;
        ret_words[i] = (struct str){ resp->p, length };
        *resp = (struct str){ resp->p + length + 2, resp->n - length - 2 };
    }
    return n;
}
