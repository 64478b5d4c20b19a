#include "adapter/redis_observer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "adapter/redis_restore_hiredis.h"
#include "adapter/sentinel_listener.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/worker_pool.h"
#include "core/restore_open.h"
#include "core/restore_plan.h"

/* A question, and later its answer. */
struct job {
    uint64_t wal;
    struct redis_place redis; /* its texts are copies */
    enum kind { KIND_LOOK, KIND_LISTEN, KIND_RESTORE, KIND_COUNT } kind;
    struct redis_look look;
    redisContext *ears[REDIS_LOOK_EARS_MAX]; /* KIND_LISTEN */
    size_t n_ears;
    struct restore_redis_order order; /* KIND_RESTORE: of copies, which follow */
    struct restore_plan plan;
    char uid[RESTORE_UID_MAX + 1];
    struct restore_redis_result restored;
};

struct redis_observer {
    struct worker_pool *pool;
    int descriptor; /* epoll: that of the pool, and the listener's */
    struct sentinel_listener *listener;
    int n_dialling; /* jobs that listen */
    struct restore_open restoring;
};

/* --- texts ------------------------------------------------------------------------------------ */

/* All the texts of a question, secrets among them. */
#define LOGIN_TEXTS(X, login)                                                                      \
    X((login)->user)                                                                               \
    X((login)->password)                                                                           \
    X((login)->ca)                                                                                 \
    X((login)->cert)                                                                               \
    X((login)->key)
#define QUESTION_TEXTS(X, r)                                                                       \
    X((r)->redis)                                                                                  \
    X((r)->sentinels)                                                                              \
    X((r)->master_name)                                                                            \
    X((r)->wal)                                                                                    \
    LOGIN_TEXTS(X, &(r)->login)                                                                    \
    LOGIN_TEXTS(X, &(r)->sentinel_login)

static struct job *job_new(uint64_t wal, const struct redis_place *redis, enum kind kind)
{
    struct job *job = mem_new(1, sizeof(*job));

    job->wal = wal;
    job->kind = kind;
    job->redis = *redis;
#define COPY(text) text = secret_copy_text(text);
    QUESTION_TEXTS(COPY, &job->redis)
#undef COPY
    redis_look_init(&job->look);
    return job;
}

static void job_free(void *self)
{
    struct job *job = self;

#define WIPE(text) secret_free_text(text);
    QUESTION_TEXTS(WIPE, &job->redis)
#undef WIPE
    redis_look_release(&job->look);
    while (job->n_ears > 0)
        redisFree(job->ears[--job->n_ears]);
    restore_plan_release(&job->plan);
    free(job);
}

/* --- the observer -------------------------------------------------------------------------------
 */

static void do_job(const void *context, void *self)
{
    const struct redis_look_settings *settings = context;
    struct job *job = self;

    switch (job->kind) {
    case KIND_LOOK:
        redis_look_ask(&job->redis, settings, &job->look);
        return;
    case KIND_LISTEN:
        job->n_ears = redis_look_listen(&job->redis, settings, job->ears);
        return;
    case KIND_RESTORE:
        redis_restore_do(&job->redis, settings, &job->order, &job->restored);
        return;
    case KIND_COUNT:
        break;
    }
    UNREACHABLE("every kind is handled");
}

static void watch_descriptor(struct redis_observer *o, int descriptor)
{
    struct epoll_event event = { .events = EPOLLIN };

    if (epoll_ctl(o->descriptor, EPOLL_CTL_ADD, descriptor, &event) != 0)
        UNREACHABLE("a descriptor that cannot be watched");
}

struct redis_observer *redis_observer_new(const struct redis_look_settings *settings)
{
    struct redis_observer *o = mem_new(1, sizeof(*o));
    struct redis_look_settings *context = mem_new(1, sizeof(*context));
    const struct worker_pool_settings pool = {
        .n_threads = REDIS_OBSERVER_THREADS,
        .n_open_max = REDIS_OBSERVER_OPEN_MAX,
        .n_kinds = KIND_COUNT,
        .n_ranks = 1,
        .ranks = { { REDIS_OBSERVER_THREADS, REDIS_OBSERVER_THREADS } },
        .serve = do_job,
        .free_job = job_free,
        .context = context,
    };

    *context = *settings;
    o->pool = worker_pool_new(&pool);
    o->descriptor = epoll_create1(EPOLL_CLOEXEC);
    PRE(o->descriptor >= 0);
    o->listener = sentinel_listener_new();
    watch_descriptor(o, worker_pool_descriptor(o->pool));
    watch_descriptor(o, sentinel_listener_descriptor(o->listener));
    return o;
}

