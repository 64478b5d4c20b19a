/* What `doctor` asks of a mirror that is named. */
#include <stdlib.h>

#include "base/mem.h"
#include "doctor.h"
#include "mirror_link.h"
#include "mirror_options.h"

static int64_t number_of(enum truth answer)
{
    return answer == TRUTH_UNKNOWN ? DIAGNOSIS_UNKNOWN : answer == TRUTH_YES;
}

static void ask_offsets(struct doctor *d, struct mirror_link *l)
{
    int64_t *next = mem_new((size_t)l->log.n + 1, sizeof(*next));
    struct err err = { 0 };
    const enum err_code rc = mirror_link_offsets(l, next, &err);

    d->facts.names_offsets = 1;
    if (doctor_asked(d, rc, &err)) {
        d->facts.n_stored = 0;
        for (int32_t i = 0; i < l->log.n; i++)
            d->facts.n_stored += next[i] != LOOK_UNKNOWN;
    }
    free(next);
}

void doctor_ask_mirror(struct doctor *d)
{
    CLEANUP(mirror_link_release) struct mirror_link l = { 0 };
    struct err err = { 0 };
    enum err_code rc;

    if (!mirror_options_name_one(d->in))
        return;
    d->facts.names_mirror = 1;
    rc = mirror_link_open(d->in, &l, &err);
    if (!doctor_asked(d, rc, &err))
        return;
    mirror_link_look(&l);
    d->facts.mirror_reason = l.reason;
    if (mirror_link_stores_offsets(&l))
        ask_offsets(d, &l);
    if (l.mirror.tried.outcome == LOOK_FAILED)
        doctor_asked(d, err_set(&err, ERR_UNAVAILABLE, "%s", l.mirror.tried.why), &err);
    if (l.facts[MIRROR_FACT_ANSWERED] != TRUTH_YES || !l.mirror.last.exists)
        return;
    d->facts.mirror_once = number_of(l.mirror.last.exactly_once);
    d->facts.mirror_keeps_headers = number_of(l.config.keeps_headers);
}
