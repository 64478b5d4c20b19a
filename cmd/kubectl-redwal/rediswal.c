#include "rediswal.h"

#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/mem.h"
#include "call.h"
#include "cli/applier_options.h"
#include "cli/context.h"
#include "codec/config_yaml.h"
#include "codec/kube_secret.h"
#include "codec/redis_failover.h"
#include "codec/wal_applier_file.h"
#include "core/service_name.h"
#include "runtime/memory_file.h"

enum { OBJECT_MAX_BYTES = 4 * 1024 * 1024, EXPLANATION_MAX_BYTES = 16 * 1024, SCOPE_MAX = 63 };

/* manifests/rbac/people.yaml */
#define REMEDY_DENIED "you may not read it; bind ClusterRole redwal-connect in its namespace"

/* Where options come from, for people: "RedisWal prod/orders". */
#define WHOSE "RedisWal "

struct rediswal_options {
    CLUSTER_PLACE_OPTIONS(OPTION_FIELD)
};

/* clang-format off */
#define SPEC(...) OPTION_SPEC_IN(struct rediswal_options, __VA_ARGS__)
/* clang-format on */
static const struct option_spec specs[] = { CLUSTER_PLACE_OPTIONS(SPEC) };

static void load(struct invocation *in);

const struct option_table rediswal_table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct rediswal_options),
    .common = "Cluster",
    .load = load,
};

/* --- reading ---------------------------------------------------------------------------------- */

struct reading {
    struct invocation *in;
    struct cluster *cluster;
    struct wal_resource wal;
    struct redis_failover failover;
    /* The Secret that was read last: a certificate and its key come from one answer. */
    const char *secret_name;
    struct buf secret;
};

static void forget_secret(struct reading *r)
{
    if (r->secret.p)
        secret_wipe(r->secret.p, r->secret.n);
    buf_release(&r->secret);
    r->secret_name = NULL;
}

static void reading_release(struct reading *r)
{
    forget_secret(r);
    wal_resource_release(&r->wal);
    cluster_release(&r->cluster);
}

enum err_code rediswal_open_cluster(const struct invocation *in, struct cluster **ret,
                                    struct err *err)
{
    const struct context_options *context = invocation_values(in, &context_table);
    const struct rediswal_options *place = invocation_values(in, &rediswal_table);
    const struct cluster_options o = {
        .kubeconfig = place->kubeconfig,
        .scope = place->scope,
        /* In the environment it is one of ours. */
        .context = option_set_source(&in->set, "context") == SOURCE_FLAG ? context->name : NULL,
    };

    return cluster_open(&o, ret, err);
}

static enum err_code read_wal(struct reading *r, const char *name, struct err *err)
{
    const struct kube_target target = cluster_wals(r->cluster, name);
    CLEANUP(buf_release) struct buf body = { 0 };
    enum err_code rc;

    buf_init(&body, OBJECT_MAX_BYTES);
    rc = cluster_get(r->cluster, &target, &body, err);
    if (rc == ERR_OK)
        rc = wal_resource_decode(buf_str(&body), applier_options(), &r->wal, err);
    return rc == ERR_OK ? ERR_OK
                        : err_wrap(err, rc, "RedisWal %.*s/%s", STR_ARGS(target.scope), name);
}

struct kube_target rediswal_failover(const struct wal_resource *wal)
{
    return (struct kube_target){
        .resource = redis_failover_objects,
        .scope = str_from(wal->scope),
        .name = str_from(wal->spec.failover),
    };
}

/* Of which Secret the RedisFailover's own password is, and what its Sentinels call the primary. */
static enum err_code read_failover(struct reading *r, struct err *err)
{
    const struct kube_target target = rediswal_failover(&r->wal);
    CLEANUP(buf_release) struct buf body = { 0 };
    enum err_code rc;

