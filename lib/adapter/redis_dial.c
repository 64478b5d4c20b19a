#include "adapter/redis_dial.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "adapter/pem_openssl.h"
#include "base/address.h"
#include "base/mem.h"

enum { HOST_TEXT_MAX = ADDRESS_HOST_MAX + 1 };

static enum err_code tls_failed(struct err *err, const char *what)
{
    char why[160];

    ERR_error_string_n(ERR_get_error(), why, sizeof(why));
    return err_set(err, ERR_INVALID, "TLS: %s: %s", what, why);
}

static bool load_files(SSL_CTX *tls, const struct redis_access *access, const char **ret_what)
{
    *ret_what = access->ca ? access->ca : "the system's certificates";
    if (access->ca ? SSL_CTX_load_verify_locations(tls, access->ca, NULL) != 1
                   : SSL_CTX_set_default_verify_paths(tls) != 1)
        return false;
    *ret_what = access->cert;
    if (access->cert && SSL_CTX_use_certificate_chain_file(tls, access->cert) != 1)
        return false;
    *ret_what = access->key;
    return !access->key || SSL_CTX_use_PrivateKey_file(tls, access->key, SSL_FILETYPE_PEM) == 1;
}

static bool load_texts(SSL_CTX *tls, const struct redis_access *access, const char **ret_what)
{
    *ret_what = "the certificates of authorities";
    if (access->ca ? !pem_trust(tls, access->ca) : SSL_CTX_set_default_verify_paths(tls) != 1)
        return false;
    *ret_what = "our certificate";
    if (access->cert && !pem_use_chain(tls, access->cert))
        return false;
    *ret_what = "our key";
    return !access->key || pem_use_key(tls, access->key);
}

static enum err_code tls_new(const struct redis_access *access, SSL_CTX **ret, struct err *err)
{
    const char *what;
    SSL_CTX *tls;

    *ret = NULL;
    if (!access->tls)
        return ERR_OK;
    tls = SSL_CTX_new(TLS_client_method());
    if (!tls)
        return tls_failed(err, "no context");
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    if (access->pem ? !load_texts(tls, access, &what) : !load_files(tls, access, &what)) {
        SSL_CTX_free(tls);
        return tls_failed(err, what);
    }
    *ret = tls;
    return ERR_OK;
}

enum err_code redis_login_new(const struct redis_access *access, struct redis_login *ret,
                              struct err *err)
{
    SSL_CTX *tls;
    const enum err_code rc = tls_new(access, &tls, err);

    if (rc != ERR_OK)
        return rc;
    *ret = (struct redis_login){
        .user = mem_copy_string(access->user),
        .tls_name = mem_copy_string(access->tls_name),
        .tls = tls,
    };
    if (access->password)
        secret_set(&ret->password, str_from(access->password));
    return ERR_OK;
}

void redis_login_copy(const struct redis_login *login, struct redis_login *ret)
{
    *ret = (struct redis_login){
        .user = mem_copy_string(login->user),
        .tls_name = mem_copy_string(login->tls_name),
        .tls = login->tls,
    };
    if (login->tls)
        SSL_CTX_up_ref(login->tls);
    if (login->password.text)
        secret_set(&ret->password, (struct str){ login->password.text, login->password.n });
}

void redis_login_release(struct redis_login *login)
{
    free(login->user);
    free(login->tls_name);
    secret_release(&login->password);
    SSL_CTX_free(login->tls);
    *login = (struct redis_login){ 0 };
}

static bool is_ip(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static enum err_code secure(redisContext *c, SSL_CTX *tls, const char *name, struct err *err)
{
    SSL *ssl = SSL_new(tls);
    bool named;

    if (!ssl)
        return tls_failed(err, "no session");
    named = is_ip(name) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1
                        : SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
    if (!named) {
        SSL_free(ssl);
        return tls_failed(err, name);
    }
    if (redisInitiateSSL(c, ssl) != REDIS_OK) {
        const long verdict = SSL_get_verify_result(ssl);

        SSL_free(ssl); /* hiredis takes it only when it succeeds */
        if (verdict != X509_V_OK)
            return err_set(err, ERR_DENIED, "TLS: the certificate is not accepted for %s: %s", name,
                           X509_verify_cert_error_string(verdict));
        return err_set(err, ERR_UNAVAILABLE, "TLS: %s", c->errstr);
    }
    return ERR_OK;
}

static enum err_code authenticate(redisContext *c, const struct redis_login *login, struct err *err)
{
    enum err_code rc = ERR_OK;
    redisReply *reply;

    if (!login->password.text)
        return ERR_OK;
    reply = login->user ? redisCommand(c, "AUTH %s %s", login->user, login->password.text)
                        : redisCommand(c, "AUTH %s", login->password.text);
    if (!reply)
        return err_set(err, ERR_UNAVAILABLE, "no answer to AUTH: %s", c->errstr);
    if (reply->type == REDIS_REPLY_ERROR)
        rc = err_set(err, strncmp(reply->str, "LOADING", 7) == 0 ? ERR_UNAVAILABLE : ERR_DENIED,
                     "user and password are not accepted: %s", reply->str);
    freeReplyObject(reply);
    return rc;
}

static enum err_code open_connection(const struct redis_login *login, const char *host,
                                     int64_t timeout_ms, redisContext *c, struct err *err)
{
    const struct timeval timeout = { timeout_ms / 1000, (timeout_ms % 1000) * 1000 };
    enum err_code rc = ERR_OK;

    if (c->err)
        return err_set(err, ERR_UNAVAILABLE, "%s", c->errstr);
    redisSetTimeout(c, timeout);
    if (c->connection_type == REDIS_CONN_TCP)
        redisEnableKeepAlive(c);
    if (login->tls)
        rc = secure(c, login->tls, login->tls_name ? login->tls_name : host, err);
    return rc == ERR_OK ? authenticate(c, login, err) : rc;
}

enum err_code redis_dial(const struct redis_login *login, const char *address, int64_t timeout_ms,
                         redisContext **ret, struct err *err)
{
    const struct timeval timeout = { timeout_ms / 1000, (timeout_ms % 1000) * 1000 };
    redisOptions options = { 0 };
    struct address parsed;
    char host[HOST_TEXT_MAX];
    redisContext *c;
    enum err_code rc;

    if (address[0] == '/') {
        host[0] = '\0';
        REDIS_OPTIONS_SET_UNIX(&options, address);
    } else if (address_parse(str_from(address), &parsed) && parsed.host.n <= ADDRESS_HOST_MAX) {
        snprintf(host, sizeof(host), "%.*s", STR_ARGS(parsed.host));
        REDIS_OPTIONS_SET_TCP(&options, host, parsed.port);
    } else {
        return err_set(err, ERR_INVALID, "'%s' is not host:port", address);
    }
    options.connect_timeout = &timeout;
    options.options |= REDIS_OPT_NO_PUSH_AUTOFREE;
    c = redisConnectWithOptions(&options);
    if (!c)
        return err_set(err, ERR_UNAVAILABLE, "%s: out of memory", address);
    rc = open_connection(login, host, timeout_ms, c, err);
    if (rc != ERR_OK) {
        redisFree(c);
        return err_wrap(err, rc, "%s", address);
    }
    *ret = c;
    return ERR_OK;
}
