#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "idle_port.h"
#include "looks.h"
#include "restore_world.h"

enum { P = RESTORE_WORLD_PARTITIONS, SOON_MS = 300, LATE_MS = 20 * 1000, RECORD_BYTES = 100 };

static int64_t later(struct restore_world *w)
{
    const bool late = prng_chance(&w->prng, w->faults);

    return restore_world_now_ms() + 1 + (int64_t)prng_below(&w->prng, late ? LATE_MS : SOON_MS);
}

/* --- looks ------------------------------------------------------------------------------------ */

static struct world_question *question_new(struct world_replica *r, uint64_t number)
{
    for (size_t i = 0; i < RESTORE_WORLD_QUESTIONS; i++) {
        struct world_question *q = &r->questions[i];

        if (q->number != 0)
            continue;
        *q = (struct world_question){ .number = number, .due_ms = later(r->world) };
        return q;
    }
    UNREACHABLE("a WAL asks few questions at a time");
}

void world_questions_end(struct world_replica *r)
{
    for (size_t i = 0; i < RESTORE_WORLD_QUESTIONS; i++) {
        redis_look_release(&r->questions[i].redis);
        log_look_release(&r->questions[i].log);
        r->questions[i].number = 0;
    }
}

static struct redis_look redis_as_it_is(const struct world_redis *t, int32_t n)
{
    char process[24];
    struct redis_look l;

    snprintf(process, sizeof(process), "process-%u", t->process);
    l = looks_redis(restore_world_now_ms(), n, process, 0);
    snprintf(l.primary.wal, sizeof(l.primary.wal), "%s", t->wal);
    l.primary.n_keys = t->wal[0] == '\0' ? 0 : 1;
    snprintf(l.primary.restore, sizeof(l.primary.restore), "%s", t->restore);
    for (int32_t i = 0; i < n; i++) {
        struct redis_look_partition *p = &l.partitions[i];

        p->position.next = p->position.settled = t->next[i];
        p->identity.has_until = t->until[i] != LOOK_UNKNOWN;
        p->identity.until = t->until[i];
    }
    return l;
}

static enum err_code ask_redis(void *self, uint64_t number, const struct redis_place *place,
                               struct err *err)
{
    struct world_replica *r = self;
    struct restore_world *w = r->world;
    struct world_question *q = question_new(r, number);
    (void)err;

    q->of_redis = true;
    q->redis = redis_as_it_is(&w->primary, place->n_partitions);
    if (w->lie == RESTORE_LIE_TWICE)
        q->redis.primary.restore[0] = '\0';
    if (w->primary_at < 0 || prng_chance(&w->prng, w->faults)) {
        redis_look_release(&q->redis);
        redis_look_init(&q->redis);
        q->redis.look = looks_tried(LOOK_FAILED, restore_world_now_ms());
    }
    q->redis.look.ended_ms = q->due_ms;
    return ERR_OK;
}

static enum err_code ask_log(void *self, uint64_t number, const struct log_place *place,
                             struct err *err)
{
    struct world_replica *r = self;
    const struct restore_world *w = r->world;
    struct world_question *q = question_new(r, number);
    (void)place;
    (void)err;

    q->log = looks_log(restore_world_now_ms(), w->n_seen, 0, 0, 0);
    for (int32_t i = 0; i < w->n_seen; i++)
        q->log.partitions[i] =
            (struct log_look_partition){ w->begin[i], w->end[i], w->end[i], w->primary.next[i] };
    if (w->is_log_mute)
        q->log.look = looks_tried(LOOK_FAILED, restore_world_now_ms());
    q->log.look.ended_ms = q->due_ms;
    return ERR_OK;
}

static struct world_question *answered(struct world_replica *r, bool of_redis)
{
    for (size_t i = 0; i < RESTORE_WORLD_QUESTIONS; i++) {
        struct world_question *q = &r->questions[i];

        if (q->number != 0 && q->of_redis == of_redis && restore_world_now_ms() >= q->due_ms)
            return q;
    }
    return NULL;
}

static bool next_redis(void *self, uint64_t *ret_number, struct redis_look *ret_look)
{
    struct world_question *q = answered(self, true);

    if (!q)
        return false;
    *ret_number = q->number;
    *ret_look = q->redis;
    *q = (struct world_question){ 0 };
    return true;
}

static bool next_log(void *self, uint64_t *ret_number, struct log_look *ret_look)
{
    struct world_question *q = answered(self, false);

    if (!q)
        return false;
    *ret_number = q->number;
    *ret_look = q->log;
    *q = (struct world_question){ 0 };
    return true;
}

