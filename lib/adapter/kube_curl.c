#include "adapter/kube_curl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "adapter/kube_credentials.h"
#include "base/mem.h"

enum { EVENTS_AT_ONCE = 32, URL_MAX_BYTES = 2048 + KUBE_TARGET_MAX, CA_KEPT_S = 60 };
enum { HTTP_OK = 200, HTTP_UNAUTHORIZED = 401 };

/* What next() handed out last, and is no longer needed at the next call. */
enum given { GIVEN_NOTHING, GIVEN_BYTES, GIVEN_END };

struct transfer {
    struct kube_curl *client;
    uint64_t id; /* 0: free */
    CURL *easy;
    struct curl_slist *headers, *connect_to;
    struct kube_request request;
    struct buf in;
    struct buf warnings;
    bool paused;
    enum given given;
    bool done;
    CURLcode result;
    bool overrun; /* longer than an answer may be */
    char why[CURL_ERROR_SIZE];
};

struct kube_curl {
    struct kube_login login;
    struct kube_credentials credentials;
    const char *user_agent;
    CURLM *multi;
    int epoll_fd;
    int64_t timer_at_ms; /* -1: none */
    uint64_t n_started;
    size_t next; /* where next() goes on looking */
    struct transfer transfers[KUBE_TRANSFERS_MAX];
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- what libcurl calls ----------------------------------------------------------------------- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *self, void *of_socket)
{
    struct kube_curl *c = self;
    struct epoll_event event = { .data.fd = fd };

    (void)easy;
    (void)of_socket;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(c->epoll_fd, EPOLL_CTL_DEL, fd, &event);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    if (epoll_ctl(c->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0)
        epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *self)
{
    struct kube_curl *c = self;

    (void)multi;
    c->timer_at_ms = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
    return 0;
}

static long http_of(const struct transfer *t)
{
    long http = 0;

    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &http);
    return http;
}

static bool is_streaming(const struct transfer *t)
{
    return t->request.stream && http_of(t) == HTTP_OK;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *self)
{
    struct transfer *t = self;

    if (t->given == GIVEN_BYTES) { /* that view ended with this call on the port */
        buf_clear(&t->in);
        t->given = GIVEN_NOTHING;
    }
    if (is_streaming(t) && t->in.n > 0 && t->in.n + size * n > KUBE_STREAM_MAX_BYTES) {
        t->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (buf_append(&t->in, bytes, size * n))
        return size * n;
    t->overrun = true;
    return CURL_WRITEFUNC_ERROR;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *self)
{
    static const char name[] = "warning:";
    struct transfer *t = self;
    const struct str line = { bytes, size * n };
    const struct str start = { line.p, sizeof(name) - 1 };

    if (line.n > start.n && str_eq_nocase(start, STR_LITERAL(name)))
        buf_print(&t->warnings, "%.*s", (int)(line.n - start.n), line.p + start.n);
    return line.n;
}

/* --- a transfer ------------------------------------------------------------------------------- */

/* Headers may hold a token. */
static void free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *h = headers; h; h = h->next)
        secret_wipe(h->data, strlen(h->data));
    curl_slist_free_all(headers);
}

static void end_transfer(struct transfer *t)
{
    if (t->easy) {
        curl_multi_remove_handle(t->client->multi, t->easy);
        curl_easy_cleanup(t->easy);
    }
    free_headers(t->headers);
    curl_slist_free_all(t->connect_to);
    kube_request_release(&t->request);
    buf_release(&t->in);
    buf_release(&t->warnings);
    *t = (struct transfer){ 0 };
}

static bool add_header(struct transfer *t, const char *name, const char *value)
{
    const size_t n = strlen(name) + strlen(value) + 3;
    char *line = mem_new(n, 1);
    struct curl_slist *list;

    snprintf(line, n, value[0] != '\0' ? "%s: %s" : "%s:", name, value);
    list = curl_slist_append(t->headers, line);
    secret_wipe(line, n);
    free(line);
    if (list)
        t->headers = list;
    return list != NULL;
}

