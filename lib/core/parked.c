#include "core/parked.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { NOT_FOUND = -1 };

static const char *const obstacles[PARKED_OBSTACLE_COUNT] = {
#define PARKED_TEXT(name, text) [PARKED_##name] = (text),
    PARKED_OBSTACLES(PARKED_TEXT)
#undef PARKED_TEXT
};

const char *parked_obstacle_text(enum parked_obstacle obstacle)
{
    PRE(obstacle < PARKED_OBSTACLE_COUNT);
    return obstacles[obstacle];
}

void parked_release(struct parked *p)
{
    for (size_t i = 0; i < p->n_keys; i++)
        free((char *)(uintptr_t)p->keys[i].key.p);
    for (size_t i = 0; i < p->n; i++)
        free(p->letters[i].numbers);
    free(p->keys);
    free(p->letters);
    *p = (struct parked){ 0 };
}

void parked_add_keys(struct parked *p, int32_t partition, const struct quarantine *q)
{
    PRE(p->n_keys == 0 || p->keys[p->n_keys - 1].partition < partition);
    p->keys = mem_resize(p->keys, p->n_keys + q->n + 1, sizeof(*p->keys));
    for (size_t i = 0; i < q->n; i++) {
        const struct str key = q->entries[i].key;

        p->keys[p->n_keys++] = (struct parked_key){
            .partition = partition,
            .key = { mem_copy_text(key.p, key.n), key.n },
            .state = q->entries[i].state,
        };
    }
}

void parked_update(struct parked *p, int32_t partition, const struct quarantine *q)
{
    for (size_t i = 0; i < p->n_keys; i++) {
        struct parked_key *key = &p->keys[i];
        const struct quarantined *state;

        if (key->partition != partition)
            continue;
        state = quarantine_find(q, key->key);
        key->is_free = !state || state->token != key->state.token;
        if (!key->is_free)
            key->state = *state;
    }
}

/* --- letters ---------------------------------------------------------------------------------- */

static int compare_keys(int32_t partition, struct str key, const struct parked_key *with)
{
    const size_t n = key.n < with->key.n ? key.n : with->key.n;
    int order;

    if (partition != with->partition)
        return partition < with->partition ? -1 : 1;
    order = n > 0 ? memcmp(key.p, with->key.p, n) : 0;
    return order != 0 ? order : (key.n > with->key.n) - (key.n < with->key.n);
}

static long find_key(const struct parked *p, int32_t partition, struct str key)
{
    size_t low = 0, high = p->n_keys;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_keys(partition, key, &p->keys[middle]);

        if (order == 0)
            return (long)middle;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NOT_FOUND;
}

/* The quarantined keys that it waits for, into `ret` unless that is NULL. */
static size_t waits_for(const struct parked *p, const struct parked_record *r,
                        struct parked_number *ret)
{
    size_t n = 0;

    for (size_t i = 0; r->n_claims == 0 && i < r->n_keys; i++) {
        const long at = find_key(p, r->source.partition, r->keys[i]);

        if (at == NOT_FOUND || r->source.offset < p->keys[at].state.first ||
            r->source.offset > p->keys[at].state.last)
            continue;
        if (ret)
            ret[n] = (struct parked_number){ .key = (size_t)at };
        n++;
    }
    return n;
}

/* The same of those that it claims, as they are quarantined now. */
static size_t claims_of(const struct parked *p, const struct parked_record *r,
                        struct parked_number *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n_claims; i++) {
        const long at = find_key(p, r->source.partition, r->claims[i].key);

        if (at == NOT_FOUND || p->keys[at].state.token != r->claims[i].token)
            continue;
        if (ret)
            ret[n] = (struct parked_number){ (size_t)at, r->claims[i].number };
        n++;
    }
    return n;
}

enum parked_bearing parked_bears(const struct parked *p, const struct parked_record *r)
{
    if (claims_of(p, r, NULL) > 0)
        return PARKED_ATTEMPT;
    if (waits_for(p, r, NULL) > 0)
        return PARKED_WAITS;
    return r->n_claims > 0 || r->was_parked ? PARKED_ENDED : PARKED_FREE;
}

void parked_add(struct parked *p, const struct parked_record *r)
{
    const bool is_attempt = r->n_claims > 0;
    const size_t n_max = is_attempt ? r->n_claims : r->n_keys;
    struct parked_letter *l;

    p->letters = mem_resize(p->letters, p->n + 1, sizeof(*p->letters));
    l = &p->letters[p->n++];
    *l = (struct parked_letter){
        .source = r->source,
        .state = r->state,
        .is_attempt = is_attempt,
        .is_readable = r->is_readable,
    };
    l->numbers = mem_new(n_max + 1, sizeof(*l->numbers));
    l->n_numbers = is_attempt ? claims_of(p, r, l->numbers) : waits_for(p, r, l->numbers);
}

/* --- order ------------------------------------------------------------------------------------ */

static int compare_letters(const void *a, const void *b)
{
    const struct letter_place x = ((const struct parked_letter *)a)->source;
    const struct letter_place y = ((const struct parked_letter *)b)->source;

    if (x.partition != y.partition)
        return x.partition < y.partition ? -1 : 1;
    return (x.offset > y.offset) - (x.offset < y.offset);
}

