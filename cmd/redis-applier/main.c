/*
 * redis-applier: from options to running parts. Decisions are elsewhere.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapter/http_microhttpd.h"
#include "adapter/redis_connect.h"
#include "cli/option_print.h"
#include "options.h"
#include "reload.h"
#include "runtime/clock.h"
#include "runtime/health.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "runtime/process.h"
#include "wiring.h"

/* A contract with scripts; docs/operations.md. */
enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_OPTIONS = 2,   /* an option cannot be used; nothing was touched */
    EXIT_HELD = 3,      /* --until-end: something is held and will not go on by itself */
    EXIT_CUT_SHORT = 4, /* stopped before all that was in flight was finished; nothing is lost */
};

extern char **environ;

/* Everything that lives as long as the program. */
struct parts {
    struct log log;
    struct metrics *metrics;
    struct health *health;
    struct http_server *http;
    struct text_page config;
    struct wiring wiring;
    struct reload reload;
    struct process_signals signals;
};

static unsigned render_alive(void *self, const struct http_request *request,
                             struct http_answer *answer)
{
    (void)request;
    return health_print_alive(self, clock_monotonic_ms(), &answer->body) ? 200 : 503;
}

static unsigned render_ready(void *self, const struct http_request *request,
                             struct http_answer *answer)
{
    return health_print_ready(self, request->verbose, &answer->body) ? 200 : 503;
}

static unsigned render_metrics(void *self, const struct http_request *request,
                               struct http_answer *answer)
{
    const enum metrics_format format = metrics_format_wanted(request->accept);

    answer->content_type = metrics_format_content_type(format);
    metrics_print(self, format, &answer->body);
    return 200;
}

static unsigned render_config(void *self, const struct http_request *request,
                              struct http_answer *answer)
{
    (void)request;
    text_page_print(self, &answer->body);
    return 200;
}

static void parts_init(struct parts *p, const struct options *o,
                       const struct process_signals *signals)
{
    *p = (struct parts){ .signals = *signals };
    text_page_init(&p->config, OPTION_PRINT_MAX_BYTES);
    log_init(&p->log, STDERR_FILENO, (enum log_level)o->log_level, (enum log_format)o->log_format);
    p->metrics = metrics_new(REDWAL_VERSION);
    p->health = health_new(&p->log);
}

static void parts_release(struct parts *p)
{
    wiring_release(&p->wiring);
    reload_release(&p->reload);
    http_server_free(p->http);
    text_page_release(&p->config);
    close(p->signals.stop);
    close(p->signals.reload);
    health_free(p->health);
    metrics_free(p->metrics);
    log_release(&p->log);
}

static enum exit_status report_end(struct log *log, enum apply_loop_end end)
{
    switch (end) {
    case APPLY_LOOP_STOPPED:
        log_info(log, "Stopped, everything in flight was finished");
        return EXIT_DONE;
    case APPLY_LOOP_CUT_SHORT:
        log_warn(log, "Stopped before everything in flight was finished; it is still in the log");
        return EXIT_CUT_SHORT;
    case APPLY_LOOP_AT_END:
        log_info(log, "Stopped, everything that was in the log at start is applied");
        return EXIT_DONE;
    case APPLY_LOOP_HELD:
        log_error(log, "Stopped, something is held and will not go on by itself");
        return EXIT_HELD;
    case APPLY_LOOP_RENEWED:
        break;
    }
    return EXIT_FAILED;
}

static struct apply_loop_ports ports_of(struct parts *p)
{
    return (struct apply_loop_ports){
        .wal = wal_rdkafka_port(p->wiring.wal),
        .sink = sink_hiredis_port(p->wiring.sink),
        .dead_letters = dead_letters_rdkafka_port(p->wiring.dead_letters),
        .registry = registry_curl_port(p->wiring.registry),
        .log = &p->log,
        .health = p->health,
        .metrics = p->metrics,
        .control = { reload_look, &p->reload, p->signals.reload },
        .stop_descriptor = p->signals.stop,
    };
}

static enum exit_status apply(struct parts *p, struct options *o,
                              const struct option_sources *sources)
{
    struct apply_loop_settings settings;
    struct err err = { 0 };

    if (wiring_open(&p->wiring, o, &err) != ERR_OK) {
        log_error(&p->log, "Failed to start error=%s", err.msg);
        return EXIT_OPTIONS;
    }
    settings = apply_loop_settings_of(o, &p->wiring);
    p->reload = (struct reload){
        .sources = *sources,
        .options = o,
        .settings = &settings,
        .wiring = &p->wiring,
        .log = &p->log,
        .metrics = p->metrics,
        .page = &p->config,
        .descriptor = p->signals.reload,
    };
    reload_init(&p->reload);
    for (;;) {
        const struct apply_loop_ports ports = ports_of(p);
        const enum apply_loop_end end = apply_loop_run(&settings, &ports);

        if (end != APPLY_LOOP_RENEWED)
            return report_end(&p->log, end);
        if (wiring_renew(&p->wiring, &err) != ERR_OK) {
            log_error(&p->log, "Failed to join the group again error=%s", err.msg);
            return EXIT_FAILED;
        }
        log_info(&p->log, "Renewed the Kafka clients");
    }
}

static enum exit_status run(struct options *o, const struct option_sources *sources,
                            struct str ignored, const struct process_signals *signals)
{
    CLEANUP(parts_release) struct parts p;
    struct err err = { 0 };

    parts_init(&p, o, signals);
    log_info(&p.log, "Started version=%s pid=%d", REDWAL_VERSION, (int)getpid());
    options_log(o, &p.log);
    if (ignored.n > 0)
        log_warn(&p.log, "Ignored environment variables that are no options names=%.*s",
                 STR_ARGS(ignored));

    const struct http_page pages[] = {
        { "/livez", "text/plain; charset=utf-8", render_alive, p.health },
        { "/readyz", "text/plain; charset=utf-8", render_ready, p.health },
        { "/metrics", "text/plain; charset=utf-8", render_metrics, p.metrics },
        { "/config", "application/yaml; charset=utf-8", render_config, &p.config },
    };

    if (o->http) {
        if (http_server_new(o->http, pages, ARRAY_SIZE(pages), &p.http, &err) != ERR_OK) {
            log_error(&p.log, "Failed to serve HTTP option=%s error=%s", "http", err.msg);
            return EXIT_OPTIONS;
        }
        log_info(&p.log, "Listening for HTTP address=%s", http_server_address(p.http));
    }
    return apply(&p, o, sources);
}

int main(int argc, char **argv)
{
    CLEANUP(options_release) struct options options = { 0 };
    CLEANUP(buf_release) struct buf output = { 0 };
    const struct option_sources sources = { argc, (const char *const *)argv,
                                            (const char *const *)environ };
    struct process_signals signals;

    process_protect_memory();
    redis_connect_prepare();
    process_take_signals(&signals);
    signal(SIGPIPE, SIG_IGN);

    switch (options_load(&options, sources.argc, sources.argv, sources.environment, &output)) {
    case OPTIONS_PRINT:
        return fwrite(output.p, 1, output.n, stdout) == output.n ? EXIT_DONE : EXIT_FAILED;
    case OPTIONS_BAD:
        fwrite(output.p, 1, output.n, stderr);
        return EXIT_OPTIONS;
    case OPTIONS_RUN:
        break;
    }
    return (int)run(&options, &sources, buf_str(&output), &signals);
}
