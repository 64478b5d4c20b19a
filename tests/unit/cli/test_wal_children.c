/* What a RedisWal becomes. tests/lab/test_wal_children.py shows that API server and applier take
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/applier_options.h"
#include "codec/wal_applier_file.h"
#include "codec/wal_children.h"

enum { OBJECT_MAX = 8192 };

#define KAFKA      "\"kafka\":{\"brokers\":[\"k:9092\",\"l:9093\"]}"
#define FAILOVER   "\"redis\":{\"failover\":\"rf\"}," KAFKA
#define APPLIER(x) FAILOVER ",\"applier\":{" x "}"
#define OPTIONS(x) FAILOVER ",\"options\":{" x "}"

static const struct wal_surroundings plain = { .image = "ours:1" };

static void decode(const char *spec, struct wal_resource *wal)
{
    char text[OBJECT_MAX];
    struct err err = { 0 };

    snprintf(text, sizeof(text),
             "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\",\"metadata\":{"
             "\"namespace\":\"prod\",\"name\":\"orders\",\"uid\":\"u-1\"},\"spec\":{%s}}",
             spec);
    if (wal_resource_decode(str_from(text), applier_options(), wal, &err) != ERR_OK)
        fail_msg("%s: %s", spec, err.msg);
}

/* The object as text; empty when none is wanted. */
static void write_child(enum wal_child_type type, const char *spec,
                        const struct wal_surroundings *around, char ret[OBJECT_MAX])
{
    CLEANUP(wal_resource_release) struct wal_resource wal = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };

    decode(spec, &wal);
    buf_init(&out, OBJECT_MAX - 1);
    ret[0] = '\0';
    if (wal_child_write(type, &wal, applier_options(), around, &out)) {
        memcpy(ret, out.p, out.n);
        ret[out.n] = '\0';
    }
}

static const struct {
    const char *spec, *file;
} files[] = {
    { FAILOVER, "wal: \"orders\"\n"
                "master-name: \"mymaster\"\n"
                "redis-tls: \"false\"\n"
                "brokers: \"k:9092,l:9093\"\n"
                "group: \"redis-applier\"\n"
                "kafka-security: \"PLAINTEXT\"\n"
                "on-blank: \"replay\"\n"
                "topic: \"redis-writes\"\n"
                "dlq-topic: \"redis-writes-dlq\"\n"
                "sentinel-tls: \"same\"\n"
                "sentinel: \"rfs-rf.prod.svc:26379\"\n"
                "redis-password-file: \"/etc/redwal/secrets/redis-password\"\n"
                "http: \":8080\"\n"
                "log-format: \"json\"\n" },
    { "\"wal\":\"W\",\"onBlank\":\"hold\",\"redis\":{\"address\":\"r:1\",\"username\":"
      "\"a\\\"b\\\\\","
      "\"passwordSecret\":{\"name\":\"s\"},\"tls\":{\"enabled\":true,\"caSecret\":{\"name\":"
      "\"c\"},\"certificateSecret\":{\"name\":\"m\"}}},\"kafka\":{\"brokers\":[\"k:1\"],"
      "\"security\":\"SASL_SSL\",\"group\":\"g\",\"sasl\":{\"username\":\"u\","
      "\"passwordSecret\":{\"name\":\"k\"}},\"tls\":{\"caSecret\":{\"name\":\"c\"}}},"
      "\"topics\":{\"log\":\"t\",\"deadLetters\":\"d\"},\"schemaRegistry\":{\"url\":"
      "\"https://r.example\",\"username\":\"u\",\"passwordSecret\":{\"name\":\"s\"}},"
      "\"applier\":{\"scriptsConfigMap\":\"lua\"},"
      "\"options\":{\"onReject\":\"halt\",\"rateLimit\":5,\"adopt\":true}",
      "wal: \"W\"\n"
      "redis: \"r:1\"\n"
      "redis-user: \"a\\\"b\\\\\"\n"
      "redis-tls: \"true\"\n"
      "brokers: \"k:1\"\n"
      "group: \"g\"\n"
      "kafka-security: \"SASL_SSL\"\n"
      "kafka-sasl-mechanism: \"SCRAM-SHA-512\"\n"
      "kafka-user: \"u\"\n"
      "on-blank: \"hold\"\n"
      "topic: \"t\"\n"
      "dlq-topic: \"d\"\n"
      "schema-registry-user: \"u\"\n"
      "schema-registry: \"https://r.example\"\n"
      "redis-password-file: \"/etc/redwal/secrets/redis-password\"\n"
      "redis-ca: \"/etc/redwal/secrets/redis-ca.crt\"\n"
      "kafka-password-file: \"/etc/redwal/secrets/kafka-password\"\n"
      "kafka-ca: \"/etc/redwal/secrets/kafka-ca.crt\"\n"
      "schema-registry-password-file: \"/etc/redwal/secrets/schema-registry-password\"\n"
      "redis-cert: \"/etc/redwal/secrets/redis.crt\"\n"
      "redis-key: \"/etc/redwal/secrets/redis.key\"\n"
      "scripts: \"/etc/redwal/scripts\"\n"
      "http: \":8080\"\n"
      "log-format: \"json\"\n"
      "on-reject: \"halt\"\n"
      "adopt: \"true\"\n"
      "rate-limit: \"5\"\n" },
};

