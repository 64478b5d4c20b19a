/*
 * Two processes that keep the children of owners, over one API server on which requests are late,
 * lost and refused, watches are cut and their history is forgotten, permissions are taken away and
 * the processes stand still or begin anew; while users change everything. At any time:
 *
 *   - only one of the processes sends writes, and only while it holds the lease;
 *   - nothing that belongs to somebody else is written or deleted;
 *
 * and once trouble ends everything is as the owners want it, and then nothing is written any more.
 *
 *   SIM_SEED, SIM_RUNS: see seeds.h
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <yyjson.h>

#include "base/check.h"
#include "fake_api.h"
#include "fake_api_object.h"
#include "runtime/kube_elector.h"
#include "runtime/kube_keeper.h"
#include "seeds.h"

#define OWNERS "/apis/lab.example/v1/things"
#define MAPS   "/api/v1/configmaps"
#define SETS   "/apis/apps/v1/deployments"
#define LABEL  "\"kept-by\":\"sim\""
#define SCOPE  "ns"

enum {
    SEEDS = 40,
    REPLICAS = 2,
    N_OWNERS = 4,
    TEXTS = 5, /* of an owner; the last is one that nobody can follow */
    MAPS_MAX = 3,
    STEP_MAX_MS = 500,
    MINUTE_MS = 60 * 1000,
    ROUGH_MS = 20 * MINUTE_MS,
    CALM_MS = 20 * MINUTE_MS, /* longer than any backoff, contest and lease together */
    QUIET_MS = 30 * MINUTE_MS,
};

#define TEXT(s)                                                                                    \
    {                                                                                              \
        s, sizeof(s) - 1                                                                           \
    }
static const struct kube_resource kinds[] = {
    { TEXT(""), TEXT("v1"), TEXT("configmaps") },
    { TEXT("apps"), TEXT("v1"), TEXT("deployments") },
};

struct world;

struct replica {
    struct world *world;
    char name[16];
    struct fake_api_link *link;
    struct kube_client *client;
    struct kube_elector *elector;
    struct kube_keeper *keeper;
    int64_t paused_until_ms;
    unsigned n_writes; /* of the keeper */
};

struct world {
    struct fake_api *api;
    struct prng prng;
    int64_t now_ms;
    unsigned n_starts;
    struct replica replicas[REPLICAS];
};

/* --- what an owner wants ---------------------------------------------------------------------- */

struct wishes {
    int64_t n;
    char text[64];
};

static struct wishes wishes_of(struct str json)
{
    yyjson_doc *doc = yyjson_read(json.p, json.n, 0);
    yyjson_val *spec = yyjson_obj_get(yyjson_doc_get_root(doc), "spec");
    struct wishes w = { yyjson_get_sint(yyjson_obj_get(spec, "n")), "" };

    snprintf(w.text, sizeof(w.text), "%s", yyjson_get_str(yyjson_obj_get(spec, "text")));
    yyjson_doc_free(doc);
    return w;
}

static bool is_unclear(const struct wishes *w)
{
    return strcmp(w->text, "text-4") == 0;
}

static void print_child(struct buf *out, const char *kind, struct str owner, struct str uid,
                        const char *name, const char *text)
{
    buf_print(out,
              "{\"kind\":\"%s\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\",\"namespace\":"
              "\"" SCOPE "\",\"labels\":{" LABEL "},\"ownerReferences\":[{\"apiVersion\":"
              "\"lab.example/v1\",\"kind\":\"Thing\",\"name\":\"%.*s\",\"uid\":\"%.*s\","
              "\"controller\":true}]},\"data\":{\"text\":\"%s\",\"cpu\":\"half\"}}",
              kind, name, STR_ARGS(owner), STR_ARGS(uid), text);
}

static enum err_code add_child(struct kube_wishes *ret, size_t kind, const struct kube_object *o,
                               const char *name, const char *text, struct err *err)
{
    CLEANUP(buf_release) struct buf body = { 0 };

    buf_init(&body, KUBE_BODY_MAX);
    print_child(&body, kind == 0 ? "ConfigMap" : "Deployment", o->name, o->uid, name, text);
    return kube_wishes_add(ret, kind, str_from(name), buf_str(&body), err);
}

static enum err_code wants(void *self, const struct kube_object *owner, struct kube_wishes *ret,
                           struct err *err)
{
    const struct wishes w = wishes_of(owner->json);
    char name[64];

    (void)self;
    if (is_unclear(&w))
        return err_set(err, ERR_INVALID, "nobody can follow that");
    for (int i = 0; i < w.n; i++) {
        snprintf(name, sizeof(name), "%.*s-%d", STR_ARGS(owner->name), i);
        if (add_child(ret, 0, owner, name, w.text, err) != ERR_OK)
            return err->code;
    }
    snprintf(name, sizeof(name), "%.*s", STR_ARGS(owner->name));
    return add_child(ret, 1, owner, name, w.text, err);
}

