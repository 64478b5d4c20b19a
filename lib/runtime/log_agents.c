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
#include "core/restore_open.h"
#include "runtime/log_agent.h"
#include "runtime/log_job.h"
#include "runtime/subprocess.h"

enum { BLOCKED_POLL_MS = 10 };

/* Questions of a kind that are asked at a time: looks must not be kept out. */
static const int at_a_time[LOG_JOB_KINDS] = {
    [LOG_JOB_MARK] = LOG_AGENT_LOOKS_MAX / 4,
    [LOG_JOB_RESTORE] = LOG_AGENT_LOOKS_MAX / 8,
    [LOG_JOB_LOOK] = LOG_AGENT_LOOKS_MAX,
};

/* One way to reach brokers. */
struct agent {
    struct buf access; /* the line that says how; with n 0 the place is free */
    struct subprocess process;
    struct fifo waiting[LOG_JOB_KINDS]; /* of struct log_job * */
    struct asked {
        struct log_job *job;
        int64_t began_ms;
    } asked[LOG_AGENT_LOOKS_MAX]; /* by the number of the question; NULL: a free place */
    int n_asked, n_of_kind[LOG_JOB_KINDS];
    int64_t used_ms; /* last */
    struct backoff backoff;
    int64_t not_before_ms; /* it may be started then */
};

struct log_agents {
    struct log_agents_settings settings;
    int descriptor; /* epoll: readable when a process has written */
    struct prng prng;
    struct agent agents[LOG_AGENTS_MAX];
    struct fifo answers[LOG_JOB_KINDS]; /* of struct log_job * */
    struct restore_open restoring;
    int n_open;
    uint64_t n_lost;
};

static struct log_job *take(struct fifo *jobs)
{
    struct log_job *job;

    return fifo_take(jobs, &job) ? job : NULL;
}

static void init_fifos(struct fifo fifos[LOG_JOB_KINDS])
{
    for (int i = 0; i < LOG_JOB_KINDS; i++)
        fifo_init(&fifos[i], sizeof(struct log_job *));
}

static void free_jobs(struct fifo fifos[LOG_JOB_KINDS])
{
    for (int i = 0; i < LOG_JOB_KINDS; i++) {
        while (fifos[i].n > 0)
            log_job_free(take(&fifos[i]));
        fifo_release(&fifos[i]);
    }
}

struct log_agents *log_agents_new(const struct log_agents_settings *settings)
{
    struct log_agents *a = mem_new(1, sizeof(*a));

    a->settings = *settings;
    a->descriptor = epoll_create1(EPOLL_CLOEXEC);
    PRE(a->descriptor >= 0);
    a->prng.state = settings->seed;
    init_fifos(a->answers);
    return a;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void answer(struct log_agents *a, struct log_job *job, int64_t began_ms)
{
    job->look.look.began_ms = began_ms;
    job->look.look.ended_ms = a->settings.monotonic_ms();
    job->look.look.ended_wall_ms = a->settings.wall_ms();
    fifo_add(&a->answers[job->kind], &job);
}

static void lose(struct log_agents *a, struct log_job *job, const char *why)
{
    struct look lost = { .outcome = LOOK_LOST };

    snprintf(lost.why, sizeof(lost.why), "%s", why);
    log_job_fail(job, &lost);
    answer(a, job, a->settings.monotonic_ms());
}

/* --- an agent --------------------------------------------------------------------------------- */

static bool has_waiting(const struct agent *g)
{
    size_t n = 0;

    for (int i = 0; i < LOG_JOB_KINDS; i++)
        n += g->waiting[i].n;
    return n > 0;
}

static struct log_job *take_waiting(struct agent *g)
{
    struct log_job *job = NULL;

    for (int i = 0; !job && i < LOG_JOB_KINDS; i++)
        job = take(&g->waiting[i]);
    return job;
}

/* Its place is free then. */
static struct log_job *take_asked(struct agent *g, int i)
{
    struct log_job *job = g->asked[i].job;

