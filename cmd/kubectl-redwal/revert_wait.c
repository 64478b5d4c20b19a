#include "revert_wait.h"

#include <stdlib.h>

#include "base/mem.h"
#include "quarantine_view.h"
#include "runtime/clock.h"
#include "visible.h"

enum {
    TEXT_MAX_BYTES = 1024,
    LOOK_MS = 1000 /* without progress, until it is looked whether to go on */
};

struct patience {
    const struct stops *stops;
    int64_t deadline_ms;
};

static bool goes_on(void *self, const struct quarantine_view *view)
{
    const struct patience *p = self;

    (void)view;
    return !stops_have_come(p->stops) && clock_monotonic_ms() < p->deadline_ms;
}

static bool is_settled(const struct quarantine_view *view, const struct token *token)
{
    for (size_t i = 0; i < token->n; i++)
        if (view->settled[token->parts[i].partition] <= token->parts[i].offset)
            return false;
    return true;
}

static enum err_code not_settled(const struct comparison *c, const struct token *token,
                                 int64_t timeout_ms, struct err *err)
{
    CLEANUP(buf_release) struct buf text = { 0 };

    if (stops_have_come(&c->stops))
        return err_set(err, ERR_UNAVAILABLE,
                       "interrupted; what was appended is in the log, `wait` goes on waiting");
    buf_init(&text, TEXT_MAX_BYTES);
    token_print(token, &text);
    return err_set(err, ERR_TIMEOUT,
                   "not all settled within %lld ms: %.*s; it is in the log, `wait` goes on waiting",
                   (long long)timeout_ms, STR_ARGS(buf_str(&text)));
}

/* Redis that is away for a moment, or an applier, is no reason to give up. */
static bool may_come(enum err_code rc)
{
    return rc != ERR_OK && err_class(rc) == ERR_CLASS_RETRY;
}

static enum err_code await(const struct comparison *c, const struct token *token,
                           int64_t timeout_ms, struct quarantine_view *view, struct err *err)
{
    struct patience patience = { &c->stops, clock_monotonic_ms() + timeout_ms };
    int64_t *until = mem_new((size_t)view->n + 1, sizeof(*until));
    enum err_code rc;

    for (size_t i = 0; i < token->n; i++)
        until[token->parts[i].partition] = token->parts[i].offset + 1;
    do
        rc = quarantine_view_await(view, c->in, until, LOOK_MS, goes_on, &patience, err);
    while (may_come(rc) && goes_on(&patience, view));
    free(until);
    if (may_come(rc) || (rc == ERR_OK && !is_settled(view, token)))
        rc = not_settled(c, token, timeout_ms, err);
    return rc;
}

static void tell_held(struct comparison *c, const struct quarantine_view *view)
{
    for (int32_t i = 0; i < view->n; i++)
        for (size_t k = 0; k < view->held[i].n; k++)
            revert_tell_held(c->revert, i, view->held[i].entries[k].key,
                             view->held[i].entries[k].state.first);
}

enum err_code revert_wait(struct comparison *c, const struct token *token, int64_t timeout_ms,
                          struct err *err)
{
    CLEANUP(quarantine_view_release) struct quarantine_view view = { 0 };
    const int64_t began_ms = clock_monotonic_ms();
    enum err_code rc;

    verify_partitions(c->verify, &view.n);
    stops_catch(&c->stops);
    rc = await(c, token, timeout_ms, &view, err);
    stops_release(&c->stops);
    if (rc != ERR_OK)
        return rc;
    tell_held(c, &view);
    visible_say_since(began_ms);
    return ERR_OK;
}
