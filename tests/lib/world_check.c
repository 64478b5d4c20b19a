/* What must hold after every step. */
#include <stdio.h>
#include <string.h>

#include "world.h"

enum { WHY_MAX = 400 };

/* Where a partition of a server stands. */
struct standing {
    int32_t partition;
    const struct keyspace *held, *wanted;
    int64_t log_ms; /* LOG_TIME_OFF: by the clock of Redis */
    int64_t now_ms; /* that clock, where it may have ended keys; INT64_MIN: nowhere */
};

static struct str field(const struct value *hash, const char *name)
{
    size_t at;

    return hash && value_search(hash, str_from(name), 2, &at) ? value_item(hash, at + 1)
                                                              : STR_LITERAL("");
}

static bool has_ended(const struct value *v, int64_t now_ms)
{
    return v && v->expires_at_ms != DEADLINE_NONE && value_ends_ms(v) <= now_ms;
}

/* What has ended in log time may still be there, until somebody looks; what has ended by the clock
 * of Redis is gone. */
static bool is_judged(struct str key, const void *context)
{
    const struct standing *s = context;
    const struct value *held = keyspace_find(s->held, key);
    const struct value *wanted = keyspace_find(s->wanted, key);
    char prefix[16];

    snprintf(prefix, sizeof(prefix), "%d:", (int)s->partition);
    if (!str_starts_with(key, str_from(prefix)))
        return false;
    if (held && !wanted && value_is_in_log_time(held))
        return !has_ended(held, s->log_ms);
    return held || !has_ended(wanted, s->now_ms);
}

static void check_clock(struct world *w, const struct fake_redis *r, const struct standing *s)
{
    char prefix[16];

    snprintf(prefix, sizeof(prefix), "%d:", (int)s->partition);
    for (size_t i = 0; i < s->held->n && s->log_ms == LOG_TIME_OFF; i++) {
        const struct value *v = &s->held->values[i];
        const struct str key = { v->key.p, v->key.n };

        if (str_starts_with(key, str_from(prefix)) && value_is_in_log_time(v))
            world_violate(w, "%s: %.*s does not end by the clock of Redis", r->name, STR_ARGS(key));
    }
}

/* By its position and how far the log goes. */
static struct standing standing_of(struct world *w, const struct fake_redis *r, int32_t partition,
                                   const struct value *hash, int64_t next)
{
    struct standing s = { .partition = partition, .held = &r->data, .now_ms = INT64_MIN };

    if (hash && !str_to_int64(field(hash, "clock"), &s.log_ms))
        s.log_ms = LOG_TIME_OFF;
    if (s.log_ms == LOG_TIME_OFF || (w->settings.expiry.expiry == EXPIRY_WALL &&
                                     next == world_log(w)->partitions[partition].end))
        s.now_ms = w->now_ms;
    return s;
}

static struct oracle *oracle_of(struct world *w, struct str log)
{
    for (int i = 0; i < w->n_logs; i++)
        if (str_eq(log, str_from(w->logs[i].identity)))
            return &w->oracles[i];
    return NULL;
}

/* It is that of the newest mark before `next`; an older one may be repeated behind it. */
static void check_mark(struct world *w, const struct fake_redis *r, const struct fake_log *log,
                       int32_t partition, const struct value *hash, int64_t next)
{
    const struct log_partition *p = &log->partitions[partition];
    struct mark_state found = { 0 };
    int64_t expected = 0;

    for (size_t i = 0; i < p->n && p->entries[i].offset < next; i++)
        if (p->entries[i].op.kind == OP_MARK && p->entries[i].op.number >= expected)
            expected = p->entries[i].op.number + 1;
    if (field(hash, "mark").n > 0 && !mark_state_parse(field(hash, "mark"), &found))
        found.sequence = -1;
    if (found.sequence != expected || found.time_ms != expected)
        world_violate(w, "%s: partition %d is at %lld and at mark %lld instead of %lld", r->name,
                      (int)partition, (long long)next, (long long)found.sequence,
                      (long long)expected);
}

static void check_letters(struct world *w, const char *name, struct oracle *o, int32_t partition,
                          int64_t next, int64_t settled)
{
    const int64_t missing = oracle_missing_letter(o, partition, next, settled);

    if (missing >= 0)
        world_violate(w,
                      "%s: partition %d is at %lld, settled %lld, and offset %lld is no dead "
                      "letter",
                      name, (int)partition, (long long)next, (long long)settled,
                      (long long)missing);
}

