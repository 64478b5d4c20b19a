#include "codec/redact.h"

#include <string.h>

#include "codec/kube_yyjson.h"

enum { DEPTH_MAX = 64, TOKEN_MIN = 20 };

/* --- names ------------------------------------------------------------------------------------ */

static const char *const secret_words[] = {
    "password", "passwd",     "passphrase", "secret",     "token",         "credential",
    "apikey",   "privatekey", "accesskey",  "signingkey", "authorization", "cookie",
};
/* Where it is, or what it is called, and not what it is. */
static const char *const harmless_ends[] = { "name", "path", "file", "ref", "refs", "secrets" };

/* In lower case and without what joins words; what is longer is cut. */
struct plain {
    char text[128];
    size_t n;
};

static struct plain plain_of(struct str name)
{
    struct plain p = { .n = 0 };

    for (size_t i = 0; i < name.n && p.n < sizeof(p.text); i++)
        if (name.p[i] != '-' && name.p[i] != '_' && name.p[i] != '.')
            p.text[p.n++] = str_lower(name.p[i]);
    return p;
}

static bool has(const struct plain *p, const char *word)
{
    const size_t n = strlen(word);

    for (size_t i = 0; i + n <= p->n; i++)
        if (memcmp(p->text + i, word, n) == 0)
            return true;
    return false;
}

static bool ends_with(const struct plain *p, const char *word)
{
    const size_t n = strlen(word);

    return p->n >= n && memcmp(p->text + p->n - n, word, n) == 0;
}

bool redact_is_secret_name(struct str name)
{
    const struct plain p = plain_of(name);

    for (size_t i = 0; i < ARRAY_SIZE(harmless_ends); i++)
        if (ends_with(&p, harmless_ends[i]))
            return false;
    for (size_t i = 0; i < ARRAY_SIZE(secret_words); i++)
        if (has(&p, secret_words[i]))
            return true;
    return false;
}

/* --- text ------------------------------------------------------------------------------------- */

struct scan {
    struct str text;
    size_t at;
    struct buf *out;
    bool fits;
};

static void copy_until(struct scan *s, size_t end)
{
    s->fits = s->fits && buf_append(s->out, s->text.p + s->at, end - s->at);
    s->at = end;
}

