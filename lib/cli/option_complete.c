#include "cli/option_complete.h"

static void print_choices(const struct option_spec *spec, struct buf *out)
{
    for (size_t i = 0; spec->allowed[i]; i++)
        buf_print(out, "%s%s", i > 0 ? " " : "", spec->allowed[i]);
}

static void print_bash_case(const struct option_spec *spec, struct buf *out)
{
    if (spec->type == OPTION_BOOL)
        return;
    buf_print(out, "        --%s) ", spec->name);
    if (spec->type == OPTION_CHOICE) {
        buf_print(out, "COMPREPLY=($(compgen -W '");
        print_choices(spec, out);
        buf_print(out, "' -- \"$word\"))");
    } else if (option_names_file(spec)) {
        buf_print(out, "compopt -o default; COMPREPLY=()");
    } else {
        buf_print(out, "COMPREPLY=()");
    }
    buf_print(out, "; return ;;\n");
}

void option_complete_bash(const struct program *p, struct buf *out)
{
    buf_print(out,
              "# bash completion for %s\n"
              "_redwal_complete() {\n"
              "    local word=$2 before=$3\n"
              "    case $before in\n",
              p->name);
    for (size_t i = 0; i < p->n_specs; i++)
        print_bash_case(&p->specs[i], out);
    buf_print(out, "    esac\n    COMPREPLY=($(compgen -W '");
    for (size_t i = 0; i < p->n_specs; i++) {
        buf_print(out, "%s--%s", i > 0 ? " " : "", p->specs[i].name);
        if (option_can_negate(&p->specs[i]))
            buf_print(out, " --no-%s", p->specs[i].name);
    }
    buf_print(out, "' -- \"$word\"))\n}\ncomplete -F _redwal_complete %s\n", p->name);
}

/* Help texts stand between single quotes and brackets. */
static void print_zsh_text(const char *text, struct buf *out)
{
    for (; *text; text++) {
        if (*text == '\'')
            buf_print(out, "'\\''");
        else if (*text == '[' || *text == ']' || *text == ':')
            buf_print(out, "\\%c", *text);
        else
            buf_print(out, "%c", *text);
    }
}

static void print_zsh_option(const struct option_spec *spec, struct buf *out)
{
    buf_print(out, "    '--%s%s[", spec->name, spec->type == OPTION_BOOL ? "" : "=");
    print_zsh_text(spec->help, out);
    buf_print(out, "]");
    if (spec->type != OPTION_BOOL)
        buf_print(out, ":%s:", spec->argument);
    if (spec->type == OPTION_CHOICE) {
        buf_print(out, "(");
        print_choices(spec, out);
        buf_print(out, ")");
    } else if (option_names_file(spec)) {
        buf_print(out, "_files");
    }
    buf_print(out, "' \\\n");
    if (option_can_negate(spec))
        buf_print(out, "    '--no-%s[Off\\: --%s]' \\\n", spec->name, spec->name);
}

void option_complete_zsh(const struct program *p, struct buf *out)
{
    buf_print(out, "#compdef %s\n_arguments -S \\\n", p->name);
    for (size_t i = 0; i < p->n_specs; i++)
        print_zsh_option(&p->specs[i], out);
    buf_print(out, "    '*: :'\n");
}

static void print_fish_text(const char *text, struct buf *out)
{
    for (; *text; text++)
        buf_print(out, *text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
}

static void print_fish_option(const struct program *p, const struct option_spec *spec,
                              struct buf *out)
{
    buf_print(out, "complete -c %s -l %s", p->name, spec->name);
    if (spec->type == OPTION_CHOICE) {
        buf_print(out, " -x -a '");
        print_choices(spec, out);
        buf_print(out, "'");
    } else if (spec->type != OPTION_BOOL) {
        buf_print(out, option_names_file(spec) ? " -r -F" : " -x");
    }
    buf_print(out, " -d '");
    print_fish_text(spec->help, out);
    buf_print(out, "'\n");
    if (option_can_negate(spec))
        buf_print(out, "complete -c %s -l no-%s -d 'Off: --%s'\n", p->name, spec->name, spec->name);
}

void option_complete_fish(const struct program *p, struct buf *out)
{
    buf_print(out, "complete -c %s -f\n", p->name);
    for (size_t i = 0; i < p->n_specs; i++)
        print_fish_option(p, &p->specs[i], out);
}
