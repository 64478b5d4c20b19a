#include "runtime/wal_reconciler.h"

#include <stdlib.h>

#include "base/int64.h"
#include "base/mem.h"
#include "runtime/wal_reconciler_state.h"

#define MANAGER_LABEL "app.kubernetes.io/managed-by=" WAL_MANAGER
#define REPORTER      WAL_API_GROUP "/controller"

/* Kinds that others install. */
enum { KIND_FAILOVERS, KIND_POD_MONITORS, KIND_RESTORES, KIND_MAKERS, KIND_COUNT };
static const struct kube_resource optional_kinds[KIND_COUNT] = {
    [KIND_FAILOVERS] = { { REDIS_FAILOVER_GROUP, sizeof(REDIS_FAILOVER_GROUP) - 1 },
                         { NULL, 0 },
                         { REDIS_FAILOVER_PLURAL, sizeof(REDIS_FAILOVER_PLURAL) - 1 } },
    [KIND_POD_MONITORS] = { { "monitoring.coreos.com", 21 }, { NULL, 0 }, { "podmonitors", 11 } },
    [KIND_RESTORES] = { { WAL_API_GROUP, sizeof(WAL_API_GROUP) - 1 },
                        { WAL_API_VERSION, sizeof(WAL_API_VERSION) - 1 },
                        { "redisrestores", 13 } },
    [KIND_MAKERS] = { { STRIMZI_GROUP, sizeof(STRIMZI_GROUP) - 1 },
                      { STRIMZI_WHOLE_VERSION, sizeof(STRIMZI_WHOLE_VERSION) - 1 },
                      { STRIMZI_MIRROR_PLURAL, sizeof(STRIMZI_MIRROR_PLURAL) - 1 } },
};

static bool is_synced(const struct wal_reconciler *r);

/* What is not known yet must not look like something that is not there. */
static bool may_act(void *self)
{
    const struct wal_reconciler *r = self;

    return kube_elector_may_act(r->elector, r->ports.now_ms()) && is_synced(r);
}

/* --- what a RedisWal wants -------------------------------------------------------------------- */

static enum err_code add_children(const struct wal_reconciler *r, const struct wal_resource *wal,
                                  const char *secret, struct kube_wishes *ret, struct err *err)
{
    const struct wal_restoring restoring =
        wal_restores_of(r->restores, str_from(wal->scope), str_from(wal->name));
    const struct wal_surroundings around = {
        .image = r->settings.image,
        .failover_secret = secret[0] != '\0' ? secret : NULL,
        .pod_monitors = kube_kinds_find(r->kinds, KIND_POD_MONITORS) != NULL,
        .stopped = restoring.stops,
        .rate_limit = restoring.rate_limit,
        .holds_blank = restoring.leaves_out != NULL,
    };
    char name[WAL_CHILD_NAME_MAX + 1];

    wal_child_name(wal, name);
    for (enum wal_child_type i = 0; i < WAL_CHILD_COUNT; i++) {
        CLEANUP(buf_release) struct buf body = { 0 };

        buf_init(&body, KUBE_BODY_MAX);
        if (wal_child_write(i, wal, r->settings.options, &around, &body) &&
            kube_wishes_add(ret, i, str_from(name), buf_str(&body), err) != ERR_OK)
            return err->code;
    }
    return ERR_OK;
}

static enum err_code wants(void *self, const struct kube_object *owner, struct kube_wishes *ret,
                           struct err *err)
{
    struct wal_reconciler *r = self;
    CLEANUP(wal_resource_release) struct wal_resource wal = { 0 };
    struct redis_failover failover = { 0 };
    enum err_code rc = wal_resource_decode(owner->json, r->settings.options, &wal, err);
    struct wal_watch *w;

    if (rc == ERR_CORRUPT)
        return rc;
    if (rc == ERR_OK && wal.spec.failover)
        rc = wal_failovers_find(r->failovers, owner->scope, wal.spec.failover, &failover, err);
    if (failover.names_master)
        wal_spec_name_master(&wal.spec, r->settings.options);
    if (rc == ERR_OK)
        rc = add_children(r, &wal, failover.secret, ret, err);
    wal_looks_follow(r->looks, &wal, rc == ERR_OK ? failover.secret : NULL, r->now_ms);
    w = wal_looks_find(r->looks, owner->scope, owner->name);
    if (!w)
        return rc;
    w->is_refused = rc != ERR_OK;
    wal_mirrors_follow(r->mirrors, w, r->now_ms);
    return rc;
}

