#include "core/canonical.h"

#include "core/canonical_plan.h"
#include "core/resp.h"

/* What runs when a ttl goes with a command that may fail: KEYS[1] is the key, ARGV[1] the deadline,
 * the command follows. pcall gives the error as the command itself would, whatever the version. */
#define SCRIPT                                                                                     \
    "local r=redis.pcall(unpack(ARGV,2)) "                                                         \
    "if type(r)=='table' and r.err then return r end "                                             \
    "redis.call('PEXPIREAT',KEYS[1],ARGV[1])"

/* What an expiry adds to a command at most: two counts, the script's or the expiry's words. */
enum { EXTRA_WORDS_MAX = 8, EXTRA_BYTES_MAX = 64 };

static bool rewrite_as_is(struct plan *p)
{
    (void)p;
    return true;
}

static bool rewrite_overwrite(struct plan *p)
{
    p->overwrites = true;
    return true;
}

static bool rewrite_carry(struct plan *p)
{
    p->carries = true;
    return true;
}

static bool rewrite_pairs(struct plan *p)
{
    return p->n_args % 2 == 0 ||
           reject_set(p->reject, REJECT_BAD_ARITY, "%s: fields and values must come in pairs",
                      command_name(p->command));
}

/* Its subcommands are rows of their own: one that has none is unknown. */
static bool rewrite_subcommand(struct plan *p)
{
    return reject_set(p->reject, REJECT_UNKNOWN_COMMAND, "%s: unknown subcommand",
                      command_name(p->command));
}

static bool (*const rewrites[COMMAND_REWRITE_COUNT])(struct plan *p) = {
    [REWRITE_AS_IS] = rewrite_as_is,
    [REWRITE_OVERWRITE] = rewrite_overwrite,
    [REWRITE_CARRY] = rewrite_carry,
    [REWRITE_SUBCOMMAND] = rewrite_subcommand,
    [REWRITE_PAIRS] = rewrite_pairs,
    [REWRITE_COPY] = rewrite_copy,
    [REWRITE_SET] = rewrite_set,
    [REWRITE_SETEX] = rewrite_setex,
    [REWRITE_PSETEX] = rewrite_psetex,
    [REWRITE_GETEX] = rewrite_getex,
    [REWRITE_MSETEX] = rewrite_msetex,
    [REWRITE_EXPIRE] = rewrite_expire,
    [REWRITE_PEXPIRE] = rewrite_pexpire,
    [REWRITE_EXPIREAT] = rewrite_expireat,
    [REWRITE_PEXPIREAT] = rewrite_pexpireat,
    [REWRITE_HEXPIRE] = rewrite_hexpire,
    [REWRITE_HPEXPIRE] = rewrite_hpexpire,
    [REWRITE_HEXPIREAT] = rewrite_hexpireat,
    [REWRITE_HPEXPIREAT] = rewrite_hpexpireat,
    [REWRITE_HSETEX] = rewrite_hsetex,
    [REWRITE_HGETEX] = rewrite_hgetex,
    [REWRITE_RESTORE] = rewrite_restore,
    [REWRITE_SORT] = rewrite_sort,
    [REWRITE_GEORADIUS] = rewrite_georadius,
    [REWRITE_GEORADIUSBYMEMBER] = rewrite_georadiusbymember,
    [REWRITE_XADD] = rewrite_xadd,
    [REWRITE_XTRIM] = rewrite_xtrim,
};

/* The name up to its first blank; all of it when it has none. */
static struct str first_word(struct str name)
{
    size_t n = 0;

    while (n < name.n && name.p[n] != ' ')
        n++;
    return (struct str){ name.p, n };
}

static size_t name_words(struct str name)
{
    return first_word(name).n < name.n ? 2 : 1;
}

/* The row of "<group> <subcommand>", when the first argument is one. */
static const struct command *find_subcommand(const struct plan *p)
{
    char name[COMMAND_NAME_MAX];
    const struct str group = p->command->name, sub = p->args[0];
    size_t n = 0;

    if (group.n + 1 + sub.n > sizeof(name))
        return NULL;
    for (size_t i = 0; i < group.n; i++)
        name[n++] = group.p[i];
    name[n++] = ' ';
    for (size_t i = 0; i < sub.n; i++)
        name[n++] = sub.p[i];
    return command_find((struct str){ name, n });
}

/* How much of a command's name an error shows. */
enum { NAME_SHOWN_MAX = 40 };

static bool reject_unknown(struct plan *p)
{
    const struct str name = p->op->command;
    char shown[NAME_SHOWN_MAX];
    size_t n = name.n < sizeof(shown) ? name.n : sizeof(shown);

    for (size_t i = 0; i < n; i++)
        shown[i] = name.p[i] >= ' ' && name.p[i] <= '~' ? name.p[i] : '?';
    return reject_set(p->reject, REJECT_UNKNOWN_COMMAND, "unknown command '%.*s'", (int)n, shown);
}

