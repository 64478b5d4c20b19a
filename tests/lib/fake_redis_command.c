#include "fake_redis_command.h"

#include "fake_log_time.h"
#include "workload.h"

#include <stdio.h>

#include "core/lua.h"

static const char wrong_type[] =
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
static const char not_an_integer[] = "-ERR value is not an integer or out of range\r\n";

static void say_integer(struct buf *out, int64_t value)
{
    buf_print(out, ":%lld\r\n", (long long)value);
}

static void put(struct buf *out, struct str bytes)
{
    if (!buf_append_str(out, bytes))
        UNREACHABLE("simulations are small");
}

static void say_bytes(struct buf *out, struct str bytes)
{
    buf_print(out, "$%zu\r\n", bytes.n);
    put(out, bytes);
    buf_print(out, "\r\n");
}

/* The value if it is there and of this type; false, with an error said, when it is of another. */
static bool look_up(const struct fake_redis *r, struct str key, enum key_type type,
                    struct value **ret, struct buf *out)
{
    *ret = keyspace_find(&r->data, key);
    if (!*ret || (*ret)->type == type)
        return true;
    buf_print(out, "%s", wrong_type);
    return false;
}

static struct value *make(struct fake_redis *r, struct value *v, struct str key, enum key_type type)
{
    return v ? v : keyspace_add(&r->data, key, type);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void run_del(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    int64_t removed = 0;

    for (size_t i = 1; i < n; i++) {
        if (!keyspace_remove(&r->data, words[i].text))
            continue;
        fake_redis_touch(r, words[i].text);
        removed++;
    }
    say_integer(out, removed);
}

static void run_pexpireat(struct fake_redis *r, const struct reply *words, size_t n,
                          struct buf *out)
{
    struct value *v = keyspace_find(&r->data, words[1].text);

