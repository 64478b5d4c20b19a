/*
 * Drives the Kubernetes client, so that tests can look at what it does:
 *
 *     kube-probe [--kubeconfig FILE] [--context NAME] VERB ARGUMENTS...
 *
 *     get    GROUP/VERSION/PLURAL[/SUBRESOURCE] NAMESPACE NAME
 *     create GROUP/VERSION/PLURAL NAMESPACE                            object on standard input
 *     update, apply, json-patch, merge-patch
 *            GROUP/VERSION/PLURAL[/SUBRESOURCE] NAMESPACE NAME [FLAG...]   body on standard input
 *     delete GROUP/VERSION/PLURAL NAMESPACE NAME [UID [RESOURCE-VERSION]]
 *     served KIND                   the versions in which the server has it, the preferred one
 * first watch  GROUP/VERSION/PLURAL NAMESPACE [SECONDS [SILENCE-SECONDS [PAGE]]] prints SYNCED,
 * then "+ NAMESPACE/NAME VERSION" and "- ..." until SIGTERM, and a line of STATE after SIGUSR1;
 * SECONDS is how long a watch is asked to last lead   NAMESPACE LEASE IDENTITY [DURATION-S RENEW-S
 * RETRY-MS] prints "ACT <ms since boot>" every 20 ms while it may act, until SIGTERM event
 * NAMESPACE NAME REASON COUNT one event that happens COUNT times, then waits until it is written
 *
 * FLAG: manager=NAME, force, strict, dry-run. The group of core is "core", a namespace of none "-".
 * One request: prints the answer's body and exits 0, or "REFUSED <http> <reason> <message>" and 1.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "adapter/kube_curl.h"
#include "adapter/kube_load.h"
#include "codec/kube_discovery.h"
#include "codec/kube_json.h"
#include "runtime/clock.h"
#include "runtime/kube_elector.h"
#include "runtime/kube_informer.h"
#include "runtime/kube_recorder.h"

enum { USAGE = 2, STEP_MAX_MS = 1000, ACT_EVERY_MS = 20, RATE = 200, BURST = 400 };

struct probe {
    struct kube_curl *curl;
    struct kube_client *client;
    int signals;
    int stop; /* the signal that ends it; 0: none yet */
    bool asked_for_state;
    bool done;
    int status;
    const char *kind; /* served */
};

static int usage(const char *why)
{
    fprintf(stderr, "kube-probe: %s; see the head of tests/tools/kube-probe.c\n", why);
    return USAGE;
}

/* --- the loop --------------------------------------------------------------------------------- */

static void take_signals(struct probe *p)
{
    struct signalfd_siginfo info;

    while (read(p->signals, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGUSR1)
            p->asked_for_state = true;
        else
            p->stop = (int)info.ssi_signo;
    }
}

/* Waits for the client, a signal, or `due_ms`, and lets the client work. */
static void turn(struct probe *p, int64_t due_ms)
{
    struct pollfd fds[] = { { .fd = kube_client_descriptor(p->client), .events = POLLIN },
                            { .fd = p->signals, .events = POLLIN } };
    const int64_t now_ms = clock_since_boot_ms();
    const int64_t client_ms = kube_client_wait_ms(p->client, now_ms);
    int64_t wait_ms = due_ms - now_ms < STEP_MAX_MS ? due_ms - now_ms : STEP_MAX_MS;

    if (client_ms >= 0 && client_ms < wait_ms)
        wait_ms = client_ms;
    poll(fds, ARRAY_SIZE(fds), wait_ms > 0 ? (int)wait_ms : 0);
    take_signals(p);
    kube_client_step(p->client, clock_since_boot_ms());
}

/* --- one request ------------------------------------------------------------------------------ */

static void print_answer(void *self, const struct kube_answer *a)
{
    struct probe *p = self;

    if (a->warnings.n > 0)
        fprintf(stderr, "WARNING %.*s", STR_ARGS(a->warnings));
    if (a->good)
        printf("%.*s\n", STR_ARGS(a->body));
    else
        printf("REFUSED %d %s %s\n", a->status.http, kube_reason_text(a->status.reason),
               a->status.message);
    p->status = a->good ? EXIT_SUCCESS : EXIT_FAILURE;
    p->done = true;
}

