#include "runtime/log_agents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/fifo.h"
#include "base/mem.h"
#include "base/prng.h"
#include "base/secret.h"
#include "codec/log_look_json.h"
#include "codec/marks_json.h"
#include "runtime/log_agent.h"
#include "runtime/subprocess.h"

enum {
    BLOCKED_POLL_MS = 10,
    MARKS_AT_A_TIME = LOG_AGENT_LOOKS_MAX / 4, /* brokers that store none must not keep looks out */
};

/* A question, and later its answer. */
struct job {
    uint64_t wal;
    char *topic, *group;
    struct log_look look;
    /* To be written; n 0: a look is wanted. */
    struct mark_batch marks;
    struct mark_order *orders;
    char *site;
    struct mark_result marked;
};

/* One way to reach brokers. */
struct agent {
    struct buf access; /* the line that says how; with n 0 the place is free */
    struct subprocess process;
    struct fifo waiting, marking; /* of struct job *: looks, and marks to be written */
    struct asked {
        struct job *job;
        int64_t began_ms;
    } asked[LOG_AGENT_LOOKS_MAX]; /* by the number of the question; NULL: a free place */
    int n_asked, n_marking;
    int64_t used_ms; /* last */
    struct backoff backoff;
    int64_t not_before_ms; /* it may be started then */
};

struct log_agents {
    struct log_agents_settings settings;
    int descriptor; /* epoll: readable when a process has written */
    struct prng prng;
    struct agent agents[LOG_AGENTS_MAX];
    struct fifo answers, marked; /* of struct job * */
    int n_open;
    uint64_t n_lost;
};

static struct job *take(struct fifo *jobs)
{
    struct job *job;

    return fifo_take(jobs, &job) ? job : NULL;
}

static void job_free(struct job *job)
{
    if (!job)
        return;
    free(job->topic);
    free(job->group);
    free(job->orders);
    free(job->site);
    log_look_release(&job->look);
    free(job);
}

struct log_agents *log_agents_new(const struct log_agents_settings *settings)
{
    struct log_agents *a = mem_new(1, sizeof(*a));

    a->settings = *settings;
    a->descriptor = epoll_create1(EPOLL_CLOEXEC);
    PRE(a->descriptor >= 0);
    a->prng.state = settings->seed;
    fifo_init(&a->answers, sizeof(struct job *));
    fifo_init(&a->marked, sizeof(struct job *));
    return a;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void answer(struct log_agents *a, struct job *job, int64_t began_ms)
{
    if (job->marks.n > 0) {
        fifo_add(&a->marked, &job);
        return;
    }
    job->look.look.began_ms = began_ms;
    job->look.look.ended_ms = a->settings.monotonic_ms();
    job->look.look.ended_wall_ms = a->settings.wall_ms();
    fifo_add(&a->answers, &job);
}

static void lose(struct log_agents *a, struct job *job, const char *why)
{
    log_look_release(&job->look);
    job->marked = (struct mark_result){ .n_failed = job->marks.n };
    snprintf(job->marked.why, sizeof(job->marked.why), "%s", why);
    job->look.look.outcome = LOOK_LOST;
    snprintf(job->look.look.why, sizeof(job->look.look.why), "%s", why);
    answer(a, job, a->settings.monotonic_ms());
}

/* --- an agent --------------------------------------------------------------------------------- */

/* Its place is free then. */
static struct job *take_waiting(struct agent *g)
{
    struct job *job = take(&g->marking);

    return job ? job : take(&g->waiting);
}

static struct job *take_asked(struct agent *g, int i)
{
    struct job *job = g->asked[i].job;

