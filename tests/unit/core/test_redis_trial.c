#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/command_table.h"
#include "core/redis_trial.h"

static bool is_tried(const char *name, const struct command_set *has)
{
    struct str words[REDIS_TRIAL_WORDS_MAX];

    for (size_t i = 0; i < redis_trial_count(); i++)
        if (redis_trial_words(i, has, words) > 0 && str_eq(words[0], str_from(name)))
            return true;
    return false;
}

static void what_is_sent_and_there_is_tried(void **state)
{
    static const struct {
        const char *name;
        bool is_tried;
    } rows[] = {
        { "SET", true },    { "SORT", true },      { "RESTORE", true }, { "PEXPIREAT", true },
        { "XGROUP", true }, { "EVAL", true },      { "EVALSHA", true }, { "ROLE", true },
        { "SETEX", false }, { "EXPIRE", false },   { "GETDEL", true },  { "FLUSHALL", false },
        { "SPOP", false },  { "SMEMBERS", false }, { "MULTI", false },  { "EXEC", false },
    };
    struct command_set all = { { 0 } };

    (void)state;
    for (size_t i = 0; i < command_count(); i++)
        command_set_add(&all, command_at(i));
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (is_tried(rows[i].name, &all) != rows[i].is_tried)
            fail_msg("%s", rows[i].name);
    assert_false(is_tried("SET", &(struct command_set){ { 0 } }));
    assert_true(is_tried("EVAL", &(struct command_set){ { 0 } }));
}

/* Redis looks at the number of words before it looks at permissions. */
static void a_command_is_tried_with_as_many_words_as_it_needs(void **state)
{
    struct command_set all = { { 0 } };
    struct str words[REDIS_TRIAL_WORDS_MAX];

    (void)state;
    for (size_t i = 0; i < command_count(); i++)
        command_set_add(&all, command_at(i));
    for (size_t i = 0; i < redis_trial_count(); i++) {
        const size_t n = redis_trial_words(i, &all, words);
        const struct command *c = n > 0 ? command_find(words[0]) : NULL;

        if (c && c->refusal == REJECT_NONE)
            assert_true(n >= c->words_min && n <= c->words_max);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_and_there_is_tried),
        cmocka_unit_test(a_command_is_tried_with_as_many_words_as_it_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
