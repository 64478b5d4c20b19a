#include "cli/option_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "cli/option_complete.h"

struct values {
    char *wal;
    struct secret_file password;
    bool tls, help;
    int64_t timeout_ms;
    int policy;
};

static const char *const policies[] = { "skip", "halt", NULL };

#define AT(field) offsetof(struct values, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "wal",           OPTION_NAME,     OPTION_ANYWHERE, AT(wal),        "NAME", "redis", 1, 63,   NULL,     "General", "Name of the WAL" },
    { "password-file", OPTION_SECRET,   OPTION_ANYWHERE, AT(password),   "FILE", NULL,    0, 0,    NULL,     "General", "Redis's password" },
    { "tls",           OPTION_BOOL,     OPTION_ANYWHERE, AT(tls),        NULL,   "false", 0, 0,    NULL,     "Redis",   "Talk TLS" },
    { "timeout",       OPTION_DURATION, OPTION_LIVE,     AT(timeout_ms), "T",    "3s",    1, 5000, NULL,     "Redis",   "A primary that does not answer is given up after this long" },
    { "policy",        OPTION_CHOICE,   OPTION_ANYWHERE, AT(policy),     "P",    "skip",  0, 0,    policies, "Redis",   "What then [now]" },
    { "help",          OPTION_BOOL,     OPTION_ACTION,   AT(help),       NULL,   NULL,    0, 0,    NULL,     "Instead", "Show this" },
};
/* clang-format on */

static const struct program program = {
    .name = "app",
    .summary = "Runs it",
    .synopsis = "app [options]",
    .notes = "Note.\n",
    .env_prefix = "APP_",
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
};

static void assert_text(struct buf *got, const char *expected)
{
    if (!str_eq(buf_str(got), str_from(expected)))
        fail_msg("got:\n%.*s\nexpected:\n%s", STR_ARGS(buf_str(got)), expected);
}

typedef void page_fn(const struct program *p, struct buf *out);

static void assert_page(page_fn *page, const char *expected)
{
    CLEANUP(buf_release) struct buf out = { 0 };

    buf_init(&out, OPTION_PRINT_MAX_BYTES);
    page(&program, &out);
    assert_text(&out, expected);
}

static void help_is_grouped_and_tells_defaults(void **state)
{
    (void)state;
    assert_page(option_print_help,
                "app: Runs it\n"
                "\n"
                "Usage: app [options]\n"
                "\n"
                "General:\n"
                "  --wal NAME                          Name of the WAL (default redis)\n"
                "  --password-file FILE                Redis's password\n"
                "\n"
                "Redis:\n"
                "  --[no-]tls                          Talk TLS\n"
                "  --timeout T                         A primary that does not answer is given up "
                "after this long\n"
                "                                      (default 3s)\n"
                "  --policy P                          What then [now]; one of skip, halt (default "
                "skip)\n"
                "\n"
                "Instead:\n"
                "  -h, --help                          Show this\n"
                "\n"
                "Note.\n");
}

static void the_reference_has_a_row_for_every_option(void **state)
{
    (void)state;
    assert_page(
        option_print_reference,
        "# app\n\nRuns it.\n\n    app [options]\n\nNote.\n"
        "\n## General\n\n"
        "| option | environment | default | allowed | meaning |\n|---|---|---|---|---|\n"
        "| `--wal NAME` | `APP_WAL` | `redis` | 1 to 63 letters, digits, '.', '_' and '-' "
        "| Name of the WAL |\n"
        "| `--password-file FILE` | `APP_PASSWORD_FILE` |  | a file of 1 to 4096 bytes that "
        "holds only the secret | Redis's password |\n"
        "\n## Redis\n\n"
        "| option | environment | default | allowed | meaning |\n|---|---|---|---|---|\n"
        "| `--[no-]tls` | `APP_TLS` | `false` |  | Talk TLS |\n"
        "| `--timeout T` | `APP_TIMEOUT` | `3s` | a duration (ms, s, m, h) from 1ms to 5s | "
        "A primary that does not answer is given up after this long |\n"
        "| `--policy P` | `APP_POLICY` | `skip` | one of skip, halt | What then [now] |\n"
        "\n## Instead\n\n"
        "| option | environment | default | allowed | meaning |\n|---|---|---|---|---|\n"
        "| `-h, --help` |  |  |  | Show this |\n");
}

