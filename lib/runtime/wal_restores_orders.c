/* What a restore has done to Redis and to the log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/restore_scope.h"
#include "runtime/wal_restores_state.h"

static bool is_of_redis(enum restore_effect effect)
{
    return effect == RESTORE_EFFECT_WIPE || effect == RESTORE_EFFECT_RELEASE ||
           effect == RESTORE_EFFECT_SKIP;
}

bool restore_order_is_open(const struct wal_restores *r, uint64_t wal)
{
    for (size_t i = 0; i < r->n_orders; i++)
        if (r->orders[i].wal == wal)
            return true;
    return false;
}

static void remember(struct wal_restores *r, const struct restore_entry *e,
                     const struct wal_watch *w, enum restore_effect effect)
{
    struct restore_order *o;

    if (r->n_orders == r->orders_capacity) {
        r->orders_capacity = r->orders_capacity > 0 ? r->orders_capacity * 2 : 8;
        r->orders = mem_resize(r->orders, r->orders_capacity, sizeof(*r->orders));
    }
    o = &r->orders[r->n_orders++];
    *o = (struct restore_order){
        .wal = w->number, .is_of_redis = is_of_redis(effect), .effect = effect, .term = r->term
    };
    snprintf(o->uid, sizeof(o->uid), "%s", e->resource.uid);
}

/* --- asking ----------------------------------------------------------------------------------- */

static enum err_code ask_log(struct restore_entry *e, const struct wal_watch *w,
                             enum restore_effect effect, struct err *err)
{
    struct wal_restores *r = e->restores;
    const struct restore_log_order order = {
        .question = effect == RESTORE_EFFECT_MAKE_PLAN ? RESTORE_LOG_PLAN : RESTORE_LOG_SET_GROUP,
        .target = restore_spec_target(&e->resource.spec),
        .plan = effect == RESTORE_EFFECT_SET_GROUP ? &e->resource.status.plan : NULL,
        .until_ms = r->ends_ms,
    };
    struct log_place place;
    const enum err_code rc = wal_looks_place(r->ports.looks, w, r->now_ms, &place, err);

    if (rc != ERR_OK)
        return rc;
    return r->ports.log_observer.ops->restore(r->ports.log_observer.self, w->number, &place, &order,
                                              err);
}

static enum err_code ask_redis(struct restore_entry *e, const struct wal_watch *w,
                               enum restore_effect effect, struct err *err)
{
    struct wal_restores *r = e->restores;
    const struct restore_redis_order order = {
        .action = effect == RESTORE_EFFECT_WIPE      ? RESTORE_REDIS_WIPE
                  : effect == RESTORE_EFFECT_RELEASE ? RESTORE_REDIS_RELEASE
                                                     : RESTORE_REDIS_SKIP,
        .uid = e->resource.uid,
        .plan = &e->resource.status.plan,
        .until_ms = r->ends_ms,
    };
    CLEANUP(buf_release) struct buf sentinels = { 0 };
    struct redis_place place;
    const enum err_code rc =
        wal_looks_redis_place(r->ports.looks, w, r->now_ms, &sentinels, &place, err);

    if (rc != ERR_OK)
        return rc;
    return r->ports.redis.ops->restore(r->ports.redis.self, w->number, &place, &order, err);
}

void restore_order_give(struct restore_entry *e, struct wal_watch *w, enum restore_effect effect)
{
    struct wal_restores *r = e->restores;
    struct err err = { 0 };
    enum err_code rc;

    if (effect == RESTORE_EFFECT_NOTE || effect == RESTORE_EFFECT_RECREATE) {
        restore_objects_order(e, w, effect);
        return;
    }
    if (effect == RESTORE_EFFECT_NOTHING || restore_order_is_open(r, w->number) ||
        r->now_ms < e->due_ms)
        return;
    e->due_ms = r->now_ms + WAL_RESTORES_RETRY_MS;
    rc = is_of_redis(effect) ? ask_redis(e, w, effect, &err) : ask_log(e, w, effect, &err);
    e->is_ordered = rc == ERR_OK;
    if (rc == ERR_OK && effect == RESTORE_EFFECT_WIPE) {
        e->is_refused = false;
        e->sent_ms = r->now_ms;
    }
    if (rc == ERR_OK)
        remember(r, e, w, effect);
    else if (rc != ERR_LIMIT && rc != ERR_TIMEOUT)
        snprintf(e->why, sizeof(e->why), "%.*s", (int)sizeof(e->why) - 1, err.msg);
}

