/* What must hold after every step. */
#include <stdio.h>
#include <string.h>

#include "world.h"

enum { WHY_MAX = 400 };

static struct str field(const struct value *hash, const char *name)
{
    size_t at;

    return hash && value_search(hash, str_from(name), 2, &at) ? value_item(hash, at + 1)
                                                              : STR_LITERAL("");
}

static bool belongs(struct str key, const void *context)
{
    char prefix[16];

    snprintf(prefix, sizeof(prefix), "%d:", (int)*(const int32_t *)context);
    return str_starts_with(key, str_from(prefix));
}

static struct oracle *oracle_of(struct world *w, struct str log)
{
    for (int i = 0; i < w->n_logs; i++)
        if (str_eq(log, str_from(w->logs[i].identity)))
            return &w->oracles[i];
    return NULL;
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

static void check_partition(struct world *w, const struct fake_redis *r, int32_t partition)
{
    static const struct keyspace nothing;
    char key[POSITION_KEY_MAX];
    const struct value *hash =
        keyspace_find(&r->data, position_key(key, str_from(w->settings.wal), partition));
    struct oracle *o = hash ? oracle_of(w, field(hash, "log")) : NULL;
    int64_t next = 0, settled = 0;
    struct buf why;

    if (hash && (!o || !str_to_int64(field(hash, "next"), &next) ||
                 !str_to_int64(field(hash, "settled"), &settled) || settled > next)) {
        world_violate(w, "%s: the position of partition %d is nonsense", r->name, (int)partition);
        return;
    }
    buf_init(&why, WHY_MAX);
    if (!keyspace_equal(&r->data, o ? oracle_data(o, partition, next) : &nothing, belongs,
                        &partition, &why))
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

        if (!oracle_take_letter(o, letter))
            world_violate(w, "the dead letter of partition %d offset %lld says %s, which is untrue",
                          (int)letter->partition, (long long)letter->offset,
                          reject_code(letter->reason));
    }
}

void world_check(struct world *w)
{
    check_new_letters(w);
    for (int i = 0; i < w->n_servers && !w->violation[0]; i++) {
        const struct fake_redis *r = &w->servers[i];

        if (w->frozen[i] > 0 && w->frozen[i] != r->version)
            world_violate(w, "%s was written to", r->name);
        if (w->frozen[i] > 0 || w->checked_version[i] == r->version)
            continue;
        w->checked_version[i] = r->version;
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
            !str_to_int64(field(hash, "settled"), &settled) || settled != p->end)
            return false;
    }
    return true;
}
