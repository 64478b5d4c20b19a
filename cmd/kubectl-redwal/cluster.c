#include "cluster.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/kube_curl.h"
#include "adapter/kube_load.h"
#include "base/mem.h"
#include "codec/kube_json.h"
#include "codec/wal_resource.h"
#include "runtime/clock.h"
#include "runtime/kube_client.h"

enum { REQUESTS_PER_SECOND = 50, REQUESTS_BURST = 100, STEP_MAX_MS = 1000 };

struct cluster {
    struct kube_curl *curl;
    struct kube_client *client;
    char *scope;
    /* Of the request under way: */
    bool done;
    struct buf *body;
    bool good, full;
    struct kube_status status; /* unless it is good */
};

#define PLACE(...) OPTION_SPEC_IN(struct cluster_options, __VA_ARGS__)

/* clang-format off */
static const struct option_spec specs[] = {
    CLUSTER_PLACE_OPTIONS(PLACE)
    { "context", OPTION_TEXT, OPTION_FLAG, offsetof(struct cluster_options, context), "NAME", NULL, 1, 255, NULL, "Cluster", "The kubeconfig's context; the current one when unset" },
};
/* clang-format on */

const struct option_table cluster_table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct cluster_options),
    .common = "Cluster",
};

struct scope_options {
    bool all_namespaces;
};

/* clang-format off */
static const struct option_spec scope_specs[] = {
    { "all-namespaces", OPTION_BOOL, OPTION_FLAG, offsetof(struct scope_options, all_namespaces), NULL, "false", 0, 0, NULL, "Selection", "Those of all namespaces" },
};
/* clang-format on */

const struct option_table all_namespaces_table = {
    .specs = scope_specs,
    .n_specs = ARRAY_SIZE(scope_specs),
    .size = sizeof(struct scope_options),
};

static enum err_code connect_to(struct cluster *c, struct kube_login *login, struct err *err)
{
    const enum err_code rc = kube_curl_new(login, "kubectl-redwal/" REDWAL_VERSION, &c->curl, err);

    if (rc == ERR_OK)
        c->client = kube_client_new(kube_curl_port(c->curl), REQUESTS_PER_SECOND, REQUESTS_BURST,
                                    clock_since_boot_ms());
    return rc;
}

enum err_code cluster_open(const struct cluster_options *o, struct cluster **ret, struct err *err)
{
    struct kube_place place = kube_place_from_environment();
    struct cluster *c = mem_new(1, sizeof(*c));
    struct kube_login login = { 0 };
    enum err_code rc;

    place.kubeconfig = o->kubeconfig;
    place.context = o->context;
    rc = kube_load(&place, &login, err);
    if (rc == ERR_OK) {
        const char *scope = o->scope ? o->scope : login.scope;

        c->scope = mem_copy_text(scope, strlen(scope));
        rc = connect_to(c, &login, err);
    }
    kube_login_release(&login);
    if (rc != ERR_OK)
        cluster_release(&c);
    *ret = c;
    return rc;
}

enum err_code cluster_open_call(const struct invocation *in, struct cluster **ret, struct err *err)
{
    return cluster_open(invocation_values(in, &cluster_table), ret, err);
}

void cluster_release(struct cluster **c)
{
    if (!*c)
        return;
    kube_client_free((*c)->client);
    kube_curl_free((*c)->curl);
    free((*c)->scope);
    free(*c);
    *c = NULL;
}

struct str cluster_scope(const struct cluster *c)
{
    return str_from(c->scope);
}

bool cluster_is_all_namespaces(const struct invocation *in)
{
    const struct scope_options *o = invocation_values(in, &all_namespaces_table);

    return o->all_namespaces;
}

struct str cluster_scope_of_call(const struct cluster *c, const struct invocation *in)
{
    return cluster_is_all_namespaces(in) ? (struct str){ 0 } : cluster_scope(c);
}

static void take_answer(void *self, const struct kube_answer *answer)
{
    struct cluster *c = self;

    c->done = true;
    c->good = answer->good;
    c->status = answer->status;
    c->full = !buf_append_str(c->body, answer->body) && answer->good;
}

void cluster_step(struct cluster *c, int64_t wait_max_ms)
{
    struct pollfd fd = { .fd = kube_client_descriptor(c->client), .events = POLLIN };
    const int64_t wait_ms = kube_client_wait_ms(c->client, clock_since_boot_ms());

    poll(&fd, 1, (int)(wait_ms >= 0 && wait_ms < wait_max_ms ? wait_ms : wait_max_ms));
    kube_client_step(c->client, clock_since_boot_ms());
}

enum err_code cluster_ask(struct cluster *c, struct kube_request *request, struct buf *ret_body,
                          struct err *err)
{
    const struct kube_caller caller = { NULL, take_answer, c };
    const uint64_t number = kube_client_call(c->client, request, &caller);

    PRE(number != 0); /* there is no other */
    c->done = false;
    c->body = ret_body;
    while (!c->done)
        cluster_step(c, STEP_MAX_MS);
    if (c->full)
        return err_set(err, ERR_LIMIT, "the API server's answer is too long");
    return c->good ? ERR_OK : kube_status_to_err(&c->status, err);
}

enum err_code cluster_follow(struct cluster *c, struct kube_request *request,
                             const struct kube_caller *caller, struct err *err)
{
    if (kube_client_call(c->client, request, caller) == 0)
        return err_set(err, ERR_LIMIT, "more than %d requests at a time", KUBE_CALLS_MAX);
    return ERR_OK;
}

enum err_code cluster_get(struct cluster *c, const struct kube_target *target, struct buf *ret_body,
                          struct err *err)
{
    CLEANUP(kube_request_release) struct kube_request r = { 0 };

    if (!kube_request_get(&r, target))
        return err_set(err, ERR_INVALID, "the name is too long");
    return cluster_ask(c, &r, ret_body, err);
}

void cluster_page_release(struct cluster_page *p)
{
    kube_json_free(p->decoder);
    buf_release(&p->body);
    *p = (struct cluster_page){ 0 };
}

enum err_code cluster_list(struct cluster *c, const struct kube_target *target,
                           const struct kube_selection *selection, struct cluster_page *ret,
                           struct err *err)
{
    CLEANUP(kube_request_release) struct kube_request r = { 0 };
    enum err_code rc;

    *ret = (struct cluster_page){ .decoder = kube_json_new() };
    buf_init(&ret->body, KUBE_ANSWER_MAX);
    if (!kube_request_list(&r, target, selection, 0, STR_LITERAL("")))
        return err_set(err, ERR_INVALID, "the selector is too long");
    rc = cluster_ask(c, &r, &ret->body, err);
    return rc == ERR_OK ? kube_json_page(ret->decoder, buf_str(&ret->body), &ret->page, err) : rc;
}

struct kube_target cluster_wals(const struct cluster *c, const char *name)
{
    return (struct kube_target){
        .resource = wal_resources,
        .scope = cluster_scope(c),
        .name = str_from(name),
    };
}
