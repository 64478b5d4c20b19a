/* What becomes of the Jobs of restores: they end in one way or another, or somebody deletes them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil_time.h"
#include "fake_api_object.h"
#include "restore_world.h"

enum { TEXT_MAX = 1024, LASTS_MS = 30 * 1000, UNKNOWN_OF_1000 = 200, LOST_OF_1000 = 2 };

/* "restore-verify-<uid>-<run>", or of one that is scoped "restore-repair-…" or "restore-revert-…"
 */
static const char *prefix_of(const struct world_restore *r)
{
    return r->is_revert ? "restore-revert-" : r->is_scoped ? "restore-repair-" : "restore-verify-";
}

static int restore_of(const struct restore_world *w, const char *name)
{
    const size_t n = strlen("restore-verify-");
    char uid[24];
    int restore;

    if (strlen(name) < n)
        return LOOK_UNKNOWN;
    snprintf(uid, sizeof(uid), "%.*s", (int)strcspn(name + n, "-"), name + n);
    restore = restore_world_find_uid(w, uid);
    return restore >= 0 && strncmp(name, prefix_of(&w->restores[restore]), n) == 0 ? restore
                                                                                   : LOOK_UNKNOWN;
}

/* What it will find. */
static enum truth draw(struct restore_world *w)
{
    if (prng_chance(&w->prng, w->different))
        return TRUTH_NO;
    return prng_chance(&w->prng, UNKNOWN_OF_1000) ? TRUTH_UNKNOWN : TRUTH_YES;
}

static void end(struct restore_world *w, const struct fake_api_object *o, enum truth good)
{
    static const char *const conditions[TRUTH_COUNT] = {
        [TRUTH_UNKNOWN] = "\"type\":\"Failed\",\"reason\":\"BackoffLimitExceeded\"",
        [TRUTH_NO] = ("\"type\":\"Failed\",\"reason\":\"PodFailurePolicy\",\"message\":\"Container "
                      "verify failed with exit code 3 matching FailJob rule at index 1\""),
        [TRUTH_YES] = "\"type\":\"Complete\"",
    };
    char patch[TEXT_MAX], at[CIVIL_TIME_MAX];
    char *text;

    civil_time_print(restore_world_now_ms() / 1000 * 1000, at);
    snprintf(
        patch, sizeof(patch),
        "{\"status\":{\"conditions\":[{%s,\"status\":\"True\",\"lastTransitionTime\":\"%s\"}]}}",
        conditions[good], at);
    text = fake_object_merged(o->text, str_from(patch));
    fake_api_put(w->api, RESTORE_WORLD_JOBS, RESTORE_WORLD_SCOPE, o->name, text);
    free(text);
}

static void live(struct restore_world *w, struct fake_api_object *o)
{
    const int restore = restore_of(w, o->name);
    struct world_job *job;

    if (restore < 0) {
        restore_world_fail(w, "a Job %s that is of no restore", o->name);
        return;
    }
    job = &w->restores[restore].job;
    if (job->uid != o->uid) {
        const int64_t lasts_ms = (int64_t)prng_below(&w->prng, LASTS_MS);
        const enum truth good = draw(w);

        *job = (struct world_job){ o->uid, restore_world_now_ms() + lasts_ms, false, good };
    }
    if (job->has_ended)
        return;
    if (w->faults > 0 && prng_chance(&w->prng, LOST_OF_1000)) {
        fake_api_delete(w->api, o);
    } else if (restore_world_now_ms() >= job->ends_ms) {
        job->has_ended = true;
        end(w, o, job->good);
    }
}

/* Of the Jobs of a restore the one that was made last counts. */
static bool is_newest(const struct restore_world *w, const struct fake_api_object *o)
{
    const int restore = restore_of(w, o->name);

    return restore < 0 || o->uid >= w->restores[restore].job.uid;
}

