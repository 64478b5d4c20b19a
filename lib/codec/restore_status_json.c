#include "codec/restore_status_json.h"

#include <string.h>

#include "base/civil_time.h"
#include "base/mem.h"
#include "codec/kube_yyjson.h"
#include "core/wal_status.h"

/* --- writing ---------------------------------------------------------------------------------- */

/* Puts a value where its path says, and makes the objects on the way. */
static void put(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *path, yyjson_mut_val *v)
{
    const char *dot;

    for (; (dot = strchr(path, '.')); path = dot + 1) {
        const size_t n = (size_t)(dot - path);
        yyjson_mut_val *inner = yyjson_mut_obj_getn(object, path, n);

        if (!inner) {
            inner = yyjson_mut_obj(doc);
            yyjson_mut_obj_add(object, yyjson_mut_strncpy(doc, path, n), inner);
        }
        object = inner;
    }
    yyjson_mut_obj_add(object, yyjson_mut_str(doc, path), v);
}

static yyjson_mut_val *text_value(yyjson_mut_doc *doc, const char *text)
{
    const struct str readable = kube_yyjson_readable(str_from(text));

    return yyjson_mut_strn(doc, readable.p, readable.n);
}

static yyjson_mut_val *range_value(yyjson_mut_doc *doc, int32_t partition, int64_t from,
                                   int64_t until)
{
    yyjson_mut_val *v = yyjson_mut_obj(doc);

    yyjson_mut_obj_add_int(doc, v, "partition", partition);
    yyjson_mut_obj_add_int(doc, v, "from", from);
    yyjson_mut_obj_add_int(doc, v, "until", until);
    return v;
}

static yyjson_mut_val *partitions_value(yyjson_mut_doc *doc, const struct restore_plan *plan)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);

    for (int32_t i = 0; i < plan->n; i++) {
        const struct restore_partition *p = &plan->partitions[i];
        yyjson_mut_val *v = range_value(doc, i, p->from, p->until);

        yyjson_mut_obj_add_int(doc, v, "end", p->end);
        yyjson_mut_arr_append(list, v);
    }
    return list;
}

static yyjson_mut_val *ranges_value(yyjson_mut_doc *doc, const struct restore_plan *plan, bool lost)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);

    for (int32_t i = 0; i < plan->n; i++) {
        const struct restore_partition *p = &plan->partitions[i];
        const int64_t from = lost ? 0 : p->until, until = lost ? p->from : p->end;

        if (from < until)
            yyjson_mut_arr_append(list, range_value(doc, i, from, until));
    }
    return list;
}

static yyjson_mut_val *objects_value(yyjson_mut_doc *doc, const struct restore_objects *objects)
{
    yyjson_mut_val *list = objects->n > 0 ? yyjson_mut_arr(doc) : NULL;

    for (int32_t i = 0; i < objects->n; i++) {
        const struct restore_object *one = &objects->at[i];
        yyjson_mut_val *v = yyjson_mut_arr_add_obj(doc, list);

        yyjson_mut_obj_add_str(doc, v, "kind", restore_object_kind_text(one->kind));
        yyjson_mut_obj_add_val(doc, v, "name", text_value(doc, one->name));
        yyjson_mut_obj_add_val(doc, v, "uid", text_value(doc, one->uid));
    }
    return list;
}

static yyjson_mut_val *number_value(yyjson_mut_doc *doc, int64_t number)
{
    return number < 0 ? NULL : yyjson_mut_int(doc, number);
}

