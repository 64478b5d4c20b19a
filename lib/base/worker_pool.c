#include "base/worker_pool.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/fifo.h"
#include "base/mem.h"

struct task {
    struct worker_pool_label label;
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
    struct fifo waiting[WORKER_POOL_RANKS_MAX]; /* of struct task */
    struct worker_pool_label *under_way;        /* one a thread */
    int n_under_way;
    struct fifo results[WORKER_POOL_KINDS_MAX]; /* of struct task */
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
    for (unsigned i = 0; i < p->settings.n_ranks; i++)
        free_tasks(p, &p->waiting[i]);
    for (unsigned i = 0; i < p->settings.n_kinds; i++)
        free_tasks(p, &p->results[i]);
    close(p->done);
    pthread_cond_destroy(&p->added);
    pthread_mutex_destroy(&p->mutex);
    free(p->settings.context);
    free(p->under_way);
    free(p);
}

/* Of that rank; NULL: with any key. */
static int count_under_way(const struct worker_pool *p, unsigned rank, const char *key)
{
    int n = 0;

    for (int i = 0; i < p->n_under_way; i++) {
        const struct worker_pool_label *l = &p->under_way[i];

        n += l->rank == rank && (!key || (l->key && strcmp(l->key, key) == 0));
    }
    return n;
}

/* Jobs that are under way with the same key; 0 for one without. */
static int load_of(const struct worker_pool *p, const struct worker_pool_label *label)
{
    return label->key ? count_under_way(p, label->rank, label->key) : 0;
}

/* The oldest of those whose key is least under way: who answers is asked before one more thread
 * waits for who may hang. None starves, since what is under way ends. Their number: none may. */
static size_t choose(const struct worker_pool *p, unsigned rank, const struct task *tasks, size_t n)
{
    int least = p->settings.ranks[rank].n_of_key_max;
    size_t found = n;

    for (size_t i = 0; i < n && least > 0; i++) {
        const int load = load_of(p, &tasks[i].label);

        if (load >= least)
            continue;
        least = load;
        found = i;
    }
    return found;
}

static bool take_of_rank(struct worker_pool *p, unsigned rank, struct task *ret)
{
    struct fifo *waiting = &p->waiting[rank];
    struct task *tasks = fifo_elements(waiting);
    const size_t i = choose(p, rank, tasks, waiting->n);
    struct task before;

    if (i == waiting->n || count_under_way(p, rank, NULL) >= p->settings.ranks[rank].n_max)
        return false;
    *ret = tasks[i];
    memmove(tasks + 1, tasks, i * sizeof(*tasks));
    return fifo_take(waiting, &before);
}

static bool take_next(struct worker_pool *p, struct task *ret)
{
    for (unsigned rank = 0; rank < p->settings.n_ranks; rank++)
        if (take_of_rank(p, rank, ret))
            return true;
    return false;
}

static void end_under_way(struct worker_pool *p, const struct worker_pool_label *label)
{
    int i = 0;

    while (p->under_way[i].rank != label->rank || p->under_way[i].key != label->key)
        i++;
    p->under_way[i] = p->under_way[--p->n_under_way];
}

/* With the mutex held, except while the job is done. */
static void serve(struct worker_pool *p, const struct task *task)
{
    const uint64_t one = 1;

    p->under_way[p->n_under_way++] = task->label;
    pthread_mutex_unlock(&p->mutex);
    p->settings.serve(p->settings.context, task->job);
    pthread_mutex_lock(&p->mutex);
    end_under_way(p, &task->label);
    fifo_add(&p->results[task->label.kind], task);
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

        if (take_next(p, &task))
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

    PRE(settings->n_threads > 0 && settings->n_kinds <= WORKER_POOL_KINDS_MAX &&
        settings->n_ranks <= WORKER_POOL_RANKS_MAX);
    for (unsigned i = 0; i < settings->n_ranks; i++)
        PRE(settings->ranks[i].n_max > 0 && settings->ranks[i].n_of_key_max > 0);
    p->settings = *settings;
    p->done = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    PRE(p->done >= 0);
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->added, NULL);
    p->under_way = mem_new((size_t)settings->n_threads, sizeof(*p->under_way));
    for (unsigned i = 0; i < settings->n_ranks; i++)
        fifo_init(&p->waiting[i], sizeof(struct task));
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

bool worker_pool_add(struct worker_pool *p, const struct worker_pool_label *label, void *job)
{
    const struct task task = { *label, job };
    bool fits;

    PRE(label->kind < p->settings.n_kinds && label->rank < p->settings.n_ranks);
    pthread_mutex_lock(&p->mutex);
    fits = p->n_open < p->settings.n_open_max;
    if (fits) {
        p->n_open++;
        fifo_add(&p->waiting[label->rank], &task);
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
