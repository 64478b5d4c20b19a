#include "runtime/kube_keeper.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/kube_keeper_state.h"

enum { CAPACITY_MIN = 16 };

/* --- wishes ----------------------------------------------------------------------------------- */

enum err_code kube_wishes_add(struct kube_wishes *w, size_t kind, struct str name, struct str body,
                              struct err *err)
{
    struct buf *text = &w->bodies[w->n];

    if (w->n == KUBE_KEEPER_WISHES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d objects", KUBE_KEEPER_WISHES_MAX);
    buf_init(text, KUBE_BODY_MAX);
    if (!buf_append_str(text, name) || !buf_append_str(text, body)) {
        buf_release(text);
        return err_set(err, ERR_LIMIT, "%.*s: more than %d bytes", STR_ARGS(name), KUBE_BODY_MAX);
    }
    w->wishes[w->n++] =
        (struct kube_wish){ kind, { text->p, name.n }, { text->p + name.n, body.n } };
    return ERR_OK;
}

/* --- what is remembered of owners ------------------------------------------------------------- */

static int compare(const char *a, struct str b)
{
    const size_t n = strlen(a);
    const int order = memcmp(a, b.p, n < b.n ? n : b.n);

    return order != 0 ? order : (n > b.n) - (n < b.n);
}

static bool locate(const struct kube_keeper *k, struct str key, size_t *ret_at)
{
    size_t low = 0, high = k->n_entries;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare(k->entries[middle]->key, key);

        *ret_at = middle;
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_at = low;
    return false;
}

struct entry *kube_keeper_entry(struct kube_keeper *k, struct str key)
{
    struct entry *e;
    size_t at;

    if (locate(k, key, &at))
        return k->entries[at];
    if (k->n_entries == k->capacity) {
        k->capacity = k->capacity > 0 ? k->capacity * 2 : CAPACITY_MIN;
        k->entries = mem_resize(k->entries, k->capacity, sizeof(struct entry *));
    }
    e = mem_new(1, sizeof(*e));
    e->key = mem_copy_text(key.p, key.n);
    memmove(&k->entries[at + 1], &k->entries[at], (k->n_entries - at) * sizeof(struct entry *));
    k->entries[at] = e;
    k->n_entries++;
    return e;
}

static struct kept *find_kept(const struct entry *e, size_t kind, struct str name)
{
    for (size_t i = 0; i < e->n_kept; i++)
        if (e->kept[i]->kind == kind && str_eq(str_from(e->kept[i]->name), name))
            return e->kept[i];
    return NULL;
}

struct kept *kube_keeper_kept(struct entry *e, size_t kind, struct str name)
{
    struct kept *kept = find_kept(e, kind, name);

