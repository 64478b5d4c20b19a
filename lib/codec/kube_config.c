#include "codec/kube_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/address.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/mem.h"
#include "codec/yaml_json.h"

enum { PATH_MAX_BYTES = 4096, URL_MAX_BYTES = 2048 };

/* The files' documents, and the one a thing was found in. */
struct config {
    const struct kube_config_file *files;
    json_t *documents[KUBE_CONFIG_FILES_MAX];
    size_t n;
};

/* A named entry: "user 'admin' of /etc/kube/config". */
struct entry {
    const char *what, *name, *path;
    const json_t *value;
};

static void config_release(struct config *c)
{
    for (size_t i = 0; i < c->n; i++)
        json_decref(c->documents[i]);
}

static void exec_release(struct kube_exec *e)
{
    free(e->command);
    free(e->api_version);
    free(e->install_hint);
    for (size_t i = 0; i < KUBE_EXEC_WORDS_MAX; i++) {
        free(e->args[i]);
        if (e->env[i])
            secret_wipe(e->env[i], strlen(e->env[i]));
        free(e->env[i]);
    }
}

void kube_login_release(struct kube_login *l)
{
    free(l->server);
    free(l->scope);
    free(l->tls_server_name);
    free(l->proxy_url);
    free(l->ca_file);
    free(l->cert_file);
    free(l->key_file);
    free(l->token_file);
    free(l->username);
    secret_release(&l->ca);
    secret_release(&l->cert);
    secret_release(&l->key);
    secret_release(&l->token);
    secret_release(&l->password);
    exec_release(&l->exec);
    *l = (struct kube_login){ 0 };
}

static enum err_code wrong(const struct entry *e, const char *field, struct err *err,
                           const char *what)
{
    return err_set(err, ERR_INVALID, "%s: %s '%s': %s: %s", e->path, e->what, e->name, field, what);
}

/* --- fields ----------------------------------------------------------------------------------- */

/* Absent, null and "" are the same: NULL. */
static enum err_code text_of(const struct entry *e, const char *field, const char **ret,
                             struct err *err)
{
    const json_t *v = json_object_get(e->value, field);

    *ret = NULL;
    if (!v || json_is_null(v))
        return ERR_OK;
    if (!json_is_string(v))
        return wrong(e, field, err, "must be a text (put it in quotes)");
    if (json_string_length(v) > 0)
        *ret = json_string_value(v);
    return ERR_OK;
}

static enum err_code take_text(const struct entry *e, const char *field, char **ret,
                               struct err *err)
{
    const char *text;
    const enum err_code rc = text_of(e, field, &text, err);

    if (rc == ERR_OK && text)
        *ret = mem_copy_string(text);
    return rc;
}

static enum err_code take_bool(const struct entry *e, const char *field, bool *ret, struct err *err)
{
    const json_t *v = json_object_get(e->value, field);

    if (v && !json_is_boolean(v))
        return wrong(e, field, err, "must be true or false");
    *ret = json_is_true(v);
    return ERR_OK;
}

static enum err_code take_secret(const struct entry *e, const char *field, struct secret *ret,
                                 struct err *err)
{
    const char *text;
    const enum err_code rc = text_of(e, field, &text, err);

    if (rc == ERR_OK && text)
        secret_set(ret, str_from(text));
    return rc;
}

/* Base64 of PEM, which people fold over lines. */
static enum err_code take_data(const struct entry *e, const char *field, struct secret *ret,
                               struct err *err)
{
    const char *text;
    char *packed, *bytes;
    size_t n_packed = 0, n;
    bool good;
    const enum err_code rc = text_of(e, field, &text, err);

