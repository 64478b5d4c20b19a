#include "codec/strimzi_mirror.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

#define META(generation, annotations)                                                              \
    "\"metadata\":{\"name\":\"m\",\"resourceVersion\":\"81\",\"generation\":" #generation          \
    ",\"annotations\":{" annotations "}}"
#define STATUS(observed, state, tasks)                                                             \
    "\"status\":{\"observedGeneration\":" #observed ",\"connectors\":[{\"name\":"                  \
    "\"dc->dr.MirrorCheckpointConnector\",\"connector\":{\"state\":\"RUNNING\"},\"tasks\":[]},"    \
    "{\"name\":\"dc->dr.MirrorSourceConnector\",\"connector\":{\"state\":\"" state                 \
    "\"},\"tasks\":[" tasks "]}]}"
#define TARGET                                                                                     \
    "\"target\":{\"alias\":\"dr\",\"config\":{\"exactly.once.source.support\":\"enabled\"}}"
#define MIRROR(alias, rest) "{\"source\":{\"alias\":\"" alias "\"}" rest "}"
#define SOURCE(fields)      ",\"sourceConnector\":{" fields "}"
#define V1(meta, mirrors, status)                                                                  \
    "{" meta ",\"spec\":{" TARGET ",\"mirrors\":[" mirrors "]}," status "}"
#define OLD(fields)                                                                                \
    "{" META(2,                                                                                    \
             "") ",\"spec\":{\"connectCluster\":\"dr\",\"clusters\":[{\"alias\":\"dc\"},"          \
                 "{\"alias\":\"dr\",\"config\":{\"exactly.once.source.support\":\"enabled\"}}],"   \
                 "\"mirrors\":[{\"sourceCluster\":\"dc\",\"targetCluster\":\"dr\","                \
                 "\"sourceConnector\":{" fields "}}]}}"
#define RUNS    STATUS(2, "RUNNING", "{\"id\":0,\"state\":\"RUNNING\"}")
#define STOPPED STATUS(2, "STOPPED", "")

