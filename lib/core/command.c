#include "core/command.h"

#include "base/check.h"
#include "core/command_slots_table.h"
#include "core/command_table.h"

enum { MANY = COMMAND_WORDS_MANY, TTL = true, NO_TTL = false };

#define APPLY_ROW(command, min, max, keys_, rewrite_, failure_, type_, ttl_)                       \
    { .name = { (command), sizeof(command) - 1 },                                                  \
      .words_min = (min),                                                                          \
      .words_max = (max),                                                                          \
      .keys = COMMAND_KEYS_##keys_,                                                                \
      .rewrite = REWRITE_##rewrite_,                                                               \
      .failure = FAILS_##failure_,                                                                 \
      .type = KEY_##type_,                                                                         \
      .ttl = (ttl_) },
#define REFUSE_ROW(command, reason)                                                                \
    { .name = { (command), sizeof(command) - 1 }, .words_max = MANY, .refusal = REJECT_##reason },
static const struct command commands[] = { COMMAND_TABLE(APPLY_ROW, REFUSE_ROW) };
#undef APPLY_ROW
#undef REFUSE_ROW

_Static_assert(ARRAY_SIZE(commands) <= COMMAND_SET_WORDS * 64, "a set has a bit for every row");
_Static_assert(ARRAY_SIZE(commands) <= COMMAND_SLOTS / 2, "the hash table is at most half full");

#define TEXT(name, text) text,
static const char *const keys_texts[] = { COMMAND_KEYS(TEXT) };
static const char *const rewrite_texts[] = { COMMAND_REWRITES(TEXT) };
#undef TEXT

size_t command_slot(struct str name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < name.n; i++)
        hash = (hash ^ ((unsigned char)name.p[i] & 0xdfu)) * 16777619u; /* 0xdf: upper case */
    return hash % COMMAND_SLOTS;
}

const struct command *command_find(struct str name)
{
    if (name.n > COMMAND_NAME_MAX)
        return NULL;
    for (size_t slot = command_slot(name); slots[slot] > 0; slot = (slot + 1) % COMMAND_SLOTS) {
        const struct command *c = &commands[slots[slot] - 1];

        if (str_eq_nocase(c->name, name))
            return c;
    }
    return NULL;
}

size_t command_count(void)
{
    return ARRAY_SIZE(commands);
}

const struct command *command_at(size_t index)
{
    PRE(index < ARRAY_SIZE(commands));
    return &commands[index];
}

size_t command_index(const struct command *c)
{
    return (size_t)(c - commands);
}

const char *command_name(const struct command *c)
{
    return c->name.p;
}

enum command_failure command_failure(const struct command *c)
{
    return c->failure;
}

const char *command_keys_text(enum command_keys keys)
{
    PRE(keys < COMMAND_KEYS_COUNT);
    return keys_texts[keys];
}

const char *command_rewrite_text(enum command_rewrite rewrite)
{
    PRE(rewrite < COMMAND_REWRITE_COUNT);
    return rewrite_texts[rewrite];
}

bool command_is_newer(const struct command *c)
{
    static const char *const newer[] = {
        "DELEX",  "DELIFEQ",  "HEXPIRE",  "HEXPIREAT",  "HGETDEL",
        "HGETEX", "HPERSIST", "HPEXPIRE", "HPEXPIREAT", "HSETEX",
        "LMPOP",  "MSETEX",   "XACKDEL",  "XDELEX",     "ZMPOP",
    };

    for (size_t i = 0; i < ARRAY_SIZE(newer); i++)
        if (str_eq(c->name, str_from(newer[i])))
            return true;
    return false;
}

void command_set_add(struct command_set *set, const struct command *c)
{
    const size_t index = command_index(c);

    set->bits[index / 64] |= UINT64_C(1) << index % 64;
}

bool command_set_has(const struct command_set *set, const struct command *c)
{
    const size_t index = command_index(c);

    return set->bits[index / 64] >> index % 64 & 1;
}

void command_set_keep(struct command_set *set, const struct command_set *other)
{
    for (size_t i = 0; i < COMMAND_SET_WORDS; i++)
        set->bits[i] &= other->bits[i];
}