static bool quarantines(const struct world *w)
{
    return w->settings.on_reject == ON_REJECT_QUARANTINE_KEY;
}

static void check_partition(struct world *w, struct fake_redis *r, int32_t partition)
{
    static const struct keyspace nothing;
    char key[POSITION_KEY_MAX];
    const struct value *hash =
        keyspace_find(&r->data, position_key(key, str_from(w->settings.wal), partition));
    struct oracle *o = hash ? oracle_of(w, field(hash, "log")) : NULL;
    int64_t next = 0, settled = 0;
    struct standing standing;
    struct buf why;

    if (hash && (!o || !str_to_int64(field(hash, "next"), &next) ||
                 !str_to_int64(field(hash, "settled"), &settled) || settled > next)) {
        world_violate(w, "%s: the position of partition %d is nonsense", r->name, (int)partition);
        return;
    }
    if (o)
        check_mark(w, r, o->log, partition, hash, next);
    if (o && quarantines(w)) {
        world_check_quarantine(w, r, partition, o, next, settled);
        return;
    }
    buf_init(&why, WHY_MAX);
    standing = standing_of(w, r, partition, hash, next);
    standing.wanted = o ? oracle_data(o, partition, next) : &nothing;
    check_clock(w, r, &standing);
    if (!keyspace_equal(&r->data, standing.wanted, is_judged, &standing, &why))
        world_violate(w, "%s: partition %d is at %lld and holds %.*s", r->name, (int)partition,
                      (long long)next, STR_ARGS(buf_str(&why)));
    buf_release(&why);
    if (o)
        check_letters(w, r->name, o, partition, next, settled);
}

static void check_new_letters(struct world *w)
{
    for (; w->n_letters_checked < w->dead_letters.n; w->n_letters_checked++) {
        const struct dead_letter *letter = &w->dead_letters.letters[w->n_letters_checked];
        struct oracle *o = oracle_of(w, str_from(letter->log->identity));

        if (!oracle_take_letter(o, letter) && !quarantines(w))
            world_violate(w, "the dead letter of partition %d offset %lld says %s, which is untrue",
                          (int)letter->partition, (long long)letter->offset,
                          reject_code(letter->reason));
    }
}

/* Or nobody would go on with them. */
static void check_identity(struct world *w, const struct fake_redis *r)
{
    const struct value *hash = keyspace_find(&r->data, identity_key());

    if (r->data.n > 0 && !str_eq(field(hash, "wal"), str_from(w->settings.wal)))
        world_violate(w, "%s holds %zu keys, and does not say whose they are", r->name, r->data.n);
}

void world_check(struct world *w)
{
    check_new_letters(w);
    for (int i = 0; i < w->n_servers && !w->violation[0]; i++) {
        struct fake_redis *r = &w->servers[i];

        if (w->frozen[i] > 0 && w->frozen[i] != r->version)
            world_violate(w, "%s was written to", r->name);
        if (w->frozen[i] > 0 || w->checked_version[i] == r->version)
            continue;
        w->checked_version[i] = r->version;
        check_identity(w, r);
        for (int32_t p = 0; p < world_log(w)->n_partitions; p++)
            check_partition(w, r, p);
    }
}

bool world_is_done(struct world *w)
{
    const struct fake_redis *r = &w->servers[w->primary];

    for (int32_t i = 0; i < world_log(w)->n_partitions; i++) {
        const struct log_partition *p = &world_log(w)->partitions[i];
        char key[POSITION_KEY_MAX];
        const struct value *hash =
            keyspace_find(&r->data, position_key(key, str_from(w->settings.wal), i));
        int64_t next = 0, settled = 0;

        if (p->end == 0)
            continue;
        if (!str_eq(field(hash, "log"), str_from(world_log(w)->identity)) ||
            !str_to_int64(field(hash, "next"), &next) || next != p->end ||
            !str_to_int64(field(hash, "settled"), &settled) || settled != p->end ||
            (w->settings.expiry.expiry == EXPIRY_WALL &&
             !str_eq(field(hash, "clock"), STR_LITERAL("wall"))))
            return false;
    }
    return true;
}
