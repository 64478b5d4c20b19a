#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/redis_info.h"

static void a_value_is_found_by_its_whole_name(void **state)
{
    static const struct {
        const char *info, *name, *value;
    } rows[] = {
        { "# Memory\r\nused_memory:5\r\nmaxmemory:7\r\n", "maxmemory", "7" },
        { "maxmemory_policy:noeviction\r\nmaxmemory:7\r\n", "maxmemory", "7" },
        { "maxmemory:7", "maxmemory", "7" },
        { "maxmemory:\r\n", "maxmemory", "" },
        { "config_file:/a:b\r\n", "config_file", "/a:b" },
        { "used_memory:5\r\n", "memory", "" },
        { "maxmemory\r\n", "maxmemory", "" },
        { "", "maxmemory", "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct str value = redis_info_value(str_from(rows[i].info), rows[i].name);

        if (!str_eq(value, str_from(rows[i].value)))
            fail_msg("row %zu: '%.*s'", i, STR_ARGS(value));
    }
}

static void another_database_is_one_that_holds_keys(void **state)
{
    static const struct {
        const char *info;
        bool other;
    } rows[] = {
        { "# Keyspace\r\n", false },
        { "# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n", false },
        { "# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\ndb1:keys=2\r\n", true },
        { "db10:keys=1", true },
        { "dbsize:4\r\nxdb1:keys=2\r\ndb", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (redis_info_other_databases(str_from(rows[i].info)) != rows[i].other)
            fail_msg("row %zu", i);
}

static void only_a_number_is_one(void **state)
{
    int64_t n = 1;

    (void)state;
    assert_false(redis_info_number(STR_LITERAL("a:x\r\n"), "a", &n));
    assert_false(redis_info_number(STR_LITERAL("a:2\r\n"), "b", &n));
    assert_int_equal(n, 1);
    assert_true(redis_info_number(STR_LITERAL("a:2\r\n"), "a", &n));
    assert_int_equal(n, 2);
}

static void the_slowest_replica_counts(void **state)
{
    static const struct {
        const char *info;
        bool known;
        struct redis_info_replicas is;
    } rows[] = {
        { "connected_slaves:0\r\nmaster_repl_offset:9\r\n", true, { 0, 0, 0, 0 } },
        { "connected_slaves:2\r\n"
          "slave0:ip=10.0.0.1,port=6379,state=online,offset=90,lag=1\r\n"
          "slave1:ip=10.0.0.2,port=6379,state=online,offset=70,lag=0\r\n"
          "master_repl_offset:100\r\n",
          true,
          { 2, 2, 30, 1 } },
        { "connected_slaves:2\r\n"
          "slave0:ip=10.0.0.1,port=6379,state=wait_bgsave,offset=0,lag=0\r\n"
          "slave1:ip=10.0.0.2,port=6379,state=online,offset=100,lag=0\r\n"
          "master_repl_offset:100\r\n",
          true,
          { 2, 1, 0, 0 } },
        /* Valkey says more of each. */
        { "connected_slaves:1\r\n"
          "slave0:ip=::1,port=6379,state=online,offset=1,lag=2,type=replica\r\n"
          "master_repl_offset:1\r\n",
          true,
          { 1, 1, 0, 2 } },
        { "connected_slaves:1\r\nslave0:nonsense\r\nmaster_repl_offset:1\r\n",
          true,
          { 1, 0, 0, 0 } },
        { "master_repl_offset:1\r\n", false, { 0 } },
        { "connected_slaves:1\r\n", false, { 0 } },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct redis_info_replicas r = { 0 };

        if (redis_info_replicas(str_from(rows[i].info), &r) != rows[i].known ||
            r.n != rows[i].is.n || r.n_online != rows[i].is.n_online ||
            r.behind_bytes != rows[i].is.behind_bytes || r.silent_s != rows[i].is.silent_s)
            fail_msg("row %zu", i);
    }
}

static void the_hard_limit_of_replicas_is_the_first(void **state)
{
    static const struct {
        const char *limits;
        bool known;
        int64_t bytes;
    } rows[] = {
        { "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60", true, 268435456 },
        { "normal 0 0 0 replica 5 0 0", true, 5 },
        { "slave 7", true, 7 },
        { "slave ", false, 1 },
        { "slave x 1 2", false, 1 },
        { "normal 0 0 0", false, 1 },
        { "", false, 1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t bytes = 1;

        if (redis_info_replica_buffer(str_from(rows[i].limits), &bytes) != rows[i].known ||
            bytes != rows[i].bytes)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_found_by_its_whole_name),
        cmocka_unit_test(another_database_is_one_that_holds_keys),
        cmocka_unit_test(only_a_number_is_one),
        cmocka_unit_test(the_slowest_replica_counts),
        cmocka_unit_test(the_hard_limit_of_replicas_is_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
