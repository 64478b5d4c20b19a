/*
 * redis-applier: from options to running parts. Decisions are elsewhere.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "adapter/http_microhttpd.h"
#include "options.h"
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
    struct wiring wiring;
    int stop_descriptor; /* signalfd */
};

static unsigned render_alive(void *self, bool verbose, struct buf *out)
{
    (void)verbose;
    return health_print_alive(self, clock_monotonic_ms(), out) ? 200 : 503;
}

static unsigned render_ready(void *self, bool verbose, struct buf *out)
{
    return health_print_ready(self, verbose, out) ? 200 : 503;
}

static unsigned render_metrics(void *self, bool verbose, struct buf *out)
{
    (void)verbose;
    metrics_print(self, out);
    return 200;
}

static void parts_init(struct parts *p, const struct options *o, const sigset_t *stops)
{
    *p = (struct parts){ .stop_descriptor = signalfd(-1, stops, SFD_CLOEXEC) };
    log_init(&p->log, STDERR_FILENO, (enum log_level)o->log_level, (enum log_format)o->log_format);
    p->metrics = metrics_new(REDWAL_VERSION);
    p->health = health_new(&p->log);
}

static void parts_release(struct parts *p)
{
    wiring_release(&p->wiring);
    http_server_free(p->http);
    close(p->stop_descriptor);
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
    }
    return EXIT_FAILED;
}

static enum exit_status apply(struct parts *p, const struct options *o)
{
    const struct apply_loop_settings settings = apply_loop_settings_of(o);
    struct apply_loop_ports ports = {
        .log = &p->log,
        .health = p->health,
        .metrics = p->metrics,
        .stop_descriptor = p->stop_descriptor,
    };
    struct err err = { 0 };

    if (wiring_open(&p->wiring, o, &err) != ERR_OK) {
        log_error(&p->log, "Failed to start error=%s", err.msg);
        return EXIT_OPTIONS;
    }
    ports.wal = wal_rdkafka_port(p->wiring.wal);
    ports.sink = sink_hiredis_port(p->wiring.sink);
    ports.dead_letters = dead_letters_rdkafka_port(p->wiring.dead_letters);
    metrics_set(p->metrics, METRIC_RATE_LIMIT, 0, o->rate_limit_ops);
    return report_end(&p->log, apply_loop_run(&settings, &ports));
}

static enum exit_status run(const struct options *o, struct str ignored, const sigset_t *stops)
{
    CLEANUP(parts_release) struct parts p;
    struct err err = { 0 };

    parts_init(&p, o, stops);
    log_info(&p.log, "Started version=%s pid=%d", REDWAL_VERSION, (int)getpid());
    options_log(o, &p.log);
    if (ignored.n > 0)
        log_warn(&p.log, "Ignored environment variables that are no options names=%.*s",
                 STR_ARGS(ignored));

    const struct http_page pages[] = {
        { "/livez", "text/plain; charset=utf-8", render_alive, p.health },
        { "/readyz", "text/plain; charset=utf-8", render_ready, p.health },
        { "/metrics", "text/plain; version=0.0.4; charset=utf-8", render_metrics, p.metrics },
    };

    if (o->http) {
        if (http_server_new(o->http, pages, ARRAY_SIZE(pages), &p.http, &err) != ERR_OK) {
            log_error(&p.log, "Failed to serve HTTP option=%s error=%s", "http", err.msg);
            return EXIT_OPTIONS;
        }
        log_info(&p.log, "Listening for HTTP address=%s", http_server_address(p.http));
    }
    return apply(&p, o);
}

int main(int argc, char **argv)
{
    CLEANUP(options_release) struct options options = { 0 };
    CLEANUP(buf_release) struct buf output = { 0 };
    sigset_t stops;

    process_protect_memory();
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigprocmask(SIG_BLOCK, &stops, NULL);
    signal(SIGPIPE, SIG_IGN);

    switch (options_load(&options, argc, (const char *const *)argv, (const char *const *)environ,
                         &output)) {
    case OPTIONS_PRINT:
        return fwrite(output.p, 1, output.n, stdout) == output.n ? EXIT_DONE : EXIT_FAILED;
    case OPTIONS_BAD:
        fwrite(output.p, 1, output.n, stderr);
        return EXIT_OPTIONS;
    case OPTIONS_RUN:
        break;
    }
    return (int)run(&options, buf_str(&output), &stops);
}
