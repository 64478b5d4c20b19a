#include "runtime/wal_restores.h"

#include <stdlib.h>

#include "base/int64.h"
#include "base/mem.h"
#include "codec/kube_pod.h"
#include "codec/pod_view.h"
#include "codec/wal_children.h"
#include "runtime/wal_restores_state.h"

#define APPLIER_PODS "app.kubernetes.io/name=" WAL_APPLIER

/* --- the restores ----------------------------------------------------------------------------- */

struct wal_restores *wal_restores_new(const struct wal_restores_ports *ports, struct str scope)
{
    struct wal_restores *r = mem_new(1, sizeof(*r));

    r->ports = *ports;
    r->scope = scope;
    r->ends_ms = INT64_MIN;
    return r;
}

static void unfollow(struct wal_restores *r)
{
    kube_informer_free(r->informer);
    kube_informer_free(r->pods);
    restore_jobs_free(r->jobs);
    r->informer = r->pods = NULL;
    r->jobs = NULL;
    while (r->n > 0)
        restore_entry_free(r->entries[--r->n]);
}

void wal_restores_free(struct wal_restores *r)
{
    if (!r)
        return;
    unfollow(r);
    free(r->entries);
    free(r->orders);
    free(r);
}

static void on_pod(void *self, const struct kube_object *object, bool is_gone)
{
    (void)self;
    (void)object;
    (void)is_gone;
}

static void on_trouble(void *self, const char *message)
{
    const struct wal_restores *r = self;

    log_warn(r->ports.log, "Failed to follow the API server resource=%s error=%s",
             "redisrestores,pods", message);
}

void wal_restores_set_served(struct wal_restores *r, bool served)
{
    const struct kube_reflector_settings settings = kube_reflector_defaults();

    if (served == (r->informer != NULL))
        return;
    if (!served) {
        unfollow(r);
        return;
    }
    r->restores_target.collection =
        (struct kube_target){ restore_resources, r->scope, { 0 }, { 0 } };
    r->pods_target.collection = (struct kube_target){ pod_objects, r->scope, { 0 }, { 0 } };
    r->pods_target.selection.label_selector = STR_LITERAL(APPLIER_PODS);
    r->pods_target.keep = kube_pod_counted_fields;
    r->pods_target.n_keep = KUBE_POD_COUNTED_FIELDS;
    r->informer = kube_informer_new(r->ports.client, &r->restores_target, &settings,
                                    restore_entries_take, on_trouble, r);
    r->pods = kube_informer_new(r->ports.client, &r->pods_target, &settings, on_pod, on_trouble, r);
    r->jobs = restore_jobs_new(r->ports.client, r->scope, r->ports.log);
}

bool wal_restores_are_settled(const struct wal_restores *r)
{
    return !r->informer || kube_informer_is_synced(r->informer);
}

/* --- the whole -------------------------------------------------------------------------------- */

void wal_restores_begin(struct wal_restores *r)
{
    r->term++;
    for (size_t i = 0; i < r->n; i++)
        restore_entry_forget_deeds(r->entries[i]);
}

bool wal_restores_are_open(const struct wal_restores *r)
{
    return r->n_orders > 0;
}

void wal_restores_check(struct wal_restores *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->entries[i]->call != 0 && !r->ports.may_act(r->ports.self))
            restore_entry_cancel_call(r->entries[i]);
}

void wal_restores_step(struct wal_restores *r, int64_t now_ms, int64_t wall_ms, int64_t ends_ms)
{
    r->now_ms = now_ms;
    r->wall_ms = wall_ms;
    r->ends_ms = ends_ms;
    restore_orders_take(r);
    if (!r->informer)
        return;
    kube_informer_step(r->informer, now_ms);
    kube_informer_step(r->pods, now_ms);
    restore_jobs_step(r->jobs, now_ms);
    for (size_t i = 0; i < r->n && ends_ms > now_ms && r->ports.may_act(r->ports.self); i++)
        restore_entry_advance(r->entries[i]);
    if (now_ms >= r->late_due_ms && ends_ms > now_ms && r->ports.may_act(r->ports.self)) {
        r->late_due_ms = now_ms + WAL_RESTORES_RETRY_MS;
        restore_jobs_end_late(r);
    }
}

int64_t wal_restores_due_ms(const struct wal_restores *r)
{
    int64_t due_ms;

    if (!r->informer)
        return INT64_MAX;
    due_ms = int64_min(kube_informer_due_ms(r->informer), kube_informer_due_ms(r->pods));
    due_ms = int64_min(due_ms, restore_jobs_due_ms(r->jobs));
    for (size_t i = 0; i < r->n && r->ends_ms != INT64_MIN; i++)
        due_ms = int64_min(due_ms, restore_entry_due_ms(r->entries[i]));
    return due_ms;
}

static bool is_of(const struct restore_entry *e, struct str scope, struct str wal)
{
    return e->resource.spec.rediswal && str_eq(str_from(e->resource.scope), scope) &&
           str_eq(str_from(e->resource.spec.rediswal), wal);
}

static void note_wishes(const struct restore_entry *e, struct wal_restoring *ret)
{
    const enum restore_step step = restore_entry_step(e);

    if (!restore_is_under_way(step) || restore_step_is_of_keys(step))
        return;
    ret->is_under_way = true;
    ret->stops |= restore_step_stops(step);
    ret->rate_limit = e->resource.spec.rate;
}

static bool leaves_out(const struct restore_entry *e)
{
    return restore_status_leaves_out(&e->resource.status,
                                     e->resource.spec.after == RESTORE_AFTER_SKIP);
}

struct wal_restoring wal_restores_of(const struct wal_restores *r, struct str scope, struct str wal)
{
    struct wal_restoring restoring = { 0 };
    int64_t last = LOOK_UNKNOWN;

    for (size_t i = 0; i < r->n; i++) {
        const struct restore_entry *e = r->entries[i];
        const int64_t wiped = restore_status_wiped(&e->resource.status);

        if (!is_of(e, scope, wal))
            continue;
        note_wishes(e, &restoring);
        if (wiped == LOOK_UNKNOWN || wiped < last)
            continue;
        last = wiped;
        restoring.leaves_out = leaves_out(e) ? e->resource.name : NULL;
    }
    return restoring;
}
