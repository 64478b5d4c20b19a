#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "wiring/access.h"

enum { NO_POLL_MS = 0 };

static void take_most(int64_t value, int64_t *most)
{
    if (*most < value)
        *most = value;
}

static void take_least(int64_t value, int64_t *least)
{
    if (*least == DIAGNOSIS_UNKNOWN || *least > value)
        *least = value;
}

static void take_quorum(struct diagnosis_facts *f, const struct sentinel_answer *a)
{
    if (a->quorum == SENTINEL_QUORUM_UNKNOWN)
        return;
    f->n_quorum_asked++;
    if (a->quorum == SENTINEL_QUORUM_YES)
        f->n_quorum++;
    else
        snprintf(f->quorum, sizeof(f->quorum), "%s", a->quorum_text);
}

static void take_answer(struct diagnosis_facts *f, const struct sentinel_answer *a)
{
    f->n_answers++;
    take_quorum(f, a);
    if (a->n_others >= 0)
        take_most(a->n_others + 1, &f->n_known);
    if (a->down_after_ms >= 0) {
        take_most(a->down_after_ms, &f->down_after_max_ms);
        take_least(a->down_after_ms, &f->down_after_min_ms);
    }
}

static bool is_new(const struct sentinel_answer *answers, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (answers[k].rc == ERR_OK && strcmp(answers[k].primary, answers[i].primary) == 0)
            return false;
    return true;
}

void doctor_ask_sentinels(struct doctor *d)
{
    const struct connection_options *c = link_options(d->in);
    const struct sentinel_settings settings = access_to_sentinels(c, NO_POLL_MS);
    const struct redis_access access = access_to_sentinel(c);
    struct sentinel_answer answers[SENTINELS_MAX];
    struct diagnosis_facts *f = &d->facts;
    struct redis_login login = { 0 };
    struct err err = { 0 };
    size_t n;

    if (!c->sentinel || !doctor_asked(d, redis_login_new(&access, &login, &err), &err))
        return;
    n = sentinel_survey(&settings, &login, answers);
    redis_login_release(&login);
    f->n_sentinels = (int64_t)n;
    f->n_answers = f->n_addresses = f->n_quorum = f->n_quorum_asked = 0;
    for (size_t i = 0; i < n; i++) {
        if (!doctor_asked(d, answers[i].rc, &answers[i].err))
            continue;
        take_answer(f, &answers[i]);
        f->n_addresses += is_new(answers, i);
    }
}
