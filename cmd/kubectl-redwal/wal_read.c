#include "wal_read.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/kube_objects.h"

/* --- RedisWals -------------------------------------------------------------------------------- */

void wals_release(struct wals *w)
{
    for (size_t i = 0; i < w->n; i++)
        wal_view_release(&w->at[i]);
    free(w->at);
    *w = (struct wals){ 0 };
}

enum err_code wals_ask(struct cluster *c, const struct kube_target *target,
                       struct kube_request *request, struct wals *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf body = { 0 };
    enum err_code rc;

    buf_init(&body, KUBE_ANSWER_MAX);
    rc = cluster_ask(c, request, &body, err);
    if (rc != ERR_OK)
        return err_wrap(err, rc, "RedisWal %.*s/%.*s", STR_ARGS(target->scope),
                        STR_ARGS(target->name));
    wals_release(ret);
    ret->at = mem_new(1, sizeof(*ret->at));
    ret->n = 1;
    return wal_view_decode(buf_str(&body), &ret->at[0], err);
}

static enum err_code read_one(struct cluster *c, const struct kube_target *target, struct wals *ret,
                              struct err *err)
{
    CLEANUP(kube_request_release) struct kube_request r = { 0 };

    if (!kube_request_get(&r, target))
        return err_set(err, ERR_INVALID, "the name is too long");
    return wals_ask(c, target, &r, ret, err);
}

static enum err_code take_items(const struct kube_page *page, struct wals *ret, struct err *err)
{
    enum err_code rc = ERR_OK;

    ret->at = mem_new(page->n_objects + 1, sizeof(*ret->at));
    for (size_t i = 0; i < page->n_objects && rc == ERR_OK; i++)
        rc = wal_view_decode(page->objects[i].json, &ret->at[ret->n++], err);
    return rc;
}

static enum err_code read_all(struct cluster *c, const struct kube_target *target, struct wals *ret,
                              struct err *err)
{
    const struct kube_selection everything = { 0 };
    CLEANUP(cluster_page_release) struct cluster_page found = { 0 };
    enum err_code rc;

    rc = cluster_list(c, target, &everything, &found, err);
    if (rc == ERR_NOT_FOUND)
        return err_set(err, rc, "this cluster knows no RedisWal: apply manifests/crd first");
    return rc == ERR_OK ? take_items(&found.page, ret, err) : rc;
}

enum err_code wals_read(struct cluster *c, struct str scope, const char *name, struct wals *ret,
                        struct err *err)
{
    struct kube_target target = cluster_wals(c, name);

    *ret = (struct wals){ 0 };
    target.scope = scope;
    return name ? read_one(c, &target, ret, err) : read_all(c, &target, ret, err);
}

/* --- Events ----------------------------------------------------------------------------------- */

void event_list_release(struct event_list *e)
{
    for (size_t i = 0; i < e->n; i++)
        event_view_release(&e->at[i]);
    free(e->at);
    *e = (struct event_list){ 0 };
}

static int by_time(const void *a, const void *b)
{
    const struct event_view *x = a, *y = b;

    return (x->last_wall_ms > y->last_wall_ms) - (x->last_wall_ms < y->last_wall_ms);
}

static enum err_code take_events(const struct kube_page *page, struct event_list *ret,
                                 struct err *err)
{
    enum err_code rc = ERR_OK;

    ret->at = mem_new(page->n_objects + 1, sizeof(*ret->at));
    for (size_t i = 0; i < page->n_objects && rc == ERR_OK; i++)
        rc = event_view_decode(page->objects[i].json, &ret->at[ret->n++], err);
    qsort(ret->at, ret->n, sizeof(*ret->at), by_time);
    return rc;
}

enum err_code event_list_read(struct cluster *c, const char *name, struct event_list *ret,
                              struct err *err)
{
    const struct kube_target target = { .resource = kube_event_objects, .scope = cluster_scope(c) };
    CLEANUP(cluster_page_release) struct cluster_page found = { 0 };
    CLEANUP(buf_release) struct buf about = { 0 };
    struct kube_selection selection = { 0 };
    enum err_code rc;

    *ret = (struct event_list){ 0 };
    buf_init(&about, KUBE_TARGET_MAX);
    buf_print(&about, "regarding.kind=RedisWal,regarding.name=%s", name);
    selection.field_selector = buf_str(&about);
    rc = cluster_list(c, &target, &selection, &found, err);
    return rc == ERR_OK ? take_events(&found.page, ret, err)
                        : err_wrap(err, rc, "Events of %s", name);
}
