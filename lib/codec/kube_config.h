/*
 * Where the API server is and who we are: kubeconfig files, merged as kubectl merges them, or the
 * files of a pod's service account. Pure: the files' texts come in, paths of others come out.
 */
#ifndef REDWAL_CODEC_KUBE_CONFIG_H
#define REDWAL_CODEC_KUBE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"

enum {
    KUBE_CONFIG_FILES_MAX = 16,
    KUBE_EXEC_WORDS_MAX = 64, /* arguments, and variables, of an exec plugin */
};

/* An exec plugin: a program that prints credentials. */
struct kube_exec {
    char *command; /* NULL: there is none */
    char *api_version;
    char *args[KUBE_EXEC_WORDS_MAX + 1]; /* NULL after the last */
    char *env[KUBE_EXEC_WORDS_MAX + 1];  /* "NAME=value" */
    char *install_hint;
    bool interactive; /* it may ask on the terminal when there is one */
    bool needs_terminal;
    bool provide_cluster_info;
};

/* Everything one context says. Paths are absolute, or as relative as their file's own. What is
 * given both as data and as a path is here as data; NULL is not given. */
struct kube_login {
    char *server;          /* "https://<host>:<port>", with a path at most */
    char *scope;           /* namespace of the context; "default" when it names none */
    char *tls_server_name; /* for SNI and the certificate, when the address is another */
    char *proxy_url;
    bool insecure; /* the server's certificate is not looked at */
    char *ca_file;
    struct secret ca; /* PEM; no secret, but of its kind */
    char *cert_file, *key_file;
    struct secret cert, key; /* PEM */
    struct secret token;
    char *token_file; /* read again and again; stands above the token */
    char *username;
    struct secret password;
    struct kube_exec exec;
};

void kube_login_release(struct kube_login *login); /* safe on a zeroed login */

/* One kubeconfig file; `path` is for messages and for the paths in it. */
struct kube_config_file {
    const char *path;
    struct str text;
};

/* `context` NULL or "": the current one. The first file that defines a name wins. ERR_INVALID says
 * which file, name and field; ERR_NOT_FOUND: no such context, or none is chosen; ERR_UNSUPPORTED:
 * it asks for what is not done here. */
NODISCARD enum err_code kube_config_resolve(const struct kube_config_file *files, size_t n_files,
                                            const char *context, struct kube_login *ret_login,
                                            struct err *err);

/* The names of all contexts, each once, in the order of the files. */
typedef void kube_context_fn(void *self, struct str name);
NODISCARD enum err_code kube_config_each_context(const struct kube_config_file *files,
                                                 size_t n_files, kube_context_fn *each, void *self,
                                                 struct err *err);

/* Of a pod: the address is in its environment, everything else in `directory`. `host` may be an
 * IPv6 address. ERR_INVALID: host or port are no such thing. */
NODISCARD enum err_code kube_config_in_cluster(const char *host, const char *port,
                                               const char *directory, struct str scope,
                                               struct kube_login *ret_login, struct err *err);

#endif
