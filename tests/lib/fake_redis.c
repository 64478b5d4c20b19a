#include "fake_redis.h"

#include <stdio.h>
#include <string.h>

#include "fake_redis_command.h"

enum { QUEUE_MAX = 16 * 1024 * 1024 };

/* Why a command is refused, NULL when it is not. MULTI and the like are obeyed in any mood. */
static const char *refusal(const struct fake_redis *r, bool writes)
{
    static const char *const writing[MOOD_COUNT] = {
        [MOOD_OOM] = "OOM command not allowed when used memory > 'maxmemory'.",
        [MOOD_MISCONF] = "MISCONF Redis is configured to save RDB snapshots, but cannot.",
        [MOOD_NOREPLICAS] = "NOREPLICAS Not enough good replicas to write.",
    };

    if (r->mood == MOOD_LOADING)
        return "LOADING Redis is loading the dataset in memory";
    if (r->mood == MOOD_BUSY)
        return "BUSY Redis is busy running a script. You can only call SCRIPT KILL.";
    if (!writes)
        return NULL;
    return r->is_replica ? "READONLY You can't write against a read only replica."
                         : writing[r->mood];
}

/* --- life ------------------------------------------------------------------------------------- */

void fake_redis_init(struct fake_redis *r, const char *name)
{
    *r = (struct fake_redis){ .name = name };
    snprintf(r->run_id, sizeof(r->run_id), "%s-1", name);
}

static void connection_close(struct fake_connection *c)
{
    resp_stream_release(&c->in);
    buf_release(&c->queued);
    buf_release(&c->out);
    *c = (struct fake_connection){ 0 };
}

void fake_redis_close_all(struct fake_redis *r)
{
    for (size_t i = 0; i < FAKE_CONNECTIONS_MAX; i++)
        connection_close(&r->connections[i]);
}

void fake_redis_release(struct fake_redis *r)
{
    fake_redis_close_all(r);
    keyspace_release(&r->data);
}

static void touch_all(struct fake_redis *r)
{
    r->version++;
    for (size_t i = 0; i < FAKE_CONNECTIONS_MAX; i++)
        r->connections[i].touched = r->connections[i].n_watched > 0;
}

void fake_redis_restart(struct fake_redis *r, bool blank)
{
    const size_t n = strlen(r->run_id);

    fake_redis_close_all(r);
    r->run_id[n - 1] = (char)(r->run_id[n - 1] + 1);
    r->mood = MOOD_FINE;
    if (!blank)
        return;
    keyspace_release(&r->data);
    touch_all(r);
}

void fake_redis_empty(struct fake_redis *r)
{
    for (size_t i = 0; i < r->data.n; i++)
        fake_redis_touch(r, (struct str){ r->data.values[i].key.p, r->data.values[i].key.n });
    keyspace_release(&r->data);
}

void fake_redis_copy(struct fake_redis *to, const struct fake_redis *from)
{
    keyspace_copy(&to->data, &from->data);
    touch_all(to);
}

void fake_redis_touch(struct fake_redis *r, struct str key)
{
    r->version++;
    for (size_t i = 0; i < FAKE_CONNECTIONS_MAX; i++)
        for (size_t j = 0; j < r->connections[i].n_watched; j++)
            if (str_eq(str_from(r->connections[i].watched[j]), key))
                r->connections[i].touched = true;
}

void fake_redis_evict(struct fake_redis *r, struct str key)
{
    if (!keyspace_find(&r->data, key))
        return;
    fake_redis_touch(r, key);
    keyspace_remove(&r->data, key);
}

void fake_redis_pass_time(struct fake_redis *r, int64_t now_ms)
{
    r->now_ms = now_ms;
    for (size_t i = r->data.n; i > 0 && !r->is_replica; i--) {
        const struct value *v = &r->data.values[i - 1];

        if (v->expires_at_ms != DEADLINE_NONE && v->expires_at_ms <= now_ms)
            fake_redis_evict(r, (struct str){ v->key.p, v->key.n });
    }
}