static void the_appliers_file_says_what_the_rediswal_says(void **state)
{
    const struct wal_surroundings around = { .image = "x", .failover_secret = "rf-auth" };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        CLEANUP(wal_resource_release) struct wal_resource wal = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };

        decode(files[i].spec, &wal);
        buf_init(&out, OBJECT_MAX);
        assert_true(wal_applier_file(&wal, applier_options(), &around, true, &out));
        if (!str_eq(buf_str(&out), str_from(files[i].file)))
            fail_msg("row %zu:\n%.*s", i, STR_ARGS(buf_str(&out)));
    }
}

static void sentinels_that_use_the_failovers_name_are_asked_by_it(void **state)
{
    static const struct {
        const char *redis, *name;
    } rows[] = {
        { "\"failover\":\"rf\"", "rf" },
        { "\"failover\":\"rf\",\"masterName\":\"mymaster\"", "rf" },
        { "\"failover\":\"rf\",\"masterName\":\"other\"", "other" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(wal_resource_release) struct wal_resource wal = { 0 };
        char spec[OBJECT_MAX / 2];

        snprintf(spec, sizeof(spec), "\"redis\":{%s}," KAFKA, rows[i].redis);
        decode(spec, &wal);
        wal_spec_name_master(&wal.spec, applier_options());
        assert_string_equal(wal.spec.master_name, rows[i].name);
    }
}

static void has_part(enum wal_child_type type, const char *spec,
                     const struct wal_surroundings *around, const char *part, bool there)
{
    char object[OBJECT_MAX];

    write_child(type, spec, around, object);
    if ((strstr(object, part) != NULL) != there)
        fail_msg("%s is %s in %s", part, there ? "not" : "there", object);
}

static void a_restore_stops_the_appliers_and_sets_their_rate(void **state)
{
    static const struct wal_surroundings stopped = { .image = "x", .stopped = true };
    static const struct wal_surroundings slow = { .image = "x", .rate_limit = 700 };
    (void)state;

    has_part(WAL_CHILD_DEPLOYMENT, FAILOVER, &stopped, "\"replicas\":0,", true);
    has_part(WAL_CHILD_DEPLOYMENT, FAILOVER, &slow, "\"replicas\":2,", true);
    has_part(WAL_CHILD_CONFIG_MAP, FAILOVER, &slow, "rate-limit: \\\"700\\\"", true);
    has_part(WAL_CHILD_CONFIG_MAP, OPTIONS("\"rateLimit\":5"), &slow, "\\\"5\\\"", false);
    has_part(WAL_CHILD_CONFIG_MAP, OPTIONS("\"rateLimit\":5"), &stopped, "\\\"5\\\"", true);
}

/* So that it does not go on with what a restore has left out. */
static void a_restore_has_a_blank_redis_held(void **state)
{
    static const struct wal_surroundings holding = { .image = "x", .holds_blank = true };
    (void)state;

    has_part(WAL_CHILD_CONFIG_MAP, FAILOVER, &holding, "on-blank: \\\"hold\\\"", true);
    has_part(WAL_CHILD_CONFIG_MAP, FAILOVER, &holding, "replay", false);
    has_part(WAL_CHILD_CONFIG_MAP, FAILOVER, &plain, "on-blank: \\\"replay\\\"", true);
}

/* A rate is an option of a running applier: no pod is replaced for it. */
static void the_rate_of_a_restore_replaces_no_pod(void **state)
{
    static const struct wal_surroundings slow = { .image = "ours:1", .rate_limit = 700 };
    char before[OBJECT_MAX], after[OBJECT_MAX];
    (void)state;

    write_child(WAL_CHILD_DEPLOYMENT, FAILOVER, &plain, before);
    write_child(WAL_CHILD_DEPLOYMENT, FAILOVER, &slow, after);
    assert_string_equal(before, after);
}

/* Each row is a part of the object that is there, or is not. */
static const struct {
    enum wal_child_type type;
    const char *spec, *part;
    bool there;
} parts[] = {
    { WAL_CHILD_DEPLOYMENT, FAILOVER, "\"replicas\":2,", true },
    { WAL_CHILD_DEPLOYMENT, FAILOVER, "\"image\":\"ours:1\"", true },
    { WAL_CHILD_DEPLOYMENT, FAILOVER, "\"terminationGracePeriodSeconds\":20", true },
    { WAL_CHILD_DEPLOYMENT, FAILOVER, "\"memory\":\"256Mi\"", true },
    { WAL_CHILD_DEPLOYMENT, FAILOVER, "topology.kubernetes.io/zone", true },
    { WAL_CHILD_DEPLOYMENT, FAILOVER, "\"secrets\"", false },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"replicas\":5"), "\"replicas\":5,", true },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"replicas\":5,\"paused\":true"), "\"replicas\":0,", true },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"image\":\"theirs:2\""), "\"image\":\"theirs:2\"", true },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"resources\":{}"), "\"resources\":{}", true },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"topologySpreadConstraints\":[]"),
      "topology.kubernetes.io/zone", false },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"podLabels\":{\"redwal.dev/wal\":\"x\",\"a\":\"b\"}"),
      "\"app.kubernetes.io/instance\":\"orders\",\"a\":\"b\"}", true },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"podLabels\":{\"redwal.dev/wal\":\"x\"}"), "\"x\"", false },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"podAnnotations\":{\"redwal.dev/options\":\"x\"}"), "\"x\"",
      false },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"tolerations\":[{\"operator\":\"Exists\"}]"),
      "\"tolerations\":[{\"operator\":\"Exists\"}]", true },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"topologySpreadConstraints\":[{\"maxSkew\":7}]"),
      "\"topologySpreadConstraints\":[{\"maxSkew\":7}]", true },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"podAnnotations\":{\"note\":\"n\"}"), "\"note\":\"n\"}",
      true },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"affinity\":{\"nodeAffinity\":{}}"),
      "\"affinity\":{\"nodeAffinity\":{}}", true },
    { WAL_CHILD_DEPLOYMENT, FAILOVER, "\"affinity\"", false },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"priorityClassName\":\"high\""),
      "\"priorityClassName\":\"high\"", true },
    { WAL_CHILD_DEPLOYMENT, FAILOVER, "\"priorityClassName\"", false },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"imagePullSecrets\":[{\"name\":\"pull\"}]"),
      "\"imagePullSecrets\":[{\"name\":\"pull\"}]", true },
    { WAL_CHILD_DEPLOYMENT, FAILOVER, "\"imagePullSecrets\"", false },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"nodeSelector\":{\"disk\":\"ssd\"}"),
      "\"nodeSelector\":{\"disk\":\"ssd\"}", true },
    { WAL_CHILD_DEPLOYMENT, FAILOVER, "\"readOnlyRootFilesystem\":true", true },
    { WAL_CHILD_DEPLOYMENT, APPLIER("\"scriptsConfigMap\":\"lua\""),
      "{\"name\":\"scripts\",\"configMap\":{\"name\":\"lua\"}}", true },
    { WAL_CHILD_DEPLOYMENT, OPTIONS("\"drainTimeout\":\"1500ms\""),
      "\"terminationGracePeriodSeconds\":12", true },
    { WAL_CHILD_DEPLOYMENT, FAILOVER, "\"automountServiceAccountToken\":false", true },
    { WAL_CHILD_DEPLOYMENT,
      "\"redis\":{\"failover\":\"rf\",\"passwordSecret\":{\"name\":\"s\",\"key\":\"k\"}}"
      "," KAFKA,
      "{\"secret\":{\"name\":\"s\",\"items\":[{\"key\":\"k\",\"path\":\"redis-password\"}]}}",
      true },
    { WAL_CHILD_NETWORK_POLICY, FAILOVER, "\"app.kubernetes.io/name\":\"rf\"", true },
    { WAL_CHILD_NETWORK_POLICY, FAILOVER,
      "{\"ports\":[{\"protocol\":\"TCP\",\"port\":9092},{\"protocol\":\"TCP\",\"port\":9093}]}",
      true },
    { WAL_CHILD_NETWORK_POLICY, "\"redis\":{\"sentinels\":[\"a:1\",\"[::1]:2\"],\"port\":3}," KAFKA,
      ":1},{\"protocol\":\"TCP\",\"port\":2},{\"protocol\":\"TCP\",\"port\":3}]}", true },
    { WAL_CHILD_NETWORK_POLICY, "\"redis\":{\"address\":\"a:9092\"}," KAFKA,
      "[{\"protocol\":\"TCP\",\"port\":9092},{\"protocol\":\"TCP\",\"port\":9093}]", true },
    { WAL_CHILD_NETWORK_POLICY, FAILOVER ",\"schemaRegistry\":{\"url\":\"http://[::1]:81/a:7\"}",
      "\"port\":81}", true },
    { WAL_CHILD_NETWORK_POLICY, FAILOVER ",\"schemaRegistry\":{\"url\":\"https://r.example\"}",
      "\"port\":443}", true },
    { WAL_CHILD_NETWORK_POLICY, FAILOVER ",\"schemaRegistry\":{\"url\":\"http://r.example/\"}",
      "\"port\":80}", true },
    { WAL_CHILD_NETWORK_POLICY, APPLIER("\"networkPolicy\":false"), "{", false },
    { WAL_CHILD_DISRUPTION, FAILOVER, "\"maxUnavailable\":1", true },
    { WAL_CHILD_SERVICE, FAILOVER, "\"targetPort\":\"http\"", true },
    { WAL_CHILD_SERVICE_ACCOUNT, FAILOVER, "\"automountServiceAccountToken\":false", true },
    { WAL_CHILD_CONFIG_MAP, FAILOVER, "\"redis-applier.yaml\":\"wal: \\\"orders\\\"\\n", true },
    { WAL_CHILD_POD_MONITOR, FAILOVER, "{", false },
};

