#include "runtime/offset_looks.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/mem.h"

struct kept {
    char *topic, *connector, *mirrored; /* NULL: a free place */
    void *reader;                       /* NULL: it was not opened yet */
    bool is_read;                       /* by a thread, to whom the reader belongs meanwhile */
    int n_waiting;                      /* threads that wait for what comes of it */
    uint64_t n_looks;                   /* that have ended */
    struct log_look last;               /* what came of the last of them */
    int64_t used_ms;
};

struct offset_looks {
    struct offset_looks_source source;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t ended;  /* a look has */
    struct kept kept[OFFSET_LOOKS_MAX];
};

/* --- readers ---------------------------------------------------------------------------------- */

static void init_ended(pthread_cond_t *ended)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(ended, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct offset_looks *offset_looks_new(const struct offset_looks_source *source)
{
    struct offset_looks *l = mem_new(1, sizeof(*l));

    l->source = *source;
    pthread_mutex_init(&l->mutex, NULL);
    init_ended(&l->ended);
    return l;
}

/* Its place is free then, and the reader the caller's; NULL: there is none. */
static void *vacate(struct kept *k)
{
    void *reader = k->reader;

    free(k->topic);
    free(k->connector);
    free(k->mirrored);
    log_look_release(&k->last);
    *k = (struct kept){ .topic = NULL };
    return reader;
}

static void close_all(const struct offset_looks *l, void *const *readers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (readers[i])
            l->source.close(readers[i]);
}

void offset_looks_free(struct offset_looks *l)
{
    void *readers[OFFSET_LOOKS_MAX];

    for (size_t i = 0; i < OFFSET_LOOKS_MAX; i++)
        readers[i] = vacate(&l->kept[i]);
    close_all(l, readers, OFFSET_LOOKS_MAX);
    pthread_cond_destroy(&l->ended);
    pthread_mutex_destroy(&l->mutex);
    free(l);
}

static bool is_in_use(const struct kept *k)
{
    return k->is_read || k->n_waiting > 0;
}

/* To close one may take long: it is done without the mutex. */
static size_t vacate_idle(struct offset_looks *l, void *ret_readers[OFFSET_LOOKS_MAX])
{
    const int64_t now_ms = l->source.monotonic_ms();
    size_t n = 0;

    for (size_t i = 0; i < OFFSET_LOOKS_MAX; i++)
        if (l->kept[i].topic && !is_in_use(&l->kept[i]) &&
            now_ms - l->kept[i].used_ms > OFFSET_LOOKS_IDLE_MS)
            ret_readers[n++] = vacate(&l->kept[i]);
    return n;
}

void offset_looks_tidy(struct offset_looks *l)
{
    void *readers[OFFSET_LOOKS_MAX];
    size_t n;

    pthread_mutex_lock(&l->mutex);
    n = vacate_idle(l, readers);
    pthread_mutex_unlock(&l->mutex);
    close_all(l, readers, n);
}

/* --- which one -------------------------------------------------------------------------------- */

static struct kept *find(struct offset_looks *l, const struct log_place *q)
{
    for (size_t i = 0; i < OFFSET_LOOKS_MAX; i++) {
        struct kept *k = &l->kept[i];

        if (k->topic && strcmp(k->topic, q->topic) == 0 &&
            strcmp(k->connector, q->connector) == 0 && strcmp(k->mirrored, q->mirrored) == 0)
            return k;
    }
    return NULL;
}

/* What could not be opened costs nothing to begin anew. */
static bool makes_way(const struct kept *k, int64_t now_ms)
{
    return !is_in_use(k) && (!k->reader || now_ms - k->used_ms > OFFSET_LOOKS_HELD_MS);
}

/* A free place, or that of the one that was not asked for longest. NULL: none makes way. */
static struct kept *make_place(struct offset_looks *l, const struct log_place *q, int64_t now_ms,
                               void **ret_former)
{
    struct kept *found = NULL;

    for (size_t i = 0; i < OFFSET_LOOKS_MAX; i++) {
        struct kept *k = &l->kept[i];

        if (makes_way(k, now_ms) &&
            (!found || (found->topic && (!k->topic || k->used_ms < found->used_ms))))
            found = k;
    }
    if (!found)
        return NULL;
    *ret_former = vacate(found);
    found->topic = mem_copy_string(q->topic);
    found->connector = mem_copy_string(q->connector);
    found->mirrored = mem_copy_string(q->mirrored);
    log_look_init(&found->last);
    return found;
}

/* --- looking ---------------------------------------------------------------------------------- */

static void fail(struct log_look *ret, const char *why)
{
    log_look_init(ret);
    ret->look.outcome = LOOK_FAILED;
    snprintf(ret->look.why, sizeof(ret->look.why), "%s", why);
}

static void refuse(struct log_look *ret)
{
    char why[LOOK_WHY_MAX + 1];

    snprintf(why, sizeof(why),
             "too many of Connect's topics are being read, for %d connectors or logs at these "
             "brokers; let Connect tell how far other mirrors are, and name no offsetsTopic there",
             OFFSET_LOOKS_MAX);
    fail(ret, why);
}

static void copy_look(const struct log_look *from, struct log_look *ret)
{
    *ret = *from;
    if (!from->partitions)
        return;
    ret->partitions = mem_new((size_t)from->n, sizeof(*ret->partitions));
    memcpy(ret->partitions, from->partitions, (size_t)from->n * sizeof(*ret->partitions));
}

/* With the mutex held, except while it waits. False: it takes longer. */
static bool await_end(struct offset_looks *l, const struct kept *k)
{
    const uint64_t n_before = k->n_looks;
    struct timespec until;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += l->source.wait_ms / 1000;
    until.tv_nsec += l->source.wait_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (k->n_looks == n_before && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&l->ended, &l->mutex, &until);
    return k->n_looks != n_before;
}

/* What was read was asked for before, so that it tells of no more than there is now. */
static void share(struct offset_looks *l, struct kept *k, struct log_look *ret)
{
    k->n_waiting++;
    if (await_end(l, k))
        copy_look(&k->last, ret);
    else
        fail(ret, "others are reading the topic, and it is not read to its end yet");
    k->n_waiting--;
}

/* `former` had that place: it is closed first, so that there are never more than may be. */
static void read_it(struct offset_looks *l, struct kept *k, void *former, const struct log_place *q,
                    struct log_look *ret)
{
    struct err err = { 0 };
    enum err_code rc = ERR_OK;

    k->is_read = true;
    pthread_mutex_unlock(&l->mutex);
    close_all(l, &former, 1);
    if (!k->reader)
        rc = l->source.open(l->source.context, q, &k->reader, &err);
    if (rc == ERR_OK)
        l->source.look(k->reader, ret);
    else
        fail(ret, err.msg);
    pthread_mutex_lock(&l->mutex);
    log_look_release(&k->last);
    copy_look(ret, &k->last);
    k->n_looks++;
    k->is_read = false;
    pthread_cond_broadcast(&l->ended);
}

void offset_looks_ask(struct offset_looks *l, const struct log_place *question,
                      struct log_look *ret)
{
    void *former = NULL;
    struct kept *k;
    int64_t now_ms;

    offset_looks_tidy(l);
    pthread_mutex_lock(&l->mutex);
    now_ms = l->source.monotonic_ms();
    k = find(l, question);
    if (!k)
        k = make_place(l, question, now_ms, &former);
    if (k)
        k->used_ms = now_ms;
    if (!k)
        refuse(ret);
    else if (k->is_read)
        share(l, k, ret);
    else
        read_it(l, k, former, question, ret);
    pthread_mutex_unlock(&l->mutex);
}
