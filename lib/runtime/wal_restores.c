#include "runtime/wal_restores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/int64.h"
#include "base/mem.h"
#include "codec/kube_pod.h"
#include "codec/pod_view.h"
#include "codec/wal_children.h"
#include "runtime/wal_mirrors.h"
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

static void forget_deeds(struct restore_entry *e)
{
    restore_entry_cancel_call(e);
    e->confirmed[0] = e->why[0] = '\0';
    e->is_untold = e->is_ordered = e->is_impossible = e->is_refused = e->is_told_unclear = false;
    e->fenced_ms = e->asked_ms = INT64_MIN;
    e->due_ms = e->figures_ms = 0;
    e->rate_from = e->per_second = LOOK_UNKNOWN;
    restore_plan_release(&e->plan);
    restore_vessels_release(&e->found);
    restore_vessels_release(&e->seen);
    e->is_seen = e->is_unknown = e->is_gone = e->is_denied = false;
}

static void entry_free(struct restore_entry *e)
{
    forget_deeds(e);
    restore_resource_release(&e->resource);
    free(e);
}

static void unfollow(struct wal_restores *r)
{
    kube_informer_free(r->informer);
    kube_informer_free(r->pods);
    restore_jobs_free(r->jobs);
    r->informer = r->pods = NULL;
    r->jobs = NULL;
    while (r->n > 0)
        entry_free(r->entries[--r->n]);
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

struct restore_entry *restore_entry_find(const struct wal_restores *r, const char *uid)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->entries[i]->resource.uid, uid) == 0)
            return r->entries[i];
    return NULL;
}

bool restore_entry_is_same_wal(const struct restore_entry *a, const struct restore_entry *b)
{
    return a->resource.spec.rediswal && b->resource.spec.rediswal &&
           strcmp(a->resource.scope, b->resource.scope) == 0 &&
           strcmp(a->resource.spec.rediswal, b->resource.spec.rediswal) == 0;
}

static struct restore_entry *add(struct wal_restores *r)
{
    struct restore_entry *e = mem_new(1, sizeof(*e));

    if (r->n == r->capacity) {
        r->capacity = r->capacity > 0 ? r->capacity * 2 : 8;
        r->entries = mem_resize(r->entries, r->capacity, sizeof(struct restore_entry *));
    }
    e->restores = r;
    forget_deeds(e);
    r->entries[r->n++] = e;
    return e;
}

static void drop(struct wal_restores *r, struct str uid)
{
    for (size_t i = 0; i < r->n; i++) {
        if (!str_eq(str_from(r->entries[i]->resource.uid), uid))
            continue;
        entry_free(r->entries[i]);
        r->entries[i] = r->entries[--r->n];
        return;
    }
}

static void change(const struct restore_entry *e)
{
    const struct wal_restores *r = e->restores;

    if (e->resource.spec.rediswal)
        r->ports.on_change(r->ports.self, str_from(e->resource.scope),
                           str_from(e->resource.spec.rediswal));
}

static void tell(const struct restore_entry *e, bool warning, const struct restore_status *s)
{
    const struct restore_resource *restore = &e->resource;
    const struct kube_object object = { .scope = str_from(restore->scope),
                                        .name = str_from(restore->name),
                                        .uid = str_from(restore->uid) };
    struct wal_notice n = { .warning = warning, .action = restore_step_text(s->step) };

    snprintf(n.reason, sizeof(n.reason), "%s", s->reason);
    snprintf(n.note, sizeof(n.note), "%.*s", (int)sizeof(n.note) - 1, s->message);
    e->restores->ports.on_step(e->restores->ports.self, &object, &n);
}

static void tell_step(const struct restore_entry *e, enum restore_step before)
{
    struct restore_status s = e->resource.status; /* borrows the plan */
    const bool is_unverified =
        before == RESTORE_STEP_VERIFYING && strcmp(s.verified, RESTORE_VERIFIED_UNKNOWN) == 0;

    if (is_unverified)
        snprintf(s.reason, sizeof(s.reason), "NotVerified");
    tell(e, s.step == RESTORE_STEP_FAILED || is_unverified, &s);
}

