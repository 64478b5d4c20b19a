#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/restore_facts.h"
#include "looks.h"
#include "restore_world.h"
#include "runtime/wal_restores.h"

/* A pod that has just come, or a cancel, may not have been told of yet. */
enum { P = RESTORE_WORLD_PARTITIONS, UNSEEN_MS = 30 * 1000, WANTED = 2 };

void restore_world_fail(struct restore_world *w, const char *format, ...)
{
    va_list args;

    if (w->violation[0] != '\0')
        return;
    va_start(args, format);
    vsnprintf(w->violation, sizeof(w->violation), format, args);
    va_end(args);
}

int restore_world_find_uid(const struct restore_world *w, const char *uid)
{
    for (int i = 0; i < w->n_restores; i++)
        if (strcmp(w->restores[i].uid, uid) == 0)
            return i;
    return LOOK_UNKNOWN;
}

const char *restore_world_text(struct restore_world *w, int restore)
{
    char name[16];
    const struct fake_api_object *o;

    snprintf(name, sizeof(name), "r%d", restore);
    o = fake_api_find(w->api, RESTORE_WORLD_AT, RESTORE_WORLD_SCOPE, name);
    return o ? o->text : NULL;
}

static enum restore_step step_in(const char *text)
{
    static const char step[] = "\"step\":\"";
    const char *at = strstr(text, step);
    enum restore_step ret = RESTORE_STEP_PENDING;

    if (at)
        restore_step_from(
            (struct str){ at + sizeof(step) - 1, strcspn(at + sizeof(step) - 1, "\"") }, &ret);
    return ret;
}

static void refresh(struct restore_world *w)
{
    if (w->seen == w->api->version)
        return;
    w->seen = w->api->version;
    for (int i = 0; i < w->n_restores; i++) {
        const char *text = restore_world_text(w, i);

        w->restores[i].exists = text != NULL;
        if (text)
            w->restores[i].step = step_in(text);
    }
}

bool restore_world_is_in(struct restore_world *w, int restore, enum restore_step step)
{
    refresh(w);
    return w->restores[restore].exists && w->restores[restore].step == step;
}

/* Both included. */
static bool any_is_between(struct restore_world *w, enum restore_step first, enum restore_step last)
{
    for (int i = 0; i < w->n_restores; i++)
        for (enum restore_step step = first; step <= last; step++)
            if (restore_world_is_in(w, i, step))
                return true;
    return false;
}

/* --- orders ----------------------------------------------------------------------------------- */

void restore_world_check_pods(struct restore_world *w)
{
    for (size_t i = 0; i < RESTORE_WORLD_APPLIERS; i++) {
        const struct world_applier *a = &w->appliers[i];

        if (a->lives && a->has_pod && restore_world_now_ms() - a->born_ms > UNSEEN_MS)
            restore_world_fail(w, "Redis is emptied beside the pod of applier %u", a->number);
    }
}

static void check_wanted(struct restore_world *w, const struct world_order *o)
{
    if (o->restore >= 0 && w->restores[o->restore].cancelled_ms < o->ordered_ms - UNSEEN_MS)
        restore_world_fail(w, "a wipe is ordered for restore %d, which was cancelled", o->restore);
}

void restore_world_check_order(struct restore_world *w, const struct world_order *o)
{
    static const enum restore_step steps[] = { [RESTORE_REDIS_WIPE] = RESTORE_STEP_WIPING,
                                               [RESTORE_REDIS_RELEASE] = RESTORE_STEP_RELEASING,
                                               [RESTORE_REDIS_SKIP] = RESTORE_STEP_SKIPPING };

    if (!o->of_redis && o->question == RESTORE_LOG_PLAN) {
        if (!any_is_between(w, RESTORE_STEP_PREFLIGHT, RESTORE_STEP_PREFLIGHT))
            restore_world_fail(w, "a plan that no status asks for");
    } else if (!o->of_redis) {
        if (!any_is_between(w, RESTORE_STEP_FENCING, RESTORE_STEP_WIPING))
            restore_world_fail(w, "the group is set, and no status says so");
    } else if (o->restore < 0 || !restore_world_is_in(w, o->restore, steps[o->action])) {
        restore_world_fail(w, "action %d is ordered for restore %d, which is not in that step",
                           (int)o->action, o->restore);
    }
    if (o->of_redis && o->action == RESTORE_REDIS_WIPE) {
        restore_world_check_pods(w);
        check_wanted(w, o);
    }
}

/* Called when Redis is about to be wiped. */
void restore_world_check_wipe(struct restore_world *w, const struct world_order *o)
{
    if (w->fence.owner != o->owner || w->fence.at_ms > o->ordered_ms ||
        o->ordered_ms - w->fence.at_ms > WAL_RESTORES_FENCE_MS + RESTORE_WORLD_SECOND_MS)
        restore_world_fail(w, "process %u wipes behind the fence of process %u, %lld ms old",
                           o->owner, w->fence.owner, (long long)(o->ordered_ms - w->fence.at_ms));
    for (size_t i = 0; i < RESTORE_WORLD_APPLIERS; i++)
        if (world_applier_is_member(&w->appliers[i]) && w->appliers[i].born_ms < w->fence.at_ms)
            restore_world_fail(w, "applier %u is in the group, as it was at the fence",
                               w->appliers[i].number);
    if (w->restores[o->restore].is_scoped)
        restore_world_fail(w, "restore %d wipes Redis for some keys", o->restore);
    if (w->primary.wiped[o->restore] > 0)
        restore_world_fail(w, "restore %d wipes a history again", o->restore);
}

/* --- at any time ------------------------------------------------------------------------------ */

