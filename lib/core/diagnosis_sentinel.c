/* What is judged of the Sentinels. */
#include <inttypes.h>

#include "core/diagnosis_judges.h"

enum { SENTINELS_MIN = 3, DOWN_AFTER_MIN_MS = 1000, DOWN_AFTER_MAX_MS = 30000 };

enum health_verdict diagnose_sentinel_answers(const struct diagnosis_facts *f, char *ret)
{
    if (f->n_sentinels == DIAGNOSIS_UNKNOWN || f->n_answers == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "Sentinels");
    return diagnosis_say(ret,
                         f->n_answers == f->n_sentinels      ? VERDICT_OK
                         : 2 * f->n_answers > f->n_sentinels ? VERDICT_WARN
                                                             : VERDICT_FAIL,
                         "%" PRId64 " of %" PRId64, f->n_answers, f->n_sentinels);
}

enum health_verdict diagnose_sentinel_count(const struct diagnosis_facts *f, char *ret)
{
    return diagnosis_at_least(f->n_known, SENTINELS_MIN, "Sentinels", ret);
}

enum health_verdict diagnose_sentinel_agreement(const struct diagnosis_facts *f, char *ret)
{
    if (f->n_addresses == DIAGNOSIS_UNKNOWN || f->n_addresses == 0)
        return diagnosis_unknown(ret, "the primary");
    return diagnosis_say(ret, f->n_addresses == 1 ? VERDICT_OK : VERDICT_FAIL,
                         "addresses that they name: %" PRId64, f->n_addresses);
}

enum health_verdict diagnose_sentinel_quorum(const struct diagnosis_facts *f, char *ret)
{
    if (f->n_quorum_asked == DIAGNOSIS_UNKNOWN || f->n_quorum_asked == 0)
        return diagnosis_unknown(ret, "the quorum");
    if (f->n_quorum < f->n_quorum_asked)
        return diagnosis_say(ret, VERDICT_FAIL, "%" PRId64 " of %" PRId64 " see one: %s",
                             f->n_quorum, f->n_quorum_asked, f->quorum);
    return diagnosis_say(ret, VERDICT_OK, "%" PRId64 " of %" PRId64 " see one", f->n_quorum,
                         f->n_quorum_asked);
}

enum health_verdict diagnose_sentinel_down_after(const struct diagnosis_facts *f, char *ret)
{
    const int64_t min_ms = f->down_after_min_ms, max_ms = f->down_after_max_ms;
    const bool well =
        min_ms == max_ms && min_ms >= DOWN_AFTER_MIN_MS && max_ms <= DOWN_AFTER_MAX_MS;

    if (min_ms == DIAGNOSIS_UNKNOWN || max_ms == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "down-after-milliseconds");
    if (min_ms != max_ms)
        return diagnosis_say(ret, VERDICT_WARN, "down-after-milliseconds: %" PRId64 " to %" PRId64,
                             min_ms, max_ms);
    return diagnosis_say(ret, well ? VERDICT_OK : VERDICT_WARN, "down-after-milliseconds: %" PRId64,
                         max_ms);
}
