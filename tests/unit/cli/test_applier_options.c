/* RedisWals, decoded with the applier's own options. tests/lab/rediswals.yaml has more of what is
 * good and bad, tried against an API server, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/applier_options.h"
#include "codec/wal_resource.h"

enum { OBJECT_MAX = 4096 };

#define HEAD                                                                                       \
    "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\",\"metadata\":{\"namespace\":"   \
    "\"prod\",\"name\":\"orders\",\"uid\":\"u-1\",\"generation\":7},\"status\":{\"phase\":\"x\"}"
#define KAFKA "\"kafka\":{\"brokers\":[\"k:9092\",\"l:9092\"]}"

static enum err_code decode(const char *json, struct wal_resource *r, struct err *err)
{
    return wal_resource_decode(str_from(json), applier_options(), r, err);
}

static void a_field_that_is_an_option_is_kept_as_the_option_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < wal_n_fields; i++) {
        const struct wal_field *f = &wal_fields[i];
        enum wal_type type;

        if (!f->option)
            continue;
        if (!wal_option_find(applier_options(), f->option))
            fail_msg("%s: there is no option %s", f->path, f->option);
        type = wal_field_value(f, applier_options()).type;
        if (type != f->value.type && !(type == WAL_CHOICE && f->value.type == WAL_WORD))
            fail_msg("%s: the option %s is of another type", f->path, f->option);
    }
}

static void every_option_is_either_a_field_or_closed_or_open(void **state)
{
    static const char *const closed[] = { WAL_CLOSED_OPTIONS };
    static const char *const open[] = { "on-reject", "rate-limit", "log-level", "drain-timeout" };
    static const char *const others[] = { "config", "help", "http", "kafka-ca", "brokers", "wal" };
    size_t n_open = 0;
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
        assert_non_null(wal_option_find(applier_options(), closed[i]));
    for (size_t i = 0; i < ARRAY_SIZE(open); i++)
        assert_true(wal_option_is_open(wal_option_find(applier_options(), open[i])));
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        assert_false(wal_option_is_open(wal_option_find(applier_options(), others[i])));
    for (size_t i = 0; i < applier_options().n; i++)
        n_open += wal_option_is_open(&applier_options().at[i]);
    assert_in_range(n_open, ARRAY_SIZE(open), WAL_SETTINGS_MAX);
}

static void what_is_absent_has_the_appliers_defaults(void **state)
{
    CLEANUP(wal_resource_release) struct wal_resource r = { 0 };
    struct err err = { 0 };
    (void)state;

    if (decode(HEAD ",\"spec\":{\"redis\":{\"failover\":\"rf\"}," KAFKA "}}", &r, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(r.scope, "prod");
    assert_string_equal(r.name, "orders");
    assert_string_equal(r.uid, "u-1");
    assert_int_equal(r.generation, 7);
    assert_false(r.deleting);
    assert_true(str_eq(r.status, STR_LITERAL("{\"phase\":\"x\"}")));
    assert_string_equal(r.spec.wal, "orders");
    assert_string_equal(r.spec.failover, "rf");
    assert_null(r.spec.sentinels);
    assert_null(r.spec.site);
    assert_string_equal(r.spec.brokers, "k:9092,l:9092");
    assert_string_equal(r.spec.topic, "redis-writes");
    assert_string_equal(r.spec.security, "PLAINTEXT");
    assert_string_equal(r.spec.mechanism, "SCRAM-SHA-512");
    assert_int_equal(r.spec.role, WAL_ROLE_ACTIVE);
    assert_int_equal(r.spec.replicas, 2);
    assert_int_equal(r.spec.sentinel_port, 26379);
    assert_int_equal(r.spec.freshness_ms, 5000);
    assert_false(r.spec.paused);
    assert_true(r.spec.network_policy);
    assert_null(r.spec.redis_password.name);
    assert_int_equal(r.spec.tolerations.n, 0);
    assert_int_equal(r.spec.n_settings, 0);
    assert_null(wal_setting_of(&r.spec, "on-reject"));
}

static void what_is_given_is_taken(void **state)
{
    CLEANUP(wal_resource_release) struct wal_resource r = { 0 };
    struct err err = { 0 };
    (void)state;

    if (decode("{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\",\"metadata\":{"
               "\"namespace\":\"p\",\"name\":\"a\",\"deletionTimestamp\":\"2026-11-25T10:00:00Z\"},"
               "\"spec\":{\"wal\":\"W\",\"role\":\"standby\",\"redis\":{\"address\":\"r:6379\","
               "\"username\":\"u\",\"passwordSecret\":{\"name\":\"s\"},\"tls\":{\"enabled\":true,"
               "\"caSecret\":{\"name\":\"c\",\"key\":\"k\"},\"certificateSecret\":{\"name\":\"m\"}}"
               "}," KAFKA ",\"applier\":{\"replicas\":5,\"paused\":true,\"tolerations\":["
               "{\"operator\":\"Exists\",\"tolerationSeconds\":30}],\"nodeSelector\":{\"a\":\"b\"}"
               "},\"options\":{\"onReject\":\"halt\",\"rateLimit\":9,\"adopt\":true}}}",
               &r, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    assert_true(r.deleting);
    assert_string_equal(r.spec.wal, "W");
    assert_int_equal(r.spec.role, WAL_ROLE_STANDBY);
    assert_string_equal(r.spec.redis, "r:6379");
    assert_string_equal(r.spec.redis_user, "u");
    assert_string_equal(r.spec.redis_password.name, "s");
    assert_string_equal(r.spec.redis_password.key, "password");
    assert_true(r.spec.redis_tls);
    assert_string_equal(r.spec.redis_ca.key, "k");
    assert_string_equal(r.spec.redis_certificate.certificate, "tls.crt");
    assert_string_equal(r.spec.redis_certificate.key, "tls.key");
    assert_int_equal(r.spec.replicas, 5);
    assert_true(r.spec.paused);
    assert_true(str_eq(r.spec.tolerations,
                       STR_LITERAL("[{\"operator\":\"Exists\",\"tolerationSeconds\":30}]")));
    assert_true(str_eq(r.spec.node_selector, STR_LITERAL("{\"a\":\"b\"}")));
    assert_int_equal(r.spec.n_settings, 3);
    assert_string_equal(wal_setting_of(&r.spec, "on-reject"), "halt");
    assert_string_equal(wal_setting_of(&r.spec, "rate-limit"), "9");
    assert_string_equal(wal_setting_of(&r.spec, "adopt"), "true");
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
    static const struct {
        const char *spec, *says;
    } rows[] = {
        { "7", "spec: is required" },
        { "{}", "spec.redis: is required" },
        { "{\"redis\":{},\"kafka\":{}}", "spec.kafka.brokers: is required" },
        { "{\"redis\":{}," KAFKA "}",
          "spec.redis: give exactly one of failover, sentinels and address" },
        { "{\"redis\":{\"failover\":\"a b\"}," KAFKA "}",
          "spec.redis.failover: 'a b' is not allowed; must be 1 to 48 characters that are "
          "the name of an object" },
        { "{\"redis\":{\"failover\":{}}," KAFKA "}",
          "spec.redis.failover: must be 1 to 48 characters that are the name of an object" },
        { "{\"redis\":{\"failover\":\"a\"}," KAFKA ",\"options\":{\"expiry\":\"never\"}}",
          "spec.options.expiry: 'never' is not allowed; must be wall, log" },
        { "{\"redis\":{\"failover\":\"a\"}," KAFKA ",\"topics\":{\"log\":\"a\\u0000b\"}}",
          "spec.topics.log: " },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(wal_resource_release) struct wal_resource r = { 0 };
        struct err err = { 0 };
        char text[OBJECT_MAX];

        snprintf(text, sizeof(text), HEAD ",\"spec\":%s}", rows[i].spec);
        if (decode(text, &r, &err) != ERR_INVALID ||
            strncmp(err.msg, rows[i].says, strlen(rows[i].says)) != 0)
            fail_msg("'%s' says '%s'", rows[i].spec, err.msg);
        assert_string_equal(r.name, "orders"); /* whom to tell */
        assert_int_equal(r.generation, 7);
    }
}

static void what_is_no_rediswal_is_corrupt(void **state)
{
    static const char *const rows[] = {
        "",
        "7",
        "[]",
        "{}",
        "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\"}",
        "{\"apiVersion\":\"redwal.dev/v2\",\"kind\":\"RedisWal\",\"metadata\":{\"name\":\"a\"}}",
        "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(wal_resource_release) struct wal_resource r = { 0 };
        struct err err = { 0 };

        if (decode(rows[i], &r, &err) != ERR_CORRUPT || err.msg[0] == '\0')
            fail_msg("'%s' says '%s'", rows[i], err.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_that_is_an_option_is_kept_as_the_option_is),
        cmocka_unit_test(every_option_is_either_a_field_or_closed_or_open),
        cmocka_unit_test(what_is_absent_has_the_appliers_defaults),
        cmocka_unit_test(what_is_given_is_taken),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(what_is_no_rediswal_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
