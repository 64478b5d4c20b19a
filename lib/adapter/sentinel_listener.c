#include "adapter/sentinel_listener.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <openssl/err.h>

#include "base/mem.h"

struct ear {
    redisContext *connection;
    uint64_t wal;
    char master_name[MASTER_NAME_MAX + 1];
};

struct sentinel_listener {
    int descriptor; /* epoll */
    struct ear *ears[SENTINEL_LISTENER_MAX];
    int n;
};

struct sentinel_listener *sentinel_listener_new(void)
{
    struct sentinel_listener *l = mem_new(1, sizeof(*l));

    l->descriptor = epoll_create1(EPOLL_CLOEXEC);
    PRE(l->descriptor >= 0);
    return l;
}

static void close_ear(struct sentinel_listener *l, int i)
{
    redisFree(l->ears[i]->connection);
    free(l->ears[i]);
    l->ears[i] = l->ears[--l->n];
}

void sentinel_listener_free(struct sentinel_listener *l)
{
    if (!l)
        return;
    while (l->n > 0)
        close_ear(l, l->n - 1);
    close(l->descriptor);
    free(l);
}

int sentinel_listener_descriptor(const struct sentinel_listener *l)
{
    return l->descriptor;
}

int sentinel_listener_count(const struct sentinel_listener *l)
{
    return l->n;
}

/* From now on a read that finds nothing says so. */
static bool unblock(redisContext *c)
{
    const int flags = fcntl(c->fd, F_GETFL);

    c->flags &= ~REDIS_BLOCK;
    return flags >= 0 && fcntl(c->fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

void sentinel_listener_add(struct sentinel_listener *l, uint64_t wal, const char *master_name,
                           redisContext *connection)
{
    struct ear *ear = mem_new(1, sizeof(*ear));
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = ear };

    if (l->n == SENTINEL_LISTENER_MAX || !unblock(connection) ||
        epoll_ctl(l->descriptor, EPOLL_CTL_ADD, connection->fd, &event) != 0) {
        redisFree(connection);
        free(ear);
        return;
    }
    *ear = (struct ear){ .connection = connection, .wal = wal };
    snprintf(ear->master_name, sizeof(ear->master_name), "%s", master_name);
    l->ears[l->n++] = ear;
}

void sentinel_listener_drop(struct sentinel_listener *l, uint64_t wal)
{
    for (int i = l->n - 1; i >= 0; i--)
        if (l->ears[i]->wal == wal)
            close_ear(l, i);
}

/* "mymaster 10.0.0.1 6379 ..." or "master mymaster 10.0.0.1 ...", by the event. */
static bool names(const char *payload, const char *master_name)
{
    const size_t n = strlen(master_name);

    if (strncmp(payload, "master ", 7) == 0 && strncmp(payload + 7, master_name, n) == 0 &&
        (payload[7 + n] == ' ' || payload[7 + n] == '\0'))
        return true;
    return strncmp(payload, master_name, n) == 0 && payload[n] == ' ';
}

static bool is_about(const redisReply *r, const char *master_name)
{
    return r->type == REDIS_REPLY_ARRAY && r->elements == 3 &&
           r->element[0]->type == REDIS_REPLY_STRING && r->element[2]->type == REDIS_REPLY_STRING &&
           strcmp(r->element[0]->str, "message") == 0 && names(r->element[2]->str, master_name);
}

/* False: the connection is of no more use. */
static bool hear(struct ear *ear, bool *ret_changed)
{
    redisReply *reply = NULL;
    bool refused = false;

    ERR_clear_error(); /* of other connections */
    if (redisBufferRead(ear->connection) != REDIS_OK)
        return false;
    while (!refused && redisGetReplyFromReader(ear->connection, (void **)&reply) == REDIS_OK &&
           reply) {
        *ret_changed = *ret_changed || is_about(reply, ear->master_name);
        refused = reply->type == REDIS_REPLY_ERROR;
        freeReplyObject(reply);
    }
    return !refused && ear->connection->err == 0;
}

bool sentinel_listener_next(struct sentinel_listener *l, struct redis_news *ret)
{
    struct epoll_event event;

    for (int i = 0; i < SENTINEL_LISTENER_MAX && epoll_wait(l->descriptor, &event, 1, 0) == 1;
         i++) {
        struct ear *ear = event.data.ptr;
        bool changed = false;

        *ret = (struct redis_news){ ear->wal, REDIS_NEWS_CHANGED };
        if (!hear(ear, &changed)) {
            ret->type = REDIS_NEWS_ENDED;
            sentinel_listener_drop(l, ear->wal);
            return true;
        }
        if (changed)
            return true;
    }
    return false;
}