static bool set_headers(struct transfer *t)
{
    const struct secret *token = kube_credentials_token(&t->client->credentials);
    bool good = add_header(t, "Accept", t->request.accept) && add_header(t, "Expect", "");

    if (good && t->request.content_type)
        good = add_header(t, "Content-Type", t->request.content_type);
    if (good && token) {
        const size_t n = token->n + sizeof("Bearer ");
        char *value = mem_new(n, 1);

        snprintf(value, n, "Bearer %s", token->text);
        good = add_header(t, "Authorization", value);
        secret_wipe(value, n);
        free(value);
    }
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    return good;
}

/* The certificate is checked against another name by asking for that name, at the real address. */
static bool set_url(struct transfer *t)
{
    const struct kube_login *l = &t->client->login;
    const char *host = strstr(l->server, "://") + strlen("://");
    const size_t n_host = strcspn(host, "/");
    char url[URL_MAX_BYTES], to[URL_MAX_BYTES];
    int n;

    if (!l->tls_server_name) {
        n = snprintf(url, sizeof(url), "%s%.*s", l->server, STR_ARGS(buf_str(&t->request.target)));
    } else {
        n = snprintf(url, sizeof(url), "https://%s%s%.*s", l->tls_server_name, host + n_host,
                     STR_ARGS(buf_str(&t->request.target)));
        snprintf(to, sizeof(to), "::%.*s", (int)n_host, host);
        t->connect_to = curl_slist_append(NULL, to);
        curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, t->connect_to);
    }
    return n > 0 && (size_t)n < sizeof(url) &&
           curl_easy_setopt(t->easy, CURLOPT_URL, url) == CURLE_OK;
}

static void set_blob(CURL *easy, CURLoption option, const struct secret *pem)
{
    struct curl_blob blob = { .data = pem->text, .len = pem->n, .flags = CURL_BLOB_COPY };

    curl_easy_setopt(easy, option, &blob);
}

static void set_pem(CURL *easy, CURLoption blob_option, const struct secret *pem,
                    CURLoption file_option, const char *file)
{
    if (pem->n > 0)
        set_blob(easy, blob_option, pem);
    else if (file)
        curl_easy_setopt(easy, file_option, file);
}

static void set_tls(struct transfer *t)
{
    const struct kube_login *l = &t->client->login;
    const struct kube_credentials *c = &t->client->credentials;
    const bool by_exec = c->has_exec && c->exec.cert.n > 0;

    curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, l->insecure ? 0L : 1L);
    curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, l->insecure ? 0L : 2L);
    curl_easy_setopt(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(t->easy, CURLOPT_CA_CACHE_TIMEOUT, (long)CA_KEPT_S);
    set_pem(t->easy, CURLOPT_CAINFO_BLOB, &l->ca, CURLOPT_CAINFO, l->ca_file);
    set_pem(t->easy, CURLOPT_SSLCERT_BLOB, by_exec ? &c->exec.cert : &l->cert, CURLOPT_SSLCERT,
            l->cert_file);
    set_pem(t->easy, CURLOPT_SSLKEY_BLOB, by_exec ? &c->exec.key : &l->key, CURLOPT_SSLKEY,
            l->key_file);
}

static void set_method(struct transfer *t)
{
    if (t->request.body.n > 0) {
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->request.body.n);
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->request.body.p);
    }
    if (t->request.method != KUBE_GET)
        curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, kube_method_word(t->request.method));
}

