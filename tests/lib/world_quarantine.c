/* Quarantined keys: what must hold of them on each server, and what an operator does about them. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "quarantine_fold.h"
#include "world.h"

enum { WHY_MAX = 400, TEXT_MAX = 128, TOKEN_DIGITS = 16, ROOTS_MAX = 4096 };

/* --- what a server holds ---------------------------------------------------------------------- */

static struct value *named(const struct fake_redis *r, const char *prefix, int32_t partition)
{
    char name[TEXT_MAX];

    snprintf(name, sizeof(name), "%s%d", prefix, (int)partition);
    return keyspace_find(&r->data, str_from(name));
}

/* The next word of the text, which loses it. */
static int64_t next_number(struct str *text)
{
    size_t n = 0;
    int64_t number = -2;

    while (n < text->n && text->p[n] != ' ')
        n++;
    if (!str_to_int64((struct str){ text->p, n }, &number))
        return -2;
    *text = (struct str){ text->p + n + (n < text->n), text->n - n - (n < text->n) };
    return number;
}

/* The key's state in the hash, parsed by other means than the applier's. */
static struct held_key held_in(const struct fake_redis *r, int32_t partition, unsigned key)
{
    const struct value *hash = named(r, "redwal:{sim}:q:", partition);
    struct held_key k = { .held = true, .decided_at = -1 };
    char field[WORKLOAD_KEY_MAX];
    struct str text;
    size_t at;

    snprintf(field, sizeof(field), "%d:%u", (int)partition, key);
    if (!hash || !value_search(hash, str_from(field), 2, &at))
        return (struct held_key){ 0 };
    text = value_item(hash, at + 1);
    if (text.n <= TOKEN_DIGITS || !str_to_hex64((struct str){ text.p, TOKEN_DIGITS }, &k.token))
        return (struct held_key){ 0 };
    text = (struct str){ text.p + TOKEN_DIGITS + 1, text.n - TOKEN_DIGITS - 1 };
    k.first = next_number(&text);
    k.last = next_number(&text);
    k.parked = next_number(&text);
    k.retried = next_number(&text);
    k.retried_at = next_number(&text);
    return k;
}

bool world_is_held(const struct world *w, int32_t partition, unsigned key)
{
    return held_in(&w->servers[w->primary], partition, key).held;
}

/* Records whose outcome nobody knew in the history of this server, by offset: kept among its data,
 * where it is copied and lost with them. */
struct history {
    struct fake_redis *server;
    int32_t partition;
};

static bool is_unknown(const void *context, int64_t offset)
{
    const struct history *h = context;
    const struct value *set = named(h->server, "unknown:", h->partition);
    char text[TEXT_MAX];
    size_t at;

    snprintf(text, sizeof(text), "%lld", (long long)offset);
    return set && value_search(set, str_from(text), 1, &at);
}

static void make_unknown(const struct history *h, int64_t offset)
{
    struct value *set = named(h->server, "unknown:", h->partition);
    char name[TEXT_MAX], text[TEXT_MAX];
    size_t at;

    snprintf(name, sizeof(name), "unknown:%d", (int)h->partition);
    snprintf(text, sizeof(text), "%lld", (long long)offset);
    if (!set)
        set = keyspace_add(&h->server->data, str_from(name), KEY_SET);
    if (!value_search(set, str_from(text), 1, &at))
        value_insert(set, at, str_from(text));
}

/* --- what must hold --------------------------------------------------------------------------- */

static bool has_letter(struct oracle *o, int32_t partition, int64_t offset)
{
    const struct log_partition *p = &o->log->partitions[partition];

    for (size_t i = 0; i < p->n; i++)
        if (p->entries[i].offset == offset)
            return oracle_has_letter(o, partition, i);
    return false;
}

/* The offset that nobody knowing of would explain the difference; -1: there is none. */
static int64_t explanation(const struct held_key *fold, const struct held_key *found)
{
    if (found->held && (!fold->held || fold->first > found->first))
        return found->first;
    if (found->held && fold->retried > found->retried)
        return fold->retried_at;
    return -1;
}

