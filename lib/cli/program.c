#include "cli/program.h"

#include "cli/option_args.h"
#include "cli/option_complete.h"
#include "cli/option_file.h"
#include "cli/program_table.h"

static const void *value_of(const struct option_set *set, const char *name)
{
    const struct option_spec *spec = option_find(set->specs, set->n_specs, str_from(name));

    PRE(spec);
    return (const char *)set->values + spec->at;
}

static bool is_asked(const struct option_set *set, const char *name)
{
    return *(const bool *)value_of(set, name);
}

static void print_generated(const struct program *p, const struct program_own *own,
                            enum generate what, struct buf *out)
{
    switch (what) {
    case GENERATE_REFERENCE:
        option_print_reference(p, out);
        return;
    case GENERATE_METRICS:
        own->print_metrics(out);
        return;
    case GENERATE_BASH:
        option_complete_bash(p, out);
        return;
    case GENERATE_ZSH:
        option_complete_zsh(p, out);
        return;
    case GENERATE_FISH:
        option_complete_fish(p, out);
        return;
    }
    UNREACHABLE("no such page");
}

/* Pages that need no sound options; true when one was asked for. */
static bool print_page(const struct program *p, const struct program_own *own,
                       const struct option_set *set, struct buf *out)
{
    if (is_asked(set, "help"))
        option_print_help(p, out);
    else if (is_asked(set, "version"))
        buf_print(out, "%s %s\n", p->name, own->version);
    else if (option_set_differs(set, "generate"))
        print_generated(p, own, (enum generate) * (const int *)value_of(set, "generate"), out);
    else
        return false;
    return true;
}

enum options_verdict program_load(const struct program *p, const struct program_own *own,
                                  void *values, int argc, const char *const *argv,
                                  const char *const *environment, struct buf *ret_output)
{
    CLEANUP(option_set_release) struct option_set set = { 0 };
    const char *config;

    buf_init(ret_output, OPTION_PRINT_MAX_BYTES);
    option_set_init(&set, p->specs, p->n_specs, p->env_prefix, values);
    option_args_take(&set, argc - 1, argv + 1);
    if (print_page(p, own, &set, ret_output))
        return OPTIONS_PRINT;

    option_args_take_environment(&set, environment);
    config = *(char *const *)value_of(&set, "config");
    if (config)
        option_file_take(&set, "config", config);
    own->check(values, &set);
    option_set_open_files(&set);
    if (!option_set_is_good(&set)) {
        option_print_problems(p, &set, ret_output);
        return OPTIONS_BAD;
    }
    if (!is_asked(&set, "dump-config")) {
        buf_print(ret_output, "%.*s", STR_ARGS(buf_str(&set.ignored)));
        return OPTIONS_RUN;
    }
    option_print_config(p, values, ret_output);
    return OPTIONS_PRINT;
}
