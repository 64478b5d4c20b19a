/* The Job of a restore. tests/lab/test_restore_job.py shows that the API server takes
 * it, and kubectl-redwal its arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/applier_options.h"
#include "codec/kube_child.h"
#include "codec/restore_job.h"

enum { OBJECT_MAX = 8192 };

static const char *const arguments[] = { "--sample", "1000", NULL };
static const struct restore_job job = { .verb = "verify",
                                        .run = 0x6a0f,
                                        .restore = "back",
                                        .uid = "0b4c",
                                        .arguments = arguments,
                                        .final = "2,3,5",
                                        .image = "tool:1",
                                        .redis_image = "redis:8",
                                        .lasts_max_s = 900 };
static const struct wal_surroundings around = { .image = "ours:1", .failover_secret = "rf-auth" };

static void write_this(const struct restore_job *that, const char *more, struct buf *out)
{
    CLEANUP(wal_resource_release) struct wal_resource wal = { 0 };
    char text[OBJECT_MAX];
    struct err err;

    snprintf(text, sizeof(text),
             "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\",\"metadata\":{"
             "\"namespace\":\"prod\",\"name\":\"orders\",\"uid\":\"u-1\"},\"spec\":{"
             "\"redis\":{\"failover\":\"rf\"},\"kafka\":{\"brokers\":[\"k:9092\"]}%s}}",
             more);
    if (wal_resource_decode(str_from(text), applier_options(), &wal, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    buf_init(out, OBJECT_MAX);
    assert_true(restore_job_write(that, &wal, applier_options(), &around, out));
    assert_true(buf_append(out, "", 1));
}

static void write_job(const char *more, struct buf *out)
{
    write_this(&job, more, out);
}

static void it_is_the_restore_s_and_compares_as_the_appliers_apply(void **state)
{
    static const char *const parts[] = {
        "\"namespace\":\"prod\",\"name\":\"restore-verify-0b4c-6a0f\"",
        "\"kind\":\"RedisRestore\",\"name\":\"back\",\"uid\":\"0b4c\",\"controller\":true",
        "\"serviceAccountName\":\"orders-applier\"",
        "\"image\":\"redis:8\",\"restartPolicy\":\"Always\"",
        "\"image\":\"tool:1\",\"imagePullPolicy\":\"Never\",\"args\":[\"verify\",\"--config\",",
        "[\"verify\",\"--config\",\"/etc/redwal/options/redis-applier.yaml\",\"--scratch\",",
        "\"127.0.0.1:6379\",\"--summary\",\"/dev/termination-log\",\"--sample\",\"1000\"]",
        "\"backoffLimit\":2,\"activeDeadlineSeconds\":900",
        "\"containerName\":\"verify\",\"operator\":\"In\",\"values\":[2,3,5]",
        "\"redwal.dev/restore\":\"back\"",
        "\"configMap\":{\"name\":\"orders-applier\"}",
        "\"secret\":{\"name\":\"rf-auth\"",
        "\"configMap\":{\"name\":\"lua\"}",
        "\"nodeSelector\":{\"a\":\"b\"}",
        "\"imagePullSecrets\":[{\"name\":\"pull\"}]",
    };
    CLEANUP(buf_release) struct buf out = { 0 };
    struct kube_child child;
    struct err err;
    (void)state;

    write_job(",\"applier\":{\"scriptsConfigMap\":\"lua\",\"imagePullPolicy\":\"Never\","
              "\"nodeSelector\":{\"a\":\"b\"},\"imagePullSecrets\":[{\"name\":\"pull\"}]}",
              &out);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (!strstr(out.p, parts[i]))
            fail_msg("%s is not in %s", parts[i], out.p);
    assert_int_equal(kube_child_read(str_from(out.p), &child, &err), ERR_OK);
    assert_string_equal(child.owner_kind, "RedisRestore");
}

/* A kubelet would replace $(HOME), and make one $ of two. */
static void what_is_asked_for_comes_through_a_kubelet(void **state)
{
    static const char *const words[] = { "--keys=$(HOME):\"$$", NULL };
    static const char *const parts[] = { "\"restore-repair-0b4c-0\"",
                                         "\"--keys=$$(HOME):\\\"$$$$\"]",
                                         "\"containerName\":\"repair\"", "\"values\":[2]}" };
    CLEANUP(buf_release) struct buf out = { 0 };
    struct restore_job repair = job;
    (void)state;

    repair.verb = "repair";
    repair.run = 0;
    repair.arguments = words;
    repair.final = "2";
    write_this(&repair, "", &out);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (!strstr(out.p, parts[i]))
            fail_msg("%s is not in %s", parts[i], out.p);
}

static void a_job_is_known_by_its_name(void **state)
{
    (void)state;

    assert_true(restore_job_is_of(STR_LITERAL("restore-repair-0b4c-0"), "0b4c"));
    assert_false(restore_job_is_of(STR_LITERAL("restore-repair-0b4cd-0"), "0b4c"));
    assert_false(restore_job_is_of(STR_LITERAL("restore-repair-00b4c-0"), "0b4c"));
}

/* Or it would be counted as an applier that has not ended, and be given its traffic. */
static void its_pods_are_no_appliers(void **state)
{
    CLEANUP(buf_release) struct buf out = { 0 };
    (void)state;

    write_job("", &out);
    assert_null(strstr(out.p, "\"app.kubernetes.io/name\":\"redis-applier\""));
    assert_non_null(strstr(out.p, "\"app.kubernetes.io/name\":\"kubectl-redwal\""));
}

static void no_container_of_it_writes_to_its_image(void **state)
{
    static const char is_confined[] = "\"readOnlyRootFilesystem\":true", image[] = "\"image\":";
    CLEANUP(buf_release) struct buf out = { 0 };
    int n_containers = 0, n_confined = 0;
    (void)state;

    write_job("", &out);
    for (const char *at = out.p; (at = strstr(at, image)) != NULL; at++)
        n_containers++;
    for (const char *at = out.p; (at = strstr(at, is_confined)) != NULL; at++)
        n_confined++;
    assert_int_equal(n_containers, 2);
    assert_int_equal(n_confined, n_containers);
}

static void a_name_is_short_whatever_the_uid_and_tells_runs_apart(void **state)
{
    static const char uid[] = "0b4c7c1e-7d0e-4f3a-9a55-3f2f0f6f7a11";
    char name[RESTORE_JOB_NAME_MAX + 1], next[RESTORE_JOB_NAME_MAX + 1];
    (void)state;

    restore_job_name("verify", uid, UINT32_MAX - 1, name);
    restore_job_name("verify", uid, UINT32_MAX, next);
    assert_true(strlen(name) <= RESTORE_JOB_NAME_MAX);
    assert_string_not_equal(name, next);
    assert_non_null(strstr(name, uid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_restore_s_and_compares_as_the_appliers_apply),
        cmocka_unit_test(what_is_asked_for_comes_through_a_kubelet),
        cmocka_unit_test(a_job_is_known_by_its_name),
        cmocka_unit_test(its_pods_are_no_appliers),
        cmocka_unit_test(no_container_of_it_writes_to_its_image),
        cmocka_unit_test(a_name_is_short_whatever_the_uid_and_tells_runs_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
