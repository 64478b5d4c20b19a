/*
 * Expiries: what counts from now counts from the record's timestamp instead, and in log time every
 * deadline is shifted.
 */
#include "core/canonical_plan.h"

enum { MS = 1, SECONDS = 1000 };

static const struct str PXAT = { "PXAT", 4 }, NO_NAME = { "", 0 };

/* A strict integer of `unit`s as milliseconds. */
static bool duration_arg(struct plan *p, size_t arg, int64_t unit, int64_t *ret_ms)
{
    int64_t n;

    if (!str_to_int64(p->args[arg], &n) || n > INT64_MAX / unit || n < INT64_MIN / unit)
        return plan_bad_argument(p, "the expiry is not an integer in range");
    *ret_ms = n * unit;
    return true;
}

/* The same where Redis wants it to be later than the epoch. */
static bool positive_arg(struct plan *p, size_t arg, int64_t unit, int64_t *ret_ms)
{
    if (!duration_arg(p, arg, unit, ret_ms))
        return false;
    return *ret_ms > 0 || plan_bad_argument(p, "the expiry is not positive");
}

/* The argument counts from the record: its deadline as Redis is told, in p->number. */
static bool deadline_arg(struct plan *p, size_t arg, int64_t unit, struct str *ret)
{
    int64_t after_ms = 0, deadline_ms = 0;

    if (!positive_arg(p, arg, unit, &after_ms) || !plan_deadline(p, after_ms, &deadline_ms))
        return false;
    if (deadline_ms <= 0)
        return plan_bad_argument(p, "the expiry is out of range");
    return plan_moment(p, deadline_ms, p->number, ret);
}

/* The argument is a deadline that Redis takes as it is. In log time it is written in milliseconds,
 * by a command of that `name`; an empty name stands for the option in front of the argument. */
static bool absolute_arg(struct plan *p, size_t arg, int64_t at_ms, struct str name)
{
    struct str moment;

    if (!plan_moment(p, at_ms, p->number, &moment))
        return false;
    if (!plan_in_log_time(p))
        return true;
    if (name.n > 0)
        p->name = name;
    else
        plan_replace(p, arg - 1, PXAT);
    plan_replace(p, arg, moment);
    return true;
}

/* The options of the commands that take an expiry among them. Those with the same exclusive group
 * do not go together. */
enum option {
    OPTION_EX = 1 << 0,
    OPTION_PX = 1 << 1,
    OPTION_EXAT = 1 << 2,
    OPTION_PXAT = 1 << 3,
    OPTION_KEEPTTL = 1 << 4,
    OPTION_PERSIST = 1 << 5,
    OPTION_NX = 1 << 6,
    OPTION_XX = 1 << 7,
    OPTION_COMPARE = 1 << 8,
    OPTION_GET = 1 << 9,
    OPTION_FNX = 1 << 10,
    OPTION_FXX = 1 << 11,
    OPTION_FIELDS = 1 << 12,

    OPTIONS_RELATIVE = OPTION_EX | OPTION_PX,
    OPTIONS_EXPIRY = OPTIONS_RELATIVE | OPTION_EXAT | OPTION_PXAT | OPTION_KEEPTTL | OPTION_PERSIST,
    OPTIONS_CONDITION = OPTION_NX | OPTION_XX | OPTION_COMPARE,
    OPTIONS_FIELD_CONDITION = OPTION_FNX | OPTION_FXX,
};

static const struct {
    const char *word;
    unsigned option;
    unsigned n_values;
} options[] = {
    { "EX", OPTION_EX, 1 },           { "PX", OPTION_PX, 1 },
    { "EXAT", OPTION_EXAT, 1 },       { "PXAT", OPTION_PXAT, 1 },
    { "KEEPTTL", OPTION_KEEPTTL, 0 }, { "PERSIST", OPTION_PERSIST, 0 },
    { "NX", OPTION_NX, 0 },           { "XX", OPTION_XX, 0 },
    { "IFEQ", OPTION_COMPARE, 1 },    { "IFNE", OPTION_COMPARE, 1 },
    { "IFDEQ", OPTION_COMPARE, 1 },   { "IFDNE", OPTION_COMPARE, 1 },
    { "GET", OPTION_GET, 0 },         { "FNX", OPTION_FNX, 0 },
    { "FXX", OPTION_FXX, 0 },         { "FIELDS", OPTION_FIELDS, 1 },
};

