#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil_time.h"
#include "base/int64.h"
#include "fake_api_object.h"
#include "looks.h"
#include "restore_world.h"

enum {
    P = RESTORE_WORLD_PARTITIONS,
    TEXT_MAX = 2048,
    SESSION_MS = 10 * 1000,
    LEAVING_MS = 5 * 1000,
    ZOMBIE_MS = 60 * 1000,
    BATCH = 40,
    GROWTH = 10,
    CALM_MS = 40 * RESTORE_WORLD_MINUTE_MS,
};

#define TO_POSITION ",\"to\":{\"positions\":[{\"partition\":0,\"offset\":1}]}"

static int64_t now(void)
{
    return restore_world_now_ms();
}

/* --- Kubernetes ------------------------------------------------------------------------------- */

static int64_t wanted(struct restore_world *w)
{
    static const char replicas[] = "\"replicas\":";
    const struct fake_api_object *set =
        fake_api_find(w->api, RESTORE_WORLD_SETS, RESTORE_WORLD_SCOPE, "a-applier");
    const char *at = set ? strstr(set->text, replicas) : NULL;
    int64_t n = 0;

    if (at)
        str_to_int64((struct str){ at + sizeof(replicas) - 1,
                                   strspn(at + sizeof(replicas) - 1, "0123456789") },
                     &n);
    return n;
}

static void pod_name(const struct world_applier *a, char ret[24])
{
    snprintf(ret, 24, "a-applier-%u", a->number);
}

static void start(struct restore_world *w)
{
    char name[24], text[TEXT_MAX];

    for (size_t i = 0; i < RESTORE_WORLD_APPLIERS; i++) {
        struct world_applier *a = &w->appliers[i];

        if (a->lives)
            continue;
        *a = (struct world_applier){ .lives = true,
                                     .has_pod = true,
                                     .number = ++w->n_pods,
                                     .born_ms = now(),
                                     .ends_ms = INT64_MAX,
                                     .session_ends_ms = INT64_MAX };
        pod_name(a, name);
        snprintf(text, sizeof(text),
                 "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\","
                 "\"namespace\":\"" RESTORE_WORLD_SCOPE "\",\"labels\":{" RESTORE_WORLD_LABEL
                 ",\"redwal.dev/wal\":\"a\"}},\"status\":{\"phase\":\"Running\"}}",
                 name);
        fake_api_put(w->api, RESTORE_WORLD_PODS, RESTORE_WORLD_SCOPE, name, text);
        return;
    }
}

static void delete_pod(struct restore_world *w, struct world_applier *a)
{
    char name[24];
    struct fake_api_object *pod;

    pod_name(a, name);
    pod = fake_api_find(w->api, RESTORE_WORLD_PODS, RESTORE_WORLD_SCOPE, name);
    if (pod)
        fake_api_delete(w->api, pod);
    a->has_pod = false;
}

/* In good order; or its node is lost: the pod is gone, and the process lives on. */
static void leave(struct restore_world *w, struct world_applier *a, bool is_lost)
{
    if (!a->lives || a->is_leaving)
        return;
    a->is_leaving = true;
    a->ends_ms = now() + (int64_t)prng_below(&w->prng, is_lost ? ZOMBIE_MS : LEAVING_MS);
    if (!is_lost)
        return;
    a->session_ends_ms = now() + SESSION_MS;
    a->wakes_ms = now() + (int64_t)prng_below(&w->prng, ZOMBIE_MS);
    delete_pod(w, a);
}

static void scale(struct restore_world *w)
{
    const int64_t n = wanted(w);
    int64_t n_there = 0;

    for (size_t i = 0; i < RESTORE_WORLD_APPLIERS; i++) {
        struct world_applier *a = &w->appliers[i];

        if (!a->lives || a->is_leaving)
            continue;
        if (++n_there > n)
            leave(w, a, prng_chance(&w->prng, w->faults));
    }
    if (n_there < n)
        start(w);
}

static void end_deleted(struct restore_world *w)
{
    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++) {
        struct fake_api_object *o = &w->api->objects[i];

        if (o->text && strcmp(o->collection, RESTORE_WORLD_AT) == 0 &&
            strstr(o->text, "\"deletionTimestamp\"") && !strstr(o->text, "\"finalizers\":[\""))
            fake_api_delete(w->api, o);
    }
}

/* --- appliers --------------------------------------------------------------------------------- */

bool world_applier_is_member(const struct world_applier *a)
{
    return a->lives && now() < a->session_ends_ms;
}

static void locate(struct restore_world *w, struct world_applier *a)
{
    if (w->primary_at < 0)
        return;
    if (w->primary.wal[0] == '\0') /* it claims a blank one */
        snprintf(w->primary.wal, sizeof(w->primary.wal), LOOKS_WAL);
    a->located = true;
    a->process = w->primary.process;
    memcpy(a->next, w->primary.next, sizeof(a->next));
    memcpy(a->until, w->primary.until, sizeof(a->until));
}