void fake_redis_facts(const struct fake_redis *r, struct primary_facts *ret_facts)
{
    const struct value *identity = keyspace_find(&r->data, identity_key());
    size_t at;

    *ret_facts = (struct primary_facts){
        .role = r->is_replica ? PRIMARY_ROLE_REPLICA : PRIMARY_ROLE_MASTER,
        .loading = r->mood == MOOD_LOADING,
        .n_keys = (int64_t)r->data.n,
    };
    snprintf(ret_facts->address, sizeof(ret_facts->address), "%s:6379", r->name);
    memcpy(ret_facts->run_id, r->run_id, sizeof(r->run_id));
    if (identity && value_search(identity, STR_LITERAL("wal"), 2, &at))
        snprintf(ret_facts->wal, sizeof(ret_facts->wal), "%.*s",
                 STR_ARGS(value_item(identity, at + 1)));
    for (size_t i = 0; i < command_count(); i++)
        command_set_add(&ret_facts->commands, command_at(i));
}

/* --- transactions ----------------------------------------------------------------------------- */

static void answer(struct fake_connection *c, const char *text)
{
    buf_print(&c->out, "%s\r\n", text);
}

static void unwatch(struct fake_connection *c)
{
    c->n_watched = 0;
    c->touched = false;
}

static void discard(struct fake_connection *c)
{
    unwatch(c);
    c->in_multi = false;
    c->flawed = false;
    c->queued_write = false;
    c->n_queued = 0;
    buf_clear(&c->queued);
}

static void watch(struct fake_connection *c, const struct reply *words, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        PRE(c->n_watched < WATCHED_MAX && words[i].text.n < POSITION_KEY_MAX);
        memcpy(c->watched[c->n_watched], words[i].text.p, words[i].text.n);
        c->watched[c->n_watched++][words[i].text.n] = '\0';
    }
    answer(c, "+OK");
}

static void queue(struct fake_connection *c, const struct fake_command *command,
                  const struct reply *words, size_t n)
{
    buf_print(&c->queued, "*%zu\r\n", n);
    for (size_t i = 0; i < n; i++) {
        buf_print(&c->queued, "$%zu\r\n", words[i].text.n);
        if (!buf_append_str(&c->queued, words[i].text))
            UNREACHABLE("simulations are small");
        buf_print(&c->queued, "\r\n");
    }
    c->n_queued++;
    c->queued_write = c->queued_write || command->writes;
    answer(c, "+QUEUED");
}

static void run(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    static const struct {
        const char *command, *prefix;
    } forgotten[LIE_COUNT] = {
        [LIE_FORGETS_HSET] = { "HSET", "redwal:" },
        [LIE_FORGETS_QUARANTINE] = { "HSET", "redwal:{sim}:q:" },
        [LIE_FORGETS_IDS] = { "APPEND", "redwal:" },
    };
    const char *name = forgotten[r->lie].command;

    if (name && str_eq(words[0].text, str_from(name)) &&
        str_starts_with(words[1].text, str_from(forgotten[r->lie].prefix)))
        buf_print(out, ":6\r\n");
    else
        fake_command_find(words[0].text)->run(r, words, n, out);
}

static void execute_queued(struct fake_redis *r, struct fake_connection *c)
{
    struct resp_stream commands;
    const struct reply *command;

    resp_stream_init(&commands);
    resp_stream_feed(&commands, c->queued.p, c->queued.n);
    buf_print(&c->out, "*%zu\r\n", c->n_queued);
    discard(c);
    r->has_script = false; /* as forgetful as it may be */
    for (size_t i = 0; (command = resp_stream_next(&commands)); i++) {
        struct buf unread;

        buf_init(&unread, QUEUE_MAX);
        if (r->lie == LIE_EXECUTES_TWICE && i == 0)
            run(r, command->elements, command->n_elements, &unread);
        buf_release(&unread);
        run(r, command->elements, command->n_elements, &c->out);
    }
    resp_stream_release(&commands);
}