static const unsigned exclusive[] = { OPTIONS_EXPIRY, OPTIONS_CONDITION, OPTIONS_FIELD_CONDITION };

/* What a command allows, and how many words a field has behind FIELDS. */
struct syntax {
    unsigned allowed;
    size_t words_per_field;
};

static const struct syntax set_syntax = { OPTIONS_RELATIVE | OPTION_EXAT | OPTION_PXAT |
                                              OPTION_KEEPTTL | OPTIONS_CONDITION | OPTION_GET,
                                          0 };
static const struct syntax getex_syntax = {
    OPTIONS_RELATIVE | OPTION_EXAT | OPTION_PXAT | OPTION_PERSIST, 0
};
static const struct syntax msetex_syntax = {
    OPTIONS_RELATIVE | OPTION_EXAT | OPTION_PXAT | OPTION_KEEPTTL | OPTION_NX | OPTION_XX, 0
};
static const struct syntax hsetex_syntax = { OPTIONS_RELATIVE | OPTION_EXAT | OPTION_PXAT |
                                                 OPTION_KEEPTTL | OPTIONS_FIELD_CONDITION |
                                                 OPTION_FIELDS,
                                             2 };
static const struct syntax hgetex_syntax = {
    OPTIONS_RELATIVE | OPTION_EXAT | OPTION_PXAT | OPTION_PERSIST | OPTION_FIELDS, 1
};

/* The row of the option at `arg`; ARRAY_SIZE(options) when there is none that may be there. */
static size_t find_option(const struct plan *p, size_t arg, unsigned allowed, unsigned seen)
{
    size_t row = 0;

    while (row < ARRAY_SIZE(options) && !plan_arg_is(p, arg, options[row].word))
        row++;
    if (row == ARRAY_SIZE(options) || !(options[row].option & allowed & ~seen))
        return ARRAY_SIZE(options);
    for (size_t i = 0; i < ARRAY_SIZE(exclusive); i++)
        if ((options[row].option & exclusive[i]) && (seen & exclusive[i]))
            return ARRAY_SIZE(options);
    return row;
}

/* The value of an expiry option is checked, and replaced when it counts from now. */
static bool plan_expiry(struct plan *p, size_t arg, unsigned option)
{
    const int64_t unit = option & (OPTION_EX | OPTION_EXAT) ? SECONDS : MS;
    struct str deadline;
    int64_t at_ms;

    if (option & (OPTION_EXAT | OPTION_PXAT))
        return positive_arg(p, arg + 1, unit, &at_ms) && absolute_arg(p, arg + 1, at_ms, NO_NAME);
    if (!(option & OPTIONS_RELATIVE))
        return true;
    if (!deadline_arg(p, arg + 1, unit, &deadline))
        return false;
    plan_replace(p, arg, PXAT);
    plan_replace(p, arg + 1, deadline);
    return true;
}

/* How many words follow "FIELDS numfields". */
static bool count_fields(struct plan *p, size_t arg, size_t words_per_field, size_t *ret_words)
{
    int64_t n;

    if (!str_to_int64(p->args[arg + 1], &n) || n <= 0 ||
        (uint64_t)n > (p->n_args - arg - 2) / words_per_field)
        return plan_bad_argument(p, "numfields is not the number of fields");
    *ret_words = (size_t)n * words_per_field;
    return true;
}

static bool plan_options(struct plan *p, size_t first, struct syntax syntax, unsigned *ret_seen)
{
    unsigned seen = 0;

    for (size_t i = first, next; i < p->n_args; i = next) {
        const size_t row = find_option(p, i, syntax.allowed, seen);
        size_t n_words = 0;

        if (row == ARRAY_SIZE(options))
            return plan_bad_argument(p, "an option is unknown, repeated or excludes another");
        if (i + options[row].n_values >= p->n_args)
            return plan_bad_argument(p, "an option lacks its value");
        if (!plan_expiry(p, i, options[row].option))
            return false;
        if (options[row].option == OPTION_FIELDS &&
            !count_fields(p, i, syntax.words_per_field, &n_words))
            return false;
        seen |= options[row].option;
        next = i + 1 + options[row].n_values + n_words;
    }
    if (p->op->ttl_ms != OPERATION_TTL_NONE && (seen & OPTIONS_EXPIRY))
        return reject_set(p->reject, REJECT_TTL_NOT_ALLOWED, "%s with an expiry of its own",
                          command_name(p->command));
    *ret_seen = seen;
    return true;
}

