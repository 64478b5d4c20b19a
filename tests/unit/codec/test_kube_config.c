#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "codec/kube_config.h"

#define CLUSTER "- {name: c, cluster: {server: 'https://127.0.0.1:6443/'}}\n"
#define CONTEXT "- {name: x, context: {cluster: c, user: u, namespace: prod}}\n"
#define FILE_OF(user)                                                                              \
    "clusters:\n" CLUSTER "contexts:\n" CONTEXT                                                    \
    "current-context: x\nusers:\n- {name: u, user: " user "}\n"

static enum err_code resolve(const char *text, const char *context, struct kube_login *login,
                             struct err *err)
{
    const struct kube_config_file file = { "/etc/kube/config", str_from(text) };

    return kube_config_resolve(&file, 1, context, login, err);
}

static bool secret_is(const struct secret *s, const char *text)
{
    return s->text ? strcmp(s->text, text) == 0 : text[0] == '\0';
}

static void a_login_is_all_its_context_says(void **state)
{
    CLEANUP(kube_login_release) struct kube_login l = { 0 };
    struct err err;
    (void)state;

    if (resolve(
            "apiVersion: v1\nkind: Config\ncurrent-context: x\ncontexts:\n" CONTEXT
            "- name: y\n  context: {cluster: d}\nclusters:\n"
            "- name: c\n  cluster:\n    server: https://api.example:6443\n"
            "    certificate-authority: pki/ca.crt\n    tls-server-name: kubernetes\n"
            "    proxy-url: http://127.0.0.1:3128\n"
            "- {name: d, cluster: {server: 'http://127.0.0.1:8001', "
            "certificate-authority-data: aGk=}}\n"
            "users:\n- name: u\n  user:\n    client-certificate-data: |\n      Y2Vy\n      dA==\n"
            "    client-certificate: ignored.crt\n    client-key: /abs/u.key\n    token: t0k\n"
            "    tokenFile: run/token\n    username: me\n    password: '1234'\n",
            NULL, &l, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(l.server, "https://api.example:6443");
    assert_string_equal(l.scope, "prod");
    assert_string_equal(l.ca_file, "/etc/kube/pki/ca.crt");
    assert_string_equal(l.tls_server_name, "kubernetes");
    assert_string_equal(l.proxy_url, "http://127.0.0.1:3128");
    assert_true(secret_is(&l.cert, "cert"));
    assert_null(l.cert_file);
    assert_string_equal(l.key_file, "/abs/u.key");
    assert_true(secret_is(&l.token, "t0k") && secret_is(&l.password, "1234"));
    assert_string_equal(l.token_file, "/etc/kube/run/token");
    assert_string_equal(l.username, "me");
    assert_null(l.exec.command);
    kube_login_release(&l);

    assert_int_equal(
        resolve("contexts:\n- {name: y, context: {cluster: d}}\nclusters:\n- {name: d, "
                "cluster: {server: 'http://127.0.0.1:8001', "
                "certificate-authority-data: aGk=}}\n",
                "y", &l, &err),
        ERR_OK);
    assert_true(secret_is(&l.ca, "hi"));
    assert_string_equal(l.scope, "default");
}

static void an_exec_plugin_is_as_it_is_written(void **state)
{
    static const struct {
        const char *mode;
        bool interactive, needs_terminal;
    } modes[] = { { "", true, false },
                  { "interactiveMode: Never, ", false, false },
                  { "interactiveMode: IfAvailable, ", true, false },
                  { "interactiveMode: Always, ", true, true } };
    char text[1000];
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        CLEANUP(kube_login_release) struct kube_login l = { 0 };
        struct err err;

        snprintf(text, sizeof(text),
                 FILE_OF("{exec: {apiVersion: client.authentication.k8s.io/v1, command: bin/login, "
                         "%sargs: [a, 'b c'], env: [{name: A, value: x=y}], "
                         "provideClusterInfo: true, installHint: get it}}"),
                 modes[i].mode);
        if (resolve(text, NULL, &l, &err) != ERR_OK)
            fail_msg("%s", err.msg);
        assert_string_equal(l.server, "https://127.0.0.1:6443");
        assert_string_equal(l.exec.command, "/etc/kube/bin/login");
        assert_string_equal(l.exec.args[0], "a");
        assert_string_equal(l.exec.args[1], "b c");
        assert_null(l.exec.args[2]);
        assert_string_equal(l.exec.env[0], "A=x=y");
        assert_string_equal(l.exec.install_hint, "get it");
        assert_true(l.exec.provide_cluster_info);
        assert_int_equal(l.exec.interactive, modes[i].interactive);
        assert_int_equal(l.exec.needs_terminal, modes[i].needs_terminal);
    }
}

static void a_bare_command_is_looked_up_in_the_path(void **state)
{
    CLEANUP(kube_login_release) struct kube_login l = { 0 };
    (void)state;

    assert_int_equal(resolve(FILE_OF("{exec: {apiVersion: client.authentication.k8s.io/v1beta1, "
                                     "command: login}}"),
                             NULL, &l, NULL),
                     ERR_OK);
    assert_string_equal(l.exec.command, "login");
}

static void the_first_file_that_defines_a_name_wins(void **state)
{
    const struct kube_config_file files[] = {
        { "/a/config", STR_LITERAL("users:\n- {name: u, user: {token: first}}\n") },
        { "/b/empty", STR_LITERAL("") },
        { "/c/config", STR_LITERAL(FILE_OF("{token: second}") "preferences: {}\n") },
        { "/d/config", STR_LITERAL("current-context: elsewhere\n") },
    };
    CLEANUP(kube_login_release) struct kube_login l = { 0 };
    (void)state;

    assert_int_equal(kube_config_resolve(files, ARRAY_SIZE(files), NULL, &l, NULL), ERR_OK);
    assert_true(secret_is(&l.token, "first"));
    kube_login_release(&l);
    assert_int_equal(kube_config_resolve(files, ARRAY_SIZE(files), "elsewhere", &l, NULL),
                     ERR_NOT_FOUND);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
    static const struct {
        const char *text;
        enum err_code code;
        const char *says;
    } rows[] = {
        { "", ERR_NOT_FOUND, "no current-context" },
        { "- a\n", ERR_INVALID, "must be a mapping" },
        { "a: [\n", ERR_INVALID, "/etc/kube/config: 2: not YAML" },
        { "current-context: z\n", ERR_NOT_FOUND, "no context 'z'" },
        { "current-context: x\ncontexts:\n- {name: x, context: {user: u}}\n", ERR_INVALID,
          "context 'x': cluster: is missing" },
        { "current-context: x\ncontexts:\n" CONTEXT, ERR_NOT_FOUND, "no cluster 'c'" },
        { "current-context: x\ncontexts:\n" CONTEXT "clusters:\n" CLUSTER, ERR_NOT_FOUND,
          "no user 'u'" },
        { "current-context: x\ncontexts:\n" CONTEXT "clusters:\n- {name: c}\n", ERR_INVALID,
          "cluster 'c': cluster: is missing" },
        { "current-context: x\ncontexts:\n" CONTEXT "clusters:\n- {name: c, cluster: {}}\n",
          ERR_INVALID, "server: is missing" },
        { "current-context: x\ncontexts:\n" CONTEXT
          "clusters:\n- {name: c, cluster: {server: 'ftp://localhost'}}\n",
          ERR_INVALID, "server: must be https" },
        { "current-context: x\ncontexts:\n" CONTEXT
          "clusters:\n- {name: c, cluster: {server: 'https://localhost x'}}\n",
          ERR_INVALID, "server: must be https" },
        { "current-context: x\ncontexts:\n" CONTEXT
          "clusters:\n- {name: c, cluster: {server: 'https://localhost', insecure-skip-tls-verify: "
          "true, "
          "certificate-authority: x}}\n",
          ERR_INVALID, "exclude" },
        { FILE_OF("{token: 12}"), ERR_INVALID, "user 'u': token: must be a text" },
        { FILE_OF("{client-certificate: x}"), ERR_INVALID, "go together" },
        { FILE_OF("{client-key-data: '?', client-certificate: x}"), ERR_INVALID,
          "client-key-data: is not base64" },
        { FILE_OF("{auth-provider: {name: gcp}}"), ERR_UNSUPPORTED, "auth-provider" },
        { FILE_OF("{as: admin}"), ERR_UNSUPPORTED, "as is not supported" },
        { FILE_OF("{exec: {command: x}}"), ERR_INVALID, "exec.apiVersion" },
        { FILE_OF("{exec: {apiVersion: client.authentication.k8s.io/v1}}"), ERR_INVALID,
          "exec.command: is missing" },
        { FILE_OF("{exec: {apiVersion: client.authentication.k8s.io/v1, command: x, args: [1]}}"),
          ERR_INVALID, "exec.args" },
        { FILE_OF("{exec: {apiVersion: client.authentication.k8s.io/v1, command: x, env: [a]}}"),
          ERR_INVALID, "exec.env" },
        { FILE_OF("{exec: {apiVersion: client.authentication.k8s.io/v1, command: x, "
                  "interactiveMode: Maybe}}"),
          ERR_INVALID, "exec.interactiveMode" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct kube_login l = { 0 };
        struct err err = { 0 };
        const enum err_code rc = resolve(rows[i].text, NULL, &l, &err);

        if (rc != rows[i].code || !strstr(err.msg, rows[i].says))
            fail_msg("row %zu: %d, '%s'", i, (int)rc, err.msg);
        assert_null(l.server);
    }
}

static void a_pod_finds_its_api_server(void **state)
{
    CLEANUP(kube_login_release) struct kube_login l = { 0 };
    (void)state;

    assert_int_equal(
        kube_config_in_cluster("127.0.0.1", "443", "/sa", STR_LITERAL("prod"), &l, NULL), ERR_OK);
    assert_string_equal(l.server, "https://127.0.0.1:443");
    assert_string_equal(l.scope, "prod");
    assert_string_equal(l.ca_file, "/sa/ca.crt");
    assert_string_equal(l.token_file, "/sa/token");
    kube_login_release(&l);
    assert_int_equal(kube_config_in_cluster("::1", "443", "/sa", (struct str){ 0 }, &l, NULL),
                     ERR_OK);
    assert_string_equal(l.server, "https://[::1]:443");
    assert_string_equal(l.scope, "default");
    kube_login_release(&l);
    assert_int_equal(kube_config_in_cluster("", "443", "/sa", (struct str){ 0 }, &l, NULL),
                     ERR_INVALID);
    assert_int_equal(kube_config_in_cluster("a", "0", "/sa", (struct str){ 0 }, &l, NULL),
                     ERR_INVALID);
}

static void note_name(void *self, struct str name)
{
    buf_print(self, "%.*s,", STR_ARGS(name));
}

static void contexts_are_told_once_each(void **state)
{
    const struct kube_config_file files[] = {
        { "a", STR_LITERAL("contexts:\n- {name: x}\n- {name: 'y/z@c'}\n- {name: x}\n- {}\n- 7\n") },
        { "b", STR_LITERAL("kind: Config\n") },
        { "c", STR_LITERAL("contexts: [{name: 'y/z@c'}, {name: w}]\n") },
        { "d", STR_LITERAL("[]\n") },
    };
    CLEANUP(buf_release) struct buf names = { 0 };
    struct err err = { 0 };
    (void)state;

    buf_init(&names, 256);
    assert_int_equal(kube_config_each_context(files, 3, note_name, &names, &err), ERR_OK);
    assert_true(str_eq(buf_str(&names), STR_LITERAL("x,y/z@c,w,")));
    assert_int_equal(kube_config_each_context(files, 4, note_name, &names, &err), ERR_INVALID);
    assert_true(str_eq(buf_str(&names), STR_LITERAL("x,y/z@c,w,")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts_are_told_once_each),
        cmocka_unit_test(a_login_is_all_its_context_says),
        cmocka_unit_test(an_exec_plugin_is_as_it_is_written),
        cmocka_unit_test(a_bare_command_is_looked_up_in_the_path),
        cmocka_unit_test(the_first_file_that_defines_a_name_wins),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(a_pod_finds_its_api_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
