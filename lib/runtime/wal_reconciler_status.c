/* What the status of a RedisWal says, and what is told of it by Events. */
#include <stdio.h>
#include <string.h>

#include "codec/wal_status_json.h"
#include "runtime/wal_clashes.h"
#include "runtime/wal_reconciler_state.h"

/* The first object of that outcome, in words; NULL: there is none. */
static const char *first(const struct kube_report *report, enum kube_outcome_type type,
                         char text[WAL_MESSAGE_MAX])
{
    for (size_t i = 0; i < report->wishes->n; i++) {
        const struct kube_wish *w = &report->wishes->wishes[i];

        if (report->outcomes[i].type != type)
            continue;
        snprintf(text, WAL_MESSAGE_MAX, "%s %.*s: %s", wal_child_kind((enum wal_child_type)w->kind),
                 STR_ARGS(w->name), report->outcomes[i].why);
        return text;
    }
    return NULL;
}

struct kube_scale wal_reconciler_scale(const struct wal_reconciler *r, const struct wal_watch *w)
{
    const struct kube_cache *cache = kube_keeper_children(r->keeper, WAL_CHILD_DEPLOYMENT);
    char name[WAL_CHILD_NAME_MAX + 1];
    struct kube_object object;

    wal_child_name(&w->resource, name);
    if (cache && kube_cache_find(cache, str_from(w->resource.scope), str_from(name), &object))
        return kube_child_scale(object.json);
    return (struct kube_scale){ LOOK_UNKNOWN, LOOK_UNKNOWN, LOOK_UNKNOWN };
}

static void take_scale(const struct wal_reconciler *r, struct wal_watch *w, int64_t *ret_replicas)
{
    const struct kube_scale scale = wal_reconciler_scale(r, w);

    w->facts.desired = scale.desired;
    w->facts.ready = scale.ready;
    *ret_replicas = scale.replicas;
}

static void judge(const struct wal_reconciler *r, struct wal_watch *w,
                  const struct kube_report *report, struct wal_status *ret)
{
    char taken[WAL_MESSAGE_MAX], refused[WAL_MESSAGE_MAX];
    const struct wal_restoring restoring =
        wal_restores_of(r->restores, str_from(w->resource.scope), str_from(w->resource.name));
    const struct wal_watch *rival = w;
    const enum mirror_clash clash = wal_clashes_find(r->looks, w, &rival);
    char rival_name[WAL_MESSAGE_MAX];
    const struct wal_wanted wanted = {
        .wal = str_from(w->resource.spec.wal),
        .hold_blank = w->resource.spec.on_blank && strcmp(w->resource.spec.on_blank, "hold") == 0,
        .left_out_by = restoring.leaves_out,
        .freshness_ms = w->resource.spec.freshness_ms,
        .paused = w->resource.spec.paused || w->resource.spec.replicas == 0,
        .restoring = restoring.is_under_way,
        .stopped = restoring.stops,
        .unclear = report->unclear ? report->unclear->msg : NULL,
        .taken = first(report, KUBE_OUTCOME_TAKEN, taken),
        .refused = first(report, KUBE_OUTCOME_FAILED, refused),
        .marks = wal_marks_state(w, r->now_ms),
        .marks_why = w->marks.why,
        .mirror = wal_mirrors_is_named(w) ? &w->mirror.facts : NULL,
        .mirror_wish = wal_mirrors_wish(w),
        .accepted_differences = w->resource.spec.accepted_differences,
        .mirror_clash = clash,
        .mirror_rival = rival_name,
    };

    snprintf(rival_name, sizeof(rival_name), "%s/%s", rival->resource.scope, rival->resource.name);
    w->troubled = wanted.unclear || wanted.taken || wanted.refused;
    wal_status_judge(&wanted, &w->facts, &w->before, r->now_ms, r->ports.wall_ms(), ret);
}

