#include "core/recent_ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { SLOTS_MIN = 64, CHUNKS_MIN = 4, SCANNED_MAX = UINT16_MAX };
enum { FILLED_MAX = 7, FILLED_OF = 8 }; /* seven eighths of the slots, forgotten ids included */
enum { HELD_MAX = 2, HELD_OF = 3 };     /* two thirds when the index is made: it lasts a while */

/*
 * A slot names an id by the low bits of its number, as many as it takes to tell the slots apart.
 * The bits above are of its hash, so that another id is hardly ever looked at; the topmost is set.
 * Forgotten ids stay until the index is made anew, which is before two of its ids have one name.
 */
#define SLOT_TAKEN ((uint32_t)1 << 31)

void recent_ids_release(struct recent_ids *r)
{
    for (size_t i = 0; i < r->n_chunks; i++)
        free(r->chunks[i]);
    free(r->chunks);
    free(r->slots);
    *r = (struct recent_ids){ 0 };
}

/* Where the i-th oldest is, counted from the first chunk's beginning. */
static size_t place_of(const struct recent_ids *r, size_t i)
{
    return (size_t)(r->begin % RECENT_IDS_CHUNK) + i;
}

/* The i-th oldest. */
static struct recent_id *at(const struct recent_ids *r, size_t i)
{
    const size_t place = place_of(r, i);

    return &r->chunks[place / RECENT_IDS_CHUNK][place % RECENT_IDS_CHUNK];
}

static uint32_t slot_for(const struct recent_ids *r, uint64_t high, uint64_t number)
{
    const uint32_t names = (uint32_t)r->n_slots - 1;

    return ((uint32_t)(high >> 32) & ~names) | ((uint32_t)number & names) | SLOT_TAKEN;
}

/* Whether the slot may be of an id with this hash, and then how many are older than that one. */
static bool may_name(const struct recent_ids *r, size_t slot, uint64_t high, size_t *ret_i)
{
    const uint32_t names = (uint32_t)r->n_slots - 1;

    if ((r->slots[slot] ^ slot_for(r, high, 0)) & ~names)
        return false;
    *ret_i = (r->slots[slot] - (uint32_t)r->begin) & names;
    return *ret_i < r->n;
}

/* The slot of the id, and how many are older; or the empty one where it would be, and SIZE_MAX. */
static size_t find_slot(const struct recent_ids *r, uint64_t high, uint16_t low, size_t *ret_i)
{
    size_t slot = (size_t)high & (r->n_slots - 1);

    for (; r->slots[slot] != 0; slot = (slot + 1) & (r->n_slots - 1)) {
        const struct recent_id *id;

        if (!may_name(r, slot, high, ret_i))
            continue;
        id = at(r, *ret_i);
        if (id->high == high && id->low == low)
            return slot;
    }
    *ret_i = SIZE_MAX;
    return slot;
}

/* True: it is the `ret_i`-th oldest. */
static bool find(const struct recent_ids *r, const struct id_hash *id, size_t *ret_i)
{
    if (r->n == 0)
        return false;
    find_slot(r, id->high, id->low, ret_i);
    return *ret_i != SIZE_MAX;
}

/* --- adding and forgetting -------------------------------------------------------------------- */

/* An id that is there twice is found where it was added last. */
static void index_add(struct recent_ids *r, size_t i)
{
    const struct recent_id *id = at(r, i);
    size_t known;

    r->slots[find_slot(r, id->high, id->low, &known)] = slot_for(r, id->high, r->begin + i);
}

static void add_chunk(struct recent_ids *r)
{
    if (r->n_chunks == r->chunks_capacity) {
        r->chunks_capacity = r->chunks_capacity ? r->chunks_capacity * 2 : CHUNKS_MIN;
        r->chunks = mem_resize(r->chunks, r->chunks_capacity, sizeof(*r->chunks));
    }
    r->chunks[r->n_chunks++] = mem_new(RECENT_IDS_CHUNK, sizeof(**r->chunks));
}

static void drop_chunk(struct recent_ids *r)
{
    free(r->chunks[0]);
    r->n_chunks--;
    memmove(r->chunks, r->chunks + 1, r->n_chunks * sizeof(*r->chunks));
}

/* Without those that are forgotten, and with room for more. */
static void make_index(struct recent_ids *r)
{
    if (r->n_slots == 0)
        r->n_slots = SLOTS_MIN;
    while (r->n * HELD_OF > r->n_slots * HELD_MAX)
        r->n_slots *= 2;
    free(r->slots);
    r->slots = mem_new(r->n_slots, sizeof(*r->slots));
    r->indexed_from = r->begin;
    for (size_t i = 0; i < r->n; i++)
        index_add(r, i);
}

void recent_ids_add(struct recent_ids *r, const struct recent_id *id)
{
    if (place_of(r, r->n) / RECENT_IDS_CHUNK == r->n_chunks)
        add_chunk(r);
    if ((recent_ids_end(r) - r->indexed_from + 1) * FILLED_OF > r->n_slots * FILLED_MAX)
        make_index(r);
    *at(r, r->n) = *id;
    r->n++;
    index_add(r, r->n - 1);
    if (id->seconds > r->now_seconds)
        r->now_seconds = id->seconds;
}

void recent_ids_forget(struct recent_ids *r, size_t n)
{
    PRE(n <= r->n);
    for (; n > 0; n--) {
        r->n--;
        r->begin++;
        if (place_of(r, 0) == 0)
            drop_chunk(r);
    }
}

void recent_ids_expire(struct recent_ids *r, uint64_t number, uint64_t end, uint32_t window_seconds)
{
    const struct recent_id *behind;
    size_t n = 0;

    if (number < r->begin || number >= recent_ids_end(r))
        return;
    behind = at(r, (size_t)(number - r->begin));
    while (r->begin + n < end && at(r, n) != behind &&
           behind->seconds - at(r, n)->seconds >= window_seconds)
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
    uint32_t now = seconds_of(timestamp_ms);
    size_t known;

    if (now < r->now_seconds)
        now = r->now_seconds;
    if (find(r, id, &known) && now - at(r, known)->seconds < window_seconds)
        return false;
    r->now_seconds = now;
    recent_ids_add(r, &(struct recent_id){ id->high, id->low, (uint16_t)offset, now });
    return true;
}

bool recent_ids_was_duplicate(const struct recent_ids *r, const struct id_hash *id, int64_t offset,
                              int64_t next)
{
    size_t i, oldest;

    if (!find(r, id, &i))
        return false;
    oldest = i > SCANNED_MAX ? i - SCANNED_MAX : 0;
    for (; i + 1 > oldest; i--) {
        const struct recent_id *known = at(r, i);
        int64_t latest; /* its record is the latest with these low bits of an offset, or older */

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