static bool status(void *self, const struct kube_object *owner, const struct kube_report *report,
                   struct buf *ret_status)
{
    const struct wishes w = wishes_of(owner->json);
    unsigned n[KUBE_OUTCOME_FAILED + 1] = { 0 };

    (void)self;
    for (size_t i = 0; i < report->wishes->n; i++)
        n[report->outcomes[i].type]++;
    buf_print(ret_status, "{\"text\":\"%s\",\"unclear\":%s,\"kept\":%u,\"taken\":%u}", w.text,
              report->unclear ? "true" : "false", n[KUBE_OUTCOME_KEPT], n[KUBE_OUTCOME_TAKEN]);
    return true;
}

static void told(void *self, const struct kube_object *owner)
{
    (void)self;
    (void)owner;
}

static void gone(void *self, struct str scope, struct str name)
{
    (void)self;
    (void)scope;
    (void)name;
}

static bool may_act(void *self)
{
    const struct replica *r = self;

    return kube_elector_may_act(r->elector, r->world->now_ms);
}

/* --- processes -------------------------------------------------------------------------------- */

static void on_write(void *self, const struct kube_request *request)
{
    struct replica *r = self;
    struct world *w = r->world;

    if (str_starts_with(buf_str(&request->target), STR_LITERAL("/apis/coordination")))
        return;
    r->n_writes++;
    assert_true(may_act(r));
    for (size_t i = 0; i < REPLICAS; i++)
        assert_true(&w->replicas[i] == r || !may_act(&w->replicas[i]));
}

static void stop(struct replica *r)
{
    kube_keeper_free(r->keeper);
    kube_elector_free(r->elector);
    kube_client_free(r->client);
}

static void begin(struct replica *r)
{
    static const struct kube_keeper_ops ops = { wants, status, told, gone, may_act };
    const struct kube_keeper_settings settings = {
        .owners = { { STR_LITERAL("lab.example"), STR_LITERAL("v1"), STR_LITERAL("things") },
                    { 0 },
                    { 0 },
                    { 0 } },
        .api_version = "lab.example/v1",
        .kind = "Thing",
        .kinds = kinds,
        .n_kinds = ARRAY_SIZE(kinds),
        .children = { STR_LITERAL("kept-by=sim"), { 0 } },
        .field_manager = STR_LITERAL("sim"),
    };
    struct kube_lease_settings lease = { .duration_ms = 15000,
                                         .renew_deadline_ms = 10000,
                                         .retry_ms = 2000 };

    snprintf(lease.identity, sizeof(lease.identity), "%s-%u", r->name, r->world->n_starts++);
    r->client = kube_client_new(fake_api_port(r->link), 50, 100, r->world->now_ms);
    r->elector = kube_elector_new(r->client, STR_LITERAL(SCOPE), STR_LITERAL("lock"), &lease);
    r->keeper = kube_keeper_new(r->client, &settings, &ops, r, NULL);
}

static void step_replica(struct replica *r)
{
    const int64_t now_ms = r->world->now_ms;

    if (now_ms < r->paused_until_ms)
        return;
    kube_keeper_check(r->keeper);
    kube_client_step(r->client, now_ms);
    kube_elector_step(r->elector, now_ms, now_ms);
    kube_keeper_step(r->keeper, now_ms);
    kube_client_step(r->client, now_ms);
}

static void step(struct world *w)
{
    int64_t due_ms = fake_api_due_ms(w->api);

    if (due_ms > w->now_ms + STEP_MAX_MS)
        due_ms = w->now_ms + STEP_MAX_MS;
    w->now_ms = due_ms > w->now_ms ? due_ms : w->now_ms + 1;
    fake_api_step(w->api, w->now_ms);
    for (size_t i = 0; i < REPLICAS; i++)
        step_replica(&w->replicas[i]);
    assert_int_equal(w->api->n_trespasses, 0);
}

/* --- users ------------------------------------------------------------------------------------ */

static const char *name_of(struct world *w, char *name)
{
    snprintf(name, 16, "%c", 'a' + (int)prng_below(&w->prng, N_OWNERS));
    return name;
}

static void put_owner(struct world *w, const char *name)
{
    const int number = (int)prng_below(&w->prng, TEXTS);
    const int n = (int)prng_below(&w->prng, MAPS_MAX + 1);
    char text[400];

    snprintf(text, sizeof(text),
             "{\"kind\":\"Thing\",\"apiVersion\":\"lab.example/v1\",\"metadata\":{\"name\":\"%s\","
             "\"namespace\":\"" SCOPE "\"},\"spec\":{\"n\":%d,\"text\":\"text-%d\"}}",
             name, n, number);
    fake_api_put(w->api, OWNERS, SCOPE, name, text);
}