/* What is written at once, in one number; figures beside it can wait. */
static uint64_t digest_of(const struct wal_watch *w, const struct wal_status_figures *f)
{
    CLEANUP(buf_release) struct buf text = { 0 };

    buf_init(&text, WAL_MESSAGE_MAX);
    buf_print(&text, "%lld %lld %lld %lld %lld %s %.*s", (long long)f->generation,
              (long long)w->facts.desired, (long long)w->facts.ready, (long long)f->replicas,
              (long long)w->facts.primary_since_wall_ms, w->facts.primary.address,
              STR_ARGS(f->pod));
    return kube_child_wish(buf_str(&text));
}

/* What another process had found out stays until looks of our own tell as much. */
static bool is_early(const struct wal_reconciler *r, const struct wal_watch *w)
{
    if (w->known || r->now_ms - w->since_ms >= WAL_FIRST_LOOKS_MS)
        return false;
    for (size_t i = 0; i < WAL_CONDITION_COUNT; i++)
        if (w->before.conditions[i].status != CONDITION_UNKNOWN &&
            w->now.conditions[i].status == CONDITION_UNKNOWN &&
            w->now.conditions[i].reason[0] != '\0')
            return true;
    return false;
}

static void recall(struct wal_watch *w, struct str status, int64_t now_ms)
{
    const int64_t since_wall_ms = wal_status_primary(status, w->told.primary);

    if (wal_status_decode(status, &w->before, NULL) != ERR_OK)
        w->before = (struct wal_status){ 0 };
    wal_status_recall(&w->before, &w->told);
    if (strcmp(w->told.mirror, mirror_reason_code(MIRROR_REASON_STORED_ON)) == 0)
        mirror_recall_storing(&w->mirror.facts, now_ms);
    if (since_wall_ms != LOOK_UNKNOWN && strcmp(w->facts.primary.run_id, w->told.primary) == 0)
        w->facts.primary_since_wall_ms = since_wall_ms;
}

static bool is_due(const struct wal_reconciler *r, const struct wal_watch *w,
                   const struct wal_status *now)
{
    return !w->known || wal_status_differs(&w->before, now) ||
           !wal_status_has_told(&w->told, &w->facts) ||
           w->written_seen != w->mirror.seen_generation ||
           r->now_ms - w->written_ms >= WAL_FIGURES_MS;
}

bool wal_reconciler_status(void *self, const struct kube_object *owner,
                           const struct kube_report *report, struct buf *ret_status)
{
    static const char *const roles[] = { WAL_ROLE_CHOICES };
    struct wal_reconciler *r = self;
    struct wal_watch *w = wal_looks_find(r->looks, owner->scope, owner->name);
    CLEANUP(wal_resource_release) struct wal_resource wal = { 0 };
    CLEANUP(buf_release) struct buf selector = { 0 };
    struct wal_status_figures figures = { .now_ms = r->now_ms };
    char pod[KUBE_POD_NAME_MAX + 1];
    struct err ignored;

    if (!w || wal_resource_decode(owner->json, r->settings.options, &wal, &ignored) == ERR_CORRUPT)
        return false;
    if (!w->known)
        recall(w, wal.status, r->now_ms);
    take_scale(r, w, &figures.replicas);
    figures.freshness_step_ms = w->resource.spec.freshness_ms;
    figures.freshness_ms = wal_marks_freshness_ms(w, r->now_ms, r->ports.wall_ms());
    if (wal_mirrors_is_named(w))
        figures.mirror = (struct wal_mirror_figures){
            .facts = &w->mirror.facts,
            .lag = &w->mirror.lag,
            .connector = str_from(w->mirror.connector),
            .generation = w->mirror.seen_generation,
            .trouble = str_from(w->mirror.why[0] != '\0' ? w->mirror.why : w->mirror.offsets_why),
            .age_ms = observed_mark_age_ms(&w->facts, r->now_ms, r->ports.wall_ms()),
        };
    judge(r, w, report, &w->now);
    buf_init(&selector, WAL_MESSAGE_MAX);
    if (wal_child_selector(wal.name, &selector))
        figures.selector = buf_str(&selector);
    wal_failovers_pod(r->failovers, owner->scope, w->facts.primary.address, pod);
    figures.pod = str_from(pod);
    figures.generation = wal.generation;
    figures.role = str_from(roles[w->resource.spec.role]);
    w->now_digest = digest_of(w, &figures);
    w->now_seen = w->mirror.seen_generation;
    if (is_early(r, w)) {
        kube_keeper_poke_at(r->keeper, owner->scope, owner->name,
                            w->since_ms + WAL_FIRST_LOOKS_MS); /* if no look tells before */
        return false;
    }
    return (w->now_digest != w->written_digest || is_due(r, w, &w->now)) &&
           wal_status_encode(ret_status, &w->now, &w->facts, &figures);
}

