/*
 * Which records of a partition are held back because their keys are quarantined. Records are judged
 * in the order of the log, ahead of being sent; one whose key waits for Redis's answer to an
 * earlier record waits too, since a refusal would hold it back.
 */
#include "core/applier_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { REFUSALS_KEPT = 1024 }; /* beyond what is not written down */
enum { UNANSWERED_SETS = 512, UNANSWERED_WAYS = 8, OFFSET_TEXT_MAX = 24 };

/* Keys of records that may be refused and were not answered yet, by hash. An answered one leaves by
 * itself: it is out of the backlog. */
struct unanswered {
    struct {
        uint64_t hash;
        uint64_t end; /* above the record's sequence number */
    } slots[UNANSWERED_SETS][UNANSWERED_WAYS];
};

static bool adds_keys(const struct applier *a)
{
    return a->settings.on_reject == ON_REJECT_QUARANTINE_KEY;
}

/* --- records ---------------------------------------------------------------------------------- */

struct quarantine_record *secluded_names(const struct prepared *record)
{
    struct quarantine_record from = {
        .offset = record->offset,
        .digest = record->digest,
        .n_keys = record->n_keys,
        .n_claims = record->n_claims,
        .is_release = record->release != NULL,
    };

    from.keys = (struct str *)(uintptr_t)record->keys; /* only read */
    from.claims = (struct retry_claim *)(uintptr_t)record->claims;
    if (record->release)
        from.release = *record->release;
    return quarantine_record_new(&from);
}

bool secluded_matter(const struct applier *a, const struct partition *p,
                     const struct prepared *record)
{
    return adds_keys(a) || p->secluded.held.n > 0 || record->n_claims > 0 || record->release;
}

/* --- waiting for answers ---------------------------------------------------------------------- */

/* FNV-1a. */
static uint64_t hash_of(struct str key)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < key.n; i++)
        hash = (hash ^ (unsigned char)key.p[i]) * 0x100000001b3u;
    return hash;
}

static bool is_unanswered(const struct partition *p, struct str key)
{
    const uint64_t hash = hash_of(key);
    const struct unanswered *u = p->secluded.unanswered;

    for (size_t i = 0; u && i < UNANSWERED_WAYS; i++)
        if (u->slots[hash % UNANSWERED_SETS][i].hash == hash &&
            u->slots[hash % UNANSWERED_SETS][i].end > p->n_popped)
            return true;
    return false;
}

/* Where there is no room for it, everything waits for the answer. */
static void expect_answer(struct partition *p, struct str key, uint64_t end)
{
    const uint64_t hash = hash_of(key);
    struct unanswered *u = p->secluded.unanswered;

    if (!u)
        u = p->secluded.unanswered = mem_new(1, sizeof(*u));
    for (size_t i = 0; i < UNANSWERED_WAYS; i++) {
        if (u->slots[hash % UNANSWERED_SETS][i].end > p->n_popped)
            continue;
        u->slots[hash % UNANSWERED_SETS][i].hash = hash;
        u->slots[hash % UNANSWERED_SETS][i].end = end;
        return;
    }
    p->secluded.waits_for = end;
}

static bool waits_for_answer(const struct partition *p, const struct quarantine_record *r)
{
    for (size_t i = 0; i < r->n_keys; i++)
        if (is_unanswered(p, r->keys[i]))
            return true;
    for (size_t i = 0; i < r->n_claims; i++)
        if (is_unanswered(p, r->claims[i].key))
            return true;
    return false;
}

/* --- judging ---------------------------------------------------------------------------------- */

static void withhold(struct entry *entry)
{
    entry->n_commands = 0;
    entry->is_withheld = true;
}

static void park(struct applier *a, struct partition *p, size_t i)
{
    struct entry *entry = backlog_at(&p->backlog, i);

    withhold(entry);
    entry_reject(a, entry, REJECT_KEY_QUARANTINED,
                 STR_LITERAL("an earlier record of the key was rejected"));
    if (p->store_from > p->n_popped + i)
        p->store_from = p->n_popped + i;
}

