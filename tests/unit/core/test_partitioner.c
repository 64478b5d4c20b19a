#include "core/partitioner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"

/* The hashes of the first four are those of Kafka's own tests of murmur2; crc32 is Python's zlib.
 */
static void keys_have_the_partition_that_producers_choose(void **state)
{
    static const struct {
        const char *key;
        int32_t of_12[PARTITIONER_COUNT], of_7[PARTITIONER_COUNT];
    } rows[] = {
        { "21", { 0, 4 }, { 3, 6 } },
        { "foobar", { 6, 5 }, { 0, 6 } },
        { "a-little-bit-long-string", { 8, 6 }, { 1, 3 } },
        { "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", { 5, 1 }, { 3, 2 } },
        { "", { 9, 0 }, { 2, 0 } },
        { "a", { 4, 3 }, { 5, 4 } },
        { "\xff\xfe\x80", { 3, 8 }, { 3, 4 } },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (unsigned p = 0; p < PARTITIONER_COUNT; p++) {
            const struct str key = str_from(rows[i].key);

            if (partitioner_partition((enum partitioner)p, key, 12) != rows[i].of_12[p] ||
                partitioner_partition((enum partitioner)p, key, 7) != rows[i].of_7[p])
                fail_msg("'%s' by %s", rows[i].key, partitioner_name((enum partitioner)p));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_the_partition_that_producers_choose),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