static void objects_say_what_the_rediswal_says(void **state)
{
    char text[OBJECT_MAX];
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        write_child(parts[i].type, parts[i].spec, &plain, text);
        if (!strstr(text, parts[i].part) == parts[i].there)
            fail_msg("row %zu (%s): %s", i, parts[i].spec, text);
    }
}

static void each_object_is_named_labelled_and_owned(void **state)
{
    const struct wal_surroundings around = { .image = "x", .pod_monitors = true };
    (void)state;

    for (enum wal_child_type type = 0; type < WAL_CHILD_COUNT; type++) {
        char text[OBJECT_MAX], head[OBJECT_MAX];
        const struct kube_resource *r = &wal_child_resources[type];

        write_child(type, FAILOVER, &around, text);
        snprintf(head, sizeof(head),
                 "{\"apiVersion\":\"%.*s%s%.*s\",\"kind\":\"%s\",\"metadata\":{\"namespace\":"
                 "\"prod\",\"name\":\"orders-applier\",\"labels\":{\"app.kubernetes.io/name\":"
                 "\"redis-applier\",\"redwal.dev/wal\":\"orders\",\"app.kubernetes.io/managed-by\":"
                 "\"redwal-controller\",\"app.kubernetes.io/instance\":\"orders\"},"
                 "\"ownerReferences\":[{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":"
                 "\"RedisWal\",\"name\":\"orders\",\"uid\":\"u-1\",\"controller\":true,"
                 "\"blockOwnerDeletion\":true}]}",
                 STR_ARGS(r->group), r->group.n > 0 ? "/" : "", STR_ARGS(r->version),
                 wal_child_kind(type));
        if (strncmp(text, head, strlen(head)) != 0)
            fail_msg("%s", text);
    }
}

