#include "options.h"

#include "cli/option_print.h"
#include "cli/secret_file.h"
#include "core/connect_allow.h"
#include "core/kube_lease.h"
#include "runtime/controller_metrics.h"

#define ENV_PREFIX "REDWAL_"

#define SPEC(type, scope, field, ...)                                                              \
    OPTION_SPEC_IN(struct options, type, scope, field, __VA_ARGS__)
static const struct option_spec specs[] = { OPTIONS(SPEC) };
#undef SPEC

static const struct program program = {
    .name = "redwal-controller",
    .summary = "Runs an applier for each RedisWal of a Kubernetes cluster, and says how each is",
    .synopsis = "redwal-controller [options]",
    .notes = "Each option can be given as --name VALUE, as the environment variable REDWAL_NAME\n"
             "(--look-interval is REDWAL_LOOK_INTERVAL) and as `name: value` in the file of "
             "--config;\nthe first of these that is there wins. Durations need a unit (ms, s, m, "
             "h).\n\n"
             "The file of --config is read again when it changes, and on SIGHUP. Options marked "
             "(live)\n"
             "then take effect; others wait for a restart.\n\n"
             "Several processes may run: the one that holds the lease acts, the others wait.\n\n"
             "Exit status: 0 stopped as asked, 1 failed, 2 an option cannot be used.\n",
    .env_prefix = ENV_PREFIX,
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .reloads = true,
};

static void check(const void *values, struct option_set *set)
{
    const struct options *o = values;
    const struct kube_lease_settings lease = { .identity = "any",
                                               .duration_ms = o->lease_duration_ms,
                                               .renew_deadline_ms = o->renew_deadline_ms,
                                               .retry_ms = o->retry_period_ms };
    struct err err;

    if (kube_lease_check(&lease, &err) != ERR_OK)
        option_set_problem(set, "--lease-duration, --renew-deadline, --retry-period: %s", err.msg);
    if (o->connect_allow && !connect_allow_is_good(str_from(o->connect_allow)))
        option_set_problem(set,
                           "--connect-allow: \"%s\" is no list of hosts such as "
                           "connect.example:8083,*.kafka.svc",
                           o->connect_allow);
}

enum options_verdict options_load(struct options *o, int argc, const char *const *argv,
                                  const char *const *environment, struct buf *ret_output)
{
    static const struct program_own own = { REDWAL_VERSION, controller_metrics_print_reference,
                                            check };

    return program_load(&program, &own, o, argc, argv, environment, ret_output);
}

void options_print(const struct options *o, struct buf *out)
{
    option_print_config(&program, o, out);
}

void options_compare(const struct options *before, const struct options *after,
                     option_change_fn *take, void *self)
{
    option_reload_compare(specs, ARRAY_SIZE(specs), before, after, take, self);
}

void options_exchange(struct options *a, struct options *b)
{
    option_reload_exchange(specs, ARRAY_SIZE(specs), a, b);
}

uint64_t options_file_digest(const struct options *o)
{
    return o->config ? file_digest(0, o->config) : 0;
}

void options_release(struct options *o)
{
    option_values_release(specs, ARRAY_SIZE(specs), o);
}
