/* The pods and claims of a Redis that is wiped by them: listed, noted, and deleted one by one. */
#include <stdio.h>
#include <string.h>

#include "codec/redis_objects.h"
#include "runtime/wal_restores_state.h"

static void on_list(void *self, const struct kube_answer *answer);
static void on_deleted(void *self, const struct kube_answer *answer);

/* --- asking ----------------------------------------------------------------------------------- */

static void say_why(struct restore_entry *e, const char *why)
{
    snprintf(e->why, sizeof(e->why), "%.*s", (int)sizeof(e->why) - 1, why);
}

static void call(struct restore_entry *e, bool built, struct kube_request *request,
                 void (*on_done)(void *self, const struct kube_answer *answer))
{
    const struct kube_caller caller = { NULL, on_done, e };

    e->calling = CALL_OBJECTS;
    e->call = built ? kube_client_call(e->restores->ports.client, request, &caller) : 0;
    if (!built)
        say_why(e, "a name is longer than may be");
}

static void list(struct restore_entry *e, enum restore_object_kind kind)
{
    const struct kube_target target = { .resource = redis_object_resources[kind],
                                        .scope = str_from(e->resource.scope) };
    CLEANUP(kube_request_release) struct kube_request request = { 0 };
    CLEANUP(buf_release) struct buf labels = { 0 };
    struct kube_selection selection = { 0 };
    bool fits;

    buf_init(&labels, REDIS_OBJECTS_SELECTOR_MAX);
    fits = redis_objects_selector(&labels, e->failover);
    selection.label_selector = buf_str(&labels);
    e->listing = kind;
    call(e, fits && kube_request_list(&request, &target, &selection, 0, (struct str){ 0 }),
         &request, on_list);
}

static void delete (struct restore_entry *e, struct restore_object *one)
{
    const struct kube_target target = { .resource = redis_object_resources[one->kind],
                                        .scope = str_from(e->resource.scope),
                                        .name = str_from(one->name) };
    CLEANUP(kube_request_release) struct kube_request request = { 0 };
    CLEANUP(buf_release) struct buf options = { 0 };

    buf_init(&options, REDIS_OBJECT_OPTIONS_MAX);
    one->is_leaving = true;
    call(e,
         redis_object_delete_options(&options, one) &&
             kube_request_delete(&request, &target, buf_str(&options)),
         &request, on_deleted);
    if (e->call != 0)
        log_info(e->restores->ports.log, "Restores namespace=%s name=%s deed=delete object=%s/%s",
                 e->resource.scope, e->resource.name, restore_object_kind_text(one->kind),
                 one->name);
}

static struct restore_object *next_of(const struct restore_entry *e)
{
    return restore_objects_next(&e->resource.status.objects, &e->seen);
}

void restore_objects_forget(struct restore_entry *e)
{
    restore_objects_release(&e->seen);
    e->is_seen = e->is_unknown = false;
}

/* What was noted is looked for where it was found, whatever the RedisWal names by now. */
static const char *owner_of(const struct restore_entry *e, const struct wal_watch *w,
                            enum restore_effect effect)
{
    if (effect != RESTORE_EFFECT_NOTE && *e->resource.status.failover)
        return e->resource.status.failover;
    return w && w->resource.spec.failover ? w->resource.spec.failover : "";
}

static void look(struct restore_entry *e, const struct wal_watch *w, enum restore_effect effect)
{
    e->due_ms = e->restores->now_ms + WAL_RESTORES_RETRY_MS;
    e->ordered = effect;
    restore_objects_forget(e);
    snprintf(e->failover, sizeof(e->failover), "%s", owner_of(e, w, effect));
    list(e, RESTORE_OBJECT_CLAIM);
}

void restore_objects_time_trace(struct restore_entry *e, const struct restore_row *row)
{
    if (row->effect == RESTORE_EFFECT_TRACE && e->asked_ms == INT64_MIN) {
        e->asked_ms = e->restores->now_ms;
        e->why[0] = '\0';
    } else if (row->effect != RESTORE_EFFECT_TRACE && !restore_row_gives_up(row)) {
        e->asked_ms = INT64_MIN;
    }
}

bool restore_objects_are_untraceable(const struct restore_entry *e)
{
    return e->is_unknown || (e->asked_ms != INT64_MIN &&
                             e->restores->now_ms - e->asked_ms >= WAL_RESTORES_ASKING_MS);
}

void restore_objects_order(struct restore_entry *e, const struct wal_watch *w,
                           enum restore_effect effect)
{
    struct restore_object *next = effect == RESTORE_EFFECT_RECREATE ? next_of(e) : NULL;

