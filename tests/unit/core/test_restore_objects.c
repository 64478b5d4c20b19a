#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/restore_objects.h"

enum { N = 6, ALL = 1 << N };

/* Two pods with a claim each, and what came after the second pod was gone. */
static const struct {
    enum restore_object_kind kind;
    const char *name, *uid;
    bool is_noted;
} all[N] = {
    { RESTORE_OBJECT_POD, "rfr-a-0", "p0", true },
    { RESTORE_OBJECT_POD, "rfr-a-1", "p1", true },
    { RESTORE_OBJECT_POD, "rfr-a-1", "p1-new", false },
    { RESTORE_OBJECT_CLAIM, "data-rfr-a-0", "c0", true },
    { RESTORE_OBJECT_CLAIM, "data-rfr-a-1", "c1", true },
    { RESTORE_OBJECT_CLAIM, "data-rfr-a-1", "c1-new", false },
};

static struct restore_objects of(unsigned set, unsigned leaving)
{
    struct restore_objects v = { 0 };

    for (unsigned i = 0; i < N; i++) {
        struct restore_object one = { .kind = all[i].kind, .is_leaving = (leaving & 1U << i) != 0 };

        if ((set & 1U << i) == 0)
            continue;
        snprintf(one.name, sizeof(one.name), "%s", all[i].name);
        snprintf(one.uid, sizeof(one.uid), "%s", all[i].uid);
        assert_true(restore_objects_add(&v, &one));
    }
    return v;
}

static unsigned number_of(const struct restore_object *one)
{
    for (unsigned i = 0; i < N; i++)
        if (strcmp(all[i].uid, one->uid) == 0)
            return i;
    fail();
    return N;
}

static unsigned noted_set(void)
{
    unsigned set = 0;

    for (unsigned i = 0; i < N; i++)
        set |= (unsigned)all[i].is_noted << i;
    return set;
}

static bool has(unsigned set, unsigned i)
{
    return (set & 1U << i) != 0;
}

/* Whether it is there and nobody has deleted it yet. */
static bool stays(unsigned seen, unsigned leaving, unsigned i)
{
    return has(seen, i) && !has(leaving, i);
}

static void check_next(unsigned seen_set, unsigned leaving, unsigned next)
{
    const bool claim_stays = stays(seen_set, leaving, 3) || stays(seen_set, leaving, 4);

    if (!has(seen_set, next) || has(leaving, next))
        fail_msg("%u of %x: not there, or deleted already", next, seen_set);
    if (!all[next].is_noted && !(next == 2 && has(seen_set, 4)))
        fail_msg("%u of %x: was not noted", next, seen_set);
    if (all[next].kind == RESTORE_OBJECT_POD && claim_stays)
        fail_msg("%u of %x, %x: a pod before a claim", next, seen_set, leaving);
}

static void check_none(unsigned seen_set, unsigned leaving)
{
    for (unsigned i = 0; i < N; i++)
        if (all[i].is_noted && stays(seen_set, leaving, i))
            fail_msg("%u of %x, %x is left", i, seen_set, leaving);
    if (has(seen_set, 4) && stays(seen_set, leaving, 2))
        fail_msg("%x, %x: a new pod keeps an old claim", seen_set, leaving);
}

static void whatever_is_there_noted_claims_go_and_then_pods(void **state)
{
    struct restore_objects noted = of(noted_set(), 0);
    (void)state;

    for (unsigned set = 0; set < ALL; set++)
        for (unsigned leaving = 0; leaving < ALL; leaving++) {
            struct restore_objects seen = of(set, leaving);
            const struct restore_object *next = restore_objects_next(&noted, &seen);

            if (next)
                check_next(set, leaving, number_of(next));
            else
                check_none(set, leaving);
            restore_objects_release(&seen);
        }
    restore_objects_release(&noted);
}

static void what_is_left_is_named(void **state)
{
    static const struct {
        unsigned set;
        int32_t n;
        const char *text;
    } rows[] = {
        { 0, 0, "" },
        { 1 << 2 | 1 << 5, 0, "" },
        { 1 << 0, 1, "Pod rfr-a-0" },
        { 1 << 1 | 1 << 2 | 1 << 4, 2, "Pod rfr-a-1, PersistentVolumeClaim data-rfr-a-1" },
    };
    struct restore_objects noted = of(noted_set(), 0);
    char text[RESTORE_OBJECTS_TEXT_MAX + 1];
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct restore_objects seen = of(rows[i].set, rows[i].set);

        assert_int_equal(restore_objects_left(&noted, &seen, text), rows[i].n);
        assert_string_equal(text, rows[i].text);
        restore_objects_release(&seen);
    }
    restore_objects_release(&noted);
}

static void what_was_not_seen_to_stay_is_missing(void **state)
{
    struct restore_objects noted = of(noted_set(), 0);
    (void)state;

    for (unsigned set = 0; set < ALL; set++)
        for (unsigned leaving = 0; leaving < ALL; leaving++) {
            struct restore_objects seen = of(set, leaving), missing = { 0 };
            unsigned found = 0, wanted = 0;

            restore_objects_missing(&noted, &seen, &missing);
            for (int32_t i = 0; i < missing.n; i++)
                found |= 1U << number_of(&missing.at[i]);
            for (unsigned i = 0; i < N; i++)
                wanted |= (unsigned)(all[i].is_noted && !stays(set, leaving, i)) << i;
            if (found != wanted)
                fail_msg("of %x, %x leaving, %x are missing", set, leaving, found);
            restore_objects_release(&missing);
            restore_objects_release(&seen);
        }
    restore_objects_release(&noted);
}

static void many_are_bounded(void **state)
{
    struct restore_objects v = { 0 };
    struct restore_object one = { .kind = RESTORE_OBJECT_POD };
    char text[RESTORE_OBJECTS_TEXT_MAX + 1], again[RESTORE_OBJECTS_TEXT_MAX + 1];
    (void)state;

    memset(one.name, 'n', 60);
    for (int i = 0; i < RESTORE_OBJECTS_MAX; i++) {
        snprintf(one.uid, sizeof(one.uid), "%d", i);
        assert_true(restore_objects_add(&v, &one));
    }
    assert_false(restore_objects_add(&v, &one));
    assert_int_equal(restore_objects_left(&v, &v, text), RESTORE_OBJECTS_MAX);
    assert_true(strlen(text) <= RESTORE_OBJECTS_TEXT_MAX);
    assert_string_equal(text + strlen(text) - 5, ", ...");
    assert_true(strncmp(text, "Pod nnn", 7) == 0 && strstr(text, "..., ") == NULL);
    restore_objects_print(&v, again);
    assert_string_equal(again, text);
    restore_objects_release(&v);
}

static void a_kind_is_known_by_its_text(void **state)
{
    enum restore_object_kind kind;
    (void)state;

    for (enum restore_object_kind i = 0; i < RESTORE_OBJECT_KIND_COUNT; i++) {
        assert_true(restore_object_kind_from(str_from(restore_object_kind_text(i)), &kind));
        assert_int_equal(kind, i);
    }
    assert_false(restore_object_kind_from(STR_LITERAL("Secret"), &kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_there_noted_claims_go_and_then_pods),
        cmocka_unit_test(what_is_left_is_named),
        cmocka_unit_test(what_was_not_seen_to_stay_is_missing),
        cmocka_unit_test(many_are_bounded),
        cmocka_unit_test(a_kind_is_known_by_its_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
