#include "codec/record_digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"

static struct record record_of(const char *key, const char *value)
{
    return (struct record){ .partition = 3,
                            .offset = 42,
                            .timestamp_ms = 1000,
                            .has_key = key != NULL,
                            .has_value = value != NULL,
                            .key = str_from(key),
                            .value = str_from(value) };
}

static void no_two_records_have_the_same_digest(void **state)
{
    const struct record records[] = {
        record_of(NULL, NULL), record_of("", NULL),  record_of(NULL, ""),  record_of("", ""),
        record_of("k", NULL),  record_of(NULL, "k"), record_of("k", ""),   record_of("", "k"),
        record_of("ab", "c"),  record_of("a", "bc"), record_of("abc", ""), record_of("a", "a"),
        record_of("c", "ab"),  record_of("bc", "a"),
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(records); i++)
        for (size_t k = 0; k < i; k++)
            if (record_digest(&records[i]) == record_digest(&records[k]))
                fail_msg("records %zu and %zu have the same digest", i, k);
}

static void what_a_mirror_may_change_does_not_count(void **state)
{
    struct record mirrored = record_of("k", "v");
    const uint64_t digest = record_digest(&mirrored);
    (void)state;

    mirrored.partition = 7;
    mirrored.offset = 1;
    mirrored.timestamp_ms = -1;
    assert_true(record_digest(&mirrored) == digest);
}

/* It is stored in Redis: another version of the program must arrive at the same. */
static void the_digest_is_the_same_everywhere(void **state)
{
    const struct record record = record_of("orders:42", "{\"command\":\"DEL\"}");
    (void)state;

    assert_true(record_digest(&record) == UINT64_C(0x86db71c10437c9a4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_records_have_the_same_digest),
        cmocka_unit_test(what_a_mirror_may_change_does_not_count),
        cmocka_unit_test(the_digest_is_the_same_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
