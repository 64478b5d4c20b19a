#include "core/log_time.h"

#include <stdio.h>

#include "base/check.h"
#include "core/lua.h"
#include "core/resp.h"

enum { NUMBER_MAX = 24, YOUNG_SHARE = 2, LOOK_HEAD_WORDS = 4, LISTING_HEAD_WORDS = 3 };

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t log_time_behind(const struct log_time_rule *rule, int64_t before_ms, int64_t timestamp_ms,
                        int64_t now_ms)
{
    const bool is_old = timestamp_ms >= 0 && now_ms - timestamp_ms >= rule->replay_threshold_ms;

    if (before_ms == LOG_TIME_OFF && rule->expiry == EXPIRY_WALL && !is_old)
        return LOG_TIME_OFF;
    return later(later(before_ms, timestamp_ms), LOG_TIME_OFF + 1);
}

/* Half the threshold, or a partition that lags by just that much would turn there and back. */
bool log_time_is_over(const struct log_time_rule *rule, int64_t log_ms, int64_t at_end_for_ms,
                      int64_t now_ms)
{
    if (log_ms == LOG_TIME_OFF || rule->expiry == EXPIRY_LOG)
        return false;
    return at_end_for_ms >= LOG_TIME_IDLE_MS ||
           now_ms - log_ms < rule->replay_threshold_ms / YOUNG_SHARE;
}

struct str log_time_index(char *ret, struct str wal, int32_t partition)
{
    const int n =
        snprintf(ret, LOG_TIME_INDEX_MAX, "redwal:{%.*s}:x:%d", STR_ARGS(wal), (int)partition);

    PRE(n > 0 && n < LOG_TIME_INDEX_MAX);
    return (struct str){ ret, (size_t)n };
}

static struct str print_number(char *ret, int64_t value)
{
    return (struct str){ ret, (size_t)snprintf(ret, NUMBER_MAX, "%lld", (long long)value) };
}

static bool append(struct buf *out, struct str what, struct str index, int64_t by_ms, uint32_t n)
{
    char by[NUMBER_MAX], count[NUMBER_MAX];
    const struct str words[] = {
        STR_LITERAL("EVAL"),     lua_log_time(),        STR_LITERAL("1"), index, what,
        print_number(by, by_ms), print_number(count, n)
    };

    return resp_append(out, words, ARRAY_SIZE(words));
}

/* A look's words up to its keys; how many. */
static size_t begin_look(struct str *words, struct str index, char *count, size_t n_keys)
{
    PRE(n_keys <= LOG_TIME_KEYS_MAX);
    words[0] = STR_LITERAL("EVALSHA");
    words[1] = lua_log_time_sha();
    words[2] = print_number(count, (int64_t)n_keys + 1);
    words[3] = index;
    return LOOK_HEAD_WORDS;
}

bool log_time_append_look(struct buf *out, const struct log_time *log_time, const struct str *keys,
                          size_t n, bool all)
{
    struct str words[LOOK_HEAD_WORDS + LOG_TIME_KEYS_MAX + 2];
    char count[NUMBER_MAX], now[NUMBER_MAX];
    size_t n_words = begin_look(words, log_time->index, count, n);

    for (size_t i = 0; i < n; i++)
        words[n_words++] = keys[i];
    words[n_words++] = all ? STR_LITERAL("look-all") : STR_LITERAL("look");
    words[n_words++] = print_number(now, log_time->now_ms);
    return resp_append(out, words, n_words);
}

bool log_time_append_looks(struct buf *out, struct str index, const struct log_time_key *keys,
                           size_t n)
{
    struct str words[LOOK_HEAD_WORDS + 2 * LOG_TIME_KEYS_MAX + 1];
    char count[NUMBER_MAX], times[LOG_TIME_KEYS_MAX][NUMBER_MAX];
    size_t n_words = begin_look(words, index, count, n);

    for (size_t i = 0; i < n; i++)
        words[n_words++] = keys[i].key;
    words[n_words++] = STR_LITERAL("look");
    for (size_t i = 0; i < n; i++)
        words[n_words++] = print_number(times[i], keys[i].ms);
    return resp_append(out, words, n_words);
}

bool log_time_append_listing(struct buf *out, struct str index, const struct log_time_key *keys,
                             size_t n)
{
    struct str words[LISTING_HEAD_WORDS + 2 * LOG_TIME_KEYS_MAX];
    char ends[LOG_TIME_KEYS_MAX][NUMBER_MAX];
    size_t n_words = 0;

    PRE(n <= LOG_TIME_KEYS_MAX);
    words[n_words++] = STR_LITERAL("ZADD");
    words[n_words++] = index;
    words[n_words++] = STR_LITERAL("LT");
    for (size_t i = 0; i < n; i++) {
        words[n_words++] = print_number(ends[i], keys[i].ms);
        words[n_words++] = keys[i].key;
    }
    return resp_append(out, words, n_words);
}

bool log_time_append_sweep(struct buf *out, struct str index, int64_t log_ms, uint32_t n)
{
    return append(out, STR_LITERAL("sweep"), index, log_ms, n);
}

bool log_time_append_turn(struct buf *out, struct str index, int64_t skew_ms, uint32_t n)
{
    return append(out, STR_LITERAL("turn"), index, skew_ms, n);
}