static enum err_code listen(void *self, uint64_t number, const struct redis_place *place,
                            struct err *err)
{
    (void)self;
    (void)number;
    (void)place;
    return err_set(err, ERR_LIMIT, "nobody listens here");
}

static void ignore(void *self, uint64_t number)
{
    (void)self;
    (void)number;
}

static bool news(void *self, struct redis_news *ret)
{
    (void)self;
    (void)ret;
    return false;
}

/* --- orders ----------------------------------------------------------------------------------- */

static struct world_order *order_new(struct world_replica *r, uint64_t number, bool of_redis,
                                     const struct restore_plan *plan, int64_t until_ms)
{
    struct restore_world *w = r->world;
    struct world_order *o = NULL;
    int64_t done_ms;
    bool is_lost;

    for (size_t i = 0; i < RESTORE_WORLD_ORDERS; i++) {
        struct world_order *other = &w->orders[i];

        if (other->number == number && other->owner == r->identity && other->of_redis == of_redis)
            return NULL;
        if (other->number == 0 && !o)
            o = other;
    }
    INVARIANT(o);
    w->n_orders++;
    done_ms = later(w);
    is_lost = prng_chance(&w->prng, w->faults);
    *o = (struct world_order){ .number = number,
                               .owner = r->identity,
                               .of_redis = of_redis,
                               .ordered_ms = restore_world_now_ms(),
                               .done_ms = done_ms,
                               .until_ms = until_ms,
                               .is_lost = is_lost,
                               .to_end = plan && plan->to_end };
    for (int32_t i = 0; plan && i < plan->n; i++) {
        o->from[i] = plan->partitions[i].from;
        o->ends[i] = plan->partitions[i].until;
        o->log_ends[i] = plan->partitions[i].end;
    }
    return o;
}

static enum err_code order_redis(void *self, uint64_t number, const struct redis_place *place,
                                 const struct restore_redis_order *order, struct err *err)
{
    struct world_replica *r = self;
    struct world_order *o = order_new(r, number, true, order->plan, order->until_ms);
    (void)place;

    if (!o)
        return err_set(err, ERR_LIMIT, "another one is open");
    o->action = order->action;
    o->restore = restore_world_find_uid(r->world, order->uid);
    restore_world_check_order(r->world, o);
    return ERR_OK;
}

static enum err_code order_log(void *self, uint64_t number, const struct log_place *place,
                               const struct restore_log_order *order, struct err *err)
{
    struct world_replica *r = self;
    struct world_order *o = order_new(r, number, false, order->plan, order->until_ms);
    (void)place;

    if (!o)
        return err_set(err, ERR_LIMIT, "another one is open");
    o->question = order->question;
    o->target = order->target;
    o->restore = LOOK_UNKNOWN;
    restore_world_check_order(r->world, o);
    return ERR_OK;
}

/* What the transaction does, whose reads and writes are of one moment. */
static enum restore_outcome do_to_redis(struct restore_world *w, const struct world_order *o)
{
    struct world_redis *redis = &w->primary;
    const struct world_restore *restore = &w->restores[o->restore];
    const bool is_wiped = strcmp(redis->restore, restore->uid) == 0;

    if (w->primary_at < 0)
        return RESTORE_FAILED;
    if (redis->wal[0] != '\0' && strcmp(redis->wal, LOOKS_WAL) != 0)
        return RESTORE_REFUSED;
    if (o->action == RESTORE_REDIS_WIPE && w->fails_wipes)
        return RESTORE_FAILED;
    if (o->action == RESTORE_REDIS_WIPE && (!is_wiped || w->lie == RESTORE_LIE_TWICE)) {
        restore_world_check_wipe(w, o);
        redis->wiped[o->restore]++;
        w->n_wipes++;
        snprintf(redis->wal, sizeof(redis->wal), LOOKS_WAL);
        snprintf(redis->restore, sizeof(redis->restore), "%s", restore->uid);
        for (int32_t i = 0; i < P; i++) {
            redis->next[i] = o->from[i];
            redis->until[i] = o->to_end ? LOOK_UNKNOWN : o->ends[i];
        }
        return RESTORE_DONE;
    }
    if (o->action == RESTORE_REDIS_WIPE || !is_wiped)
        return is_wiped ? RESTORE_DONE : RESTORE_REFUSED;
    for (int32_t i = 0; i < P; i++) {
        if (o->action == RESTORE_REDIS_SKIP && redis->next[i] != redis->until[i])
            continue;
        if (o->action == RESTORE_REDIS_SKIP)
            redis->next[i] = o->log_ends[i];
        redis->until[i] = LOOK_UNKNOWN;
    }
    return RESTORE_DONE;
}

