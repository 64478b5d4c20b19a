#include "runtime/source_watch.h"

#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

void source_watch_init(struct source_watch *w, struct log *log, uint64_t digest)
{
    *w = (struct source_watch){ .log = log, .seen = digest, .tried = digest };
    buf_init(&w->complaints, SOURCE_WATCH_MAX_BYTES);
}

void source_watch_release(struct source_watch *w)
{
    buf_release(&w->complaints);
}

bool source_watch_is_asked(int descriptor)
{
    struct signalfd_siginfo info;

    return read(descriptor, &info, sizeof(info)) > 0;
}

bool source_watch_is_due(struct source_watch *w, uint64_t digest, bool is_asked, int64_t now_ms)
{
    const bool is_still = digest == w->seen;
    const bool is_retried = w->retry_at_ms > 0 && now_ms >= w->retry_at_ms;

    w->seen = digest;
    if (!is_asked && !is_retried && (!is_still || digest == w->tried))
        return false;
    w->tried = digest;
    return true;
}

static void log_complaints(struct log *log, struct str rest)
{
    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        const struct str line = { rest.p, end ? (size_t)(end - rest.p) : rest.n };

        log_error(log, "Could not take changes over, what was in use before stays error=%.*s",
                  STR_ARGS(line));
        rest = (struct str){ line.p + line.n + (end ? 1 : 0), rest.n - line.n - (end ? 1 : 0) };
    }
}

void source_watch_refuse(struct source_watch *w, struct str complaints, int64_t now_ms)
{
    if (w->retry_at_ms == 0 || !str_eq(complaints, buf_str(&w->complaints)))
        log_complaints(w->log, complaints);
    buf_clear(&w->complaints);
    buf_print(&w->complaints, "%.*s", STR_ARGS(complaints));
    w->retry_at_ms = now_ms + SOURCE_WATCH_RETRY_MS;
}

void source_watch_take_over(struct source_watch *w)
{
    w->retry_at_ms = 0;
}

void source_watch_log_change(struct source_watch *w, const char *option, bool is_live,
                             struct str before, struct str after)
{
    const struct str unset = STR_LITERAL("(unset)");

    before = before.p ? before : unset;
    after = after.p ? after : unset;
    if (is_live)
        log_info(w->log, "Option changed option=%s before=%.*s after=%.*s", option,
                 STR_ARGS(before), STR_ARGS(after));
    else
        log_warn(w->log, "Option changed, which needs a restart option=%s before=%.*s after=%.*s",
                 option, STR_ARGS(before), STR_ARGS(after));
}