static void leave_out_until(struct scan *s, size_t end)
{
    s->fits = s->fits && buf_append_text(s->out, REDACTED);
    s->at = end;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

static size_t skip(const struct scan *s, size_t at, const char *any)
{
    while (at < s->text.n && s->text.p[at] != '\0' && strchr(any, s->text.p[at]))
        at++;
    return at;
}

static size_t find_end(const struct scan *s, size_t at, const char *any)
{
    while (at < s->text.n && (s->text.p[at] == '\0' || !strchr(any, s->text.p[at])))
        at++;
    return at;
}

static bool starts(const struct scan *s, size_t at, const char *with)
{
    const size_t n = strlen(with);

    return at + n <= s->text.n && memcmp(s->text.p + at, with, n) == 0;
}

/* Behind a secret's name: `": "value"`, `=value`, `: value`, also where quotes are escaped. */
static void take_value(struct scan *s)
{
    const size_t sign = skip(s, skip(s, s->at, "\\\"'"), " \t");
    const char quotes[] = "\\\"'";
    size_t begin;

    if (sign >= s->text.n || (s->text.p[sign] != ':' && s->text.p[sign] != '='))
        return;
    begin = skip(s, sign + 1, " \t=");
    if (begin < s->text.n && s->text.p[begin] != '\0' && strchr(quotes, s->text.p[begin])) {
        begin = skip(s, begin, quotes);
        copy_until(s, begin);
        leave_out_until(s, find_end(s, begin, "\\\"'\n"));
        return;
    }
    copy_until(s, begin);
    if (begin < s->text.n && !strchr("[{\n", s->text.p[begin]))
        leave_out_until(s, find_end(s, begin, "\n,;&}"));
}

/* "Bearer x" and "Basic x"; a JSON web token. */
static bool take_token(struct scan *s, size_t word_end)
{
    const bool named = starts(s, s->at, "Bearer ") || starts(s, s->at, "Basic ");

    if (named) {
        copy_until(s, word_end + 1);
        leave_out_until(s, find_end(s, s->at, " \t\n\"'\\,;"));
        return true;
    }
    if (!starts(s, s->at, "eyJ") || word_end - s->at < TOKEN_MIN)
        return false;
    leave_out_until(s, word_end);
    return true;
}

static void take_word(struct scan *s)
{
    size_t end = s->at;

    while (end < s->text.n && is_word(s->text.p[end]))
        end++;
    if (take_token(s, end))
        return;
    {
        const bool secret = redact_is_secret_name((struct str){ s->text.p + s->at, end - s->at });

        copy_until(s, end);
        if (secret)
            take_value(s);
    }
}

/* The password in "scheme://user:password@host". */
static void take_url(struct scan *s)
{
    const size_t end = find_end(s, s->at + 3, "/ \t\n\"'\\?#");
    size_t at_sign = end;

    while (at_sign > s->at && s->text.p[at_sign - 1] != '@')
        at_sign--;
    copy_until(s, s->at + 3);
    if (at_sign > s->at)
        leave_out_until(s, at_sign - 1);
}

/* From "-----BEGIN" of a private key to the end of its last line. */
static void take_key(struct scan *s)
{
    static const char last[] = "-----END";
    size_t end = s->at;

    while (end < s->text.n && !starts(s, end, last))
        end++;
    end = find_end(s, end < s->text.n ? end + sizeof(last) - 1 : end, "\n\"\\");
    leave_out_until(s, end);
}

static bool is_private_key(const struct scan *s)
{
    const size_t end = find_end(s, s->at, "\n");
    static const char words[] = "PRIVATE KEY-----";

    if (!starts(s, s->at, "-----BEGIN "))
        return false;
    for (size_t i = s->at; i + sizeof(words) - 1 <= end; i++)
        if (starts(s, i, words))
            return true;
    return false;
}

bool redact_text(struct str text, struct buf *out)
{
    struct scan s = { text, 0, out, true };

    while (s.at < text.n && s.fits) {
        if (is_private_key(&s))
            take_key(&s);
        else if (is_word(text.p[s.at]))
            take_word(&s);
        else if (starts(&s, s.at, "://"))
            take_url(&s);
        else
            copy_until(&s, s.at + 1);
    }
    return s.fits;
}

/* --- objects ---------------------------------------------------------------------------------- */

/* An object being copied without what looks secret. */
struct copying {
    yyjson_mut_doc *doc;
    struct buf text; /* of one value */
    bool fits;
};

static yyjson_mut_val *copy_text(struct copying *c, struct str text)
{
    buf_clear(&c->text);
    c->fits = c->fits && redact_text(text, &c->text);
    return yyjson_mut_strncpy(c->doc, c->text.p ? c->text.p : "", c->text.n);
}

static struct str str_of(yyjson_val *value)
{
    return (struct str){ yyjson_get_str(value), yyjson_get_len(value) };
}

/* Another copy of the object, which would bring back what is left out here. */
static bool is_copy(struct str key)
{
    return str_eq(key, STR_LITERAL("kubectl.kubernetes.io/last-applied-configuration"));
}

static yyjson_mut_val *copy_value(struct copying *c, yyjson_val *value, unsigned depth);

static yyjson_mut_val *copy_member(struct copying *c, struct str key, yyjson_val *value,
                                   bool in_env, unsigned depth)
{
    const bool secret =
        redact_is_secret_name(key) || is_copy(key) || (in_env && str_eq(key, STR_LITERAL("value")));

    if (secret && (yyjson_is_str(value) || yyjson_is_raw(value)))
        return yyjson_mut_str(c->doc, REDACTED);
    return copy_value(c, value, depth);
}

/* An environment variable is an object with a name and a value. */
static bool is_variable(yyjson_val *object)
{
    return yyjson_obj_get(object, "name") && yyjson_obj_get(object, "value");
}

static yyjson_mut_val *copy_object(struct copying *c, yyjson_val *object, unsigned depth)
{
    yyjson_mut_val *copy = yyjson_mut_obj(c->doc);
    yyjson_obj_iter i = yyjson_obj_iter_with(object);
    const bool variable = is_variable(object);
    yyjson_val *key;

    while ((key = yyjson_obj_iter_next(&i)) != NULL) {
        const struct str name = str_of(key);

        yyjson_mut_obj_add(copy, yyjson_mut_strncpy(c->doc, name.p, name.n),
                           copy_member(c, name, yyjson_obj_iter_get_val(key), variable, depth));
    }
    return copy;
}

static yyjson_mut_val *copy_array(struct copying *c, yyjson_val *array, unsigned depth)
{
    yyjson_mut_val *copy = yyjson_mut_arr(c->doc);
    yyjson_arr_iter i = yyjson_arr_iter_with(array);
    yyjson_val *element;

    while ((element = yyjson_arr_iter_next(&i)) != NULL)
        yyjson_mut_arr_append(copy, copy_value(c, element, depth));
    return copy;
}

static yyjson_mut_val *copy_value(struct copying *c, yyjson_val *value, unsigned depth)
{
    if (depth == 0) {
        c->fits = false;
        return yyjson_mut_null(c->doc);
    }
    if (yyjson_is_obj(value))
        return copy_object(c, value, depth - 1);
    if (yyjson_is_arr(value))
        return copy_array(c, value, depth - 1);
    if (yyjson_is_str(value))
        return copy_text(c, str_of(value));
    return yyjson_val_mut_copy(c->doc, value);
}

enum err_code redact_object(struct str json, struct buf *out, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, err);
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *copy = NULL;
    struct copying c = { .fits = true };

    if (!doc)
        return ERR_CORRUPT;
    if (str_eq(kube_yyjson_str(yyjson_doc_get_root(doc), "kind"), STR_LITERAL("Secret")))
        return err_set(err, ERR_INVALID, "a Secret is not handed on");
    c.doc = copy = yyjson_mut_doc_new(NULL);
    buf_init(&c.text, out->limit);
    yyjson_mut_doc_set_root(copy, copy_value(&c, yyjson_doc_get_root(doc), DEPTH_MAX));
    c.fits = c.fits && kube_yyjson_write(copy, out);
    buf_release(&c.text);
    return c.fits ? ERR_OK : err_set(err, ERR_LIMIT, "an object is too large, or nested too deep");
}
