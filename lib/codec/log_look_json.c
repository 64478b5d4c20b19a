#include "codec/log_look_json.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/kube_yyjson.h"

/* X(name in JSON, member of struct log_place) */
#define ACCESS_TEXTS(X)                                                                            \
    X("brokers", brokers)                                                                          \
    X("security", security)                                                                        \
    X("mechanism", sasl_mechanism)                                                                 \
    X("user", login.user)                                                                          \
    X("password", login.password)                                                                  \
    X("ca", login.ca)                                                                              \
    X("cert", login.cert)                                                                          \
    X("key", login.key)
#define QUESTION_TEXTS(X)                                                                          \
    X("topic", topic)                                                                              \
    X("group", group)                                                                              \
    X("connector", connector)                                                                      \
    X("mirrored", mirrored)

/* X(name, member of struct diagnosis_topic) */
#define TOPIC_NUMBERS(X)                                                                           \
    X("replicas", replicas)                                                                        \
    X("minIsr", min_isr)                                                                           \
    X("retentionMs", retention_ms)                                                                 \
    X("retentionBytes", retention_bytes)                                                           \
    X("maxMessageBytes", max_message_bytes)

/* --- places ----------------------------------------------------------------------------------- */

static void add_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text)
{
    if (text)
        kube_yyjson_add(doc, object, key, str_from(text));
}

/* The password lies in the document until it is freed, and in `out` until its owner wipes it. */
bool log_access_encode(struct buf *out, const struct log_place *place)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *access;

    yyjson_mut_doc_set_root(doc, root);
    access = yyjson_mut_obj_add_obj(doc, root, "access");
#define ADD(name, member) add_text(doc, access, name, place->member);
    ACCESS_TEXTS(ADD)
    return kube_yyjson_write(doc, out);
}

bool log_question_encode(struct buf *out, int64_t number, const struct log_place *place)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *access;

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_int(doc, root, "number", number);
    access = yyjson_mut_obj_add_obj(doc, root, "look");
    QUESTION_TEXTS(ADD)
#undef ADD
    return kube_yyjson_write(doc, out);
}

enum err_code log_access_decode(struct str line, struct arena *arena, struct log_place *ret,
                                struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(line, err);
    yyjson_val *object = yyjson_obj_get(yyjson_doc_get_root(doc), "access");

    if (!doc)
        return ERR_CORRUPT;
    if (!yyjson_is_str(yyjson_obj_get(object, "brokers")))
        return err_set(err, ERR_CORRUPT, "no access with brokers");
#define TAKE(name, member) ret->member = kube_yyjson_keep(object, name, arena);
    ACCESS_TEXTS(TAKE)
    return ERR_OK;
}

enum err_code log_question_decode(struct str line, struct arena *arena, int64_t *ret_number,
                                  struct log_place *ret, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(line, err);
    yyjson_val *object = yyjson_obj_get(yyjson_doc_get_root(doc), "look");

    if (!doc)
        return ERR_CORRUPT;
    if (!yyjson_is_str(yyjson_obj_get(object, "topic")) ||
        !yyjson_is_str(yyjson_obj_get(object, "group")) ||
        yyjson_is_str(yyjson_obj_get(object, "connector")) !=
            yyjson_is_str(yyjson_obj_get(object, "mirrored")))
        return err_set(err, ERR_CORRUPT, "no look with a topic and a group");
    *ret_number = kube_yyjson_int(yyjson_doc_get_root(doc), "number", 0);
    QUESTION_TEXTS(TAKE)
#undef TAKE
    return ERR_OK;
}

/* --- looks ------------------------------------------------------------------------------------ */

static void add_partitions(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct log_look *l)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "partitions");

    for (int32_t i = 0; i < l->n; i++) {
        yyjson_mut_val *p = yyjson_mut_arr_add_arr(doc, list);

        yyjson_mut_arr_add_int(doc, p, l->partitions[i].begin);
        yyjson_mut_arr_add_int(doc, p, l->partitions[i].end);
        yyjson_mut_arr_add_int(doc, p, l->partitions[i].written);
        yyjson_mut_arr_add_int(doc, p, l->partitions[i].committed);
    }
}

static void add_topic(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct diagnosis_topic *t)
{
    yyjson_mut_val *v = yyjson_mut_obj_add_obj(doc, root, "topic");

#define ADD(name, member)                                                                          \
    if (t->member != DIAGNOSIS_UNKNOWN)                                                            \
        yyjson_mut_obj_add_int(doc, v, name, t->member);
    TOPIC_NUMBERS(ADD)
#undef ADD
    kube_yyjson_add(doc, v, "cleanup", str_from(t->cleanup));
    kube_yyjson_add(doc, v, "timestamps", str_from(t->timestamp_type));
}

