/* What Jobs of restores, and their pods, say of themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "cli/exit_status.h"
#include "codec/restore_job_state.h"

#define JOB "restore-verify-0b4c-1"
#define OF_JOB(conditions)                                                                         \
    "{\"metadata\":{\"creationTimestamp\":\"2026-11-25T00:00:00Z\"},\"status\":{\"conditions\":"   \
    "[" conditions "]}}"
#define CONDITION(type, status, reason, message)                                                   \
    "{\"type\":\"" type "\",\"status\":\"" status "\",\"reason\":\"" reason                        \
    "\",\"message\":\"" message "\",\"lastTransitionTime\":\"2026-11-25T00:00:10Z\"}"
#define EXITED(code)                                                                               \
    CONDITION("Failed", "True", "PodFailurePolicy",                                                \
              "Container verify for pod prod/x failed with exit code " code                        \
              " matching FailJob rule at index 1")
#define COMPLETE CONDITION("Complete", "True", "", "")
#define GIVEN_UP CONDITION("Failed", "True", "BackoffLimitExceeded", "three times")

static void a_job_says_what_came_of_it(void **state)
{
    static const struct {
        const char *json;
        enum restore_job_phase phase;
        enum truth good;
    } rows[] = {
        { "{}", RESTORE_JOB_RUNNING, TRUTH_UNKNOWN },
        { "{", RESTORE_JOB_RUNNING, TRUTH_UNKNOWN },
        { OF_JOB(""), RESTORE_JOB_RUNNING, TRUTH_UNKNOWN },
        { OF_JOB(CONDITION("Suspended", "True", "", "")), RESTORE_JOB_RUNNING, TRUTH_UNKNOWN },
        { OF_JOB(CONDITION("Complete", "False", "", "")), RESTORE_JOB_RUNNING, TRUTH_UNKNOWN },
        { OF_JOB(CONDITION("FailureTarget", "True", "", "")), RESTORE_JOB_RUNNING, TRUTH_UNKNOWN },
        { OF_JOB(CONDITION("SuccessCriteriaMet", "True", "", "") "," COMPLETE), RESTORE_JOB_ENDED,
          TRUTH_YES },
        { OF_JOB(EXITED("3")), RESTORE_JOB_ENDED, TRUTH_NO },
        { OF_JOB(EXITED("5")), RESTORE_JOB_ENDED, TRUTH_UNKNOWN },
        { OF_JOB(EXITED("31")), RESTORE_JOB_ENDED, TRUTH_UNKNOWN },
        { OF_JOB(EXITED("13")), RESTORE_JOB_ENDED, TRUTH_UNKNOWN },
        { OF_JOB(CONDITION("Failed", "True", "BackoffLimitExceeded", "exit code 3 ")),
          RESTORE_JOB_ENDED, TRUTH_UNKNOWN },
        { OF_JOB(CONDITION("Failed", "True", "DeadlineExceeded", "too long")), RESTORE_JOB_ENDED,
          TRUTH_UNKNOWN },
    };
    struct restore_job_state s;
    (void)state;

    assert_int_equal(EXIT_DIFFERENT, 3);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        restore_job_read(str_from(rows[i].json), &s);
        if (s.phase != rows[i].phase || s.good != rows[i].good ||
            (s.why[0] != '\0') != (s.phase == RESTORE_JOB_ENDED && s.good == TRUTH_UNKNOWN) ||
            (s.ended_ms - s.began_ms == 10000) != (s.phase == RESTORE_JOB_ENDED))
            fail_msg("%s: %d %d %s", rows[i].json, (int)s.phase, (int)s.good, s.why);
    }
}

#define POD_OF(job, lists)                                                                         \
    "{\"metadata\":{\"name\":\"p\",\"labels\":{\"batch.kubernetes.io/job-name\":\"" job            \
    "\"}},\"status\":{" lists "}}"
#define CONTAINERS(key, name, state) "\"" key "\":[{\"name\":\"" name "\",\"state\":{" state "}}]"
#define OF(state)                    POD_OF(JOB, CONTAINERS("containerStatuses", "verify", state))
#define OF_SCRATCH(state)            POD_OF(JOB, CONTAINERS("initContainerStatuses", "scratch", state))
#define ENDED(code, message)                                                                       \
    "\"terminated\":{\"exitCode\":" code ",\"reason\":\"Error\",\"message\":\"" message "\"}"
#define WAITS(reason) "\"waiting\":{\"reason\":\"" reason "\",\"message\":\"no such image\"}"
#define SUMMARY       "{\\\"equal\\\":false,\\\"compared\\\":500,\\\"different\\\":3,\\\"foldMs\\\":7}\\n"
#define LOG           "the first\\nkubectl-redwal verify: Kafka is away\\n"

static void a_pod_adds_figures_and_reasons(void **state)
{
    static const struct {
        const char *job, *pod;
        enum truth good;
        bool is_told;
        int64_t compared, different;
        const char *why;
    } rows[] = {
        { OF_JOB(EXITED("3")), OF(ENDED("3", SUMMARY)), TRUTH_NO, true, 500, 3, "" },
        { OF_JOB(COMPLETE), OF(ENDED("0", SUMMARY)), TRUTH_YES, true, 500, 3, "" },
        { OF_JOB(COMPLETE), OF(ENDED("0", "no summary")), TRUTH_YES, true, -1, -1, "" },
        /* What the API server words otherwise some day. */
        { OF_JOB(CONDITION("Failed", "True", "PodFailurePolicy", "it is 3")),
          OF(ENDED("3", SUMMARY)), TRUTH_NO, true, 500, 3, "PodFailurePolicy" },
        { OF_JOB(GIVEN_UP), OF(ENDED("5", SUMMARY)), TRUTH_UNKNOWN, true, 500, 3,
          "BackoffLimitExceeded: three times; not all that was asked for could be compared" },
        { OF_JOB(GIVEN_UP), OF(ENDED("1", LOG)), TRUTH_UNKNOWN, true, -1, -1,
          "BackoffLimitExceeded: three times; Error: kubectl-redwal verify: Kafka is away" },
        { OF_JOB(GIVEN_UP), OF(ENDED("137", "")), TRUTH_UNKNOWN, true, -1, -1,
          "BackoffLimitExceeded: three times; Error" },
        { OF_JOB(GIVEN_UP),
          POD_OF("another", CONTAINERS("containerStatuses", "verify", ENDED("3", ""))),
          TRUTH_UNKNOWN, false, -1, -1, "BackoffLimitExceeded: three times" },
        { OF_JOB(""), OF(ENDED("3", SUMMARY)), TRUTH_UNKNOWN, true, 500, 3, "" },
        { OF_JOB(""), OF(ENDED("1", LOG)), TRUTH_UNKNOWN, true, -1, -1,
          "Error: kubectl-redwal verify: Kafka is away" },
        { OF_JOB(""), OF(WAITS("ImagePullBackOff")), TRUTH_UNKNOWN, false, -1, -1,
          "pod p: ImagePullBackOff: no such image" },
        { OF_JOB(""), OF_SCRATCH(WAITS("ErrImagePull")), TRUTH_UNKNOWN, false, -1, -1,
          "pod p: ErrImagePull: no such image" },
        { OF_JOB(""),
          POD_OF(JOB,
                 "\"conditions\":["
                 "{\"type\":\"Ready\",\"status\":\"False\",\"reason\":\"ContainersNotReady\"},"
                 "{\"type\":\"PodScheduled\",\"status\":\"False\",\"reason\":\"Unschedulable\","
                 "\"message\":\"0/1 nodes are available\"}]"),
          TRUTH_UNKNOWN, false, -1, -1, "pod p: Unschedulable: 0/1 nodes are available" },
        { OF_JOB(""),
          POD_OF(JOB, "\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"True\"}]"),
          TRUTH_UNKNOWN, false, -1, -1, "" },
        { OF_JOB(""), OF(WAITS("PodInitializing")), TRUTH_UNKNOWN, false, -1, -1, "" },
        { OF_JOB(""), OF_SCRATCH("\"running\":{}"), TRUTH_UNKNOWN, false, -1, -1, "" },
        { OF_JOB(""), OF_SCRATCH(ENDED("3", LOG)), TRUTH_UNKNOWN, false, -1, -1, "" },
        { OF_JOB(""), "{", TRUTH_UNKNOWN, false, -1, -1, "" },
        { OF_JOB(""), POD_OF(JOB, ""), TRUTH_UNKNOWN, false, -1, -1, "" },
    };
    struct restore_job_state s;
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        restore_job_read(str_from(rows[i].job), &s);
        restore_job_read_pod(str_from(rows[i].pod), JOB, "verify", &s);
        if (s.good != rows[i].good || s.is_told != rows[i].is_told ||
            s.compared != rows[i].compared || s.different != rows[i].different ||
            strcmp(s.why, rows[i].why) != 0)
            fail_msg("%zu: good %d told %d compared %d different %d: %s", i, (int)s.good, s.is_told,
                     (int)s.compared, (int)s.different, s.why);
    }
}

