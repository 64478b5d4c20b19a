#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kube_port.h"
#include "runtime/kube_elector.h"
#include "runtime/kube_informer.h"
#include "runtime/kube_recorder.h"

#define LIST(items)                                                                                \
    "{\"kind\":\"XList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"5\"},"          \
    "\"items\":[" items "]}"
#define OBJECT(name, version)                                                                      \
    "{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" version "\"}}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define LEASE(holder)                                                                              \
    "{\"kind\":\"Lease\",\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"holderIdentity\":"   \
    "\"" holder "\",\"leaseDurationSeconds\":15}}"

static const struct kube_informer_target target = {
    .collection = { .resource = { { 0 }, { "v1", 2 }, { "xs", 2 } } }
};

struct stand {
    struct fake_kube_port port;
    struct kube_client *client;
    struct kube_informer *informer;
    struct buf told;
};

static void tell(void *self, const struct kube_object *o, bool gone)
{
    struct stand *s = self;

    buf_print(&s->told, "%c%.*s ", gone ? '-' : '+', STR_ARGS(o->name));
}

static void tell_trouble(void *self, const char *message)
{
    struct stand *s = self;

    buf_print(&s->told, "!%s ", message);
}

static void set_up(struct stand *s)
{
    *s = (struct stand){ 0 };
    buf_init(&s->told, 10000);
    s->client = kube_client_new(fake_kube_port(&s->port), 1000, 1000, 0);
}

static void tear_down(struct stand *s)
{
    kube_informer_free(s->informer);
    kube_client_free(s->client);
    assert_null(fake_kube_port_request(&s->port));
    fake_kube_port_release(&s->port);
    buf_release(&s->told);
}

static void step(struct stand *s, int64_t now_ms)
{
    kube_client_step(s->client, now_ms);
    kube_informer_step(s->informer, now_ms);
    kube_client_step(s->client, now_ms);
}

static void assert_told(struct stand *s, const char *expected)
{
    if (!str_eq(buf_str(&s->told), str_from(expected)))
        fail_msg("told '%.*s', not '%s'", STR_ARGS(buf_str(&s->told)), expected);
    buf_clear(&s->told);
}

static void assert_asks(const struct stand *s, const char *word)
{
    const struct kube_request *r = fake_kube_port_request(&s->port);
    char text[KUBE_TARGET_MAX + 1];

    assert_non_null(r);
    snprintf(text, sizeof(text), "%.*s", STR_ARGS(buf_str(&r->target)));
    if (!strstr(text, word))
        fail_msg("asks %s", text);
}

static void start_watching(struct stand *s)
{
    const struct kube_reflector_settings settings = kube_reflector_defaults();

    set_up(s);
    s->informer = kube_informer_new(s->client, &target, &settings, tell, tell_trouble, s);
    step(s, 0);
    assert_asks(s, "limit=500");
    assert_false(kube_informer_is_synced(s->informer));
    fake_kube_port_answer(&s->port, 200, LIST(OBJECT("a", "1")));
    step(s, 0);
    assert_told(s, "+a ");
    assert_true(kube_informer_is_synced(s->informer));
    assert_asks(s, "resourceVersion=5");
}

static void a_cache_follows_a_list_and_a_watch_in_pieces(void **state)
{
    struct stand s;
    (void)state;

    start_watching(&s);
    fake_kube_port_say(&s.port, EVENT("ADDED", OBJECT("b", "6")) "{\"type\":\"DELE");
    fake_kube_port_say(&s.port, "TED\",\"object\":" OBJECT("a", "7") "}\n");
    step(&s, 1000);
    assert_told(&s, "+b -a ");
    assert_int_equal(kube_informer_cache(s.informer)->n, 1);
    fake_kube_port_answer(&s.port, 200, "");
    step(&s, 2000);
    assert_asks(&s, "resourceVersion=7");
    assert_told(&s, "");
    tear_down(&s);
}

/* What a watch says that it should not; what follows, and that it is waited for. */
static void a_broken_watch_is_ended_and_begun_again(void **state)
{
    static const struct {
        const char *says, *told, *asks;
    } rows[] = {
        { "{}\n" EVENT("ADDED", OBJECT("b", "6")),
          "!no answer from the API server: a watch event of no known type, or "
          "without its object ",
          "resourceVersion=5" },
        { EVENT("ERROR",
                "{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\",\"message\":\"old\"}")
              EVENT("ADDED", OBJECT("b", "6")),
          "!the API server says 410 Expired: old ", "limit=500" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct stand s;

        start_watching(&s);
        fake_kube_port_say(&s.port, rows[i].says);
        fake_kube_port_say(&s.port, EVENT("ADDED", OBJECT("c", "7")));
        step(&s, 1000);
        assert_told(&s, rows[i].told);
        assert_null(fake_kube_port_request(&s.port));
        assert_true(kube_informer_due_ms(s.informer) > 1000);
        step(&s, kube_informer_due_ms(s.informer));
        assert_asks(&s, rows[i].asks);
        tear_down(&s);
    }
}

static void a_silent_watch_is_ended_but_not_one_that_was_heard(void **state)
{
    struct stand s;
    (void)state;

    start_watching(&s);
    assert_int_equal(kube_informer_due_ms(s.informer), 150000);
    fake_kube_port_say(&s.port, "{");
    step(&s, 149999);
    step(&s, 150000);
    assert_non_null(fake_kube_port_request(&s.port));
    step(&s, 299999);
    assert_told(&s, "!no answer from the API server: the watch is silent ");
    assert_null(fake_kube_port_request(&s.port));
    step(&s, 400000);
    /* What was begun there is not put before what comes now. */
    fake_kube_port_say(&s.port, EVENT("ADDED", OBJECT("b", "6")));
    step(&s, 400000);
    assert_told(&s, "+b ");
    tear_down(&s);
}

static void a_list_that_is_none_is_asked_for_again(void **state)
{
    const struct kube_reflector_settings settings = kube_reflector_defaults();
    struct stand s;
    (void)state;

    set_up(&s);
    s.informer = kube_informer_new(s.client, &target, &settings, tell, tell_trouble, &s);
    step(&s, 0);
    fake_kube_port_answer(&s.port, 200, "[]");
    step(&s, 0);
    assert_told(&s, "!no answer from the API server: not a JSON object ");
    step(&s, kube_informer_due_ms(s.informer));
    assert_asks(&s, "limit=500");
    tear_down(&s);
}

static const struct kube_lease_settings usual = {
    .identity = "me", .duration_ms = 15000, .renew_deadline_ms = 10000, .retry_ms = 2000
};

static void elect(struct stand *s, struct kube_elector *e, int64_t now_ms)
{
    kube_client_step(s->client, now_ms);
    kube_elector_step(e, now_ms, 0);
    kube_client_step(s->client, now_ms);
}

static void an_elector_creates_renews_and_releases(void **state)
{
    struct stand s;
    struct kube_elector *e;
    (void)state;

    set_up(&s);
    e = kube_elector_new(s.client, STR_LITERAL("ns"), STR_LITERAL("lock"), &usual);
    elect(&s, e, 0);
    assert_int_equal(fake_kube_port_request(&s.port)->method, KUBE_GET);
    fake_kube_port_answer(&s.port, 404, "");
    elect(&s, e, 10);
    assert_int_equal(fake_kube_port_request(&s.port)->method, KUBE_POST);
    fake_kube_port_answer(&s.port, 201, LEASE("me"));
    elect(&s, e, 20);
    assert_true(kube_elector_may_act(e, 10009));
    assert_string_equal(kube_elector_holder(e), "me");
    elect(&s, e, kube_elector_due_ms(e));
    assert_int_equal(fake_kube_port_request(&s.port)->method, KUBE_PUT);
    fake_kube_port_answer(&s.port, 200, "not a lease");
    elect(&s, e, 5000);
    assert_true(kube_elector_may_act(e, 10009));
    assert_false(kube_elector_may_act(e, 10010));
    elect(&s, e, kube_elector_due_ms(e));
    fake_kube_port_answer(&s.port, 200, LEASE("me"));
    elect(&s, e, 11000);
    fake_kube_port_answer(&s.port, 200, LEASE("me"));
    elect(&s, e, 11000);
    assert_true(kube_elector_may_act(e, 11000));
    assert_int_equal(kube_elector_terms(e), 2);
    kube_elector_release(e);
    elect(&s, e, 11000);
    assert_int_equal(fake_kube_port_request(&s.port)->method, KUBE_PUT);
    fake_kube_port_answer(&s.port, 200, LEASE(""));
    elect(&s, e, 11001);
    assert_true(kube_elector_is_released(e));
    kube_elector_free(e);
    tear_down(&s);
}

static void what_keeps_it_from_the_election_is_told_once(void **state)
{
    static const struct {
        const char *name, *body;
        int http;
        uint64_t number;
        const char *why;
    } rows[] = {
        { "fine", LEASE("other"), 200, 0, "" },
        { "refused", "", 403, 1, "the API server says 403 Forbidden: it gives no reason" },
        { "and again", "", 403, 1, "the API server says 403 Forbidden: it gives no reason" },
        { "otherwise", "", 503, 2,
          "the API server says 503 ServiceUnavailable: it gives no reason" },
        { "somebody was faster", "", 409, 2,
          "the API server says 503 ServiceUnavailable: it gives no reason" },
        { "nonsense", "[]", 200, 3,
          "no answer from the API server: not a Lease, or one with texts that are too long" },
        { "fine again", LEASE("other"), 200, 4, "" },
        { "and stays so", LEASE("other"), 200, 4, "" },
    };
    struct stand s;
    struct kube_elector *e;
    (void)state;

    set_up(&s);
    e = kube_elector_new(s.client, STR_LITERAL("ns"), STR_LITERAL("lock"), &usual);
    elect(&s, e, 0);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *why;
        uint64_t number;

        fake_kube_port_answer(&s.port, rows[i].http, rows[i].body);
        elect(&s, e, kube_client_now_ms(s.client));
        number = kube_elector_trouble(e, &why);
        if (number != rows[i].number || strcmp(why, rows[i].why) != 0)
            fail_msg("%s: %llu %s", rows[i].name, (unsigned long long)number, why);
        elect(&s, e, kube_elector_due_ms(e));
    }
    kube_elector_free(e);
    tear_down(&s);
}

static void who_may_read_but_not_write_is_told_once(void **state)
{
    struct stand s;
    struct kube_elector *e;
    const char *why;
    (void)state;

    set_up(&s);
    e = kube_elector_new(s.client, STR_LITERAL("ns"), STR_LITERAL("lock"), &usual);
    elect(&s, e, 0);
    for (int i = 0; i < 10; i++) {
        const bool reads = fake_kube_port_request(&s.port)->method == KUBE_GET;

        fake_kube_port_answer(&s.port, reads ? 200 : 403, LEASE(""));
        elect(&s, e, kube_client_now_ms(s.client));
        if (kube_elector_due_ms(e) != INT64_MAX)
            elect(&s, e, kube_elector_due_ms(e));
    }
    assert_int_equal(kube_elector_trouble(e, &why), 1);
    kube_elector_free(e);
    tear_down(&s);
}

static void record_it(struct stand *s, struct kube_recorder *r, int64_t now_ms)
{
    kube_client_step(s->client, now_ms);
    kube_recorder_step(r, now_ms);
    kube_client_step(s->client, now_ms);
}

static void an_event_is_created_then_counted_and_a_refusal_is_final(void **state)
{
    const struct kube_reporter reporter = { STR_LITERAL("r.example/c"), STR_LITERAL("0") };
    const struct kube_event event = { .regarding = { .kind = "X", .name = "a", .scope = "ns" },
                                      .reason = "R",
                                      .action = "A" };
    struct stand s;
    struct kube_recorder *r;
    (void)state;

    set_up(&s);
    r = kube_recorder_new(s.client, &reporter, 1000);
    assert_int_equal(kube_recorder_add(r, &event, 0, 0, NULL), ERR_OK);
    record_it(&s, r, 0);
    assert_int_equal(fake_kube_port_request(&s.port)->method, KUBE_POST);
    fake_kube_port_answer(&s.port, 409, "{\"kind\":\"Status\",\"reason\":\"AlreadyExists\"}");
    record_it(&s, r, 0);
    assert_true(kube_recorder_is_idle(r));
    assert_int_equal(kube_recorder_add(r, &event, 1, 1, NULL), ERR_OK);
    record_it(&s, r, 999);
    assert_null(fake_kube_port_request(&s.port));
    record_it(&s, r, 1000);
    assert_int_equal(fake_kube_port_request(&s.port)->method, KUBE_PATCH);
    fake_kube_port_lose(&s.port);
    record_it(&s, r, 1000);
    assert_false(kube_recorder_is_idle(r));
    record_it(&s, r, 1000 + KUBE_EVENT_RETRY_MS);
    fake_kube_port_answer(&s.port, 403, "");
    record_it(&s, r, 1000 + KUBE_EVENT_RETRY_MS);
    assert_true(kube_recorder_is_idle(r));
    assert_int_equal(kube_recorder_refused(r), 1);
    kube_recorder_free(r);
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cache_follows_a_list_and_a_watch_in_pieces),
        cmocka_unit_test(a_broken_watch_is_ended_and_begun_again),
        cmocka_unit_test(a_silent_watch_is_ended_but_not_one_that_was_heard),
        cmocka_unit_test(a_list_that_is_none_is_asked_for_again),
        cmocka_unit_test(an_elector_creates_renews_and_releases),
        cmocka_unit_test(what_keeps_it_from_the_election_is_told_once),
        cmocka_unit_test(who_may_read_but_not_write_is_told_once),
        cmocka_unit_test(an_event_is_created_then_counted_and_a_refusal_is_final),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
