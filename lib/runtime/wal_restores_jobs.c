/* The Jobs that steps of a restore have. */
#include <stdio.h>
#include <string.h>

#include "codec/kube_json.h"
#include "codec/restore_job.h"
#include "core/log_time.h"
#include "core/restore_scope.h"
#include "runtime/revert.h"
#include "runtime/wal_restores_state.h"

/* For appliers to come to what was appended. */
#define REVERT_WAIT "10m"

#define VERIFY      "verify"
#define REPAIR      "repair"
#define REVERT      "revert"

enum {
    SECOND_MS = 1000,
    NUMBER_MAX = 24,
    ARGUMENTS_MAX = 8,
    LIST_MAX = 4096,     /* of partitions: as `--partitions` takes it */
    WHY_SHOWN_MAX = 200, /* room is left for what to do */
};

/* What a step's Job is told by. */
struct job_name {
    const char *verb; /* NULL: the step has none */
    int64_t run;
    char text[RESTORE_JOB_NAME_MAX + 1];
};

/* Each history of Redis is compared by a Job of its own; keys are written by one. */
static struct job_name name_of(const struct restore_entry *e, enum restore_step step)
{
    static const char *const verbs[RESTORE_STEP_COUNT] = {
        [RESTORE_STEP_VERIFYING] = VERIFY,
        [RESTORE_STEP_REPAIRING] = REPAIR,
        [RESTORE_STEP_REVERTING] = REVERT,
    };
    struct job_name name = { .verb = verbs[step] };

    if (!name.verb)
        return name;
    name.run = step == RESTORE_STEP_VERIFYING ? e->resource.status.wiped_ms / SECOND_MS : 0;
    restore_job_name(name.verb, e->resource.uid, name.run, name.text);
    return name;
}

static int64_t lasts_max_s(const struct restore_status *s)
{
    const int64_t replay_s = (s->replayed_ms - s->wiped_ms) / SECOND_MS;

    if (restore_step_is_of_keys(s->step))
        return WAL_RESTORES_REPAIR_S;
    return WAL_RESTORES_VERIFY_S + (replay_s > 0 ? WAL_RESTORES_VERIFY_TIMES * replay_s : 0);
}

/* "6 of 21 keys differ still: 2 busy, 4 refused" */
static void say_left(const struct restore_job_state *job, char why[LOOK_WHY_MAX + 1])
{
    int n = snprintf(why, LOOK_WHY_MAX + 1, "%lld of %lld keys differ still", (long long)job->left,
                     (long long)job->compared);
    const char *between = ": ";

    for (enum repair_outcome i = REPAIR_NONE + 1; i < REPAIR_OUTCOME_COUNT; i++) {
        if (repair_is_done(i) || job->outcomes[i] <= 0)
            continue;
        n += snprintf(why + n, (size_t)(LOOK_WHY_MAX + 1 - n), "%s%lld %s", between,
                      (long long)job->outcomes[i], repair_code(i));
        between = ", ";
    }
}

static void say_why(struct restore_entry *e)
{
    const struct restore_job_state *job = &e->job;

    if (job->phase == RESTORE_JOB_ENDED && job->good == TRUTH_NO && job->left != LOOK_UNKNOWN)
        say_left(job, e->why);
    else if (job->phase == RESTORE_JOB_ENDED && job->good == TRUTH_NO &&
             job->different != LOOK_UNKNOWN)
        snprintf(e->why, sizeof(e->why), "%lld of %lld keys differ", (long long)job->different,
                 (long long)job->compared);
    else if (*job->why || job->phase >= RESTORE_JOB_RUNNING)
        snprintf(e->why, sizeof(e->why), "%.*s", WHY_SHOWN_MAX, job->why);
}

/* One that cannot be made, or followed, must not hold up the restore for ever: it counts as one
 * that has ended without having done it. */
