#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kube_port.h"
#include "runtime/kube_client.h"

enum { RATE = 10, BURST = 20 };

struct stand {
    struct fake_kube_port port;
    struct kube_client *client;
    struct buf told; /* what callers were told, one after the other */
    struct stand *calls_again;
};

static void on_bytes(void *self, struct str bytes)
{
    struct stand *s = self;

    buf_print(&s->told, "<%.*s>", STR_ARGS(bytes));
}

static uint64_t call(struct stand *s);

static void on_done(void *self, const struct kube_answer *a)
{
    struct stand *s = self;

    buf_print(&s->told, "[%d %s %.*s]", a->status.http, a->good ? "good" : a->status.message,
              STR_ARGS(a->body));
    if (s->calls_again)
        call(s);
    s->calls_again = NULL;
}

static uint64_t call(struct stand *s)
{
    const struct kube_caller caller = { on_bytes, on_done, s };
    struct kube_request r = { 0 };
    uint64_t number;

    assert_true(kube_request_path(&r, "/version", "application/json"));
    number = kube_client_call(s->client, &r, &caller);
    kube_request_release(&r);
    return number;
}

static void set_up(struct stand *s)
{
    *s = (struct stand){ 0 };
    buf_init(&s->told, 100000);
    s->client = kube_client_new(fake_kube_port(&s->port), RATE, BURST, 0);
}

static void tear_down(struct stand *s)
{
    kube_client_free(s->client);
    assert_null(fake_kube_port_request(&s->port));
    fake_kube_port_release(&s->port);
    buf_release(&s->told);
}

static void assert_told(struct stand *s, const char *expected)
{
    if (!str_eq(buf_str(&s->told), str_from(expected)))
        fail_msg("told '%.*s', not '%s'", STR_ARGS(buf_str(&s->told)), expected);
    buf_clear(&s->told);
}

static void each_caller_gets_his_answer(void **state)
{
    struct stand s, other;
    (void)state;

    set_up(&s);
    set_up(&other);
    kube_client_free(other.client);
    other.client = s.client;
    assert_true(call(&s) != 0 && call(&other) != 0);
    kube_client_step(s.client, 0);
    fake_kube_port_answer_id(&s.port, 2, 200, "two");
    kube_client_step(s.client, 0);
    assert_told(&s, "");
    assert_told(&other, "[200 good two]");
    fake_kube_port_answer(&s.port, 404, "{\"kind\":\"Status\",\"message\":\"no\"}");
    kube_client_step(s.client, 0);
    assert_told(&s, "[404 no {\"kind\":\"Status\",\"message\":\"no\"}]");
    buf_release(&other.told);
    tear_down(&s);
}

static void a_watch_is_told_piece_by_piece_and_then_its_end(void **state)
{
    struct stand s;
    (void)state;

    set_up(&s);
    call(&s);
    kube_client_step(s.client, 0);
    fake_kube_port_say(&s.port, "a");
    fake_kube_port_say(&s.port, "b");
    fake_kube_port_lose(&s.port);
    kube_client_step(s.client, 0);
    assert_told(&s, "<a><b>[0 cut ]");
    tear_down(&s);
}

static void nobody_is_called_after_he_cancelled(void **state)
{
    struct stand s;
    uint64_t waiting, under_way;
    (void)state;

    set_up(&s);
    under_way = call(&s);
    kube_client_step(s.client, 0);
    fake_kube_port_answer(&s.port, 200, "late");
    kube_client_cancel(s.client, under_way);
    waiting = call(&s);
    kube_client_cancel(s.client, waiting);
    kube_client_cancel(s.client, waiting);
    kube_client_cancel(s.client, 0);
    kube_client_step(s.client, 0);
    assert_told(&s, "");
    assert_int_equal(s.port.n_started, 1);
    tear_down(&s);
}