/* NULL: it is not told. */
static yyjson_mut_val *field_value(yyjson_mut_doc *doc, const struct restore_status *s,
                                   const struct restore_status_field *f, bool skips)
{
    const void *member = (const char *)s + f->at;
    const bool is_done = s->step == RESTORE_STEP_COMPLETED && s->plan.n > 0;

    switch (f->type) {
    case RESTORE_STATUS_INTEGER:
        return number_value(doc, *(const int64_t *)member);
    case RESTORE_STATUS_STRING:
        return *(const char *)member ? text_value(doc, member) : NULL;
    case RESTORE_STATUS_BOOLEAN:
        return s->plan.n > 0 ? yyjson_mut_bool(doc, *(const bool *)member) : NULL;
    case RESTORE_STATUS_FLAG:
        return *(const bool *)member ? yyjson_mut_bool(doc, true) : NULL;
    case RESTORE_STATUS_TIME:
        return kube_yyjson_time(doc, *(const int64_t *)member);
    case RESTORE_STATUS_STEP:
        return text_value(doc, restore_step_text(s->step));
    case RESTORE_STATUS_PARTITIONS:
        return s->plan.n > 0 ? partitions_value(doc, &s->plan) : NULL;
    case RESTORE_STATUS_SKIPPED:
        return is_done && skips ? ranges_value(doc, &s->plan, false) : NULL;
    case RESTORE_STATUS_OBJECTS:
        return objects_value(doc, member);
    case RESTORE_STATUS_LOST:
        return is_done ? ranges_value(doc, &s->plan, true) : NULL;
    }
    UNREACHABLE("no such type");
}

static enum condition_status completed(enum restore_step step)
{
    return !restore_step_is_end(step)       ? CONDITION_UNKNOWN
           : step == RESTORE_STEP_COMPLETED ? CONDITION_TRUE
                                            : CONDITION_FALSE;
}

static void add_condition(yyjson_mut_doc *doc, yyjson_mut_val *object,
                          const struct restore_status *s, int64_t created_ms)
{
    yyjson_mut_val *v =
        yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, object, "conditions"));
    const int64_t since_ms =
        restore_step_is_end(s->step) && s->completed_ms >= 0 ? s->completed_ms : created_ms;

    yyjson_mut_obj_add_str(doc, v, "type", "Completed");
    yyjson_mut_obj_add_str(doc, v, "status", condition_status_text(completed(s->step)));
    yyjson_mut_obj_add_val(doc, v, "reason",
                           text_value(doc, *s->reason ? s->reason : restore_step_text(s->step)));
    yyjson_mut_obj_add_val(doc, v, "message", text_value(doc, s->message));
    yyjson_mut_obj_add_val(doc, v, "lastTransitionTime", kube_yyjson_time(doc, since_ms));
    yyjson_mut_obj_add_int(doc, v, "observedGeneration", s->observed_generation);
}

void restore_status_json_add(yyjson_mut_doc *doc, yyjson_mut_val *object,
                             const struct restore_status *s, bool skips, int64_t created_ms)
{
    for (size_t i = 0; i < restore_n_status_fields; i++) {
        yyjson_mut_val *v = field_value(doc, s, &restore_status_fields[i], skips);

        if (v)
            put(doc, object, restore_status_fields[i].path, v);
    }
    add_condition(doc, object, s, created_ms);
}

/* --- reading ---------------------------------------------------------------------------------- */

static enum err_code refuse(const char *path, const char *what, struct err *err)
{
    return err_set(err, ERR_INVALID, "status.%s: %s", path, what);
}

static yyjson_val *find(yyjson_val *object, const char *path)
{
    const char *dot;

    for (; (dot = strchr(path, '.')); path = dot + 1)
        object = yyjson_obj_getn(object, path, (size_t)(dot - path));
    return yyjson_obj_get(object, path);
}

static bool take_number(yyjson_val *v, int64_t *ret)
{
    return yyjson_is_raw(v) &&
           str_to_int64((struct str){ yyjson_get_raw(v), yyjson_get_len(v) }, ret) && *ret >= 0;
}

static bool take_member(yyjson_val *object, const char *key, int64_t *ret)
{
    return take_number(yyjson_obj_get(object, key), ret);
}

