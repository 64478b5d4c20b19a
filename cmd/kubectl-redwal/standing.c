#include "standing.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/locate.h"
#include "runtime/clock.h"

enum { AGE_PATIENCE_MS = 3000, NEWS_WAIT_MS = 50, UNKNOWN = -1 };

void standing_release(struct standing *s)
{
    free(s->partitions);
    *s = (struct standing){ 0 };
}

enum err_code standing_open(const struct invocation *in, struct standing_link *ret, struct err *err)
{
    *ret = (struct standing_link){ .in = in };
    return link_reader(in, link_options(in)->topic, &ret->reader, err);
}

void standing_close(struct standing_link *l)
{
    log_reader_free(l->reader);
    link_redis_release(&l->redis);
    *l = (struct standing_link){ 0 };
}

int64_t standing_next(const struct standing_partition *p)
{
    if (p->read == POSITION_PRESENT)
        return p->position.next;
    /* Nothing of a log that is whole was applied yet. */
    return p->read == POSITION_ABSENT && p->hold == HOLD_NONE ? p->extent.begin : UNKNOWN;
}

int64_t standing_behind(const struct standing_partition *p)
{
    return p->hold == HOLD_LOG_REPLACED || standing_next(p) < 0 ? UNKNOWN
                                                                : p->extent.end - standing_next(p);
}

/* --- Redis ------------------------------------------------------------------------------------ */

static void say(struct dialogue *d, struct str wal, int32_t partition)
{
    char key[POSITION_KEY_MAX];

    if (!position_append_read(dialogue_gather(d, 1), position_key(key, wal, partition)) ||
        !partition_identity_append_read(dialogue_gather(d, 1), partition))
        UNREACHABLE("positions are small");
}

static enum err_code hear(struct dialogue *d, struct standing_partition *p, struct err *err)
{
    const struct reply *reply;
    enum err_code rc = dialogue_hear(d, &reply, err);

    if (rc != ERR_OK)
        return rc;
    if (reply->type == REPLY_ERROR)
        return err_set(err, ERR_UNAVAILABLE, "Redis: %.*s", STR_ARGS(reply->text));
    p->read = position_from_reply(reply, &p->position);
    rc = dialogue_hear(d, &reply, err);
    if (rc == ERR_OK && !partition_identity_from_reply(reply, &p->identity))
        return err_set(err, ERR_UNAVAILABLE, "Redis: %.*s", STR_ARGS(reply->text));
    return rc;
}

static enum err_code read_positions(struct dialogue *d, struct str wal, struct standing *s,
                                    struct err *err)
{
    enum err_code rc;

    for (int32_t i = 0; i < s->n; i++)
        say(d, wal, i);
    rc = dialogue_send(d, err);
    for (int32_t i = 0; rc == ERR_OK && i < s->n; i++)
        rc = hear(d, &s->partitions[i], err);
    return rc;
}

/* Where there is no connection yet, or no more: a primary that has gone is looked for again. */
static enum err_code ask_redis(struct standing_link *l, struct standing *s, struct err *err)
{
    const struct str wal = str_from(link_options(l->in)->wal);
    enum err_code rc = ERR_UNAVAILABLE;

    if (l->has_redis)
        rc = read_positions(&l->redis.dialogue, wal, s, err);
    if (rc == ERR_OK || err_class(rc) != ERR_CLASS_RETRY)
        return rc;
    link_redis_release(&l->redis);
    rc = link_redis_open(l->in, &l->redis, err);
    l->has_redis = rc == ERR_OK;
    return rc == ERR_OK ? read_positions(&l->redis.dialogue, wal, s, err) : rc;
}

/* --- all of it -------------------------------------------------------------------------------- */

static void judge(struct standing *s)
{
    for (int32_t i = 0; i < s->n; i++) {
        struct standing_partition *p = &s->partitions[i];
        const struct locate_facts facts = {
            .read = p->read,
            .position = p->position,
            .identity = p->identity,
            .log = s->log,
            .begin = p->extent.begin,
            .end = p->extent.end,
        };

        p->hold = locate(&facts).hold;
    }
}

/* The group commits what Redis has, and Redis has what the log has: asked for in that order. */
enum err_code standing_look(struct standing_link *l, struct standing *ret, struct err *err)
{
    struct log_survey before = { 0 }, after = { 0 };
    struct standing s = { 0 };
    enum err_code rc = log_reader_survey(l->reader, &before, err);

    if (rc == ERR_OK)
        rc = log_reader_committed(l->reader, &before, err);
    if (rc == ERR_OK) {
        s.n = before.n;
        s.partitions = mem_new((size_t)s.n, sizeof(*s.partitions));
        rc = ask_redis(l, &s, err);
    }
    if (rc == ERR_OK)
        rc = log_reader_survey(l->reader, &after, err);
    for (int32_t i = 0; rc == ERR_OK && i < s.n && i < after.n; i++) {
        s.partitions[i].extent = after.extents[i];
        s.partitions[i].extent.committed = before.extents[i].committed;
        s.partitions[i].next_ms = UNKNOWN;
    }
    memcpy(s.log, after.log, sizeof(s.log));
    log_survey_release(&before);
    log_survey_release(&after);
    if (rc != ERR_OK) {
        standing_release(&s);
        return rc;
    }
    judge(&s);
    *ret = s;
    return ERR_OK;
}

static int32_t start_behind(const struct standing *s, int64_t *ret_offsets)
{
    int32_t n = 0;

    for (int32_t i = 0; i < s->n; i++) {
        const struct standing_partition *p = &s->partitions[i];
        const bool is_behind = p->hold == HOLD_NONE && standing_behind(p) > 0;

        ret_offsets[i] = is_behind ? standing_next(p) : LOG_READER_NO_OFFSET;
        n += is_behind;
    }
    return n;
}

static enum err_code read_ages(struct standing_link *l, struct standing *s, int32_t n_open,
                               struct err *err)
{
    const int64_t deadline_ms = clock_monotonic_ms() + AGE_PATIENCE_MS;
    enum err_code rc = ERR_OK;

    while (rc == ERR_OK && n_open > 0 && clock_monotonic_ms() < deadline_ms) {
        struct log_news news;

        rc = log_reader_next(l->reader, NEWS_WAIT_MS, &news, err);
        if (rc == ERR_OK && news.type == LOG_NEWS_RECORD &&
            s->partitions[news.partition].next_ms == UNKNOWN) {
            s->partitions[news.partition].next_ms = news.record.timestamp_ms;
            n_open--;
        }
    }
    return rc;
}

enum err_code standing_age(struct standing_link *l, struct standing *s, struct err *err)
{
    int64_t *offsets = mem_new((size_t)s->n, sizeof(*offsets));
    const int32_t n = start_behind(s, offsets);
    enum err_code rc = ERR_OK;

    if (n > 0) {
        rc = log_reader_start(l->reader, offsets, s->n, err);
        if (rc == ERR_OK)
            rc = read_ages(l, s, n, err);
        /* What is read ahead meanwhile would only cost. */
        for (int32_t i = 0; i < s->n; i++)
            offsets[i] = LOG_READER_NO_OFFSET;
        if (rc == ERR_OK)
            rc = log_reader_start(l->reader, offsets, s->n, err);
    }
    free(offsets);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc; /* trimmed meanwhile: the next look says so */
}
