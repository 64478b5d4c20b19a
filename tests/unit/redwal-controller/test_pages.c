#include "pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"
#include "cli/applier_options.h"
#include "fake_api.h"
#include "idle_port.h"
#include "runtime/clock.h"
#include "runtime/controller_metrics.h"

enum { ANSWER_MAX_BYTES = CONTROLLER_METRICS_MAX_BYTES, SECOND_MS = 1000, MINUTE_MS = 60 * 1000 };

static unsigned ask(struct pages *p, const char *path, bool verbose, struct buf *body)
{
    const struct http_request request = { .verbose = verbose };
    struct http_answer answer = { 0 };
    struct http_page pages[PAGES_COUNT];
    unsigned status = 404;

    buf_release(body);
    buf_init(&answer.body, ANSWER_MAX_BYTES);
    pages_list(p, pages);
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
        if (strcmp(pages[i].path, path) == 0)
            status = pages[i].render(pages[i].self, &request, &answer);
    *body = answer.body;
    return status;
}

static unsigned get(struct pages *p, const char *path, struct buf *body)
{
    return ask(p, path, false, body);
}

static void be_silent_for(struct pages *p, int64_t silent_ms)
{
    heartbeat_beat(&p->heartbeat, clock_monotonic_ms() - silent_ms);
}

static void a_loop_that_turns_is_alive_and_a_silent_one_is_not(void **state)
{
    CLEANUP(pages_release) struct pages p;
    CLEANUP(buf_release) struct buf body = { 0 };
    (void)state;

    pages_init(&p);
    assert_int_equal(get(&p, "/livez", &body), 200);
    assert_true(str_eq(buf_str(&body), STR_LITERAL("alive\n")));

    be_silent_for(&p, HEARTBEAT_SILENCE_MAX_MS / 2);
    assert_int_equal(get(&p, "/livez", &body), 200);
    be_silent_for(&p, HEARTBEAT_SILENCE_MAX_MS + 1);
    assert_int_equal(get(&p, "/livez", &body), 503);
    assert_true(str_starts_with(buf_str(&body),
                                STR_LITERAL("not alive: the main loop has not turned for ")));

    p.written_ms = 0;
    pages_update(&p, NULL, 1); /* too soon to write anything */
    assert_int_equal(get(&p, "/livez", &body), 200);
}

static int64_t now_ms;

static int64_t now(void)
{
    return now_ms;
}

static struct wal_reconciler *follow(struct fake_api_link *link)
{
    const struct wal_reconciler_settings settings = {
        .options = applier_options(),
        .image = "redis-applier:test",
        .lease_scope = STR_LITERAL("ns"),
        .lease_name = STR_LITERAL("lock"),
        .lease = { .identity = "a",
                   .duration_ms = 15 * SECOND_MS,
                   .renew_deadline_ms = 10 * SECOND_MS,
                   .retry_ms = 2 * SECOND_MS },
        .look_interval_ms = 10 * SECOND_MS,
        .requests_per_second = 100,
        .requests_burst = 100,
    };
    const struct wal_reconciler_ports ports = { .kube = fake_api_port(link),
                                                .redis = idle_port_redis(),
                                                .log_observer = idle_port_log(),
                                                .mirror = idle_port_mirror(),
                                                .now_ms = now,
                                                .wall_ms = now };

    return wal_reconciler_new(&settings, &ports);
}

/* And then it is told on the pages. */
static void run(struct wal_reconciler *r, struct fake_api *api, struct pages *p)
{
    for (const int64_t end_ms = now_ms + MINUTE_MS; now_ms < end_ms; now_ms += SECOND_MS / 10) {
        wal_reconciler_step(r);
        fake_api_step(api, now_ms);
    }
    pages_update(p, r, now_ms);
}

static void says(struct pages *p, const char *path, unsigned status, const char *what)
{
    CLEANUP(buf_release) struct buf body = { 0 };

    assert_int_equal(ask(p, path, true, &body), status);
    if (!str_contains(buf_str(&body), str_from(what)))
        fail_msg("no %s in %.*s", what, STR_ARGS(buf_str(&body)));
}

static void it_is_ready_once_everything_was_listed_and_says_what_lacks(void **state)
{
    struct fake_api *api = mem_new(1, sizeof(*api));
    CLEANUP(pages_release) struct pages p;
    CLEANUP(buf_release) struct buf body = { 0 };
    struct fake_api_link *link;
    struct wal_reconciler *r;
    (void)state;

    now_ms = MINUTE_MS;
    fake_api_init(api, 1, "\"labels\"");
    link = fake_api_link_add(api);
    link->refused = "/configmaps";
    r = follow(link);
    pages_init(&p);
    assert_int_equal(get(&p, "/readyz", &body), 503);
    run(r, api, &p);
    assert_int_equal(get(&p, "/readyz", &body), 503);
    assert_true(str_eq(buf_str(&body), STR_LITERAL("not ready, see /readyz?verbose\n")));
    says(&p, "/readyz", 503, "[-] api-server not everything that is followed was listed yet");
    says(&p, "/readyz", 503, "\nnot ready\n");
    says(&p, "/metrics", 200, "\nredwal_controller_synced 0\n");

    link->refused = NULL;
    run(r, api, &p);
    assert_int_equal(get(&p, "/readyz", &body), 200);
    assert_true(str_eq(buf_str(&body), STR_LITERAL("ready\n")));
    says(&p, "/readyz", 200, "[+] api-server everything that is followed was listed\n");
    says(&p, "/readyz", 200, "[+] lease ours\n");
    says(&p, "/metrics", 200, "\nredwal_controller_synced 1\n");
    wal_reconciler_free(r);
    fake_api_release(api);
    free(api);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_that_turns_is_alive_and_a_silent_one_is_not),
        cmocka_unit_test(it_is_ready_once_everything_was_listed_and_says_what_lacks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
