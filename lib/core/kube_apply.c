#include "core/kube_apply.h"

static enum kube_apply_do decide_unwanted(const struct kube_apply_facts *f)
{
    if (!f->exists || f->controller != KUBE_CONTROLLER_US)
        return KUBE_APPLY_LEAVE;
    return f->deleting ? KUBE_APPLY_WAIT : KUBE_APPLY_DELETE;
}

enum kube_apply_do kube_apply_decide(const struct kube_apply_facts *f)
{
    if (!f->wanted)
        return decide_unwanted(f);
    if (f->awaited)
        return KUBE_APPLY_WAIT;
    if (!f->exists && !f->at_peace)
        return KUBE_APPLY_WAIT;
    if (!f->exists)
        return f->confirmed ? KUBE_APPLY_CREATE : KUBE_APPLY_READ;
    if (f->controller == KUBE_CONTROLLER_OTHER)
        return KUBE_APPLY_REFUSE;
    if (f->deleting || f->controller == KUBE_CONTROLLER_PREDECESSOR)
        return KUBE_APPLY_WAIT;
    if (f->new_wish)
        return KUBE_APPLY_UPDATE;
    if (f->as_applied)
        return KUBE_APPLY_LEAVE;
    return f->at_peace ? KUBE_APPLY_UPDATE : KUBE_APPLY_WAIT;
}

static void contest(struct kube_applied *a, int64_t now_ms, uint64_t random)
{
    a->contest.first_ms = KUBE_APPLY_CONTEST_FIRST_MS;
    a->contest.max_ms = KUBE_APPLY_CONTEST_MAX_MS;
    if (now_ms - a->put_back_at_ms > KUBE_APPLY_PEACE_MS)
        backoff_reset(&a->contest);
    a->put_back_at_ms = now_ms + backoff_next_ms(&a->contest, random);
}

void kube_applied_written(struct kube_applied *a, uint64_t wish, uint64_t made, int64_t now_ms,
                          uint64_t random)
{
    if (a->wish == wish)
        contest(a, now_ms, random);
    a->wish = wish;
    a->made = made;
    a->written_ms = now_ms;
}

void kube_applied_asked(struct kube_applied *a)
{
    a->awaited = true;
}

void kube_applied_told(struct kube_applied *a)
{
    a->awaited = false;
}

bool kube_applied_is_awaited(const struct kube_applied *a, uint64_t wish, int64_t now_ms)
{
    return a->awaited && a->wish == wish && now_ms - a->written_ms < KUBE_APPLY_UNSEEN_MS;
}

bool kube_applied_is_at_peace(const struct kube_applied *a, int64_t now_ms)
{
    return now_ms >= a->put_back_at_ms;
}
