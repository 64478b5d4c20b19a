#include "runtime/log_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "codec/log_look_json.h"
#include "codec/marks_json.h"
#include "codec/restore_log_json.h"
#include "core/restore_plan.h"

static struct log_job *job_new(enum log_job_kind kind, uint64_t wal, const struct log_place *place)
{
    struct log_job *job = mem_new(1, sizeof(*job));

    job->kind = kind;
    job->wal = wal;
    job->topic = mem_copy_string(place->topic);
    job->group = mem_copy_string(place->group);
    job->connector = mem_copy_string(place->connector);
    job->mirrored = mem_copy_string(place->mirrored);
    log_look_init(&job->look);
    return job;
}

struct log_job *log_job_look(uint64_t wal, const struct log_place *place)
{
    return job_new(LOG_JOB_LOOK, wal, place);
}

struct log_job *log_job_mark(uint64_t wal, const struct log_place *place,
                             const struct mark_batch *marks)
{
    struct log_job *job = job_new(LOG_JOB_MARK, wal, place);

    job->marks = *marks;
    job->marks.orders = job->orders = mem_new((size_t)marks->n, sizeof(*job->orders));
    memcpy(job->orders, marks->orders, (size_t)marks->n * sizeof(*job->orders));
    job->marks.site = job->site = mem_copy_string(marks->site);
    return job;
}

struct log_job *log_job_restore(uint64_t wal, const struct log_place *place,
                                const struct restore_log_order *order)
{
    struct log_job *job = job_new(LOG_JOB_RESTORE, wal, place);
    const size_t n = (size_t)order->target.n_positions;

    job->restore = *order;
    job->positions = n > 0 ? mem_new(n, sizeof(*job->positions)) : NULL;
    if (n > 0)
        memcpy(job->positions, order->target.positions, n * sizeof(*job->positions));
    job->restore.target.positions = job->positions;
    if (order->plan)
        restore_plan_copy(order->plan, &job->plan);
    job->restore.plan = order->plan ? &job->plan : NULL;
    return job;
}

void log_job_free(struct log_job *job)
{
    if (!job)
        return;
    free(job->topic);
    free(job->group);
    free(job->connector);
    free(job->mirrored);
    free(job->orders);
    free(job->site);
    free(job->positions);
    restore_plan_release(&job->plan);
    restore_plan_release(&job->restored.plan);
    log_look_release(&job->look);
    free(job);
}

bool log_job_ask(const struct log_job *job, int64_t number, struct buf *out)
{
    const struct log_place place = { .topic = job->topic,
                                     .group = job->group,
                                     .connector = job->connector,
                                     .mirrored = job->mirrored };

    switch (job->kind) {
    case LOG_JOB_MARK:
        return marks_question_encode(out, number, job->topic, &job->marks);
    case LOG_JOB_RESTORE:
        return restore_question_encode(out, number, job->topic, job->group, &job->restore);
    case LOG_JOB_LOOK:
        return log_question_encode(out, number, &place);
    case LOG_JOB_KINDS:
        break;
    }
    UNREACHABLE("every kind is handled");
}

/* --- answers ---------------------------------------------------------------------------------- */

bool log_reply_decode(struct str line, struct log_reply *ret)
{
    *ret = (struct log_reply){ .kind = LOG_JOB_RESTORE };
    log_look_init(&ret->look);
    if (restore_is_result(line))
        return restore_result_decode(line, &ret->number, &ret->restored, NULL) == ERR_OK;
    ret->kind = LOG_JOB_MARK;
    if (marks_result_decode(line, &ret->number, &ret->marked, NULL) == ERR_OK)
        return true;
    ret->kind = LOG_JOB_LOOK;
    return log_look_decode(line, &ret->number, &ret->look, NULL) == ERR_OK;
}

void log_reply_release(struct log_reply *reply)
{
    log_look_release(&reply->look);
    restore_plan_release(&reply->restored.plan);
}

/* A plan that is made is there, and of no other question. */
static bool fits(const struct log_job *job, const struct log_reply *reply)
{
    const bool wants_plan =
        job->restore.question == RESTORE_LOG_PLAN && reply->restored.outcome == RESTORE_DONE;

    return job->kind == reply->kind &&
           (job->kind != LOG_JOB_RESTORE || wants_plan == (reply->restored.plan.n > 0));
}

bool log_job_answer(struct log_job *job, struct log_reply *reply)
{
    if (!fits(job, reply))
        return false;
    job->look = reply->look;
    job->marked = reply->marked;
    job->restored = reply->restored;
    return true;
}

void log_job_fail(struct log_job *job, const struct look *look)
{
    log_look_release(&job->look);
    job->look.look = *look;
    job->marked = (struct mark_result){ .n_failed = job->marks.n };
    memcpy(job->marked.why, look->why, sizeof(job->marked.why));
    restore_plan_release(&job->restored.plan);
    job->restored = (struct restore_log_result){ .outcome = RESTORE_FAILED };
    memcpy(job->restored.why, look->why, sizeof(job->restored.why));
}
