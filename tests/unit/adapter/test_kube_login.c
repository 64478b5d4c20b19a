#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter/kube_credentials.h"
#include "adapter/kube_load.h"
#include "base/check.h"

enum { PATH_SIZE = 200 };

/* A directory of the test's own, in which it then is. */
static char directory[] = "/tmp/redwal-kube-XXXXXX";

static int enter_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int leave_directory(void **state)
{
    static const char *const names[] = { "a",         "b",     "token",
                                         "login",     "env",   ".kube/config",
                                         "namespace", "ca.crt" };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        unlink(names[i]);
    rmdir(".kube");
    return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

#define CONFIG(server)                                                                             \
    "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"                           \
    "clusters: [{name: c, cluster: {server: '" server "'}}]\n"

/* From the most particular place to the least. */
static void a_login_is_found_where_kubectl_finds_it(void **state)
{
    struct kube_place place = { .kubeconfig = "a",
                                .files = "none::b",
                                .home = directory,
                                .host = "127.0.0.1",
                                .port = "443",
                                .account = directory };
    struct kube_login l = { 0 };
    struct err err;
    (void)state;

    write_file("a", CONFIG("https://localhost:1"));
    write_file("b", CONFIG("https://localhost:2"));
    mkdir(".kube", 0700);
    write_file(".kube/config", CONFIG("https://localhost:3"));
    write_file("namespace", "prod\n");
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(kube_load(&place, &l, &err), ERR_OK);
        assert_int_equal(l.server[strlen(l.server) - 1] - '0', i);
        kube_login_release(&l);
        if (i == 1)
            place.kubeconfig = NULL;
        else
            place.files = "";
    }
    unlink(".kube/config");
    assert_int_equal(kube_load(&place, &l, &err), ERR_OK);
    assert_string_equal(l.server, "https://127.0.0.1:443");
    assert_string_equal(l.scope, "prod");
    kube_login_release(&l);
    place.scope = "named";
    assert_int_equal(kube_load(&place, &l, &err), ERR_OK);
    assert_string_equal(l.scope, "named");
    kube_login_release(&l);
    place.host = NULL;
    assert_int_equal(kube_load(&place, &l, &err), ERR_NOT_FOUND);
}

static void what_is_named_must_be_there_and_be_good(void **state)
{
    struct kube_place place = { .kubeconfig = "none", .files = "b" };
    struct kube_login l = { 0 };
    struct err err;
    (void)state;

    assert_int_equal(kube_load(&place, &l, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, "none: cannot be opened"));
    place.kubeconfig = directory;
    assert_int_equal(kube_load(&place, &l, &err), ERR_INVALID);
    place.kubeconfig = NULL;
    place.files = "none:no such";
    place.host = "127.0.0.1";
    place.port = "443";
    assert_int_equal(kube_load(&place, &l, &err), ERR_NOT_FOUND);
    write_file("b", "a: [\n");
    place.files = "b";
    assert_int_equal(kube_load(&place, &l, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "b: 2: not YAML"));
}

static void a_token_file_is_read_again_when_the_token_is_refused(void **state)
{
    char path[] = "token";
    const struct kube_login login = { .token_file = path };
    CLEANUP(kube_credentials_release) struct kube_credentials c;
    struct err err;
    (void)state;

    kube_credentials_init(&c, &login);
    assert_int_equal(kube_credentials_refresh(&c, &err), ERR_DENIED);
    write_file("token", "two words");
    assert_int_equal(kube_credentials_refresh(&c, &err), ERR_DENIED);
    assert_null(strstr(err.msg, "two"));
    write_file("token", "first\n");
    assert_int_equal(kube_credentials_refresh(&c, &err), ERR_OK);
    assert_string_equal(kube_credentials_token(&c)->text, "first");
    write_file("token", "second\n");
    assert_int_equal(kube_credentials_refresh(&c, &err), ERR_OK);
    assert_string_equal(kube_credentials_token(&c)->text, "first");
    kube_credentials_refused(&c);
    assert_int_equal(kube_credentials_refresh(&c, &err), ERR_OK);
    assert_string_equal(kube_credentials_token(&c)->text, "second");
    unlink("token");
    kube_credentials_refused(&c);
    assert_int_equal(kube_credentials_refresh(&c, &err), ERR_OK); /* it may well be good */
    assert_string_equal(kube_credentials_token(&c)->text, "second");
}

