#include "wiring/log_restorer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/log_reader_rdkafka.h"
#include "base/int64.h"
#include "base/mem.h"
#include "core/restore_plan.h"
#include "runtime/clock.h"

enum {
    QUESTION_TIMEOUT_MS = 5000,
    /* A sample is an estimate: it takes this long at most, whatever the brokers do. */
    SAMPLE_MS = 2000,
    SAMPLE_PARTITIONS = 8,
    SAMPLE_RECORDS = 512,
    SAMPLE_WAIT_MS = 100,
};

static void fail(struct restore_log_result *ret, enum err_code rc, struct err *err)
{
    *ret = (struct restore_log_result){
        .outcome = rc == ERR_CONFLICT ? RESTORE_BUSY : RESTORE_FAILED,
        .denied = rc == ERR_DENIED,
    };
    if (rc == ERR_DENIED)
        err_wrap(err, rc, "docs/permissions.md says what a restore needs");
    snprintf(ret->why, sizeof(ret->why), "%s", err->msg);
}

/* --- the plan --------------------------------------------------------------------------------- */

static struct restore_extent *extents_of(const struct log_survey *s, const int64_t *at_time)
{
    struct restore_extent *extents = mem_new((size_t)s->n, sizeof(*extents));

    for (int32_t i = 0; i < s->n; i++)
        extents[i] = (struct restore_extent){ s->extents[i].begin, s->extents[i].end, at_time[i] };
    return extents;
}

/* The mean of some records; LOOK_UNKNOWN where none comes in time. */
static int64_t sample(struct log_reader *reader, const struct restore_plan *plan)
{
    const int64_t ends_ms = clock_monotonic_ms() + SAMPLE_MS;
    int64_t *offsets = mem_new((size_t)plan->n, sizeof(*offsets));
    int64_t n_bytes = 0, n_records = 0;
    int32_t n_open = 0;
    enum err_code rc;

    restore_plan_sample(plan, SAMPLE_PARTITIONS, offsets);
    for (int32_t i = 0; i < plan->n; i++)
        n_open += offsets[i] >= 0;
    rc = log_reader_start(reader, offsets, plan->n, NULL);
    while (rc == ERR_OK && n_open > 0 && n_records < SAMPLE_RECORDS &&
           clock_monotonic_ms() < ends_ms) {
        struct log_news news;

        rc = log_reader_next(reader, SAMPLE_WAIT_MS, &news, NULL);
        if (rc == ERR_OK && news.type == LOG_NEWS_RECORD) {
            n_bytes += (int64_t)(news.record.key.n + news.record.value.n);
            n_records++;
        }
        n_open -= rc == ERR_OK && news.type == LOG_NEWS_END;
    }
    free(offsets);
    return n_records > 0 ? n_bytes / n_records : LOOK_UNKNOWN;
}

static enum err_code plan_of(struct log_reader *reader, const struct restore_log_order *order,
                             struct log_survey *s, struct restore_log_result *ret, struct err *err)
{
    struct restore_extent *extents;
    int64_t *at_time;
    enum err_code rc = log_reader_survey(reader, s, err);

    if (rc != ERR_OK)
        return rc;
    at_time = mem_new((size_t)s->n, sizeof(*at_time));
    if (order->target.to == RESTORE_TO_TIME)
        rc = log_reader_at_time(reader, s, order->target.time_ms, at_time, err);
    extents = extents_of(s, at_time);
    if (rc == ERR_OK &&
        !restore_plan_make(&order->target, s->log, extents, s->n, &ret->plan, ret->why))
        ret->outcome = RESTORE_REFUSED;
    free(extents);
    free(at_time);
    return rc;
}

static void plan(const struct log_restorer *r, const struct restore_log_order *order,
                 struct restore_log_result *ret)
{
    const struct log_reader_settings settings = {
        .access = log_place_access(r->place),
        .topic = r->topic,
        .group = r->group,
        .timeout_ms = QUESTION_TIMEOUT_MS,
        .monotonic_ms = clock_monotonic_ms,
    };
    CLEANUP(log_survey_release) struct log_survey survey = { 0 };
    struct log_reader *reader = NULL;
    struct err err = { 0 };
    enum err_code rc = log_reader_new(&settings, &reader, &err);

    *ret = (struct restore_log_result){ .outcome = RESTORE_DONE };
    if (rc == ERR_OK)
        rc = plan_of(reader, order, &survey, ret, &err);
    if (rc != ERR_OK)
        fail(ret, rc, &err);
    else if (ret->outcome == RESTORE_DONE)
        ret->plan.record_bytes = sample(reader, &ret->plan);
    log_reader_free(reader);
}

/* --- the group -------------------------------------------------------------------------------- */

static enum err_code commit(const struct log_restorer *r, const struct restore_log_order *order,
                            struct err *err)
{
    const struct restore_plan *p = order->plan;
    const int64_t left_ms = int64_min(order->until_ms - clock_since_boot_ms(), QUESTION_TIMEOUT_MS);
    int64_t *offsets = mem_new((size_t)p->n, sizeof(*offsets));
    enum err_code rc;

    for (int32_t i = 0; i < p->n; i++)
        offsets[i] = p->partitions[i].from;
    rc = left_ms > 0
             ? log_looker_set_commits(r->looker, r->topic, r->group, offsets, p->n, left_ms, err)
             : err_set(err, ERR_TIMEOUT,
                       "too little time is left to set the commits of "
                       "group %s: nothing was sent",
                       r->group);
    free(offsets);
    return rc;
}

static void set_group(const struct log_restorer *r, const struct restore_log_order *order,
                      struct restore_log_result *ret)
{
    char log[LOG_IDENTITY_MAX + 1] = "";
    struct err err = { 0 };
    enum err_code rc = log_looker_identity(r->looker, r->topic, log, &err);

    *ret = (struct restore_log_result){ .outcome = RESTORE_DONE };
    if (rc == ERR_OK && strcmp(log, order->plan->log) != 0) {
        ret->outcome = RESTORE_REFUSED;
        snprintf(
            ret->why, sizeof(ret->why),
            "topic %s is another log than when the plan was made, %s: it was recreated, or the "
            "cluster replaced; restore anew",
            r->topic, log);
        return;
    }
    if (rc == ERR_OK)
        rc = commit(r, order, &err);
    if (rc != ERR_OK)
        fail(ret, rc, &err);
}

void log_restorer_do(const struct log_restorer *r, const struct restore_log_order *order,
                     struct restore_log_result *ret)
{
    switch (order->question) {
    case RESTORE_LOG_PLAN:
        plan(r, order, ret);
        return;
    case RESTORE_LOG_SET_GROUP:
        set_group(r, order, ret);
        return;
    }
    UNREACHABLE("every question is handled");
}