static int call(struct probe *p, struct kube_request *request,
                void (*done)(void *, const struct kube_answer *))
{
    const struct kube_caller caller = { NULL, done, p };

    p->done = false;
    if (kube_client_call(p->client, request, &caller) == 0)
        return usage("the client is full");
    while (!p->done && !p->stop)
        turn(p, INT64_MAX);
    return p->status;
}

/* Cuts the next part off at '/'. */
static struct str part(const char **text)
{
    const struct str s = { *text, strcspn(*text, "/") };

    *text += s.n;
    *text += **text == '/';
    return s;
}

static struct kube_target target_of(const char *resource, const char *scope, const char *name)
{
    struct kube_target t = { 0 };

    t.resource.group = part(&resource);
    t.resource.version = part(&resource);
    t.resource.plural = part(&resource);
    t.subresource = part(&resource);
    if (str_eq(t.resource.group, STR_LITERAL("core")))
        t.resource.group.n = 0;
    if (strcmp(scope, "-") != 0)
        t.scope = str_from(scope);
    t.name = str_from(name);
    return t;
}

static struct kube_write flags_of(char **argv)
{
    struct kube_write w = { 0 };

    for (; *argv; argv++) {
        if (strncmp(*argv, "manager=", 8) == 0)
            w.field_manager = str_from(*argv + 8);
        w.force = w.force || strcmp(*argv, "force") == 0;
        w.strict = w.strict || strcmp(*argv, "strict") == 0;
        w.dry_run = w.dry_run || strcmp(*argv, "dry-run") == 0;
    }
    return w;
}

static void read_input(struct buf *body)
{
    ssize_t n;

    buf_init(body, KUBE_BODY_MAX + 1);
    while (buf_reserve(body, 4096) && (n = read(STDIN_FILENO, body->p + body->n, 4096)) > 0)
        body->n += (size_t)n;
}

static bool build_write(const char *verb, const struct kube_target *t, const struct kube_write *w,
                        struct str body, struct kube_request *r)
{
    if (strcmp(verb, "create") == 0)
        return kube_request_create(r, t, w, body);
    if (strcmp(verb, "update") == 0)
        return kube_request_update(r, t, w, body);
    if (strcmp(verb, "apply") == 0)
        return w->field_manager.n > 0 && kube_request_apply(r, t, w, body);
    if (strcmp(verb, "json-patch") == 0)
        return kube_request_json_patch(r, t, w, body);
    return strcmp(verb, "merge-patch") == 0 && kube_request_merge_patch(r, t, w, body);
}

static int run_write(struct probe *p, const char *verb, char **argv)
{
    const bool named = strcmp(verb, "create") != 0;
    const struct kube_target t = target_of(argv[0], argv[1], named ? argv[2] : "");
    const struct kube_write w = flags_of(argv + (named ? 3 : 2));
    CLEANUP(kube_request_release) struct kube_request r = { 0 };
    CLEANUP(buf_release) struct buf body = { 0 };

    read_input(&body);
    if (!build_write(verb, &t, &w, buf_str(&body), &r))
        return usage("no such write, or a body that is too long");
    return call(p, &r, print_answer);
}

static int run_get(struct probe *p, char **argv)
{
    const struct kube_target t = target_of(argv[0], argv[1], argv[2]);
    CLEANUP(kube_request_release) struct kube_request r = { 0 };

    return kube_request_get(&r, &t) ? call(p, &r, print_answer) : usage("too long");
}

static int run_delete(struct probe *p, char **argv)
{
    const struct kube_target t = target_of(argv[0], argv[1], argv[2]);
    CLEANUP(kube_request_release) struct kube_request r = { 0 };
    CLEANUP(buf_release) struct buf options = { 0 };

    buf_init(&options, KUBE_BODY_MAX);
    if (!kube_json_delete_options(&options, str_from(argv[3]), str_from(argv[3] ? argv[4] : NULL),
                                  true) ||
        !kube_request_delete(&r, &t, buf_str(&options)))
        return usage("too long");
    return call(p, &r, print_answer);
}

/* --- served ----------------------------------------------------------------------------------- */

