#include "core/mirror_offsets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

static void learn(struct mirror_offsets *o, const char *connector, const char *cluster,
                  const char *topic, int32_t partition, int64_t next)
{
    struct mirror_offset offset = { .partition = partition, .next = next };

    snprintf(offset.connector, sizeof(offset.connector), "%s", connector);
    snprintf(offset.cluster, sizeof(offset.cluster), "%s", cluster);
    snprintf(offset.topic, sizeof(offset.topic), "%s", topic);
    mirror_offsets_learn(o, &offset);
}

static void begin(struct mirror_offsets *o, const char *topic)
{
    assert_int_equal(mirror_offsets_init(o, "c", topic, NULL), ERR_OK);
}

static const struct mirror_offsets_source *source(const struct mirror_offsets *o)
{
    const struct mirror_offsets_source *found = NULL;
    struct err err = { 0 };

    if (mirror_offsets_source(o, &found, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return found;
}

static void the_last_of_a_partition_counts(void **state)
{
    struct mirror_offsets o;
    (void)state;

    begin(&o, "t");
    assert_null(source(&o));
    learn(&o, "c", "dc", "t", 2, 8);
    learn(&o, "c", "dc", "t", 0, 7);
    learn(&o, "c", "dc", "t", 2, 5);
    assert_int_equal(source(&o)->n, 3);
    assert_int_equal(source(&o)->next[0], 7);
    assert_int_equal(source(&o)->next[1], LOOK_UNKNOWN);
    assert_int_equal(source(&o)->next[2], 5);
    learn(&o, "c", "dc", "t", 2, LOOK_UNKNOWN);
    assert_int_equal(source(&o)->next[2], LOOK_UNKNOWN);
    learn(&o, "c", "dc", "t", 0, LOOK_UNKNOWN);
    assert_null(source(&o));
    learn(&o, "c", "dc", "t", LOOK_PARTITIONS_MAX - 1, 1);
    assert_int_equal(source(&o)->n, LOOK_PARTITIONS_MAX);
    mirror_offsets_forget(&o);
    assert_null(source(&o));
    mirror_offsets_release(&o);
}

static void the_log_is_known_by_its_name_and_behind_the_alias(void **state)
{
    static const struct {
        const char *here, *connector, *cluster, *topic;
        bool is_it;
    } rows[] = {
        { "t", "c", "dc", "t", true },       { "dc.t", "c", "dc", "t", true },
        { "dc.t", "c", "dc", "dc.t", true }, { "dc.t", "c", "d", "c.t", false },
        { "dc.t", "c", "dr", "t", false },   { "dc.t", "c", "dc.t", "", false },
        { "t", "c", "dc", "u", false },      { "t", "d", "dc", "t", false },
        { "dc-t", "c", "dc", "t", false },   { "dc", "c", "dc", "t", false },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct mirror_offsets o;

        begin(&o, rows[i].here);
        learn(&o, rows[i].connector, rows[i].cluster, rows[i].topic, 0, 1);
        if ((source(&o) != NULL) != rows[i].is_it)
            fail_msg("row %zu", i);
        if (rows[i].is_it)
            assert_string_equal(source(&o)->topic, rows[i].topic);
        mirror_offsets_release(&o);
    }
}

static void of_several_sources_none_is_guessed(void **state)
{
    const struct mirror_offsets_source *found = NULL;
    struct mirror_offsets o;
    struct err err = { 0 };
    (void)state;

    begin(&o, "dc.t");
    learn(&o, "c", "dc", "t", 0, 1);
    learn(&o, "c", "dc", "dc.t", 0, 2);
    assert_int_equal(mirror_offsets_source(&o, &found, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "several topics that may be the source of dc.t"));
    assert_null(found);
    learn(&o, "c", "dc", "t", 0, LOOK_UNKNOWN); /* it was taken away */
    assert_string_equal(source(&o)->topic, "dc.t");
    mirror_offsets_release(&o);
}

static void learn_of(struct mirror_offsets *o, int cluster, int64_t next)
{
    char name[16];

    snprintf(name, sizeof(name), "x%d", cluster);
    learn(o, "c", name, "t", 0, next);
}

static void a_source_of_which_nothing_is_left_leaves_its_place_to_others(void **state)
{
    struct mirror_offsets o;
    (void)state;

    begin(&o, "t");
    for (int i = 0; i < 3 * MIRROR_OFFSETS_SOURCES_MAX; i++) {
        learn_of(&o, i, i);
        assert_int_equal(source(&o)->next[0], i);
        learn_of(&o, i, LOOK_UNKNOWN);
        learn_of(&o, 1000 + i, LOOK_UNKNOWN); /* of which there was nothing */
        assert_null(source(&o));
    }
    learn_of(&o, 0, 7);
    assert_int_equal(source(&o)->next[0], 7);
    assert_false(o.is_unsure);
    mirror_offsets_release(&o);
}

static void of_too_many_sources_none_is_guessed_until_all_is_learned_anew(void **state)
{
    const struct mirror_offsets_source *found = NULL;
    struct mirror_offsets o;
    (void)state;

    begin(&o, "t");
    for (int i = 0; i <= MIRROR_OFFSETS_SOURCES_MAX; i++)
        learn_of(&o, i, 1);
    assert_false(o.is_unsure);
    for (int i = 0; i < MIRROR_OFFSETS_SOURCES_MAX; i++)
        learn_of(&o, i, LOOK_UNKNOWN);
    assert_true(o.is_unsure);
    assert_int_equal(mirror_offsets_source(&o, &found, NULL), ERR_CONFLICT);
    mirror_offsets_forget(&o);
    assert_false(o.is_unsure);
    learn_of(&o, MIRROR_OFFSETS_SOURCES_MAX, 1);
    assert_non_null(source(&o));
    mirror_offsets_release(&o);
}

static void a_name_that_is_too_long_is_refused(void **state)
{
    char name[MIRROR_CONNECTOR_MAX + 2];
    struct mirror_offsets o;
    (void)state;

    memset(name, 'a', sizeof(name));
    name[MIRROR_CONNECTOR_MAX + 1] = '\0';
    assert_int_equal(mirror_offsets_init(&o, name, "t", NULL), ERR_INVALID);
    assert_int_equal(mirror_offsets_init(&o, "c", name, NULL), ERR_INVALID);
    name[MIRROR_CONNECTOR_MAX] = '\0';
    assert_int_equal(mirror_offsets_init(&o, name, "t", NULL), ERR_OK);
    mirror_offsets_release(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_of_a_partition_counts),
        cmocka_unit_test(the_log_is_known_by_its_name_and_behind_the_alias),
        cmocka_unit_test(of_several_sources_none_is_guessed),
        cmocka_unit_test(a_source_of_which_nothing_is_left_leaves_its_place_to_others),
        cmocka_unit_test(of_too_many_sources_none_is_guessed_until_all_is_learned_anew),
        cmocka_unit_test(a_name_that_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
