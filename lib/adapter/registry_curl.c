#include "adapter/registry_curl.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/secret.h"
#include "codec/registry_answer.h"

enum { ID_PATH_MAX = 32 };

enum progress {
    IDLE,
    ASKED,    /* the thread is to ask */
    ASKING,   /* it does */
    ANSWERED, /* and has an answer */
};

struct registry_curl {
    char url[REGISTRY_URL_MAX + 1]; /* without a slash at the end */
    int64_t timeout_ms;
    struct curl_slist *headers;
    pthread_t thread;
    int descriptor; /* eventfd: readable when there is an answer */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool stopping;
    enum progress progress;
    uint32_t id;
    char *user, *ca, *cert, *key; /* NULL: none */
    struct secret password;
    long status;
    struct buf body; /* the thread's while ASKING, else the caller's */
    char why[ERR_MSG_MAX];
};

/* --- the thread ------------------------------------------------------------------------------- */

static size_t take_body(char *bytes, size_t size, size_t n, void *self)
{
    struct registry_curl *r = self;

    return buf_append(&r->body, bytes, size * n) ? size * n : 0;
}

/* Called while waiting, too; anything but 0 gives the question up. */
static int look_for_end(void *self, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct registry_curl *r = self;
    bool over;

    (void)a, (void)b, (void)c, (void)d;
    pthread_mutex_lock(&r->mutex);
    over = r->stopping || r->progress != ASKING;
    pthread_mutex_unlock(&r->mutex);
    return over;
}

/* With the mutex held. The handle's texts are copies; of a setting that is missing from libcurl the
 * question fails. */
static CURLcode set_up(struct registry_curl *r, CURL *curl, uint32_t id, char *error)
{
    char url[REGISTRY_URL_MAX + ID_PATH_MAX];
    CURLcode bad = CURLE_OK;

    snprintf(url, sizeof(url), "%s/schemas/ids/%u", r->url, (unsigned)id);
#define SET(option, value) bad = bad != CURLE_OK ? bad : curl_easy_setopt(curl, option, value)
    SET(CURLOPT_ERRORBUFFER, error);
    SET(CURLOPT_URL, url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    SET(CURLOPT_USERAGENT, "redwal");
    SET(CURLOPT_HTTPHEADER, r->headers);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, r);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, look_for_end);
    SET(CURLOPT_XFERINFODATA, r);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (r->user) {
        SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        SET(CURLOPT_USERNAME, r->user);
        SET(CURLOPT_PASSWORD, r->password.text);
    }
    if (r->ca)
        SET(CURLOPT_CAINFO, r->ca);
    if (r->cert) {
        SET(CURLOPT_SSLCERT, r->cert);
        SET(CURLOPT_SSLKEY, r->key);
    }
#undef SET
    return bad;
}

/* Fills `why` and returns 0 when nothing came, else HTTP's status. */
static long perform(CURL *curl, CURLcode code, const char *error, char *why)
{
    long status = 0;

    if (code == CURLE_OK)
        code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    else if (code == CURLE_WRITE_ERROR)
        snprintf(why, ERR_MSG_MAX, "the answer is longer than %d bytes", REGISTRY_ANSWER_MAX_BYTES);
    else
        snprintf(why, ERR_MSG_MAX, "%s", error[0] ? error : curl_easy_strerror(code));
    return status;
}

/* With the mutex held, except while the registry is asked. */
static void serve_question(struct registry_curl *r)
{
    char error[CURL_ERROR_SIZE] = "", why[ERR_MSG_MAX] = "";
    const uint64_t one = 1;
    CURL *curl = curl_easy_init();
    CURLcode code;
    long status;
    ssize_t n;

    PRE(curl);
    r->progress = ASKING;
    buf_clear(&r->body);
    code = set_up(r, curl, r->id, error);
    pthread_mutex_unlock(&r->mutex);
    status = perform(curl, code, error, why);
    curl_easy_cleanup(curl);
    pthread_mutex_lock(&r->mutex);
    if (r->progress != ASKING) /* another question took its place */
        return;
    r->status = status;
    memcpy(r->why, why, sizeof(why));
    r->progress = ANSWERED;
    n = write(r->descriptor, &one, sizeof(one));
    (void)n; /* an eventfd only refuses when it is full, and then it is readable */
}

static void *serve(void *self)
{
    struct registry_curl *r = self;

    pthread_mutex_lock(&r->mutex);
    while (!r->stopping) {
        if (r->progress == ASKED)
            serve_question(r);
        else
            pthread_cond_wait(&r->changed, &r->mutex);
    }
    pthread_mutex_unlock(&r->mutex);
    return NULL;
}