static struct fake_api_object *any_child(struct world *w)
{
    const size_t from = prng_below(&w->prng, FAKE_API_OBJECTS_MAX);

    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++) {
        struct fake_api_object *o = &w->api->objects[(from + i) % FAKE_API_OBJECTS_MAX];

        if (o->text && (strcmp(o->collection, MAPS) == 0 || strcmp(o->collection, SETS) == 0))
            return o;
    }
    return NULL;
}

/* Replaces the first `what` in the child's text. */
static void edit(struct world *w, const struct fake_api_object *o, const char *what, const char *by)
{
    char text[1200];
    const char *at = strstr(o->text, what);
    char collection[64], name[64];

    if (!at)
        return;
    snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - o->text), o->text, by, at + strlen(what));
    snprintf(collection, sizeof(collection), "%s", o->collection);
    snprintf(name, sizeof(name), "%s", o->name);
    fake_api_put(w->api, collection, SCOPE, name, text);
}

static void put_stranger(struct world *w)
{
    char name[32], text[300];

    snprintf(name, sizeof(name), "%c-%d", 'a' + (int)prng_below(&w->prng, N_OWNERS),
             (int)prng_below(&w->prng, MAPS_MAX));
    if (fake_api_find(w->api, MAPS, SCOPE, name))
        return;
    snprintf(text, sizeof(text),
             "{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"" SCOPE
             "\",\"labels\":{%s}},\"data\":{\"text\":\"theirs\"}}",
             name, prng_chance(&w->prng, 300) ? LABEL : "");
    fake_api_put(w->api, MAPS, SCOPE, name, text);
}

static void meddle(struct world *w)
{
    struct fake_api_object *o = any_child(w);
    char name[16];

    switch (prng_below(&w->prng, 9)) {
    case 0:
    case 1:
        put_owner(w, name_of(w, name));
        return;
    case 2:
        o = fake_api_find(w->api, OWNERS, SCOPE, name_of(w, name));
        if (o)
            fake_api_delete(w->api, o);
        return;
    case 3:
        if (o)
            fake_api_delete(w->api, o);
        return;
    case 4:
        if (o)
            edit(w, o, "\"text\":\"", "\"text\":\"drifted-");
        return;
    case 5:
        if (o)
            edit(w, o, LABEL, "\"x\":\"y\"");
        return;
    case 6:
        if (o)
            edit(w, o, "\"redwal.dev/applied\":\"", "\"redwal.dev/applied\":\"0");
        return;
    case 7:
        put_stranger(w);
        return;
    default:
        fake_api_collect_garbage(w->api);
        return;
    }
}

static void disturb(struct world *w)
{
    struct replica *r = &w->replicas[prng_below(&w->prng, REPLICAS)];

    switch (prng_below(&w->prng, 6)) {
    case 0:
        r->paused_until_ms = w->now_ms + (int64_t)prng_below(&w->prng, 40 * 1000);
        return;
    case 1:
        r->link->down = !r->link->down;
        return;
    case 2:
        r->link->forbidden = !r->link->forbidden;
        return;
    case 3:
        fake_api_compact(w->api);
        return;
    case 4:
        stop(r);
        begin(r);
        return;
    default:
        r->link->trouble = (unsigned)prng_below(&w->prng, 150);
        return;
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

static bool is_ours(const struct fake_api_object *child, const struct fake_api_object *owner)
{
    return fake_object_owner(child->text) == owner->uid;
}

/* Counts the child as kept or taken; false: it is not as it should be. */
static bool check_child(struct world *w, const char *collection, const char *name,
                        const struct fake_api_object *owner, const char *text, unsigned *kept,
                        unsigned *taken)
{
    const struct fake_api_object *child = fake_api_find(w->api, collection, SCOPE, name);
    char data[100];

    if (!child)
        return false;
    if (!is_ours(child, owner)) {
        ++*taken;
        return true;
    }
    ++*kept;
    snprintf(data, sizeof(data), "\"data\":{\"text\":\"%s\",\"cpu\":\"500m\"}", text);
    return strstr(child->text, data) && strstr(child->text, LABEL);
}

/* What lost its label and then is no longer wanted nobody sees; it goes with its owner. */
static size_t count_children(const struct world *w, const struct fake_api_object *owner)
{
    size_t n = 0;

    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++)
        n += w->api->objects[i].text && strstr(w->api->objects[i].text, LABEL) &&
             is_ours(&w->api->objects[i], owner);
    return n;
}

static bool check_owner(struct world *w, const struct fake_api_object *owner)
{
    const struct wishes wish = wishes_of(str_from(owner->text));
    unsigned kept = 0, taken = 0;
    char expected[200], name[64];

    if (!is_unclear(&wish)) {
        if (!check_child(w, SETS, owner->name, owner, wish.text, &kept, &taken))
            return false;
        for (int i = 0; i < wish.n; i++) {
            snprintf(name, sizeof(name), "%s-%d", owner->name, i);
            if (!check_child(w, MAPS, name, owner, wish.text, &kept, &taken))
                return false;
        }
        if (count_children(w, owner) != kept)
            return false;
    }
    snprintf(expected, sizeof(expected),
             "\"status\":{\"text\":\"%s\",\"unclear\":%s,\"kept\":%u,\"taken\":%u}", wish.text,
             is_unclear(&wish) ? "true" : "false", kept, taken);
    return strstr(owner->text, expected) != NULL;
}

static const char *what_is_wrong(struct world *w)
{
    static char why[1200];

    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++) {
        const struct fake_api_object *o = &w->api->objects[i];

        if (o->text && strcmp(o->collection, OWNERS) == 0 && !check_owner(w, o)) {
            snprintf(why, sizeof(why), "%s", o->text);
            return why;
        }
    }
    return NULL;
}

