/* The RedisRestores as the API server tells of them, and what is told of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/wal_restores_state.h"

void restore_entry_forget_deeds(struct restore_entry *e)
{
    restore_entry_cancel_call(e);
    e->confirmed[0] = e->why[0] = e->told[0] = '\0';
    e->is_untold = e->is_ordered = e->is_impossible = e->is_refused = e->is_told_unclear = false;
    e->fenced_ms = e->asked_ms = INT64_MIN;
    e->sent_ms = INT64_MAX;
    e->due_ms = e->figures_ms = 0;
    e->rate_from = e->per_second = LOOK_UNKNOWN;
    restore_plan_release(&e->plan);
    restore_objects_release(&e->found);
    restore_objects_release(&e->seen);
    e->is_seen = e->is_unknown = e->is_gone = e->is_denied = false;
}

void restore_entry_free(struct restore_entry *e)
{
    restore_entry_forget_deeds(e);
    restore_resource_release(&e->resource);
    free(e);
}

struct restore_entry *restore_entry_find(const struct wal_restores *r, const char *uid)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->entries[i]->resource.uid, uid) == 0)
            return r->entries[i];
    return NULL;
}

bool restore_entry_is_same_wal(const struct restore_entry *a, const struct restore_entry *b)
{
    return a->resource.spec.rediswal && b->resource.spec.rediswal &&
           strcmp(a->resource.scope, b->resource.scope) == 0 &&
           strcmp(a->resource.spec.rediswal, b->resource.spec.rediswal) == 0;
}

static struct restore_entry *add(struct wal_restores *r)
{
    struct restore_entry *e = mem_new(1, sizeof(*e));

    if (r->n == r->capacity) {
        r->capacity = r->capacity > 0 ? r->capacity * 2 : 8;
        r->entries = mem_resize(r->entries, r->capacity, sizeof(struct restore_entry *));
    }
    e->restores = r;
    restore_entry_forget_deeds(e);
    r->entries[r->n++] = e;
    return e;
}

static void drop(struct wal_restores *r, struct str uid)
{
    for (size_t i = 0; i < r->n; i++) {
        if (!str_eq(str_from(r->entries[i]->resource.uid), uid))
            continue;
        restore_entry_free(r->entries[i]);
        r->entries[i] = r->entries[--r->n];
        return;
    }
}

static void change(const struct restore_entry *e)
{
    const struct wal_restores *r = e->restores;

    if (e->resource.spec.rediswal)
        r->ports.on_change(r->ports.self, str_from(e->resource.scope),
                           str_from(e->resource.spec.rediswal));
}

void restore_entry_tell(const struct restore_entry *e, bool warning, const struct restore_status *s)
{
    const struct restore_resource *restore = &e->resource;
    const struct kube_object object = { .scope = str_from(restore->scope),
                                        .name = str_from(restore->name),
                                        .uid = str_from(restore->uid) };
    struct wal_notice n = { .warning = warning, .action = restore_step_text(s->step) };

    snprintf(n.reason, sizeof(n.reason), "%s", s->reason);
    snprintf(n.note, sizeof(n.note), "%.*s", (int)sizeof(n.note) - 1, s->message);
    e->restores->ports.on_step(e->restores->ports.self, &object, &n);
}

static void tell_step(const struct restore_entry *e, enum restore_step before)
{
    struct restore_status s = e->resource.status; /* borrows the plan */
    const bool is_unverified =
        before == RESTORE_STEP_VERIFYING && strcmp(s.verified, RESTORE_VERIFIED_UNKNOWN) == 0;

    if (is_unverified)
        snprintf(s.reason, sizeof(s.reason), "NotVerified");
    restore_entry_tell(e, s.step == RESTORE_STEP_FAILED || is_unverified, &s);
}

/* It stands there: what was known of Redis before it was wiped is of no use. */
static void note_step(struct restore_entry *e, enum restore_step before)
{
    struct wal_restores *r = e->restores;
    const struct restore_resource *restore = &e->resource;
    const enum restore_step now = restore->status.step;
    struct wal_watch *w;

    if (now == before)
        return;
    e->why[0] = '\0';
    e->due_ms = 0;
    e->is_seen = e->is_unknown = e->is_gone = false;
    e->asked_ms = INT64_MIN;
    restore_objects_release(&e->found);
    w = wal_looks_find(r->ports.looks, str_from(restore->scope), str_from(restore->spec.rediswal));
    if (w && now == RESTORE_STEP_REPLAYING)
        wal_looks_renounce(w, r->now_ms);
    if (e->is_untold && now == e->wished)
        tell_step(e, before);
    e->is_untold = false;
}

/* Takes the resource. `unclear`: why it cannot be followed; NULL: it can. */
static void take(struct restore_entry *e, const struct restore_resource *restore,
                 const char *unclear)
{
    const enum restore_step before = e->resource.status.step;

    snprintf(e->unclear, sizeof(e->unclear), "%.*s", (int)sizeof(e->unclear) - 1,
             unclear ? unclear : "");
    e->is_told_unclear &= unclear != NULL;
    restore_resource_release(&e->resource);
    e->resource = *restore;
    if (!restore->is_status_unclear)
        note_step(e, before);
    change(e);
}

static void take_object(struct wal_restores *r, struct restore_entry *e,
                        const struct kube_object *object)
{
    struct restore_resource restore;
    struct err err = { 0 };
    const enum err_code rc = restore_resource_decode(object->json, &restore, &err);

    if (rc != ERR_CORRUPT) {
        take(e ? e : add(r), &restore, rc == ERR_OK ? NULL : err.msg);
        return;
    }
    restore_resource_release(&restore);
    log_warn(r->ports.log, "Failed to read a restore namespace=%.*s name=%.*s error=%s",
             STR_ARGS(object->scope), STR_ARGS(object->name), err.msg);
}

void restore_entries_take(void *self, const struct kube_object *object, bool is_gone)
{
    struct wal_restores *r = self;
    char uid[RESTORE_UID_MAX + 1];
    struct restore_entry *e;

    snprintf(uid, sizeof(uid), "%.*s", STR_ARGS(object->uid));
    e = restore_entry_find(r, uid);
    if (is_gone) {
        if (e)
            change(e);
        drop(r, object->uid);
        return;
    }
    take_object(r, e, object);
}
