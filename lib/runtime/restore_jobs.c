#include "runtime/restore_jobs.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/int64.h"
#include "base/mem.h"
#include "codec/pod_view.h"
#include "codec/restore_job.h"
#include "runtime/kube_informer.h"

struct restore_jobs {
    struct log *log;
    struct kube_informer_target jobs_target, pods_target;
    struct kube_informer *jobs, *pods;
    char trouble[KUBE_MESSAGE_MAX]; /* of the last list or watch that failed; "": none has */
};

/* Whoever wants to know looks. */
static void on_change(void *self, const struct kube_object *object, bool is_gone)
{
    (void)self;
    (void)object;
    (void)is_gone;
}

static void on_trouble(void *self, const char *message)
{
    struct restore_jobs *j = self;

    snprintf(j->trouble, sizeof(j->trouble), "%s", message);
    log_warn(j->log, "Failed to follow the API server resource=%s error=%s", "jobs,pods", message);
}

struct restore_jobs *restore_jobs_new(struct kube_client *client, struct str scope, struct log *log)
{
    const struct kube_reflector_settings settings = kube_reflector_defaults();
    struct restore_jobs *j = mem_new(1, sizeof(*j));

    j->log = log;
    j->jobs_target = (struct kube_informer_target){
        .collection = { restore_job_resource, scope, { 0 }, { 0 } },
        .selection.label_selector = STR_LITERAL(RESTORE_JOB_LABEL),
        .keep = restore_job_fields,
        .n_keep = RESTORE_JOB_FIELDS,
    };
    j->pods_target = j->jobs_target;
    j->pods_target.collection.resource = pod_objects;
    j->pods_target.keep = restore_job_pod_fields;
    j->pods_target.n_keep = RESTORE_JOB_POD_FIELDS;
    j->jobs = kube_informer_new(client, &j->jobs_target, &settings, on_change, on_trouble, j);
    j->pods = kube_informer_new(client, &j->pods_target, &settings, on_change, on_trouble, j);
    return j;
}

void restore_jobs_free(struct restore_jobs *j)
{
    if (!j)
        return;
    kube_informer_free(j->jobs);
    kube_informer_free(j->pods);
    free(j);
}

void restore_jobs_step(struct restore_jobs *j, int64_t now_ms)
{
    kube_informer_step(j->jobs, now_ms);
    kube_informer_step(j->pods, now_ms);
}

int64_t restore_jobs_due_ms(const struct restore_jobs *j)
{
    return int64_min(kube_informer_due_ms(j->jobs), kube_informer_due_ms(j->pods));
}

static void look_at_pods(const struct restore_jobs *j, struct str scope, const char *job,
                         const char *verb, struct restore_job_state *s)
{
    const struct kube_cache *cache = kube_informer_cache(j->pods);

    for (size_t i = 0; i < cache->n; i++) {
        struct kube_object pod;

        kube_cache_at(cache, i, &pod);
        if (str_eq(pod.scope, scope))
            restore_job_read_pod(pod.json, job, verb, s);
    }
}

void restore_jobs_look(const struct restore_jobs *j, struct str scope, const char *job,
                       const char *verb, int64_t wall_ms, struct restore_job_state *ret)
{
    struct kube_object object;

    restore_job_state_init(ret);
    if (!kube_informer_is_synced(j->jobs)) {
        snprintf(ret->why, sizeof(ret->why), "%s", j->trouble);
        return;
    }
    ret->phase = RESTORE_JOB_NONE;
    if (!kube_cache_find(kube_informer_cache(j->jobs), scope, str_from(job), &object))
        return;
    restore_job_read(object.json, ret);
    look_at_pods(j, scope, job, verb, ret);
    if (ret->phase == RESTORE_JOB_ENDED && !ret->is_told && ret->ended_ms != LOOK_UNKNOWN &&
        wall_ms - ret->ended_ms < RESTORE_JOBS_POD_MS)
        ret->phase = RESTORE_JOB_RUNNING;
}

bool restore_jobs_next_running(const struct restore_jobs *j, size_t *at, struct kube_object *ret)
{
    const struct kube_cache *cache = kube_informer_cache(j->jobs);

    while (*at < cache->n) {
        struct restore_job_state state;

        kube_cache_at(cache, (*at)++, ret);
        restore_job_read(ret->json, &state);
        if (state.phase == RESTORE_JOB_RUNNING)
            return true;
    }
    return false;
}

bool restore_jobs_find_running(const struct restore_jobs *j, struct str scope, const char *uid,
                               const char *wanted, struct kube_object *ret)
{
    for (size_t at = 0; restore_jobs_next_running(j, &at, ret);)
        if (str_eq(ret->scope, scope) && restore_job_is_of(ret->name, uid) &&
            !str_eq(ret->name, str_from(wanted)))
            return true;
    return false;
}
