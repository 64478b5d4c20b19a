#include "core/value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "core/resp.h"

enum {
    READ_WORDS_MAX = 5,
    PAYLOAD_FOOTER_BYTES = 10, /* version and checksum */
    SHOWN_MAX = 48,            /* bytes of a field or member in a detail */
};

static const char *const names[VALUE_TYPE_COUNT] = {
    [VALUE_NONE] = "none",     [VALUE_STRING] = "string", [VALUE_LIST] = "list",
    [VALUE_SET] = "set",       [VALUE_ZSET] = "zset",     [VALUE_HASH] = "hash",
    [VALUE_STREAM] = "stream", [VALUE_OTHER] = "other",
};

/* Words of each command; "" stands for the key. */
static const char *const reads[VALUE_TYPE_COUNT][VALUE_READS_MAX][READ_WORDS_MAX + 1] = {
    [VALUE_STRING] = { { "GET", "" } },
    [VALUE_LIST] = { { "LRANGE", "", "0", "-1" } },
    [VALUE_SET] = { { "SMEMBERS", "" } },
    [VALUE_ZSET] = { { "ZRANGE", "", "0", "-1", "WITHSCORES" } },
    [VALUE_HASH] = { { "HGETALL", "" } },
    [VALUE_STREAM] = { { "XRANGE", "", "-", "+" },
                       { "XINFO", "STREAM", "" },
                       { "XINFO", "GROUPS", "" } },
    [VALUE_OTHER] = { { "DUMP", "" } },
};

enum value_type value_type_from(struct str name)
{
    for (enum value_type i = VALUE_NONE; i < VALUE_OTHER; i++)
        if (str_eq(name, str_from(names[i])))
            return i;
    return VALUE_OTHER;
}

const char *value_type_name(enum value_type type)
{
    PRE(type < VALUE_TYPE_COUNT);
    return names[type];
}

size_t value_n_reads(enum value_type type)
{
    size_t n = 0;

    while (n < VALUE_READS_MAX && reads[type][n][0])
        n++;
    return n;
}

size_t value_append_reads(struct buf *out, enum value_type type, struct str key)
{
    const size_t n = value_n_reads(type);

    for (size_t i = 0; i < n; i++) {
        struct str words[READ_WORDS_MAX];
        size_t n_words = 0;

        for (; reads[type][i][n_words]; n_words++) {
            const char *word = reads[type][i][n_words];

            words[n_words] = *word ? str_from(word) : key;
        }
        if (!resp_append(out, words, n_words))
            return 0;
    }
    return n;
}

/* --- comparing -------------------------------------------------------------------------------- */

#define SHOWN(s) (int)((s).n < SHOWN_MAX ? (s).n : SHOWN_MAX), (s).p