    if (kept || e->n_kept == KUBE_KEEPER_CHILDREN_MAX)
        return kept;
    e->kept = mem_resize(e->kept, e->n_kept + 1, sizeof(struct kept *));
    kept = mem_new(1, sizeof(*kept));
    kept->kind = kind;
    kept->name = mem_copy_text(name.p, name.n);
    e->kept[e->n_kept++] = kept;
    return kept;
}

static void entry_free(struct entry *e)
{
    for (size_t i = 0; i < e->n_kept; i++) {
        free(e->kept[i]->name);
        free(e->kept[i]);
    }
    free(e->kept);
    free(e->key);
    free(e);
}

void kube_keeper_forget(struct kube_keeper *k, struct str key)
{
    size_t at;

    if (!locate(k, key, &at))
        return;
    entry_free(k->entries[at]);
    k->n_entries--;
    memmove(&k->entries[at], &k->entries[at + 1], (k->n_entries - at) * sizeof(struct entry *));
}

/* --- what changes ----------------------------------------------------------------------------- */

static bool make_key(struct buf *key, struct str scope, struct str name)
{
    buf_init(key, KUBE_QUEUE_KEY_MAX);
    return buf_append_str(key, scope) && buf_append_text(key, "/") && buf_append_str(key, name);
}

void kube_keeper_poke_at(struct kube_keeper *k, struct str scope, struct str name, int64_t due_ms)
{
    CLEANUP(buf_release) struct buf key = { 0 };

    if (make_key(&key, scope, name))
        kube_queue_add_at(&k->queue, buf_str(&key), due_ms);
}

void kube_keeper_poke(struct kube_keeper *k, struct str scope, struct str name, int64_t now_ms)
{
    kube_keeper_poke_at(k, scope, name, now_ms);
}

void kube_keeper_poke_all(struct kube_keeper *k, int64_t now_ms)
{
    const struct kube_cache *owners = kube_keeper_owners(k);

    for (size_t i = 0; i < owners->n; i++) {
        struct kube_object o;

        kube_cache_at(owners, i, &o);
        kube_keeper_poke(k, o.scope, o.name, now_ms);
    }
}

/* Another specification may be one that can be met: it is not made to wait for the failures of the
 * one before. */
static void on_owner(void *self, const struct kube_object *object, bool gone)
{
    const struct source *s = self;
    struct kube_keeper *k = s->keeper;
    CLEANUP(buf_release) struct buf key = { 0 };
    struct kube_child owner;
    struct entry *e;

    if (!make_key(&key, object->scope, object->name) ||
        kube_child_read(object->json, &owner, NULL) != ERR_OK)
        return;
    e = kube_keeper_entry(k, buf_str(&key));
    kube_applied_told(&e->status);
    if (gone || owner.generation != e->generation)
        kube_queue_add_news(&k->queue, buf_str(&key), k->now_ms);
    else
        kube_queue_add(&k->queue, buf_str(&key), k->now_ms);
    e->generation = gone ? 0 : owner.generation;
}

/* Whose name it has, or had: somebody may have taken it away, or given it back. */
static void poke_by_name(struct kube_keeper *k, size_t kind, const struct kube_object *object)
{
    for (size_t i = 0; i < k->n_entries; i++) {
        const struct str key = str_from(k->entries[i]->key);

        struct kept *kept;

        if (key.n <= object->scope.n || key.p[object->scope.n] != '/' ||
            !str_starts_with(key, object->scope) ||
            !(kept = find_kept(k->entries[i], kind, object->name)))
            continue;
        kube_applied_told(&kept->applied);
        kube_queue_add(&k->queue, key, k->now_ms);
    }
}

static bool is_our_kind(const struct kube_keeper *k, const struct kube_child *child)
{
    return strcmp(child->owner_api_version, k->settings.api_version) == 0 &&
           strcmp(child->owner_kind, k->settings.kind) == 0;
}

static void on_child(void *self, const struct kube_object *object, bool gone)
{
    const struct source *s = self;
    struct kube_keeper *k = s->keeper;
    CLEANUP(buf_release) struct buf key = { 0 };
    struct kube_child child;
    struct kept *kept;

    if (kube_child_read(object->json, &child, NULL) != ERR_OK || !is_our_kind(k, &child)) {
        poke_by_name(k, s->kind, object);
        return;
    }
    if (!make_key(&key, object->scope, str_from(child.owner_name)))
        return;
    kept = kube_keeper_kept(kube_keeper_entry(k, buf_str(&key)), s->kind, object->name);
    if (kept) {
        kept->seen = !gone;
        kube_applied_told(&kept->applied);
    }
    kube_queue_add(&k->queue, buf_str(&key), k->now_ms);
}

static void on_trouble(void *self, const char *message)
{
    const struct source *s = self;

    log_warn(s->keeper->log, "Failed to follow the API server resource=%.*s error=%s",
             STR_ARGS(s->target.collection.resource.plural), message);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void follow(struct source *s, kube_delta_fn *on_delta)
{
    const struct kube_reflector_settings settings = kube_reflector_defaults();

    s->informer =
        kube_informer_new(s->keeper->client, &s->target, &settings, on_delta, on_trouble, s);
}

struct kube_keeper *kube_keeper_new(struct kube_client *client,
                                    const struct kube_keeper_settings *settings,
                                    const struct kube_keeper_ops *ops, void *self, struct log *log)
{
    struct kube_keeper *k = mem_new(1, sizeof(*k));

    PRE(settings->n_kinds <= KUBE_KEEPER_KINDS_MAX);
    k->client = client;
    k->settings = *settings;
    k->ops = ops;
    k->self = self;
    k->log = log;
    k->prng.state = (uint64_t)(uintptr_t)k;
    k->json = kube_json_new();
    kube_queue_init(&k->queue, KUBE_KEEPER_BACKOFF_FIRST_MS, KUBE_KEEPER_BACKOFF_MAX_MS);
    k->owners = (struct source){ .keeper = k, .target.collection = settings->owners };
    follow(&k->owners, on_owner);
    for (size_t i = 0; i < settings->n_kinds; i++) {
        k->kinds[i] = (struct source){
            .keeper = k,
            .kind = i,
            .target.collection = { settings->kinds[i], settings->owners.scope, { 0 }, { 0 } },
            .target.selection = settings->children,
        };
        follow(&k->kinds[i], on_child);
    }
    return k;
}

void kube_keeper_free(struct kube_keeper *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < KUBE_KEEPER_PASSES_MAX; i++)
        kube_keeper_pass_cancel(&k->passes[i]);
    kube_informer_free(k->owners.informer);
    for (size_t i = 0; i < k->settings.n_kinds; i++)
        kube_informer_free(k->kinds[i].informer);
    for (size_t i = 0; i < k->n_entries; i++)
        entry_free(k->entries[i]);
    free(k->entries);
    kube_queue_release(&k->queue);
    kube_json_free(k->json);
    free(k);
}

void kube_keeper_set_served(struct kube_keeper *k, size_t kind, bool served)
{
    struct source *s = &k->kinds[kind];

    PRE(kind < k->settings.n_kinds);
    if (served == (s->informer != NULL))
        return;
    s->late = served;
    s->ready = false;
    if (served) {
        follow(s, on_child);
    } else {
        kube_informer_free(s->informer);
        s->informer = NULL;
    }
    kube_keeper_poke_all(k, k->now_ms);
}

void kube_keeper_check(struct kube_keeper *k)
{
    if (k->ops->may_act(k->self))
        return;
    k->acting = false;
    for (size_t i = 0; i < KUBE_KEEPER_PASSES_MAX; i++)
        kube_keeper_pass_cancel(&k->passes[i]);
}

static struct pass *idle_pass(struct kube_keeper *k)
{
    for (size_t i = 0; i < KUBE_KEEPER_PASSES_MAX; i++)
        if (!k->passes[i].busy)
            return &k->passes[i];
    return NULL;
}

/* Keys that nobody worked on when another was the leader are worked on now. */
static void begin_passes(struct kube_keeper *k)
{
    struct pass *p;
    struct str key;

    if (!k->acting) {
        k->acting = true;
        kube_keeper_poke_all(k, k->now_ms);
    }
    while ((p = idle_pass(k)) && kube_queue_take(&k->queue, k->now_ms, &key)) {
        p->keeper = k;
        kube_keeper_pass_begin(p, key);
    }
}

/* What was left out while the kind was not listed is made up for. */
static void step_kind(struct kube_keeper *k, struct source *s)
{
    if (!s->informer)
        return;
    kube_informer_step(s->informer, k->now_ms);
    if (s->ready || !kube_informer_is_synced(s->informer))
        return;
    s->ready = true;
    if (s->late)
        kube_keeper_poke_all(k, k->now_ms);
}

void kube_keeper_step(struct kube_keeper *k, int64_t now_ms)
{
    k->now_ms = now_ms;
    kube_informer_step(k->owners.informer, now_ms);
    for (size_t i = 0; i < k->settings.n_kinds; i++)
        step_kind(k, &k->kinds[i]);
    if (kube_keeper_is_synced(k) && k->ops->may_act(k->self))
        begin_passes(k);
}

int64_t kube_keeper_due_ms(const struct kube_keeper *k)
{
    int64_t due_ms = kube_informer_due_ms(k->owners.informer);
    int64_t other_ms;

    for (size_t i = 0; i < k->settings.n_kinds; i++)
        if (k->kinds[i].informer &&
            (other_ms = kube_informer_due_ms(k->kinds[i].informer)) < due_ms)
            due_ms = other_ms;
    if (!k->acting || !kube_keeper_is_synced(k)) /* what ends that makes a step, too */
        return due_ms;
    for (size_t i = 0; i < KUBE_KEEPER_PASSES_MAX; i++)
        if (!k->passes[i].busy && (other_ms = kube_queue_due_ms(&k->queue)) < due_ms)
            due_ms = other_ms;
    return due_ms;
}

bool kube_keeper_is_synced(const struct kube_keeper *k)
{
    if (!kube_informer_is_synced(k->owners.informer))
        return false;
    for (size_t i = 0; i < k->settings.n_kinds; i++)
        if (k->kinds[i].informer && !k->kinds[i].late &&
            !kube_informer_is_synced(k->kinds[i].informer))
            return false;
    return true;
}

bool kube_keeper_is_idle(const struct kube_keeper *k)
{
    for (size_t i = 0; i < KUBE_KEEPER_PASSES_MAX; i++)
        if (k->passes[i].busy)
            return false;
    return kube_queue_due_ms(&k->queue) > k->now_ms;
}

size_t kube_keeper_waiting(const struct kube_keeper *k)
{
    return k->queue.n;
}

const struct kube_cache *kube_keeper_owners(const struct kube_keeper *k)
{
    return kube_informer_cache(k->owners.informer);
}

const struct kube_cache *kube_keeper_children(const struct kube_keeper *k, size_t kind)
{
    const struct kube_informer *informer;

    PRE(kind < k->settings.n_kinds);
    informer = k->kinds[kind].informer;
    return informer && kube_informer_is_synced(informer) ? kube_informer_cache(informer) : NULL;
}

struct kube_keeper_counts kube_keeper_counts(const struct kube_keeper *k)
{
    return k->counts;
}
