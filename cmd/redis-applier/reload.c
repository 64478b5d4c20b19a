#include "reload.h"

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
    source_watch_init(&r->watch, r->log, options_files_digest(r->options));
    r->kafka_files = options_kafka_files_digest(r->options);
    show(r);
}

void reload_release(struct reload *r)
{
    source_watch_release(&r->watch);
}

static void log_change(void *self, const struct option_change *change)
{
    struct reload *r = self;

    source_watch_log_change(&r->watch, change->spec->name, change->spec->scope == OPTION_LIVE,
                            change->before, change->after);
}

static enum apply_loop_order refuse(struct reload *r, struct str complaints)
{
    source_watch_refuse(&r->watch, complaints, clock_monotonic_ms());
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
    source_watch_take_over(&r->watch);
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

enum apply_loop_order reload_look(void *self)
{
    struct reload *r = self;
    const bool is_asked = source_watch_is_asked(r->descriptor);

    if (!source_watch_is_due(&r->watch, options_files_digest(r->options), is_asked,
                             clock_monotonic_ms()))
        return APPLY_LOOP_GO_ON;
    return read_again(r);
}
