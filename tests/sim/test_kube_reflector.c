/*
 * A cache and a fake API server through every kind of trouble: answers lost and refused, watches
 * cut in the middle of a line, silent ones, history compacted away, a server that was restored from
 * a backup. Once trouble ends, the cache is what the server holds, and what was told adds up to it.
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

#include "codec/kube_json.h"
#include "core/kube_lines.h"
#include "fake_kube.h"
#include "seeds.h"

enum {
    RUNS = 150,
    STEPS = 1500,
    STEP_MS = 200,
    CALM_MS = 10 * 60 * 1000,
    TEXT_MAX = 1 << 20,
    SILENCE_MS = 150 * 1000,
};

struct run {
    struct prng prng;
    int64_t now_ms;
    struct fake_kube server;
    struct kube_reflector reflector;
    struct kube_json *json;
    unsigned trouble; /* of a thousand */

    bool watching, silent;
    int64_t told_version; /* up to where the server has told this watch */
    struct kube_lines lines;
    struct buf wire; /* said by the server, not yet arrived */
    bool ended;      /* this watch is of no more use */
    unsigned n_ended;

    int64_t known[FAKE_KUBE_NAMES]; /* what deltas add up to: uid, 0 for none */
};

static void take_delta(void *self, const struct kube_object *object, bool gone)
{
    struct run *r = self;
    const int name = object->name.p[0] - 'a';
    int64_t uid;

    assert_true(str_to_int64((struct str){ object->uid.p + 1, object->uid.n - 1 }, &uid));
    if (gone)
        assert_true(r->known[name] != 0);
    else
        assert_true(r->known[name] == 0 || r->known[name] == uid);
    r->known[name] = gone ? 0 : uid;
}

static bool strikes(struct run *r)
{
    return prng_chance(&r->prng, r->trouble);
}

static void fail_call(struct run *r)
{
    static const char *const bodies[] = {
        "",
        "{\"kind\":\"Status\",\"details\":{\"retryAfterSeconds\":2}}",
        "<html>",
        "{\"kind\":\"Status\",\"reason\":\"Forbidden\"}",
    };
    static const int codes[] = { 0, 429, 502, 403 };
    const size_t which = prng_below(&r->prng, ARRAY_SIZE(codes));
    struct kube_status status;

    if (codes[which] == 0)
        kube_status_set_lost(&status, "cut");
    else
        kube_json_status(codes[which], KUBE_RETRY_AFTER_NONE, str_from(bodies[which]), &status);
    kube_reflector_failed(&r->reflector, r->now_ms, prng_next(&r->prng), &status);
}

static void list(struct run *r, const struct kube_next *next)
{
    CLEANUP(buf_release) struct buf body;
    struct kube_page page;
    struct kube_status status;
    int code;

    buf_init(&body, TEXT_MAX);
    if (strikes(r)) {
        fail_call(r);
        return;
    }
    code = fake_kube_list(&r->server, next->limit, next->next, &body);
    if (code == 200) {
        assert_int_equal(kube_json_page(r->json, buf_str(&body), &page, NULL), ERR_OK);
        assert_int_equal(
            kube_reflector_listed(&r->reflector, r->now_ms, prng_next(&r->prng), &page, NULL),
            ERR_OK);
        return;
    }
    kube_json_status(code, KUBE_RETRY_AFTER_NONE, buf_str(&body), &status);
    kube_reflector_failed(&r->reflector, r->now_ms, prng_next(&r->prng), &status);
}

static void begin_watch(struct run *r, const struct kube_next *next)
{
    if (strikes(r)) {
        fail_call(r);
        return;
    }
    r->watching = true;
    r->silent = r->ended = false;
    assert_true(str_to_int64(next->resource_version, &r->told_version));
    kube_lines_release(&r->lines);
    kube_lines_init(&r->lines, KUBE_LINE_MAX);
    buf_clear(&r->wire);
}

static bool take_line(void *self, struct str line)
{
    struct run *r = self;
    struct kube_watch_event event;

    assert_int_equal(kube_json_watch(r->json, line, &event, NULL), ERR_OK);
    r->ended =
        kube_reflector_event(&r->reflector, r->now_ms, prng_next(&r->prng), &event, NULL) != ERR_OK;
    return !r->ended;
}

