#include "runtime/schemas.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/backoff.h"
#include "base/mem.h"
#include "base/prng.h"

enum slot_state {
    SLOT_WANTED,   /* to be asked for, or being asked for */
    SLOT_FOUND,    /* `schema` is set */
    SLOT_REJECTED, /* for good */
    SLOT_ABSENT,   /* until `expires_at_ms` */
};

struct slot {
    uint32_t id;
    enum slot_state state;
    struct schema *schema;
    struct reject reject;
    int64_t expires_at_ms;
    uint64_t used; /* when it was used last, by a count of uses */
};

struct schemas {
    const struct registry *registry;
    struct slot *slots;
    size_t n, capacity, last; /* `last`: the slot that was used last */
    uint64_t uses;
    bool asking;
    uint32_t asked_id;
    struct backoff backoff;
    struct prng prng;
    int64_t retry_at_ms;
    char trouble[ERR_MSG_MAX];
    struct schemas_counters counters;
};

enum { SLOTS_FIRST = 8, TROUBLE_SHOWN = 300 };

struct schemas *schemas_new(const struct registry *registry, uint64_t seed)
{
    struct schemas *s = mem_new(1, sizeof(*s));

    s->registry = registry;
    s->prng.state = seed;
    s->backoff = (struct backoff){ SCHEMA_RETRY_FIRST_MS, SCHEMA_RETRY_MAX_MS, 0 };
    return s;
}

void schemas_free(struct schemas *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        schema_free(s->slots[i].schema);
    free(s->slots);
    free(s);
}

/* --- what is kept ----------------------------------------------------------------------------- */

static struct slot *find_slot(struct schemas *s, uint32_t id)
{
    if (s->last < s->n && s->slots[s->last].id == id)
        return &s->slots[s->last];
    for (size_t i = 0; i < s->n; i++) {
        if (s->slots[i].id == id) {
            s->last = i;
            return &s->slots[i];
        }
    }
    return NULL;
}

static size_t count_rejected(const struct schemas *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        n += s->slots[i].state == SLOT_REJECTED;
    return n;
}

/* The one that makes room: one that was rejected when these are too many, else none of them. */
static struct slot *oldest_slot(struct schemas *s)
{
    const bool is_rejected = count_rejected(s) > SCHEMAS_REJECTED_MAX;
    struct slot *oldest = NULL;

    for (size_t i = 0; i < s->n; i++) {
        struct slot *slot = &s->slots[i];

        if ((slot->state == SLOT_REJECTED) != is_rejected || (s->asking && slot->id == s->asked_id))
            continue;
        if (!oldest || slot->used < oldest->used)
            oldest = slot;
    }
    return oldest;
}

static struct slot *add_slot(struct schemas *s, uint32_t id)
{
    struct slot *slot;

    if (s->n == SCHEMAS_MAX) {
        slot = oldest_slot(s);
        schema_free(slot->schema);
    } else {
        if (s->n == s->capacity) {
            s->capacity = s->capacity ? s->capacity * 2 : SLOTS_FIRST;
            s->slots = mem_resize(s->slots, s->capacity, sizeof(*s->slots));
        }
        slot = &s->slots[s->n++];
    }
    *slot = (struct slot){ .id = id, .state = SLOT_WANTED };
    return slot;
}

enum schemas_found schemas_find(struct schemas *s, uint32_t id, int64_t now_ms,
                                const struct schema **ret_schema, struct reject *ret_reject)
{
    struct slot *slot;

    if (!s->registry->ops) {
        reject_set(ret_reject, REJECT_SCHEMA_UNKNOWN, "schema %u: no --schema-registry is given",
                   (unsigned)id);
        return SCHEMAS_REJECTED;
    }
    slot = find_slot(s, id);
    if (!slot)
        slot = add_slot(s, id);
    slot->used = ++s->uses;
    if (slot->state == SLOT_ABSENT && now_ms >= slot->expires_at_ms)
        slot->state = SLOT_WANTED;
    switch (slot->state) {
    case SLOT_WANTED:
        return SCHEMAS_WAIT;
    case SLOT_FOUND:
        *ret_schema = slot->schema;
        return SCHEMAS_FOUND;
    case SLOT_REJECTED:
    case SLOT_ABSENT:
        *ret_reject = slot->reject;
        return SCHEMAS_REJECTED;
    }
    UNREACHABLE("every state of a slot is known");
}