static bool is_under_way(struct restore_world *w, int restore)
{
    refresh(w);
    return w->restores[restore].exists && restore_is_under_way(w->restores[restore].step);
}

static void note_end(struct restore_world *w, int restore)
{
    struct world_restore *r = &w->restores[restore];

    if (r->ended_ms != INT64_MAX)
        return;
    r->completed = restore_world_is_in(w, restore, RESTORE_STEP_COMPLETED);
    if (r->completed || restore_world_is_in(w, restore, RESTORE_STEP_FAILED) ||
        restore_world_is_in(w, restore, RESTORE_STEP_CANCELLED) || !r->exists)
        r->ended_ms = restore_world_now_ms();
    if (r->ended_ms != INT64_MAX)
        restore_world_check_verdict(w, restore);
}

void restore_world_check_step(struct restore_world *w)
{
    int n = 0;

    for (int i = 0; i < w->n_restores; i++) {
        n += is_under_way(w, i);
        if (w->restores[i].recreating_ms == INT64_MAX &&
            restore_world_is_in(w, i, RESTORE_STEP_RECREATING))
            w->restores[i].recreating_ms = restore_world_now_ms();
        note_end(w, i);
    }
    if (n > 1)
        restore_world_fail(w, "%d restores are under way", n);
    for (int32_t i = 0; i < P; i++)
        if (w->primary.until[i] != LOOK_UNKNOWN && w->primary.next[i] > w->primary.until[i])
            restore_world_fail(w, "partition %d is at %lld, and was to end at %lld", i,
                               (long long)w->primary.next[i], (long long)w->primary.until[i]);
}

/* --- in the end ------------------------------------------------------------------------------- */

static bool may_hold(const struct restore_world *w, int restore)
{
    const struct world_restore *r = &w->restores[restore];

    return r->holds && !r->is_cancelled && !r->is_released;
}

static int held_one(struct restore_world *w)
{
    for (int i = 0; i < w->n_restores; i++)
        if (restore_world_is_in(w, i, RESTORE_STEP_HELD))
            return i;
    return LOOK_UNKNOWN;
}

static bool is_at_rest(struct restore_world *w, int i, bool is_held)
{
    if (!restore_world_text(w, i) || restore_world_is_in(w, i, RESTORE_STEP_HELD))
        return !restore_world_text(w, i) || may_hold(w, i);
    if (restore_world_is_in(w, i, RESTORE_STEP_PENDING) ||
        restore_world_is_in(w, i, RESTORE_STEP_PREFLIGHT))
        return is_held && !w->restores[i].is_cancelled;
    return w->restores[i].ended_ms != INT64_MAX;
}

bool restore_world_is_at_rest(struct restore_world *w)
{
    const bool is_held = held_one(w) >= 0;

    for (int i = 0; i < w->n_restores; i++)
        if (!is_at_rest(w, i, is_held))
            return false;
    return true;
}

static void check_restore(struct restore_world *w, int i, bool is_held)
{
    const char *text = restore_world_text(w, i);

    if (!text)
        return;
    if (!is_at_rest(w, i, is_held))
        restore_world_fail(w, "restore %d has not come to an end: %s", i, text);
    if (strstr(text, "\"deletionTimestamp\""))
        restore_world_fail(w, "restore %d cannot be deleted: %s", i, text);
    if (w->restores[i].ended_ms != INT64_MAX && strstr(text, "\"finalizers\":[\""))
        restore_world_fail(w, "restore %d has ended and keeps its finalizer", i);
    if (w->restores[i].is_of_volumes && w->restores[i].completed)
        world_objects_check_end(w, i);
}

static int last_completed(const struct restore_world *w)
{
    int last = LOOK_UNKNOWN;

    for (int i = 0; i < w->n_restores; i++)
        if (w->restores[i].completed && !w->restores[i].is_dry && !w->restores[i].is_scoped &&
            (last < 0 || w->restores[i].ended_ms >= w->restores[last].ended_ms))
            last = i;
    return last;
}

static void check_redis(struct restore_world *w, int held)
{
    const int last = held >= 0 ? held : last_completed(w);

    if (last < 0 || (held < 0 && w->failed_over_ms >= w->restores[last].ended_ms))
        return;
    for (int i = 0; i < w->n_restores; i++) /* another one that did not come to its end */
        if (i != last && w->primary.wiped[i] > 0 && held < 0 &&
            w->restores[i].ended_ms > w->restores[last].ended_ms)
            return;
    if (w->primary.wiped[last] != 1)
        restore_world_fail(w, "restore %d wiped Redis %u times", last, w->primary.wiped[last]);
    for (int32_t i = 0; i < P; i++) {
        if (held >= 0 && w->primary.next[i] != w->primary.until[i])
            restore_world_fail(w, "partition %d is not where it is to be held", i);
        if (held < 0 && w->primary.until[i] != LOOK_UNKNOWN)
            restore_world_fail(w, "partition %d is held by a restore that has ended", i);
    }
}

void restore_world_check_end(struct restore_world *w)
{
    const struct fake_api_object *set =
        fake_api_find(w->api, RESTORE_WORLD_SETS, RESTORE_WORLD_SCOPE, "a-applier");
    const int held = held_one(w);

    if (w->violation[0] != '\0')
        return;
    for (int i = 0; i < w->n_restores; i++)
        check_restore(w, i, held >= 0);
    check_redis(w, held);
    restore_world_check_jobs(w);
    if (!set || !strstr(set->text, "\"replicas\":2,"))
        restore_world_fail(w, "the appliers are not back: %.200s", set ? set->text : "no set");
}
