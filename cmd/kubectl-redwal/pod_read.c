#include "pod_read.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/wal_children.h"

void pods_release(struct pods *p)
{
    for (size_t i = 0; i < p->n; i++)
        pod_view_release(&p->at[i]);
    free(p->at);
    *p = (struct pods){ 0 };
}

static enum err_code take_pods(const struct kube_page *page, struct pods *ret, struct err *err)
{
    enum err_code rc = ERR_OK;

    ret->at = mem_new(page->n_objects + 1, sizeof(*ret->at));
    for (size_t i = 0; i < page->n_objects && rc == ERR_OK; i++)
        rc = pod_view_decode(page->objects[i].json, &ret->at[ret->n++], err);
    return rc;
}

enum err_code pods_select(struct cluster *c, struct str scope, struct str labels, struct pods *ret,
                          struct err *err)
{
    const struct kube_target target = { .resource = pod_objects, .scope = scope };
    const struct kube_selection selection = { .label_selector = labels };
    CLEANUP(cluster_page_release) struct cluster_page found = { 0 };
    enum err_code rc;

    *ret = (struct pods){ 0 };
    rc = cluster_list(c, &target, &selection, &found, err);
    return rc == ERR_OK ? take_pods(&found.page, ret, err) : err_wrap(err, rc, "pods");
}

enum err_code pods_read(struct cluster *c, const char *wal, struct pods *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf labels = { 0 };

    *ret = (struct pods){ 0 };
    buf_init(&labels, KUBE_TARGET_MAX);
    if (!wal_child_selector(wal, &labels))
        return err_set(err, ERR_INVALID, "the name is too long");
    return pods_select(c, cluster_scope(c), buf_str(&labels), ret, err);
}