static void exec(struct fake_redis *r, struct fake_connection *c)
{
    const char *why = c->n_queued > 0 ? refusal(r, c->queued_write) : NULL;

    if (!c->in_multi) {
        answer(c, "-ERR EXEC without MULTI");
    } else if (why) {
        buf_print(&c->out, "-EXECABORT Transaction discarded because of: %s\r\n", why);
        discard(c);
    } else if (c->flawed) {
        answer(c, "-EXECABORT Transaction discarded because of previous errors.");
        discard(c);
    } else if (c->touched && r->lie != LIE_IGNORES_WATCH) {
        answer(c, "*-1");
        discard(c);
    } else if (c->n_queued == 0) {
        answer(c, "*0");
        discard(c);
    } else {
        execute_queued(r, c);
    }
}

/* WATCH, MULTI and the like; false when the command is none of them. */
static bool connection_command(struct fake_redis *r, struct fake_connection *c,
                               const struct reply *words, size_t n)
{
    const struct str name = words[0].text;

    if (r->lie == LIE_REFUSES_MULTI && str_eq_nocase(name, STR_LITERAL("MULTI"))) {
        answer(c, "-NOPERM this user has no permissions to run the 'multi' command");
    } else if (str_eq_nocase(name, STR_LITERAL("MULTI"))) {
        answer(c, c->in_multi ? "-ERR MULTI calls can not be nested" : "+OK");
        c->in_multi = true;
    } else if (str_eq_nocase(name, STR_LITERAL("EXEC"))) {
        exec(r, c);
    } else if (str_eq_nocase(name, STR_LITERAL("DISCARD"))) {
        answer(c, c->in_multi ? "+OK" : "-ERR DISCARD without MULTI");
        if (c->in_multi)
            discard(c);
    } else if (str_eq_nocase(name, STR_LITERAL("WATCH"))) {
        if (c->in_multi)
            answer(c, "-ERR WATCH inside MULTI is not allowed");
        else
            watch(c, words, n);
    } else if (str_eq_nocase(name, STR_LITERAL("UNWATCH")) && !c->in_multi) {
        unwatch(c);
        answer(c, "+OK");
    } else {
        return false;
    }
    return true;
}

static void refuse(struct fake_connection *c, const char *why)
{
    buf_print(&c->out, "-%s\r\n", why);
    c->flawed = c->in_multi;
}

static void obey(struct fake_redis *r, struct fake_connection *c, const struct reply *request)
{
    const struct reply *words = request->elements;
    const size_t n = request->n_elements;
    const struct fake_command *command = fake_command_find(words[0].text);
    const char *why;

    if (!command && connection_command(r, c, words, n))
        return;
    why = refusal(r, command && command->writes);
    if (!command)
        refuse(c, "ERR unknown command");
    else if (n < command->words_min)
        refuse(c, "ERR wrong number of arguments");
    else if (why)
        refuse(c, why);
    else if (c->in_multi)
        queue(c, command, words, n);
    else
        run(r, words, n, &c->out);
}

/* --- connections ------------------------------------------------------------------------------ */

size_t fake_redis_accept(struct fake_redis *r)
{
    for (size_t i = 0; i < FAKE_CONNECTIONS_MAX; i++) {
        struct fake_connection *c = &r->connections[i];

        if (c->open)
            continue;
        c->open = true;
        resp_stream_init(&c->in);
        buf_init(&c->queued, QUEUE_MAX);
        buf_init(&c->out, QUEUE_MAX);
        return i;
    }
    UNREACHABLE("a simulation has few connections");
}

static void proceed(struct fake_redis *r, struct fake_connection *c)
{
    const struct reply *request;

    if (!c->open || r->mood == MOOD_SILENT)
        return;
    while ((request = resp_stream_next(&c->in)))
        obey(r, c, request);
    if (c->client_gone)
        connection_close(c);
}

void fake_redis_receive(struct fake_redis *r, size_t connection, const char *bytes, size_t n)
{
    struct fake_connection *c = &r->connections[connection];

    PRE(c->open);
    resp_stream_feed(&c->in, bytes, n);
    proceed(r, c);
}

void fake_redis_client_gone(struct fake_redis *r, size_t connection)
{
    r->connections[connection].client_gone = true;
    proceed(r, &r->connections[connection]);
}

void fake_redis_set_mood(struct fake_redis *r, enum fake_redis_mood mood)
{
    r->mood = mood;
    for (size_t i = 0; i < FAKE_CONNECTIONS_MAX; i++)
        proceed(r, &r->connections[i]);
}
