#include "core/primary.h"

#include <string.h>

#include "base/check.h"

static enum primary_verdict retry(const char **ret_why, const char *why)
{
    *ret_why = why;
    return PRIMARY_RETRY;
}

static enum primary_verdict hold(enum hold_reason *ret_hold, const char **ret_why,
                                 enum hold_reason reason)
{
    *ret_hold = reason;
    *ret_why = hold_text(reason);
    return PRIMARY_HOLD;
}

enum primary_verdict primary_judge(const struct primary_facts *facts, struct str wal,
                                   struct primary_policy policy, enum hold_reason *ret_hold,
                                   const char **ret_why)
{
    const struct str holds = str_from(facts->wal);

    PRE(wal_name_is_valid(wal));
    if (facts->loading)
        return retry(ret_why, "it is loading its dataset");
    if (facts->role == PRIMARY_ROLE_UNKNOWN)
        return retry(ret_why, "its role is unknown");
    if (facts->role == PRIMARY_ROLE_REPLICA)
        return retry(ret_why, "it is a replica");
    if (holds.n > 0 && !str_eq(holds, wal))
        return hold(ret_hold, ret_why, HOLD_OTHER_WAL);
    if (holds.n > 0) {
        *ret_why = "it is ours";
        return PRIMARY_ACCEPT;
    }
    if (facts->n_keys > 0 && !policy.adopt)
        return hold(ret_hold, ret_why, HOLD_FOREIGN_DATA);
    if (policy.hold_blank && !policy.adopt)
        return hold(ret_hold, ret_why, HOLD_BLANK);
    *ret_why = facts->n_keys > 0 ? "its data is adopted" : "it is blank";
    return PRIMARY_CLAIM;
}
