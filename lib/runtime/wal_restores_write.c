/* What a restore says in its status, and the requests that write it. */
#include <stdio.h>
#include <string.h>

#include "base/int64.h"
#include "codec/kube_json.h"
#include "codec/restore_write.h"
#include "core/remedy.h"
#include "core/restore_plan.h"
#include "runtime/wal_restores_state.h"

#define MANAGER          "redwal-controller"
#define DELETION_UNKNOWN "which of the pods and claims that were noted are deleted is not known"

enum { PERCENT = 100, SECOND_MS = 1000 };

/* --- requests --------------------------------------------------------------------------------- */

static void on_done(void *self, const struct kube_answer *answer);

static void ask(struct restore_entry *e, enum restore_call what, bool built,
                struct kube_request *request)
{
    const struct kube_caller caller = { NULL, on_done, e };
    struct wal_restores *r = e->restores;

    e->due_ms = r->now_ms + WAL_RESTORES_RETRY_MS;
    snprintf(e->base, sizeof(e->base), "%s", e->resource.resource_version);
    e->call = built ? kube_client_call(r->ports.client, request, &caller) : 0;
    e->calling = e->call != 0 ? what : CALL_NONE;
    if (!built)
        log_warn(r->ports.log, "Failed to write a restore namespace=%s name=%s error=%s",
                 e->resource.scope, e->resource.name, "it is longer than may be");
}

static struct kube_target target_of(const struct restore_entry *e)
{
    return (struct kube_target){
        restore_resources, str_from(e->resource.scope), str_from(e->resource.name), { 0 }
    };
}

void restore_entry_confirm(struct restore_entry *e)
{
    const struct kube_target target = target_of(e);
    CLEANUP(kube_request_release) struct kube_request request = { 0 };

    ask(e, CALL_CONFIRM, kube_request_get(&request, &target), &request);
}

static struct kube_write write_options(void)
{
    return (struct kube_write){ .field_manager = STR_LITERAL(MANAGER), .force = true };
}

void restore_entry_write_finalizer(struct restore_entry *e, bool there)
{
    const struct kube_target target = target_of(e);
    const struct kube_write write = write_options();
    CLEANUP(kube_request_release) struct kube_request request = { 0 };
    CLEANUP(buf_release) struct buf body = { 0 };

    buf_init(&body, KUBE_BODY_MAX);
    ask(e, CALL_FINALIZER,
        restore_write_finalizer(&body, &e->resource, there) &&
            kube_request_apply(&request, &target, &write, buf_str(&body)),
        &request);
}

static void note_version(struct restore_entry *e, struct str body)
{
    struct kube_json *json = kube_json_new();
    struct kube_object object;
    struct err ignored;

    if (kube_json_object(json, body, &object, &ignored) == ERR_OK &&
        object.resource_version.n <= KUBE_VERSION_MAX &&
        str_eq(object.uid, str_from(e->resource.uid))) {
        snprintf(e->confirmed, sizeof(e->confirmed), "%.*s", STR_ARGS(object.resource_version));
        if (e->calling == CALL_CONFIRM || strcmp(e->base, e->confirmed) == 0)
            e->base[0] = '\0';
    }
    kube_json_free(json);
}

/* What was refused is decided anew when the watch has told what is there. */
static void on_done(void *self, const struct kube_answer *answer)
{
    struct restore_entry *e = self;
    struct wal_restores *r = e->restores;

    e->call = 0;
    if (answer->good) {
        note_version(e, answer->body);
        e->written_ms = kube_client_now_ms(r->ports.client);
        e->due_ms = e->written_ms;
        if (e->calling == CALL_STATUS) {
            restore_plan_release(&e->plan);
            restore_objects_release(&e->found);
        }
    } else {
        e->base[0] = e->told[0] = '\0';
    }
    if (!answer->good && e->calling == CALL_CONFIRM)
        log_warn(r->ports.log, "Failed to read a restore namespace=%s name=%s error=%s",
                 e->resource.scope, e->resource.name, answer->status.message);
    else if (!answer->good)
        log_warn(r->ports.log, "Failed to write a restore namespace=%s name=%s error=%s",
                 e->resource.scope, e->resource.name, answer->status.message);
    e->calling = CALL_NONE;
}

