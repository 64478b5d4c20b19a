#include "adapter/sink_hiredis.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "adapter/redis_connect.h"
#include "base/check.h"
#include "base/mem.h"

struct sink_hiredis {
    struct sink_hiredis_settings settings;
    struct redis_login login, sentinel_login;
    int news_descriptor;           /* eventfd */
    struct sentinel_watch *watch;  /* NULL with a fixed primary */
    struct redis_connect *attempt; /* NULL: none is under way */
    redisContext *context;         /* NULL when disconnected */
    struct reply_reader *reader;   /* of the context's */
    bool unwritten;                /* the context holds bytes that the socket did not take */
};

static void disconnect(void *self)
{
    struct sink_hiredis *s = self;

    redis_connect_abandon(s->attempt);
    if (s->context)
        redisFree(s->context);
    reply_reader_free(s->reader);
    s->attempt = NULL;
    s->context = NULL;
    s->reader = NULL;
    s->unwritten = false;
}

static void connect_primary(void *self)
{
    struct sink_hiredis *s = self;
    const struct redis_connect_settings settings = {
        .redis = s->settings.redis,
        .sentinel = s->settings.sentinel,
        .login = &s->login,
        .sentinel_login = &s->sentinel_login,
        .timeout_ms = s->settings.connect_timeout_ms,
        .wall_ms = s->settings.wall_ms,
        .descriptor = s->news_descriptor,
    };

    disconnect(s);
    s->attempt = redis_connect_start(&settings);
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

static bool connected(void *self, enum err_code *ret_rc, struct primary_facts *ret_facts,
                      struct err *err)
{
    struct sink_hiredis *s = self;
    struct redis_connect_outcome outcome;

    if (!s->attempt || !redis_connect_take(s->attempt, &outcome))
        return false;
    s->attempt = NULL;
    s->context = outcome.context;
    s->reader = outcome.reader;
    *ret_facts = outcome.facts;
    *ret_rc = outcome.rc;
    *err = outcome.err;
    if (s->watch && outcome.facts.address[0])
        sentinel_watch_expect(s->watch, outcome.facts.address);
    if (outcome.rc == ERR_OK)
        *ret_rc = stop_blocking(s->context, err);
    if (*ret_rc != ERR_OK)
        disconnect(s);
    return true;
}

static int descriptor(void *self, bool *ret_wants_write)
{
    const struct sink_hiredis *s = self;

    *ret_wants_write = s->unwritten;
    return s->context ? s->context->fd : -1;
}

/* What OpenSSL asks of those who call it: an error that a dead connection or a bad file left behind
 * would be taken for one of this connection's. */
static void forget_tls_errors(void)
{
    ERR_clear_error();
}

static enum err_code write_queued(struct sink_hiredis *s, struct err *err)
{
    int done = 0;

    forget_tls_errors();
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

    forget_tls_errors();
    if (rc == ERR_OK && redisBufferRead(s->context) != REDIS_OK)
        rc = err_set(err, ERR_UNAVAILABLE, "%s", s->context->errstr);
    return rc;
}

static enum err_code next_reply(void *self, const struct reply **ret_reply, struct err *err)
{
    struct sink_hiredis *s = self;
    void *reply = NULL;

    if (redisReaderGetReply(s->context->reader, &reply) != REDIS_OK)
        return reply_reader_error(s->context, err);
    *ret_reply = reply;
    return ERR_OK;
}

static bool moved(void *self)
{
    const struct sink_hiredis *s = self;
    uint64_t count;
    const ssize_t n = read(s->news_descriptor, &count, sizeof(count));

    (void)n; /* nothing to read is fine */
    return s->watch && sentinel_watch_moved(s->watch);
}

static int news_descriptor(void *self)
{
    const struct sink_hiredis *s = self;

    return s->news_descriptor;
}

enum err_code sink_hiredis_use(struct sink_hiredis *s, const struct sink_hiredis_access *access,
                               struct err *err)
{
    struct redis_login login, sentinel_login = { 0 };
    enum err_code rc = redis_login_new(&access->redis, &login, err);

    if (rc != ERR_OK)
        return rc;
    if (!s->settings.redis)
        rc = redis_login_new(&access->sentinel, &sentinel_login, err);
    if (rc != ERR_OK) {
        redis_login_release(&login);
        return rc;
    }
    redis_login_release(&s->login);
    redis_login_release(&s->sentinel_login);
    s->login = login;
    s->sentinel_login = sentinel_login;
    if (s->watch)
        sentinel_watch_use(s->watch, &s->sentinel_login);
    return ERR_OK;
}

enum err_code sink_hiredis_new(const struct sink_hiredis_settings *settings,
                               struct sink_hiredis **ret, struct err *err)
{
    struct sink_hiredis *s = mem_new(1, sizeof(*s));
    enum err_code rc;

    s->settings = *settings;
    s->settings.access = (struct sink_hiredis_access){ 0 };
    s->news_descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    PRE(s->news_descriptor >= 0);
    rc = sink_hiredis_use(s, &settings->access, err);
    if (rc != ERR_OK) {
        sink_hiredis_free(s);
        return rc;
    }
    if (!settings->redis)
        s->watch =
            sentinel_watch_start(&s->settings.sentinel, &s->sentinel_login, s->news_descriptor);
    *ret = s;
    return ERR_OK;
}

void sink_hiredis_free(struct sink_hiredis *s)
{
    if (!s)
        return;
    sentinel_watch_stop(s->watch);
    disconnect(s);
    redis_login_release(&s->login);
    redis_login_release(&s->sentinel_login);
    close(s->news_descriptor);
    free(s);
}

struct sink sink_hiredis_port(struct sink_hiredis *s)
{
    static const struct sink_ops ops = {
        .connect = connect_primary,
        .connected = connected,
        .disconnect = disconnect,
        .descriptor = descriptor,
        .send = send_bytes,
        .exchange = exchange,
        .next_reply = next_reply,
        .moved = moved,
        .news_descriptor = news_descriptor,
    };

    return (struct sink){ &ops, s };
}
