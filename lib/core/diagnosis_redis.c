/* What is judged of Redis. */
#include <inttypes.h>
#include <string.h>

#include "core/diagnosis_judges.h"

enum { VERSION_MIN = 602, SILENT_MAX_S = 10 };

enum health_verdict diagnose_redis_primary(const struct diagnosis_facts *f, char *ret)
{
    if (f->is_primary == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "Redis");
    return f->is_primary
               ? diagnosis_say(ret, VERDICT_OK, "%s", f->address)
               : diagnosis_say(ret, VERDICT_FAIL, "%s is not a usable primary", f->address);
}

enum health_verdict diagnose_redis_identity(const struct diagnosis_facts *f, char *ret)
{
    if (f->has_identity == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "Redis");
    if (!f->has_identity)
        return diagnosis_say(ret, VERDICT_WARN,
                             "it holds no WAL: no applier has written to it yet");
    return diagnosis_say(ret, strcmp(f->wal, f->redis_wal) == 0 ? VERDICT_OK : VERDICT_FAIL,
                         "it holds the WAL '%s'", f->redis_wal);
}

enum health_verdict diagnose_redis_positions(const struct diagnosis_facts *f, char *ret)
{
    if (f->n_without_position == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the positions");
    return diagnosis_say(ret, f->n_without_position == 0 ? VERDICT_OK : VERDICT_WARN,
                         "%" PRId64 " partitions hold records and have no position",
                         f->n_without_position);
}

enum health_verdict diagnose_redis_eviction(const struct diagnosis_facts *f, char *ret)
{
    if (f->eviction[0] == '\0')
        return diagnosis_unknown(ret, "maxmemory-policy");
    return diagnosis_say(ret, strcmp(f->eviction, "noeviction") == 0 ? VERDICT_OK : VERDICT_FAIL,
                         "maxmemory-policy=%s", f->eviction);
}

enum health_verdict diagnose_redis_memory(const struct diagnosis_facts *f, char *ret)
{
    if (f->maxmemory == DIAGNOSIS_UNKNOWN || f->used_memory == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the memory in use");
    if (f->maxmemory == 0)
        return diagnosis_say(ret, VERDICT_OK, "%" PRId64 " bytes in use, no maxmemory",
                             f->used_memory);
    return diagnosis_say(ret, f->used_memory / 9 < f->maxmemory / 10 ? VERDICT_OK : VERDICT_WARN,
                         "%" PRId64 " of %" PRId64 " bytes in use", f->used_memory, f->maxmemory);
}

enum health_verdict diagnose_redis_persistence(const struct diagnosis_facts *f, char *ret)
{
    if (f->appends == 1)
        return diagnosis_say(ret, VERDICT_OK, "appendonly yes");
    if (f->saves == 1)
        return diagnosis_say(ret, VERDICT_OK, "save points are set");
    if (f->appends == DIAGNOSIS_UNKNOWN || f->saves == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "save");
    return diagnosis_say(ret, VERDICT_WARN, "neither save nor appendonly is set");
}

enum health_verdict diagnose_redis_min_replicas(const struct diagnosis_facts *f, char *ret)
{
    if (f->n_good_replicas != DIAGNOSIS_UNKNOWN && f->n_good_replicas < f->min_replicas)
        return diagnosis_say(ret, VERDICT_FAIL,
                             "min-replicas-to-write: %" PRId64 ", and %" PRId64 " follow closely",
                             f->min_replicas, f->n_good_replicas);
    return diagnosis_at_least(f->min_replicas, 1, "min-replicas-to-write", ret);
}

enum health_verdict diagnose_redis_cluster(const struct diagnosis_facts *f, char *ret)
{
    if (f->is_cluster == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "cluster-enabled");
    return f->is_cluster ? diagnosis_say(ret, VERDICT_FAIL, "cluster-enabled yes")
                         : diagnosis_say(ret, VERDICT_OK, "cluster-enabled no");
}

enum health_verdict diagnose_redis_clock(const struct diagnosis_facts *f, char *ret)
{
    const int64_t skew_ms = f->clock_skew_ms;

    if (skew_ms == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the time of Redis");
    return diagnosis_say(ret,
                         skew_ms > -DIAGNOSIS_SKEW_MAX_MS && skew_ms < DIAGNOSIS_SKEW_MAX_MS
                             ? VERDICT_OK
                             : VERDICT_WARN,
                         "Redis is %" PRId64 " ms %s", skew_ms < 0 ? -skew_ms : skew_ms,
                         skew_ms < 0 ? "behind" : "ahead");
}

enum health_verdict diagnose_redis_replicas(const struct diagnosis_facts *f, char *ret)
{
    return diagnosis_at_least(f->n_replicas, 1, "replicas", ret);
}

enum health_verdict diagnose_redis_links(const struct diagnosis_facts *f, char *ret)
{
    const bool well = f->n_online == f->n_replicas && f->silent_s <= SILENT_MAX_S &&
                      f->behind_bytes <= f->backlog_bytes;

