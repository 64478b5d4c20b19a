#include "adapter/http_peer.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"

struct http_peer {
    char url[HTTP_PEER_URL_MAX + 1]; /* without a slash at the end */
    int64_t timeout_ms;
    char *user; /* NULL: none */
    bool pem;
    struct secret password, ca, cert, key;
};

enum { PEMS_MAX = 3 };

struct http_exchange {
    CURL *curl;
    CURLcode bad; /* of the settings; a setting that is missing from libcurl fails the request */
    struct curl_slist *headers;
    struct http_request_to request;
    struct secret pems[PEMS_MAX]; /* libcurl wipes no copy of its own */
    size_t n_pems;
    char error[CURL_ERROR_SIZE];
};

/* --- an exchange ------------------------------------------------------------------------------ */

static size_t take_body(char *bytes, size_t size, size_t n, void *self)
{
    const struct http_exchange *x = self;

    return buf_append(x->request.answer, bytes, size * n) ? size * n : 0;
}

/* Anything but 0 gives the request up. */
static int look_for_end(void *self, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct http_exchange *x = self;

    (void)a, (void)b, (void)c, (void)d;
    return x->request.is_over && x->request.is_over(x->request.self);
}

#define SET(option, value)                                                                         \
    x->bad = x->bad != CURLE_OK ? x->bad : curl_easy_setopt(x->curl, option, value)

static void set_pem(struct http_exchange *x, bool is_text, const struct secret *pem,
                    CURLoption blob_option, CURLoption file_option)
{
    struct curl_blob blob = { .len = pem->n, .flags = CURL_BLOB_NOCOPY };
    struct secret *own = &x->pems[x->n_pems];

    if (pem->n == 0)
        return;
    if (!is_text) {
        SET(file_option, pem->text);
        return;
    }
    PRE(x->n_pems < PEMS_MAX);
    x->n_pems++;
    secret_set(own, (struct str){ pem->text, pem->n });
    blob.data = own->text;
    SET(blob_option, &blob);
}

static void set_login(struct http_exchange *x, const struct http_peer *p)
{
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (p->user) {
        SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        SET(CURLOPT_USERNAME, p->user);
        SET(CURLOPT_PASSWORD, p->password.text);
    }
    set_pem(x, p->pem, &p->ca, CURLOPT_CAINFO_BLOB, CURLOPT_CAINFO);
    set_pem(x, p->pem, &p->cert, CURLOPT_SSLCERT_BLOB, CURLOPT_SSLCERT);
    set_pem(x, p->pem, &p->key, CURLOPT_SSLKEY_BLOB, CURLOPT_SSLKEY);
}

static void set_request(struct http_exchange *x)
{
    const struct http_request_to *r = &x->request;

    for (const char *const *line = r->headers; line && *line; line++)
        x->headers = curl_slist_append(x->headers, *line);
    SET(CURLOPT_HTTPHEADER, x->headers);
    if (strcmp(r->method, "GET") == 0)
        return;
    SET(CURLOPT_CUSTOMREQUEST, r->method);
    SET(CURLOPT_POSTFIELDSIZE, (long)r->body.n);
    SET(CURLOPT_POSTFIELDS, r->body.n > 0 ? r->body.p : "");
}

static void set_waiting(struct http_exchange *x, int64_t timeout_ms)
{
    SET(CURLOPT_ERRORBUFFER, x->error);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, x);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, look_for_end);
    SET(CURLOPT_XFERINFODATA, x);
}

struct http_exchange *http_exchange_new(const struct http_peer *p,
                                        const struct http_request_to *request)
{
    char url[HTTP_PEER_URL_MAX + HTTP_PEER_PATH_MAX + 1];
    struct http_exchange *x = mem_new(1, sizeof(*x));

    PRE(strlen(request->path) <= HTTP_PEER_PATH_MAX);
    x->curl = curl_easy_init();
    PRE(x->curl);
    x->request = *request;
    snprintf(url, sizeof(url), "%s%s", p->url, request->path);
    SET(CURLOPT_URL, url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_USERAGENT, "redwal");
    set_waiting(x, p->timeout_ms);
    set_request(x);
    set_login(x, p);
    return x;
}