    if (!r->wal.spec.failover)
        return ERR_OK;
    buf_init(&body, OBJECT_MAX_BYTES);
    rc = cluster_get(r->cluster, &target, &body, err);
    if (rc == ERR_OK)
        rc = redis_failover_decode(buf_str(&body), &r->failover, err);
    if (r->failover.names_master)
        wal_spec_name_master(&r->wal.spec, applier_options());
    if (rc == ERR_DENIED)
        err_wrap(err, rc, REMEDY_DENIED);
    return rc == ERR_OK
               ? ERR_OK
               : err_wrap(err, rc, "RedisFailover %s/%s", r->wal.scope, r->wal.spec.failover);
}

/* --- options ---------------------------------------------------------------------------------- */

static bool is_wanted(const struct reading *r, const char *option)
{
    const struct option_set *set = &r->in->set;

    return option_find(set->specs, set->n_specs, str_from(option)) &&
           option_set_source(set, option) <= SOURCE_FILE &&
           !connection_is_moot(invocation_values(r->in, &connection_table), set, option);
}

static void take_option(void *self, struct str name, struct str value, unsigned line)
{
    struct reading *r = self;
    struct option_set *set = &r->in->set;
    const struct option_spec *spec = option_find(set->specs, set->n_specs, name);

    if (!spec || option_names_file(spec) || !is_wanted(r, spec->name))
        return;
    if (strcmp(spec->name, "scripts") == 0)
        option_set_problem(set,
                           "--scripts: give a directory with the scripts of ConfigMap %s, which "
                           "RedisWal %s has",
                           r->wal.spec.scripts, r->wal.name);
    else
        option_set_take_entry(set, name, value, line);
}

static enum err_code read_secret(struct reading *r, const struct wal_secret_file *file,
                                 struct err *err)
{
    const struct kube_target target = {
        kube_secret_objects, str_from(r->wal.scope), str_from(file->secret), { 0 }
    };
    enum err_code rc;

    if (r->secret_name && strcmp(r->secret_name, file->secret) == 0)
        return ERR_OK;
    forget_secret(r);
    buf_init(&r->secret, OBJECT_MAX_BYTES);
    rc = cluster_get(r->cluster, &target, &r->secret, err);
    if (rc == ERR_OK)
        r->secret_name = file->secret;
    if (rc == ERR_DENIED)
        err_wrap(err, rc, REMEDY_DENIED ", or give --%s", file->option);
    return rc;
}

static enum err_code take_secret(struct reading *r, const struct wal_secret_file *file,
                                 struct err *err)
{
    char path[MEMORY_FILE_PATH_MAX + 1];
    struct secret value = { 0 };
    enum err_code rc;

    if (!is_wanted(r, file->option))
        return ERR_OK;
    rc = read_secret(r, file, err);
    if (rc == ERR_OK)
        rc = kube_secret_decode(buf_str(&r->secret), file->key, &value, err);
    if (rc == ERR_OK)
        rc = memory_file_new((struct str){ value.text, value.n }, path, err);
    secret_release(&value);
    if (rc != ERR_OK)
        return err_wrap(err, rc, "Secret %s/%s", r->wal.scope, file->secret);
    option_set_take_entry(&r->in->set, str_from(file->option), str_from(path), 0);
    return ERR_OK;
}

static enum err_code take_options(struct reading *r, struct err *err)
{
    const struct wal_surroundings around = {
        .failover_secret = r->failover.secret[0] != '\0' ? r->failover.secret : NULL,
    };
    struct wal_secret_file files[WAL_SECRET_FILES_MAX];
    const size_t n = wal_secret_files(&r->wal.spec, &around, files);
    CLEANUP(buf_release) struct buf text = { 0 };
    enum err_code rc;

    buf_init(&text, WAL_APPLIER_FILE_MAX);
    if (!wal_applier_file(&r->wal, applier_options(), &around, true, &text))
        return err_set(err, ERR_LIMIT, "its options are longer than %d bytes",
                       WAL_APPLIER_FILE_MAX);
    rc = config_yaml_parse(buf_str(&text), take_option, r, err);
    for (size_t i = 0; i < n && rc == ERR_OK; i++)
        rc = take_secret(r, &files[i], err);
    return rc;
}