/* Everything in front of the entry is applied and its outcome written down. */
static bool is_settled_up_to(const struct partition *p, size_t i)
{
    return i == 0 && p->n_committing == 0 && p->n_open == 0 && p->n_aftermath == 0 &&
           p->secluded.refusals.n == p->secluded.n_written &&
           p->position.settled == p->position.next;
}

static bool is_full(const struct applier *a, const struct partition *p)
{
    return adds_keys(a) && (p->secluded.held.n >= a->settings.quarantine_max_keys ||
                            p->secluded.held.n_bytes >= QUARANTINE_BYTES_MAX);
}

static bool must_wait(struct applier *a, struct partition *p, size_t i)
{
    const struct quarantine_record *r = backlog_at(&p->backlog, i)->names;

    if (p->secluded.waits_for > p->n_popped || waits_for_answer(p, r))
        return true;
    if (r->is_release)
        return !is_settled_up_to(p, i);
    /* Redis knows the last retry of a key alone: one that was refused before is stored first. */
    if (r->n_claims > 0 && p->n_aftermath > 0)
        return true;
    p->secluded.is_full = r->n_claims == 0 && is_full(a, p);
    return p->secluded.is_full;
}

static void pass(const struct applier *a, struct partition *p, size_t i)
{
    const struct entry *entry = backlog_at(&p->backlog, i);
    const struct quarantine_record *r = entry->names;

    /* Of a retry, a refusal to queue it counts too: those behind it would pass it. */
    if (entry->n_commands == 0 || (entry->failure == FAILS_NEVER && r->n_claims == 0) ||
        (!adds_keys(a) && r->n_claims == 0))
        return;
    for (size_t k = 0; k < r->n_keys; k++)
        expect_answer(p, r->keys[k], p->n_popped + i + 1);
    for (size_t k = 0; k < r->n_claims; k++)
        expect_answer(p, r->claims[k].key, p->n_popped + i + 1);
}

/* False when the entry has to wait. */
static bool judge(struct applier *a, struct partition *p, size_t i)
{
    struct entry *entry = backlog_at(&p->backlog, i);

    if (!entry->names || entry->is_duplicate)
        return true;
    if (must_wait(a, p, i))
        return false;
    if (entry->reject && !adds_keys(a) && !quarantine_holds(&p->secluded.held, entry->names))
        return true;
    switch (quarantine_judge(&p->secluded.held, entry->names, entry->reject != NULL)) {
    case QUARANTINE_PASSES:
        pass(a, p, i);
        return true;
    case QUARANTINE_PARKS:
        park(a, p, i);
        return true;
    case QUARANTINE_SKIPS:
        a->counters.retries_skipped += entry->names->n_claims > 0;
        withhold(entry);
        return true;
    }
    UNREACHABLE("every verdict is handled");
}

static size_t n_judged(const struct partition *p)
{
    return p->secluded.judged_to > p->n_popped ? (size_t)(p->secluded.judged_to - p->n_popped) : 0;
}

bool secluded_is_judged(const struct partition *p, size_t i)
{
    return i < n_judged(p);
}

static bool is_stuck(const struct partition *p)
{
    return p->secluded.is_full && is_settled_up_to(p, n_judged(p)) && !p->fresh;
}

void secluded_judge(struct applier *a, int32_t number, int64_t now_ms)
{
    struct partition *p = &a->partitions[number];
    const uint64_t before = p->secluded.judged_to;
    size_t i = n_judged(p);

    if (p->phase != PARTITION_ACTIVE || i >= p->backlog.n)
        return;
    while (i < p->backlog.n && judge(a, p, i))
        i++;
    p->secluded.judged_to = p->n_popped + i;
    if (p->assigned && is_stuck(p))
        partition_hold(a, number, HOLD_QUARANTINE_FULL, now_ms);
    else if (p->secluded.judged_to != before)
        partition_store_dead_letters(a, number, now_ms);
}

