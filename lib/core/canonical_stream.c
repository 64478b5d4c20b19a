/*
 * Streams: ids that are the same at each replay, and trimming that does not depend on how a server
 * packs its nodes. Redis, too, tells its replicas `=` where it was told `~`.
 */
#include "core/canonical_plan.h"

static bool is_flag(const struct plan *p, size_t arg)
{
    return plan_arg_is(p, arg, "NOMKSTREAM") || plan_arg_is(p, arg, "KEEPREF") ||
           plan_arg_is(p, arg, "DELREF") || plan_arg_is(p, arg, "ACKED");
}

/* Redis forgets which ids it has seen by its own clock. */
static bool is_idempotence(const struct plan *p, size_t arg)
{
    return plan_arg_is(p, arg, "IDMP") || plan_arg_is(p, arg, "IDMPAUTO");
}

/* "MAXLEN|MINID [=|~] threshold" at *arg, which is left behind it. */
static bool plan_trim(struct plan *p, size_t *arg, bool *ret_approximate)
{
    *ret_approximate = plan_arg_is(p, *arg + 1, "~");
    if (*ret_approximate)
        plan_replace(p, *arg + 1, STR_LITERAL("="));
    *arg += *ret_approximate || plan_arg_is(p, *arg + 1, "=") ? 3 : 2;
    return *arg <= p->n_args || plan_bad_argument(p, "trimming lacks its threshold");
}

/* "LIMIT count" at *arg, which is left behind it: a hint on how much of a trimming to leave. */
static bool plan_limit(struct plan *p, size_t *arg)
{
    int64_t count;

    if (*arg + 1 >= p->n_args || !str_to_int64(p->args[*arg + 1], &count) || count < 0)
        return plan_bad_argument(p, "LIMIT wants a count");
    plan_drop(p, *arg);
    plan_drop(p, *arg + 1);
    *arg += 2;
    return true;
}

/* The options in front of the id, or all of XTRIM's. */
static bool plan_options(struct plan *p, size_t *ret_end)
{
    bool trims = false, approximate = false, limited = false;
    size_t i = 0;

    while (i < p->n_args) {
        if (plan_arg_is(p, i, "MAXLEN") || plan_arg_is(p, i, "MINID")) {
            if (trims)
                return plan_bad_argument(p, "MAXLEN or MINID is there twice");
            trims = true;
            if (!plan_trim(p, &i, &approximate))
                return false;
        } else if (plan_arg_is(p, i, "LIMIT")) {
            if (limited || !approximate)
                return plan_bad_argument(p, "LIMIT goes with ~, once");
            limited = true;
            if (!plan_limit(p, &i))
                return false;
        } else if (is_idempotence(p, i)) {
            return reject_set(p->reject, REJECT_NONDETERMINISTIC, "XADD: %s",
                              "idempotent ids are forgotten by the clock");
        } else if (is_flag(p, i)) {
            i++;
        } else {
            break;
        }
    }
    *ret_end = i;
    return true;
}

/* "*" counts from the record: its timestamp, then its offset. "<ms>-*" keeps its milliseconds. */
static bool plan_id(struct plan *p, size_t arg)
{
    const struct str id = p->args[arg];
    int64_t ms = p->record->timestamp_ms;

    if (id.n == 0 || id.p[id.n - 1] != '*')
        return true;
    if (id.n == 1 && ms < 0)
        return reject_set(p->reject, REJECT_NO_TIMESTAMP, "XADD: the record has no timestamp");
    if (id.n > 1 &&
        (id.p[id.n - 2] != '-' || !str_to_int64((struct str){ id.p, id.n - 2 }, &ms) || ms < 0))
        return plan_bad_argument(p, "the id is not <milliseconds>-*");
    plan_replace(p, arg, plan_pair(p->number, ms, p->record->offset));
    return true;
}

bool rewrite_xadd(struct plan *p)
{
    size_t id;

    if (!plan_options(p, &id))
        return false;
    if (id == p->n_args || (p->n_args - id) % 2 == 0 || p->n_args - id < 3)
        return reject_set(p->reject, REJECT_BAD_ARITY,
                          "XADD: an id and pairs of fields and values must follow the options");
    return plan_id(p, id);
}

bool rewrite_xtrim(struct plan *p)
{
    size_t end;

    if (!plan_options(p, &end))
        return false;
    return end == p->n_args || plan_bad_argument(p, "an option is unknown");
}
