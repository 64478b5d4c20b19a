#include "core/script.h"

#include <string.h>

#include "core/command_table.h"
#include "core/lua.h"
#include "core/position.h"
#include "core/script_reads_table.h"

/* In rules, as core/lua/script_tail.lua reads them. */
enum {
    RULE_NONE = 0,
    RULE_WRITES = 'w',
    RULE_READS = 'r',
    RULE_UNCHECKED = '-',
    SORT_NOT = '-',
    SORT_WORDS = 's',
    SORT_PAIRS = 'p',
};

struct read_row {
    struct str name;
    enum command_keys keys;
    char sort;
};

#define READ_ROW(name, keys_, sort_)                                                               \
    { { (name), sizeof(name) - 1 }, COMMAND_KEYS_##keys_, (char)SORT_##sort_ },
static const struct read_row reads[] = { SCRIPT_READS(READ_ROW) };
#undef READ_ROW

bool script_name_is_valid(struct str name)
{
    return name.n <= SCRIPT_NAME_MAX && wal_name_is_valid(name);
}

const struct script *script_find(const struct script_set *set, struct str name)
{
    for (size_t i = 0; set && i < set->n; i++)
        if (str_eq(str_from(set->scripts[i].name), name))
            return &set->scripts[i];
    return NULL;
}

struct str script_field(const struct script *script, char *ret)
{
    static const char prefix[] = "script:";
    const size_t n = strlen(script->name);

    memcpy(ret, prefix, sizeof(prefix) - 1);
    memcpy(ret + sizeof(prefix) - 1, script->name, n);
    return (struct str){ ret, sizeof(prefix) - 1 + n };
}

/* Where the keys are; RULE_NONE: nowhere that a script could be held to. */
static char where_of(enum command_keys keys)
{
    switch (keys) {
    case COMMAND_KEYS_ONE:
        return '1';
    case COMMAND_KEYS_TWO:
        return '2';
    case COMMAND_KEYS_ALL:
        return 'A';
    case COMMAND_KEYS_PAIRS:
        return 'P';
    case COMMAND_KEYS_AFTER_WORD:
        return 'W';
    case COMMAND_KEYS_COUNTED:
        return 'C';
    case COMMAND_KEYS_STORE_COUNTED:
        return 'S';
    case COMMAND_KEYS_COUNTED_PAIRS:
    case COMMAND_KEYS_STORE_OPTION:
    case COMMAND_KEYS_COUNT:
        break;
    }
    return RULE_NONE;
}

/* What is looked for, where something would have to be rewritten; RULE_NONE: it always would. */
static char check_of(enum command_rewrite rewrite)
{
    static const char checks[COMMAND_REWRITE_COUNT] = {
        [REWRITE_AS_IS] = RULE_UNCHECKED,
        [REWRITE_OVERWRITE] = RULE_UNCHECKED,
        [REWRITE_CARRY] = RULE_UNCHECKED,
        [REWRITE_PAIRS] = RULE_UNCHECKED,
        [REWRITE_EXPIREAT] = RULE_UNCHECKED,
        [REWRITE_PEXPIREAT] = RULE_UNCHECKED,
        [REWRITE_HEXPIREAT] = RULE_UNCHECKED,
        [REWRITE_HPEXPIREAT] = RULE_UNCHECKED,
        [REWRITE_SET] = 'x',
        [REWRITE_COPY] = 'd',
        [REWRITE_XADD] = 'i',
        [REWRITE_XTRIM] = 't',
    };

    return checks[rewrite];
}

static const struct read_row *find_read(struct str name)
{
    for (size_t i = 0; i < ARRAY_SIZE(reads); i++)
        if (str_eq(reads[i].name, name))
            return &reads[i];
    return NULL;
}

bool script_rule(const struct command *c, char ret[SCRIPT_RULE_CHARS])
{
    const struct read_row *read = find_read(c->name);

    if (read) {
        ret[0] = RULE_READS;
        ret[1] = where_of(read->keys);
        ret[2] = read->sort;
        return true;
    }
    ret[0] = RULE_WRITES;
    ret[1] = where_of(c->keys);
    ret[2] = check_of(c->rewrite);
    return c->refusal == REJECT_NONE && ret[1] != RULE_NONE && ret[2] != RULE_NONE &&
           !memchr(c->name.p, ' ', c->name.n);
}

/* local commands=' APPEND=w1- ... ' */
static bool append_commands(struct buf *out)
{
    bool fits = buf_append_text(out, "local commands=' ");

    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_at(i);
        char rule[SCRIPT_RULE_CHARS];

        if (!script_rule(c, rule))
            continue;
        fits = fits && buf_append_str(out, c->name) && buf_append_text(out, "=") &&
               buf_append(out, rule, sizeof(rule)) && buf_append_text(out, " ");
    }
    return fits && buf_append_text(out, "' ");
}

bool script_compose(struct str text, struct buf *out)
{
    const size_t before = out->n;

    if (buf_append_str(out, lua_script_head()) && buf_append_text(out, " ") &&
        buf_append_str(out, text) && buf_append_text(out, "\nend ") && append_commands(out) &&
        buf_append_str(out, lua_script_tail()))
        return true;
    out->n = before;
    return false;
}

bool script_compose_idle(const struct script *script, struct buf *out)
{
    const size_t before = out->n;

    if (buf_append_text(out, "do return 1 end ") && buf_append_str(out, script->body))
        return true;
    out->n = before;
    return false;
}

struct str script_error_line(struct str error)
{
    static const struct str place = { "user_script:", sizeof("user_script:") - 1 };

    for (size_t i = 0; i + place.n <= error.n; i++)
        if (memcmp(error.p + i, place.p, place.n) == 0)
            return (struct str){ error.p + i + place.n, error.n - i - place.n };
    return (struct str){ "", 0 };
}
