#include "restore_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/applier_options.h"
#include "idle_port.h"
#include "looks.h"

#define WAL_TEXT                                                                                   \
    "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\",\"metadata\":{\"name\":\"a\","  \
    "\"namespace\":\"" RESTORE_WORLD_SCOPE                                                         \
    "\",\"generation\":%lld},\"spec\":{\"wal\":\"" LOOKS_WAL                                       \
    "\",\"redis\":%s,\"kafka\":{\"brokers\":[\"k:9092\"]}}}"
#define RESTORES_SERVED                                                                            \
    "{\"metadata\":{\"name\":\"redwal.dev\"},\"versions\":[{\"version\":\"v1alpha1\","             \
    "\"resources\":[{\"resource\":\"redisrestores\"}]}]},"                                         \
    "{\"metadata\":{\"name\":\"databases.spotahome.com\"},\"versions\":[{\"version\":\"v1\","      \
    "\"resources\":[{\"resource\":\"redisfailovers\"}]}]}"
#define FAILOVERS "/apis/databases.spotahome.com/v1/redisfailovers"
#define FAILOVER_TEXT                                                                              \
    "{\"metadata\":{\"name\":\"r\",\"namespace\":\"" RESTORE_WORLD_SCOPE "\"},\"spec\":{}}"

enum {
    TEXT_MAX = 1024,
    STEP_MAX_MS = 1000,
    LEASE_MS = 15 * 1000,
    LOOK_MS = 5 * 1000,
    FIRST_END = 1000
};

static const uint64_t DIGEST_PRIME = UINT64_C(0x100000001b3);

/* Ports ask for the time without saying who asks. */
static int64_t virtual_ms;

int64_t restore_world_now_ms(void)
{
    return virtual_ms;
}

/* --- processes -------------------------------------------------------------------------------- */

static void on_write(void *self, const struct kube_request *request)
{
    const struct world_replica *r = self;

    if (str_contains(buf_str(&request->target), STR_LITERAL("/batch/v1/")))
        restore_world_check_job(r->world, request);
    else
        world_objects_check_write(r->world, request);
}

static void begin(struct world_replica *r)
{
    struct wal_reconciler_settings settings = {
        .options = applier_options(),
        .image = "redis-applier:test",
        .job_images = { "kubectl-redwal:test", "redis:test" },
        .lease_scope = STR_LITERAL(RESTORE_WORLD_SCOPE),
        .lease_name = STR_LITERAL("lock"),
        .lease = { .duration_ms = LEASE_MS, .renew_deadline_ms = 10000, .retry_ms = 2000 },
        .look_interval_ms = LOOK_MS,
        .requests_per_second = 100,
        .requests_burst = 100,
    };
    const struct wal_reconciler_ports ports = { .kube = fake_api_port(r->link),
                                                .redis = world_redis_port(r),
                                                .log_observer = world_log_port(r),
                                                .mirror = idle_port_mirror(),
                                                .log = r->world->log,
                                                .now_ms = restore_world_now_ms,
                                                .wall_ms = restore_world_now_ms };

    r->identity = ++r->world->n_starts;
    if (r->world->lie == RESTORE_LIE_LEASES && r == &r->world->replicas[1])
        settings.lease_name = STR_LITERAL("another");
    snprintf(settings.lease.identity, sizeof(settings.lease.identity), "process-%u", r->identity);
    r->reconciler = wal_reconciler_new(&settings, &ports);
    r->wakes_ms = virtual_ms;
}

static void stop(struct world_replica *r)
{
    wal_reconciler_free(r->reconciler);
    world_questions_end(r);
}

void restore_world_restart(struct restore_world *w, size_t replica)
{
    stop(&w->replicas[replica]);
    begin(&w->replicas[replica]);
}

int restore_world_set_up(void **state)
{
    *state = mem_new(1, sizeof(struct restore_world));
    return 0;
}

int restore_world_tear_down(void **state)
{
    free(*state);
    return 0;
}

