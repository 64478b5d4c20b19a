#include "fake_log_time.h"

#include <stdio.h>

#include "core/log_time.h"
#include "fake_redis_command.h"
#include "workload.h"

enum { NUMBER_MAX = 24 };

struct index {
    struct fake_redis *r;
    struct str key;
};

static int64_t number(struct str text)
{
    int64_t value;

    PRE(str_to_int64(text, &value));
    return value;
}

/* --- the index -------------------------------------------------------------------------------- */

static bool listed(const struct index *x, struct str key, int64_t *ret_ms)
{
    const struct value *v = keyspace_find(&x->r->data, x->key);
    size_t at;

    if (!v || !value_search(v, key, 2, &at))
        return false;
    *ret_ms = number(value_item(v, at + 1));
    return true;
}

static void list(const struct index *x, struct str key, int64_t ends_ms)
{
    struct value *v = keyspace_find(&x->r->data, x->key);
    char text[NUMBER_MAX];
    size_t at;

    if (x->r->lie == LIE_FORGETS_INDEX)
        return;
    if (!v)
        v = keyspace_add(&x->r->data, x->key, KEY_ZSET);
    snprintf(text, sizeof(text), "%lld", (long long)ends_ms);
    if (value_search(v, key, 2, &at)) {
        value_set(v, at + 1, str_from(text));
    } else {
        value_insert(v, at, key);
        value_insert(v, at + 1, str_from(text));
    }
    fake_redis_touch(x->r, x->key);
}

static void unlist(const struct index *x, struct str key)
{
    struct value *v = keyspace_find(&x->r->data, x->key);
    size_t at;

    if (!v || !value_search(v, key, 2, &at))
        return;
    value_erase(v, at + 1);
    value_erase(v, at);
    if (v->n_items == 0)
        keyspace_remove(&x->r->data, x->key);
    fake_redis_touch(x->r, x->key);
}

static size_t count(const struct index *x)
{
    const struct value *v = keyspace_find(&x->r->data, x->key);

    return v ? v->n_items / 2 : 0;
}

void fake_log_time_list(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    const struct index x = { r, words[1].text };

    PRE(n % 2 == 1 && str_eq(words[2].text, STR_LITERAL("LT")));
    for (size_t i = 3; i < n; i += 2) {
        const int64_t ends_ms = number(words[i].text);
        int64_t listed_ms;

        if (!listed(&x, words[i + 1].text, &listed_ms) || ends_ms < listed_ms)
            list(&x, words[i + 1].text, ends_ms);
    }
    buf_print(out, ":1\r\n");
}

/* --- the script ------------------------------------------------------------------------------- */

static void end(const struct index *x, struct str key, int64_t log_ms)
{
    struct value *v = keyspace_find(&x->r->data, key);

    if (v && v->expires_at_ms != DEADLINE_NONE && !value_is_in_log_time(v)) {
        v->expires_at_ms += LOG_TIME_SHIFT_MS;
        fake_redis_touch(x->r, key);
    }
    if (!v || v->expires_at_ms == DEADLINE_NONE) {
        unlist(x, key);
    } else if (value_ends_ms(v) > log_ms) {
        list(x, key, value_ends_ms(v));
    } else {
        fake_redis_evict(x->r, key);
        unlist(x, key);
    }
}

static void look(const struct index *x, struct str key, int64_t log_ms, bool all)
{
    int64_t listed_ms;

    if (x->r->lie != LIE_LOOKS_AWAY && (all || (listed(x, key, &listed_ms) && listed_ms <= log_ms)))
        end(x, key, log_ms);
}

/* A key of the index that is due; false when there is none. It is copied: it may be removed. */
static bool any_due(const struct index *x, int64_t by_ms, char ret[WORKLOAD_KEY_MAX],
                    struct str *ret_key)
{
    const struct value *v = keyspace_find(&x->r->data, x->key);

    for (size_t i = 0; v && i < v->n_items; i += 2) {
        if (number(value_item(v, i + 1)) > by_ms)
            continue;
        *ret_key = (struct str){ ret, (size_t)snprintf(ret, WORKLOAD_KEY_MAX, "%.*s",
                                                       STR_ARGS(value_item(v, i))) };
        return true;
    }
    return false;
}

static void sweep(const struct index *x, int64_t log_ms, int64_t n)
{
    char copy[WORKLOAD_KEY_MAX];
    struct str key;

    for (; n > 0 && x->r->lie != LIE_LOOKS_AWAY && any_due(x, log_ms, copy, &key); n--)
        end(x, key, log_ms);
}

static void turn(const struct index *x, int64_t skew_ms, int64_t n)
{
    char copy[WORKLOAD_KEY_MAX];
    struct str key;

    for (; n > 0 && any_due(x, INT64_MAX, copy, &key); n--) {
        struct value *v;

        unlist(x, key);
        v = keyspace_find(&x->r->data, key);
        if (!v || !value_is_in_log_time(v) || x->r->lie == LIE_TURNS_NOTHING)
            continue;
        v->expires_at_ms += skew_ms - LOG_TIME_SHIFT_MS;
        fake_redis_touch(x->r, key);
        if (v->expires_at_ms <= x->r->now_ms)
            fake_redis_evict(x->r, key);
    }
}

void fake_log_time_run(struct fake_redis *r, const struct reply *words, size_t n, struct buf *out)
{
    const struct index x = { r, words[3].text };
    const size_t what = 3 + (size_t)number(words[2].text);
    const bool all = str_eq(words[what].text, STR_LITERAL("look-all"));
    int64_t by_ms;

    PRE(what + 1 < n);
    by_ms = number(words[what + 1].text);
    if (all || str_eq(words[what].text, STR_LITERAL("look")))
        for (size_t i = 4; i < what; i++)
            look(&x, words[i].text, what + 2 < n ? number(words[what + i - 3].text) : by_ms, all);
    else if (str_eq(words[what].text, STR_LITERAL("sweep")))
        sweep(&x, by_ms, number(words[what + 2].text));
    else
        turn(&x, by_ms, number(words[what + 2].text));
    buf_print(out, ":%zu\r\n", count(&x));
}