/* --- the registry ----------------------------------------------------------------------------- */

static void fail(struct schemas *s, uint32_t id, const char *why, int64_t now_ms)
{
    s->counters.failed++;
    snprintf(s->trouble, sizeof(s->trouble), "schema %u: %.*s", (unsigned)id, TROUBLE_SHOWN, why);
    s->retry_at_ms = now_ms + backoff_next_ms(&s->backoff, prng_next(&s->prng));
}

static void reject_slot(struct slot *slot, enum slot_state state, enum reject_reason reason,
                        const char *why)
{
    slot->state = state;
    reject_set(&slot->reject, reason, "schema %u: %.200s", (unsigned)slot->id, why);
}

/* Which reads an answer that is one. */
static void fill_slot(struct slot *slot, const struct registry_schema *registered)
{
    struct err err = { 0 };

    if (schema_new(registered, &slot->schema, &err) == ERR_OK)
        slot->state = SLOT_FOUND;
    else
        reject_slot(slot, SLOT_REJECTED, REJECT_SCHEMA_MISMATCH, err.msg);
}

/* False when it is no answer. */
static bool take_reply(struct slot *slot, const struct registry_reply *reply, int64_t now_ms,
                       struct err *err)
{
    struct registry_answer answer;
    enum err_code code;

    if (reply->status == 0) {
        err_set(err, ERR_UNAVAILABLE, "%s", reply->why);
        return false;
    }
    code = registry_answer_read(reply->status, reply->body, &answer, err);
    if (code == ERR_OK) {
        fill_slot(slot, &answer.schema);
        registry_answer_release(&answer);
    } else if (code == ERR_NOT_FOUND) {
        reject_slot(slot, SLOT_ABSENT, REJECT_SCHEMA_UNKNOWN, err->msg);
        slot->expires_at_ms = now_ms + SCHEMA_ABSENT_MS;
    } else if (code == ERR_UNSUPPORTED) {
        reject_slot(slot, SLOT_REJECTED, REJECT_SCHEMA_MISMATCH, err->msg);
    } else {
        return false;
    }
    return true;
}

static bool take_replies(struct schemas *s, int64_t now_ms)
{
    struct registry_reply reply;
    struct err err = { 0 };
    bool news = false;

    while (s->registry->ops->next_reply(s->registry->self, &reply)) {
        struct slot *slot = find_slot(s, reply.id);

        if (!s->asking || reply.id != s->asked_id) /* to somebody before us */
            continue;
        s->asking = false;
        INVARIANT(slot); /* what is asked for makes no room */
        if (take_reply(slot, &reply, now_ms, &err)) {
            backoff_reset(&s->backoff);
            s->trouble[0] = '\0';
            s->retry_at_ms = now_ms;
            news = true;
        } else {
            fail(s, reply.id, err.msg, now_ms);
        }
    }
    return news;
}

/* The one that was wanted longest ago. */
static const struct slot *wanted_slot(const struct schemas *s)
{
    const struct slot *first = NULL;

    for (size_t i = 0; i < s->n; i++)
        if (s->slots[i].state == SLOT_WANTED && (!first || s->slots[i].used < first->used))
            first = &s->slots[i];
    return first;
}

bool schemas_turn(struct schemas *s, int64_t now_ms)
{
    const struct slot *slot;
    bool news;

    if (!s->registry->ops)
        return false;
    news = take_replies(s, now_ms);
    slot = s->asking || now_ms < s->retry_at_ms ? NULL : wanted_slot(s);
    if (slot) {
        s->asking = true;
        s->asked_id = slot->id;
        s->counters.asked++;
        s->registry->ops->ask(s->registry->self, slot->id);
    }
    return news;
}

int64_t schemas_wakes_at_ms(const struct schemas *s)
{
    return s->asking || !wanted_slot(s) ? INT64_MAX : s->retry_at_ms;
}

/* --- looking at it ---------------------------------------------------------------------------- */

const struct schemas_counters *schemas_counters(const struct schemas *s)
{
    return &s->counters;
}

size_t schemas_count(const struct schemas *s)
{
    return s->n;
}

const char *schemas_trouble(const struct schemas *s)
{
    return s->trouble;
}
