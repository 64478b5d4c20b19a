#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/mark.h"

enum { MARKS = 6, STRETCH = 5 };

/* A log of marks with records between them: `change` says what a mirror does to it. */
enum change { AS_IT_IS, LOSES, REPEATS, SWAPS, LOSES_A_MARK, REPEATS_A_MARK };

/* What the writer has folded before each of his marks, as far as he tells. */
static uint64_t digest_before[MARKS + 2];

static uint64_t digest_of(int64_t mark, int record)
{
    return (uint64_t)mark * 1000 + (uint64_t)record + 1;
}

static void pass_stretch(struct mark_state *s, int64_t mark, enum change change)
{
    for (int i = 0; i < STRETCH; i++) {
        const int at = change == SWAPS && i < 2 ? 1 - i : i;

        if (change == LOSES && i == 2)
            continue;
        mark_state_pass(s, NULL, digest_of(mark, at));
        if (change == REPEATS && i == 2)
            mark_state_pass(s, NULL, digest_of(mark, at));
    }
}

/* `where`: the change is made before this mark. */
static struct mark_state fold(enum change change, int64_t where)
{
    struct mark_state s = { 0 };

    for (int64_t n = 1; n <= MARKS; n++) {
        const struct mark mark = { n, n * 5000, n >= 3, digest_before[n - 1] };
        const enum change now = n == where ? change : AS_IT_IS;

        pass_stretch(&s, n, now);
        if (now != LOSES_A_MARK)
            mark_state_pass(&s, &mark, digest_of(n, 900));
        if (now == REPEATS_A_MARK)
            mark_state_pass(&s, &mark, digest_of(n, 900));
        if (change == AS_IT_IS)
            digest_before[n] = s.before;
    }
    return s;
}

static void what_a_mirror_does_shows_in_its_stretch(void **state)
{
    static const struct {
        enum change change;
        int64_t where, n_different;
    } rows[] = {
        { AS_IT_IS, 0, 0 },     { LOSES, 3, 1 },          { REPEATS, 3, 1 },
        { SWAPS, 4, 1 },        { LOSES, MARKS, 0 }, /* no mark has spoken of it yet */
        { LOSES, 1, 0 }, /* before the first mark nobody knows where to begin */
        { LOSES_A_MARK, 3, 1 }, { REPEATS_A_MARK, 3, 1 },
    };
    (void)state;

    assert_int_equal(fold(AS_IT_IS, 0).n_different, 0);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct mark_state s = fold(rows[i].change, rows[i].where);

        if (s.n_different != rows[i].n_different)
            fail_msg("row %zu: %d", i, (int)s.n_different);
        assert_int_equal(s.sequence, MARKS);
        assert_int_equal(s.time_ms, MARKS * 5000);
    }
}

static void an_older_mark_is_a_record_like_others(void **state)
{
    struct mark_state s = { 0 }, before;
    const struct mark new = { 5, 500, false, 0 }, old = { 4, 400, true, 1 };
    (void)state;

    mark_state_pass(&s, &new, 1);
    before = s;
    mark_state_pass(&s, &old, 2);
    assert_int_equal(s.sequence, 5);
    assert_int_equal(s.time_ms, 500);
    assert_true(s.since != before.since);
    assert_int_equal(s.n_different, 0);
}

static void a_state_is_read_as_it_is_printed(void **state)
{
    static const struct mark_state states[] = {
        { 1, 1, false, 0, 0, 0 },
        { INT64_MAX, INT64_MAX, true, UINT64_MAX, UINT64_MAX, INT64_MAX },
        { 7, 1700, true, 0, 0xaf, 3 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        char text[MARK_STATE_TEXT_MAX];
        struct mark_state read;

        assert_true(mark_state_parse(mark_state_print(&states[i], text), &read));
        assert_int_equal(read.sequence, states[i].sequence);
        assert_int_equal(read.time_ms, states[i].time_ms);
        assert_int_equal(read.has_before, states[i].has_before);
        assert_true(read.before == states[i].before && read.since == states[i].since);
        assert_int_equal(read.n_different, states[i].n_different);
    }
}

static void nonsense_is_no_state(void **state)
{
    static const char *const texts[] = {
        "",
        "1",
        "1 1 - 0000000000000000",
        "1 1 - 0000000000000000 0 0",
        "1 1 - 0000000000000000 0 ",
        "0 1 - 0000000000000000 0",
        "1 0 - 0000000000000000 0",
        "1 1 x 0000000000000000 0",
        "1 1 - 00 0",
        "1 1 - 0000000000000000 -1",
        " 1 1 - 0000000000000000 0",
    };
    struct mark_state s;
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (mark_state_parse(str_from(texts[i]), &s))
            fail_msg("taken for a state: '%s'", texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_mirror_does_shows_in_its_stretch),
        cmocka_unit_test(an_older_mark_is_a_record_like_others),
        cmocka_unit_test(a_state_is_read_as_it_is_printed),
        cmocka_unit_test(nonsense_is_no_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