    if (f->n_replicas == DIAGNOSIS_UNKNOWN || f->n_online == DIAGNOSIS_UNKNOWN ||
        f->backlog_bytes == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "replication");
    if (f->n_replicas == 0)
        return diagnosis_say(ret, VERDICT_OK, "there is none");
    return diagnosis_say(ret, well ? VERDICT_OK : VERDICT_WARN,
                         "%" PRId64 " of %" PRId64 " online, %" PRId64
                         " bytes behind, heard %" PRId64 " s ago",
                         f->n_online, f->n_replicas, f->behind_bytes, f->silent_s);
}

enum health_verdict diagnose_redis_permissions(const struct diagnosis_facts *f, char *ret)
{
    return diagnosis_none(&f->redis_denied, "what our user may do",
                          "all that the applier runs is allowed", ret);
}

/* "6.2.14" is 602; negative when it is none. */
static int64_t number_of(const char *version)
{
    const char *dot = strchr(version, '.');
    const char *end = dot ? strchr(dot + 1, '.') : NULL;
    int64_t major, minor;

    if (!end || !str_to_int64((struct str){ version, (size_t)(dot - version) }, &major) ||
        !str_to_int64((struct str){ dot + 1, (size_t)(end - dot - 1) }, &minor) || major < 0 ||
        major > INT32_MAX || minor < 0 || minor > 99)
        return -1;
    return major * 100 + minor;
}

enum health_verdict diagnose_redis_version(const struct diagnosis_facts *f, char *ret)
{
    const int64_t version = number_of(f->version);

    if (version < 0)
        return diagnosis_unknown(ret, "the version");
    return diagnosis_say(ret, version >= VERSION_MIN ? VERDICT_OK : VERDICT_FAIL, "%s", f->server);
}

enum health_verdict diagnose_redis_commands(const struct diagnosis_facts *f, char *ret)
{
    if (f->lacking.n == 0 && f->newer.n > 0)
        return diagnosis_say(ret, VERDICT_OK, "newer than this server: %s", f->newer.text);
    return diagnosis_none(&f->lacking, "the commands", "none is missing", ret);
}

/* What the operator starts Redis with knows no append-only file. */
enum health_verdict diagnose_redis_aof(const struct diagnosis_facts *f, char *ret)
{
    static const char operators[] = "/redis/redis.conf";

    if (f->appends == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "appendonly");
    if (!f->appends)
        return diagnosis_say(ret, VERDICT_OK, "there is none");
    if (f->aof_rewritten == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "whether it was rewritten");
    if (!f->aof_rewritten)
        return diagnosis_say(ret, VERDICT_OK, "it was on at the start");
    if (!diagnosis_ends_with(f->config_file, operators))
        return diagnosis_say(ret, VERDICT_OK, "it was rewritten since the start");
    return diagnosis_say(ret, VERDICT_WARN,
                         "it was rewritten since the start, under the operator's %s: it may have "
                         "been turned on later",
                         operators);
}

enum health_verdict diagnose_redis_headroom(const struct diagnosis_facts *f, char *ret)
{
    double needed;

    if (f->maxmemory == DIAGNOSIS_UNKNOWN || f->system_memory == DIAGNOSIS_UNKNOWN ||
        f->n_replicas == DIAGNOSIS_UNKNOWN || f->backlog_bytes == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "memory");
    if (f->maxmemory == 0)
        return diagnosis_say(ret, VERDICT_WARN, "no maxmemory");
    if (f->replica_buffer_bytes == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "client-output-buffer-limit");
    if (f->replica_buffer_bytes == 0 && f->n_replicas > 0)
        return diagnosis_say(ret, VERDICT_WARN, "what waits for a replica is not bounded");
    needed = (double)f->maxmemory + (double)f->backlog_bytes +
             (double)f->n_replicas * (double)f->replica_buffer_bytes;
    return diagnosis_say(ret, needed <= (double)f->system_memory ? VERDICT_OK : VERDICT_WARN,
                         "maxmemory and what it does not count: %.0f of the machine's %" PRId64
                         " bytes",
                         needed, f->system_memory);
}