bool rewrite_set(struct plan *p)
{
    struct str deadline;
    unsigned seen = 0;

    if (p->n_args > 1 && !plan_options(p, 1, set_syntax, &seen))
        return false;
    p->overwrites = !(seen & (OPTIONS_CONDITION | OPTION_GET | OPTION_KEEPTTL));
    if (seen & OPTION_GET)
        p->failure = FAILS_TYPE;
    /* Not every version takes NX with GET, or knows how to compare. */
    if ((seen & OPTION_COMPARE) || ((seen & OPTION_GET) && (seen & OPTION_NX)))
        p->failure = FAILS_VALUE;
    if (p->op->ttl_ms == OPERATION_TTL_NONE)
        return true;
    if (!plan_ttl(p, p->number, &deadline))
        return false;
    plan_put_behind(p, PXAT);
    plan_put_behind(p, deadline);
    p->ttl_is_behind = true;
    return true;
}

static bool setex(struct plan *p, int64_t unit)
{
    struct str deadline;

    if (!deadline_arg(p, 0, unit, &deadline))
        return false;
    p->overwrites = true;
    p->name = STR_LITERAL("SET");
    plan_drop(p, 0);
    plan_put_behind(p, PXAT);
    plan_put_behind(p, deadline);
    return true;
}

bool rewrite_setex(struct plan *p)
{
    return setex(p, SECONDS);
}

bool rewrite_psetex(struct plan *p)
{
    return setex(p, MS);
}

bool rewrite_getex(struct plan *p)
{
    unsigned seen;

    return plan_options(p, 0, getex_syntax, &seen);
}

bool rewrite_msetex(struct plan *p)
{
    unsigned seen;
    int64_t n_keys;

    /* Its key rule has read numkeys already; each key but the first stands in front of a value. */
    if (!str_to_int64(p->args[0], &n_keys) || (size_t)n_keys * 2 > p->n_args)
        return plan_bad_argument(p, "a key lacks its value");
    if (!plan_options(p, (size_t)n_keys * 2, msetex_syntax, &seen))
        return false;
    p->overwrites = !(seen & (OPTIONS_CONDITION | OPTION_KEEPTTL));
    p->carries = n_keys > 1;
    return true;
}

/* Options and fields: FIELDS must be among them. */
static bool hash_fields(struct plan *p, struct syntax syntax)
{
    unsigned seen;

    if (!plan_options(p, 0, syntax, &seen))
        return false;
    return (seen & OPTION_FIELDS) || plan_bad_argument(p, "FIELDS is missing");
}

bool rewrite_hsetex(struct plan *p)
{
    return hash_fields(p, hsetex_syntax);
}

bool rewrite_hgetex(struct plan *p)
{
    return hash_fields(p, hgetex_syntax);
}

/* NX stands alone, and so do GT and LT beside each other. */
static bool check_conditions(struct plan *p)
{
    static const char *const words[] = { "NX", "XX", "GT", "LT" };
    enum { NX = 1 << 0, GT_LT = 1 << 2 | 1 << 3 };
    unsigned seen = 0;

    for (size_t i = 1; i < p->n_args; i++) {
        size_t w = 0;

        while (w < ARRAY_SIZE(words) && !plan_arg_is(p, i, words[w]))
            w++;
        if (w == ARRAY_SIZE(words))
            return plan_bad_argument(p, "an option is unknown");
        seen |= 1u << w;
    }
    if (((seen & NX) && seen != NX) || (seen & GT_LT) == GT_LT)
        return plan_bad_argument(p, "NX, GT and LT exclude each other");
    if (seen) {
        p->failure = FAILS_VALUE; /* Redis 6.2 does not know them */
        p->compares = true;
    }
    return true;
}

