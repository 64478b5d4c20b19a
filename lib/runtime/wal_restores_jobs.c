/* The Jobs that steps of a restore have. */
#include <stdio.h>
#include <string.h>

#include "codec/kube_json.h"
#include "codec/restore_job.h"
#include "core/log_time.h"
#include "runtime/wal_restores_state.h"

#define VERIFY "verify"

enum {
    SECOND_MS = 1000,
    NUMBER_MAX = 24,
    WHY_SHOWN_MAX = 200, /* room is left for what to do */
};

/* What a step's Job is told by. */
struct job_name {
    const char *verb; /* NULL: the step has none */
    int64_t run;
    char text[RESTORE_JOB_NAME_MAX + 1];
};

/* Each history of Redis is compared by a Job of its own. */
static struct job_name name_of(const struct restore_entry *e, enum restore_step step)
{
    struct job_name name = { 0 };

    if (step != RESTORE_STEP_VERIFYING)
        return name;
    name.verb = VERIFY;
    name.run = e->resource.status.wiped_ms / SECOND_MS;
    restore_job_name(name.verb, e->resource.uid, name.run, name.text);
    return name;
}

static void say_why(struct restore_entry *e)
{
    const struct restore_job_state *job = &e->job;

    if (job->phase == RESTORE_JOB_ENDED && job->good == TRUTH_NO && job->different != LOOK_UNKNOWN)
        snprintf(e->why, sizeof(e->why), "%lld of %lld keys differ", (long long)job->different,
                 (long long)job->compared);
    else if (*job->why)
        snprintf(e->why, sizeof(e->why), "%.*s", WHY_SHOWN_MAX, job->why);
}

void restore_entry_look_at_job(struct restore_entry *e)
{
    const struct wal_restores *r = e->restores;
    const struct job_name name = name_of(e, e->resource.status.step);

    restore_job_state_init(&e->job);
    if (!name.verb)
        return;
    restore_jobs_look(r->jobs, str_from(e->resource.scope), name.text, name.verb, r->wall_ms,
                      &e->job);
    say_why(e);
}

/* --- requests --------------------------------------------------------------------------------- */

static const char *redis_image_of(const struct restore_entry *e, const struct wal_watch *w,
                                  char image[REDIS_FAILOVER_IMAGE_MAX + 1])
{
    const struct wal_restores *r = e->restores;

    if (e->resource.spec.redis_image)
        return e->resource.spec.redis_image;
    if (w->resource.spec.failover &&
        wal_failovers_image(r->ports.failovers, str_from(w->resource.scope),
                            w->resource.spec.failover, image))
        return image;
    return r->ports.images.redis;
}

static int64_t lasts_max_s(const struct restore_status *s)
{
    const int64_t replay_s = (s->replayed_ms - s->wiped_ms) / SECOND_MS;

    return WAL_RESTORES_VERIFY_S + (replay_s > 0 ? WAL_RESTORES_VERIFY_TIMES * replay_s : 0);
}

/* What is held is in log time, and is compared in it. */
static bool is_in_log_time(const struct restore_entry *e, const struct wal_watch *w)
{
    const struct redis_look *look = &w->facts.redis;

    for (int32_t i = 0; i < look->n && !e->resource.status.plan.to_end; i++)
        if (look->partitions[i].position.next > 0 &&
            look->partitions[i].position.clock != LOG_TIME_OFF)
            return true;
    return false;
}

static bool write_job(const struct restore_entry *e, const struct wal_watch *w,
                      const struct job_name *name, struct buf *out)
{
    const struct restore_spec *spec = &e->resource.spec;
    const char *secret = w->failover_secret;
    const struct wal_surroundings around = { .failover_secret = *secret ? secret : NULL };
    char sample[NUMBER_MAX], image[REDIS_FAILOVER_IMAGE_MAX + 1];
    const char *const arguments[] = { "--sample", sample, is_in_log_time(e, w) ? "--expiry" : NULL,
                                      "log", NULL };
    const struct restore_job job = {
        .verb = name->verb,
        .run = name->run,
        .restore = e->resource.name,
        .uid = e->resource.uid,
        .arguments = arguments,
        .image = e->restores->ports.images.tool,
        .redis_image = redis_image_of(e, w, image),
        .lasts_max_s = lasts_max_s(&e->resource.status),
    };

    snprintf(sample, sizeof(sample), "%lld",
             spec->verify == RESTORE_VERIFY_FULL ? 0LL : (long long)spec->sample);
    return restore_job_write(&job, &w->resource, e->restores->ports.options, &around, out);
}

static struct kube_target target_of(const struct restore_entry *e, struct str job)
{
    return (struct kube_target){ restore_job_resource, str_from(e->resource.scope), job, { 0 } };
}

void restore_entry_want_job(struct restore_entry *e, const struct wal_watch *w)
{
    const struct kube_target target = target_of(e, (struct str){ 0 });
    const struct kube_write write = { .field_manager = STR_LITERAL(WAL_MANAGER) };
    const struct job_name name = name_of(e, e->resource.status.step);
    CLEANUP(kube_request_release) struct kube_request request = { 0 };
    CLEANUP(buf_release) struct buf body = { 0 };

    if (e->job.phase != RESTORE_JOB_NONE)
        return;
    buf_init(&body, KUBE_BODY_MAX);
    restore_entry_ask_about_job(e,
                                write_job(e, w, &name, &body) &&
                                    kube_request_create(&request, &target, &write, buf_str(&body)),
                                &request);
}

bool restore_entry_is_rid_of_jobs(struct restore_entry *e, enum restore_step step)
{
    const struct restore_resource *restore = &e->resource;
    const struct job_name wanted = name_of(e, step);
    CLEANUP(kube_request_release) struct kube_request request = { 0 };
    CLEANUP(buf_release) struct buf options = { 0 };
    struct kube_object job;
    struct kube_target target;

    if (!restore_jobs_find_running(e->restores->jobs, str_from(restore->scope), restore->uid,
                                   wanted.text, &job))
        return true;
    target = target_of(e, job.name);
    buf_init(&options, KUBE_BODY_MAX);
    restore_entry_ask_about_job(
        e,
        kube_json_delete_options(&options, job.uid, (struct str){ 0 }, true) &&
            kube_request_delete(&request, &target, buf_str(&options)),
        &request);
    return false;
}