/* What is there already, or is gone, is as it was wanted; the watch tells of the rest. */
static void on_job_done(void *self, const struct kube_answer *answer)
{
    struct restore_entry *e = self;
    const struct kube_status *status = &answer->status;

    e->call = 0;
    e->calling = CALL_NONE;
    if (answer->good || status->reason == KUBE_REASON_ALREADY_EXISTS ||
        status->reason == KUBE_REASON_NOT_FOUND)
        return;
    snprintf(e->why, sizeof(e->why), "%s", status->message);
    log_warn(e->restores->ports.log, "Failed to ask for a Job namespace=%s name=%s error=%s",
             e->resource.scope, e->resource.name, status->message);
}

void restore_entry_ask_about_job(struct restore_entry *e, bool built, struct kube_request *request)
{
    const struct kube_caller caller = { NULL, on_job_done, e };
    struct wal_restores *r = e->restores;

    e->due_ms = r->now_ms + WAL_RESTORES_RETRY_MS;
    e->call = built ? kube_client_call(r->ports.client, request, &caller) : 0;
    e->calling = e->call != 0 ? CALL_JOB : CALL_NONE;
    if (!built)
        snprintf(e->why, sizeof(e->why), "the Job is longer than may be");
}

void restore_entry_cancel_call(struct restore_entry *e)
{
    kube_client_cancel(e->restores->ports.client, e->call);
    if (e->call != 0 && e->calling == CALL_OBJECTS)
        restore_objects_forget(e);
    e->call = 0;
    e->calling = CALL_NONE;
    e->base[0] = '\0';
}

/* --- the status ------------------------------------------------------------------------------- */

static void append(struct restore_status *s, const char *text)
{
    const size_t n = strlen(s->message), room = sizeof(s->message) - n;

    snprintf(s->message + n, room, "%.*s", (int)room - 1, text);
}

void restore_say(struct restore_status *s, const struct restore_row *row, const char *why)
{
    s->step = row->next;
    snprintf(s->reason, sizeof(s->reason), "%s", row->reason);
    s->message[0] = '\0';
    append(s, row->found);
    if (*why) {
        append(s, ": ");
        append(s, why);
    }
    if (!remedy_is_needed(row->remedy))
        return;
    append(s, ". What to do: ");
    append(s, row->remedy);
}

static void say_unknown(const struct restore_entry *e, const struct restore_row *row,
                        struct restore_status *s)
{
    char why[sizeof(DELETION_UNKNOWN) + sizeof(": ") + LOOK_WHY_MAX];

    snprintf(why, sizeof(why), "%s%s%s", DELETION_UNKNOWN, *e->why ? ": " : "", e->why);
    restore_say(s, row, why);
}

static void say(const struct restore_entry *e, const struct restore_row *row,
                struct restore_status *s)
{
    char deleted[RESTORE_OBJECTS_TEXT_MAX + 1], why[LOOK_WHY_MAX + 1];

    if (!*e->unclear && s->is_deletion_unknown) {
        say_unknown(e, row, s);
        return;
    }
    if (*e->unclear || s->deleted.n == 0 || s->recreated_ms != LOOK_UNKNOWN) {
        restore_say(s, row, *e->unclear ? e->unclear : e->why);
        return;
    }
    restore_objects_print(&s->deleted, deleted); /* in vain */
    snprintf(why, sizeof(why), "deleted by then: %s", deleted);
    restore_say(s, row, why);
}