static void gone(void *self, struct str scope, struct str name)
{
    struct wal_reconciler *r = self;

    wal_looks_forget(r->looks, scope, name);
}

/* --- what changes ----------------------------------------------------------------------------- */

static void on_failover(void *self, struct str scope, struct str name)
{
    struct wal_reconciler *r = self;

    for (size_t i = 0; i < wal_looks_count(r->looks); i++) {
        const struct wal_resource *wal = &wal_looks_at(r->looks, i)->resource;

        if (wal->spec.failover && (scope.n == 0 || str_eq(str_from(wal->scope), scope)) &&
            (name.n == 0 || str_eq(str_from(wal->spec.failover), name)))
            kube_keeper_poke(r->keeper, str_from(wal->scope), str_from(wal->name), r->now_ms);
    }
}

/* --- restores --------------------------------------------------------------------------------- */

static bool has_wal(void *self, struct str scope, struct str name)
{
    const struct wal_reconciler *r = self;
    struct kube_object ignored;

    return kube_cache_find(kube_keeper_owners(r->keeper), scope, name, &ignored);
}

static int64_t n_wanted(void *self, const struct wal_watch *w)
{
    return wal_reconciler_scale(self, w).desired;
}

static void on_step(void *self, const struct kube_object *restore, const struct wal_notice *n)
{
    wal_reconciler_tell(self, RESTORE_KIND, restore, n);
}

static void on_restore(void *self, struct str scope, struct str wal)
{
    struct wal_reconciler *r = self;

    kube_keeper_poke(r->keeper, scope, wal, r->now_ms);
}

static struct wal_restores *new_restores(struct wal_reconciler *r)
{
    const struct wal_restores_ports ports = {
        .client = r->client,
        .looks = r->looks,
        .redis = r->ports.redis,
        .log_observer = r->ports.log_observer,
        .failovers = r->failovers,
        .options = r->settings.options,
        .images = r->settings.job_images,
        .log = r->ports.log,
        .may_act = may_act,
        .has_wal = has_wal,
        .n_wanted = n_wanted,
        .on_step = on_step,
        .on_change = on_restore,
        .self = r,
    };

    return wal_restores_new(&ports, r->settings.scope);
}

static struct wal_mirrors *new_mirrors(struct wal_reconciler *r)
{
    const struct wal_mirrors_ports ports = {
        .client = r->client,
        .scope = r->settings.scope,
        .connect_allow = r->settings.connect_allow,
        .looks = r->looks,
        .secrets = r->secrets,
        .mirror = r->ports.mirror,
        .log_observer = r->ports.log_observer,
        .log = r->ports.log,
        .may_act = may_act,
        .on_learned = wal_reconciler_learned,
        .self = r,
    };

    return wal_mirrors_new(&ports, r->settings.look_interval_ms);
}

/* Others install and remove these kinds while we run. */
static void follow_kinds(struct wal_reconciler *r)
{
    kube_keeper_set_served(r->keeper, WAL_CHILD_POD_MONITOR,
                           kube_kinds_find(r->kinds, KIND_POD_MONITORS) != NULL);
    wal_restores_set_served(r->restores, kube_kinds_find(r->kinds, KIND_RESTORES) != NULL);
    wal_mirrors_set_kind(r->mirrors, kube_kinds_find(r->kinds, KIND_MAKERS));
    wal_failovers_follow(r->failovers, kube_kinds_find(r->kinds, KIND_FAILOVERS), r->now_ms);
}

/* --- the whole -------------------------------------------------------------------------------- */

static struct kube_keeper *new_keeper(struct wal_reconciler *r)
{
    static const struct kube_keeper_ops ops = { wants, wal_reconciler_status, wal_reconciler_told,
                                                gone, may_act };
    const struct kube_keeper_settings settings = {
        .owners = { wal_resources, r->settings.scope, { 0 }, { 0 } },
        .api_version = WAL_API_GROUP "/" WAL_API_VERSION,
        .kind = WAL_KIND,
        .kinds = wal_child_resources,
        .n_kinds = WAL_CHILD_COUNT,
        .children = { STR_LITERAL(MANAGER_LABEL), { 0 } },
        .field_manager = STR_LITERAL(WAL_MANAGER),
    };

    return kube_keeper_new(r->client, &settings, &ops, r, r->ports.log);
}

