#include "reload.h"

#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/option_print.h"
#include "runtime/clock.h"

static void show(struct reload *r)
{
    CLEANUP(buf_release) struct buf text = { 0 };

    buf_init(&text, OPTION_PRINT_MAX_BYTES);
    options_print(r->options, &text);
    text_page_set(r->page, buf_str(&text));
    metrics_set(r->metrics, METRIC_RATE_LIMIT, 0, r->options->rate_limit_ops);
}

void reload_init(struct reload *r)
{
    buf_init(&r->complaints, OPTION_PRINT_MAX_BYTES);
    r->seen = r->tried = options_files_digest(r->options);
    r->kafka_files = options_kafka_files_digest(r->options);
    show(r);
}

void reload_release(struct reload *r)
{
    buf_release(&r->complaints);
}

static void log_change(void *self, const struct option_change *change)
{
    const struct str unset = STR_LITERAL("(unset)");
    struct reload *r = self;
    const struct str before = change->before.p ? change->before : unset;
    const struct str after = change->after.p ? change->after : unset;

    if (change->spec->scope == OPTION_LIVE)
        log_info(r->log, "Option changed option=%s before=%.*s after=%.*s", change->spec->name,
                 STR_ARGS(before), STR_ARGS(after));
    else
        log_warn(r->log, "Option changed, which needs a restart option=%s before=%.*s after=%.*s",
                 change->spec->name, STR_ARGS(before), STR_ARGS(after));
}

static void log_complaints(struct reload *r, struct str rest)
{
    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        const struct str line = { rest.p, end ? (size_t)(end - rest.p) : rest.n };

        log_error(r->log, "Could not take changes over, what was in use before stays error=%.*s",
                  STR_ARGS(line));
        rest = (struct str){ line.p + line.n + (end ? 1 : 0), rest.n - line.n - (end ? 1 : 0) };
    }
}

/* The same trouble is told once. */
static enum apply_loop_order refuse(struct reload *r, struct str complaints)
{
    if (r->retry_at_ms == 0 || !str_eq(complaints, buf_str(&r->complaints)))
        log_complaints(r, complaints);
    buf_clear(&r->complaints);
    buf_print(&r->complaints, "%.*s", STR_ARGS(complaints));
    r->retry_at_ms = clock_monotonic_ms() + RELOAD_RETRY_MS;
    metrics_add(r->metrics, METRIC_RELOAD_FAILURES, 0, 1);
    metrics_set(r->metrics, METRIC_RELOAD_FAILED, 0, 1);
    return APPLY_LOOP_GO_ON;
}

/* Puts the live options of `next` in place; `next` is left with the old ones. */
static enum apply_loop_order take_over(struct reload *r, struct options *next, uint64_t kafka_files)
{
    const bool renew = kafka_files != r->kafka_files;

    options_compare(r->options, next, log_change, r);
    options_exchange(r->options, next);
    *r->settings = apply_loop_settings_of(r->options, r->wiring);
    log_set_level(r->log, (enum log_level)r->options->log_level);
    log_info(r->log, "Read options and files again renews_kafka_clients=%s",
             renew ? "true" : "false");
    show(r);
    r->kafka_files = kafka_files;
    r->retry_at_ms = 0;
    metrics_add(r->metrics, METRIC_RELOADS, 0, 1);
    metrics_set(r->metrics, METRIC_RELOAD_FAILED, 0, 0);
    return renew ? APPLY_LOOP_RENEW : APPLY_LOOP_TUNE;
}

static enum apply_loop_order read_again(struct reload *r)
{
    CLEANUP(options_release) struct options next = { 0 };
    CLEANUP(buf_release) struct buf output = { 0 };
    struct options result, rest; /* own nothing */
    struct err err = { 0 };
    uint64_t kafka_files;

    if (options_load(&next, r->sources.argc, r->sources.argv, r->sources.environment, &output) !=
        OPTIONS_RUN)
        return refuse(r, buf_str(&output));
    result = *r->options;
    rest = next;
    options_exchange(&result, &rest);
    kafka_files = options_kafka_files_digest(&result);
    if (wiring_use(r->wiring, &result, kafka_files != r->kafka_files, &err) != ERR_OK)
        return refuse(r, str_from(err.msg));
    return take_over(r, &next, kafka_files);
}

static bool is_asked(const struct reload *r)
{
    struct signalfd_siginfo info;

    return read(r->descriptor, &info, sizeof(info)) > 0;
}

enum apply_loop_order reload_look(void *self)
{
    struct reload *r = self;
    const uint64_t digest = options_files_digest(r->options);
    const bool is_still = digest == r->seen;
    const bool is_due = r->retry_at_ms > 0 && clock_monotonic_ms() >= r->retry_at_ms;

    r->seen = digest;
    if (!is_asked(r) && !is_due && (!is_still || digest == r->tried))
        return APPLY_LOOP_GO_ON;
    r->tried = digest;
    return read_again(r);
}
