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

static bool tell(const struct value_writer *w, const struct str *words, size_t n, size_t key_at)
{
    return w->command(w->self, words, n, key_at);
}

/* --- all but streams -------------------------------------------------------------------------- */

/* In portions that APPEND puts together. */
static bool write_string(const struct value_writer *w, const struct reply *value, struct str key)
{
    struct str rest = value->text;
    bool good = value->type == REPLY_STRING, is_first = true;

    while (good && (is_first || rest.n > 0)) {
        const size_t n = rest.n < w->bytes_max ? rest.n : w->bytes_max;
        const struct str words[] = { is_first ? STR_LITERAL("SET") : STR_LITERAL("APPEND"),
                                     key,
                                     { rest.p, n } };

        good = tell(w, words, ARRAY_SIZE(words), 1);
        rest = (struct str){ rest.p + n, rest.n - n };
        is_first = false;
    }
    return good;
}

/* How many go into one command: whole units, one at least. */
static size_t portion(const struct value_writer *w, const struct reply *elements, size_t n,
                      size_t unit)
{
    size_t n_bytes = 0, taken = 0;

    while (taken < n && taken < ELEMENTS_MAX) {
        for (size_t i = 0; i < unit && taken + i < n; i++)
            n_bytes += elements[taken + i].text.n;
        if (taken > 0 && n_bytes > w->bytes_max)
            break;
        taken += unit;
    }
    return taken < n ? taken : n;
}

/* A member and its score stand the other way round in ZADD. */
static void put_elements(struct str *words, const struct reply *elements, size_t n, bool swapped)
{
    for (size_t i = 0; i < n; i++)
        words[i] = elements[swapped ? i ^ 1 : i].text;
}

/* `unit`: how many elements belong together. */
static bool write_elements(const struct value_writer *w, const char *command,
                           const struct reply *all, size_t unit, bool swapped, struct str key)
{
    struct str words[2 + ELEMENTS_MAX] = { str_from(command), key };
    bool good = all->type == REPLY_ARRAY;

    for (size_t at = 0, n; good && at < all->n_elements; at += n) {
        n = portion(w, all->elements + at, all->n_elements - at, unit);
        put_elements(words + 2, all->elements + at, n, swapped);
        good = tell(w, words, 2 + n, 1);
    }
    return good;
}

/* --- streams ---------------------------------------------------------------------------------- */

static struct str print_number(char *ret, int64_t value)
{
    return (struct str){ ret, (size_t)snprintf(ret, NUMBER_MAX, "%lld", (long long)value) };
}

static bool write_entry(const struct value_writer *w, const struct reply *entry, struct str key)
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
    good = tell(w, words, 3 + fields->n_elements, 1);
    free(words);
    return good;
}

/* Makes a stream without entries. */
static bool write_empty(const struct value_writer *w, struct str key)
{
    const struct str make[] = {
        STR_LITERAL("XGROUP"), STR_LITERAL("CREATE"), key,
        STR_LITERAL("g"),      STR_LITERAL("0"),      STR_LITERAL("MKSTREAM")
    };
    const struct str drop[] = { STR_LITERAL("XGROUP"), STR_LITERAL("DESTROY"), key,
                                STR_LITERAL("g") };

    return tell(w, make, ARRAY_SIZE(make), 2) && tell(w, drop, ARRAY_SIZE(drop), 2);
}

static bool write_ids(const struct value_writer *w, const struct reply *info, struct str key)
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
    if (w->counts_entries && added && deleted) {
        words[n++] = STR_LITERAL("ENTRIESADDED");
        words[n++] = print_number(number, added->integer);
        words[n++] = STR_LITERAL("MAXDELETEDID");
        words[n++] = deleted->text;
    }
    return tell(w, words, n, 1);
}

static bool write_group(const struct value_writer *w, const struct reply *group, struct str key)
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
    if (w->counts_entries && read && read->type == REPLY_INTEGER) {
        words[n++] = STR_LITERAL("ENTRIESREAD");
        words[n++] = print_number(number, read->integer);
    }
    return tell(w, words, n, 2);
}

static bool write_stream(const struct value_writer *w, const struct reply *const *answers,
                         struct str key)
{
    const struct reply *entries = answers[0], *groups = answers[2];
    bool good = entries->type == REPLY_ARRAY && groups->type == REPLY_ARRAY;

    if (good && entries->n_elements == 0)
        good = write_empty(w, key);
    for (size_t i = 0; good && i < entries->n_elements; i++)
        good = write_entry(w, &entries->elements[i], key);
    good = good && write_ids(w, answers[1], key);
    for (size_t i = 0; good && i < groups->n_elements; i++)
        good = write_group(w, &groups->elements[i], key);
    return good;
}

bool value_write(const struct value_writer *w, enum value_type type,
                 const struct reply *const *answers, struct str key)
{
    switch (type) {
    case VALUE_STRING:
        return write_string(w, answers[0], key);
    case VALUE_LIST:
        return write_elements(w, "RPUSH", answers[0], 1, false, key);
    case VALUE_SET:
        return write_elements(w, "SADD", answers[0], 1, false, key);
    case VALUE_ZSET:
        return write_elements(w, "ZADD", answers[0], 2, true, key);
    case VALUE_HASH:
        return write_elements(w, "HSET", answers[0], 2, false, key);
    case VALUE_STREAM:
        return write_stream(w, answers, key);
    case VALUE_NONE:
    case VALUE_OTHER:
    case VALUE_TYPE_COUNT:
        break;
    }
    return false;
}

/* --- as Redis reads them ---------------------------------------------------------------------- */

struct appending {
    struct buf *out;
    size_t n;
};

static bool append_command(void *self, const struct str *words, size_t n, size_t key_at)
{
    struct appending *a = self;

    (void)key_at;
    a->n++;
    return resp_append(a->out, words, n);
}

size_t value_append_writes(struct buf *out, enum value_type type,
                           const struct reply *const *answers, bool counts_entries, struct str key)
{
    struct appending a = { .out = out };
    const struct value_writer w = { append_command, &a, SIZE_MAX, counts_entries };
    const size_t before = out->n;

    if (value_write(&w, type, answers, key))
        return a.n;
    out->n = before;
    return 0;
}
