#include "adapter/redis_observer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/fifo.h"
#include "base/mem.h"
#include "base/secret.h"

/* A question, and later its answer. */
struct job {
    uint64_t wal;
    struct redis_place redis; /* its texts are copies */
    struct redis_look look;
};

struct redis_observer {
    struct redis_look_settings settings;
    int descriptor; /* eventfd: readable while there are answers */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t asked;
    bool stopping;
    int n_threads; /* the last one of a freed observer destroys it */
    int n_open;
    struct fifo questions, answers; /* of struct job * */
};

static struct job *take(struct fifo *jobs)
{
    struct job *job;

    return fifo_take(jobs, &job) ? job : NULL;
}

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

static const char *copy_text(const char *text)
{
    return text ? mem_copy_text(text, strlen(text)) : NULL;
}

static void wipe_text(const char *text)
{
    char *own = (char *)(uintptr_t)text; /* job_new() made it */

    if (own)
        secret_wipe(own, strlen(own));
    free(own);
}

static struct job *job_new(uint64_t wal, const struct redis_place *redis)
{
    struct job *job = mem_new(1, sizeof(*job));

    job->wal = wal;
    job->redis = *redis;
#define COPY(text) text = copy_text(text);
    QUESTION_TEXTS(COPY, &job->redis)
#undef COPY
    redis_look_init(&job->look);
    return job;
}

static void job_free(struct job *job)
{
#define WIPE(text) wipe_text(text);
    QUESTION_TEXTS(WIPE, &job->redis)
#undef WIPE
    redis_look_release(&job->look);
    free(job);
}

/* --- threads ---------------------------------------------------------------------------------- */

static void destroy(struct redis_observer *o)
{
    struct job *job;

    while ((job = take(&o->questions)) || (job = take(&o->answers)))
        job_free(job);
    fifo_release(&o->questions);
    fifo_release(&o->answers);
    close(o->descriptor);
    pthread_cond_destroy(&o->asked);
    pthread_mutex_destroy(&o->mutex);
    free(o);
}

/* With the mutex held, except while Redis is asked. */
static void serve_question(struct redis_observer *o, struct job *job)
{
    const uint64_t one = 1;

    pthread_mutex_unlock(&o->mutex);
    redis_look_ask(&job->redis, &o->settings, &job->look);
    pthread_mutex_lock(&o->mutex);
    fifo_add(&o->answers, &job);
    if (write(o->descriptor, &one, sizeof(one)) < 0)
        UNREACHABLE("an eventfd that refuses to count");
}

static void *run(void *self)
{
    struct redis_observer *o = self;
    bool last;

    pthread_mutex_lock(&o->mutex);
    while (!o->stopping) {
        struct job *job = take(&o->questions);

        if (job)
            serve_question(o, job);
        else
            pthread_cond_wait(&o->asked, &o->mutex);
    }
    last = --o->n_threads == 0;
    pthread_mutex_unlock(&o->mutex);
    if (last)
        destroy(o);
    return NULL;
}

struct redis_observer *redis_observer_new(const struct redis_look_settings *settings)
{
    struct redis_observer *o = mem_new(1, sizeof(*o));

    o->settings = *settings;
    o->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    PRE(o->descriptor >= 0);
    pthread_mutex_init(&o->mutex, NULL);
    pthread_cond_init(&o->asked, NULL);
    fifo_init(&o->questions, sizeof(struct job *));
    fifo_init(&o->answers, sizeof(struct job *));
    o->n_threads = REDIS_OBSERVER_THREADS;
    for (int i = 0; i < REDIS_OBSERVER_THREADS; i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, run, o) != 0)
            UNREACHABLE("no thread to look with");
        pthread_detach(thread);
    }
    return o;
}

void redis_observer_free(struct redis_observer *o)
{
    if (!o)
        return;
    pthread_mutex_lock(&o->mutex);
    o->stopping = true;
    pthread_cond_broadcast(&o->asked);
    pthread_mutex_unlock(&o->mutex);
}

/* --- the port --------------------------------------------------------------------------------- */

static enum err_code ask(void *self, uint64_t wal, const struct redis_place *redis, struct err *err)
{
    struct redis_observer *o = self;
    struct job *job;
    bool fits;

    PRE(redis->n_partitions >= 0 && redis->n_partitions <= LOOK_PARTITIONS_MAX);
    pthread_mutex_lock(&o->mutex);
    fits = o->n_open < REDIS_OBSERVER_OPEN_MAX;
    if (fits) {
        o->n_open++;
        job = job_new(wal, redis);
        fifo_add(&o->questions, &job);
        pthread_cond_signal(&o->asked);
    }
    pthread_mutex_unlock(&o->mutex);
    return fits ? ERR_OK
                : err_set(err, ERR_LIMIT, "%d looks at Redis are under way",
                          REDIS_OBSERVER_OPEN_MAX);
}

static bool next(void *self, uint64_t *ret_wal, struct redis_look *ret_look)
{
    struct redis_observer *o = self;
    struct job *job;
    uint64_t count;

    pthread_mutex_lock(&o->mutex);
    job = take(&o->answers);
    if (job)
        o->n_open--;
    else if (read(o->descriptor, &count, sizeof(count)) < 0)
        count = 0; /* it was quiet before */
    pthread_mutex_unlock(&o->mutex);
    if (!job)
        return false;
    *ret_wal = job->wal;
    *ret_look = job->look;
    redis_look_init(&job->look);
    job_free(job);
    return true;
}

static int descriptor(void *self)
{
    const struct redis_observer *o = self;

    return o->descriptor;
}

struct redis_observer_port redis_observer_port(struct redis_observer *o)
{
    static const struct observe_redis_ops ops = { ask, next, descriptor };

    return (struct redis_observer_port){ &ops, o };
}
