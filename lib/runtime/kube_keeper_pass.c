#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/kube_keeper_state.h"

static void advance(struct pass *p);

static const struct kube_resource *resource_of(const struct pass *p, size_t kind)
{
    return &p->keeper->settings.kinds[kind];
}

static struct entry *entry_of(const struct pass *p)
{
    return kube_keeper_entry(p->keeper, p->key);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void release(struct pass *p)
{
    for (size_t i = 0; i < p->wishes.n; i++)
        buf_release(&p->wishes.bodies[i]);
    *p = (struct pass){ .keeper = p->keeper };
}

static bool is_wanted(const struct pass *p, const struct kept *kept)
{
    for (size_t i = 0; i < p->wishes.n; i++)
        if (p->wishes.wishes[i].kind == kept->kind &&
            str_eq(p->wishes.wishes[i].name, str_from(kept->name)))
            return true;
    return false;
}

static void finish(struct pass *p)
{
    struct kube_keeper *k = p->keeper;

    k->counts.passes++;
    if (p->failed) {
        k->counts.failed_passes++;
        kube_queue_failed(&k->queue, p->key, k->now_ms, prng_next(&k->prng));
    } else {
        kube_queue_done(&k->queue, p->key, k->now_ms);
    }
    release(p);
}

void kube_keeper_pass_cancel(struct pass *p)
{
    if (!p->busy)
        return;
    kube_client_cancel(p->keeper->client, p->call);
    if (p->applied)
        kube_applied_told(p->applied);
    kube_queue_done(&p->keeper->queue, p->key, p->keeper->now_ms);
    release(p);
}

/* --- answers ---------------------------------------------------------------------------------- */

/* The server itself cannot be asked now: there is no use in asking it for more. */
static bool is_in_trouble(const struct kube_status *s)
{
    struct err ignored;

    return s->http == 0 || s->reason == KUBE_REASON_UNAUTHORIZED ||
           (s->reason != KUBE_REASON_CONFLICT && s->reason != KUBE_REASON_ALREADY_EXISTS &&
            err_class(kube_status_to_err(s, &ignored)) == ERR_CLASS_RETRY);
}

static void set_outcome(struct pass *p, enum kube_outcome_type type, const char *why)
{
    struct kube_outcome *o = &p->outcomes[p->at];

    if (p->stage != STAGE_WISHES)
        return;
    o->type = type;
    snprintf(o->why, sizeof(o->why), "%s", why);
}

static void fail(struct pass *p, const char *why)
{
    log_warn(p->keeper->log, "Failed to reconcile key=%.*s error=%s", STR_ARGS(p->key), why);
    set_outcome(p, KUBE_OUTCOME_FAILED, why);
    if (p->applied)
        kube_applied_told(p->applied);
    p->failed = true;
    p->at++;
}

static void refuse(struct pass *p, const struct kube_status *status)
{
    struct err err;

    p->keeper->counts.refusals++;
    kube_status_to_err(status, &err);
    fail(p, err.msg);
    if (is_in_trouble(status))
        p->stage = STAGE_END;
}

static void consider(struct pass *p, const struct kube_object *object, bool confirmed);

static void was_read(struct pass *p, const struct kube_answer *a)
{
    struct kube_object object;
    struct err err;

    if (!a->good && a->status.reason == KUBE_REASON_NOT_FOUND)
        consider(p, NULL, true);
    else if (!a->good)
        refuse(p, &a->status);
    else if (kube_json_object(p->keeper->json, a->body, &object, &err) != ERR_OK)
        fail(p, err.msg);
    else
        consider(p, &object, true);
}

static void log_deed(const struct pass *p, size_t kind, struct str name, const char *deed)
{
    log_info(p->keeper->log, "Changed an object resource=%.*s namespace=%.*s name=%.*s deed=%s",
             STR_ARGS(resource_of(p, kind)->plural), STR_ARGS(p->scope), STR_ARGS(name), deed);
}

/* The child that the pass has come to is as it is wanted. */
static void note_child(struct pass *p)
{
    const struct kube_wish *w = &p->wishes.wishes[p->at];
    const bool again = p->applied->wish == p->digest;

    if (again)
        p->keeper->counts.put_back++;
    log_deed(p, w->kind, w->name,
             again                           ? "put back"
             : p->doing == KUBE_APPLY_CREATE ? "created"
                                             : "updated");
}

static void was_written(struct pass *p, const struct kube_answer *a, struct str wanted)
{
    struct kube_keeper *k = p->keeper;
    struct kube_object object;
    struct err err;

    if (kube_json_object(k->json, a->body, &object, &err) != ERR_OK) {
        fail(p, err.msg);
        return;
    }
    if (p->stage == STAGE_WISHES)
        note_child(p);
    kube_applied_written(p->applied, p->digest, kube_child_made(object.json, wanted), k->now_ms,
                         prng_next(&k->prng));
    set_outcome(p, KUBE_OUTCOME_KEPT, "");
    p->at++;
}

/* Tells of what stands there now. */
static void tell(struct pass *p)
{
    struct kube_object owner;

    if (kube_cache_find(kube_keeper_owners(p->keeper), p->scope, p->name, &owner))
        p->keeper->ops->told(p->keeper->self, &owner);
}

static void was_deleted(struct pass *p, struct kept *kept)
{
    kept->seen = false;
    log_deed(p, kept->kind, str_from(kept->name), "deleted");
    p->at++;
}

static void take_answer(struct pass *p, const struct kube_answer *a)
{
    if (p->doing == KUBE_APPLY_READ) {
        was_read(p, a);
    } else if (p->doing == KUBE_APPLY_DELETE &&
               (a->good || a->status.reason == KUBE_REASON_NOT_FOUND)) {
        was_deleted(p, entry_of(p)->kept[p->at]);
    } else if (!a->good) {
        refuse(p, &a->status);
        if (p->stage == STAGE_STATUS)
            p->stage = STAGE_END;
    } else if (p->stage == STAGE_STATUS) {
        was_written(p, a, (struct str){ 0 });
        tell(p);
        p->stage = STAGE_END;
    } else {
        was_written(p, a, p->wishes.wishes[p->at].body);
    }
}

static void on_done(void *self, const struct kube_answer *answer)
{
    struct pass *p = self;

    p->call = 0;
    p->keeper->now_ms = kube_client_now_ms(p->keeper->client);
    take_answer(p, answer);
    advance(p);
}

/* --- requests --------------------------------------------------------------------------------- */

static void count(struct kube_keeper_counts *c, const struct pass *p)
{
    if (p->stage == STAGE_STATUS)
        c->statuses++;
    else if (p->doing == KUBE_APPLY_READ)
        c->reads++;
    else if (p->doing == KUBE_APPLY_CREATE)
        c->creates++;
    else if (p->doing == KUBE_APPLY_UPDATE)
        c->updates++;
    else
        c->deletes++;
}

/* `built`: whether the request could be. */
static void ask(struct pass *p, bool built, struct kube_request *request)
{
    const struct kube_caller caller = { NULL, on_done, p };

    if (!built) {
        fail(p, "the request is longer than may be");
        return;
    }
    p->call = kube_client_call(p->keeper->client, request, &caller);
    if (p->call != 0) {
        count(&p->keeper->counts, p);
        return;
    }
    fail(p, "too many requests wait");
    p->stage = STAGE_END;
}

static void note_write(struct pass *p, enum kube_apply_do doing)
{
    p->doing = doing;
    kube_applied_asked(p->applied);
}

static void read_child(struct pass *p, const struct kube_target *target)
{
    CLEANUP(kube_request_release) struct kube_request r = { 0 };

    p->doing = KUBE_APPLY_READ;
    ask(p, kube_request_get(&r, target), &r);
}

static void apply_child(struct pass *p, const struct kube_target *target,
                        const struct kube_object *object)
{
    const struct kube_write write = { .field_manager = p->keeper->settings.field_manager,
                                      .force = object != NULL };
    const struct str nobody = { 0 };
    CLEANUP(kube_request_release) struct kube_request r = { 0 };
    CLEANUP(buf_release) struct buf body = { 0 };
    struct err err;

    note_write(p, object ? KUBE_APPLY_UPDATE : KUBE_APPLY_CREATE);
    buf_init(&body, KUBE_BODY_MAX);
    if (kube_child_body(p->wishes.wishes[p->at].body, p->digest, object ? object->uid : nobody,
                        &body, &err) != ERR_OK)
        fail(p, err.msg);
    else
        ask(p, kube_request_apply(&r, target, &write, buf_str(&body)), &r);
}

static void delete_child(struct pass *p, const struct kube_target *target,
                         const struct kube_object *object)
{
    CLEANUP(kube_request_release) struct kube_request r = { 0 };
    CLEANUP(buf_release) struct buf options = { 0 };

    p->doing = KUBE_APPLY_DELETE;
    buf_init(&options, KUBE_BODY_MAX);
    ask(p,
        kube_json_delete_options(&options, object->uid, object->resource_version, true) &&
            kube_request_delete(&r, target, buf_str(&options)),
        &r);
}

/* --- children --------------------------------------------------------------------------------- */

static enum kube_controller controller_of(const struct pass *p, const struct kube_child *child)
{
    const struct kube_keeper_settings *s = &p->keeper->settings;

