#include "mirror_resource.h"

#include <stdio.h>
#include <string.h>

#include "codec/kube_discovery.h"
#include "rediswal.h"

enum { OBJECT_MAX_BYTES = 3 * 1024 * 1024, APIS_MAX_BYTES = 16 * 1024 * 1024 };

static bool take_version(void *self, const struct kube_served *served)
{
    struct mirror_resource *r = self;
    bool is_whole;

    if (!str_eq(served->group, STR_LITERAL(STRIMZI_GROUP)) ||
        !str_eq(served->plural, STR_LITERAL(STRIMZI_MIRROR_PLURAL)) ||
        served->version.n > MIRROR_VERSION_MAX)
        return true;
    is_whole = str_eq(served->version, STR_LITERAL(STRIMZI_WHOLE_VERSION));
    if (is_whole || r->version[0] == '\0') /* the first one is what the cluster prefers */
        snprintf(r->version, sizeof(r->version), "%.*s", STR_ARGS(served->version));
    return !is_whole;
}

static enum err_code find_version(struct mirror_resource *r, struct err *err)
{
    CLEANUP(kube_request_release) struct kube_request request = { 0 };
    CLEANUP(buf_release) struct buf body = { 0 };
    enum err_code rc;

    buf_init(&body, APIS_MAX_BYTES);
    if (!kube_request_path(&request, "/apis", KUBE_DISCOVERY_ACCEPT))
        UNREACHABLE("the path is short");
    rc = cluster_ask(r->cluster, &request, &body, err);
    if (rc == ERR_OK)
        rc = kube_discovery_decode(buf_str(&body), take_version, r, err);
    if (rc == ERR_OK && r->version[0] == '\0')
        return err_set(err, ERR_UNSUPPORTED, "the cluster serves no " STRIMZI_MIRROR_PLURAL);
    return rc;
}

static struct kube_target target(const struct mirror_resource *r)
{
    return (struct kube_target){
        .resource = { STR_LITERAL(STRIMZI_GROUP), str_from(r->version),
                      STR_LITERAL(STRIMZI_MIRROR_PLURAL) },
        .scope = cluster_scope(r->cluster),
        .name = str_from(r->name),
    };
}

static enum err_code take(struct mirror_resource *r, enum err_code rc, const struct buf *body,
                          struct err *err)
{
    if (rc == ERR_OK)
        rc = strimzi_mirror_read(buf_str(body), str_from(r->alias), &r->mirror, err);
    return rc == ERR_OK ? ERR_OK : err_wrap(err, rc, "KafkaMirrorMaker2 %s", r->name);
}

enum err_code mirror_resource_read(struct mirror_resource *r, struct err *err)
{
    const struct kube_target place = target(r);
    CLEANUP(buf_release) struct buf body = { 0 };

    buf_init(&body, OBJECT_MAX_BYTES);
    return take(r, cluster_get(r->cluster, &place, &body, err), &body, err);
}

enum err_code mirror_resource_open(const struct invocation *in, const char *name, const char *alias,
                                   struct mirror_resource *ret, struct err *err)
{
    enum err_code rc;

    *ret = (struct mirror_resource){ .name = name, .alias = alias };
    rc = rediswal_open_cluster(in, &ret->cluster, err);
    if (rc == ERR_OK)
        rc = find_version(ret, err);
    return rc == ERR_OK ? mirror_resource_read(ret, err) : rc;
}

void mirror_resource_release(struct mirror_resource *r)
{
    cluster_release(&r->cluster);
}

/* The API server answers alike where a test of the patch fails and where the patch is no good. */
static enum err_code explain(struct mirror_resource *r, enum err_code rc, struct err *err)
{
    char before[STRIMZI_VERSION_MAX + 1];
    struct err other = { 0 };

    memcpy(before, r->mirror.resource_version, sizeof(before));
    if (rc != ERR_INVALID || mirror_resource_read(r, &other) != ERR_OK ||
        strcmp(before, r->mirror.resource_version) == 0)
        return rc;
    return err_set(err, ERR_CONFLICT, "it was changed meanwhile; try again");
}

static enum err_code patch(struct mirror_resource *r, struct str operations, struct buf *ret_body,
                           struct err *err)
{
    const struct kube_write write = { .field_manager = STR_LITERAL("kubectl-redwal"),
                                      .strict = true };
    const struct kube_target place = target(r);
    CLEANUP(kube_request_release) struct kube_request request = { 0 };

    if (!kube_request_json_patch(&request, &place, &write, operations))
        return err_set(err, ERR_LIMIT, "the name is too long");
    return explain(r, cluster_ask(r->cluster, &request, ret_body, err), err);
}

enum err_code mirror_resource_order(struct mirror_resource *r, enum mirror_effect effect,
                                    bool again, struct err *err)
{
    CLEANUP(buf_release) struct buf operations = { 0 }, body = { 0 };
    enum err_code rc;

    buf_init(&operations, STRIMZI_PATCH_MAX);
    buf_init(&body, OBJECT_MAX_BYTES);
    rc = strimzi_mirror_patch(&r->mirror, effect, again, &operations, err);
    if (rc == ERR_OK && operations.n == 0)
        return ERR_OK;
    if (rc == ERR_OK)
        rc = patch(r, buf_str(&operations), &body, err);
    return take(r, rc, &body, err);
}