    g->n_asked -= job != NULL;
    g->n_marking -= job && job->marks.n > 0;
    g->asked[i].job = NULL;
    return job;
}

/* Nobody is told whether a question that waits was at fault: all of them are lost. */
static void fail(struct log_agents *a, struct agent *g, const char *why)
{
    struct job *job;

    subprocess_end(&g->process);
    g->not_before_ms =
        a->settings.monotonic_ms() + backoff_next_ms(&g->backoff, prng_next(&a->prng));
    for (int i = 0; i < LOG_AGENT_LOOKS_MAX; i++)
        if ((job = take_asked(g, i)))
            lose(a, job, why);
    while ((job = take_waiting(g)))
        lose(a, job, why);
}

static void release(struct agent *g)
{
    subprocess_end(&g->process);
    if (g->access.p)
        secret_wipe(g->access.p, g->access.capacity);
    buf_release(&g->access);
    for (int i = 0; i < LOG_AGENT_LOOKS_MAX; i++)
        job_free(take_asked(g, i));
    while (g->waiting.n + g->marking.n > 0)
        job_free(take_waiting(g));
    fifo_release(&g->waiting);
    fifo_release(&g->marking);
    *g = (struct agent){ 0 };
}

static bool start(struct log_agents *a, struct agent *g)
{
    struct epoll_event event = { .events = EPOLLIN };
    struct err err;

    if (subprocess_start(&g->process, a->settings.command, LOG_LOOK_LINE_MAX, &err) == ERR_OK &&
        subprocess_send(&g->process, buf_str(&g->access), &err) == ERR_OK) {
        if (epoll_ctl(a->descriptor, EPOLL_CTL_ADD, g->process.descriptor, &event) == 0)
            return true;
        err_set(&err, ERR_LIMIT, "its socket cannot be watched");
    }
    a->n_lost++;
    fail(a, g, err.msg);
    return false;
}

static int free_place(const struct agent *g)
{
    int i = 0;

    while (i < LOG_AGENT_LOOKS_MAX && g->asked[i].job)
        i++;
    return i;
}

static enum err_code send_question(struct agent *g, int64_t number, const struct job *job,
                                   struct err *err)
{
    const struct log_place place = { .topic = job->topic, .group = job->group };
    CLEANUP(buf_release) struct buf line = { 0 };

    buf_init(&line, LOG_LOOK_LINE_MAX);
    if (!(job->marks.n > 0 ? marks_question_encode(&line, number, job->topic, &job->marks)
                           : log_question_encode(&line, number, &place)))
        return err_set(err, ERR_INVALID, "the question is too long");
    return subprocess_send(&g->process, buf_str(&line), err);
}

/* Marks first, since they are late soon; NULL: nothing may be asked. */
static struct fifo *next_kind(struct agent *g)
{
    if (g->marking.n > 0 && g->n_marking < MARKS_AT_A_TIME)
        return &g->marking;
    return g->waiting.n > 0 ? &g->waiting : NULL;
}

/* False: nothing more can be asked now. */
static bool ask_next(struct log_agents *a, struct agent *g)
{
    const int64_t now_ms = a->settings.monotonic_ms();
    const int place = free_place(g);
    struct err err;

    if (place == LOG_AGENT_LOOKS_MAX || !next_kind(g))
        return false;
    if (g->process.pid == 0 && (now_ms < g->not_before_ms || !start(a, g)))
        return false;
    if (!next_kind(g))
        return false;
    g->asked[place] = (struct asked){ take(next_kind(g)), now_ms };
    g->n_asked++;
    g->n_marking += g->asked[place].job->marks.n > 0;
    if (send_question(g, place, g->asked[place].job, &err) != ERR_OK) {
        fail(a, g, err.msg);
        return false;
    }
    return true;
}

/* Whoever does not answer one question answers none: those that wait get the same look. */
static void answer_waiting(struct log_agents *a, struct agent *g, const struct look *silent,
                           int64_t began_ms)
{
    struct job *job;

    while ((job = take_waiting(g))) {
        job->look.look = *silent;
        job->marked = (struct mark_result){ .n_failed = job->marks.n };
        memcpy(job->marked.why, silent->why, sizeof(job->marked.why));
        answer(a, job, began_ms);
    }
}

static bool is_asked(const struct agent *g, int64_t number, bool marks)
{
    return number >= 0 && number < LOG_AGENT_LOOKS_MAX && g->asked[number].job &&
           (g->asked[number].job->marks.n > 0) == marks;
}

/* False: it makes no sense. */
static bool take_line(struct log_agents *a, struct agent *g, struct str line)
{
    struct mark_result marked;
    struct log_look look;
    struct job *job;
    int64_t number = 0, began_ms;
    const bool is_result = marks_result_decode(line, &number, &marked, NULL) == ERR_OK;

    if (!is_result && log_look_decode(line, &number, &look, NULL) != ERR_OK)
        return false;
    if (!is_asked(g, number, is_result)) {
        if (!is_result)
            log_look_release(&look);
        return false;
    }
    began_ms = g->asked[number].began_ms;
    job = take_asked(g, (int)number);
    if (is_result)
        job->marked = marked;
    else
        job->look = look;
    if (job->look.look.silent)
        answer_waiting(a, g, &job->look.look, began_ms);
    answer(a, job, began_ms);
    return true;
}

static void hear(struct log_agents *a, struct agent *g, struct str line)
{
    if (take_line(a, g, line)) {
        backoff_reset(&g->backoff);
        return;
    }
    a->n_lost++;
    fail(a, g, "the process that asks the brokers says what makes no sense");
}

/* When the question was asked that has waited longest; INT64_MAX: none is open. */
static int64_t oldest_ms(const struct agent *g)
{
    int64_t ms = INT64_MAX;

    for (int i = 0; i < LOG_AGENT_LOOKS_MAX; i++)
        if (g->asked[i].job && g->asked[i].began_ms < ms)
            ms = g->asked[i].began_ms;
    return ms;
}

static void exchange_with(struct log_agents *a, struct agent *g)
{
    struct err err = { 0 };
    const enum err_code rc = subprocess_exchange(&g->process, &err);
    struct str line;

    while (g->process.pid != 0 && subprocess_line(&g->process, &line))
        hear(a, g, line);
    if (g->process.pid == 0)
        return;
    if (rc != ERR_OK) {
        char why[LOOK_WHY_MAX];

        a->n_lost++;
        snprintf(why, sizeof(why), "the process that asks the brokers: %.200s", err.msg);
        fail(a, g, why);
    } else if (g->n_asked > 0 &&
               a->settings.monotonic_ms() - oldest_ms(g) > a->settings.answer_ms) {
        a->n_lost++;
        fail(a, g, "the process that asks the brokers does not answer");
    }
}

/* Asks what waits. The line goes out at once where it can, and the answer may be there as soon. */
static void serve(struct log_agents *a, struct agent *g)
{
    bool asked;

    do {
        asked = ask_next(a, g);
        if (g->process.pid != 0 && subprocess_is_blocked(&g->process))
            exchange_with(a, g);
    } while (asked && g->process.pid != 0);
}

static bool is_idle(const struct log_agents *a, const struct agent *g)
{
    return g->n_asked == 0 && g->waiting.n + g->marking.n == 0 &&
           a->settings.monotonic_ms() - g->used_ms > LOG_AGENT_IDLE_MS;
}

/* --- the port --------------------------------------------------------------------------------- */

static bool is_free(const struct agent *g)
{
    return g->access.n == 0;
}

/* That of this access; a free one; one that has nothing to do, of those the longest. */
static struct agent *choose(struct log_agents *a, struct str access)
{
    struct agent *found = NULL;