/* It stands there: what was known of Redis before it was wiped is of no use. */
static void note_step(struct restore_entry *e, enum restore_step before)
{
    struct wal_restores *r = e->restores;
    const struct restore_resource *restore = &e->resource;
    const enum restore_step now = restore->status.step;
    struct wal_watch *w;

    if (now == before)
        return;
    e->why[0] = '\0';
    e->due_ms = 0;
    e->is_seen = e->is_unknown = e->is_gone = false;
    e->asked_ms = INT64_MIN;
    restore_vessels_release(&e->found);
    w = wal_looks_find(r->ports.looks, str_from(restore->scope), str_from(restore->spec.rediswal));
    if (w && now == RESTORE_STEP_REPLAYING)
        wal_looks_renounce(w, r->now_ms);
    if (e->is_untold && now == e->wished)
        tell_step(e, before);
    e->is_untold = false;
}

static void take(struct restore_entry *e, const struct kube_object *object)
{
    struct restore_resource restore;
    const enum restore_step before = e->resource.status.step;
    struct err err = { 0 };
    const enum err_code rc = restore_resource_decode(object->json, &restore, &err);

    if (rc == ERR_CORRUPT) {
        restore_resource_release(&restore);
        return;
    }
    snprintf(e->unclear, sizeof(e->unclear), "%.*s", (int)sizeof(e->unclear) - 1,
             rc == ERR_OK ? "" : err.msg);
    e->is_told_unclear &= rc != ERR_OK;
    restore_resource_release(&e->resource);
    e->resource = restore;
    if (!restore.is_status_unclear)
        note_step(e, before);
    change(e);
}

static void on_restore(void *self, const struct kube_object *object, bool is_gone)
{
    struct wal_restores *r = self;
    char uid[RESTORE_UID_MAX + 1];
    struct restore_entry *e;

    snprintf(uid, sizeof(uid), "%.*s", STR_ARGS(object->uid));
    e = restore_entry_find(r, uid);
    if (is_gone) {
        if (e)
            change(e);
        drop(r, object->uid);
        return;
    }
    take(e ? e : add(r), object);
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
    r->informer = kube_informer_new(r->ports.client, &r->restores_target, &settings, on_restore,
                                    on_trouble, r);
    r->pods = kube_informer_new(r->ports.client, &r->pods_target, &settings, on_pod, on_trouble, r);
    r->jobs = restore_jobs_new(r->ports.client, r->scope, r->ports.log);
}

bool wal_restores_are_settled(const struct wal_restores *r)
{
    return !r->informer || kube_informer_is_synced(r->informer);
}

/* --- what is known ---------------------------------------------------------------------------- */

/* The finalizer is put on before Redis may be wiped, or its pods deleted: where the step cannot be
 * read, that may have been. */
static enum restore_step step_of(const struct restore_entry *e)
{
    const enum restore_step step = e->resource.status.step;

    return e->resource.has_finalizer && e->resource.is_status_unclear && !restore_step_is_end(step)
               ? RESTORE_STEP_REPLAYING
               : step;
}

static struct restore_place place_of(const struct restore_entry *e)
{
    return (struct restore_place){ step_of(e), e->resource.created_ms, e->resource.uid };
}

static bool is_first(const struct restore_entry *e)
{
    const struct restore_place own = place_of(e);

    for (size_t i = 0; i < e->restores->n; i++) {
        const struct restore_entry *other = e->restores->entries[i];
        const struct restore_place place = place_of(other);

        if (other != e && restore_entry_is_same_wal(e, other) && !restore_step_is_end(place.step) &&
            restore_comes_before(&place, &own))
            return false;
    }
    return true;
}

static enum truth wal_of(const struct restore_entry *e, struct wal_watch **ret_watch)
{
    const struct wal_restores *r = e->restores;
    const struct str scope = str_from(e->resource.scope),
                     name = str_from(e->resource.spec.rediswal);