static void what_several_tries_say_is_said_once(void **state)
{
    struct restore_job_state s;
    (void)state;

    restore_job_read(STR_LITERAL(OF_JOB(GIVEN_UP)), &s);
    restore_job_read_pod(STR_LITERAL(OF(ENDED("1", LOG))), JOB, "verify", &s);
    restore_job_read_pod(STR_LITERAL(OF(ENDED("1", LOG))), JOB, "verify", &s);
    assert_string_equal(
        s.why, "BackoffLimitExceeded: three times; Error: kubectl-redwal verify: Kafka is away");
}

#define ENDED_AT(second, code, message)                                                            \
    OF("\"terminated\":{\"exitCode\":" code ",\"finishedAt\":\"2026-11-25T00:00:0" second          \
       "Z\",\"reason\":\"Error\",\"message\":\"" message "\"}")
#define REPAIRED(different, repaired)                                                              \
    "{\\\"compared\\\":500,\\\"different\\\":" different ",\\\"repaired\\\":" repaired "}\\n"

#define IN_VAIN(different, repaired, held, rejected)                                               \
    "{\\\"compared\\\":500,\\\"different\\\":" different ",\\\"repaired\\\":" repaired             \
    ",\\\"held-back\\\":" held ",\\\"rejected\\\":" rejected "}\\n"