static void what_takes_effect_while_it_runs_is_marked(void **state)
{
    CLEANUP(buf_release) struct buf out = { 0 };
    struct program reloading = program;
    (void)state;

    reloading.reloads = true;
    buf_init(&out, OPTION_PRINT_MAX_BYTES);
    option_print_reference(&reloading, &out);
    option_print_help(&reloading, &out);
    assert_true(buf_append(&out, "", 1));
    assert_non_null(strstr(out.p, "given up after this long (live) |\n"));
    assert_non_null(strstr(out.p, "(default 3s) (live)\n"));
    assert_null(strstr(out.p, "Talk TLS (live)"));
}

static void the_configuration_shows_files_and_never_what_is_in_them(void **state)
{
    char path[] = "/run/pw \"1\"", text[] = "hunter2", wal[] = "or:ders";
    const struct values values = { .wal = wal,
                                   .password = { path, { text, sizeof(text) - 1 } },
                                   .timeout_ms = 1500,
                                   .policy = 1,
                                   .help = true };
    CLEANUP(buf_release) struct buf out = { 0 };
    (void)state;

    buf_init(&out, OPTION_PRINT_MAX_BYTES);
    option_print_config(&program, &values, &out);

    assert_text(&out, "wal: \"or:ders\"\npassword-file: \"/run/pw \\\"1\\\"\"\ntls: false\n"
                      "timeout: 1500ms\npolicy: halt\n");
}

static void bash_completes_names_choices_and_files(void **state)
{
    (void)state;
    assert_page(option_complete_bash,
                "# bash completion for app\n"
                "_redwal_complete() {\n"
                "    local word=$2 before=$3\n"
                "    case $before in\n"
                "        --wal) COMPREPLY=(); return ;;\n"
                "        --password-file) compopt -o default; COMPREPLY=(); return ;;\n"
                "        --timeout) COMPREPLY=(); return ;;\n"
                "        --policy) COMPREPLY=($(compgen -W 'skip halt' -- \"$word\")); return ;;\n"
                "    esac\n"
                "    COMPREPLY=($(compgen -W '--wal --password-file --tls --no-tls --timeout "
                "--policy --help' -- \"$word\"))\n"
                "}\n"
                "complete -F _redwal_complete app\n");
}

static void zsh_completes_names_choices_and_files(void **state)
{
    (void)state;
    assert_page(
        option_complete_zsh,
        "#compdef app\n"
        "_arguments -S \\\n"
        "    '--wal=[Name of the WAL]:NAME:' \\\n"
        "    '--password-file=[Redis'\\''s password]:FILE:_files' \\\n"
        "    '--tls[Talk TLS]' \\\n"
        "    '--no-tls[Off\\: --tls]' \\\n"
        "    '--timeout=[A primary that does not answer is given up after this long]:T:' \\\n"
        "    '--policy=[What then \\[now\\]]:P:(skip halt)' \\\n"
        "    '--help[Show this]' \\\n"
        "    '*: :'\n");
}

static void fish_completes_names_choices_and_files(void **state)
{
    (void)state;
    assert_page(option_complete_fish,
                "complete -c app -f\n"
                "complete -c app -l wal -x -d 'Name of the WAL'\n"
                "complete -c app -l password-file -r -F -d 'Redis\\'s password'\n"
                "complete -c app -l tls -d 'Talk TLS'\n"
                "complete -c app -l no-tls -d 'Off: --tls'\n"
                "complete -c app -l timeout -x -d 'A primary that does not answer is given up "
                "after this long'\n"
                "complete -c app -l policy -x -a 'skip halt' -d 'What then [now]'\n"
                "complete -c app -l help -d 'Show this'\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_is_grouped_and_tells_defaults),
        cmocka_unit_test(the_reference_has_a_row_for_every_option),
        cmocka_unit_test(what_takes_effect_while_it_runs_is_marked),
        cmocka_unit_test(the_configuration_shows_files_and_never_what_is_in_them),
        cmocka_unit_test(bash_completes_names_choices_and_files),
        cmocka_unit_test(zsh_completes_names_choices_and_files),
        cmocka_unit_test(fish_completes_names_choices_and_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