static void add_group(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct log_look *l)
{
    yyjson_mut_val *v = yyjson_mut_obj_add_obj(doc, root, "group");

    yyjson_mut_obj_add_bool(doc, v, "commits", l->knows_commits);
    kube_yyjson_add(doc, v, "state", str_from(group_state_text(l->group)));
    yyjson_mut_obj_add_int(doc, v, "members", l->n_members);
    yyjson_mut_obj_add_int(doc, v, "assigned", l->n_assigned);
}

bool log_look_encode(struct buf *out, int64_t number, const struct log_look *l)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_int(doc, root, "number", number);
    if (l->look.outcome != LOOK_ANSWERED) {
        kube_yyjson_add(doc, root, "failed", str_whole(str_from(l->look.why)));
        yyjson_mut_obj_add_bool(doc, root, "denied", l->look.denied);
        yyjson_mut_obj_add_bool(doc, root, "silent", l->look.silent);
        return kube_yyjson_write(doc, out);
    }
    yyjson_mut_obj_add_bool(doc, root, "exists", l->exists);
    kube_yyjson_add(doc, root, "log", str_whole(str_from(l->log)));
    kube_yyjson_add(doc, root, "source", str_whole(str_from(l->source)));
    add_partitions(doc, root, l);
    add_topic(doc, root, &l->topic);
    add_group(doc, root, l);
    return kube_yyjson_write(doc, out);
}

static bool take_partition(yyjson_val *v, struct log_look_partition *ret)
{
    return yyjson_arr_size(v) == 4 && kube_yyjson_number(yyjson_arr_get(v, 0), &ret->begin) &&
           kube_yyjson_number(yyjson_arr_get(v, 1), &ret->end) &&
           kube_yyjson_number(yyjson_arr_get(v, 2), &ret->written) &&
           kube_yyjson_number(yyjson_arr_get(v, 3), &ret->committed) && ret->begin >= 0 &&
           ret->end >= ret->begin && ret->written >= ret->end && ret->committed >= LOOK_UNKNOWN;
}

static bool take_partitions(yyjson_val *list, struct log_look *l)
{
    const size_t n = yyjson_arr_size(list);
    yyjson_arr_iter iterator;
    yyjson_val *v;

    if (n > LOOK_PARTITIONS_MAX || !yyjson_is_arr(list))
        return false;
    l->partitions = n > 0 ? mem_new(n, sizeof(*l->partitions)) : NULL;
    yyjson_arr_iter_init(list, &iterator);
    while ((v = yyjson_arr_iter_next(&iterator)))
        if (!take_partition(v, &l->partitions[l->n++]))
            return false;
    return true;
}

static bool take_topic(yyjson_val *v, struct diagnosis_topic *t)
{
#define TAKE(name, member) t->member = kube_yyjson_int(v, name, DIAGNOSIS_UNKNOWN);
    TOPIC_NUMBERS(TAKE)
#undef TAKE
    return kube_yyjson_copy(v, "cleanup", t->cleanup, sizeof(t->cleanup)) &&
           kube_yyjson_copy(v, "timestamps", t->timestamp_type, sizeof(t->timestamp_type));
}

static bool take_answer(yyjson_val *root, struct log_look *l)
{
    yyjson_val *group = yyjson_obj_get(root, "group");

    l->exists = kube_yyjson_bool(root, "exists");
    l->knows_commits = kube_yyjson_bool(group, "commits");
    l->group = group_state_from(kube_yyjson_str(group, "state"));
    l->n_members = kube_yyjson_int(group, "members", LOOK_UNKNOWN);
    l->n_assigned = kube_yyjson_int(group, "assigned", LOOK_UNKNOWN);
    return kube_yyjson_copy(root, "log", l->log, sizeof(l->log)) &&
           kube_yyjson_copy(root, "source", l->source, sizeof(l->source)) &&
           take_partitions(yyjson_obj_get(root, "partitions"), l) &&
           take_topic(yyjson_obj_get(root, "topic"), &l->topic) && l->exists == (l->n > 0) &&
           l->exists == (l->log[0] != '\0');
}

enum err_code log_look_decode(struct str line, int64_t *ret_number, struct log_look *ret,
                              struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(line, err);
    yyjson_val *root = yyjson_doc_get_root(doc);
    struct str failed;
    struct log_look l;

    if (!doc)
        return ERR_CORRUPT;
    log_look_init(&l);
    failed = kube_yyjson_str(root, "failed");
    l.look.outcome = failed.p ? LOOK_FAILED : LOOK_ANSWERED;
    if (failed.p) {
        snprintf(l.look.why, sizeof(l.look.why), "%.*s", STR_ARGS(failed));
        l.look.denied = kube_yyjson_bool(root, "denied");
        l.look.silent = kube_yyjson_bool(root, "silent");
    } else if (!take_answer(root, &l)) {
        log_look_release(&l);
        return err_set(err, ERR_CORRUPT, "no look at a log");
    }
    *ret_number = kube_yyjson_int(root, "number", 0);
    *ret = l;
    return ERR_OK;
}
