#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    LINK_BYTES_MAX = 1 << 26,
    LATE_MAX_MS = 6000,
    APART_MAX_MS = 60 * 1000,
};

static const int64_t began_at_ms = 1700000000000;

struct applier_settings world_settings(void)
{
    struct applier_settings s = applier_settings_default();

    memcpy(s.wal, "sim", sizeof("sim"));
    s.scripts = &workload_scripts;
    s.batch_max_ops = 8;
    s.pending_max_records = 48;
    s.idempotency_window_seconds = 4;
    s.idempotency_segment_ids = 5;
    return s;
}

int world_set_up(void **state)
{
    *state = mem_new(1, sizeof(struct world));
    return 0;
}

int world_tear_down(void **state)
{
    free(*state);
    return 0;
}

void world_init(struct world *w, uint64_t seed, int n_servers, int n_hosts, int32_t n_partitions)
{
    static const char *const servers[SERVERS_MAX] = { "redis-a", "redis-b", "redis-c" };
    static const char *const hosts[HOSTS_MAX] = { "host-1", "host-2", "host-3" };

    *w = (struct world){ .seed = seed, .prng = { seed }, .now_ms = began_at_ms };
    w->settings = world_settings();
    w->trouble = 20;
    fake_log_init(&w->logs[0], "cluster/topic-1", n_partitions);
    oracle_init(&w->oracles[0], &w->logs[0], w->settings.idempotency_window_seconds);
    w->n_logs = 1;
    w->n_servers = n_servers;
    for (int i = 0; i < n_servers; i++) {
        fake_redis_init(&w->servers[i], servers[i]);
        w->servers[i].is_replica = i != 0;
    }
    for (int32_t i = 0; i < n_partitions; i++)
        w->owner[i] = HOST_NONE;
    w->n_hosts = n_hosts;
    for (int i = 0; i < n_hosts; i++) {
        w->hosts[i] = (struct host){ .name = hosts[i], .number = i, .link = LINK_NONE };
        host_start(w, &w->hosts[i]);
    }
    for (int32_t i = 0; i < n_partitions; i++)
        world_assign(w, i, (int)i % n_hosts);
}

static void link_free(struct link *l)
{
    buf_release(&l->to_server);
    buf_release(&l->to_host);
    *l = (struct link){ 0 };
}

void world_release(struct world *w)
{
    for (int i = 0; i < w->n_hosts; i++)
        if (w->hosts[i].applier)
            host_stop(w, &w->hosts[i]);
    for (int i = 0; i < w->n_servers; i++)
        fake_redis_release(&w->servers[i]);
    for (int i = 0; i < LINKS_MAX; i++)
        link_free(&w->links[i]);
    for (int i = 0; i < w->n_logs; i++) {
        oracle_release(&w->oracles[i]);
        fake_log_release(&w->logs[i]);
    }
    dead_letter_topic_release(&w->dead_letters);
}

struct fake_log *world_log(struct world *w)
{
    return &w->logs[w->n_logs - 1];
}

void world_trace(struct world *w, const char *who, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    trace_add(&w->trace, w->now_ms - began_at_ms, who, format, ap);
    va_end(ap);
}

void world_violate(struct world *w, const char *format, ...)
{
    va_list ap;

    if (w->violation[0])
        return;
    va_start(ap, format);
    vsnprintf(w->violation, sizeof(w->violation), format, ap);
    va_end(ap);
    world_trace(w, "world", "%s", w->violation);
}

/* --- the log ---------------------------------------------------------------------------------- */

static void produce_late(struct world *w, int32_t partition)
{
    const int64_t late_ms = (int64_t)prng_below(&w->prng, LATE_MAX_MS);

    fake_log_append(world_log(w), partition, op_random(&w->prng, ++w->n_records, w->keys_end),
                    w->now_ms + w->ahead_ms - late_ms);
}

void world_repeat(struct world *w, int32_t partition, size_t n, bool restamped)
{
    const struct log_partition *p = &world_log(w)->partitions[partition];
    const size_t first = p->n > n ? p->n - n : 0;

    for (size_t i = first, end = p->n; i < end; i++)
        fake_log_append(world_log(w), partition, p->entries[i].op,
                        restamped ? w->now_ms + w->ahead_ms : p->entries[i].timestamp_ms);
}

