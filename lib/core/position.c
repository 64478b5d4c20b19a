#include "core/position.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "core/log_time.h"
#include "core/resp.h"

enum field {
#define FIELD_ENUM(member, name) FIELD_##member,
    POSITION_FIELDS(FIELD_ENUM)
#undef FIELD_ENUM
        FIELD_COUNT
};

enum { DIGEST_HEX_DIGITS = 16, NUMBER_MAX = 24 };

static const char *const field_names[FIELD_COUNT] = {
#define FIELD_NAME(member, name) [FIELD_##member] = name,
    POSITION_FIELDS(FIELD_NAME)
#undef FIELD_NAME
};

static const struct str clock_wall = { "wall", 4 };

struct str position_key(char *ret, struct str wal, int32_t partition)
{
    const int n =
        snprintf(ret, POSITION_KEY_MAX, "redwal:{%.*s}:p:%d", STR_ARGS(wal), (int)partition);

    PRE(n > 0 && n < POSITION_KEY_MAX);
    return (struct str){ ret, (size_t)n };
}

struct str identity_key(void)
{
    return STR_LITERAL("redwal:identity");
}

struct str position_seen_field(char *ret, int32_t partition)
{
    const int n = snprintf(ret, POSITION_SEEN_FIELD_MAX, "p%d", (int)partition);

    PRE(n > 0 && n < POSITION_SEEN_FIELD_MAX);
    return (struct str){ ret, (size_t)n };
}

struct str position_until_field(char *ret, int32_t partition)
{
    const int n = snprintf(ret, POSITION_UNTIL_FIELD_MAX, "until%d", (int)partition);

    PRE(n > 0 && n < POSITION_UNTIL_FIELD_MAX);
    return (struct str){ ret, (size_t)n };
}

struct str position_until_new_field(void)
{
    return STR_LITERAL("untilnew");
}

static bool number(const struct reply *reply, int64_t *ret)
{
    return reply->type == REPLY_STRING && str_to_int64(reply->text, ret) && *ret >= 0;
}

static bool digest(const struct reply *reply, uint64_t *ret)
{
    return reply->type == REPLY_STRING && str_to_hex64(reply->text, ret);
}

static bool clock_of(const struct reply *reply, int64_t *ret)
{
    *ret = LOG_TIME_OFF;
    return reply->type == REPLY_NIL || str_eq(reply->text, clock_wall) ||
           (number(reply, ret) && *ret != LOG_TIME_OFF);
}

static bool mark_of(const struct reply *reply, struct mark_state *ret)
{
    *ret = (struct mark_state){ 0 };
    return reply->type == REPLY_NIL ||
           (reply->type == REPLY_STRING && mark_state_parse(reply->text, ret));
}

bool partition_identity_append_read(struct buf *out, int32_t partition)
{
    char seen[POSITION_SEEN_FIELD_MAX], until[POSITION_UNTIL_FIELD_MAX];
    const struct str get[] = { STR_LITERAL("HMGET"), identity_key(),
                               position_seen_field(seen, partition),
                               position_until_field(until, partition), position_until_new_field() };

    return resp_append(out, get, ARRAY_SIZE(get));
}

bool partition_identity_from_reply(const struct reply *reply, struct partition_identity *ret)
{
    enum { SEEN, OWN, NEW, FIELDS };
    const struct reply *until;

    if (reply->type != REPLY_ARRAY || reply->n_elements != FIELDS)
        return false;
    *ret = (struct partition_identity){ .seen = reply->elements[SEEN].type == REPLY_STRING,
                                        .new_is_held = reply->elements[NEW].type != REPLY_NIL };
    until = &reply->elements[ret->seen || reply->elements[OWN].type != REPLY_NIL ? OWN : NEW];
    ret->has_until = until->type != REPLY_NIL;
    ret->until_broken = ret->has_until && !number(until, &ret->until);
    return true;
}