    if (rc != ERR_OK || !text)
        return rc;
    packed = mem_new(strlen(text) + 1, 1);
    for (const char *c = text; *c; c++)
        if (*c != '\n' && *c != ' ')
            packed[n_packed++] = *c;
    bytes = mem_new(n_packed + 1, 1);
    good = base64_decode((struct str){ packed, n_packed }, bytes, &n) && n > 0 &&
           !memchr(bytes, '\0', n);
    if (good)
        secret_set(ret, (struct str){ bytes, n });
    secret_wipe(packed, n_packed);
    secret_wipe(bytes, n_packed);
    free(packed);
    free(bytes);
    return good ? ERR_OK : wrong(e, field, err, "is not base64 of PEM");
}

/* A relative path is relative to its file's directory. */
static enum err_code take_path(const struct entry *e, const char *field, char **ret,
                               struct err *err)
{
    const char *text, *slash = strrchr(e->path, '/');
    const enum err_code rc = text_of(e, field, &text, err);
    char path[PATH_MAX_BYTES];
    int n;

    if (rc != ERR_OK || !text)
        return rc;
    n = snprintf(path, sizeof(path), "%.*s%s",
                 text[0] == '/' || !slash ? 0 : (int)(slash - e->path + 1), e->path, text);
    if (n < 0 || (size_t)n >= sizeof(path))
        return wrong(e, field, err, "is too long a path");
    *ret = mem_copy_string(path);
    return ERR_OK;
}

/* "x-data" stands above "x". */
static enum err_code take_pem(const struct entry *e, const char *field, const char *data_field,
                              char **ret_path, struct secret *ret_data, struct err *err)
{
    const enum err_code rc = take_data(e, data_field, ret_data, err);

    if (rc != ERR_OK || ret_data->n > 0)
        return rc;
    return take_path(e, field, ret_path, err);
}

/* --- sections --------------------------------------------------------------------------------- */

static bool is_url(const char *text, const char *scheme)
{
    const size_t n = strlen(scheme);

    return strncmp(text, scheme, n) == 0 && text[n] != '\0' && strlen(text) < URL_MAX_BYTES &&
           !strpbrk(text, " \t\r\n\"<>\\^`{|}?#@");
}

static enum err_code take_server(const struct entry *e, char **ret, struct err *err)
{
    enum err_code rc = take_text(e, "server", ret, err);
    size_t n;

    if (rc != ERR_OK)
        return rc;
    if (!*ret)
        return wrong(e, "server", err, "is missing");
    if (!is_url(*ret, "https://") && !is_url(*ret, "http://"))
        return wrong(e, "server", err, "must be https://<host>:<port>");
    for (n = strlen(*ret); n > 0 && (*ret)[n - 1] == '/'; n--)
        (*ret)[n - 1] = '\0';
    return ERR_OK;
}

static enum err_code take_cluster(const struct entry *e, struct kube_login *l, struct err *err)
{
    enum err_code rc = take_server(e, &l->server, err);

    if (rc == ERR_OK)
        rc = take_text(e, "tls-server-name", &l->tls_server_name, err);
    if (rc == ERR_OK)
        rc = take_text(e, "proxy-url", &l->proxy_url, err);
    if (rc == ERR_OK)
        rc = take_bool(e, "insecure-skip-tls-verify", &l->insecure, err);
    if (rc == ERR_OK)
        rc = take_pem(e, "certificate-authority", "certificate-authority-data", &l->ca_file, &l->ca,
                      err);
    if (rc == ERR_OK && l->insecure && (l->ca_file || l->ca.n > 0))
        rc = wrong(e, "insecure-skip-tls-verify", err,
                   "and a certificate authority exclude each "
                   "other");
    return rc;
}

static enum err_code take_words(const struct entry *e, char *words[], struct err *err)
{
    const json_t *list = json_object_get(e->value, "args");

    if (list && !json_is_null(list) && !json_is_array(list))
        return wrong(e, "exec.args", err, "must be a list");
    if (json_array_size(list) > KUBE_EXEC_WORDS_MAX)
        return wrong(e, "exec.args", err, "are too many");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *word = json_array_get(list, i);