static void say_times(struct restore_status *s, enum restore_step from, int64_t wall_ms)
{
    if (from == RESTORE_STEP_PENDING && s->step != from)
        s->started_ms = wall_ms;
    if (from == RESTORE_STEP_RECREATING && s->step == RESTORE_STEP_WIPING &&
        s->recreated_ms == LOOK_UNKNOWN)
        s->recreated_ms = wall_ms;
    if (from != s->step && s->step == RESTORE_STEP_REPLAYING) {
        s->wiped_ms = wall_ms;
        s->replayed_ms = LOOK_UNKNOWN;
    }
    if (from == RESTORE_STEP_REPLAYING &&
        (s->step == RESTORE_STEP_VERIFYING || s->step == RESTORE_STEP_HELD ||
         s->step == RESTORE_STEP_COMPLETED))
        s->replayed_ms = wall_ms;
    if (restore_step_is_end(s->step))
        s->completed_ms = wall_ms;
    if (s->step == RESTORE_STEP_COMPLETED && from == RESTORE_STEP_RELEASING)
        s->released_ms = wall_ms;
}

/* By the last restore of the RedisWal that was completed, and by the limit that is asked for. */
static int64_t expected_rate(const struct restore_entry *e, int32_t n_partitions)
{
    const struct wal_restores *r = e->restores;
    const struct restore_resource *resource = &e->resource;
    const struct wal_watch *w = wal_looks_find(r->ports.looks, str_from(resource->scope),
                                               str_from(resource->spec.rediswal));
    const int64_t appliers = w ? int64_min(w->resource.spec.replicas, n_partitions) : 0;
    int64_t rate = LOOK_UNKNOWN, latest_ms = LOOK_UNKNOWN;

    for (size_t i = 0; i < r->n; i++) {
        const struct restore_status *other = &r->entries[i]->resource.status;
        const int64_t its_rate = restore_status_rate(other);

        if (its_rate > 0 && other->completed_ms > latest_ms &&
            restore_entry_is_same_wal(r->entries[i], e)) {
            latest_ms = other->completed_ms;
            rate = its_rate;
        }
    }
    if (resource->spec.rate > 0 && appliers > 0 &&
        (rate == LOOK_UNKNOWN || rate > resource->spec.rate * appliers))
        rate = resource->spec.rate * appliers;
    return rate;
}

static void say_plan(const struct restore_entry *e, struct restore_status *s)
{
    s->plan_records = restore_plan_replays(&s->plan);
    s->plan_lost = restore_plan_lacks(&s->plan);
    s->plan_bytes = s->plan.record_bytes == LOOK_UNKNOWN ? LOOK_UNKNOWN
                                                         : s->plan_records * s->plan.record_bytes;
    if (s->plan_seconds == LOOK_UNKNOWN) {
        const int64_t rate = expected_rate(e, s->plan.n);

        s->plan_seconds = rate > 0 ? s->plan_records / rate : LOOK_UNKNOWN;
    }
}

static void measure(struct restore_entry *e, int64_t done)
{
    const int64_t now_ms = e->restores->now_ms, passed_ms = now_ms - e->rate_since_ms;

    if (e->rate_from == LOOK_UNKNOWN || done < e->rate_from) {
        e->per_second = LOOK_UNKNOWN;
    } else if (passed_ms >= WAL_RESTORES_RATE_MS) {
        e->per_second = (done - e->rate_from) * SECOND_MS / passed_ms;
    } else {
        return;
    }
    e->rate_from = done;
    e->rate_since_ms = now_ms;
}

static void say_progress(struct restore_entry *e, struct restore_status *s,
                         const struct restore_known *known)
{
    const int64_t done = known->plan->n > 0 ? restore_replayed(known) : LOOK_UNKNOWN;

    if (done == LOOK_UNKNOWN)
        return;
    measure(e, done);
    s->done_records = done;
    s->percent = s->plan_records > 0 ? done * PERCENT / s->plan_records : PERCENT;
    s->per_second = s->step == RESTORE_STEP_REPLAYING ? e->per_second : LOOK_UNKNOWN;
    s->seconds_left = s->per_second > 0 ? (s->plan_records - done) / s->per_second : LOOK_UNKNOWN;
    if (s->step == RESTORE_STEP_COMPLETED)
        s->applied = done;
}

