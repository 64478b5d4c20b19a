#include "codec/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

enum { OUT_MAX = 64 * 1024 };

static void names_tell_what_is_secret(void **state)
{
    static const char *const secret[] = {
        "password",      "REDIS_PASSWORD", "db.passwd",  "example.com.api-token",
        "clientSecret",  "apiKey",         "API_KEY",    "AccessKey",
        "authorization", "sasl.password",  "Set-Cookie", "tls-private-key",
    };
    static const char *const harmless[] = {
        "name",       "secretName", "passwordSecretRef", "token-file",       "kafka-password-file",
        "secretPath", "key",        "brokers",           "imagePullSecrets", "",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
        if (!redact_is_secret_name(str_from(secret[i])))
            fail_msg("%s", secret[i]);
    for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
        if (redact_is_secret_name(str_from(harmless[i])))
            fail_msg("%s", harmless[i]);
}

#define R REDACTED

static void texts_lose_what_looks_secret(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        { "nothing here, a=b; c: d\n", "nothing here, a=b; c: d\n" },
        { "password=S3, user=me", "password=" R ", user=me" },
        { "password = S3 4\nnext", "password = " R "\nnext" },
        { "redis-password: S3\nredis-user: x", "redis-password: " R "\nredis-user: x" },
        { "redis-password: \"S3\"\n", "redis-password: \"" R "\"\n" },
        { "redis-password-file: \"/etc/p\"\n", "redis-password-file: \"/etc/p\"\n" },
        { "{\"token\":\"S3\",\"n\":1}", "{\"token\":\"" R "\",\"n\":1}" },
        { "{\"token\": 7, \"n\":1}", "{\"token\": " R ", \"n\":1}" },
        { "{\\\"token\\\":\\\"S3\\\",\\\"n\\\":1}", "{\\\"token\\\":\\\"" R "\\\",\\\"n\\\":1}" },
        { "{\"token\":{\"a\":\"b\"}}", "{\"token\":{\"a\":\"b\"}}" },
        { "the password is not shown", "the password is not shown" },
        { "passwords of users", "passwords of users" },
        { "Authorization: Bearer S3.x-y\nA: b", "Authorization: " R "\nA: b" },
        { "sent 'Bearer S3' twice", "sent 'Bearer " R "' twice" },
        { "Basic UzM= and", "Basic " R " and" },
        { "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJTMyJ9.sig ok", R " ok" },
        { "eyJ short", "eyJ short" },
        { "redis://me:S3@host:1/0 kafka://a:1", "redis://" R "@host:1/0 kafka://a:1" },
        { "http://a.example/a@b", "http://a.example/a@b" },
        { "-----BEGIN EC PRIVATE KEY-----\nS3\nS3\n-----END EC PRIVATE KEY-----\nafter",
          R "\nafter" },
        { "-----BEGIN PRIVATE KEY-----\nS3 without an end", R },
        { "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n",
          "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n" },
        { "password=", "password=" },
        { "password", "password" },
        { "password:", "password:" },
        { "", "" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };

        buf_init(&out, OUT_MAX);
        assert_true(redact_text(str_from(rows[i].text), &out));
        if (!str_eq(buf_str(&out), str_from(rows[i].expected)))
            fail_msg("row %zu: %.*s", i, STR_ARGS(buf_str(&out)));
    }
}

static void objects_keep_their_form(void **state)
{
    static const struct {
        const char *json, *expected;
    } rows[] = {
        { "{\"kind\":\"Pod\",\"n\":1.50,\"b\":true,\"z\":null,\"l\":[1,\"x\"]}",
          "{\"kind\":\"Pod\",\"n\":1.50,\"b\":true,\"z\":null,\"l\":[1,\"x\"]}" },
        { "{\"env\":[{\"name\":\"COLOUR\",\"value\":\"S3\"},{\"name\":\"A\",\"valueFrom\":{"
          "\"secretKeyRef\":{\"name\":\"s\",\"key\":\"password\"}}}]}",
          "{\"env\":[{\"name\":\"COLOUR\",\"value\":\"" R "\"},{\"name\":\"A\",\"valueFrom\":{"
          "\"secretKeyRef\":{\"name\":\"s\",\"key\":\"password\"}}}]}" },
        { "{\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":\"S3\","
          "\"x/api-token\":\"S3\",\"note\":\"dial redis://u:S3@h\"}}",
          "{\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":\"" R "\","
          "\"x/api-token\":\"" R "\",\"note\":\"dial redis://" R "@h\"}}" },
        { "{\"passwordSecret\":{\"name\":\"kafka\",\"key\":\"word\"},\"pin\":{\"token\":7}}",
          "{\"passwordSecret\":{\"name\":\"kafka\",\"key\":\"word\"},\"pin\":{\"token\":\"" R
          "\"}}" },
        { "{\"data\":{\"a.yaml\":\"user: me\\npassword: S3\\n\"}}",
          "{\"data\":{\"a.yaml\":\"user: me\\npassword: " R "\\n\"}}" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };
        struct err err = { 0 };

        buf_init(&out, OUT_MAX);
        if (redact_object(str_from(rows[i].json), &out, &err) != ERR_OK)
            fail_msg("row %zu: %s", i, err.msg);
        if (!str_eq(buf_str(&out), str_from(rows[i].expected)))
            fail_msg("row %zu: %.*s", i, STR_ARGS(buf_str(&out)));
    }
}

static void what_must_not_pass_does_not(void **state)
{
    CLEANUP(buf_release) struct buf out = { 0 };
    CLEANUP(buf_release) struct buf deep = { 0 };
    (void)state;

    buf_init(&out, OUT_MAX);
    buf_init(&deep, OUT_MAX);
    for (int i = 0; i < 200; i++)
        buf_print(&deep, "[");
    for (int i = 0; i < 200; i++)
        buf_print(&deep, "]");
    assert_int_equal(
        redact_object(STR_LITERAL("{\"kind\":\"Secret\",\"data\":{\"a\":\"Uw==\"}}"), &out, NULL),
        ERR_INVALID);
    assert_int_equal(redact_object(STR_LITERAL("{"), &out, NULL), ERR_CORRUPT);
    assert_int_equal(redact_object(buf_str(&deep), &out, NULL), ERR_LIMIT);
    assert_int_equal(out.n, 0);
    buf_release(&out);
    buf_init(&out, 10);
    assert_false(redact_text(STR_LITERAL("password=x password=y"), &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_tell_what_is_secret),
        cmocka_unit_test(texts_lose_what_looks_secret),
        cmocka_unit_test(objects_keep_their_form),
        cmocka_unit_test(what_must_not_pass_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