static enum restore_outcome do_to_log(struct restore_world *w, const struct world_order *o)
{
    if (o->question == RESTORE_LOG_PLAN)
        return RESTORE_DONE;
    for (size_t i = 0; i < RESTORE_WORLD_APPLIERS && w->lie != RESTORE_LIE_GROUP; i++)
        if (world_applier_is_member(&w->appliers[i]))
            return RESTORE_BUSY;
    w->fence = (struct world_fence){ o->owner, restore_world_now_ms() };
    return RESTORE_DONE;
}

void world_orders_do(struct restore_world *w)
{
    for (size_t i = 0; i < RESTORE_WORLD_ORDERS; i++) {
        struct world_order *o = &w->orders[i];

        if (o->number == 0 || o->is_done || restore_world_now_ms() < o->done_ms)
            continue;
        o->is_done = true;
        if (restore_world_now_ms() > o->until_ms)
            o->outcome = RESTORE_FAILED;
        else
            o->outcome = o->of_redis ? do_to_redis(w, o) : do_to_log(w, o);
        if (o->is_lost)
            o->outcome = RESTORE_FAILED;
        if (o->owner != w->replicas[0].identity && o->owner != w->replicas[1].identity)
            o->number = 0; /* nobody is there to hear of it */
    }
}

static struct world_order *done(struct world_replica *r, bool of_redis)
{
    for (size_t i = 0; i < RESTORE_WORLD_ORDERS; i++) {
        struct world_order *o = &r->world->orders[i];

        if (o->number != 0 && o->is_done && o->of_redis == of_redis && o->owner == r->identity)
            return o;
    }
    return NULL;
}

static bool next_redis_restored(void *self, uint64_t *ret_number,
                                struct restore_redis_result *ret_result)
{
    struct world_order *o = done(self, true);

    if (!o)
        return false;
    *ret_number = o->number;
    *ret_result = (struct restore_redis_result){ .outcome = o->outcome, .why = "made up" };
    o->number = 0;
    return true;
}

static void plan(const struct restore_world *w, const struct world_order *o,
                 struct restore_plan *ret)
{
    ret->n = P;
    ret->partitions = mem_new(P, sizeof(*ret->partitions));
    ret->record_bytes = RECORD_BYTES;
    ret->to_end = o->target.to == RESTORE_TO_LATEST;
    snprintf(ret->log, sizeof(ret->log), "%s", LOOKS_LOG);
    for (int32_t i = 0; i < P; i++)
        ret->partitions[i] = (struct restore_partition){ w->begin[i], w->end[i], w->end[i] };
    for (int32_t i = 0; i < o->target.n_positions; i++)
        ret->partitions[i].until =
            w->begin[i] + (w->end[i] - w->begin[i]) / 2; /* whatever was asked for */
}

static bool next_log_restored(void *self, uint64_t *ret_number,
                              struct restore_log_result *ret_result)
{
    const struct world_replica *r = self;
    struct world_order *o = done(self, false);

    if (!o)
        return false;
    *ret_number = o->number;
    *ret_result = (struct restore_log_result){ .outcome = o->outcome, .why = "made up" };
    if (o->outcome == RESTORE_DONE && o->question == RESTORE_LOG_PLAN)
        plan(r->world, o, &ret_result->plan);
    o->number = 0;
    return true;
}

struct redis_observer_port world_redis_port(struct world_replica *r)
{
    static const struct observe_redis_ops ops = { .ask = ask_redis,
                                                  .next = next_redis,
                                                  .listen = listen,
                                                  .ignore = ignore,
                                                  .news = news,
                                                  .restore = order_redis,
                                                  .next_restored = next_redis_restored,
                                                  .descriptor = idle_port_descriptor };

    return (struct redis_observer_port){ &ops, r };
}

struct log_observer_port world_log_port(struct world_replica *r)
{
    static const struct observe_log_ops ops = { .ask = ask_log,
                                                .restore = order_log,
                                                .exchange = idle_port_exchange,
                                                .next = next_log,
                                                .next_restored = next_log_restored,
                                                .descriptor = idle_port_descriptor,
                                                .wait_ms = idle_port_wait_ms };

    return (struct log_observer_port){ &ops, r };
}