PRINTF_LIKE(2, 3) static bool differs(struct finding *ret, const char *format, ...)
{
    va_list ap;

    ret->kind = FINDING_VALUE;
    va_start(ap, format);
    vsnprintf(ret->detail, sizeof(ret->detail), format, ap);
    va_end(ap);
    for (char *p = ret->detail; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    return false;
}

static bool is_equal_deep(const struct reply *a, const struct reply *b)
{
    if (a->type != b->type || a->n_elements != b->n_elements || a->integer != b->integer ||
        !str_eq(a->text, b->text))
        return false;
    for (size_t i = 0; i < a->n_elements; i++)
        if (!is_equal_deep(&a->elements[i], &b->elements[i]))
            return false;
    return true;
}

static bool is_equal_string(const struct reply *a, const struct reply *b, struct finding *ret)
{
    size_t i = 0;

    if (str_eq(a->text, b->text))
        return true;
    while (i < a->text.n && i < b->text.n && a->text.p[i] == b->text.p[i])
        i++;
    return differs(ret, "%zu bytes, by the log %zu; they differ from byte %zu on", a->text.n,
                   b->text.n, i);
}

static bool is_equal_list(const struct reply *a, const struct reply *b, struct finding *ret)
{
    for (size_t i = 0; i < a->n_elements && i < b->n_elements; i++)
        if (!str_eq(a->elements[i].text, b->elements[i].text))
            return differs(ret, "%zu elements, by the log %zu; they differ from element %zu on",
                           a->n_elements, b->n_elements, i);
    return a->n_elements == b->n_elements ||
           differs(ret, "%zu elements, by the log %zu", a->n_elements, b->n_elements);
}

static int compare_text(struct str a, struct str b)
{
    const size_t n = a.n < b.n ? a.n : b.n;
    const int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_members(const void *a, const void *b)
{
    const struct reply *const *x = a, *const *y = b;

    return compare_text((*x)->text, (*y)->text);
}

/* The members of a set, or those at the even places of a hash or sorted set, in order. */
static const struct reply **sorted(const struct reply *all, size_t step)
{
    const size_t n = all->n_elements / step;
    const struct reply **list = mem_new(n + 1, sizeof(*list));

    for (size_t i = 0; i < n; i++)
        list[i] = &all->elements[i * step];
    qsort(list, n, sizeof(*list), compare_members);
    return list;
}

static bool is_equal_score(struct str a, struct str b)
{
    double x, y;

    return str_eq(a, b) || (str_to_double(a, &x) && str_to_double(b, &y) && !(x < y) && !(x > y));
}

struct collection {
    const char *member; /* what one is called */
    size_t step;        /* 2: a value, or a score, stands behind each member */
    bool scores;
};

static bool is_equal_pair(const struct collection *c, const struct reply *a, const struct reply *b,
                          struct finding *ret)
{
    if (c->step == 1 ||
        (c->scores ? is_equal_score(a[1].text, b[1].text) : str_eq(a[1].text, b[1].text)))
        return true;
    return differs(ret, "%s '%.*s' holds something else", c->member, SHOWN(a->text));
}

static bool is_equal_sorted(const struct collection *c, const struct reply *const *a, size_t n_a,
                            const struct reply *const *b, size_t n_b, struct finding *ret)
{
    for (size_t i = 0; i < n_a || i < n_b; i++) {
        const int order = i == n_a ? 1 : i == n_b ? -1 : compare_text(a[i]->text, b[i]->text);

        if (order < 0)
            return differs(ret, "%s '%.*s' is not of the log (%zu, by the log %zu)", c->member,
                           SHOWN(a[i]->text), n_a, n_b);
        if (order > 0)
            return differs(ret, "%s '%.*s' is missing (%zu, by the log %zu)", c->member,
                           SHOWN(b[i]->text), n_a, n_b);
        if (!is_equal_pair(c, a[i], b[i], ret))
            return false;
    }
    return true;
}

static bool is_equal_collection(const struct collection *c, const struct reply *a,
                                const struct reply *b, struct finding *ret)
{
    const struct reply **x = sorted(a, c->step), **y = sorted(b, c->step);
    const bool equal =
        is_equal_sorted(c, x, a->n_elements / c->step, y, b->n_elements / c->step, ret);

    free(x);
    free(y);
    return equal;
}

/* --- streams ---------------------------------------------------------------------------------- */

/* What XINFO says that is not about how a server keeps it. A name that one server does not know is
 * not compared. */
static const char *const stream_facts[] = { "length", "last-generated-id", "max-deleted-entry-id",
                                            "entries-added", NULL };
static const char *const group_facts[] = { "name",         "consumers",
                                           "pending",      "last-delivered-id",
                                           "entries-read", NULL };

const struct reply *value_fact(const struct reply *info, const char *name)
{
    for (size_t i = 0; i + 1 < info->n_elements; i += 2)
        if (str_eq(info->elements[i].text, str_from(name)))
            return &info->elements[i + 1];
    return NULL;
}

static bool is_equal_info(const char *const *facts, const struct reply *a, const struct reply *b,
                          const char *what, struct finding *ret)
{
    for (; *facts; facts++) {
        const struct reply *x = value_fact(a, *facts), *y = value_fact(b, *facts);

        if (x && y && !is_equal_deep(x, y))
            return differs(ret, "%s: %s differs", what, *facts);
    }
    return true;
}

/* Redis lists groups by name. */
static bool is_equal_groups(const struct reply *a, const struct reply *b, struct finding *ret)
{
    if (a->n_elements != b->n_elements)
        return differs(ret, "%zu groups, by the log %zu", a->n_elements, b->n_elements);
    for (size_t i = 0; i < a->n_elements; i++)
        if (!is_equal_info(group_facts, &a->elements[i], &b->elements[i], "a group", ret))
            return false;
    return true;
}

static bool is_equal_entries(const struct reply *a, const struct reply *b, struct finding *ret)
{
    for (size_t i = 0; i < a->n_elements && i < b->n_elements; i++)
        if (!is_equal_deep(&a->elements[i], &b->elements[i]))
            return differs(ret, "%zu entries, by the log %zu; they differ from entry %zu on",
                           a->n_elements, b->n_elements, i);
    return a->n_elements == b->n_elements ||
           differs(ret, "%zu entries, by the log %zu", a->n_elements, b->n_elements);
}

static bool is_equal_stream(const struct reply *const *a, const struct reply *const *b,
                            struct finding *ret)
{
    return is_equal_entries(a[0], b[0], ret) &&
           is_equal_info(stream_facts, a[1], b[1], "the stream", ret) &&
           is_equal_groups(a[2], b[2], ret);
}

static bool is_answered(enum value_type type, const struct reply *const *answers, const char *whose,
                        struct finding *ret)
{
    for (size_t i = 0; i < value_n_reads(type); i++)
        if (answers[i]->type == REPLY_ERROR)
            return differs(ret, "%s does not answer %s: %.*s", whose, reads[type][i][0],
                           SHOWN(answers[i]->text));
    return true;
}

bool value_is_equal(enum value_type type, const struct reply *const *redis,
                    const struct reply *const *log, struct finding *ret)
{
    static const struct collection set = { "member", 1, false }, zset = { "member", 2, true },
                                   hash = { "field", 2, false };

    if (!is_answered(type, redis, "Redis", ret) ||
        !is_answered(type, log, "the scratch Redis", ret))
        return false;
    switch (type) {
    case VALUE_NONE:
        return true;
    case VALUE_STRING:
        return is_equal_string(redis[0], log[0], ret);
    case VALUE_LIST:
        return is_equal_list(redis[0], log[0], ret);
    case VALUE_SET:
        return is_equal_collection(&set, redis[0], log[0], ret);
    case VALUE_ZSET:
        return is_equal_collection(&zset, redis[0], log[0], ret);
    case VALUE_HASH:
        return is_equal_collection(&hash, redis[0], log[0], ret);
    case VALUE_STREAM:
        return is_equal_stream(redis, log, ret);
    case VALUE_OTHER:
        return value_payload_is_equal(redis[0], log[0]) || differs(ret, "the payload differs");
    case VALUE_TYPE_COUNT:
        break;
    }
    UNREACHABLE("every value_type is handled");
}

bool value_payload_is_equal(const struct reply *a, const struct reply *b)
{
    if (a->type != REPLY_STRING || b->type != REPLY_STRING)
        return a->type == REPLY_NIL && b->type == REPLY_NIL;
    if (a->text.n != b->text.n || a->text.n < PAYLOAD_FOOTER_BYTES)
        return false;
    return memcmp(a->text.p, b->text.p, a->text.n - PAYLOAD_FOOTER_BYTES) == 0;
}

bool value_expiry_is_equal(int64_t redis_ms, int64_t log_ms, int64_t tolerance_ms)
{
    if (redis_ms < 0 || log_ms < 0)
        return redis_ms == log_ms;
    return redis_ms - log_ms <= tolerance_ms && log_ms - redis_ms <= tolerance_ms;
}