static void deliver(struct run *r)
{
    const size_t n = prng_below(&r->prng, r->wire.n + 1);

    if (n == 0)
        return;
    kube_reflector_heard(&r->reflector, r->now_ms);
    assert_int_equal(kube_lines_take(&r->lines, (struct str){ r->wire.p, n }, take_line, r, NULL),
                     ERR_OK);
    buf_consume(&r->wire, n);
    r->watching = !r->ended;
}

static void watch(struct run *r)
{
    if (strikes(r)) { /* cut, wherever it is */
        r->watching = false;
        fail_call(r);
        return;
    }
    if (prng_chance(&r->prng, 2)) { /* over, as watches are */
        r->watching = false;
        kube_reflector_ended(&r->reflector, r->now_ms, prng_next(&r->prng));
        return;
    }
    r->silent = r->silent || prng_chance(&r->prng, r->trouble / 8);
    if (!r->silent) {
        fake_kube_watch(&r->server, &r->told_version, r->now_ms % 60000 < STEP_MS, &r->wire);
        deliver(r);
    } else if (r->now_ms >= kube_reflector_silent_at_ms(&r->reflector)) {
        r->watching = false;
        fail_call(r);
    }
}

static void step(struct run *r)
{
    struct kube_next next;

    r->now_ms += STEP_MS;
    if (r->watching) {
        watch(r);
        return;
    }
    kube_reflector_next(&r->reflector, r->now_ms, prng_next(&r->prng), &next);
    if (next.ask == KUBE_ASK_LIST)
        list(r, &next);
    else if (next.ask == KUBE_ASK_WATCH)
        begin_watch(r, &next);
}

static bool agrees(const struct run *r)
{
    size_t n = 0;

    for (int i = 0; i < FAKE_KUBE_NAMES; i++) {
        const char name = (char)('a' + i);
        struct kube_object o;
        int64_t version = 0;
        const bool found =
            kube_cache_find(&r->reflector.cache, STR_LITERAL("ns"), (struct str){ &name, 1 }, &o);

        if (found)
            assert_true(str_to_int64(o.resource_version, &version));
        if (version != r->server.object_version[i])
            return false;
        if (found && r->known[i] != r->server.uid[i])
            return false;
        n += found;
    }
    return n == r->reflector.cache.n;
}

static void make_trouble(struct run *r)
{
    if (prng_chance(&r->prng, 300) && r->server.n_history < FAKE_KUBE_HISTORY - 1)
        fake_kube_change(&r->server, &r->prng);
    if (strikes(r) && prng_chance(&r->prng, 300))
        fake_kube_compact(&r->server);
}

static void run_seed(uint64_t seed)
{
    struct run *r = calloc(1, sizeof(*r));
    struct kube_reflector_settings settings = kube_reflector_defaults();
    const int64_t calm_from_ms = STEPS * STEP_MS;

    r->prng.state = seed;
    r->trouble = 5u << seed % 5;
    r->json = kube_json_new();
    settings.page_limit = 1 + (unsigned)(seed % 5);
    settings.silence_max_ms = SILENCE_MS;
    fake_kube_init(&r->server);
    buf_init(&r->wire, TEXT_MAX);
    kube_reflector_init(&r->reflector, &settings, take_delta, r);
    for (int i = 0; i < STEPS; i++) {
        make_trouble(r);
        step(r);
        /* A restore hides its changes from a watch that has told of them already: the server that
         * is restored is another process, and its watches end. */
        if (seed % 3 == 0 && strikes(r) && prng_chance(&r->prng, 100)) {
            fake_kube_roll_back(&r->server, 40);
            if (r->watching) {
                r->watching = false;
                fail_call(r);
            }
        }
    }
    r->trouble = 0;
    while (!agrees(r) && r->now_ms < calm_from_ms + CALM_MS)
        step(r);
    if (!agrees(r) || !r->reflector.synced)
        fail_msg("SIM_SEED=%llu: the cache is not what the server holds", (unsigned long long)seed);
    kube_reflector_release(&r->reflector);
    kube_lines_release(&r->lines);
    buf_release(&r->wire);
    kube_json_free(r->json);
    free(r);
}

static void the_cache_is_what_the_server_holds_once_trouble_ends(void **state)
{
    uint64_t seed;
    (void)state;

    for (struct seeds s = seeds_of(RUNS); seeds_next(&s, &seed);)
        run_seed(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cache_is_what_the_server_holds_once_trouble_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