/* --- refused by Redis ------------------------------------------------------------------------- */

static bool bears(const struct applier *a, const struct quarantine_record *r)
{
    return r && (adds_keys(a) || r->n_claims > 0);
}

void secluded_refuse(struct applier *a, struct partition *p, struct quarantine_record *r)
{
    if (!bears(a, r)) {
        free(r);
        return;
    }
    quarantine_refuse(&p->secluded.held, r);
    fifo_add(&p->secluded.refusals, &r);
}

/* Records behind the entry passed when nobody knew: none of them was executed. */
void secluded_refuse_entry(struct applier *a, struct partition *p, size_t i)
{
    struct quarantine_record *refused = backlog_at(&p->backlog, i)->names;

    if (!bears(a, refused))
        return;
    quarantine_refuse(&p->secluded.held, refused);
    for (i++; i < n_judged(p) && i < p->backlog.n; i++) {
        struct entry *entry = backlog_at(&p->backlog, i);

        if (!entry->names || entry->is_duplicate)
            continue;
        if (entry->reject || entry->is_withheld) {
            quarantine_precede(entry->names, refused);
        } else if (quarantine_overtakes(&p->secluded.held, entry->names)) {
            quarantine_refuse(&p->secluded.held, entry->names);
            park(a, p, i);
        }
    }
}

enum settle_turn secluded_turn(const struct partition *p, const struct quarantine_record *r)
{
    if (!p->secluded.held.has_since || r->offset < p->secluded.held.since)
        return SETTLE_TURN_NONE;
    return r->n_claims > 0 ? SETTLE_TURN_RETRY : SETTLE_TURN_RECORD;
}

/* --- Redis ------------------------------------------------------------------------------------ */

/* Those of records from this offset on. */
static void drop_refusals(struct partition *p, int64_t from)
{
    struct secluded *s = &p->secluded;
    const size_t n = s->refusals.n;
    struct quarantine_record *r;

    for (size_t i = 0; i < n && fifo_take(&s->refusals, &r); i++) {
        if (r->offset < from)
            fifo_add(&s->refusals, &r);
        else
            free(r);
    }
    if (s->n_written > s->refusals.n)
        s->n_written = s->refusals.n;
}

static void trim_refusals(struct secluded *s)
{
    struct quarantine_record *r;

    while (s->n_written > REFUSALS_KEPT && fifo_take(&s->refusals, &r)) {
        s->n_written--;
        s->known_from = r->offset + 1;
        free(r);
    }
}

bool secluded_knows(const struct applier *a, const struct partition *p, int64_t offset)
{
    return !adds_keys(a) || p->secluded.known_from <= offset;
}

void secluded_drop(struct partition *p)
{
    struct secluded *s = &p->secluded;

    quarantine_release(&s->held);
    free(s->unanswered);
    s->unanswered = NULL;
    s->waits_for = 0;
    s->is_full = false;
    s->loaded = false;
    s->broken = false;
    s->n_stale += s->n_asked;
    s->n_asked = 0;
}

void secluded_forget(struct partition *p)
{
    drop_refusals(p, 0);
    fifo_release(&p->secluded.refusals);
    p->secluded.known_from = 0;
    secluded_drop(p);
}

/* What was refused and may not be written down in this primary. Nothing is held back any more of
 * what is settled, unless the hash says so: a release waits for that. */
void secluded_resume(struct partition *p, const struct location *at, bool knows)
{
    struct secluded *s = &p->secluded;
    struct quarantine_record **r;

    drop_refusals(p, knows ? at->position.next : at->read_from);
    if (!knows)
        s->known_from = at->read_from;
    r = fifo_elements(&s->refusals);
    for (s->n_written = 0; s->n_written < s->refusals.n; s->n_written++)
        if (r[s->n_written]->offset >= at->position.settled)
            break;
    for (size_t i = s->n_written; i < s->refusals.n; i++)
        quarantine_refuse(&s->held, r[i]);
}

