#include "core/value_write.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/resp.h"

enum {
    ELEMENTS_MAX = 1000, /* in one command */
    FIXED_WORDS_MAX = 8,
    NUMBER_MAX = 24,
};

/* --- all but streams -------------------------------------------------------------------------- */

static bool append_string(struct buf *out, const struct reply *value, struct str key, size_t *n)
{
    const struct str words[] = { STR_LITERAL("SET"), key, value->text };

    *n += 1;
    return value->type == REPLY_STRING && resp_append(out, words, ARRAY_SIZE(words));
}

/* A member and its score stand the other way round in ZADD. */
static void put_elements(struct str *words, const struct reply *elements, size_t n, bool swapped)
{
    for (size_t i = 0; i < n; i++)
        words[i] = elements[swapped ? i ^ 1 : i].text;
}

static bool append_elements(struct buf *out, const char *command, const struct reply *all,
                            bool swapped, struct str key, size_t *n)
{
    struct str words[2 + ELEMENTS_MAX] = { str_from(command), key };
    bool good = all->type == REPLY_ARRAY;

    for (size_t at = 0; good && at < all->n_elements; at += ELEMENTS_MAX) {
        const size_t left = all->n_elements - at;
        const size_t n_now = left < ELEMENTS_MAX ? left : ELEMENTS_MAX;

        put_elements(words + 2, all->elements + at, n_now, swapped);
        good = resp_append(out, words, 2 + n_now);
        *n += 1;
    }
    return good;
}

/* --- streams ---------------------------------------------------------------------------------- */

static struct str print_number(char *ret, int64_t value)
{
    return (struct str){ ret, (size_t)snprintf(ret, NUMBER_MAX, "%lld", (long long)value) };
}

static bool append_entry(struct buf *out, const struct reply *entry, struct str key)
{
    const struct reply *fields = &entry->elements[1];
    struct str *words;
    bool good;

    if (entry->n_elements != 2 || fields->n_elements == 0)
        return false;
    words = mem_new(3 + fields->n_elements, sizeof(*words));
    words[0] = STR_LITERAL("XADD");
    words[1] = key;
    words[2] = entry->elements[0].text;
    put_elements(words + 3, fields->elements, fields->n_elements, false);
    good = resp_append(out, words, 3 + fields->n_elements);
    free(words);
    return good;
}

/* Makes a stream without entries. */
static bool append_empty(struct buf *out, struct str key)
{
    const struct str make[] = {
        STR_LITERAL("XGROUP"), STR_LITERAL("CREATE"), key,
        STR_LITERAL("g"),      STR_LITERAL("0"),      STR_LITERAL("MKSTREAM")
    };
    const struct str drop[] = { STR_LITERAL("XGROUP"), STR_LITERAL("DESTROY"), key,
                                STR_LITERAL("g") };

    return resp_append(out, make, ARRAY_SIZE(make)) && resp_append(out, drop, ARRAY_SIZE(drop));
}

static bool append_ids(struct buf *out, const struct reply *info, bool counts_entries,
                       struct str key)
{
    const struct reply *last = value_fact(info, "last-generated-id");
    const struct reply *added = value_fact(info, "entries-added");
    const struct reply *deleted = value_fact(info, "max-deleted-entry-id");
    struct str words[FIXED_WORDS_MAX] = { STR_LITERAL("XSETID"), key };
    char number[NUMBER_MAX];
    size_t n = 2;

    if (!last)
        return false;
    words[n++] = last->text;
    if (counts_entries && added && deleted) {
        words[n++] = STR_LITERAL("ENTRIESADDED");
        words[n++] = print_number(number, added->integer);
        words[n++] = STR_LITERAL("MAXDELETEDID");
        words[n++] = deleted->text;
    }
    return resp_append(out, words, n);
}

static bool append_group(struct buf *out, const struct reply *group, bool counts_entries,
                         struct str key)
{
    const struct reply *name = value_fact(group, "name"),
                       *last = value_fact(group, "last-delivered-id");
    const struct reply *consumers = value_fact(group, "consumers"),
                       *read = value_fact(group, "entries-read");
    struct str words[FIXED_WORDS_MAX] = { STR_LITERAL("XGROUP"), STR_LITERAL("CREATE"), key };
    char number[NUMBER_MAX];
    size_t n = 3;

    if (!name || !last || !consumers || consumers->integer > 0)
        return false;
    words[n++] = name->text;
    words[n++] = last->text;
    if (counts_entries && read && read->type == REPLY_INTEGER) {
        words[n++] = STR_LITERAL("ENTRIESREAD");
        words[n++] = print_number(number, read->integer);
    }
    return resp_append(out, words, n);
}

static bool append_stream(struct buf *out, const struct reply *const *answers, bool counts_entries,
                          struct str key, size_t *n)
{
    const struct reply *entries = answers[0], *groups = answers[2];
    bool good = entries->type == REPLY_ARRAY && groups->type == REPLY_ARRAY;

    if (good && entries->n_elements == 0) {
        good = append_empty(out, key);
        *n += 2;
    }
    for (size_t i = 0; good && i < entries->n_elements; i++)
        good = append_entry(out, &entries->elements[i], key);
    good = good && append_ids(out, answers[1], counts_entries, key);
    for (size_t i = 0; good && i < groups->n_elements; i++)
        good = append_group(out, &groups->elements[i], counts_entries, key);
    *n += entries->n_elements + 1 + groups->n_elements;
    return good;
}

size_t value_append_writes(struct buf *out, enum value_type type,
                           const struct reply *const *answers, bool counts_entries, struct str key)
{
    const size_t before = out->n;
    bool good = false;
    size_t n = 0;

    switch (type) {
    case VALUE_STRING:
        good = append_string(out, answers[0], key, &n);
        break;
    case VALUE_LIST:
        good = append_elements(out, "RPUSH", answers[0], false, key, &n);
        break;
    case VALUE_SET:
        good = append_elements(out, "SADD", answers[0], false, key, &n);
        break;
    case VALUE_ZSET:
        good = append_elements(out, "ZADD", answers[0], true, key, &n);
        break;
    case VALUE_HASH:
        good = append_elements(out, "HSET", answers[0], false, key, &n);
        break;
    case VALUE_STREAM:
        good = append_stream(out, answers, counts_entries, key, &n);
        break;
    case VALUE_NONE:
    case VALUE_OTHER:
    case VALUE_TYPE_COUNT:
        break;
    }
    if (!good)
        out->n = before;
    return good ? n : 0;
}