static void a_resource_tells_of_its_mirror(void **state)
{
    static const struct {
        const char *json, *alias;
        size_t at;
        bool to_run, to_stop;
        enum truth followed, current, exactly_once;
        enum connector_state connector;
        int64_t n_tasks;
    } rows[] = {
        { V1(META(2, ""), MIRROR("dc", SOURCE("")), RUNS), "dc", 0, true, false, TRUTH_YES,
          TRUTH_YES, TRUTH_YES, CONNECTOR_RUNNING, 1 },
        { V1(META(2, ""), MIRROR("dc", SOURCE("\"state\":\"stopped\"")), STOPPED), "", 0, false,
          true, TRUTH_YES, TRUTH_YES, TRUTH_YES, CONNECTOR_STOPPED, 0 },
        { V1(META(3, ""), MIRROR("dc", SOURCE("\"state\":\"stopped\"")), RUNS), "dc", 0, false,
          true, TRUTH_YES, TRUTH_NO, TRUTH_YES, CONNECTOR_RUNNING, 1 },
        { V1(META(2, "\"strimzi.io/pause-reconciliation\":\"true\""), MIRROR("dc", SOURCE("")),
             STOPPED),
          "dc", 0, true, false, TRUTH_NO, TRUTH_NO, TRUTH_YES, CONNECTOR_STOPPED, 0 },
        { V1(META(2, "\"strimzi.io/pause-reconciliation\":\"false\""), MIRROR("dc", SOURCE("")),
             STOPPED),
          "dc", 0, true, false, TRUTH_YES, TRUTH_YES, TRUTH_YES, CONNECTOR_STOPPED, 0 },
        { V1(META(2, ""), MIRROR("xx", "") "," MIRROR("dc", SOURCE("\"state\":\"paused\"")),
             STATUS(2, "PAUSED", "")),
          "dc", 1, false, false, TRUTH_YES, TRUTH_YES, TRUTH_YES, CONNECTOR_PAUSED, 0 },
        { V1(META(2, ""), MIRROR("dc", SOURCE("")), "\"status\":{\"observedGeneration\":2}"), "dc",
          0, true, false, TRUTH_YES, TRUTH_YES, TRUTH_YES, CONNECTOR_OTHER, LOOK_UNKNOWN },
        { OLD(""), "dc", 0, true, false, TRUTH_YES, TRUTH_NO, TRUTH_YES, CONNECTOR_OTHER,
          LOOK_UNKNOWN },
        { OLD("\"pause\":true"), "dc", 0, false, false, TRUTH_YES, TRUTH_NO, TRUTH_YES,
          CONNECTOR_OTHER, LOOK_UNKNOWN },
        { OLD("\"pause\":true,\"state\":\"running\""), "dc", 0, true, false, TRUTH_YES, TRUTH_NO,
          TRUTH_YES, CONNECTOR_OTHER, LOOK_UNKNOWN },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct strimzi_mirror m;
        struct err err = { 0 };
        char name[STRIMZI_CONNECTOR_MAX + 1];

        if (strimzi_mirror_read(str_from(rows[i].json), str_from(rows[i].alias), &m, &err) !=
            ERR_OK)
            fail_msg("row %zu: %s", i, err.msg);
        if (m.at != rows[i].at || m.asks_to_run != rows[i].to_run ||
            m.asks_to_stop != rows[i].to_stop || m.told.followed != rows[i].followed ||
            m.told.current != rows[i].current || m.exactly_once != rows[i].exactly_once ||
            m.told.exactly_once != rows[i].exactly_once || !m.told.exists ||
            m.told.connector != rows[i].connector || m.told.n_tasks != rows[i].n_tasks)
            fail_msg("row %zu: at %zu, %d, %d tasks", i, m.at, m.told.connector,
                     (int)m.told.n_tasks);
        strimzi_mirror_connector(&m, name);
        assert_string_equal(name, "dc->dr.MirrorSourceConnector");
    }
}

static void without_the_setting_connect_does_not_write_exactly_once(void **state)
{
    static const char *const rows[] = {
        "{" META(1, "") ",\"spec\":{\"target\":{\"alias\":\"dr\"},\"mirrors\":[" MIRROR("dc",
                                                                                        "") "]}}",
        "{" META(1, "") ",\"spec\":{\"target\":{\"alias\":\"dr\",\"config\":{"
                        "\"exactly.once.source.support\":\"preparing\"}},\"mirrors\":[" MIRROR(
                            "dc", "") "]}}",
    };
    struct strimzi_mirror m;
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(strimzi_mirror_read(str_from(rows[i]), STR_LITERAL("dc"), &m, NULL),
                         ERR_OK);
        assert_int_equal(m.exactly_once, TRUTH_NO);
    }
}