void restore_world_run_jobs(struct restore_world *w)
{
    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX && w->violation[0] == '\0'; i++) {
        struct fake_api_object *o = &w->api->objects[i];

        if (o->text && strcmp(o->collection, RESTORE_WORLD_JOBS) == 0 && is_newest(w, o))
            live(w, o);
    }
}

/* Called when a controller asks for one, or for its end. */
void restore_world_check_job(struct restore_world *w, const struct kube_request *request)
{
    bool wanted = false;

    if (request->method != KUBE_POST)
        return;
    for (int i = 0; i < w->n_restores; i++)
        wanted |= restore_world_is_in(w, i, RESTORE_STEP_VERIFYING) ||
                  restore_world_is_in(w, i, RESTORE_STEP_REPAIRING) ||
                  restore_world_is_in(w, i, RESTORE_STEP_REVERTING);
    if (!wanted)
        restore_world_fail(w, "a Job is made, and no status says so");
}

static void check_repair(struct restore_world *w, int restore, const char *text)
{
    static const char *const repaired[TRUTH_COUNT] = {
        [TRUTH_UNKNOWN] = "\"reason\":\"NotRepaired\"",
        [TRUTH_NO] = "\"reason\":\"KeysLeft\"",
        [TRUTH_YES] = "\"reason\":\"Repaired\"",
    };
    static const char *const reverted[TRUTH_COUNT] = {
        [TRUTH_UNKNOWN] = "\"reason\":\"NotReverted\"",
        [TRUTH_NO] = "\"reason\":\"KeysNotReverted\"",
        [TRUTH_YES] = "\"reason\":\"Reverted\"",
    };
    const struct world_restore *r = &w->restores[restore];
    const char *const *words = r->is_revert ? reverted : repaired;

    for (enum truth good = 0; good < TRUTH_COUNT; good++)
        if (strstr(text, words[good]) && (!r->job.has_ended || r->job.good != good))
            restore_world_fail(w, "restore %d of keys ends otherwise than its Job (%d, %d): %s",
                               restore, r->job.has_ended, (int)r->job.good, text);
    if (r->completed && !strstr(text, words[TRUTH_YES]))
        restore_world_fail(w, "restore %d of keys is done, and no Job says so: %s", restore, text);
}

/* What wrote keys for a restore that has ended does not go on to. */
static void check_job_has_ended(struct restore_world *w, const struct fake_api_object *o)
{
    const int restore = restore_of(w, o->name);

    if (restore >= 0 && !w->restores[restore].job.has_ended &&
        w->restores[restore].ended_ms != INT64_MAX)
        restore_world_fail(w, "restore %d has ended, and its Job runs: %s", restore, o->name);
}

void restore_world_check_jobs(struct restore_world *w)
{
    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX && w->violation[0] == '\0'; i++) {
        const struct fake_api_object *o = &w->api->objects[i];

        if (o->text && strcmp(o->collection, RESTORE_WORLD_JOBS) == 0 && is_newest(w, o))
            check_job_has_ended(w, o);
    }
}

void restore_world_check_verdict(struct restore_world *w, int restore)
{
    static const char *const words[TRUTH_COUNT] = { [TRUTH_UNKNOWN] = "\"verified\":\"Unknown\"",
                                                    [TRUTH_NO] = "\"verified\":\"Different\"",
                                                    [TRUTH_YES] = "\"verified\":\"Equal\"" };
    const struct world_restore *r = &w->restores[restore];
    const char *text = restore_world_text(w, restore);
    const bool differs = text && strstr(text, "\"reason\":\"Differs\"");

    if (text && r->is_scoped)
        check_repair(w, restore, text);
    if (!text || r->is_dry || r->is_scoped || !(r->completed || differs) ||
        strstr(text, "no Job has done it in time"))
        return;
    if (!r->job.has_ended || !strstr(text, words[r->job.good]) ||
        differs != (r->job.good == TRUTH_NO))
        restore_world_fail(w, "restore %d ends otherwise than its Job (%d, %d): %s", restore,
                           r->job.has_ended, (int)r->job.good, text);
}
