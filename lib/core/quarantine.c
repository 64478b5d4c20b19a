#include "core/quarantine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { ENTRIES_FIRST = 8, VALUE_PARTS = 6 };

void quarantine_release(struct quarantine *q)
{
    for (size_t i = 0; i < q->n; i++)
        free((char *)(uintptr_t)q->entries[i].key.p);
    free(q->entries);
    *q = (struct quarantine){ 0 };
}

/* --- the keys --------------------------------------------------------------------------------- */

static int compare(struct str a, struct str b)
{
    const size_t n = a.n < b.n ? a.n : b.n;
    const int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Where the key is, or would be. */
static bool search(const struct quarantine *q, struct str key, size_t *ret_at)
{
    size_t low = 0, high = q->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (compare(q->entries[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_at = low;
    return low < q->n && str_eq(q->entries[low].key, key);
}

static struct quarantined *find(const struct quarantine *q, struct str key)
{
    size_t at;

    return search(q, key, &at) ? &q->entries[at].state : NULL;
}

const struct quarantined *quarantine_find(const struct quarantine *q, struct str key)
{
    return find(q, key);
}

static bool is_held(const struct quarantine *q, struct str key)
{
    return q->n > 0 && find(q, key) != NULL;
}

static void insert(struct quarantine *q, size_t at, struct str key, const struct quarantined *state)
{
    if (q->n == q->capacity) {
        q->capacity = q->capacity ? q->capacity * 2 : ENTRIES_FIRST;
        q->entries = mem_resize(q->entries, q->capacity, sizeof(*q->entries));
    }
    memmove(q->entries + at + 1, q->entries + at, (q->n - at) * sizeof(*q->entries));
    q->entries[at] = (struct quarantine_entry){ { mem_copy_text(key.p, key.n), key.n }, *state };
    q->n++;
    q->n_bytes += key.n;
}

static void drop(struct quarantine *q, size_t at)
{
    q->n_bytes -= q->entries[at].key.n;
    free((char *)(uintptr_t)q->entries[at].key.p);
    q->n--;
    memmove(q->entries + at, q->entries + at + 1, (q->n - at) * sizeof(*q->entries));
}

/* --- records ---------------------------------------------------------------------------------- */

static char *copy_bytes(char *at, struct str *s)
{
    if (s->n > 0)
        memcpy(at, s->p, s->n);
    s->p = at;
    return at + s->n;
}

struct quarantine_record *quarantine_record_new(const struct quarantine_record *from)
{
    const size_t n_changes = from->n_keys + from->n_claims;
    size_t n_bytes = sizeof(*from) + from->n_keys * sizeof(*from->keys) +
                     from->n_claims * sizeof(*from->claims) + n_changes * sizeof(*from->changes) +
                     from->release.key.n;
    struct quarantine_record *r;
    char *at;

    for (size_t i = 0; i < from->n_keys; i++)
        n_bytes += from->keys[i].n;
    for (size_t i = 0; i < from->n_claims; i++)
        n_bytes += from->claims[i].key.n;
    r = mem_new(1, n_bytes);
    *r = *from;
    r->n_bytes = n_bytes;
    r->changes = (struct quarantine_change *)(r + 1);
    r->claims = (struct retry_claim *)(r->changes + n_changes);
    r->keys = (struct str *)(r->claims + from->n_claims);
    at = (char *)(r->keys + from->n_keys);
    for (size_t i = 0; i < from->n_claims; i++) {
        r->claims[i] = from->claims[i];
        at = copy_bytes(at, &r->claims[i].key);
    }
    for (size_t i = 0; i < from->n_keys; i++) {
        r->keys[i] = from->keys[i];
        at = copy_bytes(at, &r->keys[i]);
    }
    copy_bytes(at, &r->release.key);
    return r;
}

static void change(const struct quarantine *q, struct quarantine_record *r, struct str key)
{
    const struct quarantined *state = find(q, key);
    struct quarantine_change *change = &r->changes[r->n_changes++];

    *change = (struct quarantine_change){ .key = key, .freed = !state };
    if (state)
        change->state = *state;
}

/* --- what happens to keys --------------------------------------------------------------------- */

static void park_key(struct quarantine *q, struct str key, const struct quarantine_record *r)
{
    struct quarantined *held;
    size_t at;

    if (!search(q, key, &at)) {
        insert(q, at, key, &(struct quarantined){ r->digest, r->offset, r->offset, 1, 0, -1 });
        return;
    }
    held = &q->entries[at].state;
    if (r->offset < held->first) { /* a later one was held back for another key's sake */
        held->token = r->digest;
        held->first = r->offset;
        held->parked++;
        return;
    }
    if (r->offset <= held->last) /* judged again, after its answer was lost */
        return;
    held->last = r->offset;
    held->parked++;
}

/* All keys of a record that is held back are. */
static void park(struct quarantine *q, struct quarantine_record *r)
{
    r->n_changes = 0;
    for (size_t i = 0; i < r->n_keys; i++) {
        park_key(q, r->keys[i], r);
        change(q, r, r->keys[i]);
    }
}

bool quarantine_holds(const struct quarantine *q, const struct quarantine_record *r)
{
    for (size_t i = 0; i < r->n_keys; i++)
        if (is_held(q, r->keys[i]))
            return true;
    return false;
}

static bool is_claimed(const struct quarantine_record *r, struct str key)
{
    for (size_t i = 0; i < r->n_claims; i++)
        if (str_eq(r->claims[i].key, key))
            return true;
    return false;
}

static bool is_next(const struct quarantined *held, const struct retry_claim *claim)
{
    return held && claim->token == held->token && claim->number == held->retried + 1 &&
           claim->number <= held->parked;
}

/* Each claim is to the next of its key, and each key that is held is claimed. */
static bool is_due(const struct quarantine *q, const struct quarantine_record *r)
{
    for (size_t i = 0; i < r->n_claims; i++)
        if (!is_next(find(q, r->claims[i].key), &r->claims[i]))
            return false;
    for (size_t i = 0; i < r->n_keys; i++)
        if (is_held(q, r->keys[i]) && !is_claimed(r, r->keys[i]))
            return false;
    return true;
}

static enum quarantine_verdict judge_retry(struct quarantine *q, struct quarantine_record *r)
{
    if (!is_due(q, r))
        return QUARANTINE_SKIPS;
    for (size_t i = 0; i < r->n_claims; i++) {
        struct quarantined *held = find(q, r->claims[i].key);

        held->retried = r->claims[i].number;
        held->retried_at = r->offset;
        change(q, r, r->claims[i].key);
    }
    return QUARANTINE_PASSES;
}

static void judge_release(struct quarantine *q, struct quarantine_record *r)
{
    const struct quarantined *held;
    size_t at;

    if (!search(q, r->release.key, &at))
        return;
    held = &q->entries[at].state;
    if (held->token != r->release.token || held->parked != r->release.parked ||
        held->retried != r->release.retried)
        return;
    drop(q, at);
    change(q, r, r->release.key);
}

enum quarantine_verdict quarantine_judge(struct quarantine *q, struct quarantine_record *r,
                                         bool rejected)
{
    r->n_changes = 0;
    if (r->n_claims > 0)
        return rejected ? QUARANTINE_PASSES : judge_retry(q, r);
    if (r->is_release && !rejected) {
        judge_release(q, r);
        return QUARANTINE_SKIPS;
    }
    if (!rejected && !quarantine_holds(q, r))
        return QUARANTINE_PASSES;
    park(q, r);
    return rejected ? QUARANTINE_PASSES : QUARANTINE_PARKS;
}

/* The claimed records are not done after all. `retried_at` stays: until the retry is a dead letter,
 * it tells whoever comes after a crash that it was sent. */
static void take_retry_back(struct quarantine *q, struct quarantine_record *r)
{
    r->n_changes = 0;
    for (size_t i = 0; i < r->n_claims; i++) {
        struct quarantined *held = find(q, r->claims[i].key);

        if (!held || held->retried_at != r->offset)
            continue;
        held->retried = r->claims[i].number - 1; /* also when it was taken back before */
        change(q, r, r->claims[i].key);
    }
}

void quarantine_refuse(struct quarantine *q, struct quarantine_record *r)
{
    if (r->n_claims > 0)
        take_retry_back(q, r);
    else
        park(q, r);
}

void quarantine_precede(struct quarantine_record *later, const struct quarantine_record *refused)
{
    for (size_t i = 0; i < later->n_changes && refused->n_claims == 0; i++) {
        struct quarantine_change *change = &later->changes[i];

        for (size_t k = 0; k < refused->n_keys; k++)
            if (!change->freed && change->state.first > refused->offset &&
                str_eq(change->key, refused->keys[k])) {
                change->state.token = refused->digest;
                change->state.first = refused->offset;
                change->state.parked++;
                break;
            }
    }
}

static bool is_behind(const struct quarantine *q, const struct quarantine_record *r)
{
    for (size_t i = 0; i < r->n_keys; i++) {
        const struct quarantined *held = find(q, r->keys[i]);

        if (held && held->first < r->offset)
            return true;
    }
    return false;
}

bool quarantine_overtakes(const struct quarantine *q, const struct quarantine_record *r)
{
    return r->n_claims == 0 && !r->is_release && is_behind(q, r);
}

bool quarantine_withheld(const struct quarantine *q, const struct quarantine_record *r)
{
    if (r->is_release)
        return true;
    for (size_t i = 0; i < r->n_claims; i++) {
        const struct quarantined *held = find(q, r->claims[i].key);

        if (held && held->retried_at == r->offset)
            return false;
    }
    return r->n_claims > 0 || is_behind(q, r);
}

/* --- the hash in Redis ------------------------------------------------------------------------ */

struct str quarantined_print(const struct quarantined *s, char ret[QUARANTINE_VALUE_MAX])
{
    const int n = snprintf(ret, QUARANTINE_VALUE_MAX, "%016llx %lld %lld %lld %lld %lld",
                           (unsigned long long)s->token, (long long)s->first, (long long)s->last,
                           (long long)s->parked, (long long)s->retried, (long long)s->retried_at);

    return (struct str){ ret, (size_t)n };
}

/* Splits at single blanks. */
static bool split(struct str text, struct str ret[VALUE_PARTS])
{
    for (size_t i = 0; i < VALUE_PARTS; i++) {
        const char *blank = text.n > 0 ? memchr(text.p, ' ', text.n) : NULL;

        if (!blank != (i == VALUE_PARTS - 1))
            return false;
        ret[i] = blank ? (struct str){ text.p, (size_t)(blank - text.p) } : text;
        text = blank ? (struct str){ blank + 1, text.n - ret[i].n - 1 } : (struct str){ 0 };
    }
    return true;
}

static bool parse(struct str text, struct quarantined *ret)
{
    struct str parts[VALUE_PARTS];

    return split(text, parts) && str_to_hex64(parts[0], &ret->token) &&
           str_to_int64(parts[1], &ret->first) && str_to_int64(parts[2], &ret->last) &&
           str_to_int64(parts[3], &ret->parked) && str_to_int64(parts[4], &ret->retried) &&
           str_to_int64(parts[5], &ret->retried_at) && ret->first >= 0 && ret->last >= ret->first &&
           ret->parked >= 1 && ret->retried >= 0 && ret->retried <= ret->parked &&
           ret->retried_at >= -1;
}

struct str quarantine_key(char *ret, struct str wal, int32_t partition)
{
    const int n =
        snprintf(ret, QUARANTINE_KEY_MAX, "redwal:{%.*s}:q:%d", STR_ARGS(wal), (int)partition);

    PRE(n > 0 && n < QUARANTINE_KEY_MAX);
    return (struct str){ ret, (size_t)n };
}

struct str quarantine_since_field(void)
{
    return STR_LITERAL("redwal:since");
}

static bool add_field(struct quarantine *q, const struct reply *key, const struct reply *value)
{
    struct quarantined state;
    size_t at;

    if (key->type == REPLY_STRING && value->type == REPLY_STRING &&
        str_eq(key->text, quarantine_since_field()))
        return q->has_since = str_to_int64(value->text, &q->since);
    if (key->type != REPLY_STRING || value->type != REPLY_STRING || search(q, key->text, &at) ||
        !parse(value->text, &state))
        return false;
    insert(q, at, key->text, &state);
    return true;
}

bool quarantine_from_reply(struct quarantine *q, const struct reply *reply)
{
    bool sound = reply->type == REPLY_ARRAY && reply->n_elements % 2 == 0;

    quarantine_release(q);
    for (size_t i = 0; sound && i < reply->n_elements; i += 2)
        sound = add_field(q, &reply->elements[i], &reply->elements[i + 1]);
    if (!sound)
        quarantine_release(q);
    return sound;
}