    *ret_watch = NULL;
    if (!r->ports.has_wal(r->ports.self, scope, name))
        return TRUTH_NO;
    *ret_watch = wal_looks_find(r->ports.looks, scope, name);
    return *ret_watch && !(*ret_watch)->is_unclear ? TRUTH_YES : TRUTH_UNKNOWN;
}

/* Pods that are there, or are to be. */
static int64_t count_pods(const struct wal_restores *r, const struct wal_watch *w)
{
    const int64_t n_wanted = w ? r->ports.n_wanted(r->ports.self, w) : LOOK_UNKNOWN;
    const struct kube_cache *cache = kube_informer_cache(r->pods);
    int64_t n = n_wanted;

    if (n_wanted == LOOK_UNKNOWN || !kube_informer_is_synced(r->pods))
        return LOOK_UNKNOWN;
    for (size_t i = 0; i < cache->n; i++) {
        struct kube_object pod;

        kube_cache_at(cache, i, &pod);
        n += str_eq(pod.scope, str_from(w->resource.scope)) &&
             kube_pod_runs_as(pod.json, WAL_LABEL, str_from(w->resource.name));
    }
    return n;
}

static bool is_silent(const struct wal_restores *r, const struct wal_watch *w)
{
    return !restore_order_is_open(r, w->number) &&
           w->silent_since_ms <= r->now_ms - WAL_RESTORES_SILENT_MS;
}

static struct restore_known know(struct restore_entry *e, struct wal_watch **ret_watch)
{
    const struct wal_restores *r = e->restores;
    const struct restore_spec *spec = &e->resource.spec;
    struct restore_known k = {
        .uid = e->resource.uid,
        .cancel = spec->cancel || e->resource.deleting,
        .accepts_loss = restore_accepts(spec, RESTORE_ACCEPT_LOST_RECORDS),
        .accepts_unknown = restore_accepts(spec, RESTORE_ACCEPT_UNKNOWN_DATA),
        .volumes = spec->wipe == RESTORE_WIPE_VOLUMES,
        .dry_run = spec->dry_run,
        .is_scoped = restore_spec_is_scoped(spec),
        .is_revert = restore_spec_reverts(spec),
        .verify = spec->verify != RESTORE_VERIFY_NONE,
        .skip = spec->after == RESTORE_AFTER_SKIP,
        .release = spec->release,
        .wal = wal_of(e, ret_watch),
        .turn = truth_of(is_first(e)),
        .n_vessels = e->resource.status.vessels.n,
        .is_recreating =
            e->resource.status.step == RESTORE_STEP_RECREATING && e->resource.status.vessels.n > 0,
        .is_gone = e->is_gone,
        .is_denied = e->is_denied,
        .plan = &e->resource.status.plan,
        .is_impossible = e->is_impossible,
        .is_refused = e->is_refused,
        .may_have_wiped =
            e->resource.has_finalizer &&
            (spec->wipe != RESTORE_WIPE_VOLUMES || e->resource.status.recreated_ms != LOOK_UNKNOWN),
        .now_ms = r->now_ms,
    };

    k.catches_up_no_longer =
        e->resource.status.replayed_ms != LOOK_UNKNOWN &&
        r->wall_ms - e->resource.status.replayed_ms >= WAL_RESTORES_CATCH_UP_MS;
    restore_entry_look_at_job(e);
    k.checked = e->job.phase == RESTORE_JOB_UNSEEN ? TRUTH_UNKNOWN
                                                   : truth_of(e->job.phase == RESTORE_JOB_ENDED);
    k.verified = e->job.phase == RESTORE_JOB_ENDED ? e->job.good : TRUTH_UNKNOWN;
    k.pods = count_pods(r, *ret_watch);
    if (k.pods != 0)
        e->fenced_ms = INT64_MIN;
    k.is_fenced = e->fenced_ms != INT64_MIN && r->now_ms - e->fenced_ms <= WAL_RESTORES_FENCE_MS;
    if (*ret_watch) {
        if (restore_is_under_way(e->resource.status.step))
            (*ret_watch)->n_planned = k.plan->n;
        k.is_foreign = wal_mirrors_feed(*ret_watch);
        k.has_failover = truth_of((*ret_watch)->resource.spec.failover != NULL);
        k.wal_name = str_from((*ret_watch)->resource.spec.wal);
        k.observed = &(*ret_watch)->facts;
        k.is_silent = is_silent(r, *ret_watch);
    }
    return k;
}

