#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/kube_objects.h"

enum { WALL_MS = 0 };

static void assert_str(struct str got, const char *expected)
{
    if (!str_eq(got, str_from(expected)))
        fail_msg("got '%.*s', not '%s'", STR_ARGS(got), expected);
}

static void a_lease_is_written_as_it_is_read(void **state)
{
    struct kube_lease_record r = { .holder = "me", .duration_ms = 15000, .transitions = 3 };
    struct kube_lease_record back;
    CLEANUP(buf_release) struct buf out;
    (void)state;

    buf_init(&out, 2000);
    assert_true(kube_lease_encode(&out, STR_LITERAL("ns"), STR_LITERAL("lock"), &r, 1764065207123));
    assert_str(buf_str(&out),
               "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\",\"metadata\":{"
               "\"namespace\":\"ns\",\"name\":\"lock\"},\"spec\":{\"holderIdentity\":\"me\","
               "\"leaseDurationSeconds\":15,\"acquireTime\":\"2025-11-25T10:06:47.123000Z\","
               "\"renewTime\":\"2025-11-25T10:06:47.123000Z\",\"leaseTransitions\":3}}");
    assert_int_equal(kube_lease_decode(buf_str(&out), &back, NULL), ERR_OK);
    assert_string_equal(back.holder, "me");
    assert_int_equal(back.duration_ms, 15000);
    assert_int_equal(back.transitions, 3);

    buf_clear(&out);
    snprintf(r.resource_version, sizeof(r.resource_version), "77");
    snprintf(r.acquire_time, sizeof(r.acquire_time), "2020-01-01T00:00:00.000000Z");
    assert_true(kube_lease_encode(&out, STR_LITERAL("ns"), STR_LITERAL("lock"), &r, WALL_MS));
    assert_int_equal(kube_lease_decode(buf_str(&out), &back, NULL), ERR_OK);
    assert_string_equal(back.resource_version, "77");
    assert_string_equal(back.acquire_time, "2020-01-01T00:00:00.000000Z");
    assert_string_equal(back.renew_time, "1970-01-01T00:00:00.000000Z");
}

static void a_lease_that_says_nothing_is_nobodys(void **state)
{
    struct kube_lease_record r;
    struct err err;
    (void)state;

    assert_int_equal(kube_lease_decode(STR_LITERAL("{\"kind\":\"Lease\",\"metadata\":{"
                                                   "\"resourceVersion\":\"1\"},\"spec\":{"
                                                   "\"leaseDurationSeconds\":-4}}"),
                                       &r, NULL),
                     ERR_OK);
    assert_string_equal(r.holder, "");
    assert_int_equal(r.duration_ms, 0);
    assert_int_equal(kube_lease_decode(STR_LITERAL("{\"kind\":\"Pod\"}"), &r, &err), ERR_CORRUPT);
    assert_int_equal(kube_lease_decode(STR_LITERAL("no"), &r, &err), ERR_CORRUPT);
}

static void an_event_has_all_that_the_api_requires(void **state)
{
    const struct kube_reporter reporter = { STR_LITERAL("redwal.dev/controller"),
                                            STR_LITERAL("ctl-0") };
    struct kube_series s = { .event = { .regarding = { "redwal.dev/v1alpha1", "RedisWal", "prod",
                                                       "orders", "u" },
                                        .warning = true,
                                        .reason = "Rewound",
                                        .action = "Restore",
                                        .note = "behind \xc3\xa9" },
                             .name = "orders.1",
                             .last_wall_ms = 60000,
                             .written = 1 };
    CLEANUP(buf_release) struct buf out;
    (void)state;

    buf_init(&out, 4000);
    assert_true(kube_event_encode(&out, &s, &reporter));
    assert_str(
        buf_str(&out),
        "{\"apiVersion\":\"events.k8s.io/v1\",\"kind\":\"Event\",\"metadata\":{\"namespace\":"
        "\"prod\",\"name\":\"orders.1\"},\"eventTime\":\"1970-01-01T00:00:00.000000Z\","
        "\"type\":\"Warning\",\"reason\":\"Rewound\",\"action\":\"Restore\",\"note\":"
        "\"behind \xc3\xa9\",\"reportingController\":\"redwal.dev/controller\","
        "\"reportingInstance\":\"ctl-0\",\"regarding\":{\"apiVersion\":\"redwal.dev/v1alpha1\""
        ",\"kind\":\"RedisWal\",\"namespace\":\"prod\",\"name\":\"orders\",\"uid\":\"u\"}}");
    s.written = 7;
    buf_clear(&out);
    assert_true(kube_event_encode_series(&out, &s));
    assert_str(buf_str(&out), "{\"series\":{\"count\":7,\"lastObservedTime\":"
                              "\"1970-01-01T00:01:00.000000Z\"}}");
    s.event.note[8] = '\0'; /* in the middle of a character */
    s.event.regarding.scope[0] = '\0';
    buf_clear(&out);
    assert_true(kube_event_encode(&out, &s, &reporter));
    assert_non_null(strstr(out.p, "\"note\":\"behind \""));
    assert_non_null(strstr(out.p, "\"namespace\":\"default\""));
    assert_non_null(strstr(out.p, "\"series\":{\"count\":7"));
}

