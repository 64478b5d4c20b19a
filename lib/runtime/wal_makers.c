#include "runtime/wal_makers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/kube_informer.h"
#include "runtime/kube_kinds.h"

#define MANAGER "redwal-controller"

/* An order on its way. */
struct maker_call {
    struct wal_makers *makers;
    uint64_t number; /* of the request; 0: free */
    struct wal_maker_orderer orderer;
    enum mirror_effect effect;
};

struct wal_makers {
    struct kube_client *client;
    struct str scope;
    struct log *log;
    wal_makers_done_fn *on_done;
    void *self;
    const struct kube_resource *kind;
    struct kube_informer_target target;
    char version[KUBE_KINDS_VERSION_MAX + 1]; /* in which they are followed */
    struct kube_informer *informer;           /* NULL: they are not */
    int64_t now_ms, troubled_ms; /* the last list or watch that failed; INT64_MIN: none has */
    char trouble[KUBE_MESSAGE_MAX];
    struct maker_call calls[WAL_MAKERS_CALLS_MAX];
};

struct wal_makers *wal_makers_new(struct kube_client *client, struct str scope, struct log *log,
                                  wal_makers_done_fn *on_done, void *self)
{
    struct wal_makers *m = mem_new(1, sizeof(*m));

    m->client = client;
    m->scope = scope;
    m->log = log;
    m->on_done = on_done;
    m->self = self;
    m->troubled_ms = INT64_MIN;
    return m;
}

static void unfollow(struct wal_makers *m)
{
    kube_informer_free(m->informer);
    m->informer = NULL;
    m->troubled_ms = INT64_MIN;
}

static void drop(struct wal_makers *m, struct maker_call *call)
{
    kube_client_cancel(m->client, call->number);
    call->number = 0;
}

void wal_makers_free(struct wal_makers *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < WAL_MAKERS_CALLS_MAX; i++)
        drop(m, &m->calls[i]);
    unfollow(m);
    free(m);
}

/* --- following -------------------------------------------------------------------------------- */

/* Looks come often enough. */
static void on_delta(void *self, const struct kube_object *object, bool is_gone)
{
    (void)self, (void)object, (void)is_gone;
}

static void on_trouble(void *self, const char *message)
{
    struct wal_makers *m = self;

    snprintf(m->trouble, sizeof(m->trouble), "%s", message);
    m->troubled_ms = m->now_ms;
    log_warn(m->log, "Failed to follow the API server resource=" STRIMZI_MIRROR_PLURAL " error=%s",
             message);
}

void wal_makers_set_kind(struct wal_makers *m, const struct kube_resource *kind)
{
    if (m->informer && !(kind && str_eq(kind->version, str_from(m->version))))
        unfollow(m);
    m->kind = kind;
}

void wal_makers_follow(struct wal_makers *m, bool is_named)
{
    const struct kube_reflector_settings settings = kube_reflector_defaults();

    if (is_named && m->kind && !m->informer) {
        snprintf(m->version, sizeof(m->version), "%.*s", STR_ARGS(m->kind->version));
        m->target.collection = (struct kube_target){ *m->kind, m->scope, { 0 }, { 0 } };
        m->target.collection.resource.version = str_from(m->version);
        m->informer = kube_informer_new(m->client, &m->target, &settings, on_delta, on_trouble, m);
    } else if (!is_named && m->informer) {
        unfollow(m);
    }
}

void wal_makers_step(struct wal_makers *m, int64_t now_ms)
{
    m->now_ms = now_ms;
    if (m->informer)
        kube_informer_step(m->informer, now_ms);
}

int64_t wal_makers_due_ms(const struct wal_makers *m)
{
    return m->informer ? kube_informer_due_ms(m->informer) : INT64_MAX;
}

/* What cannot be followed now may have changed. */
static bool is_troubled(const struct wal_makers *m)
{
    return m->troubled_ms != INT64_MIN && m->now_ms - m->troubled_ms <= WAL_MAKERS_TROUBLE_MS;
}

