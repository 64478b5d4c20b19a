#include "wiring/offset_readers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/log_look_rdkafka.h"
#include "base/mem.h"
#include "runtime/clock.h"
#include "wiring/offset_reader.h"

struct kept {
    char *topic, *connector, *mirrored; /* NULL: a free place */
    struct offset_reader *reader;       /* NULL: there is none yet */
    bool busy;                          /* a thread reads; what is here is its own */
    int64_t used_ms;
};

struct offset_readers {
    const struct log_place *place;
    pthread_mutex_t mutex; /* guards what follows */
    struct kept kept[OFFSET_READERS_MAX];
};

struct offset_readers *offset_readers_new(const struct log_place *place)
{
    struct offset_readers *r = mem_new(1, sizeof(*r));

    r->place = place;
    pthread_mutex_init(&r->mutex, NULL);
    return r;
}

static void release(struct kept *k)
{
    offset_reader_free(k->reader);
    free(k->topic);
    free(k->connector);
    free(k->mirrored);
    *k = (struct kept){ .topic = NULL };
}

void offset_readers_free(struct offset_readers *r)
{
    for (int i = 0; i < OFFSET_READERS_MAX; i++)
        release(&r->kept[i]);
    pthread_mutex_destroy(&r->mutex);
    free(r);
}

/* --- which one -------------------------------------------------------------------------------- */

static char *copy(const char *text)
{
    return mem_copy_text(text, strlen(text));
}

static bool is_of(const struct kept *k, const struct log_place *q)
{
    return k->topic && strcmp(k->topic, q->topic) == 0 && strcmp(k->connector, q->connector) == 0 &&
           strcmp(k->mirrored, q->mirrored) == 0;
}

static void free_idle(struct offset_readers *r, int64_t now_ms)
{
    for (int i = 0; i < OFFSET_READERS_MAX; i++)
        if (r->kept[i].topic && !r->kept[i].busy &&
            now_ms - r->kept[i].used_ms > OFFSET_READERS_IDLE_MS)
            release(&r->kept[i]);
}

/* That of the question; a free place, or the one that is least in use. NULL: all are read, or this
 * one is. */
static struct kept *choose(struct offset_readers *r, const struct log_place *q)
{
    struct kept *found = NULL;

    for (int i = 0; i < OFFSET_READERS_MAX; i++)
        if (is_of(&r->kept[i], q))
            return r->kept[i].busy ? NULL : &r->kept[i];
    for (int i = 0; i < OFFSET_READERS_MAX; i++) {
        struct kept *k = &r->kept[i];

        if (!k->busy && (!found || (found->topic && (!k->topic || k->used_ms < found->used_ms))))
            found = k;
    }
    if (!found)
        return NULL;
    release(found);
    found->topic = copy(q->topic);
    found->connector = copy(q->connector);
    found->mirrored = copy(q->mirrored);
    return found;
}

static struct kept *take(struct offset_readers *r, const struct log_place *q)
{
    const int64_t now_ms = clock_monotonic_ms();
    struct kept *k;

    pthread_mutex_lock(&r->mutex);
    free_idle(r, now_ms);
    k = choose(r, q);
    if (k) {
        k->busy = true;
        k->used_ms = now_ms;
    }
    pthread_mutex_unlock(&r->mutex);
    return k;
}

static void give_back(struct offset_readers *r, struct kept *k)
{
    pthread_mutex_lock(&r->mutex);
    k->busy = false;
    pthread_mutex_unlock(&r->mutex);
}

/* --- looking ---------------------------------------------------------------------------------- */

static enum err_code open_reader(const struct offset_readers *r, struct kept *k, const char *group,
                                 struct err *err)
{
    const struct offset_reader_settings settings = {
        .access = log_place_access(r->place),
        .topic = k->topic,
        .group = group,
        .connector = k->connector,
        .mirrored = k->mirrored,
    };

    return k->reader ? ERR_OK : offset_reader_new(&settings, &k->reader, err);
}

static void fail(struct log_look *ret, const char *why)
{
    log_look_init(ret);
    ret->look.outcome = LOOK_FAILED;
    snprintf(ret->look.why, sizeof(ret->look.why), "%s", why);
}

void offset_readers_look(struct offset_readers *r, const struct log_place *question,
                         struct log_look *ret)
{
    struct kept *k = take(r, question);
    struct err err = { 0 };

    if (!k) {
        fail(ret, "the topic is being read for another question");
        return;
    }
    if (open_reader(r, k, question->group, &err) == ERR_OK)
        offset_reader_look(k->reader, ret);
    else
        fail(ret, err.msg);
    give_back(r, k);
}