#define V1 "client.authentication.k8s.io/v1"
#define CREDENTIAL(status)                                                                         \
    "{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\",\"status\":{" status "}}"

static void a_credential_is_a_token_or_a_certificate_with_its_key(void **state)
{
    static const struct {
        const char *text;
        bool good;
        const char *token, *cert;
        int64_t expires_wall_ms;
    } rows[] = {
        { CREDENTIAL("\"token\":\"t\""), true, "t", "", INT64_MAX },
        { CREDENTIAL("\"token\":\"t\",\"expirationTimestamp\":\"1970-01-01T00:00:01Z\""), true, "t",
          "", 1000 },
        { CREDENTIAL("\"clientCertificateData\":\"C\",\"clientKeyData\":\"K\""), true, "", "C",
          INT64_MAX },
        { CREDENTIAL("\"clientCertificateData\":\"C\",\"token\":\"t\""), false, "", "", 0 },
        { CREDENTIAL(""), false, "", "", 0 },
        { CREDENTIAL("\"token\":\"t\",\"expirationTimestamp\":\"soon\""), false, "", "", 0 },
        { "{\"apiVersion\":\"" V1
          "beta1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"t\"}}",
          false, "", "", 0 },
        { "{}", false, "", "", 0 },
        { "", false, "", "", 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(kube_credential_release) struct kube_credential c = { 0 };
        struct err err;
        const enum err_code rc = kube_credential_decode(str_from(rows[i].text), V1, &c, &err);

        if ((rc == ERR_OK) != rows[i].good)
            fail_msg("row %zu: %d", i, (int)rc);
        if (rc != ERR_OK)
            continue;
        assert_string_equal(c.token.text ? c.token.text : "", rows[i].token);
        assert_string_equal(c.cert.text ? c.cert.text : "", rows[i].cert);
        assert_int_equal(c.expires_wall_ms, rows[i].expires_wall_ms);
    }
}

static void a_plugin_is_told_what_it_asked_for(void **state)
{
    char version[] = V1, server[] = "https://localhost:1";
    struct kube_login l = { .server = server, .exec = { .api_version = version } };
    CLEANUP(buf_release) struct buf out;
    (void)state;

    buf_init(&out, 1000);
    assert_true(kube_credential_ask(&out, &l, false));
    assert_str(buf_str(&out), "{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\",\"spec\":{"
                              "\"interactive\":false}}");
    l.exec.provide_cluster_info = true;
    buf_clear(&out);
    assert_true(kube_credential_ask(&out, &l, true));
    assert_str(buf_str(&out),
               "{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\",\"spec\":{"
               "\"interactive\":true,\"cluster\":{\"server\":\"https://localhost:1\"}}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_is_written_as_it_is_read),
        cmocka_unit_test(a_lease_that_says_nothing_is_nobodys),
        cmocka_unit_test(an_event_has_all_that_the_api_requires),
        cmocka_unit_test(a_credential_is_a_token_or_a_certificate_with_its_key),
        cmocka_unit_test(a_plugin_is_told_what_it_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
