#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/prng.h"
#include "core/recent_ids.h"

enum { WINDOW = 10 };

static struct id_hash id(uint64_t n)
{
    return (struct id_hash){ n, (uint16_t)(n >> 3) };
}

static bool take(struct recent_ids *r, uint64_t n, int64_t offset, int64_t seconds)
{
    const struct id_hash hash = id(n);

    return recent_ids_take(r, &hash, offset, seconds * 1000 + 999, WINDOW);
}

static void an_id_is_new_once_within_the_window(void **state)
{
    static const struct {
        const char *name;
        uint64_t id;
        int64_t seconds;
        bool is_new;
    } rows[] = {
        { "the first", 1, 100, true },
        { "another id", 2, 100, true },
        { "the same second", 1, 100, false },
        { "the last second of the window", 1, 109, false },
        { "the window has passed since it was applied, not since it was repeated", 1, 110, true },
        { "so has that of the other", 2, 110, true },
        { "and begins again", 1, 119, false },
        { "a late record does not turn log time back", 4, 50, true },
        { "a record that came late is remembered from log time on", 4, 119, false },
        { "so is one without a timestamp", 5, -1, true },
        { "and it meets what is remembered", 5, 119, false },
        { "a day later", 6, 86400, true },
        { "nothing of the day before is known", 4, 0, true },
        { "a time beyond all times", 7, INT64_MAX / 1000 - 1, true },
        { "is the last one", 7, INT64_MAX / 1000 - 1, false },
    };
    struct recent_ids r = { 0 };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (take(&r, rows[i].id, (int64_t)i, rows[i].seconds) != rows[i].is_new)
            fail_msg("%s", rows[i].name);
    recent_ids_release(&r);
}

static void check_ids_apart(unsigned shift)
{
    const struct id_hash same_high = { 1, 7 }, other_low = { 1, 8 };
    struct recent_ids r = { 0 };

    assert_true(recent_ids_take(&r, &same_high, 0, 0, WINDOW));
    assert_true(recent_ids_take(&r, &other_low, 1, 0, WINDOW));
    assert_false(recent_ids_take(&r, &same_high, 2, 0, WINDOW));
    for (uint64_t n = 1; n < 500; n++)
        assert_true(take(&r, n << shift, (int64_t)n, 0));
    recent_ids_forget(&r, 2);
    for (uint64_t n = 1; n < 500; n++)
        assert_false(take(&r, n << shift, (int64_t)n, 0));
    assert_true(recent_ids_take(&r, &same_high, 0, 0, WINDOW));
    recent_ids_release(&r);
}

/* In a table as small as theirs. */
static void ids_that_share_a_place_are_told_apart(void **state)
{
    (void)state;

    check_ids_apart(48); /* the place, and not what a slot says of the hash */
    check_ids_apart(20); /* both */
}

enum { MODEL_IDS = 300, MODEL_STEPS = 20000 };

/* Beside the plainest thing that does the same. */
static void check_beside_an_array_of_times(uint64_t begin)
{
    int64_t remembered_at[MODEL_IDS];
    struct prng prng = { 1 };
    struct recent_ids r = { .begin = begin };
    int64_t now = 0;

    for (size_t i = 0; i < MODEL_IDS; i++)
        remembered_at[i] = -WINDOW;
    for (int64_t offset = 0; offset < MODEL_STEPS; offset++) {
        const uint64_t n = prng_below(&prng, MODEL_IDS);
        const int64_t seconds = offset / 40 - (int64_t)prng_below(&prng, 5);
        const int64_t then = seconds > now ? seconds : now;
        const bool is_new = then - remembered_at[n] >= WINDOW;

        assert_int_equal(take(&r, n, offset, seconds), is_new);
        if (!is_new)
            continue;
        now = then;
        remembered_at[n] = now;
        recent_ids_expire(&r, recent_ids_end(&r) - 1, UINT64_MAX, WINDOW);
        assert_true(r.n <= MODEL_IDS);
    }
    recent_ids_release(&r);
}

static void it_agrees_with_an_array_of_times(void **state)
{
    (void)state;

    check_beside_an_array_of_times(0);
    for (unsigned bits = 31; bits <= 33; bits++) /* more ids than a slot can count */
        check_beside_an_array_of_times((UINT64_C(1) << bits) - 100);
}

enum { MANY = 200000, BYTES_PER_ID_MAX = 30 };

static void memory_follows_the_number_of_ids(void **state)
{
    struct recent_ids r = { 0 };
    (void)state;

    for (uint64_t n = 0; n < MANY; n++) {
        size_t bytes;

        assert_true(take(&r, n * 0x9e3779b97f4a7c15u, (int64_t)n, 0));
        bytes = r.n_chunks * RECENT_IDS_CHUNK * sizeof(**r.chunks) + r.n_slots * sizeof(*r.slots);
        if (n > 10 * RECENT_IDS_CHUNK && bytes > (n + 1) * BYTES_PER_ID_MAX)
            fail_msg("%zu bytes for %zu ids", bytes, (size_t)n + 1);
    }
    recent_ids_forget(&r, MANY - 1);
    assert_int_equal(r.n_chunks, 1);
    recent_ids_release(&r);
}

