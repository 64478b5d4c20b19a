#include "codec/restore_log_json.h"

#include <stdio.h>

#include "base/mem.h"
#include "codec/kube_yyjson.h"

#define QUESTION_BEGIN "{\"restore\":"
#define RESULT_BEGIN   "{\"restored\":"

/* X(name, word) */
#define QUESTIONS(X)                                                                               \
    X(RESTORE_LOG_PLAN, "plan")                                                                    \
    X(RESTORE_LOG_SET_GROUP, "setGroup")
#define TARGETS(X)                                                                                 \
    X(RESTORE_TO_LATEST, "latest")                                                                 \
    X(RESTORE_TO_TIME, "time")                                                                     \
    X(RESTORE_TO_POSITION, "position")
#define OUTCOMES(X)                                                                                \
    X(RESTORE_DONE, "done")                                                                        \
    X(RESTORE_BUSY, "busy")                                                                        \
    X(RESTORE_REFUSED, "refused")                                                                  \
    X(RESTORE_FAILED, "failed")

#define WORD(name, word) [name] = word,
static const char *const questions[] = { QUESTIONS(WORD) };
static const char *const targets[] = { TARGETS(WORD) };
static const char *const outcomes[] = { OUTCOMES(WORD) };
#undef WORD

/* Its place in the list; -1: none. */
static int place_of(struct str word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(word, str_from(list[i])))
            return (int)i;
    return -1;
}

static bool begins(struct str line, const char *with)
{
    return str_starts_with(line, str_from(with));
}

bool restore_is_question(struct str line)
{
    return begins(line, QUESTION_BEGIN);
}

bool restore_is_result(struct str line)
{
    return begins(line, RESULT_BEGIN);
}

/* --- plans ------------------------------------------------------------------------------------ */

static void add_plan(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct restore_plan *p)
{
    yyjson_mut_val *list;

    kube_yyjson_add(doc, root, "log", str_whole(str_from(p->log)));
    yyjson_mut_obj_add_bool(doc, root, "toEnd", p->to_end);
    yyjson_mut_obj_add_int(doc, root, "recordBytes", p->record_bytes);
    list = yyjson_mut_obj_add_arr(doc, root, "partitions");
    for (int32_t i = 0; i < p->n; i++) {
        yyjson_mut_val *v = yyjson_mut_arr_add_arr(doc, list);

        yyjson_mut_arr_add_int(doc, v, p->partitions[i].from);
        yyjson_mut_arr_add_int(doc, v, p->partitions[i].until);
        yyjson_mut_arr_add_int(doc, v, p->partitions[i].end);
    }
}

static bool take_partition(yyjson_val *v, struct restore_partition *ret)
{
    return yyjson_arr_size(v) == 3 && kube_yyjson_number(yyjson_arr_get(v, 0), &ret->from) &&
           kube_yyjson_number(yyjson_arr_get(v, 1), &ret->until) &&
           kube_yyjson_number(yyjson_arr_get(v, 2), &ret->end) && ret->from >= 0 &&
           ret->until >= ret->from && ret->end >= ret->until;
}

/* Partitions are appended in memory that is there for all of them. */
static bool take_partitions(yyjson_val *list, struct restore_plan *ret)
{
    yyjson_arr_iter iterator;
    yyjson_val *v;

    yyjson_arr_iter_init(list, &iterator);
    while ((v = yyjson_arr_iter_next(&iterator)))
        if (!take_partition(v, &ret->partitions[ret->n++]))
            return false;
    return true;
}

/* How many partitions the plan has that is there; negative: none is. */
static int32_t count_partitions(yyjson_val *root)
{
    yyjson_val *list = yyjson_obj_get(root, "partitions");
    const size_t n = yyjson_arr_size(list);

    return yyjson_is_arr(list) && n > 0 && n <= RESTORE_PARTITIONS_MAX ? (int32_t)n : -1;
}

static bool take_plan(yyjson_val *root, struct restore_plan *ret)
{
    ret->to_end = kube_yyjson_bool(root, "toEnd");
    ret->record_bytes = kube_yyjson_int(root, "recordBytes", LOOK_UNKNOWN);
    return kube_yyjson_copy(root, "log", ret->log, sizeof(ret->log)) && ret->log[0] != '\0' &&
           ret->record_bytes >= LOOK_UNKNOWN &&
           take_partitions(yyjson_obj_get(root, "partitions"), ret);
}

/* --- questions -------------------------------------------------------------------------------- */

static void add_target(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct restore_target *t)
{
    yyjson_mut_val *list;

    yyjson_mut_obj_add_str(doc, root, "to", targets[t->to]);
    yyjson_mut_obj_add_int(doc, root, "timeMs", t->time_ms);
    list = yyjson_mut_obj_add_arr(doc, root, "positions");
    for (int32_t i = 0; i < t->n_positions; i++) {
        yyjson_mut_val *v = yyjson_mut_arr_add_arr(doc, list);

        yyjson_mut_arr_add_int(doc, v, t->positions[i].partition);
        yyjson_mut_arr_add_int(doc, v, t->positions[i].offset);
    }
}