/* --- what is done ----------------------------------------------------------------------------- */

bool restore_entry_is_confirmed(const struct restore_entry *e)
{
    return strcmp(e->confirmed, e->resource.resource_version) == 0;
}

static bool says_otherwise(const struct restore_entry *e, const struct restore_row *row)
{
    return strcmp(e->resource.status.reason, row->reason) != 0 || e->plan.n > 0 || e->found.n > 0 ||
           e->resource.status.observed_generation != e->resource.generation;
}

static bool has_progress(const struct restore_entry *e, const struct restore_known *known)
{
    const struct restore_status *s = &e->resource.status;
    const int64_t done = s->plan.n > 0 ? restore_replayed(known) : LOOK_UNKNOWN;

    return (done != LOOK_UNKNOWN && done != s->done_records) ||
           (*e->why && !strstr(s->message, e->why));
}

static bool may_go_on(const struct restore_entry *e, const struct restore_row *row,
                      const struct restore_known *known)
{
    /* Where the log ends by now must be known, for it is written down before it is skipped. */
    return row->next != RESTORE_STEP_SKIPPING ||
           (known->observed && observed_knows_log(known->observed, e->restores->now_ms));
}

/* It is kept from being deleted before what cannot be undone is decided. */
static void go_on(struct restore_entry *e, const struct wal_watch *w, const struct restore_row *row,
                  const struct restore_known *known)
{
    const bool destroys = row->next == RESTORE_STEP_RECREATING || row->next == RESTORE_STEP_WIPING;

    if (!restore_entry_is_rid_of_jobs(e, row->next) || !restore_vessels_are_seen(e, w, row, known))
        return;
    if (destroys && !e->resource.has_finalizer)
        restore_entry_write_finalizer(e, true);
    else if (may_go_on(e, row, known))
        restore_entry_write_status(e, row, known);
}

static void decide(struct restore_entry *e)
{
    const struct wal_restores *r = e->restores;
    struct wal_watch *w;
    const struct restore_known known = know(e, &w);
    const struct restore_facts facts = restore_know(&known);
    const struct restore_row *row = restore_decide(e->resource.status.step, &facts);

    if (row->next != row->step)
        go_on(e, w, row, &known);
    else if (says_otherwise(e, row) ||
             (has_progress(e, &known) && r->now_ms - e->figures_ms >= WAL_RESTORES_FIGURES_MS))
        restore_entry_write_status(e, row, &known);
    else if (row->effect != RESTORE_EFFECT_NOTHING && !restore_entry_is_confirmed(e))
        restore_entry_confirm(e);
    else if (row->effect == RESTORE_EFFECT_VERIFY || row->effect == RESTORE_EFFECT_REPAIR ||
             row->effect == RESTORE_EFFECT_REVERT)
        restore_entry_want_job(e, w);
    else if (w)
        restore_order_give(e, w, row->effect);
}

static void tell_unclear(struct restore_entry *e, const struct restore_row *row)
{
    struct restore_status s = e->resource.status; /* borrows the plan */

    if (e->is_told_unclear)
        return;
    e->is_told_unclear = true;
    restore_say(&s, row, e->unclear);
    tell(e, true, &s);
    log_warn(e->restores->ports.log, "Failed to follow a restore namespace=%s name=%s error=%s",
             e->resource.scope, e->resource.name, s.message);
}

/* One that cannot be followed fails, as long as nothing was done; what may have wiped Redis waits
 * for a version of it, or of us, that can be followed. */