/* --- results ---------------------------------------------------------------------------------- */

/* Whose it was; NULL: nobody's any more, or of a time before another led. */
static struct restore_entry *take_order(struct wal_restores *r, uint64_t wal, bool of_redis,
                                        enum restore_effect *ret_effect)
{
    for (size_t i = 0; i < r->n_orders; i++) {
        const struct restore_order order = r->orders[i];
        struct restore_entry *e;

        if (order.wal != wal || order.is_of_redis != of_redis)
            continue;
        r->orders[i] = r->orders[--r->n_orders];
        *ret_effect = order.effect;
        e = restore_entry_find(r, order.uid);
        if (!e || order.term != r->term)
            return NULL;
        e->is_ordered = false;
        return e;
    }
    return NULL;
}

static void note(struct restore_entry *e, enum restore_effect effect, enum restore_outcome outcome,
                 const char *why)
{
    const struct restore_resource *restore = &e->resource;

    snprintf(e->why, sizeof(e->why), "%s", outcome == RESTORE_DONE ? "" : why);
    if (outcome == RESTORE_DONE)
        log_info(e->restores->ports.log, "Restores namespace=%s name=%s deed=%s", restore->scope,
                 restore->name, restore_effect_meaning(effect));
    else
        log_warn(e->restores->ports.log, "Failed to restore namespace=%s name=%s deed=%s error=%s",
                 restore->scope, restore->name, restore_effect_meaning(effect), why);
}

static void take_plan(struct restore_entry *e, struct restore_log_result *result)
{
    const struct restore_spec *spec = &e->resource.spec;

    if (restore_spec_is_scoped(spec) && !restore_scope_plan(spec, &result->plan, e->why)) {
        e->is_impossible = true;
        return;
    }
    restore_plan_release(&e->plan);
    e->plan = result->plan;
    result->plan = (struct restore_plan){ 0 };
}

static void take_log(struct wal_restores *r, uint64_t wal, struct restore_log_result *result)
{
    enum restore_effect effect;
    struct restore_entry *e = take_order(r, wal, false, &effect);

    if (e) {
        note(e, effect, result->outcome, result->why);
        if (effect == RESTORE_EFFECT_SET_GROUP && result->outcome == RESTORE_DONE)
            e->fenced_ms = r->now_ms;
        if (effect == RESTORE_EFFECT_MAKE_PLAN && result->outcome == RESTORE_REFUSED)
            e->is_impossible = true;
        if (effect == RESTORE_EFFECT_MAKE_PLAN && result->outcome == RESTORE_DONE)
            take_plan(e, result);
    }
    restore_plan_release(&result->plan);
}

/* A wipe that was not done may have met a writer, unless Redis refused it: the fence is old. */
static void take_redis(struct wal_restores *r, uint64_t wal,
                       const struct restore_redis_result *result)
{
    struct wal_watch *w = wal_looks_find_number(r->ports.looks, wal);
    enum restore_effect effect;
    struct restore_entry *e = take_order(r, wal, true, &effect);

    if (e)
        note(e, effect, result->outcome, result->why);
    if (e && effect == RESTORE_EFFECT_WIPE) {
        e->is_refused = result->outcome == RESTORE_REFUSED || result->denied;
        e->sent_ms = r->now_ms;
        if (!e->is_refused)
            e->fenced_ms = INT64_MIN;
    }
    if (w && e && effect == RESTORE_EFFECT_WIPE && result->outcome == RESTORE_DONE)
        wal_looks_renounce(w, r->now_ms);
    else if (w)
        wal_looks_look_again(w, r->now_ms);
}

void restore_orders_take(struct wal_restores *r)
{
    struct restore_redis_result redis;
    struct restore_log_result log;
    uint64_t wal;

    if (r->n_orders == 0)
        return;
    while (r->ports.log_observer.ops->next_restored(r->ports.log_observer.self, &wal, &log))
        take_log(r, wal, &log);
    while (r->ports.redis.ops->next_restored(r->ports.redis.self, &wal, &redis))
        take_redis(r, wal, &redis);
}
