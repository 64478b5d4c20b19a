#include "revert_until.h"

#include <stdlib.h>

#include "base/mem.h"
#include "core/restore_plan.h"
#include "link.h"
#include "restore_target.h"
#include "runtime/clock.h"

enum { MINUTE_MS = 60 * 1000 };

struct target {
    struct restore_position positions[RESTORE_PARTITIONS_MAX];
    struct restore_spec spec;
};

static bool parse(const char *to, int64_t now_ms, struct target *ret, const char **why)
{
    ret->spec = (struct restore_spec){ 0 };
    if (!restore_target_parse(to, now_ms, ret->positions, &ret->spec, why))
        return false;
    if (restore_spec_target(&ret->spec).to == RESTORE_TO_LATEST) {
        *why = "is what keys are in the log already; `repair` writes them to Redis";
        return false;
    }
    return true;
}

bool revert_until_is_valid(const char *to, const char **why)
{
    struct target target;

    return parse(to, clock_wall_ms(), &target, why);
}

bool revert_until_moves(const char *to)
{
    const int64_t now_ms = clock_wall_ms();
    struct target one, other;
    const char *why;

    return parse(to, now_ms, &one, &why) && parse(to, now_ms + MINUTE_MS, &other, &why) &&
           one.spec.time_ms != other.spec.time_ms;
}

static enum err_code make(struct log_reader *reader, const struct restore_spec *spec,
                          const struct log_survey *survey, struct restore_plan *ret,
                          struct err *err)
{
    const struct restore_target target = restore_spec_target(spec);
    int64_t *at = mem_new((size_t)survey->n + 1, sizeof(*at));
    struct restore_extent *extents = mem_new((size_t)survey->n + 1, sizeof(*extents));
    char why[LOOK_WHY_MAX + 1];
    enum err_code rc = ERR_OK;

    if (target.to == RESTORE_TO_TIME)
        rc = log_reader_at_time(reader, survey, target.time_ms, at, err);
    for (int32_t i = 0; i < survey->n; i++)
        extents[i] =
            (struct restore_extent){ survey->extents[i].begin, survey->extents[i].end, at[i] };
    if (rc == ERR_OK && !restore_plan_make(&target, survey->log, extents, survey->n, ret, why))
        rc = err_set(err, ERR_INVALID, "--to: %s", why);
    free(at);
    free(extents);
    return rc;
}

enum err_code revert_until_plan(const struct invocation *in, const char *to,
                                struct restore_plan *ret, struct err *err)
{
    CLEANUP(log_survey_release) struct log_survey survey = { 0 };
    struct log_reader *reader = NULL;
    struct target target;
    const char *why;
    enum err_code rc;

    if (!parse(to, clock_wall_ms(), &target, &why))
        return err_set(err, ERR_INVALID, "--to: '%s' %s", to, why);
    rc = link_reader(in, link_options(in)->topic, &reader, err);
    if (rc == ERR_OK)
        rc = log_reader_survey(reader, &survey, err);
    if (rc == ERR_OK)
        rc = make(reader, &target.spec, &survey, ret, err);
    log_reader_free(reader);
    return rc;
}
