#include "codec/marks_json.h"

#include <inttypes.h>
#include <stdio.h>

#include "codec/kube_yyjson.h"

#define QUESTION_BEGIN "{\"marks\":"

enum { HEX_DIGITS = 16, RECORD_VERSION = 1 };

static void add_digest(yyjson_mut_doc *doc, yyjson_mut_val *object, const struct mark *m)
{
    char hex[HEX_DIGITS + 1];

    if (!m->has_digest)
        return;
    snprintf(hex, sizeof(hex), "%016" PRIx64, m->digest);
    yyjson_mut_obj_add_strcpy(doc, object, "digest", hex);
}

bool mark_record_encode(struct buf *out, const struct mark *m, const char *site)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *mark;

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_int(doc, root, "v", RECORD_VERSION);
    mark = yyjson_mut_obj_add_obj(doc, root, "mark");
    yyjson_mut_obj_add_int(doc, mark, "sequence", m->sequence);
    yyjson_mut_obj_add_int(doc, mark, "timeMs", m->time_ms);
    add_digest(doc, mark, m);
    if (site)
        kube_yyjson_add(doc, mark, "site", str_from(site));
    return kube_yyjson_write(doc, out);
}

/* --- questions -------------------------------------------------------------------------------- */

static void add_order(yyjson_mut_doc *doc, yyjson_mut_val *list, const struct mark_order *o)
{
    yyjson_mut_val *v = yyjson_mut_arr_add_obj(doc, list);

    yyjson_mut_obj_add_int(doc, v, "partition", o->partition);
    yyjson_mut_obj_add_int(doc, v, "sequence", o->mark.sequence);
    yyjson_mut_obj_add_int(doc, v, "timeMs", o->mark.time_ms);
    add_digest(doc, v, &o->mark);
}

bool marks_question_encode(struct buf *out, int64_t number, const char *topic,
                           const struct mark_batch *batch)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *marks, *list;

    yyjson_mut_doc_set_root(doc, root);
    marks = yyjson_mut_obj_add_obj(doc, root, "marks");
    kube_yyjson_add(doc, marks, "topic", str_from(topic));
    if (batch->site)
        kube_yyjson_add(doc, marks, "site", str_from(batch->site));
    yyjson_mut_obj_add_int(doc, marks, "untilMs", batch->until_ms);
    list = yyjson_mut_obj_add_arr(doc, marks, "list");
    for (int32_t i = 0; i < batch->n; i++)
        add_order(doc, list, &batch->orders[i]);
    yyjson_mut_obj_add_int(doc, root, "number", number);
    return kube_yyjson_write(doc, out);
}

bool marks_is_question(struct str line)
{
    return str_starts_with(line, STR_LITERAL(QUESTION_BEGIN));
}

static bool take_order(yyjson_val *v, struct mark_order *ret)
{
    const int64_t partition = kube_yyjson_int(v, "partition", -1);
    const struct str digest = kube_yyjson_str(v, "digest");

    *ret = (struct mark_order){ .partition = (int32_t)partition };
    ret->mark.sequence = kube_yyjson_int(v, "sequence", 0);
    ret->mark.time_ms = kube_yyjson_int(v, "timeMs", 0);
    ret->mark.has_digest = digest.p != NULL;
    return partition >= 0 && partition < LOOK_PARTITIONS_MAX && ret->mark.sequence > 0 &&
           ret->mark.time_ms > 0 &&
           (!ret->mark.has_digest || str_to_hex64(digest, &ret->mark.digest));
}

static bool take_orders(yyjson_val *list, struct arena *arena, struct mark_batch *ret)
{
    const size_t n = yyjson_arr_size(list);
    struct mark_order *orders;
    yyjson_arr_iter iterator;
    yyjson_val *v;

    if (n == 0 || n > LOOK_PARTITIONS_MAX)
        return false;
    orders = arena_take(arena, n * sizeof(*orders));
    yyjson_arr_iter_init(list, &iterator);
    while ((v = yyjson_arr_iter_next(&iterator)))
        if (!take_order(v, &orders[ret->n++]))
            return false;
    ret->orders = orders;
    return true;
}

enum err_code marks_question_decode(struct str line, struct arena *arena, int64_t *ret_number,
                                    const char **ret_topic, struct mark_batch *ret, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(line, err);
    yyjson_val *marks = yyjson_obj_get(yyjson_doc_get_root(doc), "marks");
    struct mark_batch batch = { 0 };

    if (!doc)
        return ERR_CORRUPT;
    *ret_topic = kube_yyjson_keep(marks, "topic", arena);
    batch.site = kube_yyjson_keep(marks, "site", arena);
    batch.until_ms = kube_yyjson_int(marks, "untilMs", 0);
    if (!*ret_topic || batch.until_ms <= 0 ||
        !take_orders(yyjson_obj_get(marks, "list"), arena, &batch))
        return err_set(err, ERR_CORRUPT, "no marks with a topic, a time and a list");
    *ret_number = kube_yyjson_int(yyjson_doc_get_root(doc), "number", 0);
    *ret = batch;
    return ERR_OK;
}

/* --- results ---------------------------------------------------------------------------------- */

bool marks_result_encode(struct buf *out, int64_t number, const struct mark_result *result)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_int(doc, root, "number", number);
    yyjson_mut_obj_add_int(doc, root, "stored", result->n_stored);
    yyjson_mut_obj_add_int(doc, root, "notStored", result->n_failed);
    yyjson_mut_obj_add_bool(doc, root, "denied", result->denied);
    kube_yyjson_add(doc, root, "why", str_whole(str_from(result->why)));
    return kube_yyjson_write(doc, out);
}

enum err_code marks_result_decode(struct str line, int64_t *ret_number, struct mark_result *ret,
                                  struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(line, err);
    yyjson_val *root = yyjson_doc_get_root(doc);
    int64_t stored, failed;

    if (!doc)
        return ERR_CORRUPT;
    *ret = (struct mark_result){ .denied = kube_yyjson_bool(root, "denied") };
    stored = kube_yyjson_int(root, "stored", -1);
    failed = kube_yyjson_int(root, "notStored", -1);
    if (stored < 0 || stored > LOOK_PARTITIONS_MAX || failed < 0 || failed > LOOK_PARTITIONS_MAX ||
        !kube_yyjson_copy(root, "why", ret->why, sizeof(ret->why)))
        return err_set(err, ERR_CORRUPT, "no result of writing marks");
    *ret_number = kube_yyjson_int(root, "number", 0);
    ret->n_stored = (int32_t)stored;
    ret->n_failed = (int32_t)failed;
    return ERR_OK;
}