enum position_read position_from_reply(const struct reply *reply, struct position *ret_position)
{
    struct position p = { 0 };
    const struct reply *e = reply->elements;
    size_t n_set = 0;

    if (reply->type != REPLY_ARRAY || reply->n_elements != FIELD_COUNT)
        return POSITION_CORRUPT;
    for (size_t i = 0; i < FIELD_COUNT; i++)
        n_set += e[i].type != REPLY_NIL;
    if (n_set == 0)
        return POSITION_ABSENT;

    if (!number(&e[FIELD_next], &p.next) || !number(&e[FIELD_settled], &p.settled) ||
        !number(&e[FIELD_epoch], &p.epoch) || !number(&e[FIELD_record_ms], &p.record_ms) ||
        !digest(&e[FIELD_digest], &p.digest) || !clock_of(&e[FIELD_clock], &p.clock) ||
        !mark_of(&e[FIELD_mark], &p.mark))
        return POSITION_CORRUPT;
    if (e[FIELD_log].type != REPLY_STRING || e[FIELD_log].text.n > LOG_IDENTITY_MAX)
        return POSITION_CORRUPT;
    memcpy(p.log, e[FIELD_log].text.p, e[FIELD_log].text.n);
    if (!position_is_valid(&p))
        return POSITION_CORRUPT;
    *ret_position = p;
    return POSITION_PRESENT;
}

bool position_append_read(struct buf *out, struct str key)
{
    struct str words[2 + FIELD_COUNT] = { STR_LITERAL("HMGET"), key };

    for (size_t i = 0; i < FIELD_COUNT; i++)
        words[2 + i] = str_from(field_names[i]);
    return resp_append(out, words, ARRAY_SIZE(words));
}

static struct str print_number(char *ret, int64_t value)
{
    return (struct str){ ret, (size_t)snprintf(ret, NUMBER_MAX, "%lld", (long long)value) };
}

bool position_append_write(struct buf *out, struct str key, const struct position *p)
{
    char next[NUMBER_MAX], settled[NUMBER_MAX], epoch[NUMBER_MAX], record_ms[NUMBER_MAX];
    char hex[DIGEST_HEX_DIGITS + 1], clock[NUMBER_MAX], mark[MARK_STATE_TEXT_MAX];
    const struct str values[FIELD_COUNT] = {
        [FIELD_next] = print_number(next, p->next),
        [FIELD_settled] = print_number(settled, p->settled),
        [FIELD_log] = str_from(p->log),
        [FIELD_epoch] = print_number(epoch, p->epoch),
        [FIELD_record_ms] = print_number(record_ms, p->record_ms),
        [FIELD_digest] = { hex, DIGEST_HEX_DIGITS },
        [FIELD_clock] = p->clock == LOG_TIME_OFF ? clock_wall : print_number(clock, p->clock),
        [FIELD_mark] = mark_state_print(&p->mark, mark),
    };
    /* The mark is the last one. */
    const size_t n = p->mark.sequence > 0 ? FIELD_COUNT : FIELD_mark;
    struct str words[2 + 2 * FIELD_COUNT] = { STR_LITERAL("HSET"), key };

    PRE(position_is_valid(p));
    snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)p->digest);
    for (size_t i = 0; i < n; i++) {
        words[2 + 2 * i] = str_from(field_names[i]);
        words[3 + 2 * i] = values[i];
    }
    return resp_append(out, words, 2 + 2 * n);
}

bool position_is_valid(const struct position *p)
{
    return p->settled >= 0 && p->settled <= p->next && p->epoch >= 0 && p->record_ms >= 0 &&
           p->clock >= 0 && memchr(p->log, '\0', sizeof(p->log)) != NULL && p->log[0] != '\0';
}

bool wal_name_is_valid(struct str name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";

    if (name.n == 0 || name.n > WAL_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == '\0' || !strchr(allowed, name.p[i]))
            return false;
    return true;
}