void world_produce(struct world *w, int32_t partition)
{
    if (w->keys_end)
        w->ahead_ms += 1 + (int64_t)prng_below(&w->prng, APART_MAX_MS);
    if (prng_chance(&w->prng, 100) && (w->keys_end || w->now_ms >= w->punctual_until_ms))
        produce_late(w, partition);
    else
        fake_log_append(world_log(w), partition, op_random(&w->prng, ++w->n_records, w->keys_end),
                        w->now_ms + w->ahead_ms);
}

void world_produce_op(struct world *w, int32_t partition, enum op_kind kind, unsigned key)
{
    const struct op op = { .kind = kind, .key = key, .number = ++w->n_records, .has_id = true };

    fake_log_append(world_log(w), partition, op, w->now_ms);
}

void world_keep_log_time(struct world *w)
{
    w->settings.expiry.expiry = EXPIRY_LOG;
    w->keys_end = true;
    for (int i = 0; i < w->n_hosts; i++) { /* begin with these settings */
        world_crash_host(w, i);
        world_start_host(w, i);
    }
}

void world_miss_days(struct world *w, unsigned n)
{
    w->keys_end = true;
    for (int i = 0; i < w->n_hosts; i++)
        world_crash_host(w, i);
    for (unsigned i = 0; i < n; i++)
        for (int32_t partition = 0; partition < world_log(w)->n_partitions; partition++)
            world_produce(w, partition);
    w->keys_end = false;
    w->punctual_until_ms = w->now_ms + w->ahead_ms + WORKLOAD_SOON_MS + LATE_MAX_MS;
    w->now_ms += w->ahead_ms + APART_MAX_MS / 2;
    w->ahead_ms = 0;
}

void world_replace_log(struct world *w)
{
    char identity[LOG_IDENTITY_MAX];

    PRE(w->n_logs < LOGS_MAX);
    snprintf(identity, sizeof(identity), "cluster/topic-%d", w->n_logs + 1);
    fake_log_init(&w->logs[w->n_logs], identity, w->logs[0].n_partitions);
    oracle_init(&w->oracles[w->n_logs], &w->logs[w->n_logs],
                w->settings.idempotency_window_seconds);
    w->n_logs++;
    for (int i = 0; i < w->n_hosts; i++)
        if (w->hosts[i].applier)
            fake_member_log_replaced(&w->hosts[i].member, world_log(w));
    world_trace(w, "log", "is recreated");
}

void world_assign(struct world *w, int32_t partition, int host)
{
    const int old = w->owner[partition];

    if (old == host)
        return;
    w->owner[partition] = host;
    if (old != HOST_NONE && w->hosts[old].applier)
        fake_member_grant(&w->hosts[old].member, partition, false);
    if (host != HOST_NONE)
        fake_member_grant(&w->hosts[host].member, partition, true);
}

/* --- hosts ------------------------------------------------------------------------------------ */

void world_start_host(struct world *w, int host)
{
    if (!w->hosts[host].applier)
        host_start(w, &w->hosts[host]);
}

void world_crash_host(struct world *w, int host)
{
    if (w->hosts[host].applier)
        host_stop(w, &w->hosts[host]);
}

void world_tell_moved(struct world *w)
{
    for (int i = 0; i < w->n_hosts; i++)
        w->hosts[i].hinted = w->hosts[i].link != LINK_NONE;
}

/* --- links ------------------------------------------------------------------------------------ */

static void collect(struct world *w, struct link *l)
{
    struct fake_connection *c = &w->servers[l->server].connections[l->connection];

    if (!l->used || !c->open)
        return;
    if (!buf_append(&l->to_host, c->out.p, c->out.n))
        UNREACHABLE("answers are bounded by what was asked");
    buf_clear(&c->out);
}

int world_connect(struct world *w, struct host *h, struct primary_facts *ret_facts)
{
    struct fake_redis *r = &w->servers[w->primary];
    int i = 0;

    if (fault_tick(&w->call_fault) || r->mood == MOOD_SILENT || r->mood == MOOD_BUSY)
        return LINK_NONE;
    while (i < LINKS_MAX && w->links[i].used)
        i++;
    PRE(i < LINKS_MAX);
    fake_redis_facts(r, ret_facts);
    w->links[i] = (struct link){
        .used = true, .host = h->number, .server = w->primary, .connection = fake_redis_accept(r)
    };
    buf_init(&w->links[i].to_server, LINK_BYTES_MAX);
    buf_init(&w->links[i].to_host, LINK_BYTES_MAX);
    return i;
}