    (void)n;
    if (v && !str_to_int64(words[2].text, &v->expires_at_ms)) {
        buf_print(out, "%s", not_an_integer);
        return;
    }
    if (v && v->expires_at_ms <= r->now_ms)
        fake_redis_evict(r, words[1].text);
    else if (v)
        fake_redis_touch(r, words[1].text);
    say_integer(out, v != NULL);
}

static void run_persist(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    struct value *v = keyspace_find(&r->data, words[1].text);

    (void)n;
    say_integer(out, v && v->expires_at_ms != DEADLINE_NONE);
    if (!v)
        return;
    v->expires_at_ms = DEADLINE_NONE;
    fake_redis_touch(r, words[1].text);
}

static void run_type(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    static const char *const names[KEY_TYPE_COUNT] = {
        [KEY_STRING] = "string", [KEY_LIST] = "list", [KEY_SET] = "set",
        [KEY_ZSET] = "zset",     [KEY_HASH] = "hash", [KEY_STREAM] = "stream",
    };
    const struct value *v = keyspace_find(&r->data, words[1].text);

    (void)n;
    buf_print(out, "+%s\r\n", v ? names[v->type] : "none");
}

/* --- strings ---------------------------------------------------------------------------------- */

static void run_set(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    const struct str key = words[1].text;
    int64_t expires_at_ms = DEADLINE_NONE;
    struct value *v;

    for (size_t i = 3; i < n; i++) {
        if (str_eq_nocase(words[i].text, STR_LITERAL("NX")) && keyspace_find(&r->data, key)) {
            buf_print(out, "$-1\r\n");
            return;
        }
        if (str_eq_nocase(words[i].text, STR_LITERAL("PXAT")) && i + 1 < n &&
            !str_to_int64(words[i + 1].text, &expires_at_ms)) {
            buf_print(out, "%s", not_an_integer);
            return;
        }
    }
    keyspace_remove(&r->data, key);
    v = keyspace_add(&r->data, key, KEY_STRING);
    value_insert(v, 0, words[2].text);
    v->expires_at_ms = expires_at_ms;
    fake_redis_touch(r, key);
    if (expires_at_ms != DEADLINE_NONE && expires_at_ms <= r->now_ms)
        fake_redis_evict(r, key);
    buf_print(out, "+OK\r\n");
}

/* Answers with the size of what was there: nobody reads it. */
static void run_getset(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    const struct str key = words[1].text;
    struct value *v;

    (void)n;
    if (!look_up(r, key, KEY_STRING, &v, out))
        return;
    if (v)
        keyspace_remove(&r->data, key);
    value_insert(keyspace_add(&r->data, key, KEY_STRING), 0, words[2].text);
    fake_redis_touch(r, key);
    say_integer(out, 0);
}

static void run_append(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    struct value *v;
    struct buf joined;

    (void)n;
    if (!look_up(r, words[1].text, KEY_STRING, &v, out))
        return;
    buf_init(&joined, 1024 * 1024);
    if (v)
        put(&joined, value_item(v, 0));
    else
        value_insert(v = make(r, v, words[1].text, KEY_STRING), 0, STR_LITERAL(""));
    put(&joined, words[2].text);
    value_set(v, 0, buf_str(&joined));
    say_integer(out, (int64_t)joined.n);
    buf_release(&joined);
    fake_redis_touch(r, words[1].text);
}

static void run_get(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    struct value *v;

    (void)n;
    if (!look_up(r, words[1].text, KEY_STRING, &v, out))
        return;
    if (v)
        say_bytes(out, value_item(v, 0));
    else
        buf_print(out, "$-1\r\n");
}

/* old + by as text; false, with an error said, when either is no number or the sum does not fit. */
static bool add(struct str old, struct str by, char ret[24], struct buf *out)
{
    int64_t a, b;

    if (!str_to_int64(old, &a) || !str_to_int64(by, &b) || (b > 0 && a > INT64_MAX - b) ||
        (b < 0 && a < INT64_MIN - b)) {
        buf_print(out, "%s", not_an_integer);
        return false;
    }
    snprintf(ret, 24, "%lld", (long long)(a + b));
    say_integer(out, a + b);
    return true;
}

static void run_incrby(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    struct value *v;
    char sum[24];

    (void)n;
    if (!look_up(r, words[1].text, KEY_STRING, &v, out) ||
        !add(v ? value_item(v, 0) : STR_LITERAL("0"), words[2].text, sum, out))
        return;
    if (v)
        value_set(v, 0, str_from(sum));
    else
        value_insert(make(r, v, words[1].text, KEY_STRING), 0, str_from(sum));
    fake_redis_touch(r, words[1].text);
}

/* --- lists and sets --------------------------------------------------------------------------- */

static void push(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out,
                 bool left)
{
    struct value *v;

    if (!look_up(r, words[1].text, KEY_LIST, &v, out))
        return;
    v = make(r, v, words[1].text, KEY_LIST);
    for (size_t i = 2; i < n; i++)
        value_insert(v, left ? 0 : v->n_items, words[i].text);
    say_integer(out, (int64_t)v->n_items);
    fake_redis_touch(r, words[1].text);
}

static void run_lpush(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    push(r, words, n, out, true);
}

static void run_rpush(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    push(r, words, n, out, false);
}

static void run_sadd(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    int64_t added = 0;
    struct value *v;
    size_t at;

    if (!look_up(r, words[1].text, KEY_SET, &v, out))
        return;
    v = make(r, v, words[1].text, KEY_SET);
    for (size_t i = 2; i < n; i++) {
        if (value_search(v, words[i].text, 1, &at))
            continue;
        value_insert(v, at, words[i].text);
        added++;
    }
    say_integer(out, added);
    fake_redis_touch(r, words[1].text);
}

/* SREM and HDEL: `width` is 1 and 2. */
static void erase_named(struct fake_redis *r, const struct reply *words, size_t n,
                        enum key_type type, size_t width, struct buf *out)
{
    int64_t removed = 0;
    struct value *v;
    size_t at;