struct wal_reconciler *wal_reconciler_new(const struct wal_reconciler_settings *settings,
                                          const struct wal_reconciler_ports *ports)
{
    struct wal_reconciler *r = mem_new(1, sizeof(*r));
    struct wal_looks_ports looks = { .redis = ports->redis,
                                     .log = ports->log_observer,
                                     .journal = ports->log,
                                     .on_learned = wal_reconciler_learned,
                                     .self = r };

    r->settings = *settings;
    r->ports = *ports;
    r->now_ms = ports->now_ms();
    r->client = kube_client_new(ports->kube, settings->requests_per_second,
                                settings->requests_burst, r->now_ms);
    r->elector = kube_elector_new(r->client, r->settings.lease_scope, r->settings.lease_name,
                                  &r->settings.lease);
    r->reporter =
        (struct kube_reporter){ STR_LITERAL(REPORTER), str_from(r->settings.lease.identity) };
    r->recorder = kube_recorder_new(r->client, &r->reporter, KUBE_EVENT_REFRESH_MS);
    r->kinds = kube_kinds_new(r->client, optional_kinds, KIND_COUNT);
    r->secrets = kube_secrets_new(r->client);
    looks.secrets = r->secrets;
    r->looks = wal_looks_new(&looks, settings->look_interval_ms);
    r->marks =
        wal_marks_new(r->looks, &r->ports.log_observer, (uint64_t)ports->wall_ms(), r->ports.log);
    r->mirrors = new_mirrors(r);
    r->keeper = new_keeper(r);
    r->failovers = wal_failovers_new(r->client, r->settings.scope, ports->log, on_failover, r);
    r->restores = new_restores(r);
    kube_keeper_set_served(r->keeper, WAL_CHILD_POD_MONITOR, false);
    return r;
}

void wal_reconciler_tune(struct wal_reconciler *r, const struct wal_reconciler_settings *settings)
{
    const int64_t now_ms = r->ports.now_ms();

    kube_client_tune(r->client, settings->requests_per_second, settings->requests_burst, now_ms);
    wal_looks_tune(r->looks, settings->look_interval_ms, now_ms);
    wal_mirrors_tune(r->mirrors, settings->look_interval_ms);
}

void wal_reconciler_free(struct wal_reconciler *r)
{
    if (!r)
        return;
    kube_keeper_free(r->keeper);
    wal_marks_free(r->marks);
    wal_mirrors_free(r->mirrors);
    wal_restores_free(r->restores);
    wal_failovers_free(r->failovers);
    wal_looks_free(r->looks);
    kube_secrets_free(r->secrets);
    kube_kinds_free(r->kinds);
    kube_recorder_free(r->recorder);
    kube_elector_free(r->elector);
    kube_client_free(r->client);
    free(r);
}

/* What the status of a WAL says may have been another leader's doing meanwhile. */
static void note_leading(struct wal_reconciler *r)
{
    const bool leads = kube_elector_may_act(r->elector, r->now_ms);

    if (leads == r->led)
        return;
    r->led = leads;
    if (leads) {
        wal_marks_begin(r->marks);
        wal_mirrors_begin(r->mirrors);
        wal_restores_begin(r->restores);
    }
    log_info(r->ports.log, "%s the lease name=%.*s", leads ? "Took" : "Lost",
             STR_ARGS(r->settings.lease_name));
    for (size_t i = 0; leads && i < wal_looks_count(r->looks); i++) {
        struct wal_watch *w = wal_looks_at(r->looks, i);

        wal_looks_renounce(w, r->now_ms); /* what was seen before another led is old */
        slo_begin(&w->slo, r->now_ms);
    }
}

/* Once a change, however often it is tried meanwhile. */
static void tell_election(struct wal_reconciler *r)
{
    const char *why;
    const uint64_t number = kube_elector_trouble(r->elector, &why);

    if (number == r->election_told)
        return;
    r->election_told = number;
    if (why[0] != '\0')
        log_warn(r->ports.log,
                 "Failed to take part in the election namespace=%.*s name=%.*s error=%s",
                 STR_ARGS(r->settings.lease_scope), STR_ARGS(r->settings.lease_name), why);
    else
        log_info(r->ports.log, "Takes part in the election again namespace=%.*s name=%.*s",
                 STR_ARGS(r->settings.lease_scope), STR_ARGS(r->settings.lease_name));
}

static int64_t leads_until_ms(const struct wal_reconciler *r)
{
    return r->led && !r->releasing ? kube_elector_ends_at_ms(r->elector) : INT64_MIN;
}