static bool take_partition(yyjson_val *v, int32_t i, struct restore_partition *ret)
{
    int64_t partition;

    return take_member(v, "partition", &partition) && partition == i &&
           take_member(v, "from", &ret->from) && take_member(v, "until", &ret->until) &&
           take_member(v, "end", &ret->end) && ret->until <= ret->end;
}

static bool take_partitions(yyjson_val *list, struct restore_plan *plan)
{
    const size_t n = yyjson_arr_size(list);
    yyjson_arr_iter each = yyjson_arr_iter_with(list);

    if (n == 0 || n > RESTORE_PARTITIONS_MAX)
        return false;
    plan->partitions = mem_new(n, sizeof(*plan->partitions));
    plan->n = (int32_t)n;
    for (int32_t i = 0; i < plan->n; i++)
        if (!take_partition(yyjson_arr_iter_next(&each), i, &plan->partitions[i]))
            return false;
    return true;
}

static bool take_text(yyjson_val *v, char *to, size_t size)
{
    const size_t n = yyjson_get_len(v);

    if (!yyjson_is_str(v) || n >= size || memchr(yyjson_get_str(v), '\0', n))
        return false;
    memcpy(to, yyjson_get_str(v), n + 1);
    return true;
}

static bool take_object(yyjson_val *v, struct restore_objects *ret)
{
    struct restore_object one = { .is_leaving = false };

    return restore_object_kind_from(kube_yyjson_str(v, "kind"), &one.kind) &&
           take_text(yyjson_obj_get(v, "name"), one.name, sizeof(one.name)) &&
           take_text(yyjson_obj_get(v, "uid"), one.uid, sizeof(one.uid)) && one.name[0] != '\0' &&
           one.uid[0] != '\0' && restore_objects_add(ret, &one);
}

static bool take_objects(yyjson_val *list, struct restore_objects *ret)
{
    yyjson_arr_iter each = yyjson_arr_iter_with(list);
    yyjson_val *v;

    while ((v = yyjson_arr_iter_next(&each)))
        if (!take_object(v, ret))
            return false;
    return ret->n > 0;
}

static struct str text_of(yyjson_val *v)
{
    return yyjson_is_str(v) ? (struct str){ yyjson_get_str(v), yyjson_get_len(v) }
                            : (struct str){ 0 };
}

static bool take_bool(yyjson_val *v, bool *ret)
{
    *ret = yyjson_is_true(v);
    return yyjson_is_bool(v);
}

static bool take_field(yyjson_val *v, const struct restore_status_field *f,
                       struct restore_status *s)
{
    void *member = (char *)s + f->at;

    switch (f->type) {
    case RESTORE_STATUS_INTEGER:
        return take_number(v, member);
    case RESTORE_STATUS_STRING:
        return take_text(v, member, f->size);
    case RESTORE_STATUS_BOOLEAN:
    case RESTORE_STATUS_FLAG:
        return take_bool(v, member);
    case RESTORE_STATUS_TIME:
        return civil_time_parse(text_of(v), member);
    case RESTORE_STATUS_STEP:
        return restore_step_from(text_of(v), member);
    case RESTORE_STATUS_PARTITIONS:
        return take_partitions(v, &s->plan);
    case RESTORE_STATUS_OBJECTS:
        return take_objects(v, member);
    case RESTORE_STATUS_SKIPPED:
    case RESTORE_STATUS_LOST:
        return true;
    }
    UNREACHABLE("no such type");
}

enum err_code restore_status_json_take(yyjson_val *object, struct restore_status *ret,
                                       struct err *err)
{
    for (size_t i = 0; i < restore_n_status_fields; i++) {
        const struct restore_status_field *f = &restore_status_fields[i];
        yyjson_val *v = find(object, f->path);

        if (v && !take_field(v, f, ret))
            return refuse(f->path, "is not what this version writes", err);
    }
    if (ret->plan.n == 0 && ret->plan.log[0])
        return refuse("plan.partitions", "is missing", err);
    return ERR_OK;
}