    g->asked[i].job = NULL;
    if (!job)
        return NULL;
    g->n_asked--;
    g->n_of_kind[job->kind]--;
    return job;
}

/* Nobody is told whether a question that waits was at fault: all of them are lost. */
static void fail(struct log_agents *a, struct agent *g, const char *why)
{
    struct log_job *job;

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
        log_job_free(take_asked(g, i));
    free_jobs(g->waiting);
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

static enum err_code send_question(struct agent *g, int64_t number, const struct log_job *job,
                                   struct err *err)
{
    CLEANUP(buf_release) struct buf line = { 0 };

    buf_init(&line, LOG_LOOK_LINE_MAX);
    if (!log_job_ask(job, number, &line))
        return err_set(err, ERR_INVALID, "the question is too long");
    return subprocess_send(&g->process, buf_str(&line), err);
}

/* NULL: nothing may be asked. */
static struct fifo *next_kind(struct agent *g)
{
    for (int i = 0; i < LOG_JOB_KINDS; i++)
        if (g->waiting[i].n > 0 && g->n_of_kind[i] < at_a_time[i])
            return &g->waiting[i];
    return NULL;
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
    g->n_of_kind[g->asked[place].job->kind]++;
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
    struct log_job *job;

    while ((job = take_waiting(g))) {
        log_job_fail(job, silent);
        answer(a, job, began_ms);
    }
}

/* False: it makes no sense. */
static bool take_line(struct log_agents *a, struct agent *g, struct str line)
{
    struct log_reply reply;
    struct log_job *job;
    int64_t began_ms;
    const bool is_answer = log_reply_decode(line, &reply) && reply.number >= 0 &&
                           reply.number < LOG_AGENT_LOOKS_MAX && g->asked[reply.number].job &&
                           log_job_answer(g->asked[reply.number].job, &reply);

    if (!is_answer) {
        log_reply_release(&reply);
        return false;
    }
    began_ms = g->asked[reply.number].began_ms;
    job = take_asked(g, (int)reply.number);
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
    return g->n_asked == 0 && !has_waiting(g) &&
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
        if (g->n_asked == 0 && !has_waiting(g) && (!found || g->used_ms < found->used_ms))
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
        init_fifos(g->waiting);
        g->backoff = (struct backoff){ LOG_AGENT_RETRY_FIRST_MS, LOG_AGENT_RETRY_MAX_MS, 0 };
    }
    g->used_ms = a->settings.monotonic_ms();
    return ERR_OK;
}

static void enqueue(struct log_agents *a, struct agent *g, struct log_job *job)
{
    a->n_open++;
    fifo_add(&g->waiting[job->kind], &job);
    if (g->process.pid == 0 && a->settings.monotonic_ms() < g->not_before_ms)
        lose(a, take_waiting(g), "the process that asks the brokers is started again soon");
    else
        serve(a, g);
}

static enum err_code find_agent(struct log_agents *a, const struct log_place *place,
                                struct agent **ret, struct err *err)
{
    struct buf access = { 0 };
    enum err_code rc;

    if (a->n_open >= LOG_AGENTS_OPEN_MAX)
        return err_set(err, ERR_LIMIT, "%d questions about logs are open", LOG_AGENTS_OPEN_MAX);
    buf_init(&access, LOG_LOOK_LINE_MAX);
    if (log_access_encode(&access, place)) {
        *ret = choose(a, buf_str(&access));
        rc = settle_in(a, *ret, &access, err);
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
    struct agent *g;
    const enum err_code rc = find_agent(self, place, &g, err);

    if (rc == ERR_OK)
        enqueue(self, g, log_job_look(wal, place));
    return rc;
}

static enum err_code mark(void *self, uint64_t wal, const struct log_place *place,
                          const struct mark_batch *batch, struct err *err)
{
    struct agent *g;
    const enum err_code rc = find_agent(self, place, &g, err);

    PRE(batch->n > 0);
    if (rc == ERR_OK)
        enqueue(self, g, log_job_mark(wal, place, batch));
    return rc;
}

static enum err_code restore(void *self, uint64_t wal, const struct log_place *place,
                             const struct restore_log_order *order, struct err *err)
{
    struct log_agents *a = self;
    struct agent *g;
    enum err_code rc = restore_open_check(&a->restoring, wal, err);

    PRE((order->plan != NULL) == (order->question == RESTORE_LOG_SET_GROUP));
    PRE(order->target.n_positions <= RESTORE_PARTITIONS_MAX);
    if (rc == ERR_OK)
        rc = find_agent(a, place, &g, err);
    if (rc != ERR_OK)
        return rc;
    restore_open_add(&a->restoring, wal);
    enqueue(a, g, log_job_restore(wal, place, order));
    return ERR_OK;
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

/* NULL: there is none. */
static struct log_job *take_answer(struct log_agents *a, enum log_job_kind kind, uint64_t *ret_wal)
{
    struct log_job *job = take(&a->answers[kind]);

    if (!job)
        return NULL;
    a->n_open--;
    *ret_wal = job->wal;
    return job;
}

static bool next(void *self, uint64_t *ret_wal, struct log_look *ret_look)
{
    struct log_job *job = take_answer(self, LOG_JOB_LOOK, ret_wal);

    if (!job)
        return false;
    *ret_look = job->look;
    log_look_init(&job->look);
    log_job_free(job);
    return true;
}

static bool next_marked(void *self, uint64_t *ret_wal, struct mark_result *ret_result)
{
    struct log_job *job = take_answer(self, LOG_JOB_MARK, ret_wal);

    if (!job)
        return false;
    *ret_result = job->marked;
    log_job_free(job);
    return true;
}

static bool next_restored(void *self, uint64_t *ret_wal, struct restore_log_result *ret_result)
{
    struct log_agents *a = self;
    struct log_job *job = take_answer(a, LOG_JOB_RESTORE, ret_wal);

    if (!job)
        return false;
    restore_open_drop(&a->restoring, *ret_wal);
    *ret_result = job->restored;
    job->restored.plan = (struct restore_plan){ 0 };
    log_job_free(job);
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
    int64_t wait = -1;

    for (int i = 0; i < LOG_JOB_KINDS; i++)
        if (a->answers[i].n > 0)
            wait = 0;
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
                                                .restore = restore,
                                                .exchange = exchange,
                                                .next = next,
                                                .next_marked = next_marked,
                                                .next_restored = next_restored,
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
    free_jobs(a->answers);
    close(a->descriptor);
    free(a);
}
