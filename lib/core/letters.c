#include "core/letters.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { CAPACITY_MIN = 64, RETRY_MAX = 1000000 };

static const struct {
    const char *code, *text;
} states[LETTER_STATE_COUNT] = {
#define LETTER_ROW(name, code, what) [LETTER_##name] = { code, what },
    LETTER_STATES(LETTER_ROW)
#undef LETTER_ROW
};

const char *letter_state_code(enum letter_state state)
{
    PRE(state < LETTER_STATE_COUNT);
    return states[state].code;
}

const char *letter_state_text(enum letter_state state)
{
    PRE(state < LETTER_STATE_COUNT);
    return states[state].text;
}

bool letter_state_from(struct str code, enum letter_state *ret)
{
    for (enum letter_state i = LETTER_OPEN; i < LETTER_STATE_COUNT; i++) {
        if (!str_eq(code, str_from(states[i].code)))
            continue;
        *ret = i;
        return true;
    }
    return false;
}

void letters_release(struct letters *l)
{
    free(l->list);
    *l = (struct letters){ 0 };
}

static bool add(struct letters *l, const struct letter *letter)
{
    if (l->n == LETTERS_MAX)
        return false;
    if (l->n == l->capacity) {
        l->capacity = l->capacity > 0 ? 2 * l->capacity : CAPACITY_MIN;
        l->list = mem_resize(l->list, l->capacity, sizeof(*l->list));
    }
    l->list[l->n++] = *letter;
    return true;
}

bool letters_add(struct letters *l, struct letter_place source, struct letter_place at)
{
    return add(l, &(struct letter){ source, at, .state = LETTER_OPEN, .n_copies = 1 });
}

bool letters_decide(struct letters *l, struct letter_place source, struct letter_place at,
                    enum letter_state state)
{
    PRE(state != LETTER_OPEN);
    return add(
        l, &(struct letter){ source, at, .state = state, .n_retries = state == LETTER_RETRIED });
}

static int compare_places(struct letter_place a, struct letter_place b)
{
    if (a.partition != b.partition)
        return a.partition < b.partition ? -1 : 1;
    return (a.offset > b.offset) - (a.offset < b.offset);
}

static int compare(const void *a, const void *b)
{
    const struct letter *x = a, *y = b;
    const int order = compare_places(x->source, y->source);

    return order != 0 ? order : compare_places(x->at, y->at);
}

/* The letter stands in front of what is decided about it: both are in one partition. */
static void merge(struct letter *first, const struct letter *next)
{
    if (first->n_copies == 0 && next->n_copies > 0)
        first->at = next->at;
    first->n_copies += next->n_copies;
    first->n_retries += next->n_retries;
    if (next->state != LETTER_OPEN)
        first->state = next->state;
}

void letters_fold(struct letters *l)
{
    size_t n = 0;

    if (l->n > 1)
        qsort(l->list, l->n, sizeof(*l->list), compare);
    for (size_t i = 0; i < l->n; i++) {
        if (n > 0 && compare_places(l->list[n - 1].source, l->list[i].source) == 0) {
            merge(&l->list[n - 1], &l->list[i]);
            continue;
        }
        /* A decision alone: retention removed the letter. */
        if (n > 0 && l->list[n - 1].n_copies == 0)
            n--;
        l->list[n++] = l->list[i];
    }
    if (n > 0 && l->list[n - 1].n_copies == 0)
        n--;
    l->n = n;
}

const struct letter *letters_find(const struct letters *l, struct letter_place source)
{
    size_t low = 0, high = l->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_places(l->list[middle].source, source);

        if (order == 0)
            return &l->list[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool letter_place_parse(struct str text, struct letter_place *ret)
{
    const char *colon = text.n > 0 ? memchr(text.p, ':', text.n) : NULL;
    const size_t n = colon ? (size_t)(colon - text.p) : 0;
    int64_t partition, offset;

    if (!colon || !str_to_int64((struct str){ text.p, n }, &partition) ||
        !str_to_int64((struct str){ colon + 1, text.n - n - 1 }, &offset) || partition < 0 ||
        partition > INT32_MAX || offset < 0)
        return false;
    *ret = (struct letter_place){ (int32_t)partition, offset };
    return true;
}

uint32_t letter_retry_number(struct str id, uint32_t n_retries, struct str *ret_id)
{
    static const struct str mark = { "#retry", 6 };
    int64_t number = 0;
    size_t at = id.n;

    *ret_id = id;
    while (at > 0 && id.p[at - 1] >= '0' && id.p[at - 1] <= '9')
        at--;
    if (at >= mark.n && memcmp(id.p + at - mark.n, mark.p, mark.n) == 0 &&
        str_to_int64((struct str){ id.p + at, id.n - at }, &number) && number < RETRY_MAX)
        *ret_id = (struct str){ id.p, at - mark.n };
    else
        number = 0;
    return (uint32_t)number + n_retries + 1;
}
