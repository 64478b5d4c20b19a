#include "core/cluster_diagnosis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

#define NUMBER(field, value)                                                                       \
    {                                                                                              \
        .at = offsetof(struct cluster_facts, field), .number = (value)                             \
    }
#define TEXT(field, value)                                                                         \
    {                                                                                              \
        .at = offsetof(struct cluster_facts, field), .text = (value)                               \
    }

enum { CHANGES_MAX = 4 };

struct change {
    size_t at;
    int64_t number;
    const char *text; /* NULL: a number */
};

/* clang-format off */
static const struct {
    enum cluster_diagnosis check;
    enum health_verdict expected;
    struct change changes[CHANGES_MAX];
    size_t n;
    const char *found;
} rows[] = {
    { CLUSTER_DIAGNOSIS_SERVED, VERDICT_OK, { NUMBER(served, 1) }, 1, "redwal.dev/v1alpha1" },
    { CLUSTER_DIAGNOSIS_SERVED, VERDICT_FAIL, { NUMBER(served, 0) }, 1, "not served" },
    { CLUSTER_DIAGNOSIS_CONTROLLER, VERDICT_FAIL, { NUMBER(has_lease, 0) }, 1, "no controller ever ran" },
    { CLUSTER_DIAGNOSIS_CONTROLLER, VERDICT_FAIL, { NUMBER(has_lease, 1) }, 1, "nobody holds" },
    { CLUSTER_DIAGNOSIS_CONTROLLER, VERDICT_UNKNOWN, { NUMBER(has_lease, 1), TEXT(holder, "c-0") }, 2, "renewed" },
    { CLUSTER_DIAGNOSIS_CONTROLLER, VERDICT_OK, { NUMBER(has_lease, 1), TEXT(holder, "c-0"), NUMBER(lease_age_ms, 15000), NUMBER(lease_duration_ms, 15000) }, 4, "c-0 renewed the lease 15 s ago" },
    { CLUSTER_DIAGNOSIS_CONTROLLER, VERDICT_FAIL, { NUMBER(has_lease, 1), TEXT(holder, "c-0"), NUMBER(lease_age_ms, 15001), NUMBER(lease_duration_ms, 15000) }, 4, "it lasts 15 s" },
    { CLUSTER_DIAGNOSIS_ACCEPTED, VERDICT_FAIL, { NUMBER(exists, 0) }, 1, "none of that name" },
    { CLUSTER_DIAGNOSIS_ACCEPTED, VERDICT_FAIL, { NUMBER(exists, 1), NUMBER(accepted, 0), TEXT(why, "spec.wal: bad") }, 3, "spec.wal: bad" },
    { CLUSTER_DIAGNOSIS_ACCEPTED, VERDICT_OK, { NUMBER(exists, 1), NUMBER(accepted, 1) }, 2, "followed" },
    { CLUSTER_DIAGNOSIS_OBSERVED, VERDICT_OK, { NUMBER(generation, 3), NUMBER(observed_generation, 3) }, 2, "3 of 3" },
    { CLUSTER_DIAGNOSIS_OBSERVED, VERDICT_WARN, { NUMBER(generation, 3), NUMBER(observed_generation, 2) }, 2, "2 of 3" },
    { CLUSTER_DIAGNOSIS_OBSERVED, VERDICT_FAIL, { NUMBER(generation, 3), NUMBER(observed_generation, -1) }, 2, "no controller" },
    { CLUSTER_DIAGNOSIS_FAILOVER, VERDICT_OK, { NUMBER(has_failover, 1), TEXT(failover, "orders") }, 2, "orders" },
    { CLUSTER_DIAGNOSIS_FAILOVER, VERDICT_FAIL, { NUMBER(has_failover, 0), TEXT(failover, "orders") }, 2, "orders is not there" },
    { CLUSTER_DIAGNOSIS_SECRETS, VERDICT_OK, { NUMBER(secrets.n, 0) }, 1, "none is missing" },
    { CLUSTER_DIAGNOSIS_SECRETS, VERDICT_FAIL, { NUMBER(secrets.n, 1), TEXT(secrets.text, "kafka/word") }, 2, "missing: kafka/word" },
    { CLUSTER_DIAGNOSIS_OBJECTS, VERDICT_OK, { NUMBER(objects.n, 0) }, 1, "none is missing" },
    { CLUSTER_DIAGNOSIS_OBJECTS, VERDICT_FAIL, { NUMBER(objects.n, 1), TEXT(objects.text, "Service/x") }, 2, "missing: Service/x" },
    { CLUSTER_DIAGNOSIS_OWNED, VERDICT_OK, { NUMBER(foreign.n, 0) }, 1, "its own" },
    { CLUSTER_DIAGNOSIS_OWNED, VERDICT_FAIL, { NUMBER(foreign.n, 1), TEXT(foreign.text, "Service/x") }, 2, "not ours: Service/x" },
    { CLUSTER_DIAGNOSIS_READY, VERDICT_OK, { NUMBER(n_wanted, 2), NUMBER(n_ready, 2) }, 2, "2 of 2" },
    { CLUSTER_DIAGNOSIS_READY, VERDICT_WARN, { NUMBER(n_wanted, 2), NUMBER(n_ready, 1) }, 2, "1 of 2" },
    { CLUSTER_DIAGNOSIS_READY, VERDICT_FAIL, { NUMBER(n_wanted, 2), NUMBER(n_ready, 0) }, 2, "0 of 2" },
    { CLUSTER_DIAGNOSIS_READY, VERDICT_WARN, { NUMBER(n_wanted, 0), NUMBER(n_ready, 0) }, 2, "paused" },
    { CLUSTER_DIAGNOSIS_RUNNING, VERDICT_OK, { NUMBER(stuck.n, 0), NUMBER(n_pods, 2) }, 2, "2 pods" },
    { CLUSTER_DIAGNOSIS_RUNNING, VERDICT_FAIL, { NUMBER(stuck.n, 1), TEXT(stuck.text, "a: OOMKilled") }, 2, "a: OOMKilled" },
};
/* clang-format on */

