/*
 * The ids of records that were applied, so that their repetitions are skipped: kept in memory for
 * the partitions that are ours, and in Redis beside the position, in the same transaction.
 *
 * In Redis they are strings of 16 bytes an id, `redwal:{<wal>}:i:<partition>:<segment>`; the string
 * without a segment says which segments there are: the first and the last.
 */
#include "core/applier_state.h"

#include <stdio.h>
#include <string.h>

#include "core/resp.h"

enum {
    LOADS_MAX = 16,          /* segments asked for and not answered, all partitions */
    DROPS_MAX = 16,          /* segments dropped by one transaction */
    GIVEN_UP_AT_ONCE = 1024, /* ids, when there are too many */
    NUMBERS_MAX = 44,
    IDS_KEY_MAX = POSITION_KEY_MAX + 24,
};

static struct str index_key(char *ret, struct str wal, int32_t number)
{
    const int n = snprintf(ret, IDS_KEY_MAX, "redwal:{%.*s}:i:%d", STR_ARGS(wal), (int)number);

    return (struct str){ ret, (size_t)n };
}

static struct str segment_key(char *ret, struct str wal, int32_t number, int64_t segment)
{
    const int n = snprintf(ret, IDS_KEY_MAX, "redwal:{%.*s}:i:%d:%lld", STR_ARGS(wal), (int)number,
                           (long long)segment);

    return (struct str){ ret, (size_t)n };
}

static bool is_on(const struct applier *a)
{
    return a->settings.idempotency_window_seconds > 0;
}

/* --- the bound -------------------------------------------------------------------------------- */

static struct ids *largest(struct applier *a)
{
    struct ids *most = &a->partitions[0].ids;

    for (int32_t i = 1; i < a->n_partitions; i++)
        if (a->partitions[i].ids.recent.n > most->recent.n)
            most = &a->partitions[i].ids;
    return most;
}

/* The partition with the most ids gives its oldest up. */
static void keep_the_bound(struct applier *a)
{
    while (a->n_ids > a->settings.idempotency_max_ids) {
        struct ids *most = largest(a);
        const size_t share = most->recent.n / 16 + 1;
        const size_t n = share < GIVEN_UP_AT_ONCE ? share : GIVEN_UP_AT_ONCE;

        recent_ids_forget(&most->recent, n);
        a->n_ids -= n;
        a->counters.ids_given_up += n;
        if (a->ids_are_short)
            continue;
        a->ids_are_short = true;
        note(a, NOTE_WARN,
             "More than %llu ids within the idempotency window: the oldest are given up, and their "
             "repetitions will be applied; see --idempotency-max-ids",
             (unsigned long long)a->settings.idempotency_max_ids);
    }
}

/* `before`: how many ids there were. */
static void count(struct applier *a, const struct ids *ids, size_t before)
{
    a->n_ids = a->n_ids - before + ids->recent.n;
    if (a->n_ids < a->settings.idempotency_max_ids / 2)
        a->ids_are_short = false;
    keep_the_bound(a);
}

/* What the records of a transaction leave behind their window. Their own ids are stored whatever
 * their age is: that one was remembered anew tells that its record was no duplicate. */
static void expire(struct applier *a, struct ids *ids, uint64_t number)
{
    const size_t before = ids->recent.n;

    recent_ids_expire(&ids->recent, number, ids->stored, a->settings.idempotency_window_seconds);
    count(a, ids, before);
}

/* --- judging ---------------------------------------------------------------------------------- */

static bool has_judged_id(const struct applier *a, const struct prepared *record)
{
    return is_on(a) && record->has_id && !record->reject;
}

enum id_verdict ids_judge(struct applier *a, struct partition *p, const struct prepared *record)
{
    const size_t before = p->ids.recent.n;
    bool is_new;

    if (!has_judged_id(a, record))
        return ID_NONE;
    is_new = recent_ids_take(&p->ids.recent, &record->id, record->offset, record->timestamp_ms,
                             a->settings.idempotency_window_seconds);
    count(a, &p->ids, before);
    return is_new ? ID_NEW : ID_DUPLICATE;
}

bool ids_was_duplicate(const struct applier *a, const struct partition *p,
                       const struct prepared *record)
{
    return has_judged_id(a, record) &&
           recent_ids_was_duplicate(&p->ids.recent, &record->id, record->offset, p->position.next);
}

/* --- loading ---------------------------------------------------------------------------------- */

