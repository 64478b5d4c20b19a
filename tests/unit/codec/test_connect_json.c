#include "codec/connect_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"

static void what_a_status_of_http_means(void **state)
{
    static const struct {
        long status;
        const char *body;
        enum err_code code;
        const char *says;
    } rows[] = {
        { 200, "{}", ERR_OK, "" },
        { 204, "", ERR_OK, "" },
        { 202, "", ERR_OK, "" },
        { 404, "{\"error_code\":404,\"message\":\"Connector m not found\"}", ERR_NOT_FOUND,
          "404: Connector m not found" },
        { 404, "{\"error_code\":404,\"message\":\"HTTP 404 Not Found\"}", ERR_UNAVAILABLE,
          "404: HTTP 404 Not Found" },
        { 404, "<html>nothing here</html>", ERR_UNAVAILABLE, "HTTP status 404" },
        { 404, "{\"error_code\":40403,\"message\":\"schema\"}", ERR_UNAVAILABLE, "404: schema" },
        { 400, "{\"error_code\":400,\"message\":\"must be in the STOPPED state\"}", ERR_INVALID,
          "STOPPED state" },
        { 400, "bad gateway", ERR_UNAVAILABLE, "HTTP status 400" },
        { 401, "", ERR_DENIED, "HTTP status 401" },
        { 403, "{\"message\":\"no\"}", ERR_DENIED, "403: no" },
        { 409, "{\"error_code\":409,\"message\":\"rebalance\"}", ERR_CONFLICT, "409: rebalance" },
        { 500, "{\"error_code\":500,\"message\":\"timed out\"}", ERR_UNAVAILABLE,
          "500: timed out" },
        { 302, "", ERR_UNAVAILABLE, "HTTP status 302" },
        { 503, "[1", ERR_UNAVAILABLE, "HTTP status 503" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = { 0 };
        const enum err_code rc = connect_answer_check(rows[i].status, str_from(rows[i].body), &err);

        if (rc != rows[i].code || !strstr(err.msg, rows[i].says))
            fail_msg("row %zu: %d: %s", i, rc, err.msg);
    }
}

#define STATUS(connector, tasks)                                                                   \
    "{\"name\":\"m\",\"connector\":" connector ",\"tasks\":[" tasks "],\"type\":\"source\"}"
#define TASK(id, state) "{\"id\":" #id ",\"state\":\"" state "\",\"worker_id\":\"10.0.0.1:8083\"}"

static void a_status_tells_of_the_connector_and_its_tasks(void **state)
{
    static const struct {
        const char *body;
        enum connector_state connector;
        int64_t n_tasks, n_running, n_failed;
        const char *trouble;
    } rows[] = {
        { STATUS("{\"state\":\"RUNNING\"}", TASK(0, "RUNNING") "," TASK(1, "UNASSIGNED")),
          CONNECTOR_RUNNING, 2, 1, 0, "" },
        { STATUS("{\"state\":\"STOPPED\"}", ""), CONNECTOR_STOPPED, 0, 0, 0, "" },
        { STATUS("{\"state\":\"STOPPED\"}", TASK(0, "RUNNING")), CONNECTOR_STOPPED, 1, 1, 0, "" },
        { STATUS("{\"state\":\"PAUSED\"}", TASK(0, "PAUSED")), CONNECTOR_PAUSED, 1, 0, 0, "" },
        { STATUS("{\"state\":\"FAILED\",\"trace\":\"KafkaException: none\\n\\tat x\"}",
                 TASK(0, "FAILED")),
          CONNECTOR_FAILED, 1, 0, 1, "KafkaException: none" },
        { STATUS("{\"state\":\"RUNNING\"}",
                 TASK(0, "RUNNING") ",{\"id\":1,\"state\":\"FAILED\",\"trace\":\"Timeout\"},"
                                    "{\"id\":2,\"state\":\"FAILED\",\"trace\":\"Other\"}"),
          CONNECTOR_RUNNING, 3, 1, 2, "Timeout" },
        { STATUS("{\"state\":\"DREAMING\"}", TASK(0, "DREAMING")), CONNECTOR_OTHER, 1, 0, 0, "" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct mirror_look l = { .exactly_once = TRUTH_YES, .trouble = "old" };
        struct err err = { 0 };

        if (connect_status_read(str_from(rows[i].body), &l, &err) != ERR_OK)
            fail_msg("row %zu: %s", i, err.msg);
        if (!l.exists || l.connector != rows[i].connector || l.n_tasks != rows[i].n_tasks ||
            l.n_running != rows[i].n_running || l.n_failed != rows[i].n_failed ||
            l.exactly_once != TRUTH_YES)
            fail_msg("row %zu: %d, %d of %d", i, l.connector, (int)l.n_running, (int)l.n_tasks);
        assert_string_equal(l.trouble, rows[i].trouble);
    }
}

static void what_is_no_status_changes_nothing(void **state)
{
    static const char *const rows[] = {
        "",
        "[]",
        "{",
        "{}",
        "{\"connector\":{\"state\":\"STOPPED\"}}",
        "{\"connector\":{\"state\":\"STOPPED\"},\"tasks\":{}}",
        "{\"connector\":{\"state\":\"STOPPED\"},\"tasks\":null}",
        "{\"connector\":{},\"tasks\":[]}",
        "{\"connector\":\"STOPPED\",\"tasks\":[]}",
        "{\"tasks\":[]}",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct mirror_look before = { .connector = CONNECTOR_RUNNING, .n_tasks = 3 };
        struct mirror_look l = before;
        struct err err = { 0 };

        if (connect_status_read(str_from(rows[i]), &l, &err) != ERR_CORRUPT)
            fail_msg("row %zu is taken", i);
        assert_memory_equal(&l, &before, sizeof(l));
        assert_true(err.msg[0] != '\0');
    }
}

static void a_configuration_tells_what_the_mirror_keeps(void **state)
{
    static const struct {
        const char *body, *source;
        enum truth exactly_once, names, headers;
    } rows[] = {
        { "{\"source.cluster.alias\":\"dc\",\"target.cluster.alias\":\"dr\","
          "\"exactly.once.support\":\"required\",\"replication.policy.class\":"
          "\"org.apache.kafka.connect.mirror.IdentityReplicationPolicy\",\"header.converter\":"
          "\"org.apache.kafka.connect.converters.ByteArrayConverter\"}",
          "dc", TRUTH_YES, TRUTH_YES, TRUTH_YES },
        { "{\"exactly.once.support\":\"requested\",\"replication.policy.class\":"
          "\"org.apache.kafka.connect.mirror.DefaultReplicationPolicy\",\"header.converter\":"
          "\"org.apache.kafka.connect.storage.SimpleHeaderConverter\"}",
          "", TRUTH_UNKNOWN, TRUTH_NO, TRUTH_NO },
        { "{}", "", TRUTH_UNKNOWN, TRUTH_NO, TRUTH_UNKNOWN },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct connect_config c;
        struct err err = { 0 };

        if (connect_config_read(str_from(rows[i].body), &c, &err) != ERR_OK)
            fail_msg("row %zu: %s", i, err.msg);
        assert_string_equal(c.source, rows[i].source);
        assert_int_equal(c.exactly_once, rows[i].exactly_once);
        assert_int_equal(c.keeps_names, rows[i].names);
        assert_int_equal(c.keeps_headers, rows[i].headers);
    }
    assert_int_equal(connect_config_read(STR_LITERAL("7"), &(struct connect_config){ 0 }, NULL),
                     ERR_CORRUPT);
}

static void offsets_are_told_by_partition(void **state)
{
    static const char body[] =
        "{\"offsets\":["
        "{\"partition\":{\"cluster\":\"dc\",\"partition\":1,\"topic\":\"wal\"},"
        "\"offset\":{\"offset\":41}},"
        "{\"partition\":{\"cluster\":\"dc\",\"partition\":0,\"topic\":\"other\"},"
        "\"offset\":{\"offset\":7}},"
        "{\"partition\":{\"cluster\":\"dc\",\"partition\":9,\"topic\":\"wal\"},"
        "\"offset\":{\"offset\":8}},"
        "{\"partition\":{\"cluster\":\"dc\",\"partition\":-1,\"topic\":\"wal\"},"
        "\"offset\":{\"offset\":8}},"
        "{\"partition\":{\"cluster\":\"dc\",\"partition\":2,\"topic\":\"wal\"},\"offset\":null},"
        "{\"partition\":{\"cluster\":\"dc\",\"partition\":2,\"topic\":\"wal\"},"
        "\"offset\":{\"offset\":9223372036854775807}},7]}";
    int64_t next[3] = { 5, 5, 5 };
    struct err err = { 0 };
    (void)state;

    assert_int_equal(connect_offsets_read(STR_LITERAL("{}"), STR_LITERAL("wal"), next, 3, &err),
                     ERR_CORRUPT);
    assert_int_equal(next[0], 5);
    assert_int_equal(connect_offsets_read(STR_LITERAL(body), STR_LITERAL("wal"), next, 3, &err),
                     ERR_OK);
    assert_int_equal(next[0], LOOK_UNKNOWN);
    assert_int_equal(next[1], 42);
    assert_int_equal(next[2], LOOK_UNKNOWN);
}

static void an_answer_has_a_bound(void **state)
{
    const size_t n = CONNECT_ANSWER_MAX_BYTES + 1;
    char *text = mem_new(n, 1);
    struct connect_config c;
    (void)state;

    memset(text, ' ', n);
    memcpy(text, "{}", 2);
    assert_int_equal(connect_config_read((struct str){ text, n - 1 }, &c, NULL), ERR_OK);
    assert_int_equal(connect_config_read((struct str){ text, n }, &c, NULL), ERR_CORRUPT);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_status_of_http_means),
        cmocka_unit_test(a_status_tells_of_the_connector_and_its_tasks),
        cmocka_unit_test(what_is_no_status_changes_nothing),
        cmocka_unit_test(a_configuration_tells_what_the_mirror_keeps),
        cmocka_unit_test(offsets_are_told_by_partition),
        cmocka_unit_test(an_answer_has_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