/* A batch, if the position is what it wrote last. What it knows of an end is as old. */
static void apply(struct restore_world *w, struct world_applier *a)
{
    for (int32_t i = 0; i < P; i++) {
        int64_t limit = w->end[i];

        if (a->until[i] != LOOK_UNKNOWN && a->until[i] < limit)
            limit = a->until[i];
        if (w->primary.next[i] != a->next[i] && w->lie != RESTORE_LIE_CHAIN) {
            a->located = false;
            return;
        }
        if (a->next[i] < w->begin[i] || a->next[i] >= limit)
            continue; /* held */
        if (w->primary.next[i] != a->next[i])
            restore_world_fail(w, "applier %u applies partition %d from %lld, which is at %lld",
                               a->number, i, (long long)a->next[i], (long long)w->primary.next[i]);
        a->next[i] += (int64_t)prng_below(&w->prng, BATCH);
        if (a->next[i] > limit)
            a->next[i] = limit;
        w->primary.next[i] = a->next[i];
    }
}

static void run(struct restore_world *w, struct world_applier *a)
{
    if (now() >= a->ends_ms) {
        if (a->has_pod)
            delete_pod(w, a);
        *a = (struct world_applier){ 0 };
        return;
    }
    if (now() < a->wakes_ms)
        return;
    if (a->located && a->process == w->primary.process && w->primary_at >= 0)
        apply(w, a);
    else
        a->located = false;
    /* It asks the group next, and what Redis says anew now and then: an end may be gone. */
    if (!world_applier_is_member(a))
        a->located = false;
    else if (!a->located || prng_chance(&w->prng, 100))
        locate(w, a);
}

void restore_world_live(struct restore_world *w)
{
    if (prng_chance(&w->prng, 200))
        scale(w);
    if (prng_chance(&w->prng, 100))
        for (int32_t i = 0; i < P; i++)
            w->end[i] += (int64_t)prng_below(&w->prng, GROWTH);
    if (prng_chance(&w->prng, 300))
        for (size_t i = 0; i < RESTORE_WORLD_APPLIERS; i++)
            if (w->appliers[i].lives)
                run(w, &w->appliers[i]);
    world_objects_live(w);
    if (world_objects_are_whole(w) && prng_chance(&w->prng, 300)) /* replicas are a little behind */
        w->replica = w->primary;
    end_deleted(w);
}

/* --- users ------------------------------------------------------------------------------------ */

void restore_world_ask(struct restore_world *w, enum restore_world_wish wish)
{
    static const char *const specs[WISH_COUNT] = {
        [WISH_LATEST] = "",
        [WISH_HOLD] = TO_POSITION,
        [WISH_SKIP] = TO_POSITION ",\"after\":\"Skip\"",
        [WISH_DRY_RUN] = ",\"dryRun\":true",
        [WISH_VOLUMES] = ",\"wipe\":\"Volumes\"",
        [WISH_KEYS] = ",\"keys\":\"*\"",
        [WISH_REVERT] = TO_POSITION ",\"keys\":\"*\"",
    };
    const bool accepts = prng_chance(&w->prng, 500);
    char name[16], text[TEXT_MAX], created[CIVIL_TIME_MAX];
    struct world_restore *r;
    struct fake_api_object *o;

    if (w->n_restores == RESTORE_WORLD_RESTORES)
        return;
    snprintf(name, sizeof(name), "r%d", w->n_restores);
    civil_time_print(now() / 1000 * 1000, created);
    snprintf(text, sizeof(text),
             "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisRestore\",\"metadata\":{"
             "\"name\":\"%s\",\"namespace\":\"" RESTORE_WORLD_SCOPE
             "\",\"generation\":1,\"creationTimestamp\":\"%s\"},\"spec\":{\"rediswal\":\"a\"%s%s}}",
             name, created, specs[wish],
             !accepts               ? ""
             : wish == WISH_VOLUMES ? ",\"accept\":[\"LostRecords\",\"UnknownData\"]"
                                    : ",\"accept\":[\"LostRecords\"]");
    fake_api_put(w->api, RESTORE_WORLD_AT, RESTORE_WORLD_SCOPE, name, text);
    o = fake_api_find(w->api, RESTORE_WORLD_AT, RESTORE_WORLD_SCOPE, name);
    r = &w->restores[w->n_restores++];
    *r = (struct world_restore){ .exists = true,
                                 .holds = wish == WISH_HOLD,
                                 .is_dry = wish == WISH_DRY_RUN,
                                 .is_of_volumes = wish == WISH_VOLUMES,
                                 .is_scoped = wish == WISH_KEYS || wish == WISH_REVERT,
                                 .is_revert = wish == WISH_REVERT,
                                 .cancelled_ms = INT64_MAX,
                                 .ended_ms = INT64_MAX,
                                 .recreating_ms = INT64_MAX };
    snprintf(r->uid, sizeof(r->uid), "%lld", (long long)o->uid);
}