static bool print_served(void *self, const struct kube_served *s)
{
    const struct probe *p = self;

    if (str_eq(s->kind, str_from(p->kind)))
        printf("%.*s/%.*s/%.*s %s%s\n", STR_ARGS(s->group), STR_ARGS(s->version),
               STR_ARGS(s->plural), s->namespaced ? "namespaced" : "cluster",
               s->has_status ? " status" : "");
    return true;
}

static void take_discovery(void *self, const struct kube_answer *a)
{
    struct probe *p = self;
    struct err err = { 0 };

    p->done = true;
    if (!a->good || kube_discovery_decode(a->body, print_served, p, &err) != ERR_OK) {
        printf("REFUSED %d %s\n", a->status.http, err.msg);
        p->status = EXIT_FAILURE;
    }
}

static int run_served(struct probe *p, char **argv)
{
    static const char *const paths[] = { "/api", "/apis" };

    p->kind = argv[0];
    for (size_t i = 0; i < ARRAY_SIZE(paths) && p->status == EXIT_SUCCESS; i++) {
        CLEANUP(kube_request_release) struct kube_request r = { 0 };

        if (!kube_request_path(&r, paths[i], KUBE_DISCOVERY_ACCEPT))
            return usage("too long");
        call(p, &r, take_discovery);
    }
    return p->status;
}

/* --- watch ------------------------------------------------------------------------------------ */

static void print_delta(void *self, const struct kube_object *o, bool gone)
{
    (void)self;
    printf("%c %.*s/%.*s %.*s\n", gone ? '-' : '+', STR_ARGS(o->scope), STR_ARGS(o->name),
           STR_ARGS(o->resource_version));
}

static void print_trouble(void *self, const char *message)
{
    (void)self;
    printf("TROUBLE %s\n", message);
}

static void print_state(const struct kube_informer *i)
{
    const struct kube_cache *cache = kube_informer_cache(i);
    unsigned lists, watches;

    kube_informer_counts(i, &lists, &watches);
    printf("STATE lists=%u watches=%u", lists, watches);
    for (size_t k = 0; k < cache->n; k++) {
        struct kube_object o;

        kube_cache_at(cache, k, &o);
        printf(" %.*s/%.*s@%.*s", STR_ARGS(o.scope), STR_ARGS(o.name),
               STR_ARGS(o.resource_version));
    }
    printf("\n");
}

static int64_t number(const char *text, int64_t otherwise)
{
    int64_t value;

    return text && str_to_int64(str_from(text), &value) && value > 0 ? value : otherwise;
}

static int run_watch(struct probe *p, char **argv)
{
    const struct kube_informer_target target = { .collection = target_of(argv[0], argv[1], "") };
    struct kube_reflector_settings settings = kube_reflector_defaults();
    struct kube_informer *i;
    bool told = false;

    if (argv[2]) {
        settings.watch_min_s = (unsigned)number(argv[2], settings.watch_min_s);
        if (argv[3]) {
            settings.silence_max_ms = number(argv[3], settings.silence_max_ms / 1000) * 1000;
            settings.page_limit = (unsigned)number(argv[4], settings.page_limit);
        }
    }
    i = kube_informer_new(p->client, &target, &settings, print_delta, print_trouble, NULL);
    while (!p->stop) {
        kube_informer_step(i, clock_since_boot_ms());
        if (kube_informer_is_synced(i) && !told)
            printf("SYNCED %zu\n", kube_informer_cache(i)->n);
        told = kube_informer_is_synced(i);
        if (p->asked_for_state)
            print_state(i);
        p->asked_for_state = false;
        turn(p, kube_informer_due_ms(i));
    }
    print_state(i);
    kube_informer_free(i);
    return EXIT_SUCCESS;
}

/* --- lead ------------------------------------------------------------------------------------- */

static void lead(struct probe *p, struct kube_elector *e)
{
    bool led = false;

    while (!p->stop || !kube_elector_is_released(e)) {
        const int64_t now_ms = clock_since_boot_ms();
        const bool leads = kube_elector_may_act(e, now_ms);

        if (p->stop)
            kube_elector_release(e);
        if (leads != led)
            printf("%s %lld\n", leads ? "LEADS" : "STOPS", (long long)now_ms);
        if (leads && kube_elector_may_act(e, clock_since_boot_ms()))
            printf("ACT %lld\n", (long long)clock_since_boot_ms());
        led = leads;
        kube_elector_step(e, now_ms, clock_wall_ms());
        turn(p, leads ? now_ms + ACT_EVERY_MS : kube_elector_due_ms(e));
    }
}

