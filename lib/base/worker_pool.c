#include "base/worker_pool.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/fifo.h"
#include "base/mem.h"

struct task {
    unsigned kind;
    void *job;
};

struct worker_pool {
    struct worker_pool_settings settings;
    int done; /* eventfd */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t added;
    bool stopping;
    int n_threads; /* the last one of a freed pool destroys it */
    int n_open;
    struct fifo tasks;                          /* of struct task */
    struct fifo results[WORKER_POOL_KINDS_MAX]; /* the same */
};

/* --- threads ---------------------------------------------------------------------------------- */

static void free_tasks(const struct worker_pool *p, struct fifo *tasks)
{
    struct task task;

    while (fifo_take(tasks, &task))
        p->settings.free_job(task.job);
    fifo_release(tasks);
}

static void destroy(struct worker_pool *p)
{
    free_tasks(p, &p->tasks);
    for (unsigned i = 0; i < p->settings.n_kinds; i++)
        free_tasks(p, &p->results[i]);
    close(p->done);
    pthread_cond_destroy(&p->added);
    pthread_mutex_destroy(&p->mutex);
    free(p->settings.context);
    free(p);
}

/* With the mutex held, except while the job is done. */
static void serve(struct worker_pool *p, const struct task *task)
{
    const uint64_t one = 1;

    pthread_mutex_unlock(&p->mutex);
    p->settings.serve(p->settings.context, task->job);
    pthread_mutex_lock(&p->mutex);
    fifo_add(&p->results[task->kind], task);
    if (write(p->done, &one, sizeof(one)) < 0)
        UNREACHABLE("an eventfd that refuses to count");
}

static void *run(void *self)
{
    struct worker_pool *p = self;
    bool last;

    pthread_mutex_lock(&p->mutex);
    while (!p->stopping) {
        struct task task;

        if (fifo_take(&p->tasks, &task))
            serve(p, &task);
        else
            pthread_cond_wait(&p->added, &p->mutex);
    }
    last = --p->n_threads == 0;
    pthread_mutex_unlock(&p->mutex);
    if (last)
        destroy(p);
    return NULL;
}

struct worker_pool *worker_pool_new(const struct worker_pool_settings *settings)
{
    struct worker_pool *p = mem_new(1, sizeof(*p));

    PRE(settings->n_threads > 0 && settings->n_kinds <= WORKER_POOL_KINDS_MAX);
    p->settings = *settings;
    p->done = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    PRE(p->done >= 0);
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->added, NULL);
    fifo_init(&p->tasks, sizeof(struct task));
    for (unsigned i = 0; i < settings->n_kinds; i++)
        fifo_init(&p->results[i], sizeof(struct task));
    p->n_threads = settings->n_threads;
    for (int i = 0; i < settings->n_threads; i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, run, p) != 0)
            UNREACHABLE("no thread to work with");
        pthread_detach(thread);
    }
    return p;
}

void worker_pool_free(struct worker_pool *p)
{
    pthread_mutex_lock(&p->mutex);
    p->stopping = true;
    pthread_cond_broadcast(&p->added);
    pthread_mutex_unlock(&p->mutex);
}

/* --- jobs ------------------------------------------------------------------------------------- */

bool worker_pool_add(struct worker_pool *p, unsigned kind, void *job)
{
    const struct task task = { kind, job };
    bool fits;

    PRE(kind < p->settings.n_kinds);
    pthread_mutex_lock(&p->mutex);
    fits = p->n_open < p->settings.n_open_max;
    if (fits) {
        p->n_open++;
        fifo_add(&p->tasks, &task);
        pthread_cond_signal(&p->added);
    }
    pthread_mutex_unlock(&p->mutex);
    return fits;
}

void *worker_pool_take(struct worker_pool *p, unsigned kind)
{
    struct task task;
    bool found;

    pthread_mutex_lock(&p->mutex);
    found = fifo_take(&p->results[kind], &task);
    p->n_open -= found;
    pthread_mutex_unlock(&p->mutex);
    return found ? task.job : NULL;
}

int worker_pool_descriptor(const struct worker_pool *p)
{
    return p->done;
}

void worker_pool_hush(struct worker_pool *p)
{
    uint64_t count;

    if (read(p->done, &count, sizeof(count)) < 0)
        count = 0; /* it was quiet before */
}