    if (child->owner_uid[0] != '\0' && strcmp(child->owner_uid, p->uid) == 0)
        return KUBE_CONTROLLER_US;
    if (strcmp(child->owner_api_version, s->api_version) == 0 &&
        strcmp(child->owner_kind, s->kind) == 0 && str_eq(str_from(child->owner_name), p->name))
        return KUBE_CONTROLLER_PREDECESSOR;
    return KUBE_CONTROLLER_OTHER;
}

static bool is_as_applied(const struct pass *p, const struct kube_child *child, struct str json,
                          struct str body)
{
    if (child->wish != p->digest)
        return false;
    return (p->applied->wish == p->digest && p->applied->made == kube_child_made(json, body)) ||
           kube_child_is_literal(json, body);
}

static void take_facts(const struct pass *p, const struct kube_object *object, struct str body,
                       struct kube_apply_facts *f)
{
    struct kube_child child;

    f->exists = true;
    if (kube_child_read(object->json, &child, NULL) != ERR_OK)
        child = (struct kube_child){ 0 };
    f->deleting = child.deleting;
    f->controller = controller_of(p, &child);
    f->new_wish = child.wish != p->digest && p->applied->wish != p->digest;
    f->as_applied = f->wanted && is_as_applied(p, &child, object->json, body);
}

/* Its time, or the watch, will come; whichever is first. */
static void wait_for(struct pass *p, const struct kube_applied *a)
{
    const int64_t unseen_ms = a->written_ms + KUBE_APPLY_UNSEEN_MS, now_ms = p->keeper->now_ms;
    int64_t due_ms = now_ms + KUBE_APPLY_UNSEEN_MS;

    if (a->awaited && unseen_ms > now_ms)
        due_ms = unseen_ms;
    if (a->put_back_at_ms > now_ms && a->put_back_at_ms < due_ms)
        due_ms = a->put_back_at_ms;
    kube_queue_add_at(&p->keeper->queue, p->key, due_ms);
}

/* `object` NULL: there is none. `confirmed`: the server said so just now. */
static void consider(struct pass *p, const struct kube_object *object, bool confirmed)
{
    const struct kube_wish *w = &p->wishes.wishes[p->at];
    const struct kube_target target = { *resource_of(p, w->kind), p->scope, w->name, { 0 } };
    const int64_t now_ms = p->keeper->now_ms;
    struct kube_apply_facts f = { .wanted = true, .confirmed = confirmed };
    enum kube_apply_do what;

    f.awaited = !confirmed && kube_applied_is_awaited(p->applied, p->digest, now_ms);
    f.at_peace = kube_applied_is_at_peace(p->applied, now_ms);
    if (object)
        take_facts(p, object, w->body, &f);
    what = kube_apply_decide(&f);
    if (what == KUBE_APPLY_READ) {
        read_child(p, &target);
    } else if (what == KUBE_APPLY_CREATE || what == KUBE_APPLY_UPDATE) {
        apply_child(p, &target, object);
    } else if (what == KUBE_APPLY_REFUSE) {
        fail(p, "an object of this name is there, and it is not ours");
        p->outcomes[p->at - 1].type = KUBE_OUTCOME_TAKEN;
    } else {
        if (what == KUBE_APPLY_WAIT)
            wait_for(p, p->applied);
        set_outcome(p, KUBE_OUTCOME_KEPT, "");
        p->at++;
    }
}

static void do_wish(struct pass *p)
{
    const struct kube_wish *w = &p->wishes.wishes[p->at];
    const struct kube_cache *cache = kube_keeper_children(p->keeper, w->kind);
    struct kept *kept;
    struct kube_object object;

    if (!cache) { /* the server knows no such kind */
        p->at++;
        return;
    }
    kept = kube_keeper_kept(entry_of(p), w->kind, w->name);
    if (!kept) {
        fail(p, "too many objects belong to it");
        return;
    }
    p->applied = &kept->applied;
    p->digest = kube_child_wish(w->body);
    consider(p, kube_cache_find(cache, p->scope, w->name, &object) ? &object : NULL, false);
}

static void forget_the_unwanted(const struct pass *p)
{
    struct entry *e = entry_of(p);
    size_t n = 0;

    for (size_t i = 0; i < e->n_kept; i++) {
        if (e->kept[i]->seen || is_wanted(p, e->kept[i])) {
            e->kept[n++] = e->kept[i];
            continue;
        }
        free(e->kept[i]->name);
        free(e->kept[i]);
    }
    e->n_kept = n;
}

static void do_leftover(struct pass *p)
{
    const struct kept *kept = entry_of(p)->kept[p->at];
    const struct kube_cache *cache = kube_keeper_children(p->keeper, kept->kind);
    const struct str name = str_from(kept->name);
    const struct kube_target target = { *resource_of(p, kept->kind), p->scope, name, { 0 } };
    struct kube_apply_facts f = { 0 };
    struct kube_object object;

    if (kept->seen && !is_wanted(p, kept) && cache &&
        kube_cache_find(cache, p->scope, name, &object)) {
        p->applied = &entry_of(p)->kept[p->at]->applied;
        take_facts(p, &object, (struct str){ 0 }, &f);
        if (kube_apply_decide(&f) == KUBE_APPLY_DELETE) {
            delete_child(p, &target, &object);
            return;
        }
    }
    p->at++;
}

/* --- status ----------------------------------------------------------------------------------- */

static void write_status(struct pass *p, const struct kube_object *owner, struct str status)
{
    const struct kube_keeper_settings *s = &p->keeper->settings;
    const struct kube_write write = { .field_manager = s->field_manager, .force = true };
    const struct kube_target target = { s->owners.resource, p->scope, p->name,
                                        STR_LITERAL("status") };
    CLEANUP(kube_request_release) struct kube_request r = { 0 };
    CLEANUP(buf_release) struct buf body = { 0 };
    struct err err;

    note_write(p, KUBE_APPLY_UPDATE);
    buf_init(&body, KUBE_BODY_MAX);
    if (kube_child_status_body(owner, status, &body, &err) != ERR_OK)
        fail(p, err.msg);
    else
        ask(p, kube_request_apply(&r, &target, &write, buf_str(&body)), &r);
}

static void do_status(struct pass *p)
{
    struct kube_keeper *k = p->keeper;
    const struct kube_report report = { p->unclear.code != ERR_OK ? &p->unclear : NULL, &p->wishes,
                                        p->outcomes };
    CLEANUP(buf_release) struct buf status = { 0 };
    struct kube_object owner;

    buf_init(&status, KUBE_BODY_MAX);
    p->applied = &entry_of(p)->status;
    if (kube_cache_find(kube_keeper_owners(k), p->scope, p->name, &owner) &&
        str_eq(owner.uid, str_from(p->uid)) && k->ops->status(k->self, &owner, &report, &status)) {
        p->digest = kube_child_wish(buf_str(&status));
        if (kube_child_status_is(owner.json, buf_str(&status)))
            k->ops->told(k->self, &owner);
        else if (kube_applied_is_awaited(p->applied, p->digest, k->now_ms) ||
                 (p->applied->wish == p->digest &&
                  !kube_applied_is_at_peace(p->applied, k->now_ms)))
            wait_for(p, p->applied);
        else
            write_status(p, &owner, buf_str(&status));
    }
    if (p->call == 0)
        p->stage = STAGE_END;
}

/* --- the pass --------------------------------------------------------------------------------- */

static void advance_once(struct pass *p)
{
    const size_t n = p->stage == STAGE_WISHES ? p->wishes.n : entry_of(p)->n_kept;

    if (p->stage == STAGE_STATUS) {
        do_status(p);
    } else if (p->at >= n) {
        if (p->stage == STAGE_LEFTOVERS)
            forget_the_unwanted(p);
        p->stage++;
        p->at = 0;
    } else if (p->stage == STAGE_WISHES) {
        do_wish(p);
    } else {
        do_leftover(p);
    }
}

static void advance(struct pass *p)
{
    struct kube_keeper *k = p->keeper;

    while (p->call == 0 && p->stage != STAGE_END) {
        p->applied = NULL; /* it is done with that one, which may be forgotten now */
        if (!k->ops->may_act(k->self)) {
            kube_keeper_pass_cancel(p);
            return;
        }
        advance_once(p);
    }
    if (p->call == 0)
        finish(p);
}

static bool find_owner(struct pass *p, struct kube_object *ret_owner)
{
    struct kube_child ignored;

    return kube_cache_find(kube_keeper_owners(p->keeper), p->scope, p->name, ret_owner) &&
           ret_owner->uid.n <= KUBE_CHILD_UID_MAX &&
           kube_child_read(ret_owner->json, &ignored, NULL) == ERR_OK && !ignored.deleting;
}

void kube_keeper_pass_begin(struct pass *p, struct str key)
{
    struct kube_keeper *k = p->keeper;
    const char *slash = memchr(key.p, '/', key.n);
    struct kube_object owner;

    PRE(slash);
    p->busy = true;
    p->key = key;
    p->scope = (struct str){ key.p, (size_t)(slash - key.p) };
    p->name = (struct str){ slash + 1, (size_t)(key.p + key.n - slash - 1) };
    if (!find_owner(p, &owner)) {
        if (!kube_cache_find(kube_keeper_owners(k), p->scope, p->name, &owner)) {
            k->ops->gone(k->self, p->scope, p->name);
            kube_keeper_forget(k, key);
        }
        finish(p);
        return;
    }
    memcpy(p->uid, owner.uid.p, owner.uid.n);
    if (k->ops->wants(k->self, &owner, &p->wishes, &p->unclear) != ERR_OK)
        p->stage = STAGE_STATUS;
    else
        p->unclear.code = ERR_OK;
    advance(p);
}