    if (!look_up(r, words[1].text, type, &v, out))
        return;
    for (size_t i = 2; v && i < n; i++) {
        if (!value_search(v, words[i].text, width, &at))
            continue;
        for (size_t k = 0; k < width; k++)
            value_erase(v, at);
        removed++;
    }
    if (v && v->n_items == 0)
        keyspace_remove(&r->data, words[1].text);
    if (removed > 0)
        fake_redis_touch(r, words[1].text);
    say_integer(out, removed);
}

static void run_srem(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    erase_named(r, words, n, KEY_SET, 1, out);
}

/* --- hashes ----------------------------------------------------------------------------------- */

/* Returns whether the field is new. */
static bool put_field(struct value *v, struct str field, struct str bytes)
{
    size_t at;

    if (value_search(v, field, 2, &at)) {
        value_set(v, at + 1, bytes);
        return false;
    }
    value_insert(v, at, field);
    value_insert(v, at + 1, bytes);
    return true;
}

static void run_hset(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    int64_t added = 0;
    struct value *v;

    if (!look_up(r, words[1].text, KEY_HASH, &v, out))
        return;
    v = make(r, v, words[1].text, KEY_HASH);
    for (size_t i = 2; i + 1 < n; i += 2)
        added += put_field(v, words[i].text, words[i + 1].text);
    say_integer(out, added);
    fake_redis_touch(r, words[1].text);
}

static void run_hsetnx(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    struct value *v;
    size_t at;

    if (!look_up(r, words[1].text, KEY_HASH, &v, out))
        return;
    if (v && value_search(v, words[2].text, 2, &at))
        say_integer(out, 0);
    else
        run_hset(r, words, n, out);
}

static void say_field(const struct value *v, struct str field, struct buf *out)
{
    size_t at;

    if (v && value_search(v, field, 2, &at))
        say_bytes(out, value_item(v, at + 1));
    else
        buf_print(out, "$-1\r\n");
}

static void run_hget(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    struct value *v;

    (void)n;
    if (look_up(r, words[1].text, KEY_HASH, &v, out))
        say_field(v, words[2].text, out);
}

static void run_hmget(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    struct value *v;

    if (!look_up(r, words[1].text, KEY_HASH, &v, out))
        return;
    buf_print(out, "*%zu\r\n", n - 2);
    for (size_t i = 2; i < n; i++)
        say_field(v, words[i].text, out);
}

static void run_hdel(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    erase_named(r, words, n, KEY_HASH, 2, out);
}

static void run_hgetall(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    struct value *v;

    (void)n;
    if (!look_up(r, words[1].text, KEY_HASH, &v, out))
        return;
    buf_print(out, "*%zu\r\n", v ? v->n_items : 0);
    for (size_t i = 0; v && i < v->n_items; i++)
        say_bytes(out, value_item(v, i));
}

static void run_hincrby(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    struct str old = STR_LITERAL("0");
    struct value *v;
    char sum[24];
    size_t at;

    (void)n;
    if (!look_up(r, words[1].text, KEY_HASH, &v, out))
        return;
    if (v && value_search(v, words[2].text, 2, &at))
        old = value_item(v, at + 1);
    if (!add(old, words[3].text, sum, out))
        return;
    put_field(make(r, v, words[1].text, KEY_HASH), words[2].text, str_from(sum));
    fake_redis_touch(r, words[1].text);
}

/* --- the server ------------------------------------------------------------------------------- */

static void run_role(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    (void)words;
    (void)n;
    buf_print(out, r->is_replica ? "*1\r\n$5\r\nslave\r\n" : "*1\r\n$6\r\nmaster\r\n");
}

/* Whether the command succeeded; its answer is in `answer`, which is emptied first. */
static bool run_inner(struct fake_redis *r, const struct reply *words, size_t n, struct buf *answer)
{
    const struct fake_command *inner = fake_command_find(words[0].text);

    PRE(inner != NULL && n >= inner->words_min);
    buf_clear(answer);
    inner->run(r, words, n, answer);
    return answer->p[0] != '-';
}

/* <script> 1 key deadline command key args...: the command and, if it succeeded, the deadline. */
static void run_with_deadline(struct fake_redis *r, const struct reply *words, size_t n,
                              struct buf *out, struct buf *answer)
{
    const struct reply expire[] = { { 0 }, words[2], words[3] };

    if (!run_inner(r, words + 4, n - 4, answer)) {
        buf_print(out, "%.*s", STR_ARGS(buf_str(answer)));
        return;
    }
    buf_clear(answer);
    run_pexpireat(r, expire, ARRAY_SIZE(expire), answer);
    buf_print(out, "$-1\r\n");
}

static size_t number(const struct reply *word)
{
    int64_t n = 0;

    PRE(str_to_int64(word->text, &n) && n >= 0);
    return (size_t)n;
}

/* <script> n key... (operation n-words word...)...: all commands, or the keys as they were. */
static void run_atomic(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out,
                       struct buf *answer)
{
    const size_t n_keys = number(&words[1]);
    struct keyspace before = { 0 };
    bool done = true;