        if (!json_is_string(word))
            return wrong(e, "exec.args", err, "must be texts (put them in quotes)");
        words[i] = mem_copy_string(json_string_value(word));
    }
    return ERR_OK;
}

static enum err_code take_env(const struct entry *e, char *env[], struct err *err)
{
    const json_t *list = json_object_get(e->value, "env");

    if (list && !json_is_null(list) && !json_is_array(list))
        return wrong(e, "exec.env", err, "must be a list");
    if (json_array_size(list) > KUBE_EXEC_WORDS_MAX)
        return wrong(e, "exec.env", err, "are too many");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *pair = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(pair, "name"));
        const char *value = json_string_value(json_object_get(pair, "value"));
        size_t n;

        if (!name || !value || name[0] == '\0' || strchr(name, '='))
            return wrong(e, "exec.env", err, "must have a name and a value each, as texts");
        n = strlen(name) + strlen(value) + 2;
        env[i] = mem_new(n, 1);
        snprintf(env[i], n, "%s=%s", name, value);
    }
    return ERR_OK;
}

static enum err_code take_mode(const struct entry *e, struct kube_exec *x, struct err *err)
{
    const char *mode;
    const enum err_code rc = text_of(e, "interactiveMode", &mode, err);

    if (rc != ERR_OK)
        return rc;
    if (mode && strcmp(mode, "Never") != 0 && strcmp(mode, "IfAvailable") != 0 &&
        strcmp(mode, "Always") != 0)
        return wrong(e, "exec.interactiveMode", err, "must be Never, IfAvailable or Always");
    x->needs_terminal = mode && strcmp(mode, "Always") == 0;
    x->interactive = !mode || strcmp(mode, "Never") != 0;
    return ERR_OK;
}

static enum err_code take_exec(const struct entry *user, struct kube_exec *x, struct err *err)
{
    struct entry e = *user;
    enum err_code rc;

    e.value = json_object_get(user->value, "exec");
    if (!e.value || json_is_null(e.value))
        return ERR_OK;
    rc = take_text(&e, "apiVersion", &x->api_version, err);
    if (rc != ERR_OK)
        return rc;
    if (!x->api_version || (strcmp(x->api_version, "client.authentication.k8s.io/v1") != 0 &&
                            strcmp(x->api_version, "client.authentication.k8s.io/v1beta1") != 0))
        return wrong(&e, "exec.apiVersion", err, "must be client.authentication.k8s.io/v1");
    rc = take_path(&e, "command", &x->command, err);
    /* A bare name is looked up in PATH; one with a slash is relative to the file. */
    if (rc == ERR_OK && x->command &&
        !strchr(json_string_value(json_object_get(e.value, "command")), '/')) {
        free(x->command);
        x->command = NULL;
        rc = take_text(&e, "command", &x->command, err);
    }
    if (rc == ERR_OK && !x->command)
        rc = wrong(&e, "exec.command", err, "is missing");
    if (rc == ERR_OK)
        rc = take_words(&e, x->args, err);
    if (rc == ERR_OK)
        rc = take_env(&e, x->env, err);
    if (rc == ERR_OK)
        rc = take_text(&e, "installHint", &x->install_hint, err);
    if (rc == ERR_OK)
        rc = take_bool(&e, "provideClusterInfo", &x->provide_cluster_info, err);
    return rc == ERR_OK ? take_mode(&e, x, err) : rc;
}

static enum err_code refuse_unsupported(const struct entry *e, struct err *err)
{
    static const char *const fields[] = { "auth-provider", "as", "as-uid", "as-groups",
                                          "as-user-extra" };

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (json_object_get(e->value, fields[i]))
            return err_set(err, ERR_UNSUPPORTED, "%s: user '%s': %s is not supported%s", e->path,
                           e->name, fields[i], i == 0 ? "; use an exec plugin in its place" : "");
    return ERR_OK;
}