/* The row is NULL when its subcommand, say, is unknown. */
static bool judge_row(struct plan *p, const struct command *c)
{
    if (!c)
        return reject_unknown(p);
    return c->refusal == REJECT_NONE || reject_set(p->reject, c->refusal, "%s", command_name(c));
}

/* Finds the operation's row, which may be that of a subcommand. */
static bool find_command(struct plan *p)
{
    const struct str word = first_word(p->op->command);
    const struct command *sub = NULL;

    p->top = p->command = command_find(word);
    if (!judge_row(p, p->top))
        return false;
    if (word.n < p->op->command.n) {
        p->command = command_find(p->op->command);
    } else if (p->top->rewrite == REWRITE_SUBCOMMAND && p->n_args > 0) {
        sub = find_subcommand(p);
        if (sub) {
            p->command = sub;
            p->args++;
            p->n_args--;
        }
    }
    return judge_row(p, p->command);
}

static bool check_arity(struct plan *p)
{
    const struct command *c = p->command;
    const size_t fixed = name_words(c->name) + 1, words = fixed + p->n_args;

    if (words >= c->words_min && words <= c->words_max)
        return true;
    if (words > c->words_max)
        return reject_set(p->reject, REJECT_BAD_ARITY,
                          "%s takes at most %u arguments behind its key", command_name(c),
                          (unsigned)(c->words_max - fixed));
    return reject_set(p->reject, REJECT_BAD_ARITY, "%s takes at least %u arguments besides its key",
                      command_name(c), (unsigned)(c->words_min - fixed));
}

static bool plan_operation(struct plan *p)
{
    if (plan_is_reserved(p->op->key))
        return reject_set(p->reject, REJECT_KEY_RESERVED,
                          "the key starts with " PLAN_RESERVED_PREFIX);
    if (!find_command(p))
        return false;
    if (!command_set_has(p->context->server, p->top))
        return reject_set(p->reject, REJECT_UNSUPPORTED, "%s", command_name(p->top));
    if (!check_arity(p) || !plan_check_keys(p))
        return false;
    if (p->op->ttl_ms != OPERATION_TTL_NONE && !p->command->ttl)
        return reject_set(p->reject, REJECT_TTL_NOT_ALLOWED, "%s", command_name(p->command));
    p->name = p->command->name;
    p->failure = p->command->failure;
    return rewrites[p->command->rewrite](p);
}

size_t plan_n_words(const struct plan *p)
{
    size_t n = name_words(p->name) + 1 + p->n_args + p->n_behind;

    for (size_t i = 0; i < p->n_edits; i++)
        n -= p->edits[i].dropped;
    return n;
}

size_t plan_n_bytes(const struct plan *p)
{
    size_t n = p->name.n + p->op->key.n;

    for (size_t i = 0; i < p->n_args; i++)
        n += p->args[i].n;
    for (size_t i = 0; i < p->n_edits; i++)
        n += p->edits[i].with.n;
    for (size_t i = 0; i < p->n_behind; i++)
        n += p->behind[i].n;
    return n;
}

static char *put_key(char *at, struct plan *p)
{
    at = resp_put_word(at, p->op->key);
    p->key_end = at;
    return at;
}

char *plan_put_words(char *at, struct plan *p)
{
    const struct str word = first_word(p->name);
    const struct plan_edit *edit = p->edits, *end = p->edits + p->n_edits;

    at = resp_put_word(at, word);
    if (word.n < p->name.n)
        at = resp_put_word(at, (struct str){ p->name.p + word.n + 1, p->name.n - word.n - 1 });
    for (size_t i = 0; i < p->n_args; i++) {
        if (i == p->n_leading)
            at = put_key(at, p);
        if (edit == end || edit->arg != i) {
            at = resp_put_word(at, p->args[i]);
            continue;
        }
        if (!edit->dropped)
            at = resp_put_word(at, edit->with);
        edit++;
    }
    if (p->n_args <= p->n_leading)
        at = put_key(at, p);
    for (size_t i = 0; i < p->n_behind; i++)
        at = resp_put_word(at, p->behind[i]);
    return at;
}

static char *put_prefix(char *at, const struct str *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at = resp_put_word(at, words[i]);
    return at;
}