static void run_for(struct world *w, int64_t duration_ms, unsigned meddling)
{
    const int64_t end_ms = w->now_ms + duration_ms;

    while (w->now_ms < end_ms) {
        if (prng_chance(&w->prng, meddling))
            meddle(w);
        if (prng_chance(&w->prng, meddling / 4))
            disturb(w);
        step(w);
    }
}

static unsigned writes(const struct world *w)
{
    unsigned n = 0;

    for (size_t i = 0; i < REPLICAS; i++)
        n += w->replicas[i].n_writes;
    return n;
}

/* A process that begins anew finds everything as it should be. */
static void restart_all(struct world *w)
{
    for (size_t i = 0; i < REPLICAS; i++) {
        stop(&w->replicas[i]);
        begin(&w->replicas[i]);
    }
}

static void set_up(struct world *w, uint64_t seed)
{
    *w = (struct world){ .api = calloc(1, sizeof(*w->api)), .prng = { seed }, .now_ms = 1000 };
    fake_api_init(w->api, seed, LABEL);
    for (size_t i = 0; i < REPLICAS; i++) {
        struct replica *r = &w->replicas[i];

        r->world = w;
        snprintf(r->name, sizeof(r->name), "r%zu", i);
        r->link = fake_api_link_add(w->api);
        r->link->on_write = on_write;
        r->link->self = r;
        begin(r);
    }
}

static void calm_down(struct world *w)
{
    for (size_t i = 0; i < REPLICAS; i++) {
        w->replicas[i].link->trouble = 0;
        w->replicas[i].link->down = w->replicas[i].link->forbidden = false;
    }
    for (int i = 0; i < CALM_MS / MINUTE_MS; i++) {
        run_for(w, MINUTE_MS, 0);
        fake_api_collect_garbage(w->api);
    }
}

static void run_seed(uint64_t seed)
{
    struct world w;
    const char *wrong;
    unsigned before;
    uint64_t idle_before;

    set_up(&w, seed);
    run_for(&w, ROUGH_MS, 10 + (unsigned)(seed % 4) * 20);
    calm_down(&w);
    wrong = what_is_wrong(&w);
    if (wrong)
        fail_msg("SIM_SEED=%llu: not as it should be: %s", (unsigned long long)seed, wrong);
    before = writes(&w);
    run_for(&w, QUIET_MS, 0);
    if (writes(&w) != before)
        fail_msg("SIM_SEED=%llu: writes, and nothing had changed", (unsigned long long)seed);
    idle_before = w.api->n_idle;
    restart_all(&w);
    run_for(&w, CALM_MS, 0);
    /* What the server spells in another way is written once more; it makes no difference there. */
    assert_true(writes(&w) - before <= N_OWNERS * (MAPS_MAX + 1));
    assert_true(writes(&w) - before == w.api->n_idle - idle_before);
    for (size_t i = 0; i < REPLICAS; i++)
        stop(&w.replicas[i]);
    fake_api_release(w.api);
    free(w.api);
}

static void owners_get_what_they_want_once_trouble_ends_and_then_nothing_is_written(void **state)
{
    uint64_t seed;
    (void)state;

    for (struct seeds s = seeds_of(SEEDS); seeds_next(&s, &seed);)
        run_seed(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owners_get_what_they_want_once_trouble_ends_and_then_nothing_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
