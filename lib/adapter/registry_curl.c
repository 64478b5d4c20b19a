#include "adapter/registry_curl.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "codec/registry_answer.h"

enum { ID_PATH_MAX = 32 };

enum progress {
    IDLE,
    ASKED,    /* the thread is to ask */
    ASKING,   /* it does */
    ANSWERED, /* and has an answer */
};

static const char *const accepted[] = {
    "Accept: application/vnd.schemaregistry.v1+json, application/json",
    NULL,
};

struct registry_curl {
    pthread_t thread;
    int descriptor; /* eventfd: readable when there is an answer */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool stopping;
    enum progress progress;
    uint32_t id;
    struct http_peer *peer;
    long status;
    struct buf body; /* the thread's while ASKING, else the caller's */
    char why[ERR_MSG_MAX];
};

/* --- the thread ------------------------------------------------------------------------------- */

static bool is_over(void *self)
{
    struct registry_curl *r = self;
    bool over;

    pthread_mutex_lock(&r->mutex);
    over = r->stopping || r->progress != ASKING;
    pthread_mutex_unlock(&r->mutex);
    return over;
}

/* With the mutex held, except while the registry is asked. */
static void serve_question(struct registry_curl *r)
{
    char path[ID_PATH_MAX], why[ERR_MSG_MAX];
    const struct http_request_to request = {
        .method = "GET",
        .path = path,
        .headers = accepted,
        .answer = &r->body,
        .is_over = is_over,
        .self = r,
    };
    const uint64_t one = 1;
    struct http_exchange *exchange;
    long status;
    ssize_t n;

    r->progress = ASKING;
    buf_clear(&r->body);
    snprintf(path, sizeof(path), "/schemas/ids/%u", (unsigned)r->id);
    exchange = http_exchange_new(r->peer, &request);
    pthread_mutex_unlock(&r->mutex);
    status = http_exchange_perform(exchange, why);
    http_exchange_free(exchange);
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

void registry_curl_use(struct registry_curl *r, const struct http_access *access)
{
    pthread_mutex_lock(&r->mutex);
    http_peer_use(r->peer, access);
    pthread_mutex_unlock(&r->mutex);
}

enum err_code registry_curl_new(const struct http_access *access, struct registry_curl **ret,
                                struct err *err)
{
    struct http_peer *peer = NULL;
    const enum err_code rc = http_peer_new(access, "the schema registry's", &peer, err);
    struct registry_curl *r;

    if (rc != ERR_OK)
        return rc;
    r = mem_new(1, sizeof(*r));
    r->peer = peer;
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
    http_peer_free(r->peer);
    free(r);
}