    if (!next) {
        look(e, w, effect);
        return;
    }
    e->due_ms = e->restores->now_ms + WAL_RESTORES_RETRY_MS;
    e->ordered = effect;
    delete (e, next);
}

/* Those of the plan may not be those that are there when it is time; and those that were deleted
 * once stay what was deleted. */
void restore_objects_say(const struct restore_entry *e, const struct restore_row *row,
                         struct restore_status *s, struct restore_objects *deleted)
{
    const bool begins = row->next == RESTORE_STEP_RECREATING && row->step != row->next &&
                        s->recreated_ms == LOOK_UNKNOWN;

    if (row->step == RESTORE_STEP_PENDING || begins) {
        s->objects = (struct restore_objects){ 0 };
        s->failover[0] = '\0';
    } else if (e->found.n > 0) {
        s->objects = e->found;
        snprintf(s->failover, sizeof(s->failover), "%s", e->failover);
    } else if (s->recreated_ms != LOOK_UNKNOWN && restore_step_is_end(row->next)) {
        s->deleted = s->objects;
    } else if (restore_row_gives_up(row) && e->is_seen) {
        restore_objects_missing(&s->objects, &e->seen, deleted);
        s->deleted = *deleted;
    } else if (restore_row_gives_up(row) && s->objects.n > 0) {
        s->is_deletion_unknown = true;
    }
}

/* --- answers ---------------------------------------------------------------------------------- */

static void failed(struct restore_entry *e, const char *why, bool denied)
{
    const struct wal_restores *r = e->restores;

    restore_objects_forget(e);
    say_why(e, why);
    e->is_denied = denied;
    e->due_ms = kube_client_now_ms(r->ports.client) +
                (denied ? WAL_RESTORES_DENIED_MS : WAL_RESTORES_RETRY_MS);
    log_warn(r->ports.log, "Failed to restore namespace=%s name=%s deed=%s error=%s",
             e->resource.scope, e->resource.name, restore_effect_meaning(e->ordered), why);
}

static void note(struct restore_entry *e)
{
    e->is_denied = false;
    if (e->seen.n == 0) {
        say_why(e, "there is none; is the RedisFailover there, and its operator?");
        return;
    }
    restore_objects_release(&e->found);
    e->found = e->seen;
    e->seen = (struct restore_objects){ 0 };
    e->why[0] = '\0';
}

/* Redis is another one when none is left: what was learned of it before is of no use. */
static void judge(struct restore_entry *e)
{
    struct wal_restores *r = e->restores;
    const int64_t now_ms = kube_client_now_ms(r->ports.client);
    char left[RESTORE_OBJECTS_TEXT_MAX + 1];
    struct wal_watch *w;

    e->is_seen = true;
    if (restore_objects_left(&e->resource.status.objects, &e->seen, left) > 0) {
        if (next_of(e))
            e->due_ms = now_ms;
        else
            e->is_denied = false;
        if (!e->is_denied)
            say_why(e, left);
        return;
    }
    e->is_gone = true;
    e->is_denied = false;
    e->due_ms = now_ms;
    e->why[0] = '\0';
    w = wal_looks_find(r->ports.looks, str_from(e->resource.scope),
                       str_from(e->resource.spec.rediswal));
    if (w)
        wal_looks_renounce(w, now_ms);
}

static void on_list(void *self, const struct kube_answer *answer)
{
    struct restore_entry *e = self;
    struct err err = { 0 };

    e->call = 0;
    if (!answer->good) {
        failed(e, answer->status.message, answer->status.reason == KUBE_REASON_FORBIDDEN);
        if (e->is_denied && e->ordered == RESTORE_EFFECT_TRACE) {
            e->is_unknown = true;
            e->due_ms = kube_client_now_ms(e->restores->ports.client);
        }
        return;
    }
    if (redis_objects_take(answer->body, e->listing, e->failover, &e->seen, &err) != ERR_OK) {
        failed(e, err.msg, false);
        return;
    }
    if (e->listing == RESTORE_OBJECT_CLAIM)
        list(e, RESTORE_OBJECT_POD);
    else if (e->ordered == RESTORE_EFFECT_NOTE)
        note(e);
    else
        judge(e);
}

/* Whoever is not found, or is another one by now, is gone: the next list tells. */
static void on_deleted(void *self, const struct kube_answer *answer)
{
    struct restore_entry *e = self;

    e->call = 0;
    if (!answer->good && answer->status.reason != KUBE_REASON_NOT_FOUND &&
        answer->status.reason != KUBE_REASON_CONFLICT) {
        failed(e, answer->status.message, answer->status.reason == KUBE_REASON_FORBIDDEN);
        return;
    }
    e->is_denied = false;
    e->due_ms = kube_client_now_ms(e->restores->ports.client);
}
