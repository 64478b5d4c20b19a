/*
 * What of a partition goes into a transaction: a run of its records. In log time the run goes in
 * groups: a look at all the keys whose operations may depend on whether they have ended, the
 * operations, and a listing of all deadlines that they set. That is the same as a look in front of
 * each operation and a listing behind it as long as nothing in the group touches a key before the
 * operation that it is looked at for: the next group begins there.
 */
#include <string.h>

#include "core/applier_state.h"

enum { SWEEPS_PER_OP = 2, AROUND_BYTES = 48 }; /* of a key's number and frame in looks, listings */

/* --- groups ----------------------------------------------------------------------------------- */

struct group {
    size_t n_looks, n_listings;
    bool is_closed; /* nothing joins: its entry looks itself, or there is none yet */
};

/* `bytes`: the entry's own. */
static struct str key_of(const struct entry *entry, const char *bytes)
{
    return (struct str){ bytes + entry->wants.key_at, entry->wants.key_n };
}

/* Marks the entry's key. */
static bool joins(struct applier *a, const struct group *g, const struct entry *entry,
                  const char *bytes)
{
    if (g->is_closed || entry->wants.look == LOOK_ITSELF || a->marks.n == KEY_MARKS_MAX ||
        g->n_looks == LOG_TIME_KEYS_MAX || g->n_listings == LOG_TIME_KEYS_MAX)
        return false;
    return key_marks_add(&a->marks, key_of(entry, bytes)) || entry->wants.look != LOOK_AHEAD;
}

static void begin_group(struct applier *a, struct group *g, struct entry *entry, const char *bytes)
{
    *g = (struct group){ .is_closed = entry->wants.look == LOOK_ITSELF };
    entry->begins_group = true;
    key_marks_clear(&a->marks);
    if (!g->is_closed)
        (void)key_marks_add(&a->marks, key_of(entry, bytes));
}

/* How many commands the entry adds to those of records. */
static uint32_t add_to_group(struct applier *a, struct group *g, struct entry *entry,
                             const char *bytes)
{
    const bool looks = entry->wants.look == LOOK_AHEAD, lists = entry->wants.ends_ms > 0;

    if (!joins(a, g, entry, bytes))
        begin_group(a, g, entry, bytes);
    g->n_looks += looks;
    g->n_listings += lists;
    return (uint32_t)(looks && g->n_looks == 1) + (uint32_t)(lists && g->n_listings == 1);
}

static size_t bytes_around(const struct entry *entry)
{
    return ((size_t)(entry->wants.look == LOOK_AHEAD) + (entry->wants.ends_ms > 0)) *
           (entry->wants.key_n + AROUND_BYTES);
}

/* --- measuring -------------------------------------------------------------------------------- */

/* How many more commands the open transaction may take. */
static uint32_t room_in_open(const struct applier *a)
{
    uint32_t room = a->open.n_commands < a->batch_ops ? a->batch_ops - a->open.n_commands : 0;

    if (a->settings.rate_limit_ops > 0 && a->tokens / TOKEN < (int64_t)room)
        room = a->tokens > 0 ? (uint32_t)(a->tokens / TOKEN) : 0;
    return room;
}

static bool is_sendable(const struct entry *entry)
{
    return entry->state == ENTRY_READY || entry->state == ENTRY_STORED;
}

static bool is_in_log_time(const struct entry *entry)
{
    return entry->n_commands > 0 && entry->log_ms != LOG_TIME_OFF;
}

/* A single entry always fits into an empty transaction. */
static bool fits(const struct applier *a, const struct run *run, uint32_t n_commands,
                 size_t n_bytes)
{
    const size_t n_bytes_before = a->open.n_bytes + run->n_bytes + run->n_bytes_around;
    const uint32_t room = room_in_open(a);

    if (room == 0)
        return false;
    return n_bytes_before == 0 || (run->n_commands + n_commands <= room &&
                                   n_bytes_before + n_bytes <= a->settings.batch_max_bytes);
}

/* A buffer that nothing was put into has no memory to point at. */
static const char *commands_not_sent(const struct partition *p)
{
    const struct backlog *b = &p->backlog;

    return b->bytes.p ? b->bytes.p + b->bytes_done + p->bytes_sent : "";
}

struct run run_measure(struct applier *a, const struct partition *p)
{
    const char *bytes = commands_not_sent(p);
    struct group group = { .is_closed = true };
    struct run run = { 0 };