void redis_observer_free(struct redis_observer *o)
{
    if (!o)
        return;
    sentinel_listener_free(o->listener);
    close(o->descriptor);
    worker_pool_free(o->pool);
    free(o);
}

/* --- the port --------------------------------------------------------------------------------- */

/* The job becomes the observer's. False: too many are open. */
static bool enqueue(struct redis_observer *o, struct job *job)
{
    const struct worker_pool_label label = { .kind = job->kind };

    PRE(job->redis.n_partitions >= 0 && job->redis.n_partitions <= LOOK_PARTITIONS_MAX);
    if (worker_pool_add(o->pool, &label, job))
        return true;
    job_free(job);
    return false;
}

static enum err_code too_many(struct err *err)
{
    return err_set(err, ERR_LIMIT, "%d looks at Redis are under way", REDIS_OBSERVER_OPEN_MAX);
}

static enum err_code ask(void *self, uint64_t wal, const struct redis_place *redis, struct err *err)
{
    return enqueue(self, job_new(wal, redis, KIND_LOOK)) ? ERR_OK : too_many(err);
}

static bool next(void *self, uint64_t *ret_wal, struct redis_look *ret_look)
{
    struct redis_observer *o = self;
    struct job *job;

    worker_pool_hush(o->pool);
    job = worker_pool_take(o->pool, KIND_LOOK);
    if (!job)
        return false;
    *ret_wal = job->wal;
    *ret_look = job->look;
    redis_look_init(&job->look);
    job_free(job);
    return true;
}

static enum err_code listen(void *self, uint64_t wal, const struct redis_place *redis,
                            struct err *err)
{
    struct redis_observer *o = self;

    if (sentinel_listener_count(o->listener) + (o->n_dialling + 1) * REDIS_LOOK_EARS_MAX >
            SENTINEL_LISTENER_MAX ||
        !enqueue(o, job_new(wal, redis, KIND_LISTEN)))
        return err_set(err, ERR_LIMIT, "%d Sentinels are listened to", SENTINEL_LISTENER_MAX);
    o->n_dialling++;
    return ERR_OK;
}

static void ignore(void *self, uint64_t wal)
{
    struct redis_observer *o = self;

    sentinel_listener_drop(o->listener, wal);
}

static bool news(void *self, struct redis_news *ret)
{
    struct redis_observer *o = self;
    struct job *job = worker_pool_take(o->pool, KIND_LISTEN);

    if (!job)
        return sentinel_listener_next(o->listener, ret);
    o->n_dialling--;
    *ret =
        (struct redis_news){ job->wal, job->n_ears > 0 ? REDIS_NEWS_LISTENING : REDIS_NEWS_ENDED };
    while (job->n_ears > 0)
        sentinel_listener_add(o->listener, job->wal, job->redis.master_name,
                              job->ears[--job->n_ears]);
    job_free(job);
    return true;
}

/* --- restores --------------------------------------------------------------------------------- */

static enum err_code restore(void *self, uint64_t wal, const struct redis_place *redis,
                             const struct restore_redis_order *order, struct err *err)
{
    struct redis_observer *o = self;
    struct job *job;
    enum err_code rc;

    PRE(order->plan->n > 0 && order->plan->n <= RESTORE_PARTITIONS_MAX);
    PRE(strlen(order->uid) <= RESTORE_UID_MAX && order->uid[0] != '\0');
    rc = restore_open_check(&o->restoring, wal, err);
    if (rc != ERR_OK)
        return rc;
    job = job_new(wal, redis, KIND_RESTORE);
    job->order = *order;
    restore_plan_copy(order->plan, &job->plan);
    job->order.plan = &job->plan;
    snprintf(job->uid, sizeof(job->uid), "%s", order->uid);
    job->order.uid = job->uid;
    if (!enqueue(o, job))
        return too_many(err);
    restore_open_add(&o->restoring, wal);
    return ERR_OK;
}

static bool next_restored(void *self, uint64_t *ret_wal, struct restore_redis_result *ret)
{
    struct redis_observer *o = self;
    struct job *job = worker_pool_take(o->pool, KIND_RESTORE);

    if (!job)
        return false;
    *ret_wal = job->wal;
    *ret = job->restored;
    job_free(job);
    restore_open_drop(&o->restoring, *ret_wal);
    return true;
}

static int descriptor(void *self)
{
    const struct redis_observer *o = self;

    return o->descriptor;
}

struct redis_observer_port redis_observer_port(struct redis_observer *o)
{
    static const struct observe_redis_ops ops = { .ask = ask,
                                                  .next = next,
                                                  .listen = listen,
                                                  .ignore = ignore,
                                                  .news = news,
                                                  .restore = restore,
                                                  .next_restored = next_restored,
                                                  .descriptor = descriptor };

    return (struct redis_observer_port){ &ops, o };
}
