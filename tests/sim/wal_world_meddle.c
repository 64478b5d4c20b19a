#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fake_api_object.h"
#include "looks.h"
#include "wal_world.h"

#define FAILOVER                                                                                   \
    "{\"apiVersion\":\"databases.spotahome.com/v1\",\"kind\":\"RedisFailover\",\"metadata\":"      \
    "{\"name\":\"%s\",\"namespace\":\"" WAL_WORLD_SCOPE "\"},\"spec\":{\"auth\":"                  \
    "{\"secretPath\":\"auth\"}}}"
#define FAILOVERS_SERVED                                                                           \
    "{\"metadata\":{\"name\":\"databases.spotahome.com\"},\"versions\":[{\"version\":\"v1\","      \
    "\"resources\":[{\"resource\":\"redisfailovers\"}]}]}"

enum { IMAGES = 3, TEXT_MAX = 4096 };

void wal_world_put(struct wal_world *w, int wal, const struct wal_want *want)
{
    const char name[] = { (char)('a' + wal), '\0' };
    struct fake_api_object *before = wal_world_find(w, wal);
    char redis[64], mirror[TEXT_MAX / 8] = "", text[TEXT_MAX];
    char *whole;

    w->wants[wal] = *want;
    if (want->mirrored)
        snprintf(
            mirror, sizeof(mirror),
            "\"mirror\":{\"state\":\"%s\",\"connect\":{\"url\":\"http://connect.example:8083\","
            "\"connector\":\"%s\"}},",
            want->mirror == MIRROR_WISH_STOPPED ? "Stopped" : "Running", name);
    w->wants[wal].generation = before ? w->wants[wal].generation + 1 : 1;
    w->wants[wal].exists = true;
    if (want->by_failover)
        snprintf(redis, sizeof(redis), "\"failover\":\"%s\"", name);
    else
        snprintf(redis, sizeof(redis), "\"address\":\"%s:6379\"", name);
    snprintf(text, sizeof(text),
             "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\",\"metadata\":{\"name\":"
             "\"%s\",\"namespace\":\"" WAL_WORLD_SCOPE
             "\",\"generation\":%lld},\"spec\":{\"wal\":\"" LOOKS_WAL
             "\",\"redis\":{%s},\"kafka\":{\"brokers\":[\"%s:9092\"]},%s\"applier\":{\"image\":"
             "\"image-%u\",\"paused\":%s}}}",
             name, (long long)w->wants[wal].generation, want->unclear ? "" : redis, name, mirror,
             want->image, want->paused ? "true" : "false");
    whole = fake_object_applied(before ? before->text : NULL, str_from(text), false);
    fake_api_put(w->api, WAL_WORLD_WALS_AT, WAL_WORLD_SCOPE, name, whole);
    free(whole);
}

void wal_world_turn(struct wal_world *w, int wal, enum wal_truth_redis redis,
                    enum wal_truth_log log)
{
    struct wal_truth *t = &w->truths[wal];

    t->redis = redis;
    t->log = log;
    t->since_ms = wal_world_now_ms();
    t->end += 1000;
    if (redis != TRUE_REDIS_BEHIND)
        t->next = t->end;
}

void wal_world_put_failover(struct wal_world *w, int wal, bool there)
{
    const char name[] = { (char)('a' + wal), '\0' };
    struct fake_api_object *o =
        fake_api_find(w->api, WAL_WORLD_FAILOVERS_AT, WAL_WORLD_SCOPE, name);
    char text[TEXT_MAX];

    snprintf(text, sizeof(text), FAILOVER, name);
    w->api->served = FAILOVERS_SERVED;
    w->wants[wal].has_failover = there;
    if (there)
        fake_api_put(w->api, WAL_WORLD_FAILOVERS_AT, WAL_WORLD_SCOPE, name, text);
    else if (o)
        fake_api_delete(w->api, o);
}

static void put_any(struct wal_world *w, int wal)
{
    struct prng *prng = &w->prng;
    struct wal_want want = w->wants[wal];

    want.by_failover = prng_chance(prng, 400);
    want.paused = prng_chance(prng, 150);
    want.unclear = prng_chance(prng, 100);
    want.image = (unsigned)prng_below(prng, IMAGES);
    want.mirrored = prng_chance(prng, 700);
    want.mirror = prng_chance(prng, 600) ? MIRROR_WISH_STOPPED : MIRROR_WISH_RUNNING;
    wal_world_put(w, wal, &want);
}