/* What was sent is still on its way; the server hears of the end behind it. */
void world_hang_up(struct world *w, struct host *h)
{
    if (h->link == LINK_NONE)
        return;
    w->links[h->link].host = HOST_NONE;
    h->link = LINK_NONE;
}

static void end_orphan(struct world *w, struct link *l)
{
    fake_redis_client_gone(&w->servers[l->server], l->connection);
    link_free(l);
}

static size_t bytes_until_cut(struct world *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fault_tick(&w->cut_fault))
            return i;
    return n;
}

void world_deliver_to_server(struct world *w, int link, size_t n)
{
    struct link *l = &w->links[link];
    struct fake_redis *r = &w->servers[l->server];
    const bool cuttable = l->host != HOST_NONE;

    n = n < l->to_server.n ? n : l->to_server.n;
    if (!l->used || l->black_hole)
        return;
    fake_redis_pass_time(r, w->now_ms);
    if (n > 0) {
        const size_t passing = cuttable ? bytes_until_cut(w, n) : n;

        fake_redis_receive(r, l->connection, l->to_server.p, passing);
        buf_consume(&l->to_server, passing);
        collect(w, l);
        if (passing < n) {
            world_cut(w, link);
            return;
        }
    }
    if (l->host == HOST_NONE && l->to_server.n == 0)
        end_orphan(w, l);
}

void world_deliver_to_host(struct world *w, int link, size_t n)
{
    struct link *l = &w->links[link];
    struct buf bytes;
    size_t passing;

    if (!l->used || l->black_hole || l->host == HOST_NONE || l->to_host.n == 0 || n == 0)
        return;
    n = n < l->to_host.n ? n : l->to_host.n;
    passing = bytes_until_cut(w, n);
    buf_init(&bytes, n); /* the host may hang up while it reads */
    if (!buf_append(&bytes, l->to_host.p, passing))
        UNREACHABLE("its limit is n");
    buf_consume(&l->to_host, passing);
    host_read_replies(w, &w->hosts[l->host], bytes.p, bytes.n);
    buf_release(&bytes);
    if (passing < n && l->used && l->host != HOST_NONE)
        world_cut(w, link);
}

/* Neither side gets anything more. */
void world_cut(struct world *w, int link)
{
    struct link *l = &w->links[link];
    const int host = l->host;

    if (!l->used)
        return;
    if (host != HOST_NONE)
        w->hosts[host].link = LINK_NONE;
    end_orphan(w, l);
    if (host == HOST_NONE)
        return;
    world_trace(w, w->hosts[host].name, "is cut off");
    host_disconnected(w, &w->hosts[host]);
}

/* --- servers ---------------------------------------------------------------------------------- */

void world_replicate(struct world *w)
{
    for (int i = 0; i < w->n_servers; i++)
        if (w->servers[i].is_replica && i != w->primary)
            fake_redis_copy(&w->servers[i], &w->servers[w->primary]);
}

static void cut_server(struct world *w, int server)
{
    for (int i = 0; i < LINKS_MAX; i++) {
        if (!w->links[i].used || w->links[i].server != server)
            continue;
        w->links[i].black_hole = false;
        world_cut(w, i);
    }
    fake_redis_close_all(&w->servers[server]);
}

void world_promote(struct world *w, int server)
{
    world_trace(w, w->servers[server].name, "is promoted");
    w->primary = server;
    w->servers[server].is_replica = false;
}

void world_demote(struct world *w, int server)
{
    PRE(server != w->primary);
    world_trace(w, w->servers[server].name, "follows the primary");
    w->servers[server].is_replica = true;
    cut_server(w, server);
    fake_redis_copy(&w->servers[server], &w->servers[w->primary]);
}

void world_restart_server(struct world *w, int server, bool blank)
{
    world_trace(w, w->servers[server].name, blank ? "restarts blank" : "restarts");
    cut_server(w, server);
    fake_redis_restart(&w->servers[server], blank);
}

void world_empty_server(struct world *w, int server)
{
    world_trace(w, w->servers[server].name, "is emptied");
    fake_redis_empty(&w->servers[server]);
}

void world_set_mood(struct world *w, int server, enum fake_redis_mood mood)
{
    fake_redis_set_mood(&w->servers[server], mood);
    for (int i = 0; i < LINKS_MAX; i++)
        if (w->links[i].used && w->links[i].server == server)
            collect(w, &w->links[i]);
}