enum err_code wal_makers_read(const struct wal_makers *m, struct str scope, const char *name,
                              const char *alias, struct strimzi_mirror *ret, struct err *err)
{
    struct kube_object object;

    if (!m->kind)
        return err_set(err, ERR_UNSUPPORTED,
                       "the cluster serves no " STRIMZI_MIRROR_PLURAL "; install Strimzi, or name "
                       "the connector by spec.mirror.connect alone");
    if (is_troubled(m) || !m->informer || !kube_informer_is_synced(m->informer))
        return err_set(err, ERR_UNAVAILABLE, "the KafkaMirrorMaker2s cannot be followed%s%s",
                       is_troubled(m) ? ": " : " yet", is_troubled(m) ? m->trouble : "");
    if (!kube_cache_find(kube_informer_cache(m->informer), scope, str_from(name), &object))
        return err_set(err, ERR_NOT_FOUND, "there is no KafkaMirrorMaker2 %s in this namespace",
                       name);
    return strimzi_mirror_read(object.json, str_from(alias ? alias : ""), ret, err) == ERR_OK
               ? ERR_OK
               : err_wrap(err, err->code, "KafkaMirrorMaker2 %s", name);
}

/* --- orders ----------------------------------------------------------------------------------- */

static void on_answer(void *self, const struct kube_answer *answer)
{
    struct maker_call *call = self;
    struct wal_makers *m = call->makers;

    call->number = 0;
    m->on_done(m->self, &call->orderer, call->effect, answer->good ? ERR_OK : ERR_UNAVAILABLE,
               answer->good ? "" : answer->status.message);
}

/* That of the WAL; else a free one, or NULL. */
static struct maker_call *find_call(struct wal_makers *m, uint64_t wal)
{
    struct maker_call *found = NULL;

    for (size_t i = 0; i < WAL_MAKERS_CALLS_MAX; i++) {
        struct maker_call *call = &m->calls[i];

        if (call->number != 0 && call->orderer.wal == wal)
            return call;
        if (call->number == 0)
            found = call;
    }
    return found;
}

static enum err_code send(struct wal_makers *m, struct maker_call *call, struct str scope,
                          const char *name, struct str operations, struct err *err)
{
    const struct kube_write write = { .field_manager = STR_LITERAL(MANAGER), .strict = true };
    const struct kube_target target = { *m->kind, scope, str_from(name), { 0 } };
    const struct kube_caller caller = { NULL, on_answer, call };
    CLEANUP(kube_request_release) struct kube_request request = { 0 };

    if (!kube_request_json_patch(&request, &target, &write, operations))
        return err_set(err, ERR_LIMIT, "the name is too long");
    call->number = kube_client_call(m->client, &request, &caller);
    return call->number != 0 ? ERR_OK : err_set(err, ERR_LIMIT, "too many requests wait");
}

static bool is_same(const struct maker_call *call, const struct wal_maker_orderer *orderer,
                    enum mirror_effect effect)
{
    return call->number != 0 && call->effect == effect && call->orderer.subject == orderer->subject;
}

enum err_code wal_makers_order(struct wal_makers *m, const struct wal_maker_orderer *orderer,
                               struct str scope, const char *name,
                               const struct strimzi_mirror *mirror, enum mirror_effect effect,
                               bool again, struct err *err)
{
    CLEANUP(buf_release) struct buf operations = { 0 };
    struct maker_call *call = find_call(m, orderer->wal);
    enum err_code rc;

    if (!call || !m->kind || is_same(call, orderer, effect))
        return err_set(err, ERR_LIMIT, "an order is under way");
    buf_init(&operations, STRIMZI_PATCH_MAX);
    rc = strimzi_mirror_patch(mirror, effect, again, &operations, err);
    if (rc == ERR_OK && operations.n == 0)
        rc = err_set(err, ERR_INVALID, "the resource says so already");
    if (rc != ERR_OK)
        return rc;
    drop(m, call);
    *call = (struct maker_call){ .makers = m, .orderer = *orderer, .effect = effect };
    return send(m, call, scope, name, buf_str(&operations), err);
}

bool wal_makers_are_open(const struct wal_makers *m)
{
    for (size_t i = 0; i < WAL_MAKERS_CALLS_MAX; i++)
        if (m->calls[i].number != 0)
            return true;
    return false;
}

void wal_makers_cancel(struct wal_makers *m)
{
    for (size_t i = 0; i < WAL_MAKERS_CALLS_MAX; i++) {
        struct maker_call *call = &m->calls[i];

        if (call->number == 0)
            continue;
        drop(m, call);
        m->on_done(m->self, &call->orderer, call->effect, ERR_UNAVAILABLE,
                   "we lead no longer, and it is not known whether it was carried out");
    }
}
