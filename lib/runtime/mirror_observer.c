#include "runtime/mirror_observer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/fifo.h"
#include "base/int64.h"
#include "base/mem.h"
#include "base/secret.h"
#include "runtime/clock.h"
#include "runtime/connect_mirror.h"

/* A question, and later its answer. */
struct job {
    uint64_t wal;
    struct mirror_place place; /* its texts are copies */
    int64_t until_ms;
    struct mirror_answer answer;
};

struct mirror_observer {
    struct mirror_opener opener;
    int answered; /* eventfd: readable while there are answers */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t asked;
    bool stopping;
    int n_threads; /* the last one of a freed observer destroys it */
    int n_open;
    struct fifo questions, answers; /* of struct job * */
};

/* --- texts ------------------------------------------------------------------------------------ */

/* All the texts of a question, secrets among them. */
#define QUESTION_TEXTS(X, p)                                                                       \
    X((p)->url)                                                                                    \
    X((p)->connector)                                                                              \
    X((p)->topic)                                                                                  \
    X((p)->login.user)                                                                             \
    X((p)->login.password)                                                                         \
    X((p)->login.ca)                                                                               \
    X((p)->login.cert)                                                                             \
    X((p)->login.key)

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

static struct job *job_new(uint64_t wal, const struct mirror_place *place,
                           enum mirror_effect effect, int64_t until_ms)
{
    struct job *job = mem_new(1, sizeof(*job));

    job->wal = wal;
    job->until_ms = until_ms;
    job->answer.effect = effect;
    job->place = *place;
#define COPY(text) text = copy_text(text);
    QUESTION_TEXTS(COPY, &job->place)
#undef COPY
    return job;
}

static void job_free(struct job *job)
{
#define WIPE(text) wipe_text(text);
    QUESTION_TEXTS(WIPE, &job->place)
#undef WIPE
    free(job->answer.next);
    free(job);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void ask_offsets(const struct connect *c, const struct job *job, struct str topic,
                        struct mirror_answer *a)
{
    struct err ignored;

    a->n = job->place.n_partitions;
    if (a->n == 0)
        return;
    a->next = mem_new((size_t)a->n, sizeof(*a->next));
    if (connect_mirror_offsets(c, job->place.connector, topic, a->next, a->n, &ignored) == ERR_OK)
        return;
    free(a->next);
    a->next = NULL;
}

static void look(const struct connect *c, struct job *job)
{
    struct mirror_answer *a = &job->answer;
    struct connect_config config;
    struct str topic;

    connect_mirror_look(c, job->place.connector, &a->look, &config);
    if (a->look.look.outcome != LOOK_ANSWERED || !a->look.exists)
        return;
    topic = connect_source_topic(&config, str_from(job->place.topic));
    snprintf(a->topic, sizeof(a->topic), "%.*s", STR_ARGS(topic));
    ask_offsets(c, job, topic, a);
}

static enum err_code act(const struct connect *c, struct job *job, struct err *err)
{
    struct mirror_answer *a = &job->answer;

    return a->effect == MIRROR_EFFECT_GUARD
               ? connect_mirror_guard(c, job->place.connector, &a->guard, err)
               : connect_mirror_order(c, job->place.connector, a->effect, err);
}

static struct look lost(const char *why)
{
    const int64_t now_ms = clock_since_boot_ms();
    struct look look = { .began_ms = now_ms, .ended_ms = now_ms, .outcome = LOOK_LOST };

    snprintf(look.why, sizeof(look.why), "%s", why);
    return look;
}

/* An order is over, or given up, when somebody else may act. A guard write changes nothing, and may
 * take long, as it fences. */
static int64_t time_for(const struct job *job)
{
    const int64_t left_ms = job->until_ms - clock_since_boot_ms();

    if (job->answer.effect == MIRROR_EFFECT_NOTHING)
        return MIRROR_OBSERVER_TIMEOUT_MS;
    if (job->answer.effect == MIRROR_EFFECT_GUARD && left_ms >= MIRROR_OBSERVER_LEAST_MS)
        return MIRROR_OBSERVER_GUARD_MS;
    return int64_min(MIRROR_OBSERVER_TIMEOUT_MS, left_ms);
}

static enum err_code do_question(const struct mirror_observer *o, struct job *job, struct err *err)
{
    const int64_t time_ms = time_for(job);
    struct connect connect;
    enum err_code rc;

    if (time_ms < MIRROR_OBSERVER_LEAST_MS)
        return err_set(err, ERR_TIMEOUT, "somebody else may act before it is done");
    rc = o->opener.open(&job->place, time_ms, &connect, err);
    if (rc != ERR_OK)
        return rc;
    if (job->answer.effect == MIRROR_EFFECT_NOTHING)
        look(&connect, job);
    else
        rc = act(&connect, job, err);
    o->opener.close(&connect);
    return rc;
}

static void do_job(const struct mirror_observer *o, struct job *job)
{
    struct mirror_answer *a = &job->answer;
    struct err err = { 0 };

    a->rc = do_question(o, job, &err);
    memcpy(a->why, err.msg, sizeof(a->why));
    if (a->rc != ERR_OK && a->effect == MIRROR_EFFECT_NOTHING)
        a->look.look = lost(err.msg);
}

/* --- threads ---------------------------------------------------------------------------------- */

static struct job *take(struct fifo *jobs)
{
    struct job *job;

    return fifo_take(jobs, &job) ? job : NULL;
}

static void free_jobs(struct fifo *jobs)
{
    struct job *job;

    while ((job = take(jobs)))
        job_free(job);
    fifo_release(jobs);
}

static void destroy(struct mirror_observer *o)
{
    free_jobs(&o->questions);
    free_jobs(&o->answers);
    close(o->answered);
    pthread_cond_destroy(&o->asked);
    pthread_mutex_destroy(&o->mutex);
    free(o);
}

/* With the mutex held, except while Connect is asked. */
static void serve_question(struct mirror_observer *o, struct job *job)
{
    const uint64_t one = 1;

    pthread_mutex_unlock(&o->mutex);
    do_job(o, job);
    pthread_mutex_lock(&o->mutex);
    fifo_add(&o->answers, &job);
    if (write(o->answered, &one, sizeof(one)) < 0)
        UNREACHABLE("an eventfd that refuses to count");
}

static void *run(void *self)
{
    struct mirror_observer *o = self;
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

struct mirror_observer *mirror_observer_new(const struct mirror_opener *opener)
{
    struct mirror_observer *o = mem_new(1, sizeof(*o));

    o->opener = *opener;
    o->answered = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    PRE(o->answered >= 0);
    pthread_mutex_init(&o->mutex, NULL);
    pthread_cond_init(&o->asked, NULL);
    fifo_init(&o->questions, sizeof(struct job *));
    fifo_init(&o->answers, sizeof(struct job *));
    o->n_threads = MIRROR_OBSERVER_THREADS;
    for (int i = 0; i < MIRROR_OBSERVER_THREADS; i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, run, o) != 0)
            UNREACHABLE("no thread to look with");
        pthread_detach(thread);
    }
    return o;
}

