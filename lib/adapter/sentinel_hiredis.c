#include "adapter/sentinel_hiredis.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <openssl/err.h>

#include "base/address.h"
#include "base/mem.h"

struct vote {
    char address[PRIMARY_ADDRESS_MAX + 1];
    int n;
};

static bool next_sentinel(struct str *list, char *ret_address)
{
    struct str element;

    if (!address_list_next(list, &element) || element.n > PRIMARY_ADDRESS_MAX)
        return false;
    memcpy(ret_address, element.p, element.n);
    ret_address[element.n] = '\0';
    return true;
}

static enum err_code read_address(const redisReply *reply, const char *master_name,
                                  char *ret_address, struct err *err)
{
    const char *host;

    if (reply->type == REDIS_REPLY_ERROR)
        return err_set(err, ERR_DENIED, "%s", reply->str);
    if (reply->type == REDIS_REPLY_NIL)
        return err_set(err, ERR_NOT_FOUND, "it knows no master called '%s'", master_name);
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING ||
        reply->element[1]->type != REDIS_REPLY_STRING)
        return err_set(err, ERR_CORRUPT, "it did not answer with an address");
    host = reply->element[0]->str;
    snprintf(ret_address, PRIMARY_ADDRESS_MAX + 1,
             strchr(host, ':') ? "[%.255s]:%.5s" : "%.255s:%.5s", host, reply->element[1]->str);
    return ERR_OK;
}

static enum err_code ask_address(redisContext *c, const char *master_name, char *ret_address,
                                 struct err *err)
{
    redisReply *reply = redisCommand(c, "SENTINEL get-master-addr-by-name %s", master_name);
    const enum err_code rc = reply ? read_address(reply, master_name, ret_address, err)
                                   : err_set(err, ERR_UNAVAILABLE, "%s", c->errstr);

    freeReplyObject(reply);
    return rc;
}

static enum err_code ask(const struct sentinel_settings *settings, const struct redis_login *login,
                         const char *sentinel, char *ret_address, struct err *err)
{
    redisContext *c;
    enum err_code rc;

    rc = redis_dial(login, sentinel, settings->timeout_ms, &c, err);
    if (rc != ERR_OK)
        return err_wrap(err, rc, "Sentinel");
    rc = ask_address(c, settings->master_name, ret_address, err);
    redisFree(c);
    return rc == ERR_OK ? ERR_OK : err_wrap(err, rc, "Sentinel %s", sentinel);
}

/* How many say that address now. */
static int count_vote(struct vote *votes, size_t *n_votes, const char *address)
{
    for (size_t i = 0; i < *n_votes; i++)
        if (strcmp(votes[i].address, address) == 0)
            return ++votes[i].n;
    snprintf(votes[*n_votes].address, sizeof(votes[0].address), "%s", address);
    return votes[(*n_votes)++].n = 1;
}

static int count_sentinels(struct str list)
{
    struct str element;
    int n = 0;

    while (n < SENTINELS_MAX && address_list_next(&list, &element))
        n++;
    return n;
}

enum err_code sentinel_resolve(const struct sentinel_settings *settings,
                               const struct redis_login *login, char *ret_address, struct err *err)
{
    struct str list = str_from(settings->sentinels);
    struct vote votes[SENTINELS_MAX];
    char sentinel[PRIMARY_ADDRESS_MAX + 1], address[PRIMARY_ADDRESS_MAX + 1];
    size_t n_votes = 0, best = 0;
    const int n_sentinels = count_sentinels(list);
    enum err_code rc = err_set(err, ERR_INVALID, "no Sentinel is given");

    for (int i = 0; i < n_sentinels && next_sentinel(&list, sentinel); i++) {
        const enum err_code answer = ask(settings, login, sentinel, address, err);

        if (answer != ERR_OK)
            rc = answer;
        else if (2 * count_vote(votes, &n_votes, address) > n_sentinels)
            break; /* whatever the others say */
    }
    if (n_votes == 0)
        return rc;
    for (size_t i = 1; i < n_votes; i++)
        if (votes[i].n > votes[best].n)
            best = i;
    memcpy(ret_address, votes[best].address, sizeof(votes[best].address));
    return ERR_OK;
}

/* --- the survey ------------------------------------------------------------------------------- */