#undef SET

long http_exchange_perform(struct http_exchange *x, char ret_why[ERR_MSG_MAX])
{
    const CURLcode code = x->bad == CURLE_OK ? curl_easy_perform(x->curl) : x->bad;
    long status = 0;

    ret_why[0] = '\0';
    if (code == CURLE_OK)
        curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    else if (code == CURLE_WRITE_ERROR)
        snprintf(ret_why, ERR_MSG_MAX, "the answer is longer than %zu bytes",
                 x->request.answer->limit);
    else
        snprintf(ret_why, ERR_MSG_MAX, "%s", x->error[0] ? x->error : curl_easy_strerror(code));
    return status;
}

void http_exchange_free(struct http_exchange *x)
{
    curl_easy_cleanup(x->curl);
    curl_slist_free_all(x->headers);
    while (x->n_pems > 0)
        secret_release(&x->pems[--x->n_pems]);
    free(x);
}

bool http_path_append(struct buf *path, const char *part)
{
    char *escaped = curl_easy_escape(NULL, part, 0);
    const bool fits = escaped && buf_append_text(path, escaped);

    curl_free(escaped);
    return fits;
}

/* --- the peer --------------------------------------------------------------------------------- */

static enum err_code check_url(const char *url, const char *whose, struct err *err)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL, *user = NULL, *query = NULL, *fragment = NULL;
    enum err_code rc = ERR_OK;

    if (strlen(url) > HTTP_PEER_URL_MAX ||
        curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        rc = err_set(err, ERR_INVALID, "%s URL cannot be used", whose);
    curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0);
    if (rc == ERR_OK && strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
        rc = err_set(err, ERR_INVALID, "%s URL is neither http nor https", whose);
    if (rc == ERR_OK && curl_url_get(parsed, CURLUPART_USER, &user, 0) == CURLUE_OK)
        rc =
            err_set(err, ERR_INVALID, "%s URL holds a user; give it and its password apart", whose);
    if (rc == ERR_OK && curl_url_get(parsed, CURLUPART_QUERY, &query, 0) == CURLUE_OK)
        rc = err_set(err, ERR_INVALID, "%s URL holds a query", whose);
    if (rc == ERR_OK && curl_url_get(parsed, CURLUPART_FRAGMENT, &fragment, 0) == CURLUE_OK)
        rc = err_set(err, ERR_INVALID, "%s URL holds a fragment", whose);
    curl_free(scheme);
    curl_free(user);
    curl_free(query);
    curl_free(fragment);
    curl_url_cleanup(parsed);
    return rc;
}

static void take(struct secret *s, const char *text)
{
    if (text)
        secret_set(s, str_from(text));
}

static void drop_access(struct http_peer *p)
{
    free(p->user);
    secret_release(&p->password);
    secret_release(&p->ca);
    secret_release(&p->cert);
    secret_release(&p->key);
}

void http_peer_use(struct http_peer *p, const struct http_access *access)
{
    drop_access(p);
    p->user = mem_copy_string(access->user);
    p->pem = access->pem;
    take(&p->password, access->password);
    take(&p->ca, access->ca);
    take(&p->cert, access->cert);
    take(&p->key, access->key);
}

static void copy_url(struct http_peer *p, const char *url)
{
    size_t n = strlen(url);

    while (n > 0 && url[n - 1] == '/')
        n--;
    memcpy(p->url, url, n);
}

enum err_code http_peer_new(const struct http_access *access, const char *whose,
                            struct http_peer **ret, struct err *err)
{
    struct http_peer *p;
    enum err_code rc;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, ERR_INVALID, "libcurl cannot be used");
    rc = check_url(access->url, whose, err);
    if (rc != ERR_OK)
        return rc;
    p = mem_new(1, sizeof(*p));
    copy_url(p, access->url);
    http_peer_use(p, access);
    p->timeout_ms = access->timeout_ms;
    *ret = p;
    return ERR_OK;
}

void http_peer_free(struct http_peer *p)
{
    if (!p)
        return;
    drop_access(p);
    free(p);
}