void mirror_observer_free(struct mirror_observer *o)
{
    if (!o)
        return;
    pthread_mutex_lock(&o->mutex);
    o->stopping = true;
    pthread_cond_broadcast(&o->asked);
    pthread_mutex_unlock(&o->mutex);
}

/* --- the port --------------------------------------------------------------------------------- */

static enum err_code ask(void *self, uint64_t wal, const struct mirror_place *place,
                         enum mirror_effect effect, int64_t until_ms, struct err *err)
{
    struct mirror_observer *o = self;
    struct job *job;
    bool fits;

    PRE(place->n_partitions >= 0 && place->n_partitions <= LOOK_PARTITIONS_MAX);
    pthread_mutex_lock(&o->mutex);
    fits = o->n_open < MIRROR_OBSERVER_OPEN_MAX;
    if (fits) {
        job = job_new(wal, place, effect, until_ms);
        o->n_open++;
        fifo_add(&o->questions, &job);
        pthread_cond_signal(&o->asked);
    }
    pthread_mutex_unlock(&o->mutex);
    return fits ? ERR_OK
                : err_set(err, ERR_LIMIT, "%d questions to mirrors are under way",
                          MIRROR_OBSERVER_OPEN_MAX);
}

static bool next(void *self, uint64_t *ret_wal, struct mirror_answer *ret)
{
    struct mirror_observer *o = self;
    uint64_t count;
    struct job *job;

    if (read(o->answered, &count, sizeof(count)) < 0)
        count = 0; /* it was quiet before */
    pthread_mutex_lock(&o->mutex);
    job = take(&o->answers);
    o->n_open -= job != NULL;
    pthread_mutex_unlock(&o->mutex);
    if (!job)
        return false;
    *ret_wal = job->wal;
    *ret = job->answer;
    job->answer.next = NULL;
    job_free(job);
    return true;
}

static int descriptor(void *self)
{
    const struct mirror_observer *o = self;

    return o->answered;
}

struct mirror_observer_port mirror_observer_port(struct mirror_observer *o)
{
    static const struct observe_mirror_ops ops = { ask, next, descriptor };

    return (struct mirror_observer_port){ &ops, o };
}