static void what_is_stored_is_what_is_read(void **state)
{
    struct recent_ids r = { 0 }, copy = { 0 };
    char bytes[RECENT_ID_BYTES];
    const struct id_hash hash = { 0x0123456789abcdef, 0xfedc };
    static const char expected[RECENT_ID_BYTES] = "\xef\xcd\xab\x89\x67\x45\x23\x01" /* high */
                                                  "\xdc\xfe"                         /* low */
                                                  "\x34\x12"                         /* offset */
                                                  "\x78\x56\x34\x12";                /* seconds */
    struct recent_id read;
    (void)state;

    assert_true(recent_ids_take(&r, &hash, 0x991234, 0x12345678 * INT64_C(1000), WINDOW));
    recent_ids_print(&r, 0, bytes);
    assert_memory_equal(bytes, expected, sizeof(bytes));
    read = recent_id_parse(bytes);
    recent_ids_add(&copy, &read);
    assert_false(recent_ids_take(&copy, &hash, 1, 0, WINDOW));
    recent_ids_release(&r);
    recent_ids_release(&copy);
}

static void numbers_stay_when_the_oldest_go(void **state)
{
    struct recent_ids r = { 0 };
    char bytes[RECENT_ID_BYTES];
    (void)state;

    for (uint64_t n = 0; n < 200; n++)
        assert_true(take(&r, n, (int64_t)n, 0));
    recent_ids_forget(&r, 150);
    for (uint64_t n = 200; n < 300; n++)
        assert_true(take(&r, n, (int64_t)n, 0));
    assert_int_equal(r.begin, 150);
    assert_int_equal(recent_ids_end(&r), 300);
    for (uint64_t n = 150; n < 300; n++) {
        recent_ids_print(&r, n, bytes);
        assert_int_equal(recent_id_parse(bytes).offset, n);
    }
    recent_ids_release(&r);
}

static void what_is_out_of_the_window_is_forgotten_when_it_is_stored(void **state)
{
    struct recent_ids r = { 0 };
    (void)state;

    assert_true(take(&r, 0, 0, 100));
    assert_true(take(&r, 1, 1, 109));
    assert_true(take(&r, 2, 2, 110));
    assert_true(take(&r, 3, 3, 500));
    assert_int_equal(r.begin, 0);
    recent_ids_expire(&r, 1, UINT64_MAX, WINDOW);
    assert_int_equal(r.begin, 0);
    recent_ids_expire(&r, 2, UINT64_MAX, WINDOW);
    assert_int_equal(r.begin, 1);
    recent_ids_expire(&r, 3, 2, WINDOW); /* those from 2 on are not stored yet */
    assert_int_equal(r.begin, 2);
    recent_ids_expire(&r, 3, UINT64_MAX, WINDOW);
    assert_int_equal(r.begin, 3);
    recent_ids_expire(&r, 2, UINT64_MAX, WINDOW); /* already behind */
    recent_ids_expire(&r, 4, UINT64_MAX, WINDOW); /* not there yet */
    assert_int_equal(r.begin, 3);
    recent_ids_release(&r);
}

/* Records below the position, of which some were skipped. */
static void which_record_was_skipped_is_told_where_it_is_certain(void **state)
{
    static const struct {
        const char *name;
        uint64_t id;
        int64_t offset;
        bool duplicate;
    } rows[] = {
        { "applied, long ago", 1, 1000, false },
        { "its repetition", 1, 100003, true },
        { "applied", 2, 100001, false },
        { "repeated", 2, 100002, true },
        { "applied again when its window had passed", 2, 100005, false },
        { "an id that nobody remembers", 9, 100004, false },
        { "applied before anything that is remembered of it", 2, 100000, false },
    };
    struct recent_ids r = { 0 };
    (void)state;

    recent_ids_add(&r, &(struct recent_id){ 1, id(1).low, (uint16_t)1000, 1 });
    recent_ids_add(&r, &(struct recent_id){ 2, id(2).low, (uint16_t)100001, 1 });
    recent_ids_add(&r, &(struct recent_id){ 2, id(2).low, (uint16_t)100005, 99 });
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct id_hash hash = id(rows[i].id);

        if (recent_ids_was_duplicate(&r, &hash, rows[i].offset, 100006) != rows[i].duplicate)
            fail_msg("%s", rows[i].name);
    }
    recent_ids_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_new_once_within_the_window),
        cmocka_unit_test(ids_that_share_a_place_are_told_apart),
        cmocka_unit_test(it_agrees_with_an_array_of_times),
        cmocka_unit_test(memory_follows_the_number_of_ids),
        cmocka_unit_test(what_is_stored_is_what_is_read),
        cmocka_unit_test(numbers_stay_when_the_oldest_go),
        cmocka_unit_test(what_is_out_of_the_window_is_forgotten_when_it_is_stored),
        cmocka_unit_test(which_record_was_skipped_is_told_where_it_is_certain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