/* Names and values, one behind the other. */
static void read_master(const redisReply *reply, struct sentinel_answer *ret)
{
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2) {
        const redisReply *name = reply->element[i], *value = reply->element[i + 1];
        int64_t number;

        if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING ||
            !str_to_int64(str_from(value->str), &number) || number < 0)
            continue;
        if (strcmp(name->str, "num-other-sentinels") == 0)
            ret->n_others = number;
        else if (strcmp(name->str, "down-after-milliseconds") == 0)
            ret->down_after_ms = number;
    }
}

static void read_quorum(const redisReply *reply, struct sentinel_answer *ret)
{
    if (reply->type == REDIS_REPLY_STATUS)
        ret->quorum = SENTINEL_QUORUM_YES;
    else if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOQUORUM", 8) == 0) {
        ret->quorum = SENTINEL_QUORUM_NO;
        snprintf(ret->quorum_text, sizeof(ret->quorum_text), "%.*s", SENTINEL_TEXT_MAX, reply->str);
    }
}

static void ask_more(redisContext *c, const char *master_name, struct sentinel_answer *ret)
{
    redisReply *master = redisCommand(c, "SENTINEL MASTER %s", master_name);
    redisReply *quorum = master ? redisCommand(c, "SENTINEL CKQUORUM %s", master_name) : NULL;

    if (master)
        read_master(master, ret);
    if (quorum)
        read_quorum(quorum, ret);
    freeReplyObject(master);
    freeReplyObject(quorum);
}

static void survey_one(const struct sentinel_settings *settings, const struct redis_login *login,
                       const char *sentinel, struct sentinel_answer *ret)
{
    redisContext *c;

    *ret = (struct sentinel_answer){ .n_others = -1, .down_after_ms = -1 };
    ret->rc = redis_dial(login, sentinel, settings->timeout_ms, &c, &ret->err);
    if (ret->rc != ERR_OK) {
        ret->rc = err_wrap(&ret->err, ret->rc, "Sentinel");
        return;
    }
    ret->rc = ask_address(c, settings->master_name, ret->primary, &ret->err);
    if (ret->rc == ERR_OK)
        ask_more(c, settings->master_name, ret);
    else
        ret->rc = err_wrap(&ret->err, ret->rc, "Sentinel %s", sentinel);
    redisFree(c);
}

size_t sentinel_survey(const struct sentinel_settings *settings, const struct redis_login *login,
                       struct sentinel_answer *ret)
{
    struct str list = str_from(settings->sentinels);
    char sentinel[PRIMARY_ADDRESS_MAX + 1];
    size_t n = 0;

    while (n < SENTINELS_MAX && next_sentinel(&list, sentinel))
        survey_one(settings, login, sentinel, &ret[n++]);
    return n;
}

/* --- subscriptions ---------------------------------------------------------------------------- */

enum err_code sentinel_subscribe(const struct redis_login *login, const char *sentinel,
                                 int64_t timeout_ms, redisContext **ret, struct err *err)
{
    redisContext *c;
    const enum err_code rc = redis_dial(login, sentinel, timeout_ms, &c, err);

    if (rc != ERR_OK)
        return rc;
    redisEnableKeepAlive(c);
    if (redisAppendCommand(c, "SUBSCRIBE +switch-master +monitor +reset-master") == REDIS_OK &&
        redisBufferWrite(c, NULL) == REDIS_OK) {
        *ret = c;
        return ERR_OK;
    }
    redisFree(c);
    return err_set(err, ERR_UNAVAILABLE, "%s does not take a subscription", sentinel);
}

/* --- the watch -------------------------------------------------------------------------------- */

struct sentinel_watch {
    struct sentinel_settings settings;
    pthread_t thread;
    int moved_descriptor;  /* eventfd of the owner's: written to when `moved` is set */
    int stop_descriptor;   /* eventfd */
    pthread_mutex_t mutex; /* guards what follows */
    struct redis_login login;
    char expected[PRIMARY_ADDRESS_MAX + 1];
    bool moved;
};

static void notify(int descriptor)
{
    const uint64_t one = 1;
    const ssize_t n = write(descriptor, &one, sizeof(one));

    (void)n; /* an eventfd only refuses when it is full, and then it is readable */
}

static void compare(struct sentinel_watch *w, const char *address)
{
    pthread_mutex_lock(&w->mutex);
    if (w->expected[0] && strcmp(w->expected, address) != 0) {
        w->moved = true;
        w->expected[0] = '\0';
        notify(w->moved_descriptor);
    }
    pthread_mutex_unlock(&w->mutex);
}

