#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "fake_kube_port.h"
#include "runtime/kube_kinds.h"
#include "runtime/kube_secrets.h"

#define SECRET  "{\"kind\":\"Secret\",\"data\":{\"k\":\"b25l\"}}"
#define CHANGED "{\"kind\":\"Secret\",\"data\":{\"k\":\"dHdv\"}}"
#define REFUSED "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\",\"message\":\"no\"}"
#define GONE    "{\"kind\":\"Status\",\"code\":404,\"reason\":\"NotFound\",\"message\":\"no\"}"
#define BROKEN  "{\"kind\":\"Status\",\"code\":500,\"reason\":\"InternalError\",\"message\":\"no\"}"

struct stand {
    struct fake_kube_port port;
    struct kube_client *client;
    struct kube_secrets *secrets;
    struct kube_kinds *kinds;
    int64_t now_ms;
};

static const struct kube_resource wanted[] = {
    { { "a.example", 9 }, { "v0", 2 }, { "things", 6 } },
    { { "b.example", 9 }, { NULL, 0 }, { "things", 6 } },
};

static void set_up(struct stand *s)
{
    *s = (struct stand){ .now_ms = 1000 };
    s->client = kube_client_new(fake_kube_port(&s->port), 1000, 1000, s->now_ms);
    s->secrets = kube_secrets_new(s->client);
    s->kinds = kube_kinds_new(s->client, wanted, ARRAY_SIZE(wanted));
}

static void tear_down(struct stand *s)
{
    kube_secrets_free(s->secrets);
    kube_kinds_free(s->kinds);
    kube_client_free(s->client);
    fake_kube_port_release(&s->port);
}

/* --- secrets ---------------------------------------------------------------------------------- */

static void assert_found(struct stand *s, enum kube_secret_state state, const char *text)
{
    const char *got;

    assert_int_equal(kube_secrets_find(s->secrets, STR_LITERAL("ns"), "s", "k", s->now_ms, &got),
                     state);
    if (text)
        assert_non_null(strstr(got, text));
}

/* Moves on to when it is asked again, and gives this answer; 0: none. */
static void answer(struct stand *s, int64_t after_ms, int http, const char *body)
{
    s->now_ms += after_ms;
    kube_secrets_step(s->secrets, s->now_ms);
    kube_client_step(s->client, s->now_ms);
    if (http == 0) {
        assert_null(fake_kube_port_request(&s->port));
        return;
    }
    assert_non_null(fake_kube_port_request(&s->port));
    fake_kube_port_answer(&s->port, http, body);
    kube_client_step(s->client, s->now_ms);
}

static void a_value_is_read_when_it_is_needed_and_kept_for_a_while(void **state)
{
    struct stand s;
    (void)state;

    set_up(&s);
    answer(&s, 0, 0, NULL);
    assert_found(&s, KUBE_SECRET_ASKED, NULL);
    answer(&s, 0, 200, SECRET);
    assert_found(&s, KUBE_SECRET_THERE, "one");
    answer(&s, KUBE_SECRETS_FRESH_MS - 1, 0, NULL);
    assert_found(&s, KUBE_SECRET_THERE, "one");
    answer(&s, 1, 200, CHANGED);
    assert_found(&s, KUBE_SECRET_THERE, "two");
    kube_secrets_refused(s.secrets, STR_LITERAL("ns"), "s", s.now_ms);
    answer(&s, KUBE_SECRETS_RETRY_MS, 200, SECRET);
    assert_found(&s, KUBE_SECRET_THERE, "one");
    tear_down(&s);
}

static void what_cannot_be_read_is_told_and_tried_again(void **state)
{
    struct stand s;
    (void)state;

    set_up(&s);
    assert_found(&s, KUBE_SECRET_ASKED, NULL);
    answer(&s, 0, 403, REFUSED);
    assert_found(&s, KUBE_SECRET_MISSING, "Secret s: the API server says 403 Forbidden");
    answer(&s, KUBE_SECRETS_RETRY_MS, 200, SECRET);
    assert_found(&s, KUBE_SECRET_THERE, "one");
    /* A server that is away takes nothing away; one that says that it is gone does. */
    answer(&s, KUBE_SECRETS_FRESH_MS, 500, BROKEN);
    assert_found(&s, KUBE_SECRET_THERE, "one");
    answer(&s, KUBE_SECRETS_RETRY_MS, 404, GONE);
    assert_found(&s, KUBE_SECRET_MISSING, "Secret s: the API server says 404 NotFound");
    answer(&s, KUBE_SECRETS_RETRY_MS, 200, "{\"kind\":\"Secret\"}");
    assert_found(&s, KUBE_SECRET_MISSING, "Secret s: it has no key k");
    tear_down(&s);
}