#define HEADER  "#!/bin/sh\n"
#define VERSION "client.authentication.k8s.io/v1"
#define PRINT(status)                                                                              \
    "echo '{\"apiVersion\":\"" VERSION "\",\"kind\":\"ExecCredential\",\"status\":{" status "}}'"  \
    "\n"

static struct kube_login with_plugin(char *command, char *version, const char *script)
{
    write_file("login", script);
    assert_int_equal(chmod("login", 0700), 0);
    return (struct kube_login){ .exec = { .command = command, .api_version = version } };
}

static void a_plugin_prints_credentials_or_says_why_not(void **state)
{
    static const struct {
        const char *script;
        enum err_code code;
        const char *says;
    } rows[] = {
        { HEADER PRINT("\"token\":\"t\""), ERR_OK, "" },
        { HEADER "test $# = 1 && test \"$1\" = 'an argument' || exit 9\n" PRINT("\"token\":\"t\""),
          ERR_OK, "" },
        { HEADER "read -r line && exit 9\n" PRINT("\"token\":\"t\""), ERR_OK, "" },
        { HEADER "test \"$A\" = ours || exit 9\n" PRINT("\"token\":\"t\""), ERR_OK, "" },
        { HEADER "echo no >&2; exit 3\n", ERR_DENIED, "exit status 3" },
        { HEADER "kill -9 $$\n", ERR_DENIED, "signal 9" },
        { HEADER "echo no\n", ERR_CORRUPT, "not JSON" },
        { HEADER PRINT(""), ERR_CORRUPT, "neither a token" },
        { HEADER "head -c 300000 /dev/zero\n", ERR_LIMIT, "bytes of output" },
        { "#!/no/such/interpreter\n", ERR_DENIED, "" },
    };
    char command[] = "./login", version[] = VERSION, argument[] = "an argument", env[] = "A=ours";
    (void)state;

    setenv("A", "theirs", 1);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(kube_credential_release) struct kube_credential c = { 0 };
        struct kube_login login = with_plugin(command, version, rows[i].script);
        struct err err = { 0 };
        enum err_code rc;

        login.exec.args[0] = argument;
        login.exec.env[0] = env;
        rc = kube_exec_run(&login, &c, &err);
        if (rc != rows[i].code || !strstr(err.msg, rows[i].says))
            fail_msg("row %zu: %d, '%s'", i, (int)rc, err.msg);
        if (rc == ERR_OK)
            assert_string_equal(c.token.text, "t");
    }
}

static void a_plugin_that_needs_a_terminal_is_not_run_without(void **state)
{
    char command[] = "./login", version[] = VERSION;
    struct kube_login login = with_plugin(command, version, HEADER PRINT("\"token\":\"t\""));
    struct kube_credential c;
    struct err err;
    (void)state;

    login.exec.needs_terminal = true;
    assert_int_equal(kube_exec_run(&login, &c, &err), ERR_DENIED);
    assert_non_null(strstr(err.msg, "terminal"));
}

static void a_plugin_is_asked_again_when_its_credential_ends(void **state)
{
    char command[] = "./login", version[] = VERSION;
    const struct kube_login login =
        with_plugin(command, version,
                    HEADER "echo x >>env\n" PRINT("\"token\":\"t\",\"expirationTimestamp\":"
                                                  "\"2000-01-01T00:00:00Z\""));
    CLEANUP(kube_credentials_release) struct kube_credentials c;
    struct stat seen;
    (void)state;

    kube_credentials_init(&c, &login);
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(kube_credentials_refresh(&c, NULL), ERR_OK);
        assert_int_equal(stat("env", &seen), 0);
        assert_int_equal(seen.st_size, 2 * i);
    }
    c.exec.expires_wall_ms = INT64_MAX;
    assert_int_equal(kube_credentials_refresh(&c, NULL), ERR_OK);
    assert_int_equal(stat("env", &seen), 0);
    assert_int_equal(seen.st_size, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_login_is_found_where_kubectl_finds_it),
        cmocka_unit_test(what_is_named_must_be_there_and_be_good),
        cmocka_unit_test(a_token_file_is_read_again_when_the_token_is_refused),
        cmocka_unit_test(a_plugin_prints_credentials_or_says_why_not),
        cmocka_unit_test(a_plugin_that_needs_a_terminal_is_not_run_without),
        cmocka_unit_test(a_plugin_is_asked_again_when_its_credential_ends),
    };

    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