/* A time that has passed deletes the key, so zero and less are fine. */
static bool expire(struct plan *p, int64_t unit)
{
    int64_t after_ms = 0, deadline_ms = 0;
    struct str deadline;

    if (!check_conditions(p) || !duration_arg(p, 0, unit, &after_ms) ||
        !plan_deadline(p, after_ms, &deadline_ms) ||
        !plan_moment(p, deadline_ms, p->number, &deadline))
        return false;
    p->name = STR_LITERAL("PEXPIREAT");
    plan_replace(p, 0, deadline);
    return true;
}

bool rewrite_expire(struct plan *p)
{
    return expire(p, SECONDS);
}

bool rewrite_pexpire(struct plan *p)
{
    return expire(p, MS);
}

static bool expireat(struct plan *p, int64_t unit)
{
    int64_t at_ms;

    return check_conditions(p) && duration_arg(p, 0, unit, &at_ms) &&
           absolute_arg(p, 0, at_ms, STR_LITERAL("PEXPIREAT"));
}

bool rewrite_expireat(struct plan *p)
{
    return expireat(p, SECONDS);
}

bool rewrite_pexpireat(struct plan *p)
{
    return expireat(p, MS);
}

/* "NX" and the like in front of FIELDS. */
static bool fields_are_compared(const struct plan *p)
{
    return !plan_arg_is(p, 1, "FIELDS");
}

static bool hexpire(struct plan *p, int64_t unit)
{
    int64_t after_ms = 0, deadline_ms = 0;
    struct str deadline;

    if (!duration_arg(p, 0, unit, &after_ms))
        return false;
    if (after_ms < 0)
        return plan_bad_argument(p, "the expiry is negative");
    if (!plan_deadline(p, after_ms, &deadline_ms))
        return false;
    if (deadline_ms < 0)
        return plan_bad_argument(p, "the expiry is out of range");
    if (!plan_moment(p, deadline_ms, p->number, &deadline))
        return false;
    p->compares = fields_are_compared(p);
    p->name = STR_LITERAL("HPEXPIREAT");
    plan_replace(p, 0, deadline);
    return true;
}

bool rewrite_hexpire(struct plan *p)
{
    return hexpire(p, SECONDS);
}

bool rewrite_hpexpire(struct plan *p)
{
    return hexpire(p, MS);
}

static bool hexpireat(struct plan *p, int64_t unit)
{
    int64_t at_ms = 0;

    if (!duration_arg(p, 0, unit, &at_ms))
        return false;
    if (at_ms < 0)
        return plan_bad_argument(p, "the expiry is negative");
    p->compares = fields_are_compared(p);
    return absolute_arg(p, 0, at_ms, STR_LITERAL("HPEXPIREAT"));
}

bool rewrite_hexpireat(struct plan *p)
{
    return hexpireat(p, SECONDS);
}

bool rewrite_hpexpireat(struct plan *p)
{
    return hexpireat(p, MS);
}

/* The ttl of RESTORE that is not relative: none, or one to be written behind ABSTTL already. */
static bool restore_absolute(struct plan *p, int64_t ttl_ms)
{
    struct str moment;

    if (ttl_ms == 0)
        return true;
    if (ttl_ms < 0)
        return plan_bad_argument(p, "the expiry is negative");
    if (!plan_moment(p, ttl_ms, p->number, &moment))
        return false;
    if (plan_in_log_time(p))
        plan_replace(p, 0, moment);
    return true;
}

/* "ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]". Fields of the payload may
 * end. */
bool rewrite_restore(struct plan *p)
{
    struct str deadline;
    bool absolute = false;
    int64_t ttl_ms = 0;

    p->carries = true;
    for (size_t i = 2; i < p->n_args; i++) {
        if (plan_arg_is(p, i, "ABSTTL"))
            absolute = true;
        else if (plan_arg_is(p, i, "REPLACE"))
            p->overwrites = true;
        else if (plan_arg_is(p, i, "IDLETIME") || plan_arg_is(p, i, "FREQ"))
            i++;
        else
            return plan_bad_argument(p, "an option is unknown");
    }
    if (!duration_arg(p, 0, MS, &ttl_ms))
        return false;
    if (ttl_ms == 0 || absolute)
        return restore_absolute(p, ttl_ms);
    if (!deadline_arg(p, 0, MS, &deadline))
        return false;
    plan_replace(p, 0, deadline);
    plan_put_behind(p, STR_LITERAL("ABSTTL"));
    return true;
}