static enum err_code take_user(const struct entry *e, struct kube_login *l, struct err *err)
{
    enum err_code rc = refuse_unsupported(e, err);

    if (rc == ERR_OK)
        rc = take_pem(e, "client-certificate", "client-certificate-data", &l->cert_file, &l->cert,
                      err);
    if (rc == ERR_OK)
        rc = take_pem(e, "client-key", "client-key-data", &l->key_file, &l->key, err);
    if (rc == ERR_OK && (l->cert_file || l->cert.n > 0) != (l->key_file || l->key.n > 0))
        rc = wrong(e, "client-certificate", err, "and client-key go together");
    if (rc == ERR_OK)
        rc = take_secret(e, "token", &l->token, err);
    if (rc == ERR_OK)
        rc = take_path(e, "tokenFile", &l->token_file, err);
    if (rc == ERR_OK)
        rc = take_text(e, "username", &l->username, err);
    if (rc == ERR_OK)
        rc = take_secret(e, "password", &l->password, err);
    return rc == ERR_OK ? take_exec(e, &l->exec, err) : rc;
}

/* --- files ------------------------------------------------------------------------------------ */

static enum err_code read_file(struct config *c, const struct kube_config_file *file,
                               struct err *err)
{
    const enum err_code rc = yaml_json_parse(file->text, &c->documents[c->n], err);

    if (rc != ERR_OK)
        return err_wrap(err, rc, "%s", file->path);
    c->n++;
    if (c->documents[c->n - 1] && !json_is_object(c->documents[c->n - 1]))
        return err_set(err, ERR_INVALID, "%s: 1: not a kubeconfig: it must be a mapping",
                       file->path);
    return ERR_OK;
}

/* Looks for the entry of that name in "clusters", "users" or "contexts"; the first one counts. */
static enum err_code find(const struct config *c, const char *section, const char *what,
                          const char *name, struct entry *ret, struct err *err)
{
    for (size_t i = 0; i < c->n; i++) {
        const json_t *list = json_object_get(c->documents[i], section);

        for (size_t k = 0; k < json_array_size(list); k++) {
            const json_t *item = json_array_get(list, k);
            const char *its_name = json_string_value(json_object_get(item, "name"));

            if (!its_name || strcmp(its_name, name) != 0)
                continue;
            *ret = (struct entry){ what, name, c->files[i].path, json_object_get(item, what) };
            if (!json_is_object(ret->value))
                return wrong(ret, what, err, "is missing or no mapping");
            return ERR_OK;
        }
    }
    return err_set(err, ERR_NOT_FOUND, "%s: there is no %s '%s'", c->files[0].path, what, name);
}

static const char *current_context(const struct config *c)
{
    for (size_t i = 0; i < c->n; i++) {
        const char *name = json_string_value(json_object_get(c->documents[i], "current-context"));

        if (name && name[0] != '\0')
            return name;
    }
    return NULL;
}

static enum err_code take_context(const struct config *c, const char *name, struct kube_login *l,
                                  struct err *err)
{
    struct entry context, other;
    const char *cluster, *user;
    enum err_code rc = find(c, "contexts", "context", name, &context, err);

    if (rc == ERR_OK)
        rc = text_of(&context, "cluster", &cluster, err);
    if (rc == ERR_OK)
        rc = text_of(&context, "user", &user, err);
    if (rc == ERR_OK)
        rc = take_text(&context, "namespace", &l->scope, err);
    if (rc != ERR_OK)
        return rc;
    if (!l->scope)
        l->scope = mem_copy_string("default");
    if (!cluster)
        return wrong(&context, "cluster", err, "is missing");
    rc = find(c, "clusters", "cluster", cluster, &other, err);
    if (rc == ERR_OK)
        rc = take_cluster(&other, l, err);
    if (rc != ERR_OK || !user)
        return rc;
    rc = find(c, "users", "user", user, &other, err);
    return rc == ERR_OK ? take_user(&other, l, err) : rc;
}