/* The value of the annotation that makes new pods. */
static void digest_of(const char *spec, const struct wal_surroundings *around, char ret[17])
{
    static const char name[] = "\"redwal.dev/options\":\"";
    char text[OBJECT_MAX];
    const char *at;

    write_child(WAL_CHILD_DEPLOYMENT, spec, around, text);
    at = strstr(text, name);
    assert_non_null(at);
    snprintf(ret, 17, "%s", at + strlen(name));
}

static void pods_are_replaced_for_what_does_not_take_effect_by_itself(void **state)
{
    static const struct {
        const char *before, *after;
        bool replaced;
    } rows[] = {
        { FAILOVER, FAILOVER, false },
        { FAILOVER, OPTIONS("\"rateLimit\":5"), false },
        { OPTIONS("\"logLevel\":\"info\""), OPTIONS("\"logLevel\":\"debug\""), false },
        { FAILOVER, OPTIONS("\"onReject\":\"halt\""), true },
        { FAILOVER, APPLIER("\"replicas\":4"), false },
        { FAILOVER, FAILOVER ",\"topics\":{\"deadLetters\":\"other\"}", true },
        { FAILOVER, "\"redis\":{\"failover\":\"rf\",\"sentinel\":{\"port\":1}}," KAFKA, true },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char before[17], after[17];

        digest_of(rows[i].before, &plain, before);
        digest_of(rows[i].after, &plain, after);
        if ((strcmp(before, after) != 0) != rows[i].replaced)
            fail_msg("row %zu: %s, %s", i, before, after);
    }
}

static void what_does_not_fit_is_not_written(void **state)
{
    CLEANUP(wal_resource_release) struct wal_resource wal = { 0 };
    CLEANUP(buf_release) struct buf out = { 0 };
    (void)state;

    decode(FAILOVER, &wal);
    for (size_t limit = 0; limit < 40; limit++) {
        buf_init(&out, limit);
        assert_false(wal_child_write(WAL_CHILD_SERVICE, &wal, applier_options(), &plain, &out));
        assert_int_equal(out.n, 0);
        assert_false(wal_child_selector(wal.name, &out));
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_appliers_file_says_what_the_rediswal_says),
        cmocka_unit_test(sentinels_that_use_the_failovers_name_are_asked_by_it),
        cmocka_unit_test(a_restore_stops_the_appliers_and_sets_their_rate),
        cmocka_unit_test(a_restore_has_a_blank_redis_held),
        cmocka_unit_test(the_rate_of_a_restore_replaces_no_pod),
        cmocka_unit_test(objects_say_what_the_rediswal_says),
        cmocka_unit_test(each_object_is_named_labelled_and_owned),
        cmocka_unit_test(pods_are_replaced_for_what_does_not_take_effect_by_itself),
        cmocka_unit_test(what_does_not_fit_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