    for (int i = 0; i < LOG_AGENTS_MAX; i++)
        if (!is_free(&a->agents[i]) && str_eq(buf_str(&a->agents[i].access), access))
            return &a->agents[i];
    for (int i = 0; i < LOG_AGENTS_MAX; i++) {
        struct agent *g = &a->agents[i];

        if (is_free(g))
            return g;
        if (g->n_asked == 0 && g->waiting.n + g->marking.n == 0 &&
            (!found || g->used_ms < found->used_ms))
            found = g;
    }
    if (found)
        release(found);
    return found;
}

static enum err_code settle_in(struct log_agents *a, struct agent *g, struct buf *access,
                               struct err *err)
{
    if (!g)
        return err_set(err, ERR_LIMIT, "%d ways to reach brokers are in use", LOG_AGENTS_MAX);
    if (is_free(g)) {
        g->access = *access;
        *access = (struct buf){ 0 };
        fifo_init(&g->waiting, sizeof(struct job *));
        fifo_init(&g->marking, sizeof(struct job *));
        g->backoff = (struct backoff){ LOG_AGENT_RETRY_FIRST_MS, LOG_AGENT_RETRY_MAX_MS, 0 };
    }
    g->used_ms = a->settings.monotonic_ms();
    return ERR_OK;
}

static void keep_marks(struct job *job, const struct mark_batch *marks)
{
    const size_t bytes = (size_t)marks->n * sizeof(*job->orders);

    job->marks = *marks;
    job->marks.orders = job->orders = mem_new((size_t)marks->n, sizeof(*job->orders));
    memcpy(job->orders, marks->orders, bytes);
    if (marks->site)
        job->marks.site = job->site = mem_copy_text(marks->site, strlen(marks->site));
}

/* `marks` NULL: a look is wanted. */
static void enqueue(struct log_agents *a, struct agent *g, uint64_t wal,
                    const struct log_place *place, const struct mark_batch *marks)
{
    struct job *job = mem_new(1, sizeof(*job));

    job->wal = wal;
    job->topic = mem_copy_text(place->topic, strlen(place->topic));
    job->group = mem_copy_text(place->group, strlen(place->group));
    log_look_init(&job->look);
    if (marks)
        keep_marks(job, marks);
    a->n_open++;
    fifo_add(marks ? &g->marking : &g->waiting, &job);
    if (g->process.pid == 0 && a->settings.monotonic_ms() < g->not_before_ms)
        lose(a, take_waiting(g), "the process that asks the brokers is started again soon");
    else
        serve(a, g);
}

static enum err_code put(struct log_agents *a, uint64_t wal, const struct log_place *place,
                         const struct mark_batch *marks, struct err *err)
{
    struct buf access = { 0 };
    struct agent *g;
    enum err_code rc;

    if (a->n_open >= LOG_AGENTS_OPEN_MAX)
        return err_set(err, ERR_LIMIT, "%d questions about logs are open", LOG_AGENTS_OPEN_MAX);
    buf_init(&access, LOG_LOOK_LINE_MAX);
    if (log_access_encode(&access, place)) {
        g = choose(a, buf_str(&access));
        rc = settle_in(a, g, &access, err);
        if (rc == ERR_OK)
            enqueue(a, g, wal, place, marks);
    } else {
        rc = err_set(err, ERR_INVALID, "the access to the brokers is longer than %d bytes",
                     LOG_LOOK_LINE_MAX);
    }
    if (access.p)
        secret_wipe(access.p, access.capacity);
    buf_release(&access);
    return rc;
}

static enum err_code ask(void *self, uint64_t wal, const struct log_place *place, struct err *err)
{
    return put(self, wal, place, NULL, err);
}

static enum err_code mark(void *self, uint64_t wal, const struct log_place *place,
                          const struct mark_batch *batch, struct err *err)
{
    PRE(batch->n > 0);
    return put(self, wal, place, batch, err);
}

static void exchange(void *self)
{
    struct log_agents *a = self;

    for (int i = 0; i < LOG_AGENTS_MAX; i++) {
        struct agent *g = &a->agents[i];

        if (is_free(g))
            continue;
        if (g->process.pid != 0)
            exchange_with(a, g);
        serve(a, g);
        if (is_idle(a, g))
            release(g);
    }
}

static bool next(void *self, uint64_t *ret_wal, struct log_look *ret_look)
{
    struct log_agents *a = self;
    struct job *job = take(&a->answers);

    if (!job)
        return false;
    a->n_open--;
    *ret_wal = job->wal;
    *ret_look = job->look;
    log_look_init(&job->look);
    job_free(job);
    return true;
}

static bool next_marked(void *self, uint64_t *ret_wal, struct mark_result *ret_result)
{
    struct log_agents *a = self;
    struct job *job = take(&a->marked);

    if (!job)
        return false;
    a->n_open--;
    *ret_wal = job->wal;
    *ret_result = job->marked;
    job_free(job);
    return true;
}

static int descriptor(void *self)
{
    const struct log_agents *a = self;

    return a->descriptor;
}

/* `wait` is -1 for ever; what is overdue is due now. */
static int64_t earlier(int64_t wait, int64_t due_in_ms)
{
    const int64_t due = due_in_ms > 0 ? due_in_ms : 0;

    return wait < 0 || due < wait ? due : wait;
}

static int64_t wait_ms(void *self)
{
    const struct log_agents *a = self;
    const int64_t now_ms = a->settings.monotonic_ms();
    int64_t wait = a->answers.n + a->marked.n > 0 ? 0 : -1;

    for (int i = 0; i < LOG_AGENTS_MAX; i++) {
        const struct agent *g = &a->agents[i];

        if (is_free(g))
            continue;
        if (g->process.pid != 0 && subprocess_is_blocked(&g->process))
            wait = earlier(wait, BLOCKED_POLL_MS);
        if (g->n_asked > 0)
            wait = earlier(wait, oldest_ms(g) + a->settings.answer_ms + 1 - now_ms);
        wait = earlier(wait, g->used_ms + LOG_AGENT_IDLE_MS + 1 - now_ms);
    }
    return wait;
}

struct log_observer_port log_agents_port(struct log_agents *a)
{
    static const struct observe_log_ops ops = { .ask = ask,
                                                .mark = mark,
                                                .exchange = exchange,
                                                .next = next,
                                                .next_marked = next_marked,
                                                .descriptor = descriptor,
                                                .wait_ms = wait_ms };

    return (struct log_observer_port){ &ops, a };
}

int log_agents_running(const struct log_agents *a)
{
    int n = 0;

    for (int i = 0; i < LOG_AGENTS_MAX; i++)
        n += a->agents[i].process.pid != 0;
    return n;
}

uint64_t log_agents_lost(const struct log_agents *a)
{
    return a->n_lost;
}

void log_agents_free(struct log_agents *a)
{
    if (!a)
        return;
    for (int i = 0; i < LOG_AGENTS_MAX; i++)
        release(&a->agents[i]);
    while (a->answers.n > 0)
        job_free(take(&a->answers));
    while (a->marked.n > 0)
        job_free(take(&a->marked));
    fifo_release(&a->answers);
    fifo_release(&a->marked);
    close(a->descriptor);
    free(a);
}
