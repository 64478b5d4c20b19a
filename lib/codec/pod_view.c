#include "codec/pod_view.h"

#include "codec/kube_yyjson.h"

enum { CHUNK_BYTES = 2048 };

const struct kube_resource pod_objects = { { 0 }, { "v1", 2 }, { "pods", 4 } };

static struct pod_container take_container(struct arena *memory, yyjson_val *status)
{
    yyjson_val *state = yyjson_obj_get(status, "state");
    yyjson_val *ended = yyjson_obj_get(state, "terminated");
    yyjson_val *running = yyjson_obj_get(state, "running");
    yyjson_val *before = yyjson_obj_get(yyjson_obj_get(status, "lastState"), "terminated");
    yyjson_val *now = ended ? ended : yyjson_obj_get(state, "waiting");

    return (struct pod_container){
        .name = kube_yyjson_take(memory, status, "name"),
        .state = running ? POD_CONTAINER_RUNNING
                 : ended ? POD_CONTAINER_ENDED
                         : POD_CONTAINER_WAITING,
        .reason = kube_yyjson_take(memory, now, "reason"),
        .message = kube_yyjson_take(memory, now, "message"),
        .last_reason = kube_yyjson_take(memory, before, "reason"),
        .last_exit_status = kube_yyjson_int(before, "exitCode", 0),
        .ready = kube_yyjson_bool(status, "ready"),
        .n_restarts = kube_yyjson_int(status, "restartCount", 0),
    };
}

/* The scheduler's reason, where it found no node. */
static void take_scheduling(struct pod_view *v, yyjson_val *conditions)
{
    yyjson_arr_iter i = yyjson_arr_iter_with(conditions);
    yyjson_val *c;

    while ((c = yyjson_arr_iter_next(&i)) != NULL) {
        if (!str_eq(kube_yyjson_str(c, "type"), STR_LITERAL("PodScheduled")) ||
            !str_eq(kube_yyjson_str(c, "status"), STR_LITERAL("False")))
            continue;
        v->reason = kube_yyjson_take(&v->memory, c, "reason");
        v->message = kube_yyjson_take(&v->memory, c, "message");
    }
}

static void take_status(struct pod_view *v, yyjson_val *status)
{
    yyjson_arr_iter i = yyjson_arr_iter_with(yyjson_obj_get(status, "containerStatuses"));
    yyjson_val *c;

    v->phase = kube_yyjson_take(&v->memory, status, "phase");
    v->reason = kube_yyjson_take(&v->memory, status, "reason");
    v->message = kube_yyjson_take(&v->memory, status, "message");
    if (v->reason.n == 0)
        take_scheduling(v, yyjson_obj_get(status, "conditions"));
    while (v->n_containers < POD_VIEW_CONTAINERS_MAX && (c = yyjson_arr_iter_next(&i)) != NULL)
        v->containers[v->n_containers++] = take_container(&v->memory, c);
}

void pod_view_release(struct pod_view *v)
{
    arena_release(&v->memory);
    *v = (struct pod_view){ 0 };
}

enum err_code pod_view_decode(struct str json, struct pod_view *ret, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, err);
    yyjson_val *root = yyjson_doc_get_root(doc), *meta;

    *ret = (struct pod_view){ 0 };
    arena_init(&ret->memory, CHUNK_BYTES);
    if (!doc)
        return ERR_CORRUPT;
    if (!yyjson_is_obj(root))
        return err_set(err, ERR_CORRUPT, "not a JSON object");
    meta = yyjson_obj_get(root, "metadata");
    ret->name = kube_yyjson_take(&ret->memory, meta, "name");
    ret->uid = kube_yyjson_take(&ret->memory, meta, "uid");
    ret->deleting = kube_yyjson_str(meta, "deletionTimestamp").n > 0;
    take_status(ret, yyjson_obj_get(root, "status"));
    return ERR_OK;
}

const struct pod_container *pod_view_container(const struct pod_view *v, struct str name)
{
    for (size_t i = 0; i < v->n_containers; i++)
        if (str_eq(v->containers[i].name, name))
            return &v->containers[i];
    return NULL;
}