static void set_transport(struct transfer *t)
{
    const struct kube_login *l = &t->client->login;

    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->why);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_USERAGENT, t->client->user_agent);
    curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)KUBE_CONNECT_TIMEOUT_MS);
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)t->request.timeout_ms);
    curl_easy_setopt(t->easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(t->easy, CURLOPT_TCP_KEEPIDLE, (long)KUBE_KEEPALIVE_IDLE_S);
    curl_easy_setopt(t->easy, CURLOPT_TCP_KEEPINTVL, (long)KUBE_KEEPALIVE_EVERY_S);
    if (l->proxy_url)
        curl_easy_setopt(t->easy, CURLOPT_PROXY, l->proxy_url);
    if (l->username) {
        curl_easy_setopt(t->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(t->easy, CURLOPT_USERNAME, l->username);
        curl_easy_setopt(t->easy, CURLOPT_PASSWORD, l->password.n > 0 ? l->password.text : "");
    }
}

static struct transfer *find(struct kube_curl *c, uint64_t id)
{
    for (size_t i = 0; i < KUBE_TRANSFERS_MAX; i++)
        if (c->transfers[i].id == id)
            return &c->transfers[i];
    return NULL;
}

static enum err_code start(void *self, struct kube_request *request, uint64_t *ret_id,
                           struct err *err)
{
    struct kube_curl *c = self;
    struct transfer *t = find(c, 0);
    enum err_code rc;

    if (!t)
        return err_set(err, ERR_LIMIT, "%d requests are under way", KUBE_TRANSFERS_MAX);
    *t = (struct transfer){ .client = c, .id = ++c->n_started, .request = *request };
    *request = (struct kube_request){ 0 };
    rc = kube_credentials_refresh(&c->credentials, err);
    if (rc != ERR_OK) {
        end_transfer(t);
        return rc;
    }
    buf_init(&t->in, KUBE_ANSWER_MAX);
    buf_init(&t->warnings, KUBE_WARNINGS_MAX);
    t->easy = curl_easy_init();
    if (!t->easy || !set_url(t) || !set_headers(t)) {
        end_transfer(t);
        return err_set(err, ERR_INVALID, "libcurl takes no such request");
    }
    set_transport(t);
    set_method(t);
    set_tls(t);
    curl_multi_add_handle(c->multi, t->easy);
    *ret_id = t->id;
    return ERR_OK;
}

static void cancel(void *self, uint64_t id)
{
    struct transfer *t = find(self, id);

    if (id != 0 && t)
        end_transfer(t);
}

/* --- moving ----------------------------------------------------------------------------------- */

static void collect_done(struct kube_curl *c)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(c->multi, &left))) {
        struct transfer *t = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        t->done = true;
        t->result = message->data.result;
        if (http_of(t) == HTTP_UNAUTHORIZED)
            kube_credentials_refused(&c->credentials);
    }
}