/* The planned command and, when it has a deadline, the expiry of its key. */
static char *put_operation(char *at, struct plan *p)
{
    const struct str script[] = { STR_LITERAL("EVAL"), STR_LITERAL(SCRIPT), STR_LITERAL("1"),
                                  p->op->key, p->deadline };
    const struct str expire[] = { STR_LITERAL("PEXPIREAT"), p->op->key, p->deadline };
    const size_t n = plan_n_words(p);

    if (p->deadline.n == 0)
        return plan_put_words(resp_put_count(at, n), p);
    if (p->failure != FAILS_NEVER) {
        at = resp_put_count(at, ARRAY_SIZE(script) + n);
        return plan_put_words(put_prefix(at, script, ARRAY_SIZE(script)), p);
    }
    at = plan_put_words(resp_put_count(at, n), p);
    return put_prefix(resp_put_count(at, ARRAY_SIZE(expire)), expire, ARRAY_SIZE(expire));
}

static bool plan_too_large(const struct plan *p, const struct buf *out)
{
    return reject_set(p->reject, REJECT_TOO_LARGE, "%s: its %zu bytes do not fit in %zu",
                      command_name(p->command), plan_n_bytes(p), out->limit);
}

bool plan_append(struct plan *p, struct buf *out)
{
    const size_t n_words = plan_n_words(p) + 1 + EXTRA_WORDS_MAX;
    const size_t n_bytes = plan_n_bytes(p) + sizeof(SCRIPT) + p->op->key.n + EXTRA_BYTES_MAX;

    if (p->deadline.n > 0 && p->failure != FAILS_NEVER && n_words > SCRIPT_WORDS_MAX)
        return reject_set(p->reject, REJECT_TTL_NOT_ALLOWED,
                          "%s with a ttl takes at most %d words; send PEXPIREAT behind it",
                          command_name(p->command), SCRIPT_WORDS_MAX - EXTRA_WORDS_MAX - 1);
    if (!buf_reserve(out, resp_size_max(n_words, n_bytes)))
        return plan_too_large(p, out);
    out->n = (size_t)(put_operation(out->p + out->n, p) - out->p);
    return true;
}

struct canonical plan_outcome(const struct plan *p)
{
    return (struct canonical){
        .n_commands = p->deadline.n > 0 && p->failure == FAILS_NEVER ? 2 : 1,
        .failure = p->failure,
        .key_type = p->command->type,
    };
}

bool plan_make(struct plan *p, const struct record *record, const struct operation *op,
               const struct canonical_context *context, struct envelope_keys *keys,
               struct reject *reject)
{
    p->record = record;
    p->op = op;
    p->context = context;
    p->keys = keys;
    p->reject = reject;
    p->args = op->args;
    p->n_args = op->n_args;
    p->n_leading = p->n_edits = p->n_behind = 0;
    p->ttl_is_behind = p->overwrites = p->compares = p->carries = false;
    p->ends_ms = PLAN_ENDS_NEVER;
    p->deadline = (struct str){ 0 };
    if (!plan_operation(p))
        return false;
    return op->ttl_ms == OPERATION_TTL_NONE || p->ttl_is_behind ||
           plan_ttl(p, p->deadline_text, &p->deadline);
}

/* With a look at the key in front, and what it lets end is listed behind it. */
static bool append_between(struct plan *p, struct buf *out, struct canonical *ret)
{
    const struct log_time *log_time = &p->context->log_time;
    const struct log_time_key listed = { p->op->key, p->ends_ms };
    const bool lists = p->ends_ms != PLAN_ENDS_NEVER;
    const size_t before = out->n;

    ret->n_commands += 1 + (uint32_t)lists;
    ret->wants.look = LOOK_ITSELF;
    if (!log_time_append_look(out, log_time, &p->op->key, 1, true))
        return plan_too_large(p, out);
    if (!plan_append(p, out)) {
        out->n = before;
        return false;
    }
    if (!lists || log_time_append_listing(out, log_time->index, &listed, 1))
        return true;
    out->n = before;
    return plan_too_large(p, out);
}

static bool append_in_log_time(struct plan *p, struct buf *out, struct canonical *ret)
{
    enum { CRLF_BYTES = 2 };
    const size_t before = out->n;

    if (p->compares)
        return append_between(p, out, ret);
    if (!plan_append(p, out))
        return false;
    ret->wants = (struct log_time_wants){
        .look = p->overwrites ? LOOK_NEEDLESS : LOOK_AHEAD,
        .key_at = (uint32_t)((size_t)(p->key_end - out->p) - CRLF_BYTES - p->op->key.n - before),
        .key_n = (uint32_t)p->op->key.n,
        .ends_ms = p->ends_ms,
    };
    return true;
}

bool canonical_append(const struct record *record, const struct operation *op,
                      const struct canonical_context *context, struct buf *out,
                      struct canonical *ret, struct reject *ret_reject)
{
    struct plan p;

    if (!plan_make(&p, record, op, context, NULL, ret_reject))
        return false;
    *ret = plan_outcome(&p);
    return plan_in_log_time(&p) ? append_in_log_time(&p, out, ret) : plan_append(&p, out);
}
