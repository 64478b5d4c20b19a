#include "keyspace.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/log_time.h"

static struct str view(const struct item *item)
{
    return (struct str){ item->p, item->n };
}

static struct item item_from(struct str bytes)
{
    return (struct item){ mem_copy_text(bytes.n > 0 ? bytes.p : "", bytes.n), bytes.n };
}

static void value_release(struct value *v)
{
    for (size_t i = 0; i < v->n_items; i++)
        free(v->items[i].p);
    free(v->items);
    free(v->key.p);
}

void keyspace_release(struct keyspace *k)
{
    for (size_t i = 0; i < k->n; i++)
        value_release(&k->values[i]);
    free(k->values);
    *k = (struct keyspace){ 0 };
}

static void add_copy(struct keyspace *to, const struct value *v)
{
    struct value *copy = keyspace_add(to, view(&v->key), v->type);

    copy->expires_at_ms = v->expires_at_ms;
    for (size_t i = 0; i < v->n_items; i++)
        value_insert(copy, i, value_item(v, i));
}

void keyspace_copy(struct keyspace *to, const struct keyspace *from)
{
    keyspace_release(to);
    for (size_t i = 0; i < from->n; i++)
        add_copy(to, &from->values[i]);
}

void keyspace_put_back(struct keyspace *k, const struct keyspace *from, struct str key)
{
    const struct value *v = keyspace_find(from, key);

    keyspace_remove(k, key);
    if (v)
        add_copy(k, v);
}

struct value *keyspace_find(const struct keyspace *k, struct str key)
{
    for (size_t i = 0; i < k->n; i++)
        if (str_eq(view(&k->values[i].key), key))
            return &k->values[i];
    return NULL;
}

struct value *keyspace_add(struct keyspace *k, struct str key, enum key_type type)
{
    PRE(!keyspace_find(k, key));
    if (k->n == k->capacity) {
        k->capacity = k->capacity ? k->capacity * 2 : 8;
        k->values = mem_resize(k->values, k->capacity, sizeof(*k->values));
    }
    k->values[k->n] =
        (struct value){ .key = item_from(key), .type = type, .expires_at_ms = DEADLINE_NONE };
    return &k->values[k->n++];
}

bool keyspace_remove(struct keyspace *k, struct str key)
{
    struct value *v = keyspace_find(k, key);

    if (!v)
        return false;
    value_release(v);
    *v = k->values[--k->n];
    return true;
}

/* --- values ----------------------------------------------------------------------------------- */

struct str value_item(const struct value *v, size_t i)
{
    PRE(i < v->n_items);
    return view(&v->items[i]);
}

void value_insert(struct value *v, size_t i, struct str bytes)
{
    PRE(i <= v->n_items);
    if (v->n_items == v->capacity) {
        v->capacity = v->capacity ? v->capacity * 2 : 4;
        v->items = mem_resize(v->items, v->capacity, sizeof(*v->items));
    }
    memmove(v->items + i + 1, v->items + i, (v->n_items - i) * sizeof(*v->items));
    v->items[i] = item_from(bytes);
    v->n_items++;
}

void value_erase(struct value *v, size_t i)
{
    PRE(i < v->n_items);
    free(v->items[i].p);
    memmove(v->items + i, v->items + i + 1, (--v->n_items - i) * sizeof(*v->items));
}

void value_set(struct value *v, size_t i, struct str bytes)
{
    const struct item item = item_from(bytes);

    PRE(i < v->n_items);
    free(v->items[i].p);
    v->items[i] = item;
}

static int compare(struct str a, struct str b)
{
    const size_t n = a.n < b.n ? a.n : b.n;
    const int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

bool value_search(const struct value *v, struct str bytes, size_t stride, size_t *ret_at)
{
    size_t i = 0;

    while (i < v->n_items && compare(value_item(v, i), bytes) < 0)
        i += stride;
    *ret_at = i;
    return i < v->n_items && str_eq(value_item(v, i), bytes);
}

/* --- comparing -------------------------------------------------------------------------------- */

static void print(struct buf *out, const struct value *v)
{
    if (!v) {
        buf_print(out, "nothing");
        return;
    }
    buf_print(out, "type %d", (int)v->type);
    if (v->expires_at_ms != DEADLINE_NONE)
        buf_print(out, " until %lld", (long long)v->expires_at_ms);
    for (size_t i = 0; i < v->n_items; i++)
        buf_print(out, " '%.*s'", STR_ARGS(value_item(v, i)));
}

bool value_is_in_log_time(const struct value *v)
{
    return v->expires_at_ms >= LOG_TIME_SHIFT_MS;
}

int64_t value_ends_ms(const struct value *v)
{
    return value_is_in_log_time(v) ? v->expires_at_ms - LOG_TIME_SHIFT_MS : v->expires_at_ms;
}

static bool value_equal(const struct value *a, const struct value *b)
{
    if (!a || !b || a->type != b->type || value_ends_ms(a) != value_ends_ms(b) ||
        a->n_items != b->n_items)
        return false;
    for (size_t i = 0; i < a->n_items; i++)
        if (!str_eq(value_item(a, i), value_item(b, i)))
            return false;
    return true;
}

bool keyspace_equal(const struct keyspace *a, const struct keyspace *b,
                    bool (*belongs)(struct str key, const void *context), const void *context,
                    struct buf *ret_why)
{
    const struct keyspace *const both[] = { a, b };

    for (size_t side = 0; side < ARRAY_SIZE(both); side++) {
        for (size_t i = 0; i < both[side]->n; i++) {
            const struct str key = view(&both[side]->values[i].key);
            const struct value *in_a = keyspace_find(a, key), *in_b = keyspace_find(b, key);

            if ((belongs && !belongs(key, context)) || value_equal(in_a, in_b))
                continue;
            buf_print(ret_why, "%.*s: ", STR_ARGS(key));
            print(ret_why, in_a);
            buf_print(ret_why, ", should be ");
            print(ret_why, in_b);
            return false;
        }
    }
    return true;
}
