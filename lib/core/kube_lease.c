#include "core/kube_lease.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

enum { RELEASED_DURATION_MS = 1000, JITTER_TENTHS = 12 };

enum err_code kube_lease_check(const struct kube_lease_settings *s, struct err *err)
{
    if (s->identity[0] == '\0')
        return err_set(err, ERR_INVALID, "an identity is needed");
    if (s->duration_ms < 1000 || s->duration_ms % 1000 != 0)
        return err_set(err, ERR_INVALID, "the lease's duration must be whole seconds");
    if (s->renew_deadline_ms >= s->duration_ms)
        return err_set(err, ERR_INVALID,
                       "the renew deadline must be below the lease's duration, or two may lead");
    if (s->retry_ms < 1 || s->renew_deadline_ms * 10 <= s->retry_ms * JITTER_TENTHS)
        return err_set(err, ERR_INVALID, "the renew deadline must be above 1.2 retry periods");
    return ERR_OK;
}

void kube_lease_init(struct kube_lease *l, const struct kube_lease_settings *settings)
{
    PRE(kube_lease_check(settings, NULL) == ERR_OK);
    *l = (struct kube_lease){ .settings = *settings, .stale = true };
}

static bool is_ours(const struct kube_lease *l)
{
    return l->known && strcmp(l->seen.holder, l->settings.identity) == 0;
}

static int64_t with_jitter(const struct kube_lease *l, uint64_t random)
{
    return l->settings.retry_ms + (int64_t)(random % (uint64_t)(l->settings.retry_ms / 5 + 1));
}

bool kube_lease_may_act(struct kube_lease *l, int64_t now_ms)
{
    if (l->leading && now_ms >= l->renewed_ms + l->settings.renew_deadline_ms)
        l->leading = false;
    return l->leading && !l->releasing;
}

int64_t kube_lease_ends_at_ms(const struct kube_lease *l)
{
    return l->leading && !l->releasing ? l->renewed_ms + l->settings.renew_deadline_ms : INT64_MIN;
}

static bool somebody_holds_it(const struct kube_lease *l, int64_t now_ms)
{
    return l->known && l->seen.holder[0] != '\0' && !is_ours(l) &&
           now_ms < l->seen_at_ms + l->seen.duration_ms;
}

/* What we would have it say. */
static struct kube_lease_record wish(const struct kube_lease *l)
{
    struct kube_lease_record r = { .duration_ms = l->settings.duration_ms };

    snprintf(r.holder, sizeof(r.holder), "%s", l->settings.identity);
    if (l->known) {
        snprintf(r.resource_version, sizeof(r.resource_version), "%s", l->seen.resource_version);
        r.transitions = l->seen.transitions + (is_ours(l) ? 0 : 1);
        if (is_ours(l))
            snprintf(r.acquire_time, sizeof(r.acquire_time), "%s", l->seen.acquire_time);
    }
    if (l->releasing) {
        r.holder[0] = '\0';
        r.duration_ms = RELEASED_DURATION_MS;
    }
    return r;
}

void kube_lease_next(struct kube_lease *l, int64_t now_ms, uint64_t random,
                     struct kube_lease_step *ret_step)
{
    PRE(!l->asked);
    kube_lease_may_act(l, now_ms);
    *ret_step = (struct kube_lease_step){ .wait_until_ms = l->wait_until_ms };
    if (l->releasing && (!is_ours(l) || kube_lease_is_released(l))) {
        ret_step->wait_until_ms = INT64_MAX;
        return;
    }
    if (now_ms < l->wait_until_ms && !l->releasing)
        return;
    l->wait_until_ms = now_ms + with_jitter(l, random);
    if (l->stale && !l->releasing) {
        ret_step->what = KUBE_LEASE_READ;
    } else if (somebody_holds_it(l, now_ms)) {
        ret_step->what = KUBE_LEASE_READ; /* to see whether it still moves */
    } else {
        ret_step->what = l->absent ? KUBE_LEASE_CREATE : KUBE_LEASE_UPDATE;
        ret_step->record = wish(l);
        l->sent_ms = now_ms;
    }
    l->asked = true;
}

/* Whatever differs, the renewal's time included, is a sign of life. */
static void see(struct kube_lease *l, int64_t now_ms, const struct kube_lease_record *record)
{
    const bool same = l->known && strcmp(l->seen.resource_version, record->resource_version) == 0 &&
                      strcmp(l->seen.holder, record->holder) == 0 &&
                      strcmp(l->seen.renew_time, record->renew_time) == 0;

    if (!same)
        l->seen_at_ms = now_ms;
    l->seen = *record;
    l->known = true;
    l->absent = l->stale = l->asked = false;
    if (!is_ours(l))
        l->leading = false;
}

void kube_lease_was_read(struct kube_lease *l, int64_t now_ms,
                         const struct kube_lease_record *record)
{
    PRE(l->asked);
    see(l, now_ms, record);
    /* What can be taken or renewed is so at once. */
    if (!somebody_holds_it(l, now_ms))
        l->wait_until_ms = now_ms;
}

void kube_lease_was_absent(struct kube_lease *l, int64_t now_ms)
{
    PRE(l->asked);
    l->known = l->stale = l->asked = l->leading = false;
    l->absent = true;
    l->wait_until_ms = now_ms;
}

void kube_lease_was_written(struct kube_lease *l, int64_t now_ms,
                            const struct kube_lease_record *record)
{
    PRE(l->asked);
    see(l, now_ms, record);
    kube_lease_may_act(l, now_ms);
    /* An answer that took too long promises nothing any more. */
    if (!is_ours(l) || now_ms >= l->sent_ms + l->settings.renew_deadline_ms)
        return;
    if (!l->leading)
        l->terms++;
    l->leading = true;
    l->renewed_ms = l->sent_ms;
}

void kube_lease_failed(struct kube_lease *l, int64_t now_ms, uint64_t random)
{
    PRE(l->asked);
    l->asked = false;
    l->stale = true;
    l->wait_until_ms = now_ms + with_jitter(l, random);
    if (l->releasing)
        l->known = false;
}

void kube_lease_release(struct kube_lease *l)
{
    l->releasing = true;
}

bool kube_lease_is_released(const struct kube_lease *l)
{
    return l->releasing && !l->asked && !is_ours(l);
}
