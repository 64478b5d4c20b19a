#include "runtime/log_agent.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/fifo.h"
#include "base/mem.h"
#include "base/secret.h"
#include "codec/log_look_json.h"
#include "codec/marks_json.h"
#include "codec/restore_log_json.h"
#include "runtime/descriptor.h"

enum { ARENA_CHUNK = 4096, LINE_SIZE = LOG_LOOK_LINE_MAX + 2, RECORD_MAX_BYTES = 512 };

struct agent;

struct question {
    int64_t number;
    struct arena arena;
    struct log_place place;  /* in the arena */
    struct mark_batch marks; /* the same */
    struct restore_log_order restore;
    bool (*answer)(struct agent *a, void *self, struct question *q, struct buf *line);
};

struct agent {
    const struct log_agent_source *source;
    void *self;
    enum err_code opened; /* whether `self` may be used */
    struct err why;
    struct arena access;
    struct log_place place; /* its texts are in `access` */
    FILE *input;
    int output;
    char *line; /* LINE_SIZE */

    pthread_mutex_t mutex; /* guards what follows, and the output */
    pthread_cond_t changed;
    struct fifo questions; /* of struct question * */
    bool ended;            /* no more will come */
    enum err_code written; /* ERR_OK: all that was to be */
    struct err written_err;
};

