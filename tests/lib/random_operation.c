#include "random_operation.h"

#include <string.h>

#include "base/check.h"
#include "core/command_table.h"

enum { EXTRA_ARGS_MAX = 8 };

static const char *const vocabulary[] = {
    "k",    "k",      "1",     "1",     "2",      "10",   "v",       "*",          "7-*",
    "7-1",  "EX",     "PX",    "EXAT",  "PXAT",   "NX",   "XX",      "GET",        "KEEPTTL",
    "FNX",  "FIELDS", "STORE", "LIMIT", "MAXLEN", "~",    "=",       "NOMKSTREAM", "PERSIST",
    "IFEQ", "ABSTTL", "BY",    "w*",    "COUNT",  "LEFT", "REPLACE", "-3",         "",
};

struct command_set random_operation_server(void)
{
    struct command_set set = { 0 };

    for (size_t i = 0; i < command_count(); i++)
        command_set_add(&set, command_at(i));
    return set;
}

static size_t make_args(struct prng *prng, const struct command *c, struct str *args)
{
    const size_t fixed = strchr(command_name(c), ' ') ? 3 : 2; /* the name and the key */
    const size_t least = c->words_min > fixed ? c->words_min - fixed : 0;
    const size_t n = least + prng_below(prng, EXTRA_ARGS_MAX);

    PRE(n <= RANDOM_ARGS_MAX);
    /* A number behind FIELDS, or hardly any operation with fields would be sound. */
    for (size_t i = 0; i < n; i++)
        args[i] = i > 0 && str_eq(args[i - 1], STR_LITERAL("FIELDS"))
                      ? STR_LITERAL("1")
                      : str_from(vocabulary[prng_below(prng, ARRAY_SIZE(vocabulary))]);
    return n;
}

struct operation random_operation(struct prng *prng, const struct command *c, struct str *args)
{
    return (struct operation){
        .command = c->name,
        .key = STR_LITERAL("k"),
        .args = args,
        .n_args = make_args(prng, c, args),
        .ttl_ms = prng_chance(prng, 300) ? 500 : OPERATION_TTL_NONE,
    };
}
