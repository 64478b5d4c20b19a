#include "runtime/wal_failovers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/int64.h"
#include "base/mem.h"
#include "codec/pod_view.h"
#include "runtime/kube_informer.h"
#include "runtime/kube_kinds.h"

#define POD_LABELS "app.kubernetes.io/part-of=redis-failover,app.kubernetes.io/component=redis"

enum { TROUBLE_MAX = KUBE_MESSAGE_MAX };

/* One kind of objects; not followed while `informer` is NULL. */
struct source {
    struct wal_failovers *failovers;
    const char *plural;
    char version[KUBE_KINDS_VERSION_MAX + 1]; /* in which it is followed */
    struct kube_informer_target target;
    struct kube_informer *informer;
    char trouble[TROUBLE_MAX]; /* of the last list or watch that failed; "": none has */
};

struct wal_failovers {
    struct kube_client *client;
    struct str scope;
    struct log *log;
    wal_failover_fn *on_change;
    void *self;
    struct source failovers, pods;
    int64_t since_ms, now_ms;
    bool was_settled; /* as of the last step */
    bool was_listed;
};

struct wal_failovers *wal_failovers_new(struct kube_client *client, struct str scope,
                                        struct log *log, wal_failover_fn *on_change, void *self)
{
    struct wal_failovers *f = mem_new(1, sizeof(*f));

    f->client = client;
    f->scope = scope;
    f->log = log;
    f->on_change = on_change;
    f->self = self;
    f->failovers = (struct source){ .failovers = f, .plural = REDIS_FAILOVER_PLURAL };
    f->pods = (struct source){ .failovers = f, .plural = "pods" };
    return f;
}

static void unfollow(struct source *s)
{
    kube_informer_free(s->informer);
    s->informer = NULL;
    s->trouble[0] = '\0';
}

void wal_failovers_free(struct wal_failovers *f)
{
    if (!f)
        return;
    unfollow(&f->failovers);
    unfollow(&f->pods);
    free(f);
}

/* --- following -------------------------------------------------------------------------------- */

static void on_failover(void *self, const struct kube_object *object, bool is_gone)
{
    const struct source *s = self;

    (void)is_gone;
    s->failovers->on_change(s->failovers->self, object->scope, object->name);
}

static void on_pod(void *self, const struct kube_object *object, bool is_gone)
{
    const struct source *s = self;

    (void)is_gone;
    s->failovers->on_change(s->failovers->self, object->scope, (struct str){ 0 });
}

static void on_trouble(void *self, const char *message)
{
    struct source *s = self;

    snprintf(s->trouble, sizeof(s->trouble), "%s", message);
    log_warn(s->failovers->log, "Failed to follow the API server resource=%s error=%s", s->plural,
             message);
}

static void follow(struct source *s, const struct kube_resource *kind, kube_delta_fn *on_delta)
{
    const struct kube_reflector_settings settings = kube_reflector_defaults();

    snprintf(s->version, sizeof(s->version), "%.*s", STR_ARGS(kind->version));
    s->target.collection = (struct kube_target){ *kind, s->failovers->scope, { 0 }, { 0 } };
    s->target.collection.resource.version = str_from(s->version);
    s->informer =
        kube_informer_new(s->failovers->client, &s->target, &settings, on_delta, on_trouble, s);
}

/* In the version that the server has now, or not at all where it has none. */
static bool is_followed_so(const struct source *s, const struct kube_resource *kind)
{
    return kind ? s->informer && str_eq(kind->version, str_from(s->version)) : !s->informer;
}

void wal_failovers_follow(struct wal_failovers *f, const struct kube_resource *kind, int64_t now_ms)
{
    if (is_followed_so(&f->failovers, kind))
        return;
    unfollow(&f->failovers);
    unfollow(&f->pods);
    f->since_ms = f->now_ms = now_ms;
    if (kind) {
        f->pods.target.selection.label_selector = STR_LITERAL(POD_LABELS);
        f->pods.target.keep = kube_pod_fields;
        f->pods.target.n_keep = KUBE_POD_FIELDS;
        follow(&f->failovers, kind, on_failover);
        follow(&f->pods, &pod_objects, on_pod);
    }
    f->was_settled = f->was_listed = false;
    f->on_change(f->self, (struct str){ 0 }, (struct str){ 0 });
}