/* Who says so, in what is said of its options. */
static void name_source(struct reading *r)
{
    char whose[sizeof(WHOSE) + 2 * WAL_OBJECT_NAME_MAX + SCOPE_MAX];
    const int n = snprintf(whose, sizeof(whose), WHOSE "%s/%s", r->wal.scope, r->wal.name);

    r->in->file = mem_copy_text(whose, (size_t)n);
    r->in->set.file = r->in->file;
}

static enum err_code read_all(struct reading *r, const char *name, struct err *err)
{
    enum err_code rc = rediswal_open_cluster(r->in, &r->cluster, err);

    if (rc == ERR_OK)
        rc = read_wal(r, name, err);
    if (rc == ERR_OK)
        rc = read_failover(r, err);
    if (rc != ERR_OK)
        return rc;
    name_source(r);
    return take_options(r, err);
}

static void load(struct invocation *in)
{
    const struct context_options *o = invocation_values(in, &context_table);
    CLEANUP(reading_release) struct reading r = { .in = in };
    struct err err = { 0 };

    if (!o->rediswal || o->config)
        return;
    in->lacks = read_all(&r, o->rediswal, &err) != ERR_OK;
    if (in->lacks)
        option_set_problem(&in->set, "%s", err.msg);
}

/* --- where its addresses are known ------------------------------------------------------------ */

/* Addresses of the RedisWal that are known in its cluster only. */
struct inside {
    const struct invocation *in;
    struct str scope; /* of the RedisWal */
    struct buf addresses, remedies;
};

static void inside_release(struct inside *i)
{
    buf_release(&i->addresses);
    buf_release(&i->remedies);
}

static void note(struct inside *i, const char *option, struct str text)
{
    struct address address;
    struct service_name name;

    if (!address_parse(text, &address) || !service_name_parse(address.host, i->scope, &name))
        return;
    buf_print(&i->addresses, "%s%.*s", i->addresses.n > 0 ? ", " : "", STR_ARGS(text));
    buf_print(&i->remedies, "  kubectl -n %.*s port-forward %s/%.*s %u, and --%s 127.0.0.1:%u\n",
              STR_ARGS(name.scope), name.kind, STR_ARGS(name.name), (unsigned)address.port, option,
              (unsigned)address.port);
}

static void note_list(struct inside *i, const char *option, const char *list)
{
    struct str rest = str_from(list), element;

    if (!list || option_set_source(&i->in->set, option) != SOURCE_FILE)
        return;
    while (address_list_next(&rest, &element))
        note(i, option, element);
}

static void print_explanation(const struct inside *i)
{
    fprintf(stderr,
            "%.*s: %s says so, and outside its cluster nobody knows it. A pod there does:\n"
            "  kubectl -n %.*s run redwal --rm -it --restart=Never --image=kubectl-redwal -- ...\n"
            "From here forward ports and give the addresses by hand; but brokers and Sentinels "
            "name others in turn,\n"
            "which may be known there only, too:\n"
            "%.*s",
            STR_ARGS(buf_str(&i->addresses)), i->in->file, STR_ARGS(i->scope),
            STR_ARGS(buf_str(&i->remedies)));
}

void rediswal_explain(const struct invocation *in, enum err_code code)
{
    CLEANUP(inside_release) struct inside i = { .in = in };
    const struct connection_options *c;

    if (err_class(code) != ERR_CLASS_RETRY || !invocation_has(in, &rediswal_table) || !in->file ||
        !str_starts_with(str_from(in->file), STR_LITERAL(WHOSE)))
        return;
    c = invocation_values(in, &connection_table);
    i.scope = str_from(in->file + sizeof(WHOSE) - 1);
    i.scope.n = strcspn(i.scope.p, "/");
    buf_init(&i.addresses, EXPLANATION_MAX_BYTES);
    buf_init(&i.remedies, EXPLANATION_MAX_BYTES);
    note_list(&i, "brokers", c->brokers);
    note_list(&i, "redis", c->redis);
    note_list(&i, "sentinel", c->sentinel);
    if (i.addresses.n > 0)
        print_explanation(&i);
}
