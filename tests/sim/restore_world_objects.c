/* The pods of Redis and their claims, which an operator makes anew when they are gone. */
#include <stdio.h>
#include <string.h>

#include "looks.h"
#include "restore_world.h"

enum {
    P = RESTORE_WORLD_PARTITIONS,
    N = RESTORE_WORLD_OBJECTS,
    TEXT_MAX = 1024,
    NAME_MAX_BYTES = 32
};

#define CLAIMS "/api/v1/persistentvolumeclaims"
#define LABELS                                                                                     \
    "\"labels\":{" RESTORE_WORLD_LABEL ",\"app.kubernetes.io/part-of\":\"redis-failover\","        \
    "\"app.kubernetes.io/component\":\"redis\",\"app.kubernetes.io/name\":\"r\"}"
#define OWNER                                                                                      \
    "\"ownerReferences\":[{\"kind\":\"StatefulSet\",\"name\":\"rfr-r\",\"controller\":true}]"

static struct fake_api_object *find(struct restore_world *w, bool claim, int i)
{
    char name[NAME_MAX_BYTES];

    snprintf(name, sizeof(name), "%srfr-r-%d", claim ? "data-" : "", i);
    return fake_api_find(w->api, claim ? CLAIMS : RESTORE_WORLD_PODS, RESTORE_WORLD_SCOPE, name);
}

static void make(struct restore_world *w, bool claim, int i)
{
    char name[NAME_MAX_BYTES], text[TEXT_MAX];

    snprintf(name, sizeof(name), "%srfr-r-%d", claim ? "data-" : "", i);
    snprintf(text, sizeof(text),
             "{\"apiVersion\":\"v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\",\"namespace\":"
             "\"" RESTORE_WORLD_SCOPE "\"," LABELS "%s},\"status\":{\"phase\":\"Running\"}}",
             claim ? "PersistentVolumeClaim" : "Pod", name, claim ? "" : "," OWNER);
    fake_api_put(w->api, claim ? CLAIMS : RESTORE_WORLD_PODS, RESTORE_WORLD_SCOPE, name, text);
}

void world_objects_begin(struct restore_world *w)
{
    for (int i = 0; i < N; i++) {
        make(w, true, i);
        make(w, false, i);
        w->objects[i].is_there = true;
        w->objects[i].claim_uid = find(w, true, i)->uid;
    }
}

bool world_objects_are_whole(const struct restore_world *w)
{
    return w->primary_at >= 0 && w->objects[0].is_there && w->objects[1].is_there;
}

static void promote(struct restore_world *w, int i, const struct world_redis *data)
{
    w->primary = *data;
    w->primary.process = ++w->n_processes;
    w->primary_at = i;
    w->failed_over_ms = restore_world_now_ms();
}

static void lose(struct restore_world *w, int i)
{
    const struct world_redis replica = w->replica;

    w->objects[i].is_there = false;
    w->objects[i].disk = i == w->primary_at ? w->primary : w->replica;
    if (i != w->primary_at)
        return;
    w->primary_at = LOOK_UNKNOWN;
    if (w->objects[N - 1 - i].is_there)
        promote(w, N - 1 - i, &replica);
}

/* A claim that is there has what the pod before it had. Now and then a new one has it, too: its pod
 * copied it from one that was about to go. */
static struct world_redis data_of(struct restore_world *w, int i)
{
    struct world_redis blank = { .process = 0 };

    if (find(w, true, i) || prng_chance(&w->prng, w->faults))
        return w->objects[i].disk;
    for (int p = 0; p < P; p++)
        blank.until[p] = LOOK_UNKNOWN;
    return blank;
}

static void come(struct restore_world *w, int i)
{
    const struct world_redis data = data_of(w, i);

    if (!find(w, true, i)) {
        make(w, true, i);
        w->objects[i].claim_born_ms = restore_world_now_ms();
    }
    w->objects[i].claim_uid = find(w, true, i)->uid;
    make(w, false, i);
    w->objects[i].born_ms = restore_world_now_ms();
    w->objects[i].is_there = true;
    if (w->primary_at < 0)
        promote(w, i, &data);
    else
        w->replica = w->primary;
}

void world_objects_live(struct restore_world *w)
{
    for (int i = 0; i < N; i++) {
        const bool has_pod = find(w, false, i) != NULL;

        if (w->objects[i].is_there && !has_pod)
            lose(w, i);
        else if (!has_pod && prng_chance(&w->prng, 100))
            come(w, i);
    }
}

void world_objects_kill(struct restore_world *w)
{
    struct fake_api_object *pod = find(w, false, (int)prng_below(&w->prng, N));

    if (pod)
        fake_api_delete(w->api, pod);
}

/* --- deletions -------------------------------------------------------------------------------- */

static bool is_named_by(struct restore_world *w, int restore, const char *uid)
{
    const char *text = restore_world_text(w, restore);
    const char *list = text ? strstr(text, "\"recreation\"") : NULL;

    return list && strstr(list, uid);
}

/* A pod that came over a claim that is to go would keep it, and goes, too. */
static bool is_over_a_named_claim(struct restore_world *w, int restore,
                                  const struct kube_request *request)
{
    for (int i = 0; i < N; i++) {
        char pod[NAME_MAX_BYTES], uid[NAME_MAX_BYTES];

        snprintf(pod, sizeof(pod), "/pods/rfr-r-%d", i);
        snprintf(uid, sizeof(uid), "\"uid\":\"%lld\"", (long long)w->objects[i].claim_uid);
        if (str_contains(buf_str(&request->target), str_from(pod)) && is_named_by(w, restore, uid))
            return true;
    }
    return false;
}

void world_objects_check_write(struct restore_world *w, const struct kube_request *request)
{
    char uid[TEXT_MAX];
    const char *at;
    bool may_be = false;

    if (request->method != KUBE_DELETE)
        return;
    snprintf(uid, sizeof(uid), "%.*s", STR_ARGS(buf_str(&request->body)));
    at = strstr(uid, "\"uid\":\"");
    if (!at) {
        restore_world_fail(w, "whatever has that name is deleted: %s", uid);
        return;
    }
    snprintf(uid, sizeof(uid), "%.*s", (int)strcspn(at + 1, "}"), at);
    for (int i = 0; i < w->n_restores; i++)
        may_be |= restore_world_is_in(w, i, RESTORE_STEP_RECREATING) &&
                  (is_named_by(w, i, uid) || is_over_a_named_claim(w, i, request));
    if (!may_be)
        restore_world_fail(w, "what no status names is deleted: %.*s %.200s",
                           STR_ARGS(buf_str(&request->target)), uid);
    restore_world_check_pods(w);
}

/* Of one that has come past it, all are new. */
void world_objects_check_end(struct restore_world *w, int restore)
{
    const int64_t begun_ms = w->restores[restore].recreating_ms;

    for (int i = 0; i < N; i++)
        if (w->objects[i].claim_born_ms < begun_ms ||
            (w->objects[i].is_there && w->objects[i].born_ms < begun_ms))
            restore_world_fail(w, "pod %d of Redis, or its claim, is older than restore %d", i,
                               restore);
}
