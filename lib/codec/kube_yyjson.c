#include "codec/kube_yyjson.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil_time.h"

enum { SECONDS_DIGITS = 19 }; /* of "2026-11-22T13:05:07" */

yyjson_doc *kube_yyjson_read(struct str text, struct err *err)
{
    yyjson_read_err why;
    /* Without the flag that it may write there, yyjson does not. */
    char *const bytes = (char *)(uintptr_t)text.p;
    yyjson_doc *doc = yyjson_read_opts(bytes, text.n, YYJSON_READ_NUMBER_AS_RAW, NULL, &why);

    if (!doc)
        err_set(err, ERR_CORRUPT, "not JSON at byte %zu: %s", why.pos, why.msg);
    return doc;
}

void kube_yyjson_free(yyjson_doc **doc)
{
    yyjson_doc_free(*doc);
}

void kube_yyjson_mut_free(yyjson_mut_doc **doc)
{
    yyjson_mut_doc_free(*doc);
}

struct str kube_yyjson_str(yyjson_val *object, const char *key)
{
    yyjson_val *v = yyjson_obj_get(object, key);

    return yyjson_is_str(v) ? (struct str){ yyjson_get_str(v), yyjson_get_len(v) }
                            : (struct str){ 0 };
}

struct str kube_yyjson_take(struct arena *memory, yyjson_val *object, const char *key)
{
    const struct str text = kube_yyjson_str(object, key);
    char *copy;

    if (text.n == 0)
        return (struct str){ 0 };
    copy = arena_take(memory, text.n);
    memcpy(copy, text.p, text.n);
    return (struct str){ copy, text.n };
}

bool kube_yyjson_bool(yyjson_val *object, const char *key)
{
    return yyjson_get_bool(yyjson_obj_get(object, key));
}

bool kube_yyjson_number(yyjson_val *v, int64_t *ret)
{
    return yyjson_is_raw(v) &&
           str_to_int64((struct str){ yyjson_get_raw(v), yyjson_get_len(v) }, ret);
}

int64_t kube_yyjson_int(yyjson_val *object, const char *key, int64_t otherwise)
{
    int64_t value;

    return kube_yyjson_number(yyjson_obj_get(object, key), &value) ? value : otherwise;
}

bool kube_yyjson_copy(yyjson_val *object, const char *key, char *to, size_t size)
{
    const struct str s = kube_yyjson_str(object, key);

    if (s.n >= size || (s.n > 0 && memchr(s.p, '\0', s.n)))
        return false;
    if (s.n > 0)
        memcpy(to, s.p, s.n);
    to[s.n] = '\0';
    return true;
}

const char *kube_yyjson_keep(yyjson_val *object, const char *key, struct arena *arena)
{
    const struct str text = kube_yyjson_str(object, key);
    char *copy;

    if (!text.p)
        return NULL;
    copy = arena_take(arena, text.n + 1);
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return copy;
}

void kube_yyjson_add(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, struct str text)
{
    yyjson_mut_obj_add_strn(doc, object, key, text.n > 0 ? text.p : "", text.n);
}

yyjson_mut_val *kube_yyjson_time(yyjson_mut_doc *doc, int64_t wall_ms)
{
    char text[CIVIL_TIME_MAX], cut[CIVIL_TIME_MAX];

    if (wall_ms < 0)
        return NULL;
    civil_time_print(wall_ms, text);
    snprintf(cut, sizeof(cut), "%.*sZ", SECONDS_DIGITS, text);
    return yyjson_mut_strcpy(doc, cut);
}

struct str kube_yyjson_readable(struct str text)
{
    while (text.n > 0 && !str_is_utf8(text))
        text.n--;
    return text;
}

bool kube_yyjson_write(yyjson_mut_doc *doc, struct buf *out)
{
    size_t n;
    char *text = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, &n);
    const bool fits = text && buf_append(out, text, n);

    free(text);
    return fits;
}
