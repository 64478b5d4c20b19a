#include "restore_follow.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cli/progress.h"
#include "runtime/clock.h"

enum { STEP_MS = 300 };

struct following {
    const struct restore_follow *by;
    struct progress progress;
    bool replays;           /* progress is shown */
    enum restore_step told; /* the last step that was; RESTORE_STEP_COUNT: none */
};

static void tell_step(struct following *f, const struct restore_resource *r)
{
    const struct restore_status *s = &r->status;

    if (f->told == s->step)
        return;
    progress_clear(&f->progress);
    fprintf(stderr, "%s: %s%s%s\n", r->name, restore_step_text(s->step), s->message[0] ? ": " : "",
            s->message);
    f->told = s->step;
}

static void tell_progress(struct following *f, const struct restore_resource *r)
{
    const struct restore_status *s = &r->status;
    const int64_t now_ms = clock_monotonic_ms();

    if (s->step != RESTORE_STEP_REPLAYING || s->done_records == LOOK_UNKNOWN) {
        f->replays = false;
        return;
    }
    if (!f->replays)
        progress_begin(&f->progress, call_errors(f->by->in), "records replayed",
                       s->plan_records > 0 ? s->plan_records : 0, now_ms);
    f->replays = true;
    progress_at(&f->progress, s->done_records, now_ms);
}

static bool has_ended(const struct restore_follow *by, const struct restore_resource *r)
{
    return restore_step_is_end(r->status.step) ||
           (by->on_held && r->status.step == RESTORE_STEP_HELD);
}

static enum err_code look(struct following *f, struct restores *ret, struct err *err)
{
    const struct restore_follow *by = f->by;
    enum err_code rc;

    restores_release(ret);
    rc = restores_read(by->cluster, cluster_scope(by->cluster), by->name, ret, err);
    if (rc != ERR_OK)
        return rc;
    if (!str_eq(str_from(ret->at[0].uid), str_from(by->uid)))
        return err_set(err, ERR_NOT_FOUND, "RedisRestore %s was deleted, and made again", by->name);
    if (!by->quiet) {
        tell_step(f, &ret->at[0]);
        tell_progress(f, &ret->at[0]);
    }
    return ERR_OK;
}

static enum err_code follow(struct following *f, struct restores *ret, struct err *err)
{
    const int64_t end_ms = clock_monotonic_ms() + f->by->timeout_ms;

    for (;;) {
        const enum err_code rc = look(f, ret, err);

        if (rc != ERR_OK && err_class(rc) != ERR_CLASS_RETRY)
            return rc;
        if (rc == ERR_OK && has_ended(f->by, &ret->at[0]))
            return ERR_OK;
        if (clock_monotonic_ms() >= end_ms)
            return err_set(err, ERR_TIMEOUT,
                           "RedisRestore %s is %s still; `kubectl redwal restore status %s` says "
                           "how it is",
                           f->by->name,
                           rc == ERR_OK ? restore_step_text(ret->at[0].status.step) : "unknown",
                           f->by->name);
        poll(NULL, 0, STEP_MS);
    }
}

enum err_code restore_follow(const struct restore_follow *by, struct restores *ret, struct err *err)
{
    struct following f = { .by = by, .told = RESTORE_STEP_COUNT };
    enum err_code rc;

    *ret = (struct restores){ 0 };
    rc = follow(&f, ret, err);
    progress_clear(&f.progress);
    return rc;
}

enum exit_status restore_follow_status(const struct invocation *in,
                                       const struct restore_resource *r)
{
    const struct restore_status *s = &r->status;

    if (s->step == RESTORE_STEP_HELD)
        call_complain(in, "what follows is held; `kubectl redwal restore release %s` applies it",
                      r->name);
    if (s->step == RESTORE_STEP_FAILED || s->step == RESTORE_STEP_CANCELLED) {
        call_complain(in, "RedisRestore %s: %s: %s: %s", r->name, restore_step_text(s->step),
                      s->reason, s->message);
        return s->step == RESTORE_STEP_FAILED ? EXIT_FAILED : EXIT_INCOMPLETE;
    }
    if (strcmp(s->verified, RESTORE_VERIFIED_UNKNOWN) != 0)
        return EXIT_DONE;
    call_complain(in, "whether Redis is what the log makes of it is not known: %s", s->message);
    return EXIT_INCOMPLETE;
}
