#include "restore_read.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/kube_json.h"

enum { BODY_MAX_BYTES = 256 * 1024, OPTIONS_MAX_BYTES = 1024 };

static const struct kube_write writing = {
    .field_manager = { "kubectl-redwal", sizeof("kubectl-redwal") - 1 },
    .strict = true,
};

void restores_release(struct restores *r)
{
    for (size_t i = 0; i < r->n; i++)
        restore_resource_release(&r->at[i]);
    free(r->at);
    *r = (struct restores){ 0 };
}

static struct kube_target target_of(struct str scope, const char *name)
{
    return (struct kube_target){ .resource = restore_resources,
                                 .scope = scope,
                                 .name = str_from(name) };
}

static enum err_code take(struct str json, struct restores *ret, struct err *err)
{
    struct err ignored = { 0 };
    const enum err_code rc = restore_resource_decode(json, &ret->at[ret->n++], &ignored);

    return rc == ERR_CORRUPT ? err_set(err, rc, "the API server's answer: %s", ignored.msg)
                             : ERR_OK;
}

/* Asks, and takes the one that is the answer. */
static enum err_code ask(struct cluster *c, struct kube_request *request,
                         const struct kube_target *target, struct restores *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf body = { 0 };
    enum err_code rc;

    *ret = (struct restores){ 0 };
    buf_init(&body, KUBE_ANSWER_MAX);
    rc = cluster_ask(c, request, &body, err);
    if (rc != ERR_OK)
        return err_wrap(err, rc, "RedisRestore %.*s/%.*s", STR_ARGS(target->scope),
                        STR_ARGS(target->name));
    ret->at = mem_new(1, sizeof(*ret->at));
    return take(buf_str(&body), ret, err);
}

static enum err_code too_long(struct err *err)
{
    return err_set(err, ERR_INVALID, "the name, or what is asked for, is too long");
}

static int by_age(const void *a, const void *b)
{
    const struct restore_resource *x = a, *y = b;

    return (x->created_ms > y->created_ms) - (x->created_ms < y->created_ms);
}

static enum err_code read_all(struct cluster *c, const struct kube_target *target,
                              struct restores *ret, struct err *err)
{
    const struct kube_selection everything = { 0 };
    CLEANUP(cluster_page_release) struct cluster_page found = { 0 };
    enum err_code rc = cluster_list(c, target, &everything, &found, err);

    if (rc == ERR_NOT_FOUND)
        return err_set(err, rc, "this cluster knows no RedisRestore: apply manifests/crd first");
    ret->at = mem_new(found.page.n_objects + 1, sizeof(*ret->at));
    for (size_t i = 0; rc == ERR_OK && i < found.page.n_objects; i++)
        rc = take(found.page.objects[i].json, ret, err);
    qsort(ret->at, ret->n, sizeof(*ret->at), by_age);
    return rc;
}

enum err_code restores_read(struct cluster *c, struct str scope, const char *name,
                            struct restores *ret, struct err *err)
{
    const struct kube_target target = target_of(scope, name);
    CLEANUP(kube_request_release) struct kube_request r = { 0 };

    *ret = (struct restores){ 0 };
    if (!name)
        return read_all(c, &target, ret, err);
    return kube_request_get(&r, &target) ? ask(c, &r, &target, ret, err) : too_long(err);
}

enum err_code restores_create(struct cluster *c, const struct restore_spec *spec,
                              struct restores *ret, struct err *err)
{
    const struct kube_target target = target_of(cluster_scope(c), NULL);
    CLEANUP(kube_request_release) struct kube_request r = { 0 };
    CLEANUP(buf_release) struct buf body = { 0 };

    *ret = (struct restores){ 0 };
    buf_init(&body, BODY_MAX_BYTES);
    if (!restore_resource_encode(&body, spec) ||
        !kube_request_create(&r, &target, &writing, buf_str(&body)))
        return too_long(err);
    return ask(c, &r, &target, ret, err);
}

enum err_code restores_patch(struct cluster *c, const char *name, const char *body,
                             struct restores *ret, struct err *err)
{
    const struct kube_target target = target_of(cluster_scope(c), name);
    CLEANUP(kube_request_release) struct kube_request r = { 0 };

    *ret = (struct restores){ 0 };
    return kube_request_merge_patch(&r, &target, &writing, str_from(body))
               ? ask(c, &r, &target, ret, err)
               : too_long(err);
}

enum err_code restore_delete(struct cluster *c, const struct restore_resource *r, struct err *err)
{
    const struct kube_target target = target_of(cluster_scope(c), r->name);
    CLEANUP(kube_request_release) struct kube_request request = { 0 };
    CLEANUP(buf_release) struct buf options = { 0 };
    CLEANUP(buf_release) struct buf answer = { 0 };

    buf_init(&options, OPTIONS_MAX_BYTES);
    buf_init(&answer, KUBE_ANSWER_MAX);
    if (!kube_json_delete_options(&options, str_from(r->uid), (struct str){ 0 }, true) ||
        !kube_request_delete(&request, &target, buf_str(&options)))
        return too_long(err);
    return cluster_ask(c, &request, &answer, err);
}