void ids_disown(struct applier *a, struct partition *p)
{
    a->n_ids -= p->ids.recent.n;
    recent_ids_forget(&p->ids.recent, p->ids.recent.n);
    p->ids.n_in_last = a->settings.idempotency_segment_ids;
}

void ids_drop(struct applier *a, struct partition *p)
{
    struct ids *ids = &p->ids;

    a->n_ids -= ids->recent.n;
    recent_ids_release(&ids->recent);
    fifo_release(&ids->ends);
    a->n_loads -= ids->n_asked;
    *ids = (struct ids){ .n_stale = ids->n_stale + ids->n_asked };
}

void ids_connection_reset(struct applier *a, struct partition *p)
{
    a->n_loads -= p->ids.n_asked;
    p->ids.n_asked = 0;
    p->ids.n_stale = 0;
}

static void ask(struct applier *a, int32_t number, struct str key, int64_t now_ms)
{
    const struct str get[] = { STR_LITERAL("GET"), key };

    say(a, get, ARRAY_SIZE(get));
    expect(a, EXPECT_IDS, number, 1, now_ms);
    a->partitions[number].ids.n_asked++;
    a->n_loads++;
}

void ids_ask_index(struct applier *a, int32_t number, int64_t now_ms)
{
    struct ids *ids = &a->partitions[number].ids;
    char key[IDS_KEY_MAX];

    fifo_init(&ids->ends, sizeof(uint64_t));
    if (is_on(a))
        ask(a, number, index_key(key, a->wal, number), now_ms);
    else
        ids->loaded = true;
}

void ids_ask_segments(struct applier *a, int32_t number, int64_t now_ms)
{
    struct ids *ids = &a->partitions[number].ids;
    char key[IDS_KEY_MAX];

    while (ids->indexed && ids->next_to_ask <= ids->last && a->n_loads < LOADS_MAX)
        ask(a, number, segment_key(key, a->wal, number, ids->next_to_ask++), now_ms);
}

/* "<first> <last>" */
static bool read_index(struct ids *ids, struct str text)
{
    const char *blank = text.n > 0 ? memchr(text.p, ' ', text.n) : NULL;
    const size_t n = blank ? (size_t)(blank - text.p) : 0;

    return blank && str_to_int64((struct str){ text.p, n }, &ids->first) &&
           str_to_int64((struct str){ blank + 1, text.n - n - 1 }, &ids->last) && ids->first >= 0 &&
           ids->last >= ids->first;
}

static void index_answered(struct ids *ids, const struct reply *reply)
{
    ids->indexed = true;
    if (reply->type == REPLY_NIL) {
        ids->last = -1;
        ids->loaded = true;
        return;
    }
    ids->broken = reply->type != REPLY_STRING || !read_index(ids, reply->text);
    ids->next_to_ask = ids->first;
    ids->loaded = ids->broken;
}

/* Ids whose window has passed stay until the next record is applied: they still tell which records
 * below the position were skipped. */
static void segment_answered(struct applier *a, struct ids *ids, const struct reply *reply)
{
    const size_t before = ids->recent.n;
    uint64_t end;

    if (reply->type != REPLY_STRING || reply->text.n == 0 || reply->text.n % RECENT_ID_BYTES != 0) {
        ids->broken = true;
        ids->loaded = true;
        return;
    }
    for (size_t i = 0; i < reply->text.n; i += RECENT_ID_BYTES) {
        const struct recent_id id = recent_id_parse(reply->text.p + i);

        recent_ids_add(&ids->recent, &id);
    }
    end = recent_ids_end(&ids->recent);
    fifo_add(&ids->ends, &end);
    ids->stored = end;
    ids->n_in_last = reply->text.n / RECENT_ID_BYTES;
    ids->loaded = ids->first + (int64_t)ids->ends.n > ids->last;
    count(a, ids, before);
}

void ids_answered(struct applier *a, struct partition *p, const struct reply *reply)
{
    struct ids *ids = &p->ids;

    if (ids->n_stale > 0) { /* asked before the partition began to locate itself again */
        ids->n_stale--;
        return;
    }
    ids->n_asked--;
    a->n_loads--;
    if (!ids->indexed)
        index_answered(ids, reply);
    else if (!ids->broken)
        segment_answered(a, ids, reply);
}

/* --- storing ---------------------------------------------------------------------------------- */

/* How many of the partition's first entries brought an id that is new. */
static size_t count_new(const struct partition *p, size_t n_entries)
{
    size_t n = 0;

    for (size_t i = 0; i < n_entries; i++)
        n += backlog_at(&p->backlog, i)->has_new_id;
    return n;
}