static struct cluster_facts facts_of(const struct change *changes, size_t n)
{
    struct cluster_facts f;

    cluster_facts_init(&f);
    for (size_t i = 0; i < n; i++) {
        char *field = (char *)&f + changes[i].at;

        if (changes[i].text)
            memcpy(field, changes[i].text, strlen(changes[i].text) + 1);
        else
            memcpy(field, &changes[i].number, sizeof(changes[i].number));
    }
    return f;
}

static void facts_lead_to_verdicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct cluster_facts f = facts_of(rows[i].changes, rows[i].n);
        char detail[DIAGNOSIS_DETAIL_MAX];
        const char *remedy = NULL;
        const enum health_verdict got = cluster_diagnose(rows[i].check, &f, detail, &remedy);

        if (got != rows[i].expected || !strstr(detail, rows[i].found) || !remedy)
            fail_msg("row %zu: %s: %s", i, health_verdict_code(got), detail);
    }
}

static void what_nobody_could_ask_for_is_unknown(void **state)
{
    struct cluster_facts f;
    (void)state;

    cluster_facts_init(&f);
    for (enum cluster_diagnosis i = 0; i < CLUSTER_DIAGNOSIS_COUNT; i++) {
        char detail[DIAGNOSIS_DETAIL_MAX];
        const char *remedy;

        if (cluster_diagnose(i, &f, detail, &remedy) != VERDICT_UNKNOWN)
            fail_msg("%s: %s", cluster_diagnosis_code(i), detail);
        assert_true(cluster_diagnosis_applies(i, &f));
        for (size_t k = 0; k < (size_t)i; k++)
            assert_string_not_equal(cluster_diagnosis_code(i),
                                    cluster_diagnosis_code((enum cluster_diagnosis)k));
    }
    f.names_failover = 0;
    assert_false(cluster_diagnosis_applies(CLUSTER_DIAGNOSIS_FAILOVER, &f));
    assert_true(cluster_diagnosis_applies(CLUSTER_DIAGNOSIS_SECRETS, &f));
}

static void a_pod_that_does_not_run_has_a_remedy_of_its_own(void **state)
{
    struct cluster_facts f;
    char detail[DIAGNOSIS_DETAIL_MAX];
    const char *remedy;
    (void)state;

    cluster_facts_init(&f);
    diagnosis_list_begin(&f.stuck);
    diagnosis_list_add(&f.stuck, STR_LITERAL("a: ImagePullBackOff"));
    snprintf(f.trouble, sizeof(f.trouble), "ImagePullBackOff");
    assert_int_equal(cluster_diagnose(CLUSTER_DIAGNOSIS_RUNNING, &f, detail, &remedy),
                     VERDICT_FAIL);
    assert_non_null(strstr(remedy, "imagePullSecrets"));
    snprintf(f.trouble, sizeof(f.trouble), "SomethingNew");
    assert_int_equal(cluster_diagnose(CLUSTER_DIAGNOSIS_RUNNING, &f, detail, &remedy),
                     VERDICT_FAIL);
    assert_string_equal(remedy, cluster_diagnosis_remedy(CLUSTER_DIAGNOSIS_RUNNING));
    assert_true(pod_reason_is_passing(STR_LITERAL("ContainerCreating")));
    assert_true(pod_reason_is_passing(STR_LITERAL("")));
    assert_false(pod_reason_is_passing(STR_LITERAL("ErrImagePull")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_lead_to_verdicts),
        cmocka_unit_test(what_nobody_could_ask_for_is_unknown),
        cmocka_unit_test(a_pod_that_does_not_run_has_a_remedy_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