/* False: the input has ended. */
static bool read_line(struct agent *a, struct str *ret)
{
    if (!fgets(a->line, LINE_SIZE, a->input))
        return false;
    *ret = str_from(a->line);
    if (ret->n > 0 && ret->p[ret->n - 1] == '\n')
        ret->n--;
    return true;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* An access that cannot be used is the answer to every question. */
static void look(const struct agent *a, void *self, const struct log_place *place,
                 struct log_look *ret)
{
    if (a->opened == ERR_OK && place->connector) {
        a->source->look_stored(self, place, ret);
        return;
    }
    if (a->opened == ERR_OK) {
        a->source->look(self, place->topic, place->group, ret);
        return;
    }
    log_look_init(ret);
    ret->look.outcome = LOOK_FAILED;
    snprintf(ret->look.why, sizeof(ret->look.why), "%s", a->why.msg);
}

static bool answer_look(struct agent *a, void *self, struct question *q, struct buf *line)
{
    struct log_look found;
    bool fits;

    look(a, self, &q->place, &found);
    fits = log_look_encode(line, q->number, &found);
    log_look_release(&found);
    return fits;
}

/* NULL: one of them is too long. */
static struct mark_record *records_of(struct question *q)
{
    struct mark_record *records = arena_take(&q->arena, (size_t)q->marks.n * sizeof(*records));

    for (int32_t i = 0; i < q->marks.n; i++) {
        CLEANUP(buf_release) struct buf value = { 0 };
        char *kept;

        buf_init(&value, RECORD_MAX_BYTES);
        if (!mark_record_encode(&value, &q->marks.orders[i].mark, q->marks.site))
            return NULL;
        kept = arena_take(&q->arena, value.n);
        memcpy(kept, value.p, value.n);
        records[i] = (struct mark_record){ q->marks.orders[i].partition, { kept, value.n } };
    }
    return records;
}

static bool answer_marks(struct agent *a, void *self, struct question *q, struct buf *line)
{
    const struct mark_record *records = records_of(q);
    struct mark_result result = { .n_failed = q->marks.n };

    if (a->opened != ERR_OK)
        snprintf(result.why, sizeof(result.why), "%s", a->why.msg);
    else if (!records)
        snprintf(result.why, sizeof(result.why), "a mark is too long");
    else
        a->source->mark(self, q->place.topic, records, q->marks.n, q->marks.until_ms, &result);
    return marks_result_encode(line, q->number, &result);
}

static bool answer_restore(struct agent *a, void *self, struct question *q, struct buf *line)
{
    struct restore_log_result result = { .outcome = RESTORE_FAILED };
    bool fits;

    if (a->opened == ERR_OK)
        a->source->restore(self, q->place.topic, q->place.group, &q->restore, &result);
    else
        snprintf(result.why, sizeof(result.why), "%s", a->why.msg);
    fits = restore_result_encode(line, q->number, &result);
    restore_plan_release(&result.plan);
    return fits;
}

static void answer(struct agent *a, void *self, struct question *q)
{
    CLEANUP(buf_release) struct buf line = { 0 };
    bool fits;

    buf_init(&line, LOG_LOOK_LINE_MAX + 1);
    fits = q->answer(a, self, q, &line) && buf_append(&line, "\n", 1);
    pthread_mutex_lock(&a->mutex);
    if (a->written == ERR_OK && !fits)
        a->written = err_set(&a->written_err, ERR_LIMIT, "the look is too long");
    else if (a->written == ERR_OK && !descriptor_write(a->output, buf_str(&line)))
        a->written = err_set(&a->written_err, ERR_UNAVAILABLE, "nobody reads what was found");
    pthread_mutex_unlock(&a->mutex);
}

static void question_free(struct question *q)
{
    arena_release(&q->arena);
    free(q);
}

static struct question *next_question(struct agent *a)
{
    struct question *q = NULL;

    pthread_mutex_lock(&a->mutex);
    while (!fifo_take(&a->questions, &q) && !a->ended)
        pthread_cond_wait(&a->changed, &a->mutex);
    pthread_mutex_unlock(&a->mutex);
    return q;
}

static void *run(void *argument)
{
    struct agent *a = argument;
    void *self = a->opened == ERR_OK ? a->source->share(a->self) : NULL;
    struct question *q;

    while ((q = next_question(a))) {
        answer(a, self, q);
        question_free(q);
    }
    if (self)
        a->source->close(self);
    return NULL;
}

/* --- questions -------------------------------------------------------------------------------- */

static enum err_code decode_restore(struct str line, struct question *q, struct err *err)
{
    struct restore_question read;
    const enum err_code rc = restore_question_decode(line, &q->arena, &read, err);

    if (rc != ERR_OK)
        return rc;
    q->number = read.number;
    q->place.topic = read.topic;
    q->place.group = read.group;
    q->restore = read.order;
    return ERR_OK;
}

static enum err_code decode(struct str line, struct question *q, struct err *err)
{
    if (restore_is_question(line)) {
        q->answer = answer_restore;
        return decode_restore(line, q, err);
    }
    if (marks_is_question(line)) {
        q->answer = answer_marks;
        return marks_question_decode(line, &q->arena, &q->number, &q->place.topic, &q->marks, err);
    }
    q->answer = answer_look;
    return log_question_decode(line, &q->arena, &q->number, &q->place, err);
}

static enum err_code take_line(struct agent *a, struct str line, struct err *err)
{
    struct question *q = mem_new(1, sizeof(*q));
    enum err_code rc;

    arena_init(&q->arena, ARENA_CHUNK);
    rc = decode(line, q, err);
    if (rc != ERR_OK) {
        question_free(q);
        return rc;
    }
    pthread_mutex_lock(&a->mutex);
    fifo_add(&a->questions, &q);
    pthread_cond_signal(&a->changed);
    rc = a->written;
    if (rc != ERR_OK)
        *err = a->written_err;
    pthread_mutex_unlock(&a->mutex);
    return rc;
}

static enum err_code open_source(struct agent *a, struct err *err)
{
    struct str line;
    enum err_code rc;

    if (!read_line(a, &line))
        return err_set(err, ERR_CORRUPT, "nobody says how to reach the brokers");
    rc = log_access_decode(line, &a->access, &a->place, err);
    secret_wipe(a->line, line.n);
    if (rc == ERR_OK)
        a->opened = a->source->open(&a->place, &a->self, &a->why);
    return rc;
}

static enum err_code serve_lines(struct agent *a, struct err *err)
{
    pthread_t threads[LOG_AGENT_LOOKS_MAX];
    enum err_code rc = ERR_OK;
    struct str line;

    for (int i = 0; i < LOG_AGENT_LOOKS_MAX; i++)
        if (pthread_create(&threads[i], NULL, run, a) != 0)
            UNREACHABLE("no thread to look with");
    while (rc == ERR_OK && read_line(a, &line))
        rc = take_line(a, line, err);
    pthread_mutex_lock(&a->mutex);
    a->ended = true;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->mutex);
    for (int i = 0; i < LOG_AGENT_LOOKS_MAX; i++)
        pthread_join(threads[i], NULL);
    if (rc == ERR_OK && a->written != ERR_OK) {
        *err = a->written_err;
        rc = a->written;
    }
    return rc;
}

enum err_code log_agent_serve(int input, int output, const struct log_agent_source *source,
                              struct err *err)
{
    struct agent a = { .source = source, .output = output, .opened = ERR_INVALID };
    enum err_code rc;

    a.input = fdopen(input, "r");
    if (!a.input)
        return err_set(err, ERR_UNAVAILABLE, "there is no input");
    a.line = mem_new(LINE_SIZE, 1);
    arena_init(&a.access, ARENA_CHUNK);
    fifo_init(&a.questions, sizeof(struct question *));
    pthread_mutex_init(&a.mutex, NULL);
    pthread_cond_init(&a.changed, NULL);
    rc = open_source(&a, err);
    if (rc == ERR_OK)
        rc = serve_lines(&a, err);
    if (a.opened == ERR_OK)
        source->close(a.self);
    arena_release(&a.access);
    fifo_release(&a.questions);
    pthread_cond_destroy(&a.changed);
    pthread_mutex_destroy(&a.mutex);
    free(a.line);
    fclose(a.input);
    return rc;
}