/* Segments of which nothing is remembered any more, but for the one that is added to. */
static size_t count_obsolete(const struct ids *ids, bool begins_segment)
{
    const uint64_t *ends = fifo_elements(&ids->ends);
    const size_t n_full = begins_segment ? ids->ends.n : ids->ends.n - 1;
    size_t n = 0;

    while (n < DROPS_MAX && n < n_full && ends[n] <= ids->recent.begin)
        n++;
    return n;
}

static void say_drops(struct applier *a, int32_t number, const struct ids_step *step)
{
    struct str words[1 + DROPS_MAX] = { STR_LITERAL("UNLINK") };
    char keys[DROPS_MAX][IDS_KEY_MAX];

    for (size_t i = 0; i < step->n_dropped; i++)
        words[1 + i] =
            segment_key(keys[i], a->wal, number, a->partitions[number].ids.first + (int64_t)i);
    say(a, words, 1 + step->n_dropped);
}

static void say_append(struct applier *a, int32_t number, const struct ids_step *step)
{
    const struct ids *ids = &a->partitions[number].ids;
    const size_t n_bytes = (size_t)(step->end - step->begin) * RECENT_ID_BYTES;
    struct buf *bytes = &a->ids_bytes;
    char key[IDS_KEY_MAX];
    struct str append[3] = { STR_LITERAL("APPEND"),
                             segment_key(key, a->wal, number, ids->last + step->begins_segment) };

    buf_clear(bytes);
    if (!buf_reserve(bytes, n_bytes))
        UNREACHABLE("no more ids are new than records are pending");
    for (uint64_t i = step->begin; i < step->end; i++, bytes->n += RECENT_ID_BYTES)
        recent_ids_print(&ids->recent, i, bytes->p + bytes->n);
    append[2] = buf_str(bytes);
    say(a, append, ARRAY_SIZE(append));
}

static void say_index(struct applier *a, int32_t number, const struct ids_step *step)
{
    const struct ids *ids = &a->partitions[number].ids;
    char key[IDS_KEY_MAX], numbers[NUMBERS_MAX];
    const int n = snprintf(numbers, sizeof(numbers), "%lld %lld",
                           (long long)(ids->first + (int64_t)step->n_dropped),
                           (long long)(ids->last + step->begins_segment));
    const struct str set[] = { STR_LITERAL("SET"),
                               index_key(key, a->wal, number),
                               { numbers, (size_t)n } };

    say(a, set, ARRAY_SIZE(set));
}

uint32_t ids_write(struct applier *a, struct closing *closing)
{
    const int32_t number = closing->partition;
    struct ids *ids = &a->partitions[number].ids;
    const size_t n_new = count_new(&a->partitions[number], closing->n_entries);
    struct ids_step *step = &closing->ids;

    *step = (struct ids_step){ .begin = ids->stored, .end = ids->stored + n_new };
    if (n_new > 0)
        expire(a, ids, step->end - 1);
    if (step->begin < ids->recent.begin) /* given up before they were stored */
        step->begin = ids->recent.begin;
    if (step->begin >= step->end)
        return 0;
    step->begins_segment =
        ids->ends.n == 0 || ids->n_in_last >= a->settings.idempotency_segment_ids;
    step->n_dropped = count_obsolete(ids, step->begins_segment);
    if (step->n_dropped > 0)
        say_drops(a, number, step);
    say_append(a, number, step);
    if (step->n_dropped > 0 || step->begins_segment)
        say_index(a, number, step);
    return 1u + (step->n_dropped > 0) + (step->n_dropped > 0 || step->begins_segment);
}

void ids_written(struct partition *p, const struct ids_step *step)
{
    struct ids *ids = &p->ids;
    uint64_t *ends, end;

    ids->stored = step->end > ids->stored ? step->end : ids->stored;
    if (step->begin >= step->end)
        return;
    for (size_t i = 0; i < step->n_dropped; i++)
        if (!fifo_take(&ids->ends, &end))
            UNREACHABLE("only segments that are there are dropped");
    ids->first += (int64_t)step->n_dropped;
    if (step->begins_segment) {
        fifo_add(&ids->ends, &step->end);
        ids->n_in_last = 0;
        ids->last++;
    }
    ends = fifo_elements(&ids->ends);
    ends[ids->ends.n - 1] = step->end;
    ids->n_in_last += (size_t)(step->end - step->begin);
}