static void give_up(struct restore_entry *e)
{
    const struct restore_status *s = &e->resource.status;
    const int64_t begun_ms = restore_step_is_of_keys(s->step) ? s->started_ms : s->replayed_ms;

    if (e->job.phase == RESTORE_JOB_ENDED || begun_ms == LOOK_UNKNOWN ||
        (e->restores->wall_ms - begun_ms) / SECOND_MS < lasts_max_s(s) + WAL_RESTORES_JOB_S)
        return;
    e->job.phase = RESTORE_JOB_ENDED;
    e->job.good = TRUTH_UNKNOWN;
    if (*e->why == '\0')
        snprintf(e->why, sizeof(e->why), "no Job has done it in time");
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
    give_up(e);
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

/* What a verb is told; the texts that it points to are in here. */
struct arguments {
    const char *at[ARGUMENTS_MAX + 1];
    char sample[NUMBER_MAX], keys[sizeof("--keys=") + RESTORE_KEYS_MAX];
    char partitions[sizeof("--partitions=") + LIST_MAX];
    char run[sizeof("--run=") + REVERT_RUN_MAX], to[sizeof("--to=") + RESTORE_UNTIL_MAX];
};

static void say_what_to_compare(const struct restore_entry *e, const struct wal_watch *w,
                                struct arguments *a)
{
    const struct restore_spec *spec = &e->resource.spec;

    snprintf(a->sample, sizeof(a->sample), "%lld",
             spec->verify == RESTORE_VERIFY_FULL ? 0LL : (long long)spec->sample);
    a->at[0] = "--sample";
    a->at[1] = a->sample;
    if (is_in_log_time(e, w)) {
        a->at[2] = "--expiry";
        a->at[3] = "log";
    }
}

static size_t say_which_keys(const struct restore_resource *r, struct arguments *a, size_t n)
{
    CLEANUP(buf_release) struct buf list = { 0 };

    if (r->spec.keys) {
        snprintf(a->keys, sizeof(a->keys), "--keys=%s", r->spec.keys);
        a->at[n++] = a->keys;
    }
    buf_init(&list, LIST_MAX);
    if (!restore_scope_print(&r->spec, &r->status.plan, &list))
        UNREACHABLE("partitions are fewer than that has room for");
    if (list.n > 0) {
        snprintf(a->partitions, sizeof(a->partitions), "--partitions=%.*s",
                 STR_ARGS(buf_str(&list)));
        a->at[n++] = a->partitions;
    }
    return n;
}

static void say_what_to_write(const struct restore_resource *r, struct arguments *a)
{
    a->at[0] = "--yes";
    say_which_keys(r, a, 1);
}

/* Another try goes on where this one ended, by its name. */
static void say_what_to_revert(const struct restore_resource *r, struct arguments *a)
{
    CLEANUP(buf_release) struct buf until = { 0 };
    size_t n = 0;

    buf_init(&until, RESTORE_UNTIL_MAX);
    if (!restore_scope_print_until(&r->spec, &r->status.plan, &until))
        UNREACHABLE("partitions are fewer than that has room for");
    snprintf(a->run, sizeof(a->run), "--run=%.*s", REVERT_RUN_MAX, r->uid);
    snprintf(a->to, sizeof(a->to), "--to=%.*s", STR_ARGS(buf_str(&until)));
    a->at[n++] = "--yes";
    a->at[n++] = "--wait";
    a->at[n++] = "--timeout=" REVERT_WAIT;
    a->at[n++] = a->run;
    a->at[n++] = a->to;
    say_which_keys(r, a, n);
}

static void say_arguments(const struct restore_entry *e, const struct wal_watch *w,
                          struct arguments *a)
{
    const enum restore_step step = e->resource.status.step;

    if (step == RESTORE_STEP_REPAIRING)
        say_what_to_write(&e->resource, a);
    else if (step == RESTORE_STEP_REVERTING)
        say_what_to_revert(&e->resource, a);
    else
        say_what_to_compare(e, w, a);
}

static bool write_job(const struct restore_entry *e, const struct wal_watch *w,
                      const struct job_name *name, struct buf *out)
{
    const bool compares = e->resource.status.step == RESTORE_STEP_VERIFYING;
    const char *secret = w->failover_secret;
    const struct wal_surroundings around = { .failover_secret = *secret ? secret : NULL };
    char image[REDIS_FAILOVER_IMAGE_MAX + 1];
    struct arguments arguments = { 0 };
    const struct restore_job job = {
        .verb = name->verb,
        .run = name->run,
        .restore = e->resource.name,
        .uid = e->resource.uid,
        .arguments = arguments.at,
        /* What differs will do so again; a key that was busy, or a record that nobody
         * acknowledged, may be done the next time. */
        .final = compares ? "2,3,5" : "2",
        .image = e->restores->ports.images.tool,
        .redis_image = redis_image_of(e, w, image),
        .lasts_max_s = lasts_max_s(&e->resource.status),
    };

    say_arguments(e, w, &arguments);
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

static void end_job(struct restore_entry *e, const struct kube_object *job)
{
    const struct kube_target target = target_of(e, job->name);
    CLEANUP(kube_request_release) struct kube_request request = { 0 };
    CLEANUP(buf_release) struct buf options = { 0 };

    buf_init(&options, KUBE_BODY_MAX);
    restore_entry_ask_about_job(
        e,
        kube_json_delete_options(&options, job->uid, (struct str){ 0 }, true) &&
            kube_request_delete(&request, &target, buf_str(&options)),
        &request);
}

bool restore_entry_is_rid_of_jobs(struct restore_entry *e, enum restore_step step)
{
    const struct restore_resource *restore = &e->resource;
    const struct job_name wanted = name_of(e, step);
    struct kube_object job;

    if (!restore_jobs_find_running(e->restores->jobs, str_from(restore->scope), restore->uid,
                                   wanted.text, &job))
        return true;
    if (restore_entry_is_confirmed(e))
        end_job(e, &job);
    else
        restore_entry_confirm(e);
    return false;
}

static bool is_over(const struct restore_entry *e, const struct kube_object *job)
{
    const struct restore_resource *restore = &e->resource;

    return restore_step_is_end(restore->status.step) && e->call == 0 &&
           str_eq(job->scope, str_from(restore->scope)) &&
           restore_job_is_of(job->name, restore->uid);
}

void restore_jobs_end_late(struct wal_restores *r)
{
    struct kube_object job;

    for (size_t at = 0; restore_jobs_next_running(r->jobs, &at, &job);)
        for (size_t i = 0; i < r->n; i++)
            if (is_over(r->entries[i], &job))
                end_job(r->entries[i], &job);
}