bool restore_question_encode(struct buf *out, int64_t number, const char *topic, const char *group,
                             const struct restore_log_order *order)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "restore", questions[order->question]);
    kube_yyjson_add(doc, root, "topic", str_from(topic));
    kube_yyjson_add(doc, root, "group", str_from(group));
    yyjson_mut_obj_add_int(doc, root, "untilMs", order->until_ms);
    if (order->question == RESTORE_LOG_PLAN)
        add_target(doc, root, &order->target);
    else
        add_plan(doc, root, order->plan);
    yyjson_mut_obj_add_int(doc, root, "number", number);
    return kube_yyjson_write(doc, out);
}

static bool take_position(yyjson_val *v, struct restore_position *ret)
{
    int64_t partition = 0;
    const bool is_one = yyjson_arr_size(v) == 2 &&
                        kube_yyjson_number(yyjson_arr_get(v, 0), &partition) &&
                        kube_yyjson_number(yyjson_arr_get(v, 1), &ret->offset);

    ret->partition = (int32_t)partition;
    return is_one && partition >= 0 && partition <= INT32_MAX && ret->offset >= 0;
}

static bool take_target(yyjson_val *root, struct arena *arena, struct restore_target *ret)
{
    const int to = place_of(kube_yyjson_str(root, "to"), targets, ARRAY_SIZE(targets));
    yyjson_val *list = yyjson_obj_get(root, "positions"), *v;
    const size_t n = yyjson_arr_size(list);
    struct restore_position *positions;
    yyjson_arr_iter iterator;

    if (to < 0 || n > RESTORE_PARTITIONS_MAX)
        return false;
    ret->to = (enum restore_to)to;
    ret->time_ms = kube_yyjson_int(root, "timeMs", 0);
    ret->positions = positions = arena_take(arena, n * sizeof(*positions));
    yyjson_arr_iter_init(list, &iterator);
    while ((v = yyjson_arr_iter_next(&iterator)))
        if (!take_position(v, &positions[ret->n_positions++]))
            return false;
    return true;
}

static bool take_group_plan(yyjson_val *root, struct arena *arena, struct restore_log_order *ret)
{
    struct restore_plan *plan = arena_take(arena, sizeof(*plan));
    const int32_t n = count_partitions(root);

    if (n < 0)
        return false;
    *plan = (struct restore_plan){ .partitions =
                                       arena_take(arena, (size_t)n * sizeof(*plan->partitions)) };
    ret->plan = plan;
    return take_plan(root, plan);
}

static bool take_question(yyjson_val *root, struct arena *arena, struct restore_question *ret)
{
    const int which = place_of(kube_yyjson_str(root, "restore"), questions, ARRAY_SIZE(questions));

    ret->number = kube_yyjson_int(root, "number", 0);
    ret->topic = kube_yyjson_keep(root, "topic", arena);
    ret->group = kube_yyjson_keep(root, "group", arena);
    ret->order.until_ms = kube_yyjson_int(root, "untilMs", 0);
    if (which < 0 || !ret->topic || !ret->group || ret->order.until_ms <= 0)
        return false;
    ret->order.question = (enum restore_log_question)which;
    return ret->order.question == RESTORE_LOG_PLAN ? take_target(root, arena, &ret->order.target)
                                                   : take_group_plan(root, arena, &ret->order);
}

enum err_code restore_question_decode(struct str line, struct arena *arena,
                                      struct restore_question *ret, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(line, err);
    struct restore_question q = { 0 };

    if (!doc)
        return ERR_CORRUPT;
    if (!take_question(yyjson_doc_get_root(doc), arena, &q))
        return err_set(err, ERR_CORRUPT, "no order of a restore that can be carried out");
    *ret = q;
    return ERR_OK;
}

/* --- results ---------------------------------------------------------------------------------- */

bool restore_result_encode(struct buf *out, int64_t number, const struct restore_log_result *result)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "restored", outcomes[result->outcome]);
    yyjson_mut_obj_add_bool(doc, root, "denied", result->denied);
    kube_yyjson_add(doc, root, "why", str_whole(str_from(result->why)));
    if (result->plan.n > 0)
        add_plan(doc, root, &result->plan);
    yyjson_mut_obj_add_int(doc, root, "number", number);
    return kube_yyjson_write(doc, out);
}

static bool take_result(yyjson_val *root, struct restore_log_result *ret)
{
    const int outcome = place_of(kube_yyjson_str(root, "restored"), outcomes, ARRAY_SIZE(outcomes));
    const int32_t n = count_partitions(root);

    if (outcome < 0 || !kube_yyjson_copy(root, "why", ret->why, sizeof(ret->why)))
        return false;
    ret->outcome = (enum restore_outcome)outcome;
    ret->denied = kube_yyjson_bool(root, "denied");
    if (!yyjson_obj_get(root, "partitions"))
        return true;
    if (n < 0)
        return false;
    ret->plan.partitions = mem_new((size_t)n, sizeof(*ret->plan.partitions));
    return take_plan(root, &ret->plan);
}

enum err_code restore_result_decode(struct str line, int64_t *ret_number,
                                    struct restore_log_result *ret, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(line, err);
    struct restore_log_result result = { 0 };

    if (!doc)
        return ERR_CORRUPT;
    if (!take_result(yyjson_doc_get_root(doc), &result)) {
        restore_plan_release(&result.plan);
        return err_set(err, ERR_CORRUPT, "no result of an order of a restore");
    }
    *ret_number = kube_yyjson_int(yyjson_doc_get_root(doc), "number", 0);
    *ret = result;
    return ERR_OK;
}
