/*
 * redwal-controller: from options to running parts. Decisions are elsewhere.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "adapter/connect_curl.h"
#include "adapter/kube_curl.h"
#include "adapter/kube_load.h"
#include "adapter/redis_connect.h"
#include "adapter/redis_observer.h"
#include "base/check.h"
#include "cli/applier_options.h"
#include "options.h"
#include "pages.h"
#include "reload.h"
#include "runtime/clock.h"
#include "runtime/log_agents.h"
#include "runtime/mirror_observer.h"
#include "runtime/process.h"
#include "wiring/log_agent_main.h"

/* The word by which the program starts itself to look at logs: runtime/log_agents.h. */
#define AGENT_WORD "log-agent"
#define USER_AGENT "redwal-controller/" REDWAL_VERSION

enum {
    LOOK_TIMEOUT_MS = 3000,
    RELEASE_MAX_MS = 5000, /* to give the lease away */
    TURN_MAX_MS = 1000,
    UUID_BYTES = 36,
    HOST_MAX = 200,
};

/* A contract with scripts. */
enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_OPTIONS = 2 };

extern char **environ;

/* Everything that lives as long as the program. */
struct parts {
    struct log log;
    struct pages pages;
    struct http_server *http;
    struct kube_curl *curl;
    struct redis_observer *redis;
    struct log_agents *agents;
    struct mirror_observer *mirrors;
    struct wal_reconciler *reconciler;
    struct reload reload;
    char *scope; /* of the lease */
    struct process_signals signals;
};

static void parts_release(struct parts *p)
{
    wal_reconciler_free(p->reconciler);
    log_agents_free(p->agents);
    mirror_observer_free(p->mirrors);
    redis_observer_free(p->redis);
    kube_curl_free(p->curl);
    http_server_free(p->http);
    reload_release(&p->reload);
    pages_release(&p->pages);
    free(p->scope);
    close(p->signals.stop);
    close(p->signals.reload);
    log_release(&p->log);
}

/* Of this process, and of no other at any time. */
static void name_process(char *ret, size_t size)
{
    char host[HOST_MAX + 1] = "", uuid[UUID_BYTES + 1] = "";
    FILE *f = fopen("/proc/sys/kernel/random/uuid", "re");

    if (gethostname(host, HOST_MAX) != 0 || host[0] == '\0')
        snprintf(host, sizeof(host), "redwal-controller");
    if (!f || fread(uuid, 1, UUID_BYTES, f) != UUID_BYTES)
        snprintf(uuid, sizeof(uuid), "%d-%lld", (int)getpid(), (long long)clock_wall_ms());
    if (f)
        fclose(f);
    snprintf(ret, size, "%s_%s", host, uuid);
}

static enum err_code connect_to_api(struct parts *p, const struct options *o, struct err *err)
{
    struct kube_place place = kube_place_from_environment();
    CLEANUP(kube_login_release) struct kube_login login = { 0 };
    enum err_code rc;

    if (o->kubeconfig)
        place.kubeconfig = o->kubeconfig;
    if (o->context)
        place.context = o->context;
    rc = kube_load(&place, &login, err);
    if (rc != ERR_OK)
        return rc;
    p->scope = strdup(o->lease_scope ? o->lease_scope : login.scope);
    log_info(&p->log, "Found the API server server=%s lease_namespace=%s", login.server, p->scope);
    return kube_curl_new(&login, USER_AGENT, &p->curl, err);
}

static struct wal_reconciler_settings settings_of(const struct options *o, const struct parts *p)
{
    struct wal_reconciler_settings s = {
        .scope = str_from(o->scope),
        .options = applier_options(),
        .image = o->image,
        .job_images = { .tool = o->tool_image, .redis = o->redis_image },
        .lease_scope = str_from(p->scope),
        .lease_name = str_from(o->lease),
        .lease = { .duration_ms = o->lease_duration_ms,
                   .renew_deadline_ms = o->renew_deadline_ms,
                   .retry_ms = o->retry_period_ms },
        .look_interval_ms = o->look_interval_ms,
        .connect_allow = o->connect_allow,
        .requests_per_second = o->requests_per_second,
        .requests_burst = o->requests_burst,
    };

    name_process(s.lease.identity, sizeof(s.lease.identity));
    return s;
}

static enum err_code open_connect(const struct mirror_place *place, int64_t timeout_ms,
                                  struct connect *ret, struct err *err)
{
    const struct http_access access = {
        .url = place->url,
        .user = place->login.user,
        .password = place->login.password,
        .ca = place->login.ca,
        .cert = place->login.cert,
        .key = place->login.key,
        .pem = true,
        .timeout_ms = timeout_ms,
    };
    struct connect_curl *connect;
    const enum err_code rc = connect_curl_new(&access, &connect, err);

    if (rc == ERR_OK)
        *ret = connect_curl_port(connect);
    return rc;
}

static void close_connect(struct connect *connect)
{
    connect_curl_free(connect->self);
}