void parked_order(struct parked *p)
{
    if (p->n > 1)
        qsort(p->letters, p->n, sizeof(*p->letters), compare_letters);
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; !p->letters[i].is_attempt && k < p->letters[i].n_numbers; k++)
            p->letters[i].numbers[k].number = ++p->keys[p->letters[i].numbers[k].key].n_found;
}

const struct parked_letter *parked_find(const struct parked *p, struct letter_place source)
{
    const struct parked_letter wanted = { .source = source };

    if (p->n == 0)
        return NULL;
    return bsearch(&wanted, p->letters, p->n, sizeof(wanted), compare_letters);
}

static bool is_applied_by(const struct parked *p, const struct parked_number *n)
{
    return n->number <= p->keys[n->key].state.retried;
}

bool parked_is_applied(const struct parked *p, const struct parked_letter *l)
{
    for (size_t i = 0; i < l->n_numbers; i++)
        if (!is_applied_by(p, &l->numbers[i]))
            return false;
    return true;
}

bool parked_is_due(const struct parked *p, const struct parked_letter *l)
{
    for (size_t i = 0; i < l->n_numbers; i++) {
        const struct parked_key *key = &p->keys[l->numbers[i].key];

        if (!key->is_chosen || key->obstacle != PARKED_NONE)
            return false;
    }
    return !l->is_attempt && !parked_is_applied(p, l);
}

/* --- retrying --------------------------------------------------------------------------------- */

/* Of a letter that is to be written: it chooses and hinders all of its keys, or none. True when
 * that changed any of them. */
static bool tie(struct parked *p, const struct parked_letter *l)
{
    bool chooses = l->is_chosen, hinders = false, changed = false;

    for (size_t i = 0; i < l->n_numbers; i++) {
        chooses = chooses || p->keys[l->numbers[i].key].is_chosen;
        hinders = hinders || p->keys[l->numbers[i].key].obstacle != PARKED_NONE;
    }
    for (size_t i = 0; i < l->n_numbers; i++) {
        struct parked_key *key = &p->keys[l->numbers[i].key];

        changed =
            changed || (chooses && !key->is_chosen) || (hinders && key->obstacle == PARKED_NONE);
        key->is_chosen = key->is_chosen || chooses;
        if (hinders && key->obstacle == PARKED_NONE)
            key->obstacle = PARKED_TIED;
    }
    return changed;
}

static enum parked_obstacle obstacle_of(const struct parked_key *key)
{
    if (key->n_found < key->state.parked)
        return PARKED_MISSING;
    return key->n_found > key->state.parked ? PARKED_SURPLUS : PARKED_NONE;
}

static void find_obstacles(struct parked *p)
{
    for (size_t i = 0; i < p->n_keys; i++)
        p->keys[i].obstacle = obstacle_of(&p->keys[i]);
    for (size_t i = 0; i < p->n; i++) {
        const struct parked_letter *l = &p->letters[i];

        if (l->is_attempt || l->is_readable || l->state == LETTER_DISCARDED ||
            parked_is_applied(p, l))
            continue;
        for (size_t k = 0; k < l->n_numbers; k++)
            if (p->keys[l->numbers[k].key].obstacle == PARKED_NONE)
                p->keys[l->numbers[k].key].obstacle = PARKED_UNREADABLE;
    }
}

void parked_choose_retries(struct parked *p)
{
    bool changed = true;

    find_obstacles(p);
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; p->letters[i].is_chosen && k < p->letters[i].n_numbers; k++)
            p->keys[p->letters[i].numbers[k].key].is_chosen = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < p->n; i++)
            if (!p->letters[i].is_attempt && !parked_is_applied(p, &p->letters[i]))
                changed = tie(p, &p->letters[i]) || changed;
    }
}

/* --- discarding ------------------------------------------------------------------------------- */

static bool is_given_up(const struct parked *p, const struct parked_letter *l)
{
    return l->is_chosen || l->state == LETTER_DISCARDED || parked_is_applied(p, l);
}

/* Keys of chosen letters of which nothing is left. Nobody knows of what is missing, so such a key
 * is chosen by itself, or stays. */
static void choose_empty_keys(struct parked *p, const bool *is_meant)
{
    bool *has_rest = mem_new(p->n_keys + 1, sizeof(*has_rest));

    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; !p->letters[i].is_attempt && k < p->letters[i].n_numbers; k++)
            if (!is_given_up(p, &p->letters[i]))
                has_rest[p->letters[i].numbers[k].key] = true;
    for (size_t i = 0; i < p->n_keys; i++)
        if (is_meant[i] && !has_rest[i] && p->keys[i].n_found == p->keys[i].state.parked)
            p->keys[i].is_chosen = true;
    free(has_rest);
}

void parked_choose_discards(struct parked *p)
{
    bool *is_meant = mem_new(p->n_keys + 1, sizeof(*is_meant));

    for (size_t i = 0; i < p->n; i++) {
        struct parked_letter *l = &p->letters[i];

        for (size_t k = 0; k < l->n_numbers; k++) {
            is_meant[l->numbers[k].key] = is_meant[l->numbers[k].key] || l->is_chosen;
            l->is_chosen = l->is_chosen || p->keys[l->numbers[k].key].is_chosen;
        }
        l->is_chosen = l->is_chosen && (l->is_attempt || !parked_is_applied(p, l));
    }
    choose_empty_keys(p, is_meant);
    free(is_meant);
}
