#include "codec/wal_status_json.h"

#include <stdio.h>
#include <string.h>

#include "base/civil_time.h"
#include "codec/kube_yyjson.h"

static void add_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, struct str text)
{
    if (text.n > 0)
        kube_yyjson_add(doc, object, key, text);
}

static void add_figure(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, int64_t value)
{
    if (value >= 0)
        yyjson_mut_obj_add_int(doc, object, key, value);
}

static void add_time(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, int64_t wall_ms)
{
    yyjson_mut_val *v = kube_yyjson_time(doc, wall_ms);

    if (v)
        yyjson_mut_obj_add_val(doc, object, key, v);
}

static void add_primary(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct observed *facts,
                        const struct wal_status_figures *f)
{
    const struct primary_facts *p = &facts->primary;
    yyjson_mut_val *v;

    if (facts->primary_since_wall_ms == LOOK_UNKNOWN)
        return;
    v = yyjson_mut_obj_add_obj(doc, root, "primary");
    add_text(doc, v, "pod", f->pod);
    add_text(doc, v, "address", kube_yyjson_readable(str_from(p->address)));
    add_text(doc, v, "runId", kube_yyjson_readable(str_from(p->run_id)));
    add_time(doc, v, "since", facts->primary_since_wall_ms);
}

static void add_applier(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct observed *facts,
                        const struct wal_status_figures *f)
{
    yyjson_mut_val *v = yyjson_mut_obj_add_obj(doc, root, "applier");

    add_figure(doc, v, "replicas", f->replicas);
    add_figure(doc, v, "ready", facts->ready);
    add_figure(doc, v, "desired", facts->desired);
    add_text(doc, v, "selector", f->selector);
}

static void add_lag(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct observed *facts,
                    int64_t now_ms)
{
    const int64_t behind = observed_behind(facts), lag_ms = observed_lag_ms(facts, now_ms);
    yyjson_mut_val *v;

    if (behind == LOOK_UNKNOWN && lag_ms == LOOK_UNKNOWN)
        return;
    v = yyjson_mut_obj_add_obj(doc, root, "lag");
    add_figure(doc, v, "records", behind);
    add_figure(doc, v, "seconds", behind == 0 ? 0 : lag_ms < 0 ? lag_ms : lag_ms / 1000);
}

/* A bound: what is well would have another age whenever somebody looks. */
static void add_age(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, int64_t age_ms,
                    int64_t step_ms)
{
    const int64_t step = step_ms < 1000 ? 1 : step_ms / 1000;
    const int64_t steps = (age_ms + step * 1000 - 1) / (step * 1000);

    add_figure(doc, object, key, age_ms < 0 ? age_ms : steps * step);
}

static void add_tasks(yyjson_mut_doc *doc, yyjson_mut_val *mirror, const struct mirror_look *l)
{
    yyjson_mut_val *v;

    if (!l->exists || l->n_tasks == LOOK_UNKNOWN)
        return;
    v = yyjson_mut_obj_add_obj(doc, mirror, "tasks");
    add_figure(doc, v, "total", l->n_tasks);
    add_figure(doc, v, "running", l->n_running);
    add_figure(doc, v, "failed", l->n_failed);
}

static void add_mirrored(yyjson_mut_doc *doc, yyjson_mut_val *mirror, const struct mirror_lag *lag,
                         int64_t now_ms)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);

    for (int32_t i = 0; i < lag->n && i < WAL_MIRROR_TOLD_MAX; i++) {
        const int64_t next = mirror_lag_next(lag, i, now_ms),
                      behind = mirror_lag_behind(lag, i, now_ms);
        yyjson_mut_val *v;

        if (next == LOOK_UNKNOWN || behind == LOOK_UNKNOWN)
            continue;
        v = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_int(doc, v, "partition", i);
        yyjson_mut_obj_add_int(doc, v, "next", next);
        yyjson_mut_obj_add_int(doc, v, "behind", behind);
    }
    if (yyjson_mut_arr_size(list) > 0)
        yyjson_mut_obj_add_val(doc, mirror, "partitions", list);
}

static void add_mirror_lag(yyjson_mut_doc *doc, yyjson_mut_val *mirror,
                           const struct wal_status_figures *f)
{
    const int64_t records = mirror_lag_total(f->mirror.lag, f->now_ms);
    yyjson_mut_val *v;

    if (records == LOOK_UNKNOWN && f->mirror.age_ms == LOOK_UNKNOWN)
        return;
    v = yyjson_mut_obj_add_obj(doc, mirror, "lag");
    add_figure(doc, v, "records", records);
    add_age(doc, v, "seconds", f->mirror.age_ms, f->freshness_step_ms);
}

static struct str trouble_of(const struct wal_mirror_figures *m,
                             const enum truth facts[MIRROR_FACT_COUNT])
{
    if (m->facts->tried.outcome != LOOK_ANSWERED)
        return str_from(m->facts->tried.why);
    return facts[MIRROR_FACT_FAILED] == TRUTH_YES ? str_from(m->facts->last.trouble) : m->trouble;
}