static void what_cannot_be_read_says_why(void **state)
{
    static const struct {
        const char *json, *alias;
        enum err_code code;
        const char *says;
    } rows[] = {
        { "", "dc", ERR_CORRUPT, "not JSON" },
        { "[]", "dc", ERR_CORRUPT, "no KafkaMirrorMaker2" },
        { "{\"spec\":{\"mirrors\":[]}}", "dc", ERR_CORRUPT, "no KafkaMirrorMaker2" },
        { V1(META(1, ""), MIRROR("xx", ""), RUNS), "dc", ERR_NOT_FOUND, "from the cluster dc" },
        { V1(META(1, ""), "", RUNS), "", ERR_NOT_FOUND, "has no mirrors" },
        { V1(META(1, ""), MIRROR("dc", "") "," MIRROR("xx", ""), RUNS), "", ERR_INVALID,
          "2 mirrors: say the alias" },
        { V1(META(1, ""), MIRROR("dc", "") "," MIRROR("dc", ""), RUNS), "dc", ERR_INVALID,
          "2 mirrors from the cluster dc" },
        { "{" META(1, "") ",\"spec\":{\"mirrors\":[" MIRROR("dc", "") "]}}", "dc", ERR_CORRUPT,
          "does not name its target" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct strimzi_mirror m;
        struct err err = { 0 };
        const enum err_code rc =
            strimzi_mirror_read(str_from(rows[i].json), str_from(rows[i].alias), &m, &err);

        if (rc != rows[i].code || !strstr(err.msg, rows[i].says))
            fail_msg("row %zu: %d: %s", i, rc, err.msg);
    }
}

#define TEST_VERSION "[{\"op\":\"test\",\"path\":\"/metadata/resourceVersion\",\"value\":\"81\"},"
#define STATE(at, connector, state)                                                                \
    "{\"op\":\"add\",\"path\":\"/spec/mirrors/" #at "/" connector "/state\",\"value\":\"" state    \
    "\"}"

static void a_change_is_guarded_by_what_was_read(void **state)
{
    static const struct {
        const char *json;
        enum mirror_effect effect;
        enum err_code code;
        const char *patch; /* or what is wrong */
    } rows[] = {
        { V1(META(2, ""), MIRROR("xx", "") "," MIRROR("dc", SOURCE("")), RUNS), MIRROR_EFFECT_STOP,
          ERR_OK,
          TEST_VERSION
          "{\"op\":\"test\",\"path\":\"/spec/mirrors/1/source/alias\",\"value\":\"dc\"}," STATE(
              1, "sourceConnector", "stopped") "]" },
        { V1(META(2, ""),
             MIRROR("dc", SOURCE("\"state\":\"stopped\"") ",\"checkpointConnector\":{}"), STOPPED),
          MIRROR_EFFECT_RESUME, ERR_OK,
          TEST_VERSION
          "{\"op\":\"test\",\"path\":\"/spec/mirrors/0/source/alias\",\"value\":\"dc\"}," STATE(
              0, "sourceConnector", "running") "," STATE(0, "checkpointConnector", "running") "]" },
        { OLD("\"pause\":true"), MIRROR_EFFECT_STOP, ERR_OK,
          TEST_VERSION
          "{\"op\":\"test\",\"path\":\"/spec/mirrors/0/sourceCluster\",\"value\":\"dc\"}," STATE(
              0, "sourceConnector", "stopped") "]" },
        { V1(META(2, ""), MIRROR("dc", SOURCE("\"state\":\"stopped\"")), RUNS), MIRROR_EFFECT_STOP,
          ERR_OK, "" },
        { V1(META(2, ""), MIRROR("dc", SOURCE("")), RUNS), MIRROR_EFFECT_RESUME, ERR_OK, "" },
        { V1(META(2, ""), MIRROR("dc", ""), RUNS), MIRROR_EFFECT_STOP, ERR_INVALID,
          "no sourceConnector" },
        { V1(META(2, "\"strimzi.io/pause-reconciliation\":\"true\""), MIRROR("dc", SOURCE("")),
             RUNS),
          MIRROR_EFFECT_STOP, ERR_INVALID, "strimzi.io/pause-reconciliation" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };
        struct strimzi_mirror m;
        struct err err = { 0 };
        enum err_code rc;

        buf_init(&out, STRIMZI_PATCH_MAX);
        assert_int_equal(strimzi_mirror_read(str_from(rows[i].json), STR_LITERAL("dc"), &m, &err),
                         ERR_OK);
        rc = strimzi_mirror_patch(&m, rows[i].effect, false, &out, &err);
        if (rc != rows[i].code || (rc == ERR_OK ? !str_eq(buf_str(&out), str_from(rows[i].patch))
                                                : !strstr(err.msg, rows[i].patch)))
            fail_msg("row %zu: %d: %s%.*s", i, rc, err.msg, STR_ARGS(buf_str(&out)));
    }
}

/* The API server stores nothing where nothing changes: then the version that another tests, too,
 * would stay. */
static void an_order_that_is_given_again_changes_the_resource_whatever_it_says(void **state)
{
#define SAYS_SO(meta) V1(meta, MIRROR("dc", SOURCE("\"state\":\"stopped\"")), RUNS)
#define ASKS                                                                                       \
    TEST_VERSION                                                                                   \
    "{\"op\":\"test\",\"path\":\"/spec/mirrors/0/source/alias\",\"value\":\"dc\"}," STATE(         \
        0, "sourceConnector", "stopped")
#define MARK(path, value)                                                                          \
    ",{\"op\":\"add\",\"path\":\"/metadata/annotations" path "\",\"value\":" value "}"
    static const struct {
        const char *json, *patch;
    } rows[] = {
        { SAYS_SO(META(2, "")), ASKS MARK("/redwal.dev~1told-again-at", "\"81\"") "]" },
        { SAYS_SO(META(2, "\"redwal.dev/told-again-at\":\"80\"")),
          ASKS MARK("/redwal.dev~1told-again-at", "\"81\"") "]" },
        { SAYS_SO("\"metadata\":{\"name\":\"m\",\"resourceVersion\":\"81\",\"generation\":2}"),
          ASKS MARK("", "{\"redwal.dev/told-again-at\":\"81\"}") "]" },
        { V1(META(2, ""), MIRROR("dc", SOURCE("")), RUNS), ASKS "]" }, /* that is a change */
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf out = { 0 };
        struct strimzi_mirror m;
        struct err err = { 0 };

        buf_init(&out, STRIMZI_PATCH_MAX);
        assert_int_equal(strimzi_mirror_read(str_from(rows[i].json), STR_LITERAL("dc"), &m, &err),
                         ERR_OK);
        assert_int_equal(strimzi_mirror_patch(&m, MIRROR_EFFECT_STOP, true, &out, &err), ERR_OK);
        if (!str_eq(buf_str(&out), str_from(rows[i].patch)))
            fail_msg("row %zu: %.*s", i, STR_ARGS(buf_str(&out)));
    }
}

/* --- what follows from it --------------------------------------------------------------------- */

static void what_the_resource_does_not_ask_for_does_not_last(void **state)
{
    static const struct {
        bool to_run, to_stop;
        enum truth followed, current, stopped;
        enum mirror_wish wish;
        enum mirror_effect effect;
    } rows[] = {
        { true, false, TRUTH_YES, TRUTH_YES, TRUTH_YES, MIRROR_WISH_STOPPED, MIRROR_EFFECT_STOP },
        { false, true, TRUTH_YES, TRUTH_YES, TRUTH_NO, MIRROR_WISH_RUNNING, MIRROR_EFFECT_RESUME },
        { false, true, TRUTH_YES, TRUTH_YES, TRUTH_YES, MIRROR_WISH_STOPPED,
          MIRROR_EFFECT_NOTHING },
        { false, true, TRUTH_YES, TRUTH_NO, TRUTH_YES, MIRROR_WISH_STOPPED, MIRROR_EFFECT_WAIT },
        { true, false, TRUTH_NO, TRUTH_YES, TRUTH_NO, MIRROR_WISH_STOPPED, MIRROR_EFFECT_WAIT },
        { true, false, TRUTH_UNKNOWN, TRUTH_YES, TRUTH_NO, MIRROR_WISH_STOPPED,
          MIRROR_EFFECT_WAIT },
        { true, false, TRUTH_YES, TRUTH_YES, TRUTH_NO, MIRROR_WISH_OBSERVED,
          MIRROR_EFFECT_NOTHING },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct strimzi_mirror m = { .asks_to_run = rows[i].to_run,
                                          .asks_to_stop = rows[i].to_stop,
                                          .told = { .current = rows[i].current } };
        enum truth facts[MIRROR_FACT_COUNT];
        enum mirror_effect effect;
        const char *why = NULL;

        for (int f = 0; f < MIRROR_FACT_COUNT; f++)
            facts[f] = TRUTH_YES; /* the proof, where it is stopped */
        facts[MIRROR_FACT_DENIED] = facts[MIRROR_FACT_FAILED] = TRUTH_NO;
        facts[MIRROR_FACT_PAUSED] = facts[MIRROR_FACT_WORKING] = TRUTH_NO;
        facts[MIRROR_FACT_LET_GO] = facts[MIRROR_FACT_STORING] = TRUTH_NO;
        facts[MIRROR_FACT_FOLLOWED] = rows[i].followed;
        facts[MIRROR_FACT_STOPPED] = rows[i].stopped;
        effect = strimzi_mirror_move(&m, rows[i].wish, facts, &why);
        if (effect != rows[i].effect || !why)
            fail_msg("row %zu: %s", i, mirror_effect_text(effect));
    }
}

static void the_resource_knows_how_its_workers_write(void **state)
{
    static const struct {
        enum truth current, by_resource, by_connector, expected;
    } rows[] = {
        { TRUTH_YES, TRUTH_YES, TRUTH_UNKNOWN, TRUTH_YES },
        { TRUTH_YES, TRUTH_NO, TRUTH_UNKNOWN, TRUTH_NO },
        { TRUTH_YES, TRUTH_NO, TRUTH_YES, TRUTH_YES },
        { TRUTH_NO, TRUTH_YES, TRUTH_UNKNOWN, TRUTH_UNKNOWN },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct strimzi_mirror m = { .exactly_once = rows[i].by_resource,
                                          .told = { .followed = TRUTH_NO,
                                                    .current = rows[i].current } };
        struct mirror_look look = { .followed = TRUTH_YES, .exactly_once = rows[i].by_connector };

        strimzi_mirror_amend(&m, &look);
        assert_int_equal(look.followed, TRUTH_NO);
        assert_int_equal(look.exactly_once, rows[i].expected);
    }
}

/* Its operator may act on what the resource asked for before, and undo it. */
static void a_stop_counts_when_its_operator_has_seen_that_it_is_asked_for(void **state)
{
    static const struct {
        enum truth told;
        bool to_stop;
        enum connector_state connector;
        enum truth expected;
    } rows[] = {
        { TRUTH_YES, true, CONNECTOR_STOPPED, TRUTH_YES },
        { TRUTH_NO, true, CONNECTOR_STOPPED, TRUTH_NO },
        { TRUTH_UNKNOWN, true, CONNECTOR_STOPPED, TRUTH_NO },
        { TRUTH_YES, false, CONNECTOR_STOPPED, TRUTH_NO },
        { TRUTH_NO, true, CONNECTOR_RUNNING, TRUTH_YES },
        { TRUTH_NO, false, CONNECTOR_PAUSED, TRUTH_YES },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct strimzi_mirror m = { .asks_to_stop = rows[i].to_stop,
                                          .told = { .current = rows[i].told } };
        struct mirror_look look = { .current = TRUTH_YES,
                                    .exists = true,
                                    .connector = rows[i].connector };

        strimzi_mirror_amend(&m, &look);
        if (look.current != rows[i].expected)
            fail_msg("row %zu: %d", i, look.current);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resource_tells_of_its_mirror),
        cmocka_unit_test(without_the_setting_connect_does_not_write_exactly_once),
        cmocka_unit_test(what_cannot_be_read_says_why),
        cmocka_unit_test(a_change_is_guarded_by_what_was_read),
        cmocka_unit_test(an_order_that_is_given_again_changes_the_resource_whatever_it_says),
        cmocka_unit_test(what_the_resource_does_not_ask_for_does_not_last),
        cmocka_unit_test(the_resource_knows_how_its_workers_write),
        cmocka_unit_test(a_stop_counts_when_its_operator_has_seen_that_it_is_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