void secluded_ask(struct applier *a, int32_t number, int64_t now_ms)
{
    struct secluded *s = &a->partitions[number].secluded;
    char key[QUARANTINE_KEY_MAX];
    const struct str get[] = { STR_LITERAL("HGETALL"), quarantine_key(key, a->wal, number) };

    if (s->refusals.size == 0)
        fifo_init(&s->refusals, sizeof(struct quarantine_record *));
    say(a, get, ARRAY_SIZE(get));
    expect(a, EXPECT_QUARANTINE, number, 1, now_ms);
    s->n_asked++;
}

void secluded_answered(struct partition *p, const struct reply *reply)
{
    struct secluded *s = &p->secluded;

    if (s->n_stale > 0) {
        s->n_stale--;
        return;
    }
    s->n_asked--;
    s->loaded = true;
    s->broken = !quarantine_from_reply(&s->held, reply);
}

static uint32_t say_change(struct applier *a, struct str hash,
                           const struct quarantine_change *change)
{
    char value[QUARANTINE_VALUE_MAX];
    struct str words[] = { STR_LITERAL("HDEL"), hash, change->key, { 0 } };

    if (!change->freed) {
        words[0] = STR_LITERAL("HSET");
        words[3] = quarantined_print(&change->state, value);
    }
    say(a, words, change->freed ? 3 : 4);
    return 1;
}

static uint32_t say_changes(struct applier *a, struct str hash, const struct quarantine_record *r)
{
    uint32_t n = 0;

    for (size_t i = 0; r && i < r->n_changes; i++)
        n += say_change(a, hash, &r->changes[i]);
    return n;
}

/* The next entry changes the same single key once more. */
static bool is_overwritten(const struct quarantine_record *r, const struct quarantine_record *next)
{
    return r && next && r->n_changes == 1 && next->n_changes == 1 &&
           str_eq(r->changes[0].key, next->changes[0].key);
}

/* Whether this applier sends records in turn is news to Redis. */
static uint32_t say_since(struct applier *a, struct str hash, const struct partition *p)
{
    char offset[OFFSET_TEXT_MAX];
    struct str words[] = { STR_LITERAL("HDEL"), hash, quarantine_since_field(), { offset, 0 } };

    if (p->secluded.held.has_since == adds_keys(a))
        return 0;
    if (adds_keys(a)) {
        words[0] = STR_LITERAL("HSET");
        words[3].n = (size_t)snprintf(offset, sizeof(offset), "%lld", (long long)p->position.next);
    }
    say(a, words, adds_keys(a) ? 4 : 3);
    return 1;
}

uint32_t secluded_write(struct applier *a, struct closing *closing)
{
    const int32_t number = closing->partition;
    const struct partition *p = &a->partitions[number];
    struct quarantine_record **refusals = fifo_elements(&p->secluded.refusals);
    char key[QUARANTINE_KEY_MAX];
    const struct str hash = quarantine_key(key, a->wal, number);
    uint32_t n = 0;

    n += say_since(a, hash, p);
    closing->n_refusals = p->secluded.refusals.n;
    for (size_t i = p->secluded.n_written; i < closing->n_refusals; i++)
        n += say_changes(a, hash, refusals[i]);
    for (size_t i = 0; i < closing->n_entries; i++) {
        const struct quarantine_record *r = backlog_at(&p->backlog, i)->names;
        const bool is_last = i + 1 == closing->n_entries;

        if (is_last || !is_overwritten(r, backlog_at(&p->backlog, i + 1)->names))
            n += say_changes(a, hash, r);
    }
    return n;
}

void secluded_written(const struct applier *a, struct partition *p, const struct closing *closing)
{
    p->secluded.held.has_since = adds_keys(a);
    p->secluded.n_written = closing->n_refusals;
    trim_refusals(&p->secluded);
}