static void copy(char *to, size_t size, struct str s)
{
    snprintf(to, size, "%.*s", STR_ARGS(s));
}

void wal_reconciler_tell(struct wal_reconciler *r, const char *kind,
                         const struct kube_object *object, const struct wal_notice *n)
{
    struct kube_event e = { .warning = n->warning };
    struct err err;

    copy(e.regarding.api_version, sizeof(e.regarding.api_version),
         STR_LITERAL(WAL_API_GROUP "/" WAL_API_VERSION));
    copy(e.regarding.kind, sizeof(e.regarding.kind), str_from(kind));
    copy(e.regarding.scope, sizeof(e.regarding.scope), object->scope);
    copy(e.regarding.name, sizeof(e.regarding.name), object->name);
    copy(e.regarding.uid, sizeof(e.regarding.uid), object->uid);
    copy(e.reason, sizeof(e.reason), str_from(n->reason));
    copy(e.action, sizeof(e.action), str_from(n->action));
    copy(e.note, sizeof(e.note), str_from(n->note));
    log_info(r->ports.log, "Decided namespace=%.*s name=%.*s reason=%s note=%s",
             STR_ARGS(object->scope), STR_ARGS(object->name), n->reason, n->note);
    if (kube_recorder_add(r->recorder, &e, r->now_ms, r->ports.wall_ms(), &err) != ERR_OK)
        log_warn(r->ports.log, "Failed to tell by an Event reason=%s error=%s", n->reason, err.msg);
}

void wal_reconciler_told(void *self, const struct kube_object *owner)
{
    struct wal_reconciler *r = self;
    struct wal_watch *w = wal_looks_find(r->looks, owner->scope, owner->name);
    struct wal_notice notices[WAL_NOTICES_MAX];
    size_t n;

    if (!w)
        return;
    n = wal_status_notices(&w->before, &w->now, &w->facts, &w->told, notices);
    for (size_t i = 0; i < n; i++)
        wal_reconciler_tell(r, WAL_KIND, owner, &notices[i]);
    w->before = w->now;
    w->known = true;
    w->written_ms = r->now_ms;
    w->written_digest = w->now_digest;
    w->written_seen = w->now_seen;
}

/* Most looks tell nothing new; a pass over all objects is for those that do. */
void wal_reconciler_learned(void *self, struct wal_watch *w)
{
    static const struct kube_wishes none;
    const struct kube_report fine = { .wishes = &none };
    struct wal_reconciler *r = self;
    const int64_t age_ms = wal_marks_freshness_ms(w, r->now_ms, r->ports.wall_ms());
    struct wal_status now; /* not `w->now`: that may be on its way to the server */

    slo_sample(&w->slo, r->now_ms, age_ms, w->resource.spec.freshness_ms);
    if (w->known && !w->troubled) {
        judge(r, w, &fine, &now);
        if (!is_due(r, w, &now))
            return;
    }
    kube_keeper_poke(r->keeper, str_from(w->resource.scope), str_from(w->resource.name), r->now_ms);
}