static void add_mirror(yyjson_mut_doc *doc, yyjson_mut_val *root,
                       const struct wal_status_figures *f)
{
    const struct wal_mirror_figures *m = &f->mirror;
    enum truth facts[MIRROR_FACT_COUNT];
    enum mirror_reason reason;
    yyjson_mut_val *v;

    if (!m->facts)
        return;
    mirror_facts(m->facts, f->now_ms, facts);
    reason = mirror_judge(facts);
    v = yyjson_mut_obj_add_obj(doc, root, "mirror");
    if (m->generation > 0)
        yyjson_mut_obj_add_int(doc, v, "observedGeneration", m->generation);
    add_text(doc, v, "connector", kube_yyjson_readable(m->connector));
    kube_yyjson_add(doc, v, "state", str_from(mirror_state_text(mirror_reason_state(reason))));
    kube_yyjson_add(doc, v, "reason", str_from(mirror_reason_code(reason)));
    if (facts[MIRROR_FACT_PRESENT] == TRUTH_YES)
        add_tasks(doc, v, &m->facts->last);
    add_text(doc, v, "trouble", kube_yyjson_readable(trouble_of(m, facts)));
    add_mirror_lag(doc, v, f);
    add_mirrored(doc, v, m->lag, f->now_ms);
}

static void add_conditions(yyjson_mut_doc *doc, yyjson_mut_val *root,
                           const struct wal_status *status, int64_t generation)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "conditions");

    for (enum wal_condition_type i = 0; i < WAL_CONDITION_COUNT; i++) {
        const struct wal_condition *c = &status->conditions[i];
        yyjson_mut_val *v;

        if (c->reason[0] == '\0')
            continue;
        v = yyjson_mut_arr_add_obj(doc, list);
        kube_yyjson_add(doc, v, "type", str_from(wal_condition_text(i)));
        kube_yyjson_add(doc, v, "status", str_from(condition_status_text(c->status)));
        kube_yyjson_add(doc, v, "reason", str_from(c->reason));
        kube_yyjson_add(doc, v, "message", kube_yyjson_readable(str_from(c->message)));
        add_time(doc, v, "lastTransitionTime", c->since_wall_ms);
        yyjson_mut_obj_add_int(doc, v, "observedGeneration", generation);
    }
}

bool wal_status_encode(struct buf *out, const struct wal_status *status,
                       const struct observed *facts, const struct wal_status_figures *f)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_int(doc, root, "observedGeneration", f->generation);
    kube_yyjson_add(doc, root, "phase", str_from(wal_phase_text(status->phase)));
    add_text(doc, root, "role", f->role);
    add_primary(doc, root, facts, f);
    add_applier(doc, root, facts, f);
    if (facts->n > 0)
        yyjson_mut_obj_add_int(doc, root, "partitions", facts->n);
    add_lag(doc, root, facts, f->now_ms);
    add_age(doc, root, "freshness", f->freshness_ms, f->freshness_step_ms);
    add_mirror(doc, root, f);
    add_conditions(doc, root, status, f->generation);
    return kube_yyjson_write(doc, out);
}

/* --- what an earlier one said ----------------------------------------------------------------- */

static bool take_status(struct str text, enum condition_status *ret)
{
    for (enum condition_status i = 0; i < CONDITION_STATUS_COUNT; i++) {
        if (str_eq(text, str_from(condition_status_text(i)))) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static void take_condition(yyjson_val *v, struct wal_status *ret)
{
    struct wal_condition c = { 0 };
    enum wal_condition_type type;
    const struct str message = kube_yyjson_str(v, "message");

    if (!wal_condition_from(kube_yyjson_str(v, "type"), &type) ||
        !take_status(kube_yyjson_str(v, "status"), &c.status) ||
        !kube_yyjson_copy(v, "reason", c.reason, sizeof(c.reason)) ||
        !civil_time_parse(kube_yyjson_str(v, "lastTransitionTime"), &c.since_wall_ms))
        return;
    snprintf(c.message, sizeof(c.message), "%.*s", STR_ARGS(message));
    ret->conditions[type] = c;
}

enum err_code wal_status_decode(struct str json, struct wal_status *ret, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, err);
    yyjson_val *root = yyjson_doc_get_root(doc), *v;
    struct wal_status status = { 0 };
    yyjson_arr_iter list;
    struct str phase;

    if (!doc)
        return ERR_CORRUPT;
    phase = kube_yyjson_str(root, "phase");
    for (enum wal_phase i = 0; i < WAL_PHASE_COUNT; i++)
        if (str_eq(phase, str_from(wal_phase_text(i))))
            status.phase = i;
    yyjson_arr_iter_init(yyjson_obj_get(root, "conditions"), &list);
    while ((v = yyjson_arr_iter_next(&list)))
        take_condition(v, &status);
    *ret = status;
    return ERR_OK;
}

int64_t wal_status_primary(struct str json, char ret_run_id[RUN_ID_MAX + 1])
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, NULL);
    yyjson_val *primary = yyjson_obj_get(yyjson_doc_get_root(doc), "primary");
    const struct str run_id = kube_yyjson_str(primary, "runId");
    int64_t since_wall_ms;

    if (run_id.n == 0 || run_id.n > RUN_ID_MAX ||
        !civil_time_parse(kube_yyjson_str(primary, "since"), &since_wall_ms))
        return LOOK_UNKNOWN;
    snprintf(ret_run_id, RUN_ID_MAX + 1, "%.*s", STR_ARGS(run_id));
    return since_wall_ms;
}
