#include "adapter/sink_hiredis.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "adapter/primary_facts.h"
#include "adapter/reply_reader.h"
#include "base/mem.h"

struct sink_hiredis {
    struct sink_hiredis_settings settings;
    struct ssl_ctx_st *tls, *sentinel_tls;
    struct sentinel_watch *watch; /* NULL with a fixed primary */
    struct reply_reader *reader;
    redisContext *context; /* NULL when disconnected */
    bool unwritten;        /* the context holds bytes that the socket did not take */
};

static void disconnect(void *self)
{
    struct sink_hiredis *s = self;

    if (s->context)
        redisFree(s->context);
    s->context = NULL;
    s->unwritten = false;
}

static enum err_code resolve(struct sink_hiredis *s, char *ret_address, struct err *err)
{
    if (!s->settings.redis)
        return sentinel_resolve(&s->settings.sentinel, s->sentinel_tls, ret_address, err);
    snprintf(ret_address, PRIMARY_ADDRESS_MAX + 1, "%s", s->settings.redis);
    return ERR_OK;
}

static enum err_code stop_blocking(redisContext *c, struct err *err)
{
    const int flags = fcntl(c->fd, F_GETFL);
    const int on = 1;

    if (flags < 0 || fcntl(c->fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return err_set(err, ERR_UNAVAILABLE, "the socket cannot be made non-blocking");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    c->flags &= ~REDIS_BLOCK;
    return ERR_OK;
}

static enum err_code connect_primary(void *self, struct primary_facts *ret_facts, struct err *err)
{
    struct sink_hiredis *s = self;
    const int64_t timeout_ms = s->settings.connect_timeout_ms;
    struct primary_facts facts = { 0 };
    enum err_code rc;

    disconnect(s);
    rc = resolve(s, facts.address, err);
    if (rc != ERR_OK)
        return rc;
    if (s->watch)
        sentinel_watch_expect(s->watch, facts.address);
    rc = redis_dial(&s->settings.access, s->tls, facts.address, timeout_ms, &s->context, err);
    if (rc != ERR_OK)
        return rc;
    reply_reader_attach(s->reader, s->context);
    rc = primary_facts_ask(s->context, timeout_ms, s->settings.wall_ms, &facts, err);
    if (rc == ERR_OK)
        rc = stop_blocking(s->context, err);
    if (rc != ERR_OK) {
        disconnect(s);
        return err_wrap(err, rc, "%s", facts.address);
    }
    *ret_facts = facts;
    return ERR_OK;
}

static int descriptor(void *self, bool *ret_wants_write)
{
    const struct sink_hiredis *s = self;

    *ret_wants_write = s->unwritten;
    return s->context ? s->context->fd : -1;
}

static enum err_code write_queued(struct sink_hiredis *s, struct err *err)
{
    int done = 0;

    if (redisBufferWrite(s->context, &done) != REDIS_OK)
        return err_set(err, ERR_UNAVAILABLE, "%s", s->context->errstr);
    s->unwritten = !done;
    return ERR_OK;
}

static enum err_code send_bytes(void *self, struct buf *bytes, struct err *err)
{
    struct sink_hiredis *s = self;
    enum err_code rc = ERR_OK;

    if (!s->context)
        rc = err_set(err, ERR_UNAVAILABLE, "not connected");
    else if (redisAppendFormattedCommand(s->context, bytes->p, bytes->n) != REDIS_OK)
        rc = err_set(err, ERR_UNAVAILABLE, "%s", s->context->errstr);
    buf_clear(bytes);
    return rc == ERR_OK ? write_queued(s, err) : rc;
}

static enum err_code exchange(void *self, struct err *err)
{
    struct sink_hiredis *s = self;
    enum err_code rc = s->unwritten ? write_queued(s, err) : ERR_OK;

    if (rc == ERR_OK && redisBufferRead(s->context) != REDIS_OK)
        rc = err_set(err, ERR_UNAVAILABLE, "%s", s->context->errstr);
    return rc;
}

static enum err_code next_reply(void *self, const struct reply **ret_reply, struct err *err)
{
    struct sink_hiredis *s = self;
    void *reply = NULL;

    if (redisReaderGetReply(s->context->reader, &reply) != REDIS_OK)
        return err_set(err, ERR_CORRUPT, "%s", s->context->reader->errstr);
    *ret_reply = reply;
    return ERR_OK;
}

static bool moved(void *self)
{
    const struct sink_hiredis *s = self;

    return s->watch && sentinel_watch_moved(s->watch);
}

static int moved_descriptor(void *self)
{
    const struct sink_hiredis *s = self;

    return s->watch ? sentinel_watch_descriptor(s->watch) : -1;
}

enum err_code sink_hiredis_new(const struct sink_hiredis_settings *settings,
                               struct sink_hiredis **ret, struct err *err)
{
    struct sink_hiredis *s = mem_new(1, sizeof(*s));
    enum err_code rc;

    s->settings = *settings;
    s->reader = reply_reader_new();
    rc = redis_tls_new(&settings->access, &s->tls, err);
    if (rc == ERR_OK && !settings->redis)
        rc = redis_tls_new(&settings->sentinel.access, &s->sentinel_tls, err);
    if (rc != ERR_OK) {
        sink_hiredis_free(s);
        return rc;
    }
    if (!settings->redis)
        s->watch = sentinel_watch_start(&s->settings.sentinel, s->sentinel_tls);
    *ret = s;
    return ERR_OK;
}

void sink_hiredis_free(struct sink_hiredis *s)
{
    if (!s)
        return;
    sentinel_watch_stop(s->watch);
    disconnect(s);
    reply_reader_free(s->reader);
    redis_tls_free(s->tls);
    redis_tls_free(s->sentinel_tls);
    free(s);
}

struct sink sink_hiredis_port(struct sink_hiredis *s)
{
    static const struct sink_ops ops = {
        .connect = connect_primary,
        .disconnect = disconnect,
        .descriptor = descriptor,
        .send = send_bytes,
        .exchange = exchange,
        .next_reply = next_reply,
        .moved = moved,
        .moved_descriptor = moved_descriptor,
    };

    return (struct sink){ &ops, s };
}