static bool is_listed(const struct wal_failovers *f)
{
    return f->failovers.informer && kube_informer_is_synced(f->failovers.informer);
}

bool wal_failovers_are_settled(const struct wal_failovers *f)
{
    return !f->failovers.informer || is_listed(f) ||
           (f->failovers.trouble[0] != '\0' &&
            f->now_ms - f->since_ms >= WAL_FAILOVERS_PATIENCE_MS);
}

void wal_failovers_step(struct wal_failovers *f, int64_t now_ms)
{
    f->now_ms = now_ms;
    if (!f->failovers.informer)
        return;
    kube_informer_step(f->failovers.informer, now_ms);
    kube_informer_step(f->pods.informer, now_ms);
    if (f->was_settled == wal_failovers_are_settled(f) && f->was_listed == is_listed(f))
        return;
    f->was_settled = wal_failovers_are_settled(f);
    f->was_listed = is_listed(f);
    f->on_change(f->self, (struct str){ 0 }, (struct str){ 0 });
}

int64_t wal_failovers_due_ms(const struct wal_failovers *f)
{
    int64_t due_ms = INT64_MAX;

    if (!f->failovers.informer)
        return due_ms;
    if (!wal_failovers_are_settled(f) && f->failovers.trouble[0] != '\0')
        due_ms = f->since_ms + WAL_FAILOVERS_PATIENCE_MS;
    due_ms = int64_min(due_ms, kube_informer_due_ms(f->failovers.informer));
    return int64_min(due_ms, kube_informer_due_ms(f->pods.informer));
}

/* --- what is known ---------------------------------------------------------------------------- */

enum err_code wal_failovers_find(const struct wal_failovers *f, struct str scope, const char *name,
                                 struct redis_failover *ret, struct err *err)
{
    struct kube_object object;

    if (!f->failovers.informer)
        return err_set(err, ERR_NOT_FOUND,
                       "spec.redis.failover: the cluster has no RedisFailovers; install their "
                       "operator, or give sentinels or address");
    if (!is_listed(f))
        return err_set(err, ERR_UNAVAILABLE,
                       "spec.redis.failover: the RedisFailovers cannot be listed: %s",
                       f->failovers.trouble);
    if (!kube_cache_find(kube_informer_cache(f->failovers.informer), scope, str_from(name),
                         &object))
        return err_set(err, ERR_NOT_FOUND, "spec.redis.failover: there is no RedisFailover %s",
                       name);
    if (redis_failover_decode(object.json, ret, err) != ERR_OK)
        return err_wrap(err, err->code, "RedisFailover %s", name);
    return ERR_OK;
}

bool wal_failovers_image(const struct wal_failovers *f, struct str scope, const char *name,
                         char ret_image[REDIS_FAILOVER_IMAGE_MAX + 1])
{
    struct kube_object object;

    return is_listed(f) &&
           kube_cache_find(kube_informer_cache(f->failovers.informer), scope, str_from(name),
                           &object) &&
           redis_failover_image(object.json, ret_image);
}

void wal_failovers_pod(const struct wal_failovers *f, struct str scope, const char *address,
                       char ret_pod[KUBE_POD_NAME_MAX + 1])
{
    const struct kube_cache *cache =
        f->pods.informer ? kube_informer_cache(f->pods.informer) : NULL;
    struct address at;
    int n = 0;

    ret_pod[0] = '\0';
    if (!cache || !address_parse(str_from(address), &at))
        return;
    for (size_t i = 0; i < cache->n; i++) {
        struct kube_object pod;

        kube_cache_at(cache, i, &pod);
        if (!str_eq(pod.scope, scope) || pod.name.n > KUBE_POD_NAME_MAX ||
            !kube_pod_is_at(pod.json, pod.name, at.host))
            continue;
        n++;
        snprintf(ret_pod, KUBE_POD_NAME_MAX + 1, "%.*s", STR_ARGS(pod.name));
    }
    if (n != 1)
        ret_pod[0] = '\0';
}