/* The first Sentinel that grants a subscription; NULL: none did. */
static redisContext *listen_to_one(const struct sentinel_watch *w, const struct redis_login *login)
{
    struct str list = str_from(w->settings.sentinels);
    char sentinel[PRIMARY_ADDRESS_MAX + 1];
    redisContext *c;

    while (next_sentinel(&list, sentinel))
        if (sentinel_subscribe(login, sentinel, w->settings.timeout_ms, &c, NULL) == ERR_OK)
            return c;
    return NULL;
}

enum waited { WAITED_IN_VAIN, WAITED_FOR_NEWS, WAITED_FOR_THE_END };

/* Until there is news, the next poll, or the end. A connection that ended is news, too. */
static enum waited wait_for_news(const struct sentinel_watch *w, redisContext **listening)
{
    struct pollfd fds[] = {
        { .fd = w->stop_descriptor, .events = POLLIN },
        { .fd = *listening ? (*listening)->fd : -1, .events = POLLIN },
    };
    redisReply *reply = NULL;

    poll(fds, ARRAY_SIZE(fds), (int)w->settings.poll_interval_ms);
    ERR_clear_error(); /* of other Sentinels' connections */
    if (fds[1].revents && redisGetReply(*listening, (void **)&reply) != REDIS_OK) {
        redisFree(*listening);
        *listening = NULL;
    }
    freeReplyObject(reply);
    if (fds[0].revents)
        return WAITED_FOR_THE_END;
    return fds[1].revents ? WAITED_FOR_NEWS : WAITED_IN_VAIN;
}

static void copy_login(struct sentinel_watch *w, struct redis_login *ret)
{
    pthread_mutex_lock(&w->mutex);
    redis_login_copy(&w->login, ret);
    pthread_mutex_unlock(&w->mutex);
}

static void *watch(void *argument)
{
    struct sentinel_watch *w = argument;
    redisContext *listening = NULL;
    char address[PRIMARY_ADDRESS_MAX + 1];
    enum waited waited = WAITED_IN_VAIN;

    while (waited != WAITED_FOR_THE_END) {
        CLEANUP(redis_login_release) struct redis_login login;

        copy_login(w, &login);
        if (!listening && waited == WAITED_IN_VAIN) /* one that hangs up is not asked at once */
            listening = listen_to_one(w, &login);
        if (sentinel_resolve(&w->settings, &login, address, NULL) == ERR_OK)
            compare(w, address);
        waited = wait_for_news(w, &listening);
    }
    if (listening)
        redisFree(listening);
    return NULL;
}

struct sentinel_watch *sentinel_watch_start(const struct sentinel_settings *settings,
                                            const struct redis_login *login, int descriptor)
{
    struct sentinel_watch *w = mem_new(1, sizeof(*w));

    w->settings = *settings;
    redis_login_copy(login, &w->login);
    w->moved_descriptor = descriptor;
    w->stop_descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    PRE(w->stop_descriptor >= 0);
    pthread_mutex_init(&w->mutex, NULL);
    if (pthread_create(&w->thread, NULL, watch, w) != 0)
        UNREACHABLE("no thread to watch the Sentinels with");
    return w;
}

void sentinel_watch_stop(struct sentinel_watch *w)
{
    if (!w)
        return;
    notify(w->stop_descriptor);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->mutex);
    close(w->stop_descriptor);
    redis_login_release(&w->login);
    free(w);
}

void sentinel_watch_use(struct sentinel_watch *w, const struct redis_login *login)
{
    pthread_mutex_lock(&w->mutex);
    redis_login_release(&w->login);
    redis_login_copy(login, &w->login);
    pthread_mutex_unlock(&w->mutex);
}

void sentinel_watch_expect(struct sentinel_watch *w, const char *address)
{
    pthread_mutex_lock(&w->mutex);
    snprintf(w->expected, sizeof(w->expected), "%s", address);
    w->moved = false;
    pthread_mutex_unlock(&w->mutex);
}

bool sentinel_watch_moved(struct sentinel_watch *w)
{
    bool moved;

    pthread_mutex_lock(&w->mutex);
    moved = w->moved;
    w->moved = false;
    pthread_mutex_unlock(&w->mutex);
    return moved;
}