static void what_nobody_asks_for_is_forgotten(void **state)
{
    struct stand s;
    (void)state;

    set_up(&s);
    assert_found(&s, KUBE_SECRET_ASKED, NULL);
    answer(&s, 0, 200, SECRET);
    answer(&s, KUBE_SECRETS_UNUSED_MS, 0, NULL);
    assert_int_equal(kube_secrets_due_ms(s.secrets), INT64_MAX);
    assert_found(&s, KUBE_SECRET_ASKED, NULL);
    tear_down(&s);
}

/* --- kinds ------------------------------------------------------------------------------------ */

#define SERVED(group, version)                                                                     \
    "{\"metadata\":{\"name\":\"" group "\"},\"versions\":[{\"version\":\"" version                 \
    "\",\"resources\":[{\"resource\":\"things\"}]},{\"version\":\"v0\",\"resources\":"             \
    "[{\"resource\":\"things\"}]}]}"
#define SERVED_ALONE(group, version)                                                               \
    "{\"metadata\":{\"name\":\"" group "\"},\"versions\":[{\"version\":\"" version                 \
    "\",\"resources\":[{\"resource\":\"things\"}]}]}"
#define KINDS(items) "{\"kind\":\"APIGroupDiscoveryList\",\"items\":[" items "]}"

static void tell_kinds(struct stand *s, int64_t after_ms, int http, const char *body)
{
    s->now_ms += after_ms;
    kube_kinds_step(s->kinds, s->now_ms);
    kube_client_step(s->client, s->now_ms);
    fake_kube_port_answer(&s->port, http, body);
    kube_client_step(s->client, s->now_ms);
}

static void kinds_come_and_go(void **state)
{
    struct stand s;
    (void)state;

    set_up(&s);
    tell_kinds(&s, 0, 500, BROKEN);
    assert_false(kube_kinds_are_known(s.kinds));
    tell_kinds(&s, KUBE_KINDS_RETRY_MS, 200, KINDS(SERVED("b.example", "v2")));
    assert_true(kube_kinds_are_known(s.kinds));
    assert_null(kube_kinds_find(s.kinds, 0));
    assert_true(str_eq(kube_kinds_find(s.kinds, 1)->version, STR_LITERAL("v2")));
    assert_true(str_eq(kube_kinds_find(s.kinds, 1)->group, STR_LITERAL("b.example")));
    tell_kinds(&s, KUBE_KINDS_EVERY_MS, 200,
               KINDS(SERVED("a.example", "v1") "," SERVED("b.example", "v3")));
    assert_true(str_eq(kube_kinds_find(s.kinds, 0)->version, STR_LITERAL("v0")));
    assert_true(str_eq(kube_kinds_find(s.kinds, 1)->version, STR_LITERAL("v3")));
    tell_kinds(&s, KUBE_KINDS_EVERY_MS, 200, KINDS(SERVED_ALONE("a.example", "v1")));
    assert_true(str_eq(kube_kinds_find(s.kinds, 0)->version, STR_LITERAL("v1")));
    tell_kinds(&s, KUBE_KINDS_EVERY_MS, 500, BROKEN);
    assert_non_null(kube_kinds_find(s.kinds, 0));
    tell_kinds(&s, KUBE_KINDS_RETRY_MS, 200, KINDS(""));
    assert_null(kube_kinds_find(s.kinds, 0));
    assert_null(kube_kinds_find(s.kinds, 1));
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_read_when_it_is_needed_and_kept_for_a_while),
        cmocka_unit_test(what_cannot_be_read_is_told_and_tried_again),
        cmocka_unit_test(what_nobody_asks_for_is_forgotten),
        cmocka_unit_test(kinds_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