static void who_is_called_may_call_again(void **state)
{
    struct stand s;
    (void)state;

    set_up(&s);
    s.calls_again = &s;
    call(&s);
    kube_client_step(s.client, 0);
    fake_kube_port_answer(&s.port, 200, "one");
    kube_client_step(s.client, 0);
    fake_kube_port_answer(&s.port, 200, "two");
    kube_client_step(s.client, 0);
    assert_told(&s, "[200 good one][200 good two]");
    tear_down(&s);
}

static void a_request_without_credentials_is_lost_and_says_why(void **state)
{
    struct stand s;
    (void)state;

    set_up(&s);
    s.port.refuse = "no token";
    call(&s);
    kube_client_step(s.client, 0);
    assert_told(&s, "[0 no token ]");
    tear_down(&s);
}

static void answer_all(struct stand *s, int64_t now_ms)
{
    for (size_t i = 0; i < FAKE_PORT_TRANSFERS_MAX; i++)
        if (s->port.ids[i] != 0)
            fake_kube_port_answer_id(&s->port, s->port.ids[i], 200, "");
    kube_client_step(s->client, now_ms);
}

static void no_more_requests_start_than_the_rate_allows(void **state)
{
    struct stand s;
    int64_t now_ms = 0;
    (void)state;

    set_up(&s);
    for (int i = 0; i < 60; i++)
        assert_true(call(&s) != 0);
    for (int i = 0; i < 50; i++)
        answer_all(&s, now_ms);
    assert_int_equal(s.port.n_started, BURST);
    assert_int_equal(kube_client_wait_ms(s.client, now_ms), 1000 / RATE);
    while (s.port.n_started < 60) {
        now_ms += 10;
        answer_all(&s, now_ms);
    }
    assert_int_equal(now_ms, (60 - BURST) * 1000 / RATE);
    answer_all(&s, now_ms);
    assert_int_equal(kube_client_wait_ms(s.client, now_ms), -1);
    tear_down(&s);
}

static void another_rate_holds_at_once(void **state)
{
    struct stand s;
    (void)state;

    set_up(&s);
    for (int i = 0; i < 60; i++)
        assert_true(call(&s) != 0);
    for (int i = 0; i < 50; i++)
        answer_all(&s, 0);
    assert_int_equal(s.port.n_started, BURST);
    kube_client_tune(s.client, 10 * RATE, BURST, 0);
    for (int i = 0; i < 60; i++)
        answer_all(&s, 1000 / RATE);
    assert_int_equal(s.port.n_started, BURST + 10);
    for (int i = 0; i < 60; i++)
        answer_all(&s, 10000);
    assert_int_equal(s.port.n_started, 2 * BURST + 10);
    tear_down(&s);
}

static void a_full_table_refuses_and_a_full_port_is_waited_for(void **state)
{
    struct stand s;
    (void)state;

    set_up(&s);
    for (int i = 0; i < KUBE_CALLS_MAX; i++)
        assert_true(call(&s) != 0);
    assert_int_equal(call(&s), 0);
    kube_client_step(s.client, 0);
    assert_int_equal(s.port.n_started, FAKE_PORT_TRANSFERS_MAX);
    assert_int_equal(kube_client_wait_ms(s.client, 0), -1); /* what ends will wake us */
    answer_all(&s, 0);
    assert_int_equal(s.port.n_started, 2 * FAKE_PORT_TRANSFERS_MAX);
    assert_true(call(&s) != 0);
    answer_all(&s, 0);
    kube_client_free(s.client);
    fake_kube_port_release(&s.port);
    buf_release(&s.told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_caller_gets_his_answer),
        cmocka_unit_test(a_watch_is_told_piece_by_piece_and_then_its_end),
        cmocka_unit_test(nobody_is_called_after_he_cancelled),
        cmocka_unit_test(who_is_called_may_call_again),
        cmocka_unit_test(a_request_without_credentials_is_lost_and_says_why),
        cmocka_unit_test(no_more_requests_start_than_the_rate_allows),
        cmocka_unit_test(another_rate_holds_at_once),
        cmocka_unit_test(a_full_table_refuses_and_a_full_port_is_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
