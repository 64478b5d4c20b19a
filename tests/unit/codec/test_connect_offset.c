#include "codec/connect_offset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"

#define KEY "[\"c\",{\"cluster\":\"dc\",\"partition\":3,\"topic\":\"t\"}]"

static struct record record_of(const char *key, const char *value)
{
    return (struct record){ .has_key = true,
                            .key = str_from(key),
                            .has_value = value != NULL,
                            .value = value ? str_from(value) : (struct str){ 0 } };
}

static void a_record_tells_what_is_mirrored_next(void **state)
{
    static const struct {
        const char *value;
        int64_t next;
    } rows[] = {
        { "{\"offset\":41}", 42 },
        { "{\"offset\":0}", 1 },
        { "{\"offset\":9223372036854775806}", INT64_MAX },
        { NULL, LOOK_UNKNOWN },
        { "", LOOK_UNKNOWN },
        { "null", LOOK_UNKNOWN },
        { "41", LOOK_UNKNOWN },
        { "{}", LOOK_UNKNOWN },
        { "{\"offset\":null}", LOOK_UNKNOWN },
        { "{\"offset\":\"41\"}", LOOK_UNKNOWN },
        { "{\"offset\":41.0}", LOOK_UNKNOWN },
        { "{\"offset\":-1}", LOOK_UNKNOWN },
        { "{\"offset\":9223372036854775807}", LOOK_UNKNOWN },
        { "{\"offset\":9223372036854775808}", LOOK_UNKNOWN },
        { "{\"offset\":41", LOOK_UNKNOWN },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct record record = record_of(KEY, rows[i].value);
        struct mirror_offset o;
        struct err err = { 0 };

        if (connect_offset_read(&record, &o, &err) != ERR_OK || o.next != rows[i].next)
            fail_msg("row %zu: %s", i, err.msg);
        assert_string_equal(o.connector, "c");
        assert_string_equal(o.cluster, "dc");
        assert_string_equal(o.topic, "t");
        assert_int_equal(o.partition, 3);
    }
}

#define PARTITION(cluster, partition, topic)                                                       \
    "[\"c\",{\"cluster\":" cluster ",\"partition\":" partition ",\"topic\":" topic "}]"

static void a_key_of_another_kind_tells_nothing(void **state)
{
    static const struct {
        const char *key;
        enum err_code code;
    } rows[] = {
        { "", ERR_CORRUPT },
        { "orders:42", ERR_CORRUPT },
        { "{}", ERR_CORRUPT },
        { "[]", ERR_CORRUPT },
        { "[\"c\"]", ERR_CORRUPT },
        { "[\"c\",7]", ERR_CORRUPT },
        { "[7,{}]", ERR_CORRUPT },
        { "[\"c\",{},{}]", ERR_CORRUPT },
        { KEY "x", ERR_CORRUPT },
        { "[\"c\",{\"file\":\"/a\"}]", ERR_UNSUPPORTED },
        { "[\"c\",{\"group\":\"g\",\"partition\":3,\"topic\":\"t\"}]", ERR_UNSUPPORTED },
        { "[\"\",{\"cluster\":\"dc\",\"partition\":3,\"topic\":\"t\"}]", ERR_UNSUPPORTED },
        { PARTITION("\"dc\"", "4095", "\"t\""), ERR_OK },
        { PARTITION("\"dc\"", "4096", "\"t\""), ERR_UNSUPPORTED },
        { PARTITION("\"dc\"", "4294967296", "\"t\""), ERR_UNSUPPORTED },
        { PARTITION("\"dc\"", "-1", "\"t\""), ERR_UNSUPPORTED },
        { PARTITION("\"dc\"", "\"3\"", "\"t\""), ERR_UNSUPPORTED },
        { PARTITION("\"dc\"", "3", "null"), ERR_UNSUPPORTED },
        { PARTITION("\"\"", "3", "\"t\""), ERR_UNSUPPORTED },
        { PARTITION("\"dc\"", "3", "\"t\\u0000u\""), ERR_UNSUPPORTED },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct record record = record_of(rows[i].key, "{\"offset\":1}");
        struct mirror_offset o;
        const enum err_code rc = connect_offset_read(&record, &o, NULL);

        if (rc != rows[i].code)
            fail_msg("row %zu: %d", i, rc);
    }
}

static void what_is_read_has_a_bound(void **state)
{
    char *text = mem_new(CONNECT_OFFSET_MAX_BYTES + 1, 1);
    struct mirror_offset o;
    struct record record;
    (void)state;

    memset(text, ' ', CONNECT_OFFSET_MAX_BYTES + 1);
    memcpy(text, KEY, strlen(KEY));
    record = record_of(KEY, NULL);
    record.key = (struct str){ text, CONNECT_OFFSET_MAX_BYTES };
    assert_int_equal(connect_offset_read(&record, &o, NULL), ERR_OK);
    record.key.n++;
    assert_int_equal(connect_offset_read(&record, &o, NULL), ERR_CORRUPT);

    memset(text, ' ', CONNECT_OFFSET_MAX_BYTES + 1);
    memcpy(text, "{\"offset\":1}", 12);
    record = record_of(KEY, "");
    record.value = (struct str){ text, CONNECT_OFFSET_MAX_BYTES };
    assert_int_equal(connect_offset_read(&record, &o, NULL), ERR_OK);
    assert_int_equal(o.next, 2);
    record.value.n++;
    assert_int_equal(connect_offset_read(&record, &o, NULL), ERR_OK);
    assert_int_equal(o.next, LOOK_UNKNOWN);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_tells_what_is_mirrored_next),
        cmocka_unit_test(a_key_of_another_kind_tells_nothing),
        cmocka_unit_test(what_is_read_has_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
