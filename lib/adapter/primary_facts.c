#include "adapter/primary_facts.h"

#include <stdio.h>
#include <string.h>

#include "core/redis_error.h"
#include "core/redis_info.h"
#include "core/reply.h"

struct inquiry {
    struct primary_facts *facts;
    int64_t asked_at_ms, now_ms; /* when the questions were sent, when this answer came */
};

static enum err_code read_role(struct inquiry *q, const struct reply *reply)
{
    if (reply->type != REPLY_ARRAY || reply->n_elements == 0)
        return ERR_CORRUPT;
    q->facts->role = str_eq(reply->elements[0].text, STR_LITERAL("master")) ? PRIMARY_ROLE_MASTER
                                                                            : PRIMARY_ROLE_REPLICA;
    return ERR_OK;
}

static enum err_code read_info(struct inquiry *q, const struct reply *reply)
{
    struct str value;

    if (reply->type != REPLY_STRING)
        return ERR_CORRUPT;
    value = redis_info_value(reply->text, "run_id");
    snprintf(q->facts->run_id, sizeof(q->facts->run_id), "%.*s",
             (int)(value.n < RUN_ID_MAX ? value.n : RUN_ID_MAX), value.p);
    if (str_eq(redis_info_value(reply->text, "loading"), STR_LITERAL("1")))
        q->facts->loading = true;
    q->facts->other_databases = redis_info_other_databases(reply->text);
    value = redis_info_value(reply->text, "maxmemory_policy");
    q->facts->evicts = value.n > 0 && !str_eq(value, STR_LITERAL("noeviction"));
    return ERR_OK;
}

static bool read_text(const struct reply *reply, char *ret, size_t max)
{
    if (reply->type == REPLY_NIL)
        return true;
    if (reply->type != REPLY_STRING || reply->text.n > max)
        return false;
    memcpy(ret, reply->text.p, reply->text.n);
    return true;
}

static enum err_code read_identity(struct inquiry *q, const struct reply *reply)
{
    return reply->type == REPLY_ARRAY && reply->n_elements == 2 &&
                   read_text(&reply->elements[0], q->facts->wal, WAL_NAME_MAX) &&
                   read_text(&reply->elements[1], q->facts->restore, RESTORE_UID_MAX)
               ? ERR_OK
               : ERR_CORRUPT;
}

static enum err_code read_size(struct inquiry *q, const struct reply *reply)
{
    q->facts->n_keys = reply->integer;
    return reply->type == REPLY_INTEGER ? ERR_OK : ERR_CORRUPT;
}

static bool read_number(const struct reply *reply, int64_t max, int64_t *ret)
{
    return reply->type == REPLY_STRING && str_to_int64(reply->text, ret) && *ret >= 0 &&
           *ret <= max;
}

/* The answer was made between asking and now. What that explains is no skew; for the rest the
 * middle is taken, which errs by half of it at most. */
static enum err_code read_time(struct inquiry *q, const struct reply *reply)
{
    const int64_t middle_ms = q->asked_at_ms + (q->now_ms - q->asked_at_ms) / 2;
    int64_t seconds, micros, server_ms;

    if (reply->type != REPLY_ARRAY || reply->n_elements != 2 ||
        !read_number(&reply->elements[0], INT64_MAX / 2000, &seconds) ||
        !read_number(&reply->elements[1], 999999, &micros))
        return ERR_CORRUPT;
    server_ms = seconds * 1000 + micros / 1000;
    if (server_ms < q->asked_at_ms || server_ms > q->now_ms)
        q->facts->clock_skew_ms = server_ms - middle_ms;
    return ERR_OK;
}

static enum err_code read_nothing(struct inquiry *q, const struct reply *reply)
{
    (void)q;
    (void)reply;
    return ERR_OK;
}