static void exchange(void *self)
{
    struct kube_curl *c = self;
    struct epoll_event events[EVENTS_AT_ONCE];
    const int n = epoll_wait(c->epoll_fd, events, EVENTS_AT_ONCE, 0);
    int running;

    for (int i = 0; i < n; i++) {
        const unsigned e = events[i].events;
        const int what = (e & EPOLLIN ? CURL_CSELECT_IN : 0) |
                         (e & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                         (e & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

        curl_multi_socket_action(c->multi, events[i].data.fd, what, &running);
    }
    if (c->timer_at_ms >= 0 && now_ms() >= c->timer_at_ms) {
        c->timer_at_ms = -1;
        curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    collect_done(c);
}

static void tell_end(struct transfer *t, struct kube_news *news)
{
    curl_off_t retry_after_s = 0;

    news->type = t->result == CURLE_OK ? KUBE_NEWS_ANSWER : KUBE_NEWS_LOST;
    news->http = (int)http_of(t);
    news->retry_after_ms = KUBE_RETRY_AFTER_NONE;
    if (curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after_s) == CURLE_OK &&
        retry_after_s > 0)
        news->retry_after_ms = retry_after_s < KUBE_RETRY_AFTER_MAX_MS / 1000
                                   ? (int64_t)retry_after_s * 1000
                                   : KUBE_RETRY_AFTER_MAX_MS;
    if (news->type == KUBE_NEWS_ANSWER) {
        news->bytes = buf_str(&t->in);
        news->warnings = buf_str(&t->warnings);
    } else if (t->overrun) {
        snprintf(news->why, sizeof(news->why), "an answer of more than %d bytes", KUBE_ANSWER_MAX);
    } else {
        snprintf(news->why, sizeof(news->why), "%s",
                 t->why[0] != '\0' ? t->why : curl_easy_strerror(t->result));
    }
}

static void settle(struct transfer *t)
{
    if (t->given == GIVEN_END) {
        end_transfer(t);
        return;
    }
    if (t->given == GIVEN_BYTES)
        buf_clear(&t->in);
    t->given = GIVEN_NOTHING;
    if (t->paused && t->in.n == 0) {
        t->paused = false;
        curl_easy_pause(t->easy, CURLPAUSE_CONT);
    }
}

static bool take_news(struct transfer *t, struct kube_news *news)
{
    const bool streaming = t->id != 0 && is_streaming(t);

    *news = (struct kube_news){ .id = t->id };
    if (streaming && t->in.n > 0) {
        news->type = KUBE_NEWS_BYTES;
        news->bytes = buf_str(&t->in);
    } else if (t->done) {
        tell_end(t, news);
    } else {
        return false;
    }
    return true;
}

static bool next(void *self, struct kube_news *ret_news)
{
    struct kube_curl *c = self;

    for (size_t i = 0; i < KUBE_TRANSFERS_MAX; i++)
        if (c->transfers[i].id != 0)
            settle(&c->transfers[i]);
    for (size_t i = 0; i < KUBE_TRANSFERS_MAX; i++) {
        struct transfer *t = &c->transfers[(c->next + i) % KUBE_TRANSFERS_MAX];

        if (t->id != 0 && take_news(t, ret_news)) {
            t->given = ret_news->type == KUBE_NEWS_BYTES ? GIVEN_BYTES : GIVEN_END;
            c->next = (c->next + i + 1) % KUBE_TRANSFERS_MAX;
            return true;
        }
    }
    return false;
}

static int descriptor(void *self)
{
    return ((struct kube_curl *)self)->epoll_fd;
}

static int64_t wait_ms(void *self)
{
    const struct kube_curl *c = self;
    const int64_t left_ms = c->timer_at_ms - now_ms();

    return c->timer_at_ms < 0 ? -1 : left_ms > 0 ? left_ms : 0;
}

/* --- the whole -------------------------------------------------------------------------------- */

enum err_code kube_curl_new(struct kube_login *login, const char *user_agent,
                            struct kube_curl **ret_client, struct err *err)
{
    struct kube_curl *c = mem_new(1, sizeof(*c));

    c->login = *login;
    *login = (struct kube_login){ 0 };
    c->user_agent = user_agent;
    c->timer_at_ms = -1;
    kube_credentials_init(&c->credentials, &c->login);
    c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    c->multi = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_multi_init() : NULL;
    if (c->epoll_fd < 0 || !c->multi) {
        kube_curl_free(c);
        return err_set(err, ERR_LIMIT, "libcurl cannot be started");
    }
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)KUBE_CONNECTIONS_KEPT);
    *ret_client = c;
    return ERR_OK;
}

void kube_curl_free(struct kube_curl *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < KUBE_TRANSFERS_MAX; i++)
        if (c->transfers[i].id != 0)
            end_transfer(&c->transfers[i]);
    if (c->multi)
        curl_multi_cleanup(c->multi);
    if (c->epoll_fd >= 0)
        close(c->epoll_fd);
    curl_global_cleanup();
    kube_credentials_release(&c->credentials);
    kube_login_release(&c->login);
    free(c);
}

struct kube kube_curl_port(struct kube_curl *c)
{
    static const struct kube_ops ops = {
        .start = start,
        .cancel = cancel,
        .exchange = exchange,
        .next = next,
        .descriptor = descriptor,
        .wait_ms = wait_ms,
    };

    return (struct kube){ &ops, c };
}