static int64_t wait_ms(struct wal_reconciler *r)
{
    const int64_t now_ms = r->ports.now_ms();
    int64_t due_ms = int64_min(kube_elector_due_ms(r->elector), kube_recorder_due_ms(r->recorder));
    const int64_t client_ms = kube_client_wait_ms(r->client, now_ms);

    due_ms = int64_min(due_ms, kube_kinds_due_ms(r->kinds));
    due_ms = int64_min(due_ms, kube_secrets_due_ms(r->secrets));
    due_ms = int64_min(due_ms, kube_keeper_due_ms(r->keeper));
    due_ms = int64_min(due_ms, wal_looks_due_ms(r->looks, now_ms, !r->led));
    due_ms = int64_min(due_ms, wal_failovers_due_ms(r->failovers));
    due_ms = int64_min(due_ms, wal_marks_due_ms(r->marks, now_ms, leads_until_ms(r)));
    due_ms = int64_min(due_ms, wal_mirrors_due_ms(r->mirrors, now_ms, leads_until_ms(r)));
    due_ms = int64_min(due_ms, wal_restores_due_ms(r->restores));
    due_ms = due_ms > now_ms ? due_ms - now_ms : 0;
    return client_ms >= 0 ? int64_min(due_ms, client_ms) : due_ms;
}

/* Something was ordered, and has no result yet. */
static bool is_acting(const struct wal_reconciler *r)
{
    return wal_marks_are_open(r->marks) || wal_mirrors_are_open(r->mirrors) ||
           wal_restores_are_open(r->restores);
}

int64_t wal_reconciler_step(struct wal_reconciler *r)
{
    r->now_ms = r->ports.now_ms();
    note_leading(r);
    kube_keeper_check(r->keeper);
    wal_restores_check(r->restores);
    wal_mirrors_check(r->mirrors);
    kube_client_step(r->client, r->now_ms);
    if (r->releasing && !is_acting(r))
        kube_elector_release(r->elector);
    kube_elector_step(r->elector, r->now_ms, r->ports.wall_ms());
    tell_election(r);
    note_leading(r);
    kube_kinds_step(r->kinds, r->now_ms);
    follow_kinds(r);
    wal_failovers_step(r->failovers, r->now_ms);
    kube_secrets_step(r->secrets, r->now_ms);
    wal_looks_step(r->looks, r->now_ms, !r->led);
    wal_marks_step(r->marks, r->ports.now_ms(), r->ports.wall_ms(), leads_until_ms(r));
    wal_mirrors_step(r->mirrors, r->ports.now_ms(), leads_until_ms(r));
    wal_restores_step(r->restores, r->ports.now_ms(), r->ports.wall_ms(), leads_until_ms(r));
    kube_keeper_step(r->keeper, r->now_ms);
    if (r->led)
        kube_recorder_step(r->recorder, r->now_ms);
    return wait_ms(r);
}

void wal_reconciler_descriptors(struct wal_reconciler *r, int ret[WAL_RECONCILER_DESCRIPTORS])
{
    ret[0] = kube_client_descriptor(r->client);
    ret[1] = r->ports.redis.ops->descriptor(r->ports.redis.self);
    ret[2] = r->ports.log_observer.ops->descriptor(r->ports.log_observer.self);
    ret[3] = r->ports.mirror.ops->descriptor(r->ports.mirror.self);
}

void wal_reconciler_release(struct wal_reconciler *r)
{
    r->releasing = true;
}

bool wal_reconciler_is_released(const struct wal_reconciler *r)
{
    return kube_elector_is_released(r->elector);
}

static bool is_synced(const struct wal_reconciler *r)
{
    return kube_kinds_are_known(r->kinds) && kube_keeper_is_synced(r->keeper) &&
           wal_failovers_are_settled(r->failovers) && wal_restores_are_settled(r->restores);
}

struct wal_reconciler_counts wal_reconciler_counts(const struct wal_reconciler *r)
{
    return (struct wal_reconciler_counts){
        .kept = kube_keeper_counts(r->keeper),
        .wals = kube_keeper_owners(r->keeper)->n,
        .waiting = kube_keeper_waiting(r->keeper),
        .terms = kube_elector_terms(r->elector),
        .events_refused = kube_recorder_refused(r->recorder),
        .requests = kube_client_started(r->client),
        .oldest = r->led ? wal_looks_oldest(r->looks, r->now_ms) : (struct wal_looks_age){ 0 },
        .synced = is_synced(r),
        .leads = r->led,
    };
}

const struct wal_looks *wal_reconciler_looks(const struct wal_reconciler *r)
{
    return r->looks;
}

const char *wal_reconciler_holder(const struct wal_reconciler *r)
{
    return kube_elector_holder(r->elector);
}
