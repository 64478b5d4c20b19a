#include "core/recent_ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { CAPACITY_FIRST = 64, SLOTS_PER_ID = 2, SCANNED_MAX = UINT16_MAX };

void recent_ids_release(struct recent_ids *r)
{
    free(r->ring);
    free(r->slots);
    *r = (struct recent_ids){ 0 };
}

/* The i-th oldest. */
static struct recent_id *at(const struct recent_ids *r, size_t i)
{
    return &r->ring[(r->first + i) & (r->capacity - 1)];
}

static size_t next_slot(const struct recent_ids *r, size_t slot)
{
    return (slot + 1) & (r->n_slots - 1);
}

static size_t home_slot(const struct recent_ids *r, uint64_t high)
{
    return (size_t)high & (r->n_slots - 1);
}

/* The slot of the id, or the empty one where it would be. */
static size_t find_slot(const struct recent_ids *r, uint64_t high, uint16_t low)
{
    size_t slot = home_slot(r, high);

    while (r->slots[slot] != 0) {
        const struct recent_id *id = &r->ring[r->slots[slot] - 1];

        if (id->high == high && id->low == low)
            return slot;
        slot = next_slot(r, slot);
    }
    return slot;
}

static const struct recent_id *find(const struct recent_ids *r, const struct id_hash *id)
{
    size_t slot;

    if (r->n == 0)
        return NULL;
    slot = find_slot(r, id->high, id->low);
    return r->slots[slot] != 0 ? &r->ring[r->slots[slot] - 1] : NULL;
}

/* --- adding and forgetting -------------------------------------------------------------------- */

/* An id that is there twice is found where it was added last. */
static void index_place(struct recent_ids *r, size_t place)
{
    const struct recent_id *id = &r->ring[place];

    r->slots[find_slot(r, id->high, id->low)] = (uint32_t)place + 1;
}

/* Closes the gap: what probed past the slot moves back. */
static void empty_slot(struct recent_ids *r, size_t slot)
{
    for (size_t next = next_slot(r, slot); r->slots[next] != 0; next = next_slot(r, next)) {
        const size_t home = home_slot(r, r->ring[r->slots[next] - 1].high);

        if (((next - home) & (r->n_slots - 1)) < ((next - slot) & (r->n_slots - 1)))
            continue;
        r->slots[slot] = r->slots[next];
        slot = next;
    }
    r->slots[slot] = 0;
}

static void grow(struct recent_ids *r)
{
    const size_t capacity = r->capacity ? r->capacity * 2 : CAPACITY_FIRST;
    struct recent_id *ring = mem_new(capacity, sizeof(*ring));

    for (size_t i = 0; i < r->n; i++)
        ring[i] = *at(r, i);
    free(r->ring);
    free(r->slots);
    r->ring = ring;
    r->first = 0;
    r->capacity = capacity;
    r->n_slots = capacity * SLOTS_PER_ID;
    r->slots = mem_new(r->n_slots, sizeof(*r->slots));
    for (size_t i = 0; i < r->n; i++)
        index_place(r, i);
}

void recent_ids_add(struct recent_ids *r, const struct recent_id *id)
{
    if (r->n == r->capacity)
        grow(r);
    r->n++;
    *at(r, r->n - 1) = *id;
    index_place(r, (size_t)(at(r, r->n - 1) - r->ring));
    if (id->seconds > r->now_seconds)
        r->now_seconds = id->seconds;
}

void recent_ids_forget(struct recent_ids *r, size_t n)
{
    PRE(n <= r->n);
    for (; n > 0; n--) {
        const struct recent_id *oldest = at(r, 0);
        const size_t slot = find_slot(r, oldest->high, oldest->low);

        if (r->slots[slot] == (size_t)(oldest - r->ring) + 1)
            empty_slot(r, slot);
        r->first = (r->first + 1) & (r->capacity - 1);
        r->n--;
        r->begin++;
    }
}

void recent_ids_expire(struct recent_ids *r, uint64_t number, uint32_t window_seconds)
{
    const struct recent_id *behind;
    size_t n = 0;

    if (number < r->begin || number >= recent_ids_end(r))
        return;
    behind = at(r, (size_t)(number - r->begin));
    while (at(r, n) != behind && behind->seconds - at(r, n)->seconds >= window_seconds)
        n++;
    recent_ids_forget(r, n);
}

uint64_t recent_ids_end(const struct recent_ids *r)
{
    return r->begin + r->n;
}

/* --- judging ---------------------------------------------------------------------------------- */

static uint32_t seconds_of(int64_t timestamp_ms)
{
    const int64_t seconds = timestamp_ms > 0 ? timestamp_ms / 1000 : 0;

    return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

bool recent_ids_take(struct recent_ids *r, const struct id_hash *id, int64_t offset,
                     int64_t timestamp_ms, uint32_t window_seconds)
{
    const struct recent_id *known = find(r, id);
    uint32_t now = seconds_of(timestamp_ms);

    if (now < r->now_seconds)
        now = r->now_seconds;
    if (known && now - known->seconds < window_seconds)
        return false;
    r->now_seconds = now;
    recent_ids_add(r, &(struct recent_id){ id->high, id->low, (uint16_t)offset, now });
    return true;
}

bool recent_ids_was_duplicate(const struct recent_ids *r, const struct id_hash *id, int64_t offset,
                              int64_t next)
{
    const struct recent_id *known = find(r, id);
    size_t i = known ? ((size_t)(known - r->ring) - r->first) & (r->capacity - 1) : 0;
    const size_t oldest = i > SCANNED_MAX ? i - SCANNED_MAX : 0;

    for (; known && i + 1 > oldest; i--) {
        int64_t latest; /* its record is the latest with these low bits of an offset, or older */

        known = at(r, i);
        latest = next - 1 - (uint16_t)(next - 1 - known->offset);
        if (known->high == id->high && known->low == id->low && latest <= offset)
            return latest < offset;
    }
    return false;
}

/* --- the form in Redis ------------------------------------------------------------------------ */

static char *put(char *to, uint64_t value, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        to[i] = (char)(value >> 8 * i & 0xff);
    return to + n_bytes;
}

static uint64_t get(const char **from, size_t n_bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < n_bytes; i++)
        value |= (uint64_t)(unsigned char)(*from)[i] << 8 * i;
    *from += n_bytes;
    return value;
}

void recent_ids_print(const struct recent_ids *r, uint64_t number, char ret[RECENT_ID_BYTES])
{
    const struct recent_id *id;

    PRE(number >= r->begin && number < recent_ids_end(r));
    id = at(r, (size_t)(number - r->begin));
    ret = put(ret, id->high, sizeof(id->high));
    ret = put(ret, id->low, sizeof(id->low));
    ret = put(ret, id->offset, sizeof(id->offset));
    put(ret, id->seconds, sizeof(id->seconds));
}

struct recent_id recent_id_parse(const char bytes[RECENT_ID_BYTES])
{
    struct recent_id id;

    id.high = get(&bytes, sizeof(id.high));
    id.low = (uint16_t)get(&bytes, sizeof(id.low));
    id.offset = (uint16_t)get(&bytes, sizeof(id.offset));
    id.seconds = (uint32_t)get(&bytes, sizeof(id.seconds));
    return id;
}
