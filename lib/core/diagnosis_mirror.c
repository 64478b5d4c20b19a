/* What is judged of a mirror, and of what it made. */
#include <inttypes.h>

#include "core/diagnosis_judges.h"
#include "core/mirror.h"

static enum health_verdict verdict_of(enum mirror_state state)
{
    switch (state) {
    case MIRROR_STATE_RUNNING:
        return VERDICT_OK;
    case MIRROR_STATE_FAILED:
        return VERDICT_FAIL;
    case MIRROR_STATE_PAUSED:
    case MIRROR_STATE_STARTING:
    case MIRROR_STATE_STOPPING:
    case MIRROR_STATE_STOPPED:
        return VERDICT_WARN;
    case MIRROR_STATE_UNKNOWN:
    case MIRROR_STATE_COUNT:
        break;
    }
    return VERDICT_UNKNOWN;
}

enum health_verdict diagnose_mirror(const struct diagnosis_facts *f, char *ret)
{
    enum mirror_reason reason;

    if (f->mirror_reason == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the mirror");
    reason = (enum mirror_reason)f->mirror_reason;
    return diagnosis_say(ret, verdict_of(mirror_reason_state(reason)), "%s: %s",
                         mirror_state_text(mirror_reason_state(reason)),
                         mirror_reason_text(reason));
}

enum health_verdict diagnose_mirror_once(const struct diagnosis_facts *f, char *ret)
{
    if (f->mirror_once == DIAGNOSIS_UNKNOWN)
        return diagnosis_say(ret, VERDICT_UNKNOWN,
                             "it is not told: exactly.once.support is not required, or the mirror "
                             "did not answer");
    return f->mirror_once ? diagnosis_say(ret, VERDICT_OK, "it does")
                          : diagnosis_say(ret, VERDICT_WARN, "it does not");
}

enum health_verdict diagnose_mirror_headers(const struct diagnosis_facts *f, char *ret)
{
    if (f->mirror_keeps_headers == DIAGNOSIS_UNKNOWN)
        return diagnosis_say(
            ret, VERDICT_UNKNOWN,
            "it is not told: the workers' header.converter counts, or Connect was not "
            "asked");
    return f->mirror_keeps_headers
               ? diagnosis_say(ret, VERDICT_OK, "its converter keeps bytes")
               : diagnosis_say(ret, VERDICT_FAIL, "its header.converter rewrites them");
}

enum health_verdict diagnose_mirror_offsets(const struct diagnosis_facts *f, char *ret)
{
    if (f->n_stored == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the topic");
    if (f->n_stored == 0)
        return diagnosis_say(ret, VERDICT_WARN, "the connector has stored nothing there");
    return diagnosis_say(ret, VERDICT_OK, "it does, of %" PRId64 " partitions", f->n_stored);
}

enum health_verdict diagnose_redis_marks(const struct diagnosis_facts *f, char *ret)
{
    if (f->n_marked == DIAGNOSIS_UNKNOWN || f->n_differences == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the positions");
    if (f->n_marked == 0)
        return diagnosis_say(ret, VERDICT_OK, "there are no marks to compare by");
    return diagnosis_say(ret, f->n_differences == 0 ? VERDICT_OK : VERDICT_FAIL,
                         "%" PRId64 " stretches differ, in %" PRId64 " partitions with marks",
                         f->n_differences, f->n_marked);
}
