#include "live_names.h"

#include "adapter/kube_load.h"
#include "cli/context.h"
#include "cli/option_args.h"
#include "restore_read.h"
#include "wal_read.h"

static const struct kube_resource namespaces = { { 0 }, { "v1", 2 }, { "namespaces", 10 } };

/* What the line says of the cluster so far; what is wrong with it is left aside. */
static void read_line(const struct completion_line *line, struct cluster_options *ret)
{
    struct option_set set;

    option_set_init(&set, cluster_table.specs, cluster_table.n_specs, "", ret);
    option_args_take(&set, line->n, line->words);
    option_set_release(&set);
}

static void offer(void *self, struct str name)
{
    completion_name(self, name);
}

static void offer_contexts(struct completion_names *names, const struct cluster_options *o)
{
    struct kube_place place = kube_place_from_environment();

    place.kubeconfig = o->kubeconfig;
    if (kube_load_contexts(&place, offer, names, NULL) != ERR_OK)
        return; /* nothing is offered */
}

static void offer_wals(struct completion_names *names, struct cluster *c)
{
    CLEANUP(wals_release) struct wals wals = { 0 };

    if (wals_read(c, cluster_scope(c), NULL, &wals, NULL) != ERR_OK)
        return;
    for (size_t i = 0; i < wals.n; i++)
        completion_name(names, wals.at[i].name);
}

static void offer_restores(struct completion_names *names, struct cluster *c)
{
    CLEANUP(restores_release) struct restores restores = { 0 };

    if (restores_read(c, cluster_scope(c), NULL, &restores, NULL) != ERR_OK)
        return;
    for (size_t i = 0; i < restores.n; i++)
        completion_name(names, str_from(restores.at[i].name));
}

static void offer_namespaces(struct completion_names *names, struct cluster *c)
{
    const struct kube_target target = { .resource = namespaces };
    const struct kube_selection all = { 0 };
    CLEANUP(cluster_page_release) struct cluster_page found = { 0 };

    if (cluster_list(c, &target, &all, &found, NULL) != ERR_OK)
        return;
    for (size_t i = 0; i < found.page.n_objects; i++)
        completion_name(names, found.page.objects[i].name);
}

/* Of what only the API server knows. */
static void ask_cluster(struct completion_names *names, const struct cluster_options *o,
                        void (*ask)(struct completion_names *names, struct cluster *c))
{
    CLEANUP(cluster_release) struct cluster *c = NULL;

    if (cluster_open(o, &c, NULL) == ERR_OK)
        ask(names, c);
}

void live_names_complete(struct completion_names *names, enum completion what,
                         const struct completion_line *line)
{
    struct cluster_options o = { 0 };

    read_line(line, &o);
    switch (what) {
    case COMPLETE_CONTEXT:
        contexts_complete(names, what, line);
        break;
    case COMPLETE_KUBE_CONTEXT:
        offer_contexts(names, &o);
        break;
    case COMPLETE_NAMESPACE:
        ask_cluster(names, &o, offer_namespaces);
        break;
    case COMPLETE_WAL:
        ask_cluster(names, &o, offer_wals);
        break;
    case COMPLETE_RESTORE:
        ask_cluster(names, &o, offer_restores);
        break;
    case COMPLETE_NOTHING:
    case COMPLETE_FILE:
        break;
    }
    option_values_release(cluster_table.specs, cluster_table.n_specs, &o);
}
