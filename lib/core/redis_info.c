#include "core/redis_info.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

/* The value behind "name<is>" in a text of such pairs with `stop` between them. */
static struct str find(struct str text, const char *name, char is, char stop)
{
    const size_t n = strlen(name);
    const char *end = text.p + text.n;

    for (const char *at = text.p; at < end;) {
        const char *next = memchr(at, stop, (size_t)(end - at));
        const size_t length = (size_t)((next ? next : end) - at);

        if (length > n && memcmp(at, name, n) == 0 && at[n] == is)
            return (struct str){ at + n + 1, length - n - 1 };
        at = next ? next + 1 : end;
    }
    return (struct str){ "", 0 };
}

struct str redis_info_value(struct str info, const char *name)
{
    struct str value = find(info, name, ':', '\n');

    if (value.n > 0 && value.p[value.n - 1] == '\r')
        value.n--;
    return value;
}

bool redis_info_number(struct str info, const char *name, int64_t *ret)
{
    return str_to_int64(redis_info_value(info, name), ret);
}

/* "db<number>:keys=1,..." is there for each one that holds some. */
bool redis_info_other_databases(struct str info)
{
    const char *end = info.p + info.n;

    for (const char *at = info.p; at < end;) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        const struct str line = { at, (size_t)((next ? next : end) - at) };

        if (line.n > 3 && str_starts_with(line, STR_LITERAL("db")) && line.p[2] >= '0' &&
            line.p[2] <= '9' && !str_starts_with(line, STR_LITERAL("db0:")))
            return true;
        at = next ? next + 1 : end;
    }
    return false;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* "ip=10.0.0.7,port=6379,state=online,offset=1234,lag=0" */
static void add_replica(struct redis_info_replicas *r, struct str replica, int64_t primary_offset)
{
    int64_t offset, silent_s;

    if (!str_eq(find(replica, "state", '=', ','), STR_LITERAL("online")) ||
        !str_to_int64(find(replica, "offset", '=', ','), &offset) ||
        !str_to_int64(find(replica, "lag", '=', ','), &silent_s))
        return;
    r->n_online++;
    r->behind_bytes = larger(r->behind_bytes, primary_offset - offset);
    r->silent_s = larger(r->silent_s, silent_s);
}

bool redis_info_replicas(struct str info, struct redis_info_replicas *ret)
{
    struct redis_info_replicas r = { 0 };
    char name[32];
    int64_t offset;

    if (!redis_info_number(info, "connected_slaves", &r.n) ||
        !redis_info_number(info, "master_repl_offset", &offset))
        return false;
    for (int64_t i = 0; i < r.n; i++) {
        struct str replica;

        snprintf(name, sizeof(name), "slave%" PRId64, i);
        replica = redis_info_value(info, name);
        if (replica.n == 0)
            break;
        add_replica(&r, replica, offset);
    }
    *ret = r;
    return true;
}

/* "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60" */
bool redis_info_replica_buffer(struct str limits, int64_t *ret_bytes)
{
    static const char *const names[] = { "slave ", "replica " };
    const char *end = limits.p + limits.n;

    for (const char *at = limits.p; at < end; at++)
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
            const size_t n = strlen(names[i]);
            const char *stop;

            if ((size_t)(end - at) <= n || memcmp(at, names[i], n) != 0)
                continue;
            stop = memchr(at + n, ' ', (size_t)(end - at) - n);
            return str_to_int64((struct str){ at + n, (size_t)((stop ? stop : end) - at) - n },
                                ret_bytes);
        }
    return false;
}