static const char *verdict_of(enum truth good)
{
    static const char *const words[TRUTH_COUNT] = { [TRUTH_UNKNOWN] = RESTORE_VERIFIED_UNKNOWN,
                                                    [TRUTH_NO] = RESTORE_VERIFIED_DIFFERENT,
                                                    [TRUTH_YES] = RESTORE_VERIFIED_EQUAL };

    return words[good];
}

/* Of another history of Redis, what was found before says nothing. */
static void say_verdict(const struct restore_entry *e, struct restore_status *s,
                        enum restore_step from)
{
    const struct restore_job_state *job = &e->job;
    const bool compared = from == RESTORE_STEP_VERIFYING && job->phase == RESTORE_JOB_ENDED;
    const bool unwanted = from == RESTORE_STEP_REPLAYING && s->replayed_ms != LOOK_UNKNOWN &&
                          s->step != RESTORE_STEP_VERIFYING;

    if (s->step == RESTORE_STEP_STOPPING) {
        s->verified[0] = '\0';
        s->compared = s->different = s->verify_seconds = LOOK_UNKNOWN;
    } else if (compared) {
        snprintf(s->verified, sizeof(s->verified), "%s", verdict_of(job->good));
        s->compared = job->compared;
        s->different = job->different;
        if (job->began_ms != LOOK_UNKNOWN && job->ended_ms != LOOK_UNKNOWN)
            s->verify_seconds = (job->ended_ms - job->began_ms) / SECOND_MS;
    } else if (restore_step_is_of_keys(from) && job->phase == RESTORE_JOB_ENDED) {
        s->compared = job->compared;
        s->different = job->different;
        s->written = job->repaired;
        s->left = job->left;
        s->equal = job->compared == LOOK_UNKNOWN ? LOOK_UNKNOWN : job->compared - job->different;
        memcpy(s->outcomes, job->outcomes, sizeof(s->outcomes));
    } else if (unwanted) {
        snprintf(s->verified, sizeof(s->verified), "%s", RESTORE_VERIFIED_NOT_WANTED);
    }
}

void restore_entry_write_status(struct restore_entry *e, const struct restore_row *row,
                                const struct restore_known *known)
{
    struct wal_restores *r = e->restores;
    struct restore_resource next = e->resource; /* borrows all of it */
    CLEANUP(restore_objects_release) struct restore_objects deleted = { 0 };
    CLEANUP(restore_plan_release) struct restore_plan extended = { 0 };
    const struct kube_write write = write_options();
    struct kube_target target = target_of(e);
    CLEANUP(kube_request_release) struct kube_request request = { 0 };
    CLEANUP(buf_release) struct buf body = { 0 };

    restore_objects_say(e, row, &next.status, &deleted);
    say(e, row, &next.status);
    say_times(&next.status, row->step, r->wall_ms);
    next.status.observed_generation = next.generation;
    if (row->step == RESTORE_STEP_PENDING)
        next.status.plan = (struct restore_plan){ .record_bytes = LOOK_UNKNOWN };
    else if (e->plan.n > 0)
        next.status.plan = e->plan;
    if (next.status.plan.n > 0)
        say_plan(e, &next.status);
    /* Where the log ends by now is where it is gone on behind what is skipped. */
    if (row->next == RESTORE_STEP_SKIPPING && row->step != row->next) {
        restore_plan_extend(&next.status.plan, &known->observed->log, &extended);
        next.status.plan = extended;
    }
    say_progress(e, &next.status, known);
    say_verdict(e, &next.status, row->step);
    target.subresource = STR_LITERAL("status");
    buf_init(&body, KUBE_BODY_MAX);
    e->figures_ms = r->now_ms;
    ask(e, CALL_STATUS,
        restore_write_status(&body, &next) &&
            kube_request_apply(&request, &target, &write, buf_str(&body)),
        &request);
    memcpy(e->told, e->why, sizeof(e->told));
    if (e->call != 0 && row->next != e->resource.status.step) {
        e->wished = row->next;
        e->is_untold = true;
    }
}
