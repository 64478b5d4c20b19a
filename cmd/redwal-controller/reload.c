#include "reload.h"

#include "cli/option_print.h"

static void show(struct reload *r)
{
    CLEANUP(buf_release) struct buf text = { 0 };

    buf_init(&text, OPTION_PRINT_MAX_BYTES);
    options_print(r->options, &text);
    text_page_set(&r->pages->config, buf_str(&text));
}

void reload_init(struct reload *r)
{
    source_watch_init(&r->watch, r->log, options_file_digest(r->options));
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

static bool refuse(struct reload *r, struct str complaints, int64_t now_ms)
{
    source_watch_refuse(&r->watch, complaints, now_ms);
    r->pages->reload_failures++;
    r->pages->reload_failed = true;
    return false;
}

static bool read_again(struct reload *r, int64_t now_ms)
{
    CLEANUP(options_release) struct options next = { 0 };
    CLEANUP(buf_release) struct buf output = { 0 };

    if (options_load(&next, r->sources.argc, r->sources.argv, r->sources.environment, &output) !=
        OPTIONS_RUN)
        return refuse(r, buf_str(&output), now_ms);
    options_compare(r->options, &next, log_change, r);
    options_exchange(r->options, &next);
    log_set_level(r->log, (enum log_level)r->options->log_level);
    log_info(r->log, "Read options again");
    show(r);
    source_watch_take_over(&r->watch);
    r->pages->reloads++;
    r->pages->reload_failed = false;
    return true;
}

bool reload_look(struct reload *r, int64_t now_ms)
{
    const bool is_asked = source_watch_is_asked(r->descriptor);

    if (!is_asked && now_ms - r->looked_ms < RELOAD_LOOK_MS)
        return false;
    r->looked_ms = now_ms;
    return source_watch_is_due(&r->watch, options_file_digest(r->options), is_asked, now_ms) &&
           read_again(r, now_ms);
}