static void delete_wal(struct wal_world *w, int wal)
{
    struct fake_api_object *o = wal_world_find(w, wal);

    w->wants[wal].exists = false;
    if (o)
        fake_api_delete(w->api, o);
}

/* Somebody deletes what the controllers made, or changes it. */
static void meddle_with_child(struct wal_world *w, bool deletes)
{
    const size_t from = prng_below(&w->prng, FAKE_API_OBJECTS_MAX);

    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++) {
        struct fake_api_object *o = &w->api->objects[(from + i) % FAKE_API_OBJECTS_MAX];
        char *at, *text;

        if (!o->text || !strstr(o->text, WAL_WORLD_LABEL))
            continue;
        if (deletes) {
            fake_api_delete(w->api, o);
            return;
        }
        text = mem_copy_text(o->text, strlen(o->text));
        at = strstr(text, "\"image-");
        if (at) {
            memcpy(at, "\"IMAGE-", 7);
            fake_api_put(w->api, o->collection, WAL_WORLD_SCOPE, o->name, text);
        }
        free(text);
        return;
    }
}

static void turn_any(struct wal_world *w, int wal)
{
    const bool redis_is_well = prng_chance(&w->prng, 400);
    const bool log_is_well = prng_chance(&w->prng, 600);
    const enum wal_truth_redis redis = (enum wal_truth_redis)prng_below(&w->prng, TRUE_REDIS_COUNT);
    const enum wal_truth_log log = (enum wal_truth_log)prng_below(&w->prng, TRUE_LOG_COUNT);

    wal_world_turn(w, wal, redis_is_well ? TRUE_REDIS_WELL : redis,
                   log_is_well ? TRUE_LOG_WELL : log);
}

/* Somebody stops or resumes it by hand; Connect is away, or comes back, or takes its time. */
static void meddle_with_mirror(struct wal_world *w, struct fake_connector *c)
{
    switch (prng_below(&w->prng, 7)) {
    case 0:
        fake_connector_stop(c, wal_world_now_ms());
        return;
    case 1:
        fake_connector_resume(c, wal_world_now_ms());
        return;
    case 2:
        c->denies = !c->denies;
        return;
    case 3:
        c->stop_takes_ms = (int64_t)prng_below(&w->prng, 30 * WAL_WORLD_SECOND_MS);
        return;
    case 4:
        c->resume_takes_ms = prng_chance(&w->prng, 500)
                                 ? 0
                                 : (int64_t)prng_below(&w->prng, 60 * WAL_WORLD_SECOND_MS);
        return;
    default:
        c->is_silent = !c->is_silent;
        return;
    }
}

void wal_world_meddle(struct wal_world *w)
{
    const int wal = (int)prng_below(&w->prng, WAL_WORLD_WALS);

    switch (prng_below(&w->prng, 15)) {
    case 0:
    case 1:
    case 2:
        put_any(w, wal);
        return;
    case 3:
        delete_wal(w, wal);
        return;
    case 4:
    case 5:
        meddle_with_child(w, prng_chance(&w->prng, 500));
        return;
    case 6:
        wal_world_put_failover(w, wal, prng_chance(&w->prng, 700));
        return;
    case 7:
        fake_api_collect_garbage(w->api);
        return;
    case 8:
        w->truths[wal].process++;
        return;
    case 9:
    case 10:
    case 11:
        meddle_with_mirror(w, &w->connectors[wal]);
        return;
    default:
        turn_any(w, wal);
        return;
    }
}

void wal_world_disturb(struct wal_world *w)
{
    const size_t i = prng_below(&w->prng, WAL_WORLD_REPLICAS);
    struct wal_replica *r = &w->replicas[i];

    switch (prng_below(&w->prng, 6)) {
    case 0:
        r->paused_ms = (int64_t)prng_below(&w->prng, 40 * WAL_WORLD_SECOND_MS);
        r->paused_until_ms = wal_world_now_ms() + r->paused_ms;
        return;
    case 1:
        r->link->down = !r->link->down;
        return;
    case 2:
        r->link->forbidden = !r->link->forbidden;
        return;
    case 3:
        fake_api_compact(w->api);
        return;
    case 4:
        wal_world_restart(w, i);
        return;
    default:
        r->link->trouble = (unsigned)prng_below(&w->prng, 150);
        return;
    }
}