static enum err_code read_commands(struct inquiry *q, const struct reply *reply)
{
    if (reply->type != REPLY_ARRAY)
        return ERR_CORRUPT;
    for (size_t i = 0; i < reply->n_elements; i++) {
        const struct reply *row = &reply->elements[i];
        const struct command *command = row->type == REPLY_ARRAY && row->n_elements > 0
                                            ? command_find(row->elements[0].text)
                                            : NULL;

        if (command)
            command_set_add(&q->facts->commands, command);
    }
    return ERR_OK;
}

/* A transaction must be allowed before the first one is relied on: behind a MULTI that was refused,
 * its commands would take effect one by one. Who only reads asks the first N_TO_READ. */
enum { N_TO_READ = 5 };
/* clang-format off */
static const struct {
    const char *command;
    enum err_code (*read)(struct inquiry *q, const struct reply *reply);
} questions[] = {
    { "TIME",                              read_time },
    { "ROLE",                              read_role },
    { "INFO",                              read_info },
    { "HMGET redwal:identity wal restore", read_identity },
    { "DBSIZE",                            read_size },
    { "MULTI",                             read_nothing },
    { "EXEC",                              read_nothing },
    { "COMMAND",                           read_commands },
};
/* clang-format on */

/* An error that says what kind of server this is, is an answer too. */
static enum err_code read_error(struct inquiry *q, const char *command, const struct reply *reply,
                                struct err *err)
{
    const struct str text = reply->text;

    if (str_starts_with(text, STR_LITERAL("LOADING"))) {
        q->facts->loading = true;
        return ERR_OK;
    }
    if (q->facts->role == PRIMARY_ROLE_REPLICA && redis_error_classify(text) == REDIS_ERROR_PRIMARY)
        return ERR_OK;
    if (str_starts_with(text, STR_LITERAL("NOAUTH")))
        return err_set(err, ERR_DENIED, "a password is required: give --redis-password-file");
    if (redis_error_classify(text) == REDIS_ERROR_ACCESS)
        return err_set(err, ERR_DENIED, "the user may not run %s: %.*s", command, STR_ARGS(text));
    return err_set(err, ERR_UNAVAILABLE, "%s: %.*s", command, STR_ARGS(text));
}

static enum err_code read_answer(redisContext *c, struct inquiry *q, size_t i,
                                 int64_t (*wall_ms)(void), struct err *err)
{
    const char *command = questions[i].command;
    void *answer = NULL;
    const struct reply *reply;

    if (redisGetReply(c, &answer) != REDIS_OK)
        return err_set(err, ERR_TIMEOUT, "no answer to %s: %s", command, c->errstr);
    reply = answer;
    q->now_ms = wall_ms();
    if (reply->type == REPLY_ERROR)
        return read_error(q, command, reply, err);
    if (questions[i].read(q, reply) != ERR_OK)
        return err_set(err, ERR_CORRUPT, "the answer to %s makes no sense", command);
    return ERR_OK;
}

enum err_code primary_facts_ask(redisContext *c, enum primary_facts_purpose purpose,
                                int64_t timeout_ms, int64_t (*wall_ms)(void),
                                struct primary_facts *ret, struct err *err)
{
    const size_t n = purpose == PRIMARY_FACTS_TO_READ ? N_TO_READ : ARRAY_SIZE(questions);
    struct inquiry q = { .facts = ret, .asked_at_ms = wall_ms() };
    enum err_code rc;

    for (size_t i = 0; i < n; i++)
        if (redisAppendCommand(c, questions[i].command) != REDIS_OK)
            return err_set(err, ERR_UNAVAILABLE, "%s", c->errstr);
    for (size_t i = 0; i < n; i++) {
        rc = read_answer(c, &q, i, wall_ms, err);
        if (rc != ERR_OK)
            return rc;
        if (q.now_ms - q.asked_at_ms > timeout_ms)
            return err_set(err, ERR_TIMEOUT, "it took longer than %lld ms to say who it is",
                           (long long)timeout_ms);
    }
    return ERR_OK;
}