    for (size_t i = p->n_committing + p->n_open; i < p->backlog.n; i++) {
        struct entry *entry = backlog_at(&p->backlog, i);
        uint32_t n_commands = entry->n_commands;
        size_t n_bytes_around = 0;

        if (!is_sendable(entry) || !secluded_is_judged(p, i))
            break;
        entry->begins_group = false;
        if (is_in_log_time(entry)) {
            n_commands += add_to_group(a, &group, entry, bytes);
            n_bytes_around = bytes_around(entry);
        }
        if (!fits(a, &run, n_commands, entry->n_bytes + n_bytes_around)) {
            a->open.full = a->open.begun || run.n_entries > 0;
            break;
        }
        if (run.log_ms == LOG_TIME_OFF)
            run.log_ms = entry->log_ms;
        run.n_entries++;
        run.n_commands += n_commands;
        run.n_bytes += entry->n_bytes;
        run.n_bytes_around += n_bytes_around;
        bytes += entry->n_bytes;
    }
    return run;
}

/* --- saying ----------------------------------------------------------------------------------- */

static void must_fit(bool appended)
{
    if (!appended)
        UNREACHABLE("the output's limit is far above what may be pending");
}

/* What is due is ended in passing, as much as new deadlines may come. */
static bool sweep(struct applier *a, struct partition *p, const struct run *run, int64_t now_ms)
{
    if (run->log_ms == LOG_TIME_OFF || p->has_script)
        return false;
    must_fit(log_time_append_sweep(&a->output, partition_index(p), run->log_ms,
                                   a->batch_ops * SWEEPS_PER_OP));
    expect(a, EXPECT_QUEUED, -1, 1, now_ms);
    p->has_script = true;
    a->open.n_scripts++;
    return true;
}

/* The commands of n entries, but for those that are not to be sent; where they end. */
static const char *say_commands(struct applier *a, const struct partition *p, size_t first,
                                size_t n, const char *bytes)
{
    const char *from = bytes, *to = bytes;

    for (size_t i = first; i < first + n; i++) {
        const struct entry *entry = backlog_at(&p->backlog, i);

        if (entry->is_withheld && entry->n_bytes > 0) {
            must_fit(buf_append(&a->output, from, (size_t)(to - from)));
            from = to + entry->n_bytes;
        }
        to += entry->n_bytes;
    }
    if (to > from)
        must_fit(buf_append(&a->output, from, (size_t)(to - from)));
    return to;
}

/* Keys to look at, or to list. */
struct key_list {
    struct log_time_key keys[LOG_TIME_KEYS_MAX];
    size_t n;
};

static void collect_keys(const struct partition *p, size_t first, size_t n, const char *bytes,
                         struct key_list *ret_looks, struct key_list *ret_listings)
{
    ret_looks->n = ret_listings->n = 0;
    for (size_t i = first; i < first + n; i++) {
        struct entry *entry = backlog_at(&p->backlog, i);
        const struct log_time_wants *wants = &entry->wants;

        entry->has_look = entry->has_listing = false;
        if (is_in_log_time(entry) && wants->look == LOOK_AHEAD)
            ret_looks->keys[ret_looks->n++] =
                (struct log_time_key){ key_of(entry, bytes), entry->log_ms };
        if (is_in_log_time(entry) && wants->ends_ms > 0)
            ret_listings->keys[ret_listings->n++] =
                (struct log_time_key){ key_of(entry, bytes), wants->ends_ms };
        bytes += entry->n_bytes;
    }
}

static const char *say_group(struct applier *a, const struct partition *p, size_t first, size_t n,
                             const char *bytes)
{
    const struct str index = partition_index(p);
    struct key_list looks, listings;

    collect_keys(p, first, n, bytes, &looks, &listings);
    if (looks.n > 0) {
        must_fit(log_time_append_looks(&a->output, index, looks.keys, looks.n));
        backlog_at(&p->backlog, first)->has_look = true;
    }
    bytes = say_commands(a, p, first, n, bytes);
    if (listings.n > 0) {
        must_fit(log_time_append_listing(&a->output, index, listings.keys, listings.n));
        backlog_at(&p->backlog, first + n - 1)->has_listing = true;
    }
    return bytes;
}

void run_say(struct applier *a, int32_t number, const struct run *run, int64_t now_ms)
{
    struct partition *p = &a->partitions[number];
    const char *bytes = commands_not_sent(p);
    const size_t end = p->n_committing + p->n_open + run->n_entries;
    const bool has_script = sweep(a, p, run, now_ms);

    for (size_t first = p->n_committing + p->n_open, n; first < end; first += n) {
        for (n = 1; first + n < end && !backlog_at(&p->backlog, first + n)->begins_group; n++)
            ;
        bytes = say_group(a, p, first, n, bytes);
    }
    expect(a, EXPECT_QUEUED, -1, run->n_commands, now_ms);
    a->open.segments[a->open.n_segments++] =
        (struct segment){ number, run->n_entries, run->n_commands, has_script };
    a->open.n_commands += run->n_commands;
    a->open.n_bytes += run->n_bytes + run->n_bytes_around;
    if (a->settings.rate_limit_ops > 0)
        a->tokens -= (int64_t)run->n_commands * TOKEN;
    p->n_open += run->n_entries;
    p->bytes_sent += run->n_bytes;
}
