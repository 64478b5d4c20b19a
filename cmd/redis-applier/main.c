/*
 * redis-applier: from options to running parts. Decisions are elsewhere.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapter/http_microhttpd.h"
#include "options.h"
#include "runtime/clock.h"
#include "runtime/health.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "runtime/process.h"

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_OPTIONS = 2 };

extern char **environ;

/* Everything that lives as long as the program. */
struct parts {
    struct log log;
    struct metrics *metrics;
    struct health *health;
    struct http_server *http;
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

static void parts_init(struct parts *p, const struct options *o)
{
    *p = (struct parts){ 0 };
    log_init(&p->log, STDERR_FILENO, (enum log_level)o->log_level, (enum log_format)o->log_format);
    p->metrics = metrics_new(REDWAL_VERSION);
    p->health = health_new(&p->log);
}

static void parts_release(struct parts *p)
{
    http_server_free(p->http);
    health_free(p->health);
    metrics_free(p->metrics);
    log_release(&p->log);
}

/* Waits for SIGTERM or SIGINT, which all threads have blocked. */
static void wait_for_stop(const sigset_t *stops)
{
    int signal;

    sigwait(stops, &signal);
}

static enum exit_status run(const struct options *o, struct str ignored, const sigset_t *stops)
{
    CLEANUP(parts_release) struct parts p;
    struct err err = { 0 };

    parts_init(&p, o);
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
    wait_for_stop(stops);
    log_info(&p.log, "Stopped");
    return EXIT_DONE;
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