static enum err_code read_files(struct config *c, size_t n_files, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (n_files > KUBE_CONFIG_FILES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d kubeconfig files", KUBE_CONFIG_FILES_MAX);
    for (size_t i = 0; i < n_files && rc == ERR_OK; i++)
        rc = read_file(c, &c->files[i], err);
    return rc;
}

/* Whether an earlier place than list[k] of document i has that name. */
static bool was_named(const struct config *c, size_t i, size_t k, const char *name)
{
    for (size_t d = 0; d <= i; d++) {
        const json_t *list = json_object_get(c->documents[d], "contexts");
        const size_t end = d < i ? json_array_size(list) : k;

        for (size_t j = 0; j < end; j++) {
            const char *other = json_string_value(json_object_get(json_array_get(list, j), "name"));

            if (other && strcmp(other, name) == 0)
                return true;
        }
    }
    return false;
}

enum err_code kube_config_each_context(const struct kube_config_file *files, size_t n_files,
                                       kube_context_fn *each, void *self, struct err *err)
{
    CLEANUP(config_release) struct config c = { .files = files };
    const enum err_code rc = read_files(&c, n_files, err);

    for (size_t i = 0; i < c.n && rc == ERR_OK; i++) {
        const json_t *list = json_object_get(c.documents[i], "contexts");

        for (size_t k = 0; k < json_array_size(list); k++) {
            const char *name = json_string_value(json_object_get(json_array_get(list, k), "name"));

            if (name && !was_named(&c, i, k, name))
                each(self, str_from(name));
        }
    }
    return rc;
}

enum err_code kube_config_resolve(const struct kube_config_file *files, size_t n_files,
                                  const char *context, struct kube_login *ret_login,
                                  struct err *err)
{
    CLEANUP(config_release) struct config c = { .files = files };
    CLEANUP(kube_login_release) struct kube_login login = { 0 };
    const char *name;
    enum err_code rc = read_files(&c, n_files, err);

    PRE(n_files > 0);
    if (rc != ERR_OK)
        return rc;
    name = context && context[0] != '\0' ? context : current_context(&c);
    if (!name)
        return err_set(err, ERR_NOT_FOUND, "%s: no current-context; name one", files[0].path);
    rc = take_context(&c, name, &login, err);
    if (rc != ERR_OK)
        return rc;
    *ret_login = login;
    login = (struct kube_login){ 0 };
    return ERR_OK;
}

static char *in_directory(const char *directory, const char *name)
{
    const size_t n = strlen(directory) + strlen(name) + 2;
    char *path = mem_new(n, 1);

    snprintf(path, n, "%s/%s", directory, name);
    return path;
}

enum err_code kube_config_in_cluster(const char *host, const char *port, const char *directory,
                                     struct str scope, struct kube_login *ret_login,
                                     struct err *err)
{
    const bool is_ipv6 = strchr(host, ':') != NULL;
    char address[URL_MAX_BYTES];
    struct address parsed;
    const int n = snprintf(address, sizeof(address), "https://%s%s%s:%s", is_ipv6 ? "[" : "", host,
                           is_ipv6 ? "]" : "", port);

    if (n < 0 || (size_t)n >= sizeof(address) ||
        !address_parse(str_from(address + strlen("https://")), &parsed) || parsed.host.n == 0 ||
        parsed.port == 0 || !is_url(address, "https://"))
        return err_set(err, ERR_INVALID, "the API server's address in the environment is none");
    *ret_login = (struct kube_login){
        .server = mem_copy_string(address),
        .scope = scope.n > 0 ? mem_copy_text(scope.p, scope.n) : mem_copy_string("default"),
        .ca_file = in_directory(directory, "ca.crt"),
        .token_file = in_directory(directory, "token"),
    };
    return ERR_OK;
}
