#include "codec/kube_secret.h"

#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "codec/kube_yyjson.h"

const struct kube_resource kube_secret_objects = { { "", 0 }, { "v1", 2 }, { "secrets", 7 } };

/* The end of a line behind a value is no part of it: editors leave one, and redis-applier, which
 * reads the same value from a file, does not count it either. */
static size_t without_line_end(const char *text, size_t n)
{
    if (n > 0 && text[n - 1] == '\n')
        n--;
    if (n > 0 && text[n - 1] == '\r')
        n--;
    return n;
}

static enum err_code decode_value(struct str encoded, struct secret *ret_value, struct err *err)
{
    const size_t room = encoded.n / 4 * 3 + 1;
    struct secret bytes = { mem_new(room, 1), room };
    enum err_code rc = ERR_OK;
    size_t n;

    if (!base64_decode(encoded, bytes.text, &n))
        rc = err_set(err, ERR_CORRUPT, "a value that is not base64");
    else if (memchr(bytes.text, '\0', n))
        rc = err_set(err, ERR_CORRUPT, "a value that holds a NUL");
    else
        secret_set(ret_value, (struct str){ bytes.text, without_line_end(bytes.text, n) });
    secret_release(&bytes);
    return rc;
}

enum err_code kube_secret_decode(struct str json, const char *key, struct secret *ret_value,
                                 struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, err);
    yyjson_val *root = yyjson_doc_get_root(doc), *value;

    if (!doc)
        return ERR_CORRUPT;
    if (!str_eq(kube_yyjson_str(root, "kind"), STR_LITERAL("Secret")))
        return err_set(err, ERR_CORRUPT, "not a Secret");
    value = yyjson_obj_get(yyjson_obj_get(root, "data"), key);
    if (!yyjson_is_str(value))
        return err_set(err, ERR_NOT_FOUND, "it has no key %s", key);
    return decode_value((struct str){ yyjson_get_str(value), yyjson_get_len(value) }, ret_value,
                        err);
}