    keyspace_copy(&before, &r->data);
    for (size_t at = 2 + n_keys; done && at < n; at += 2 + number(&words[at + 1]))
        done = run_inner(r, words + at + 2, number(&words[at + 1]), answer);
    for (size_t i = 0; !done && r->lie != LIE_KEEPS_HALVES && i < n_keys; i++) {
        keyspace_put_back(&r->data, &before, words[2 + i].text);
        fake_redis_touch(r, words[2 + i].text);
    }
    keyspace_release(&before);
    buf_print(out, "%.*s", STR_ARGS(done ? STR_LITERAL("+OK\r\n") : buf_str(answer)));
}

/* <script> 3 key key key timestamp amount: the members of OP_SCRIPT (workload.h), or nothing. */
static void run_registered(struct fake_redis *r, const struct reply *words, size_t n,
                           struct buf *out, struct buf *answer)
{
    static const char *const names[] = { "RPUSH", "INCRBY", "APPEND" };
    struct keyspace before = { 0 };
    bool done = true;

    PRE(number(&words[1]) == ARRAY_SIZE(names) && n == 4 + ARRAY_SIZE(names));
    keyspace_copy(&before, &r->data);
    for (size_t i = 0; done && i < ARRAY_SIZE(names); i++) {
        const struct reply name = { .type = REPLY_STRING, .text = str_from(names[i]) };
        const struct reply inner[] = { name, words[2 + i], words[n - 1] };

        done = run_inner(r, inner, ARRAY_SIZE(inner), answer);
    }
    for (size_t i = 0; !done && r->lie != LIE_KEEPS_HALVES && i < ARRAY_SIZE(names); i++) {
        keyspace_put_back(&r->data, &before, words[2 + i].text);
        fake_redis_touch(r, words[2 + i].text);
    }
    keyspace_release(&before);
    buf_print(out, "%.*s", STR_ARGS(done ? STR_LITERAL("+OK\r\n") : buf_str(answer)));
}

/* The fixed scripts, known by their text. */
static void run_eval(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    struct buf answer;

    buf_init(&answer, 1024 * 1024);
    if (str_starts_with(words[1].text, STR_LITERAL("do return 1 end "))) {
        buf_print(out, ":1\r\n");
    } else if (str_eq(words[1].text, workload_scripts.scripts[0].body)) {
        run_registered(r, words + 1, n - 1, out, &answer);
    } else if (str_eq(words[1].text, lua_atomic())) {
        run_atomic(r, words + 1, n - 1, out, &answer);
    } else if (str_eq(words[1].text, lua_log_time())) {
        r->has_script = true;
        fake_log_time_run(r, words, n, out);
    } else {
        run_with_deadline(r, words + 1, n - 1, out, &answer);
    }
    buf_release(&answer);
}

static void run_evalsha(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    if (r->has_script && str_eq(words[1].text, lua_log_time_sha()))
        fake_log_time_run(r, words, n, out);
    else
        buf_print(out, "-NOSCRIPT No matching script.\r\n");
}

const struct fake_command *fake_command_find(struct str name)
{
    static const struct fake_command commands[] = {
        { "APPEND", 3, true, run_append },
        { "DEL", 2, true, run_del },
        { "HDEL", 3, true, run_hdel },
        { "HGETALL", 2, false, run_hgetall },
        { "EVAL", 3, true, run_eval },
        { "EVALSHA", 6, true, run_evalsha },
        { "GET", 2, false, run_get },
        { "GETSET", 3, true, run_getset },
        { "HGET", 3, false, run_hget },
        { "HINCRBY", 4, true, run_hincrby },
        { "HMGET", 3, false, run_hmget },
        { "HSET", 4, true, run_hset },
        { "HSETNX", 4, true, run_hsetnx },
        { "INCRBY", 3, true, run_incrby },
        { "LPUSH", 3, true, run_lpush },
        { "PERSIST", 2, true, run_persist },
        { "PEXPIREAT", 3, true, run_pexpireat },
        { "ROLE", 1, false, run_role },
        { "RPUSH", 3, true, run_rpush },
        { "SADD", 3, true, run_sadd },
        { "SET", 3, true, run_set },
        { "SREM", 3, true, run_srem },
        { "TYPE", 2, false, run_type },
        { "UNLINK", 2, true, run_del },
        { "ZADD", 5, true, fake_log_time_list },
    };

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (str_eq_nocase(name, str_from(commands[i].name)))
            return &commands[i];
    return NULL;
}