/* --- the caller ------------------------------------------------------------------------------- */

static void ask(void *self, uint32_t id)
{
    struct registry_curl *r = self;

    pthread_mutex_lock(&r->mutex);
    r->id = id;
    r->progress = ASKED;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->mutex);
}

static int descriptor(void *self)
{
    const struct registry_curl *r = self;

    return r->descriptor;
}

static bool next_reply(void *self, struct registry_reply *ret_reply)
{
    struct registry_curl *r = self;
    uint64_t count;
    bool answered;

    if (read(r->descriptor, &count, sizeof(count)) < 0)
        return false;
    pthread_mutex_lock(&r->mutex);
    answered = r->progress == ANSWERED; /* not when it was to a question that was given up */
    if (answered) {
        r->progress = IDLE;
        ret_reply->id = r->id;
        ret_reply->status = r->status;
        ret_reply->body = buf_str(&r->body);
        memcpy(ret_reply->why, r->why, sizeof(r->why));
    }
    pthread_mutex_unlock(&r->mutex);
    return answered;
}

static const struct registry_ops ops = { ask, descriptor, next_reply };

struct registry registry_curl_port(struct registry_curl *r)
{
    return r ? (struct registry){ &ops, r } : (struct registry){ 0 };
}

/* --- life ------------------------------------------------------------------------------------- */

static enum err_code check_url(const char *url, struct err *err)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL, *user = NULL, *query = NULL;
    enum err_code rc = ERR_OK;

    if (strlen(url) > REGISTRY_URL_MAX ||
        curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        rc = err_set(err, ERR_INVALID, "the schema registry's URL cannot be used");
    curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0);
    if (rc == ERR_OK && strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
        rc = err_set(err, ERR_INVALID, "the schema registry's URL is neither http nor https");
    if (rc == ERR_OK && curl_url_get(parsed, CURLUPART_USER, &user, 0) == CURLUE_OK)
        rc = err_set(err, ERR_INVALID,
                     "the schema registry's URL holds a user; give it and its password apart");
    if (rc == ERR_OK && curl_url_get(parsed, CURLUPART_QUERY, &query, 0) == CURLUE_OK)
        rc = err_set(err, ERR_INVALID, "the schema registry's URL holds a query");
    curl_free(scheme);
    curl_free(user);
    curl_free(query);
    curl_url_cleanup(parsed);
    return rc;
}

static char *copy(const char *text)
{
    return text ? mem_copy_text(text, strlen(text)) : NULL;
}

static void drop_access(struct registry_curl *r)
{
    free(r->user);
    free(r->ca);
    free(r->cert);
    free(r->key);
    secret_release(&r->password);
}

static void copy_access(struct registry_curl *r, const struct registry_access *access)
{
    r->user = copy(access->user);
    r->ca = copy(access->ca);
    r->cert = copy(access->cert);
    r->key = copy(access->key);
    if (access->password)
        secret_set(&r->password, str_from(access->password));
}

void registry_curl_use(struct registry_curl *r, const struct registry_access *access)
{
    pthread_mutex_lock(&r->mutex);
    drop_access(r);
    copy_access(r, access);
    pthread_mutex_unlock(&r->mutex);
}

static void copy_url(struct registry_curl *r, const char *url)
{
    size_t n = strlen(url);

    while (n > 0 && url[n - 1] == '/')
        n--;
    memcpy(r->url, url, n);
}

enum err_code registry_curl_new(const struct registry_access *access, struct registry_curl **ret,
                                struct err *err)
{
    struct registry_curl *r;
    enum err_code rc;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, ERR_INVALID, "libcurl cannot be used");
    rc = check_url(access->url, err);
    if (rc != ERR_OK)
        return rc;
    r = mem_new(1, sizeof(*r));
    copy_url(r, access->url);
    copy_access(r, access);
    r->timeout_ms = access->timeout_ms;
    r->headers = curl_slist_append(NULL, "Accept: application/vnd.schemaregistry.v1+json, "
                                         "application/json");
    buf_init(&r->body, REGISTRY_ANSWER_MAX_BYTES);
    r->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    PRE(r->descriptor >= 0);
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->changed, NULL);
    if (pthread_create(&r->thread, NULL, serve, r) != 0)
        UNREACHABLE("no thread to ask the registry with");
    *ret = r;
    return ERR_OK;
}

void registry_curl_free(struct registry_curl *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->mutex);
    r->stopping = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->mutex);
    pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->mutex);
    close(r->descriptor);
    buf_release(&r->body);
    curl_slist_free_all(r->headers);
    drop_access(r);
    free(r);
}