void restore_world_put_wal(struct restore_world *w, const char *redis)
{
    char text[TEXT_MAX];

    snprintf(text, sizeof(text), WAL_TEXT, (long long)virtual_ms,
             redis ? redis : "{\"failover\":\"r\"}");
    fake_api_put(w->api, RESTORE_WORLD_WALS, RESTORE_WORLD_SCOPE, "a", text);
}

void restore_world_init(struct restore_world *w, uint64_t seed)
{
    virtual_ms = RESTORE_WORLD_MINUTE_MS;
    *w = (struct restore_world){ .prng = { seed },
                                 .failed_over_ms = INT64_MIN,
                                 .n_seen = RESTORE_WORLD_PARTITIONS };
    w->api = mem_new(1, sizeof(*w->api));
    fake_api_init(w->api, seed, RESTORE_WORLD_LABEL);
    w->api->served = RESTORES_SERVED;
    restore_world_put_wal(w, NULL);
    fake_api_put(w->api, FAILOVERS, RESTORE_WORLD_SCOPE, "r", FAILOVER_TEXT);
    world_objects_begin(w);
    snprintf(w->primary.wal, sizeof(w->primary.wal), LOOKS_WAL);
    for (int i = 0; i < RESTORE_WORLD_PARTITIONS; i++) {
        w->end[i] = w->primary.next[i] = FIRST_END;
        w->primary.until[i] = LOOK_UNKNOWN;
    }
    w->replica = w->primary;
    for (size_t i = 0; i < RESTORE_WORLD_REPLICAS; i++) {
        w->replicas[i].world = w;
        w->replicas[i].link = fake_api_link_add(w->api);
        w->replicas[i].link->on_write = on_write;
        w->replicas[i].link->self = &w->replicas[i];
        begin(&w->replicas[i]);
    }
}

void restore_world_release(struct restore_world *w)
{
    for (size_t i = 0; i < RESTORE_WORLD_REPLICAS; i++)
        stop(&w->replicas[i]);
    fake_api_release(w->api);
    free(w->api);
}

/* --- time ------------------------------------------------------------------------------------- */

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t due_ms(const struct restore_world *w)
{
    int64_t due = sooner(fake_api_due_ms(w->api), virtual_ms + STEP_MAX_MS);

    for (size_t i = 0; i < RESTORE_WORLD_REPLICAS; i++) {
        const struct world_replica *r = &w->replicas[i];

        due = sooner(due, r->wakes_ms > r->paused_until_ms ? r->wakes_ms : r->paused_until_ms);
        for (size_t q = 0; q < RESTORE_WORLD_QUESTIONS; q++)
            if (r->questions[q].number != 0)
                due = sooner(due, r->questions[q].due_ms);
    }
    for (size_t i = 0; i < RESTORE_WORLD_ORDERS; i++)
        if (w->orders[i].number != 0)
            due = sooner(due, w->orders[i].done_ms);
    return due > virtual_ms ? due : virtual_ms + 1;
}

void restore_world_step(struct restore_world *w)
{
    virtual_ms = due_ms(w);
    fake_api_step(w->api, virtual_ms);
    world_orders_do(w);
    for (size_t i = 0; i < RESTORE_WORLD_REPLICAS; i++) {
        struct world_replica *r = &w->replicas[i];

        if (virtual_ms >= r->paused_until_ms)
            r->wakes_ms = virtual_ms + wal_reconciler_step(r->reconciler);
    }
    restore_world_live(w);
    restore_world_run_jobs(w);
    restore_world_check_step(w);
    w->digest = (w->digest ^ (uint64_t)virtual_ms ^ (uint64_t)w->api->version << 32) * DIGEST_PRIME;
}

void restore_world_run(struct restore_world *w, int64_t duration_ms)
{
    const int64_t end_ms = virtual_ms + duration_ms;

    while (virtual_ms < end_ms && w->violation[0] == '\0')
        restore_world_step(w);
}

void restore_world_sleep(int64_t duration_ms)
{
    virtual_ms += duration_ms;
}
