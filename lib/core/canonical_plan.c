#include "core/canonical_plan.h"

enum { LONG_AGO_MS = 1 };

void plan_replace(struct plan *p, size_t arg, struct str with)
{
    INVARIANT(p->n_edits < PLAN_EDITS_MAX);
    INVARIANT(p->n_edits == 0 || p->edits[p->n_edits - 1].arg < arg);
    p->edits[p->n_edits++] = (struct plan_edit){ .arg = arg, .with = with };
}

void plan_drop(struct plan *p, size_t arg)
{
    INVARIANT(p->n_edits < PLAN_EDITS_MAX);
    INVARIANT(p->n_edits == 0 || p->edits[p->n_edits - 1].arg < arg);
    p->edits[p->n_edits++] = (struct plan_edit){ .arg = arg, .dropped = true };
}

void plan_put_behind(struct plan *p, struct str word)
{
    INVARIANT(p->n_behind < PLAN_BEHIND_MAX);
    p->behind[p->n_behind++] = word;
}

/* Returns the end of the digits. */
static char *put_number(char *at, int64_t value)
{
    uint64_t rest = value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;
    char digits[20];
    size_t n = 0;

    do {
        digits[n++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *at++ = '-';
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

struct str plan_number(char *at, int64_t value)
{
    return (struct str){ at, (size_t)(put_number(at, value) - at) };
}

struct str plan_pair(char *at, int64_t first, int64_t second)
{
    char *end = put_number(at, first);

    *end++ = '-';
    return (struct str){ at, (size_t)(put_number(end, second) - at) };
}

bool plan_arg_is(const struct plan *p, size_t arg, const char *word)
{
    return arg < p->n_args && str_eq_nocase(p->args[arg], str_from(word));
}

static bool add(int64_t a, int64_t b, int64_t *ret)
{
    if (b > 0 ? a > INT64_MAX - b : a < INT64_MIN - b)
        return false;
    *ret = a + b;
    return true;
}

bool plan_deadline(struct plan *p, int64_t after_ms, int64_t *ret_deadline_ms)
{
    int64_t deadline_ms;

    if (p->record->timestamp_ms < 0)
        return reject_set(p->reject, REJECT_NO_TIMESTAMP, "%s: the record has no timestamp",
                          command_name(p->command));
    if (!add(p->record->timestamp_ms, after_ms, &deadline_ms) ||
        (!plan_in_log_time(p) && !add(deadline_ms, p->context->clock_skew_ms, &deadline_ms)))
        return plan_bad_argument(p, "the expiry is out of range");
    *ret_deadline_ms = deadline_ms;
    return true;
}

bool plan_in_log_time(const struct plan *p)
{
    return p->context->log_time.now_ms != LOG_TIME_OFF;
}

/* What has passed by then has passed by any clock. */
static int64_t in_log_time(struct plan *p, int64_t deadline_ms)
{
    if (deadline_ms <= p->context->log_time.now_ms)
        return LONG_AGO_MS;
    if (p->ends_ms == PLAN_ENDS_NEVER || deadline_ms < p->ends_ms)
        p->ends_ms = deadline_ms;
    return deadline_ms + LOG_TIME_SHIFT_MS;
}

/* The same deadlines are too late in either time, so that a replay refuses what was refused. */
bool plan_moment(struct plan *p, int64_t deadline_ms, char *at, struct str *ret)
{
    if (deadline_ms >= LOG_TIME_SHIFT_MS)
        return plan_bad_argument(p, "the expiry is later than the year 3084");
    if (plan_in_log_time(p))
        deadline_ms = in_log_time(p, deadline_ms);
    *ret = plan_number(at, deadline_ms);
    return true;
}

bool plan_ttl(struct plan *p, char *at, struct str *ret)
{
    int64_t deadline_ms;

    if (!plan_deadline(p, p->op->ttl_ms, &deadline_ms))
        return false;
    if (deadline_ms <= 0)
        return plan_bad_argument(p, "the ttl is out of range");
    return plan_moment(p, deadline_ms, at, ret);
}

bool plan_bad_argument(struct plan *p, const char *what)
{
    return reject_set(p->reject, REJECT_BAD_ARGUMENT, "%s: %s", command_name(p->command), what);
}