static bool explain(const struct quarantine_fold *f, const struct history *h, struct oracle *o,
                    int64_t settled)
{
    for (unsigned key = 0; key < WORKLOAD_KEYS; key++) {
        const struct held_key found = held_in(h->server, h->partition, key);
        const int64_t offset = explanation(&f->keys[key], &found);

        if (offset < 0 || is_unknown(h, offset) ||
            (offset < settled && !has_letter(o, h->partition, offset)))
            continue;
        make_unknown(h, offset);
        return true;
    }
    return false;
}

static bool is_same(const struct held_key *a, const struct held_key *b)
{
    return a->held == b->held && a->token == b->token && a->first == b->first &&
           a->last == b->last && a->parked == b->parked && a->retried == b->retried &&
           (!a->held || a->retried_at == b->retried_at);
}

static void check_keys(struct world *w, const struct quarantine_fold *f, const struct history *h,
                       int64_t settled)
{
    for (unsigned key = 0; key < WORKLOAD_KEYS; key++) {
        const struct held_key *fold = &f->keys[key], found = held_in(h->server, h->partition, key);

        if (fold->decided_at < settled && !is_same(fold, &found))
            world_violate(w,
                          "%s: key %d:%u should be %s %lld-%lld, %lld parked, %lld retried (%lld), "
                          "and is %s %lld-%lld, %lld, %lld (%lld)",
                          h->server->name, (int)h->partition, key, fold->held ? "held" : "free",
                          (long long)fold->first, (long long)fold->last, (long long)fold->parked,
                          (long long)fold->retried, (long long)fold->retried_at,
                          found.held ? "held" : "free", (long long)found.first,
                          (long long)found.last, (long long)found.parked, (long long)found.retried,
                          (long long)found.retried_at);
    }
}

static void check_letters(struct world *w, const struct quarantine_fold *f, const struct history *h,
                          struct oracle *o, int64_t next, int64_t settled)
{
    const struct log_partition *p = &o->log->partitions[h->partition];

    for (size_t i = 0; i < p->n && p->entries[i].offset < next; i++)
        if ((f->letters[i] == LETTER_AT_NEXT ||
             (f->letters[i] == LETTER_AT_SETTLED && p->entries[i].offset < settled)) &&
            !oracle_has_letter(o, h->partition, i))
            world_violate(w,
                          "%s: partition %d is at %lld, settled %lld, and offset %lld is no dead "
                          "letter",
                          h->server->name, (int)h->partition, (long long)next, (long long)settled,
                          (long long)p->entries[i].offset);
}

static bool belongs(struct str key, const void *context)
{
    char prefix[TEXT_MAX];

    snprintf(prefix, sizeof(prefix), "%d:", (int)*(const int32_t *)context);
    return str_starts_with(key, str_from(prefix));
}

void world_check_quarantine(struct world *w, struct fake_redis *r, int32_t partition,
                            struct oracle *o, int64_t next, int64_t settled)
{
    const struct history h = { r, partition };
    struct quarantine_fold f;
    struct buf why;

    quarantine_fold(&f, o, partition, next, is_unknown, &h);
    while (explain(&f, &h, o, settled)) {
        quarantine_fold_release(&f);
        quarantine_fold(&f, o, partition, next, is_unknown, &h);
    }
    buf_init(&why, WHY_MAX);
    if (!keyspace_equal(&r->data, &f.data, belongs, &partition, &why))
        world_violate(w, "%s: partition %d is at %lld and holds %.*s", r->name, (int)partition,
                      (long long)next, STR_ARGS(buf_str(&why)));
    buf_release(&why);
    check_keys(w, &f, &h, settled);
    check_letters(w, &f, &h, o, next, settled);
    quarantine_fold_release(&f);
}

/* --- the operator ----------------------------------------------------------------------------- */

