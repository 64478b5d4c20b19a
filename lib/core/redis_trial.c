#include "core/redis_trial.h"

#include "base/check.h"
#include "core/command_table.h"

/* For every word whose meaning does not matter: a key, a number of keys, a value. */
#define ANY "1"

/* clang-format off */
static const char *const own[][REDIS_TRIAL_WORDS_MAX] = {
    { "ROLE" },
    { "INFO" },
    { "TIME" },
    { "COMMAND" },
    { "DBSIZE" },
    { "WATCH", ANY },
    { "UNWATCH" },
    { "GET", ANY },
    { "TYPE", ANY },
    { "PTTL", ANY },
    { "HGET", ANY, ANY },
    { "HMGET", ANY, ANY },
    { "HGETALL", ANY },
    { "ZRANGEBYSCORE", ANY, ANY, ANY },
    { "EVAL", "return 1", "1", ANY },
    { "EVALSHA", "0000000000000000000000000000000000000000", "1", ANY },
};
/* clang-format on */

/* What becomes another command is never sent. */
static const bool becomes_another[COMMAND_REWRITE_COUNT] = {
    [REWRITE_SUBCOMMAND] = true, [REWRITE_SETEX] = true,   [REWRITE_PSETEX] = true,
    [REWRITE_EXPIRE] = true,     [REWRITE_PEXPIRE] = true, [REWRITE_HEXPIRE] = true,
    [REWRITE_HPEXPIRE] = true,
};

static bool is_sent(const struct command *c)
{
    return c->refusal == REJECT_NONE && !becomes_another[c->rewrite];
}

size_t redis_trial_count(void)
{
    return ARRAY_SIZE(own) + command_count();
}

static size_t own_words(const char *const *words, struct str *ret)
{
    size_t n = 0;

    for (; n < REDIS_TRIAL_WORDS_MAX && words[n]; n++)
        ret[n] = str_from(words[n]);
    return n;
}

/* "XGROUP CREATE" is two words. */
static size_t name_words(struct str name, struct str *ret)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == ' ') {
            ret[0] = (struct str){ name.p, i };
            ret[1] = (struct str){ name.p + i + 1, name.n - i - 1 };
            return 2;
        }
    ret[0] = name;
    return 1;
}

size_t redis_trial_words(size_t index, const struct command_set *has, struct str *ret)
{
    const struct command *c;
    size_t n;

    PRE(index < redis_trial_count());
    if (index < ARRAY_SIZE(own))
        return own_words(own[index], ret);
    c = command_at(index - ARRAY_SIZE(own));
    n = name_words(c->name, ret);
    if (!is_sent(c) || !command_set_has(has, command_find(ret[0])))
        return 0;
    PRE(c->words_min <= REDIS_TRIAL_WORDS_MAX);
    while (n < c->words_min)
        ret[n++] = STR_LITERAL(ANY);
    return n;
}
