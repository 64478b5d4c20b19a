#include "options.h"

#include <stdio.h>
#include <string.h>

#include "cli/option_args.h"
#include "cli/option_complete.h"
#include "cli/option_file.h"
#include "cli/option_print.h"
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
             "Several processes may run: the one that holds the lease acts, the others wait.\n\n"
             "Exit status: 0 stopped as asked, 1 failed, 2 an option cannot be used.\n",
    .env_prefix = ENV_PREFIX,
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
};

static void check_lease(const struct options *o, struct option_set *set)
{
    const struct kube_lease_settings lease = { .identity = "any",
                                               .duration_ms = o->lease_duration_ms,
                                               .renew_deadline_ms = o->renew_deadline_ms,
                                               .retry_ms = o->retry_period_ms };
    struct err err;

    if (kube_lease_check(&lease, &err) != ERR_OK)
        option_set_problem(set, "--lease-duration, --renew-deadline, --retry-period: %s", err.msg);
}

static void print_generated(int what, struct buf *out)
{
    switch ((enum generate)what) {
    case GENERATE_REFERENCE:
        option_print_reference(&program, out);
        return;
    case GENERATE_METRICS:
        controller_metrics_print_reference(out);
        return;
    case GENERATE_BASH:
        option_complete_bash(&program, out);
        return;
    case GENERATE_ZSH:
        option_complete_zsh(&program, out);
        return;
    case GENERATE_FISH:
        option_complete_fish(&program, out);
        return;
    }
    UNREACHABLE("no such page");
}

/* Pages that need no sound options; true when one was asked for. */
static bool print_page(const struct options *o, const struct option_set *set, struct buf *out)
{
    if (o->help)
        option_print_help(&program, out);
    else if (o->version)
        buf_print(out, "%s %s\n", program.name, REDWAL_VERSION);
    else if (option_set_differs(set, "generate"))
        print_generated(o->generate, out);
    else
        return false;
    return true;
}

enum options_verdict options_load(struct options *o, int argc, const char *const *argv,
                                  const char *const *environment, struct buf *ret_output)
{
    CLEANUP(option_set_release) struct option_set set = { 0 };

    buf_init(ret_output, OPTION_PRINT_MAX_BYTES);
    option_set_init(&set, specs, ARRAY_SIZE(specs), ENV_PREFIX, o);
    option_args_take(&set, argc - 1, argv + 1);
    if (print_page(o, &set, ret_output))
        return OPTIONS_PRINT;

    option_args_take_environment(&set, environment);
    if (o->config)
        option_file_take(&set, "config", o->config);
    check_lease(o, &set);
    option_set_open_files(&set);
    if (!option_set_is_good(&set)) {
        option_print_problems(&program, &set, ret_output);
        return OPTIONS_BAD;
    }
    if (!o->dump_config) {
        buf_print(ret_output, "%.*s", STR_ARGS(buf_str(&set.ignored)));
        return OPTIONS_RUN;
    }
    options_print(o, ret_output);
    return OPTIONS_PRINT;
}

void options_print(const struct options *o, struct buf *out)
{
    option_print_config(&program, o, out);
}

void options_release(struct options *o)
{
    option_values_release(specs, ARRAY_SIZE(specs), o);
}