void restore_world_merge(struct restore_world *w, int restore, const char *patch)
{
    char name[16];
    struct fake_api_object *o;
    char *text;

    snprintf(name, sizeof(name), "r%d", restore);
    o = fake_api_find(w->api, RESTORE_WORLD_AT, RESTORE_WORLD_SCOPE, name);
    if (!o)
        return;
    text = fake_object_merged(o->text, str_from(patch));
    fake_api_put(w->api, RESTORE_WORLD_AT, RESTORE_WORLD_SCOPE, name, text);
    free(text);
}

static void cancel(struct restore_world *w, int restore)
{
    w->restores[restore].is_cancelled = true;
    w->restores[restore].cancelled_ms = int64_min(w->restores[restore].cancelled_ms, now());
}

void restore_world_edit(struct restore_world *w, int restore, const char *field)
{
    char patch[TEXT_MAX];

    if (strcmp(field, "cancel") == 0)
        cancel(w, restore);
    else
        w->restores[restore].is_released = true;
    snprintf(patch, sizeof(patch), "{\"metadata\":{\"generation\":2},\"spec\":{\"%s\":true}}",
             field);
    restore_world_merge(w, restore, patch);
}

static void delete_restore(struct restore_world *w, int restore)
{
    cancel(w, restore);
    restore_world_merge(w, restore,
                        "{\"metadata\":{\"deletionTimestamp\":\"2026-11-25T00:00:00Z\"}}");
}

void restore_world_fail_over(struct restore_world *w)
{
    const struct world_redis before = w->primary;

    if (!world_objects_are_whole(w))
        return;
    w->primary_at = RESTORE_WORLD_OBJECTS - 1 - w->primary_at;
    w->primary = w->replica;
    w->primary.process = ++w->n_processes;
    w->replica = prng_chance(&w->prng, 300) ? before : w->primary; /* or it comes back as it was */
    w->failed_over_ms = now();
}

static void trim(struct restore_world *w)
{
    for (int32_t i = 0; i < P; i++)
        w->begin[i] += (int64_t)prng_below(&w->prng, (uint64_t)(w->end[i] - w->begin[i]) / 2 + 1);
}

void restore_world_meddle(struct restore_world *w)
{
    const int restore =
        w->n_restores > 0 ? (int)prng_below(&w->prng, (uint64_t)w->n_restores) : LOOK_UNKNOWN;

    switch (prng_below(&w->prng, 11)) {
    case 0:
    case 1:
    case 2:
        restore_world_ask(w, (enum restore_world_wish)prng_below(&w->prng, WISH_COUNT));
        return;
    case 3:
        restore_world_fail_over(w);
        return;
    case 4:
        if (prng_chance(&w->prng, 200))
            trim(w);
        return;
    case 5:
        start(w); /* somebody starts an applier */
        return;
    case 6:
        leave(w, &w->appliers[0], true);
        return;
    case 7:
        world_objects_kill(w);
        return;
    case 8:
        if (restore >= 0)
            restore_world_edit(w, restore, "cancel");
        return;
    case 9:
        if (restore >= 0)
            restore_world_edit(w, restore, "release");
        return;
    default:
        if (restore >= 0 && prng_chance(&w->prng, 300))
            delete_restore(w, restore);
        return;
    }
}

void restore_world_disturb(struct restore_world *w)
{
    const size_t i = prng_below(&w->prng, RESTORE_WORLD_REPLICAS);
    struct world_replica *r = &w->replicas[i];

    switch (prng_below(&w->prng, 5)) {
    case 0:
        restore_world_restart(w, i);
        return;
    case 1:
        r->paused_until_ms = now() + (int64_t)prng_below(&w->prng, 40 * RESTORE_WORLD_SECOND_MS);
        return;
    case 2:
        r->link->down = !r->link->down;
        return;
    case 3:
        r->link->trouble = (unsigned)prng_below(&w->prng, 200);
        return;
    default:
        fake_api_compact(w->api);
        return;
    }
}

void restore_world_calm_down(struct restore_world *w)
{
    const int64_t end_ms = now() + CALM_MS;

    w->faults = 0;
    for (size_t i = 0; i < RESTORE_WORLD_REPLICAS; i++) {
        w->replicas[i].link->trouble = 0;
        w->replicas[i].link->down = false;
        w->replicas[i].paused_until_ms = 0;
    }
    while (!restore_world_is_at_rest(w) && now() < end_ms && w->violation[0] == '\0')
        restore_world_run(w, 5 * RESTORE_WORLD_SECOND_MS);
    restore_world_run(w, 30 * RESTORE_WORLD_SECOND_MS); /* until appliers are back */
}

void restore_world_live_through(struct restore_world *w, uint64_t seed, int64_t duration_ms)
{
    const int64_t end_ms = now() + duration_ms;
    const bool is_calm = seed % 4 == 0; /* nothing is lost or late */

    w->faults = is_calm ? 0 : 100;
    w->different = 50;
    while (now() < end_ms && w->violation[0] == '\0') {
        if (prng_chance(&w->prng, 10 + (unsigned)(seed % 3) * 5))
            restore_world_meddle(w);
        if (prng_chance(&w->prng, is_calm ? 0 : 5))
            restore_world_disturb(w);
        restore_world_step(w);
    }
    restore_world_calm_down(w);
}
