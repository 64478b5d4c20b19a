#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/quantity.h"

enum { ANY = 1 << 30, OUT_MAX = 64 };

static const struct {
    const char *text;
    const struct quantity_unit *units;
    int64_t min, max;
    int64_t value; /* -1: refused */
    const char *printed;
} rows[] = {
    { "0s", quantity_durations, 0, ANY, 0, "0ms" },
    { "90s", quantity_durations, 0, ANY, 90000, "90s" },
    { "60s", quantity_durations, 0, ANY, 60000, "1m" },
    { "1500ms", quantity_durations, 0, ANY, 1500, "1500ms" },
    { "2h", quantity_durations, 0, ANY, 7200000, "2h" },
    { "1024B", quantity_sizes, 0, ANY, 1024, "1KiB" },
    { "3MiB", quantity_sizes, 0, ANY, 3 << 20, "3MiB" },
    { "7", quantity_counts, 0, ANY, 7, "7" },
    { "5", quantity_durations, 0, ANY, -1, NULL },
    { "5d", quantity_durations, 0, ANY, -1, NULL },
    { "s", quantity_durations, 0, ANY, -1, NULL },
    { "", quantity_counts, 0, ANY, -1, NULL },
    { "1.5s", quantity_durations, 0, ANY, -1, NULL },
    { "05s", quantity_durations, 0, ANY, -1, NULL },
    { "1 s", quantity_durations, 0, ANY, -1, NULL },
    { "7s", quantity_counts, 0, ANY, -1, NULL },
    { "1s", quantity_durations, 1500, ANY, -1, NULL },
    { "2s", quantity_durations, 1500, 1999, -1, NULL },
    { "9223372036854775807h", quantity_durations, 0, INT64_MAX, -1, NULL },
};

static void a_quantity_is_a_whole_number_with_its_unit_within_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(buf_release) struct buf out;
        int64_t value = -1;

        buf_init(&out, OUT_MAX);
        if (quantity_parse(str_from(rows[i].text), rows[i].units, rows[i].min, rows[i].max,
                           &value) != (rows[i].value >= 0) ||
            value != rows[i].value)
            fail_msg("'%s' is %lld", rows[i].text, (long long)value);
        if (value < 0)
            continue;
        quantity_print(value, rows[i].units, &out);
        if (!str_eq(buf_str(&out), str_from(rows[i].printed)))
            fail_msg("'%s' is printed '%.*s'", rows[i].text, STR_ARGS(buf_str(&out)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quantity_is_a_whole_number_with_its_unit_within_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
