#include "runtime/mirror_observer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/int64.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/worker_pool.h"
#include "runtime/clock.h"
#include "runtime/connect_mirror.h"

/* A question, and later its answer. */
struct job {
    uint64_t wal;
    struct mirror_place place; /* its texts are copies */
    int64_t until_ms;
    struct mirror_answer answer;
};

enum rank { RANK_ORDER, RANK_GUARD, RANK_LOOK, RANK_COUNT };

struct mirror_observer {
    struct worker_pool *pool;
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

static struct job *job_new(uint64_t wal, const struct mirror_place *place,
                           enum mirror_effect effect, int64_t until_ms)
{
    struct job *job = mem_new(1, sizeof(*job));

    job->wal = wal;
    job->until_ms = until_ms;
    job->answer.effect = effect;
    job->place = *place;
#define COPY(text) text = secret_copy_text(text);
    QUESTION_TEXTS(COPY, &job->place)
#undef COPY
    return job;
}

static void job_free(void *self)
{
    struct job *job = self;

#define WIPE(text) secret_free_text(text);
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

static enum err_code do_question(const struct mirror_opener *opener, struct job *job,
                                 struct err *err)
{
    const int64_t time_ms = time_for(job);
    struct connect connect;
    enum err_code rc;

    if (time_ms < MIRROR_OBSERVER_LEAST_MS)
        return err_set(err, ERR_TIMEOUT, "somebody else may act before it is done");
    rc = opener->open(&job->place, time_ms, &connect, err);
    if (rc != ERR_OK)
        return rc;
    if (job->answer.effect == MIRROR_EFFECT_NOTHING)
        look(&connect, job);
    else
        rc = act(&connect, job, err);
    opener->close(&connect);
    return rc;
}

static void do_job(const void *context, void *self)
{
    struct job *job = self;
    struct mirror_answer *a = &job->answer;
    struct err err = { 0 };

    a->rc = do_question(context, job, &err);
    memcpy(a->why, err.msg, sizeof(a->why));
    if (a->rc != ERR_OK && a->effect == MIRROR_EFFECT_NOTHING)
        a->look.look = lost(err.msg);
}

struct mirror_observer *mirror_observer_new(const struct mirror_opener *opener)
{
    struct mirror_observer *o = mem_new(1, sizeof(*o));
    struct mirror_opener *context = mem_new(1, sizeof(*context));
    const struct worker_pool_settings settings = {
        .n_threads = MIRROR_OBSERVER_THREADS,
        .n_open_max = MIRROR_OBSERVER_OPEN_MAX,
        .n_kinds = 1,
        .n_ranks = RANK_COUNT,
        .ranks = { [RANK_ORDER] = { MIRROR_OBSERVER_ORDERS_MAX, MIRROR_OBSERVER_CONNECT_MAX },
                   [RANK_GUARD] = { MIRROR_OBSERVER_GUARDS_MAX, MIRROR_OBSERVER_CONNECT_MAX },
                   [RANK_LOOK] = { MIRROR_OBSERVER_LOOKS_MAX, MIRROR_OBSERVER_CONNECT_MAX } },
        .serve = do_job,
        .free_job = job_free,
        .context = context,
    };

    *context = *opener;
    o->pool = worker_pool_new(&settings);
    return o;
}

void mirror_observer_free(struct mirror_observer *o)
{
    if (!o)
        return;
    worker_pool_free(o->pool);
    free(o);
}

static enum rank rank_of(enum mirror_effect effect)
{
    return effect == MIRROR_EFFECT_NOTHING ? RANK_LOOK
           : effect == MIRROR_EFFECT_GUARD ? RANK_GUARD
                                           : RANK_ORDER;
}

/* --- the port --------------------------------------------------------------------------------- */

static enum err_code ask(void *self, uint64_t wal, const struct mirror_place *place,
                         enum mirror_effect effect, int64_t until_ms, struct err *err)
{
    struct mirror_observer *o = self;
    struct worker_pool_label label = { .rank = rank_of(effect) };
    struct job *job;

    PRE(place->n_partitions >= 0 && place->n_partitions <= LOOK_PARTITIONS_MAX);
    job = job_new(wal, place, effect, until_ms);
    label.key = job->place.url;
    if (worker_pool_add(o->pool, &label, job))
        return ERR_OK;
    job_free(job);
    return err_set(err, ERR_LIMIT, "%d questions to mirrors are under way",
                   MIRROR_OBSERVER_OPEN_MAX);
}

static bool next(void *self, uint64_t *ret_wal, struct mirror_answer *ret)
{
    struct mirror_observer *o = self;
    struct job *job;

    worker_pool_hush(o->pool);
    job = worker_pool_take(o->pool, 0);
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

    return worker_pool_descriptor(o->pool);
}

struct mirror_observer_port mirror_observer_port(struct mirror_observer *o)
{
    static const struct observe_mirror_ops ops = { ask, next, descriptor };

    return (struct mirror_observer_port){ &ops, o };
}