static void refuse(struct restore_entry *e)
{
    const enum restore_step step = e->resource.status.step;
    const struct restore_row fails = { .step = step,
                                       .next = RESTORE_STEP_FAILED,
                                       .reason = "NotFollowed",
                                       .found = "what it asks for cannot be followed",
                                       .remedy = "create another one" };
    const struct restore_row stays = {
        .step = step,
        .next = step,
        .reason = "NotFollowed",
        .found = "it cannot be followed, and stays as it is",
        .remedy = "edit it back, or run a version of the controller that can follow it; or give it "
                  "up: delete it, remove its finalizer " RESTORE_FINALIZER
                  ", and the appliers go on from where Redis is",
    };
    const struct restore_known nothing = { .uid = e->resource.uid,
                                           .plan = &e->resource.status.plan };

    if (!e->resource.has_finalizer) {
        restore_entry_write_status(e, &fails, &nothing);
        return;
    }
    tell_unclear(e, &stays);
    if (!e->resource.is_status_unclear && says_otherwise(e, &stays))
        restore_entry_write_status(e, &stays, &nothing);
}

static bool is_unseen(const struct restore_entry *e)
{
    return strcmp(e->base, e->resource.resource_version) == 0;
}

static bool must_wait(struct restore_entry *e)
{
    const struct wal_restores *r = e->restores;

    if (e->call != 0 || r->now_ms < e->due_ms || e->is_ordered)
        return true;
    return is_unseen(e) && r->now_ms - e->written_ms < WAL_RESTORES_UNSEEN_MS;
}

static void advance(struct restore_entry *e)
{
    if (must_wait(e))
        return;
    if (restore_step_is_end(e->resource.status.step)) {
        if (e->resource.has_finalizer)
            restore_entry_write_finalizer(e, false);
    } else if (*e->unclear) {
        refuse(e);
    } else {
        decide(e);
    }
}

/* --- the whole -------------------------------------------------------------------------------- */

void wal_restores_begin(struct wal_restores *r)
{
    r->term++;
    for (size_t i = 0; i < r->n; i++)
        forget_deeds(r->entries[i]);
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
        advance(r->entries[i]);
    if (now_ms >= r->late_due_ms && ends_ms > now_ms && r->ports.may_act(r->ports.self)) {
        r->late_due_ms = now_ms + WAL_RESTORES_RETRY_MS;
        restore_jobs_end_late(r);
    }
}

/* Looks, watches and answers wake us, too. */
static int64_t entry_due_ms(const struct restore_entry *e)
{
    const int64_t now_ms = e->restores->now_ms;

    if (e->call != 0 || e->is_ordered)
        return INT64_MAX;
    if (restore_step_is_end(e->resource.status.step) && !e->resource.has_finalizer)
        return INT64_MAX;
    if (is_unseen(e) && now_ms - e->written_ms < WAL_RESTORES_UNSEEN_MS)
        return e->written_ms + WAL_RESTORES_UNSEEN_MS;
    return e->due_ms > now_ms ? e->due_ms : now_ms + WAL_RESTORES_RETRY_MS;
}

int64_t wal_restores_due_ms(const struct wal_restores *r)
{
    int64_t due_ms;

    if (!r->informer)
        return INT64_MAX;
    due_ms = int64_min(kube_informer_due_ms(r->informer), kube_informer_due_ms(r->pods));
    due_ms = int64_min(due_ms, restore_jobs_due_ms(r->jobs));
    for (size_t i = 0; i < r->n && r->ends_ms != INT64_MIN; i++)
        due_ms = int64_min(due_ms, entry_due_ms(r->entries[i]));
    return due_ms;
}

static bool is_of(const struct restore_entry *e, struct str scope, struct str wal)
{
    return e->resource.spec.rediswal && str_eq(str_from(e->resource.scope), scope) &&
           str_eq(str_from(e->resource.spec.rediswal), wal);
}

struct wal_restoring wal_restores_of(const struct wal_restores *r, struct str scope, struct str wal)
{
    struct wal_restoring restoring = { 0 };

    for (size_t i = 0; i < r->n; i++) {
        const struct restore_entry *e = r->entries[i];
        const enum restore_step step = step_of(e);

        if (!is_of(e, scope, wal) || !restore_is_under_way(step) || restore_step_is_of_keys(step))
            continue;
        restoring.is_under_way = true;
        restoring.stops |= restore_step_stops(step);
        restoring.rate_limit = e->resource.spec.rate;
    }
    return restoring;
}
