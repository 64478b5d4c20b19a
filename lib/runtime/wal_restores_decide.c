/* What is known of a restore, what is next by core/restore.h, and having it done. */
#include <stdio.h>
#include <string.h>

#include "base/int64.h"
#include "codec/kube_pod.h"
#include "codec/wal_children.h"
#include "runtime/wal_mirrors.h"
#include "runtime/wal_restores_state.h"

/* --- what is known ---------------------------------------------------------------------------- */

/* The finalizer is put on before Redis may be wiped, or its pods deleted: where the step cannot be
 * read, that may have been. */
enum restore_step restore_entry_step(const struct restore_entry *e)
{
    const enum restore_step step = e->resource.status.step;

    return e->resource.has_finalizer && e->resource.is_status_unclear && !restore_step_is_end(step)
               ? RESTORE_STEP_REPLAYING
               : step;
}

static struct restore_place place_of(const struct restore_entry *e)
{
    return (struct restore_place){ restore_entry_step(e), e->resource.created_ms, e->resource.uid };
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
    return *ret_watch && !(*ret_watch)->is_refused ? TRUTH_YES : TRUTH_UNKNOWN;
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

/* Whoever led before may have sent one until then. */
static bool is_idle(struct restore_entry *e, const struct wal_watch *w)
{
    const struct wal_restores *r = e->restores;

    e->sent_ms = int64_min(e->sent_ms, r->now_ms);
    return !restore_order_is_open(r, w->number) && e->sent_ms <= r->now_ms - WAL_RESTORES_SILENT_MS;
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
        .n_objects = e->resource.status.objects.n,
        .is_recreating =
            e->resource.status.step == RESTORE_STEP_RECREATING && e->resource.status.objects.n > 0,
        .is_gone = e->is_gone,
        .is_traced = e->is_seen,
        .is_untraceable = restore_objects_are_untraceable(e),
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
        k.is_idle = is_idle(e, *ret_watch);
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
           (*e->why && strcmp(e->why, e->told) != 0);
}

static bool may_go_on(const struct restore_entry *e, const struct restore_row *row,
                      const struct restore_known *known)
{
    /* Where the log ends by now must be known, for it is written down before it is skipped. */
    return row->next != RESTORE_STEP_SKIPPING ||
           (known->observed && observed_knows_log(known->observed, e->restores->now_ms));
}

/* It is kept from being deleted before what cannot be undone is decided. */
static void go_on(struct restore_entry *e, const struct restore_row *row,
                  const struct restore_known *known)
{
    const bool destroys = row->next == RESTORE_STEP_RECREATING || row->next == RESTORE_STEP_WIPING;

    if (!restore_entry_is_rid_of_jobs(e, row->next))
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

    restore_objects_time_trace(e, row);
    if (row->next != row->step)
        go_on(e, row, &known);
    else if (says_otherwise(e, row) ||
             (has_progress(e, &known) && r->now_ms - e->figures_ms >= WAL_RESTORES_FIGURES_MS))
        restore_entry_write_status(e, row, &known);
    else if (row->effect != RESTORE_EFFECT_NOTHING && !restore_entry_is_confirmed(e))
        restore_entry_confirm(e);
    else if (row->effect == RESTORE_EFFECT_VERIFY || row->effect == RESTORE_EFFECT_REPAIR ||
             row->effect == RESTORE_EFFECT_REVERT)
        restore_entry_want_job(e, w);
    else if (row->effect == RESTORE_EFFECT_TRACE)
        restore_objects_order(e, w, row->effect);
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
    restore_entry_tell(e, true, &s);
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

void restore_entry_advance(struct restore_entry *e)
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

/* Looks, watches and answers wake us, too. */
int64_t restore_entry_due_ms(const struct restore_entry *e)
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
