#include "codec/connect_offset.h"

#include <string.h>

#include "codec/kube_yyjson.h"

static bool copy(yyjson_val *v, char *to, size_t size)
{
    const size_t n = yyjson_get_len(v);

    if (!yyjson_is_str(v) || n == 0 || n >= size || memchr(yyjson_get_str(v), '\0', n))
        return false;
    memcpy(to, yyjson_get_str(v), n);
    to[n] = '\0';
    return true;
}

static enum err_code read_key(struct str text, struct mirror_offset *o, struct err *err)
{
    CLEANUP(kube_yyjson_free)
    yyjson_doc *doc = text.n <= CONNECT_OFFSET_MAX_BYTES ? kube_yyjson_read(text, NULL) : NULL;
    yyjson_val *key = yyjson_doc_get_root(doc), *partition = yyjson_arr_get(key, 1);
    int64_t number;

    if (yyjson_arr_size(key) != 2 || !yyjson_is_obj(partition) ||
        !yyjson_is_str(yyjson_arr_get(key, 0)))
        return err_set(err, ERR_CORRUPT, "no key of Connect's");
    number = kube_yyjson_int(partition, "partition", LOOK_UNKNOWN);
    if (number < 0 || number >= LOOK_PARTITIONS_MAX ||
        !copy(yyjson_arr_get(key, 0), o->connector, sizeof(o->connector)) ||
        !copy(yyjson_obj_get(partition, "cluster"), o->cluster, sizeof(o->cluster)) ||
        !copy(yyjson_obj_get(partition, "topic"), o->topic, sizeof(o->topic)))
        return err_set(err, ERR_UNSUPPORTED, "no partition of a topic");
    o->partition = (int32_t)number;
    return ERR_OK;
}

/* What is stored is the last offset that was mirrored. */
static int64_t read_value(struct str text)
{
    CLEANUP(kube_yyjson_free)
    yyjson_doc *doc = text.n <= CONNECT_OFFSET_MAX_BYTES ? kube_yyjson_read(text, NULL) : NULL;
    const int64_t last = kube_yyjson_int(yyjson_doc_get_root(doc), "offset", LOOK_UNKNOWN);

    return last >= 0 && last < INT64_MAX ? last + 1 : LOOK_UNKNOWN;
}

enum err_code connect_offset_read(const struct record *record, struct mirror_offset *ret,
                                  struct err *err)
{
    struct mirror_offset o = { .partition = 0 };
    const enum err_code rc = read_key(record->key, &o, err);

    if (rc != ERR_OK)
        return rc;
    o.next = record->has_value ? read_value(record->value) : LOOK_UNKNOWN;
    *ret = o;
    return ERR_OK;
}
