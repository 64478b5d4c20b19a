#include "runtime/dialogue.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>

#include "core/redis_error.h"
#include "core/resp.h"
#include "runtime/clock.h"

enum { WORDS_MAX = 16, CONNECT_POLL_MS = 100 };

enum err_code dialogue_open(struct dialogue *d, const struct sink *sink, int64_t timeout_ms,
                            struct err *err)
{
    struct pollfd fd = { .fd = sink->ops->news_descriptor(sink->self), .events = POLLIN };
    enum err_code rc = ERR_OK;

    *d = (struct dialogue){ .sink = *sink, .timeout_ms = timeout_ms };
    buf_init(&d->out, DIALOGUE_MAX_BYTES);
    sink->ops->connect(sink->self);
    while (!sink->ops->connected(sink->self, &rc, &d->facts, err))
        poll(&fd, 1, CONNECT_POLL_MS);
    return rc;
}

void dialogue_close(struct dialogue *d)
{
    if (d->sink.ops)
        d->sink.ops->disconnect(d->sink.self);
    buf_release(&d->out);
}

/* What does not fit is missed at dialogue_send(): the commands would not be whole. */
static void gathered(struct dialogue *d, bool fits)
{
    d->n_unanswered++;
    if (!fits)
        d->out.limit = 0;
}

void dialogue_say(struct dialogue *d, const struct str *words, size_t n)
{
    gathered(d, resp_append(&d->out, words, n));
}

void dialogue_say_text(struct dialogue *d, const char *word, ...)
{
    struct str words[WORDS_MAX];
    size_t n = 0;
    va_list ap;

    va_start(ap, word);
    for (; word && n < WORDS_MAX; word = va_arg(ap, const char *))
        words[n++] = str_from(word);
    va_end(ap);
    PRE(!word);
    dialogue_say(d, words, n);
}

struct buf *dialogue_gather(struct dialogue *d, size_t n)
{
    d->n_unanswered += n;
    return &d->out;
}

enum err_code dialogue_send(struct dialogue *d, struct err *err)
{
    if (d->out.limit == 0)
        return err_set(err, ERR_LIMIT, "%s: more than %d MiB to ask for at once", d->facts.address,
                       (int)(DIALOGUE_MAX_BYTES >> 20));
    return d->sink.ops->send(d->sink.self, &d->out, err);
}

static enum err_code wait(struct dialogue *d, int64_t deadline_ms, struct err *err)
{
    const int64_t left_ms = deadline_ms - clock_monotonic_ms();
    bool wants_write = false;
    struct pollfd fd = { .fd = d->sink.ops->descriptor(d->sink.self, &wants_write) };

    fd.events = wants_write ? POLLIN | POLLOUT : POLLIN;
    if (left_ms <= 0)
        return err_set(err, ERR_TIMEOUT, "%s: no answer within %lld ms", d->facts.address,
                       (long long)d->timeout_ms);
    if (poll(&fd, 1, (int)left_ms) < 0 && errno != EINTR)
        UNREACHABLE("poll() of a valid descriptor");
    return fd.revents ? d->sink.ops->exchange(d->sink.self, err) : ERR_OK;
}

enum err_code dialogue_hear(struct dialogue *d, const struct reply **ret, struct err *err)
{
    const int64_t deadline_ms = clock_monotonic_ms() + d->timeout_ms;
    enum err_code rc;

    PRE(d->n_unanswered > 0);
    for (;;) {
        rc = d->sink.ops->next_reply(d->sink.self, ret, err);
        if (rc != ERR_OK || *ret)
            break;
        rc = wait(d, deadline_ms, err);
        if (rc != ERR_OK)
            break;
    }
    d->n_unanswered--;
    return rc;
}

enum err_code dialogue_ask(struct dialogue *d, const struct str *words, size_t n,
                           const struct reply **ret, struct err *err)
{
    enum err_code rc;

    PRE(d->n_unanswered == 0);
    dialogue_say(d, words, n);
    rc = dialogue_send(d, err);
    if (rc == ERR_OK)
        rc = dialogue_hear(d, ret, err);
    if (rc != ERR_OK || (*ret)->type != REPLY_ERROR)
        return rc;
    rc = redis_error_classify((*ret)->text) == REDIS_ERROR_ACCESS ? ERR_DENIED : ERR_UNAVAILABLE;
    return err_set(err, rc, "%s: %.*s: %.*s", d->facts.address, STR_ARGS(words[0]),
                   STR_ARGS((*ret)->text));
}