static void start_reconciler(struct parts *p, const struct options *o)
{
    static const char *const agent[] = { "/proc/self/exe", AGENT_WORD, NULL };
    const struct log_agents_settings agents = { .command = agent,
                                                .answer_ms = LOG_AGENT_ANSWER_MS,
                                                .monotonic_ms = clock_since_boot_ms,
                                                .wall_ms = clock_wall_ms,
                                                .seed = (uint64_t)clock_wall_ms() };
    const struct redis_look_settings redis = { LOOK_TIMEOUT_MS, clock_since_boot_ms,
                                               clock_wall_ms };
    const struct mirror_opener opener = { open_connect, close_connect };
    const struct wal_reconciler_settings settings = settings_of(o, p);
    struct wal_reconciler_ports ports = { .kube = kube_curl_port(p->curl),
                                          .log = &p->log,
                                          .now_ms = clock_since_boot_ms,
                                          .wall_ms = clock_wall_ms };

    p->agents = log_agents_new(&agents);
    p->redis = redis_observer_new(&redis);
    p->mirrors = mirror_observer_new(&opener);
    ports.redis = redis_observer_port(p->redis);
    ports.log_observer = log_agents_port(p->agents);
    ports.mirror = mirror_observer_port(p->mirrors);
    p->reconciler = wal_reconciler_new(&settings, &ports);
    log_info(&p->log, "Takes part in the election identity=%s", settings.lease.identity);
}

static void look_at_options(struct parts *p)
{
    struct wal_reconciler_settings settings;

    if (!reload_look(&p->reload, clock_since_boot_ms()))
        return;
    settings = settings_of(p->reload.options, p);
    wal_reconciler_tune(p->reconciler, &settings);
}

/* One turn; true: we were asked to stop. */
static bool turn(struct parts *p)
{
    int descriptors[WAL_RECONCILER_DESCRIPTORS];
    struct pollfd fds[WAL_RECONCILER_DESCRIPTORS + 2];
    struct signalfd_siginfo info;
    int64_t wait_ms;

    look_at_options(p);
    wait_ms = wal_reconciler_step(p->reconciler);
    pages_update(&p->pages, p->reconciler, clock_since_boot_ms());
    wal_reconciler_descriptors(p->reconciler, descriptors);
    for (size_t i = 0; i < WAL_RECONCILER_DESCRIPTORS; i++)
        fds[i] = (struct pollfd){ .fd = descriptors[i], .events = POLLIN };
    fds[WAL_RECONCILER_DESCRIPTORS] = (struct pollfd){ .fd = p->signals.stop, .events = POLLIN };
    fds[WAL_RECONCILER_DESCRIPTORS + 1] =
        (struct pollfd){ .fd = p->signals.reload, .events = POLLIN };
    if (wait_ms > TURN_MAX_MS)
        wait_ms = TURN_MAX_MS;
    poll(fds, ARRAY_SIZE(fds), (int)wait_ms);
    return read(p->signals.stop, &info, sizeof(info)) == sizeof(info);
}

static void reconcile(struct parts *p)
{
    int64_t until_ms;

    while (!turn(p))
        ;
    log_info(&p->log, "Stopping");
    wal_reconciler_release(p->reconciler);
    until_ms = clock_since_boot_ms() + RELEASE_MAX_MS;
    while (!wal_reconciler_is_released(p->reconciler) && clock_since_boot_ms() < until_ms)
        turn(p);
}

static enum err_code serve(struct parts *p, const struct options *o, struct err *err)
{
    static struct http_page pages[PAGES_COUNT];
    enum err_code rc;

    if (!o->http)
        return ERR_OK;
    pages_list(&p->pages, pages);
    rc = http_server_new(o->http, pages, PAGES_COUNT, &p->http, err);
    if (rc == ERR_OK)
        log_info(&p->log, "Listening for HTTP address=%s", http_server_address(p->http));
    return rc;
}

static void parts_init(struct parts *p, struct options *o, const struct option_sources *sources,
                       const struct process_signals *signals)
{
    *p = (struct parts){ .signals = *signals };
    log_init(&p->log, STDERR_FILENO, (enum log_level)o->log_level, (enum log_format)o->log_format);
    pages_init(&p->pages);
    p->reload = (struct reload){ .sources = *sources,
                                 .options = o,
                                 .log = &p->log,
                                 .pages = &p->pages,
                                 .descriptor = p->signals.reload };
    reload_init(&p->reload);
}

static enum exit_status run(struct options *o, struct str ignored,
                            const struct option_sources *sources,
                            const struct process_signals *signals)
{
    CLEANUP(parts_release) struct parts p;
    struct err err = { 0 };

    parts_init(&p, o, sources, signals);
    log_info(&p.log, "Started version=%s pid=%d", REDWAL_VERSION, (int)getpid());
    if (ignored.n > 0)
        log_warn(&p.log, "Ignored environment variables that are no options names=%.*s",
                 STR_ARGS(ignored));
    if (serve(&p, o, &err) != ERR_OK || connect_to_api(&p, o, &err) != ERR_OK) {
        log_error(&p.log, "Failed to start error=%s", err.msg);
        return EXIT_OPTIONS;
    }
    start_reconciler(&p, o);
    reconcile(&p);
    log_info(&p.log, "Stopped");
    return EXIT_DONE;
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
    signal(SIGPIPE, SIG_IGN);
    if (argc == 2 && strcmp(argv[1], AGENT_WORD) == 0)
        return log_agent_main();
    process_take_signals(&signals);
    switch (options_load(&options, sources.argc, sources.argv, sources.environment, &output)) {
    case OPTIONS_PRINT:
        return fwrite(output.p, 1, output.n, stdout) == output.n ? EXIT_DONE : EXIT_FAILED;
    case OPTIONS_BAD:
        fwrite(output.p, 1, output.n, stderr);
        return EXIT_OPTIONS;
    case OPTIONS_RUN:
        break;
    }
    return (int)run(&options, buf_str(&output), &sources, &signals);
}