#define IN_DOUBT(different, repaired, doubtful)                                                    \
    "{\\\"compared\\\":500,\\\"different\\\":" different ",\\\"repaired\\\":" repaired             \
    ",\\\"doubtful\\\":" doubtful "}\\n"

/* By pods that are told in whatever order. */
struct tries {
    const char *job, *pods[3]; /* in the order of time */
    enum truth good;
    int64_t different, left, repaired;
    const char *why;
};

static void check_tries(const struct tries *tries, size_t i)
{
    static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    struct restore_job_state s;

    for (size_t k = 0; k < ARRAY_SIZE(orders); k++) {
        restore_job_read(str_from(tries->job), &s);
        for (int n = 0; n < 3; n++)
            restore_job_read_pod(str_from(tries->pods[orders[k][n]]), JOB, "verify", &s);
        if (s.good != tries->good || s.different != tries->different || s.left != tries->left ||
            s.repaired != tries->repaired || strcmp(s.why, tries->why) != 0)
            fail_msg("%zu, %zu: good %d different %d left %d repaired %d: %s", i, k, (int)s.good,
                     (int)s.different, (int)s.left, (int)s.repaired, s.why);
    }
}

static void the_last_try_counts_in_whatever_order_they_are_told(void **state)
{
    static const struct tries rows[] = {
        { OF_JOB(GIVEN_UP),
          { ENDED_AT("1", "3", REPAIRED("9", "5")), ENDED_AT("2", "3", REPAIRED("4", "1")),
            ENDED_AT("3", "3", REPAIRED("3", "1")) },
          TRUTH_NO,
          3,
          2,
          7,
          "BackoffLimitExceeded: three times" },
        { OF_JOB(COMPLETE),
          { ENDED_AT("1", "1", LOG), ENDED_AT("2", "3", REPAIRED("4", "1")),
            ENDED_AT("3", "0", REPAIRED("3", "3")) },
          TRUTH_YES,
          3,
          0,
          4,
          "" },
        { OF_JOB(GIVEN_UP),
          { ENDED_AT("1", "3", REPAIRED("4", "1")), ENDED_AT("2", "1", "another"),
            ENDED_AT("3", "1", LOG) },
          TRUTH_UNKNOWN,
          LOOK_UNKNOWN,
          LOOK_UNKNOWN,
          1,
          "BackoffLimitExceeded: three times; Error: kubectl-redwal verify: Kafka is away" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check_tries(&rows[i], i);
}

/* Each try tells anew what becomes of the records that others wrote. */
static void what_tries_did_in_vain_is_counted_once(void **state)
{
    static const struct tries rows[] = {
        { OF_JOB(GIVEN_UP),
          { ENDED_AT("1", "3", IN_VAIN("5", "3", "1", "1")),
            ENDED_AT("2", "3", IN_VAIN("2", "0", "1", "1")),
            ENDED_AT("3", "3", IN_VAIN("3", "1", "1", "1")) },
          TRUTH_NO,
          3,
          2,
          4,
          "BackoffLimitExceeded: three times" },
        /* It was not seen by then; and it was retried since. */
        { OF_JOB(COMPLETE),
          { ENDED_AT("1", "4", REPAIRED("5", "5")), ENDED_AT("2", "3", IN_VAIN("1", "0", "1", "0")),
            ENDED_AT("3", "0", IN_VAIN("0", "0", "0", "0")) },
          TRUTH_YES,
          0,
          0,
          5,
          "" },
        /* It cannot read the dead letters that the one before it read. */
        { OF_JOB(COMPLETE),
          { ENDED_AT("1", "3", IN_VAIN("5", "3", "1", "1")),
            ENDED_AT("2", "3", IN_VAIN("1", "0", "0", "1")),
            ENDED_AT("3", "0", REPAIRED("0", "0")) },
          TRUTH_NO,
          0,
          1,
          3,
          "" },
        { OF_JOB(EXITED("3")),
          { ENDED_AT("1", "3", IN_DOUBT("5", "3", "2")), ENDED_AT("2", "4", REPAIRED("0", "0")),
            ENDED_AT("3", "3", IN_DOUBT("2", "0", "2")) },
          TRUTH_NO,
          2,
          2,
          3,
          "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check_tries(&rows[i], i);
}

#define OUTCOMES(written, deleted, busy)                                                           \
    "{\\\"compared\\\":500,\\\"different\\\":9,\\\"repaired\\\":1,\\\"written\\\":" written        \
    ",\\\"deleted\\\":" deleted ",\\\"left\\\":1,\\\"busy\\\":" busy                               \
    ",\\\"refused\\\":0,\\\"unknown\\\":2"

/* What a try did is done, whatever became of it; what it did not do may have been done since. */
static void a_repair_that_failed_says_why_and_what_it_did(void **state)
{
    struct restore_job_state s;
    (void)state;

    restore_job_read(STR_LITERAL(OF_JOB(GIVEN_UP)), &s);
    for (enum repair_outcome i = 0; i < REPAIR_OUTCOME_COUNT; i++)
        assert_int_equal(s.outcomes[i], LOOK_UNKNOWN);
    restore_job_read_pod(
        STR_LITERAL(ENDED_AT("2", "1",
                             OUTCOMES("3", "0", "4") ",\\\"error\\\":\\\"Redis 'r' is away\\\"}")),
        JOB, "verify", &s);
    restore_job_read_pod(STR_LITERAL(ENDED_AT("1", "3", OUTCOMES("1", "5", "7") "}")), JOB,
                         "verify", &s);
    assert_int_equal(s.good, TRUTH_UNKNOWN);
    assert_string_equal(s.why, "BackoffLimitExceeded: three times; Error: Redis 'r' is away");
    assert_int_equal(s.outcomes[REPAIR_WRITTEN], 4);
    assert_int_equal(s.outcomes[REPAIR_DELETED], 5);
    assert_int_equal(s.outcomes[REPAIR_LEFT], 1);
    assert_int_equal(s.outcomes[REPAIR_BUSY], 4);
    assert_int_equal(s.outcomes[REPAIR_REFUSED], 0);
    assert_int_equal(s.outcomes[REPAIR_UNKNOWN], 2);
    assert_int_equal(s.compared, LOOK_UNKNOWN); /* of the rest it says nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_says_what_came_of_it),
        cmocka_unit_test(a_pod_adds_figures_and_reasons),
        cmocka_unit_test(what_several_tries_say_is_said_once),
        cmocka_unit_test(the_last_try_counts_in_whatever_order_they_are_told),
        cmocka_unit_test(what_tries_did_in_vain_is_counted_once),
        cmocka_unit_test(a_repair_that_failed_says_why_and_what_it_did),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