static bool names(const struct op *op, unsigned key)
{
    struct op members[WORKLOAD_MEMBERS_MAX];
    const size_t n = op_members(op, members);

    for (size_t i = 0; i < n; i++)
        if (members[i].key == key)
            return true;
    return n == 0 && op->kind != OP_BROKEN && op->key == key;
}

/* The dead letters of the key that count, in order: as docs/adr/0008-quarantine.md says. */
static size_t roots_of(struct world *w, int32_t partition, unsigned key, const struct held_key *k,
                       const struct log_entry *ret[ROOTS_MAX])
{
    const struct log_partition *p = &world_log(w)->partitions[partition];
    struct oracle *o = &w->oracles[w->n_logs - 1];
    size_t n = 0;

    for (size_t i = 0; i < p->n && n < ROOTS_MAX; i++) {
        const struct log_entry *entry = &p->entries[i];

        if (entry->offset >= k->first && entry->offset <= k->last && entry->op.n_claims == 0 &&
            !entry->op.is_release && names(&entry->op, key) && oracle_has_letter(o, partition, i))
            ret[n++] = entry;
    }
    return n;
}

static bool claim(struct world *w, int32_t partition, unsigned key, int64_t offset,
                  struct op_claim *ret)
{
    const struct held_key k = held_in(&w->servers[w->primary], partition, key);
    const struct log_entry **roots = mem_new(ROOTS_MAX, sizeof(*roots));
    const size_t n = k.held ? roots_of(w, partition, key, &k, roots) : 0;
    size_t i = 0;

    while (i < n && roots[i]->offset != offset)
        i++;
    *ret = (struct op_claim){ key, k.token, (int64_t)i + 1 };
    free(roots);
    return i < n;
}

/* The record once more, with a claim for each of its keys that is held. */
static void retry(struct world *w, int32_t partition, unsigned key, const struct log_entry *root,
                  bool repaired)
{
    struct op op = root->op, members[WORKLOAD_MEMBERS_MAX];
    size_t n;

    op.has_id = false;
    if (repaired)
        op = (struct op){ .kind = OP_SET, .key = key, .number = ++w->n_records };
    n = op_members(&op, members);
    for (size_t i = 0; i < n; i++)
        op.n_claims += claim(w, partition, members[i].key, root->offset, &op.claims[op.n_claims]);
    if (n == 0)
        op.n_claims = claim(w, partition, key, root->offset, &op.claims[0]);
    fake_log_append(world_log(w), partition, op, w->now_ms);
}

static void release(struct world *w, int32_t partition, unsigned key, const struct held_key *k,
                    int64_t retried)
{
    struct op op = { .kind = OP_SET, .key = key, .is_release = true };

    op.release.token = k->token;
    op.release.parked = k->parked;
    op.release.retried = retried;
    fake_log_append(world_log(w), partition, op, w->now_ms);
}

void world_operate(struct world *w, int32_t partition, unsigned key, enum operation_on_key how)
{
    const struct held_key k = held_in(&w->servers[w->primary], partition, key);
    const struct log_entry **found = mem_new(ROOTS_MAX, sizeof(*found));
    struct log_entry *roots = mem_new(ROOTS_MAX, sizeof(*roots));
    const size_t n = k.held ? roots_of(w, partition, key, &k, found) : 0;

    for (size_t i = 0; i < n; i++) /* the log moves when it grows */
        roots[i] = *found[i];
    if ((int64_t)n > k.parked)
        world_violate(w, "key %d:%u has %zu dead letters, and %lld are parked", (int)partition, key,
                      n, (long long)k.parked);
    if (k.held && (int64_t)n == k.parked) {
        for (size_t i = (size_t)k.retried; how != OPERATE_DISCARD && i < n; i++)
            retry(w, partition, key, &roots[i], how == OPERATE_REPAIR);
        if (how != OPERATE_TRY)
            release(w, partition, key, &k, how == OPERATE_DISCARD ? k.retried : k.parked);
    }
    free(roots);
    free(found);
}
