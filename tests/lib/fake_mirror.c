#include "fake_mirror.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "idle_port.h"

bool fake_connector_has_tasks(const struct fake_connector *c, int64_t now_ms)
{
    return c->state == CONNECTOR_RUNNING || now_ms < c->tasks_end_ms;
}

void fake_connector_stop(struct fake_connector *c, int64_t now_ms)
{
    if (c->state == CONNECTOR_STOPPED)
        return;
    c->tasks_end_ms = c->lies ? INT64_MAX : now_ms + c->stop_takes_ms;
    c->changed_ms = now_ms;
    c->state = CONNECTOR_STOPPED;
}

void fake_connector_resume(struct fake_connector *c, int64_t now_ms)
{
    if (c->state == CONNECTOR_RUNNING)
        return;
    c->next++; /* what runs stores offsets */
    c->changed_ms = now_ms;
    c->state = CONNECTOR_RUNNING;
}

void fake_mirror_release(struct fake_mirror *m)
{
    for (size_t i = 0; i < FAKE_MIRROR_QUESTIONS; i++) {
        free(m->questions[i].answer.next);
        m->questions[i] = (struct fake_mirror_question){ 0 };
    }
}

static void look(const struct fake_connector *c, int64_t now_ms, int32_t n, struct mirror_answer *a)
{
    const bool has_tasks =
        fake_connector_has_tasks(c, now_ms) && !(c->lies && c->state == CONNECTOR_STOPPED);

    a->look = (struct mirror_look){
        .look = { .outcome = c->is_silent || c->denies ? LOOK_FAILED : LOOK_ANSWERED,
                  .began_ms = now_ms,
                  .denied = c->denies && !c->is_silent },
        .followed = TRUTH_YES,
        .current = TRUTH_YES,
        .exists = true,
        .connector = c->state,
        .n_tasks = has_tasks ? 2 : 0,
        .n_running = has_tasks ? 2 : 0,
        .exactly_once = TRUTH_YES,
        .keeps_headers = TRUTH_YES,
    };
    if (a->look.look.outcome == LOOK_FAILED) {
        snprintf(a->look.look.why, sizeof(a->look.look.why), "made up");
        return;
    }
    if (c->is_missing) {
        a->look.exists = false;
        return;
    }
    snprintf(a->topic, sizeof(a->topic), "at-the-source");
    a->n = n;
    a->next = mem_new((size_t)n + 1, sizeof(*a->next));
    for (int32_t i = 0; i < n; i++)
        a->next[i] = c->next;
}

static enum err_code take_order(struct fake_connector *c, int64_t now_ms, struct mirror_answer *a,
                                struct err *err)
{
    if (c->is_silent || c->denies)
        return err_set(err, c->is_silent ? ERR_UNAVAILABLE : ERR_DENIED, "made up");
    if (c->is_missing)
        return err_set(err, ERR_NOT_FOUND, "there is none");
    if (c->refuses) {
        c->n_refused++;
        return err_set(err, ERR_UNAVAILABLE, "not now");
    }
    if (a->effect == MIRROR_EFFECT_GUARD) {
        const bool taken = c->lies || (c->state == CONNECTOR_STOPPED && now_ms >= c->tasks_end_ms);

        c->n_guards++;
        c->guarded_ms = taken ? now_ms : c->guarded_ms;
        a->guard.taken = truth_of(taken);
        return taken ? ERR_OK : err_set(err, ERR_INVALID, "it has tasks");
    }
    if (a->effect == MIRROR_EFFECT_STOP) {
        c->n_stops++;
        c->resumes_ms = 0;
        fake_connector_stop(c, now_ms);
        return ERR_OK;
    }
    PRE(a->effect == MIRROR_EFFECT_RESUME);
    if (c->resume_takes_ms > 0) {
        if (c->resumes_ms == 0)
            c->resumes_ms = now_ms + c->resume_takes_ms;
        return err_set(err, ERR_UNAVAILABLE, "it hangs");
    }
    c->n_resumes++;
    fake_connector_resume(c, now_ms);
    return ERR_OK;
}

bool fake_connector_catch_up(struct fake_connector *c, int64_t now_ms)
{
    if (c->resumes_ms == 0 || now_ms < c->resumes_ms)
        return false;
    c->resumes_ms = 0;
    c->n_resumes++;
    fake_connector_resume(c, now_ms);
    return true;
}

static void answer(struct fake_mirror *m, struct fake_connector *c, int32_t n,
                   struct fake_mirror_question *q)
{
    struct mirror_answer *a = &q->answer;
    struct err err = { 0 };

    fake_connector_catch_up(c, m->now_ms());
    if (a->effect == MIRROR_EFFECT_NOTHING) {
        c->n_looks++;
        look(c, m->now_ms(), n, a);
        a->look.look.ended_ms = q->due_ms;
        return;
    }
    if (m->on_order)
        m->on_order(m->self);
    a->guard.began_ms = m->now_ms();
    a->rc = take_order(c, m->now_ms(), a, &err);
    snprintf(a->why, sizeof(a->why), "%s", err.msg);
}

static enum err_code ask(void *self, uint64_t wal, const struct mirror_place *place,
                         enum mirror_effect effect, int64_t until_ms, struct err *err)
{
    struct fake_mirror *m = self;
    struct fake_connector *c = &m->connectors[place->connector[0] - 'a'];

    (void)until_ms, (void)err; /* it is taken at once */
    for (size_t i = 0; i < FAKE_MIRROR_QUESTIONS; i++) {
        struct fake_mirror_question *q = &m->questions[i];

        if (q->wal != 0)
            continue;
        *q = (struct fake_mirror_question){
            .wal = wal,
            .due_ms = m->now_ms() + (m->delay_ms ? m->delay_ms(m->self) : 0),
            .waits_for = m->waits ? c : NULL,
            .n = place->n_partitions,
            .answer = { .effect = effect },
        };
        snprintf(c->password, sizeof(c->password), "%s",
                 place->login.password ? place->login.password : "");
        if (!q->waits_for)
            answer(m, c, q->n, q);
        return ERR_OK;
    }
    UNREACHABLE("each mirror is asked one question at a time");
}

static bool next(void *self, uint64_t *ret_wal, struct mirror_answer *ret)
{
    struct fake_mirror *m = self;

    for (size_t i = 0; i < FAKE_MIRROR_QUESTIONS; i++) {
        struct fake_mirror_question *q = &m->questions[i];

        if (q->wal == 0 || m->now_ms() < q->due_ms)
            continue;
        if (q->waits_for)
            answer(m, q->waits_for, q->n, q);
        *ret_wal = q->wal;
        *ret = q->answer;
        *q = (struct fake_mirror_question){ 0 };
        return true;
    }
    return false;
}

struct mirror_observer_port fake_mirror_port(struct fake_mirror *m)
{
    static const struct observe_mirror_ops ops = { ask, next, idle_port_descriptor };

    return (struct mirror_observer_port){ &ops, m };
}