static int run_lead(struct probe *p, char **argv)
{
    const bool timed = argv[3] && argv[4] && argv[5];
    struct kube_lease_settings s = {
        .duration_ms = number(timed ? argv[3] : NULL, 15) * 1000,
        .renew_deadline_ms = number(timed ? argv[4] : NULL, 10) * 1000,
        .retry_ms = number(timed ? argv[5] : NULL, 2000),
    };
    struct kube_elector *e;
    struct err err;

    snprintf(s.identity, sizeof(s.identity), "%s", argv[2]);
    if (kube_lease_check(&s, &err) != ERR_OK)
        return usage(err.msg);
    e = kube_elector_new(p->client, str_from(argv[0]), str_from(argv[1]), &s);
    lead(p, e);
    kube_elector_free(e);
    return EXIT_SUCCESS;
}

/* --- event ------------------------------------------------------------------------------------ */

static int run_event(struct probe *p, char **argv)
{
    const struct kube_reporter reporter = { STR_LITERAL("redwal.dev/kube-probe"),
                                            STR_LITERAL("probe-0") };
    struct kube_recorder *r = kube_recorder_new(p->client, &reporter, STEP_MAX_MS);
    struct kube_event event = { .regarding = { .api_version = "v1", .kind = "ConfigMap" },
                                .action = "Probe",
                                .note = "as the test asked" };
    const int64_t count = number(argv[3], 1);

    snprintf(event.regarding.scope, sizeof(event.regarding.scope), "%s", argv[0]);
    snprintf(event.regarding.name, sizeof(event.regarding.name), "%s", argv[1]);
    snprintf(event.reason, sizeof(event.reason), "%s", argv[2]);
    for (int64_t i = 0; i < count; i++) {
        kube_recorder_add(r, &event, clock_since_boot_ms(), clock_wall_ms(), NULL);
        kube_recorder_step(r, clock_since_boot_ms());
        turn(p, clock_since_boot_ms());
    }
    do {
        turn(p, kube_recorder_due_ms(r));
        kube_recorder_step(r, clock_since_boot_ms());
    } while (!p->stop && !kube_recorder_is_idle(r));
    p->status = kube_recorder_refused(r) > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    kube_recorder_free(r);
    return p->status;
}

/* --- the whole -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int n_args; /* at least */
    int (*run)(struct probe *p, char **argv);
} verbs[] = {
    { "get", 3, run_get },     { "delete", 3, run_delete }, { "served", 1, run_served },
    { "watch", 2, run_watch }, { "lead", 3, run_lead },     { "event", 4, run_event },
};

static int run(struct probe *p, int argc, char **argv)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (strcmp(argv[0], verbs[i].name) == 0)
            return argc - 1 < verbs[i].n_args ? usage("arguments are missing")
                                              : verbs[i].run(p, argv + 1);
    if (argc - 1 < (strcmp(argv[0], "create") == 0 ? 2 : 3))
        return usage("arguments are missing");
    return run_write(p, argv[0], argv + 1);
}

static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
    struct kube_place place = kube_place_from_environment();
    struct probe p = { .status = EXIT_SUCCESS };
    struct kube_login login = { 0 };
    struct err err;
    int at = 1, status;

    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        if (strcmp(argv[at], "--kubeconfig") == 0)
            place.kubeconfig = argv[at + 1];
        else if (strcmp(argv[at], "--context") == 0)
            place.context = argv[at + 1];
        else
            return usage("unknown option");
    }
    if (at >= argc)
        return usage("no verb");
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (kube_load(&place, &login, &err) != ERR_OK ||
        kube_curl_new(&login, "kube-probe", &p.curl, &err) != ERR_OK) {
        fprintf(stderr, "kube-probe: %s\n", err.msg);
        return USAGE;
    }
    p.signals = open_signals();
    p.client = kube_client_new(kube_curl_port(p.curl), RATE, BURST, clock_since_boot_ms());
    status = run(&p, argc - at, argv + at);
    kube_client_free(p.client);
    kube_curl_free(p.curl);
    close(p.signals);
    return status;
}
