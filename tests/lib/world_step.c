/* How a world moves on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"

enum { ALL_BYTES = 1 << 28, NAP_MAX_MS = 500, RUN_MAX = 6 };

/* --- orderly ---------------------------------------------------------------------------------- */

void world_turn(struct world *w, int i)
{
    struct host *h = &w->hosts[i];

    if (h->link != LINK_NONE)
        world_deliver_to_server(w, h->link, ALL_BYTES);
    if (h->link != LINK_NONE)
        world_deliver_to_host(w, h->link, ALL_BYTES);
    if (h->applier)
        host_take_events(w, h);
    while (h->applier && h->producer.n_in_flight > 0 && w->fate != FATE_PENDING)
        fake_producer_resolve(&h->producer, 0, w->fate);
    if (h->applier)
        host_take_receipts(w, h);
    if (h->applier)
        host_take_records(w, h, 16);
    if (h->applier)
        host_tick(w, h);
    world_check(w);
}

/* The group replaces members that are gone, and they come back. */
static void tend_group(struct world *w)
{
    for (int i = 0; i < w->n_hosts; i++)
        world_start_host(w, i);
    for (int32_t i = 0; i < world_log(w)->n_partitions; i++)
        if (w->owner[i] == HOST_NONE)
            world_assign(w, i, (int)i % w->n_hosts);
}

static bool is_busy(const struct world *w)
{
    for (int i = 0; i < LINKS_MAX; i++)
        if (w->links[i].used && w->links[i].host != HOST_NONE && !w->links[i].black_hole &&
            (w->links[i].to_server.n > 0 || w->links[i].to_host.n > 0))
            return true;
    return false;
}

static void nap(struct world *w)
{
    int64_t until_ms = w->now_ms + NAP_MAX_MS;

    if (is_busy(w)) {
        w->now_ms++;
        return;
    }
    for (int i = 0; i < w->n_hosts; i++)
        if (w->hosts[i].applier && applier_wakes_at_ms(w->hosts[i].applier) < until_ms)
            until_ms = applier_wakes_at_ms(w->hosts[i].applier);
    w->now_ms = until_ms > w->now_ms ? until_ms : w->now_ms + 1;
}

void world_round(struct world *w)
{
    for (int i = 0; i < w->n_hosts && !w->violation[0]; i++)
        world_turn(w, i);
    for (int i = 0; i < LINKS_MAX; i++)
        if (w->links[i].used && w->links[i].host == HOST_NONE)
            world_deliver_to_server(w, i, ALL_BYTES);
    world_check(w);
    tend_group(w);
    nap(w);
}

/* Where everybody stands. */
static void tell_state(struct world *w)
{
    struct partition_view view;

    for (int i = 0; i < w->n_hosts; i++) {
        const struct host *h = &w->hosts[i];

        for (int32_t p = 0; h->applier && p < applier_partition_limit(h->applier); p++) {
            applier_view_partition(h->applier, p, &view);
            world_trace(w, h->name,
                        "partition %d: phase %d, next %lld, settled %lld, end %lld, pending %llu",
                        (int)p, (int)view.phase, (long long)view.next, (long long)view.settled,
                        (long long)world_log(w)->partitions[p].end,
                        (unsigned long long)view.n_pending);
        }
    }
}

void world_run(struct world *w, int64_t limit_ms)
{
    const int64_t until_ms = w->now_ms + limit_ms;

    while (!w->violation[0] && !world_is_done(w)) {
        if (w->now_ms >= until_ms) {
            tell_state(w);
            world_violate(w, "not everything is applied after %lld ms", (long long)limit_ms);
            return;
        }
        world_round(w);
    }
}

void world_heal(struct world *w)
{
    world_trace(w, "world", "heals");
    w->call_fault = (struct fault){ 0 };
    w->crash_fault = (struct fault){ 0 };
    w->cut_fault = (struct fault){ 0 };
    for (int i = 0; i < LINKS_MAX; i++)
        w->links[i].black_hole = false;
    for (int i = 0; i < w->n_servers; i++) {
        world_set_mood(w, i, MOOD_FINE);
        if (i != w->primary)
            world_demote(w, i);
    }
    w->servers[w->primary].is_replica = false;
    tend_group(w);
}

void world_end(struct world *w)
{
    if (w->violation[0])
        trace_print(&w->trace);
    world_release(w);
    if (w->violation[0])
        fail_msg("seed %llu: %s", (unsigned long long)w->seed, w->violation);
}

/* --- at random -------------------------------------------------------------------------------- */

static size_t some_bytes(struct world *w, size_t n)
{
    return prng_chance(&w->prng, 700) ? n : (size_t)prng_below(&w->prng, n + 1);
}

static void random_delivery(struct world *w)
{
    const int i = (int)prng_below(&w->prng, LINKS_MAX);

    for (int k = 0; k < LINKS_MAX; k++) {
        const int at = (i + k) % LINKS_MAX;

        if (!w->links[at].used)
            continue;
        if (prng_chance(&w->prng, 500))
            world_deliver_to_server(w, at, some_bytes(w, w->links[at].to_server.n));
        else
            world_deliver_to_host(w, at, some_bytes(w, w->links[at].to_host.n));
        return;
    }
}

static void random_receipts(struct world *w, struct host *h)
{
    if (h->producer.n_in_flight > 0) {
        const size_t i = (size_t)prng_below(&w->prng, h->producer.n_in_flight);
        const uint64_t dice = prng_below(&w->prng, 10);

        fake_producer_resolve(&h->producer, i,
                              dice == 0   ? FATE_LOST
                              : dice == 1 ? FATE_ACK_LOST
                                          : w->fate);
    }
    host_take_receipts(w, h);
}

static void random_turn(struct world *w)
{
    struct host *h = &w->hosts[prng_below(&w->prng, (uint64_t)w->n_hosts)];

    if (!h->applier)
        return;
    switch (prng_below(&w->prng, 4)) {
    case 0:
        host_take_events(w, h);
        return;
    case 1:
        random_receipts(w, h);
        return;
    case 2:
        host_take_records(w, h, (size_t)prng_below(&w->prng, 12));
        return;
    default:
        host_tick(w, h);
    }
}

static void random_server_trouble(struct world *w)
{
    const int other = (int)prng_below(&w->prng, (uint64_t)w->n_servers);
    const int server = (int)prng_below(&w->prng, (uint64_t)w->n_servers);

    switch (prng_below(&w->prng, 6)) {
    case 0:
        if (w->servers[other].data.n > 0 && other != w->primary)
            world_promote(w, other);
        return;
    case 1:
        if (other != w->primary)
            world_demote(w, other);
        return;
    case 2:
        world_restart_server(w, server, prng_chance(&w->prng, 150));
        return;
    case 3:
        world_set_mood(w, server, (enum fake_redis_mood)prng_below(&w->prng, MOOD_COUNT));
        return;
    case 4:
        if (prng_chance(&w->prng, 150))
            world_empty_server(w, server);
        return;
    default:
        world_tell_moved(w);
    }
}

static void random_link_trouble(struct world *w)
{
    const int link = w->hosts[prng_below(&w->prng, (uint64_t)w->n_hosts)].link;

    if (link == LINK_NONE)
        return;
    if (prng_chance(&w->prng, 700))
        world_cut(w, link);
    else
        w->links[link].black_hole = true;
}

static void random_group_trouble(struct world *w)
{
    const int host = (int)prng_below(&w->prng, (uint64_t)w->n_hosts);
    const int32_t partition = (int32_t)prng_below(&w->prng, (uint64_t)world_log(w)->n_partitions);

    if (!w->hosts[host].applier)
        world_start_host(w, host);
    else if (prng_chance(&w->prng, 300))
        world_crash_host(w, host);
    else
        world_assign(w, partition, host);
}

/* One number after the other: compilers evaluate arguments in orders of their own. */
static void operate(struct world *w, int32_t partition)
{
    const enum operation_on_key operation =
        (enum operation_on_key)prng_below(&w->prng, OPERATION_COUNT);

    world_operate(w, partition, (unsigned)prng_below(&w->prng, WORKLOAD_KEYS), operation);
}

static void repeat(struct world *w, int32_t partition)
{
    const bool restamped = prng_chance(&w->prng, 500);

    world_repeat(w, partition, 1 + prng_below(&w->prng, RUN_MAX), restamped);
}

static void random_log_event(struct world *w)
{
    const int32_t partition = (int32_t)prng_below(&w->prng, (uint64_t)world_log(w)->n_partitions);

    if (w->settings.on_reject == ON_REJECT_QUARANTINE_KEY && prng_chance(&w->prng, 100))
        operate(w, partition);
    else if (prng_chance(&w->prng, 80))
        fake_log_skip(world_log(w), partition);
    else if (prng_chance(&w->prng, 80))
        repeat(w, partition);
    else
        world_produce(w, partition);
}

static void random_fault(struct world *w)
{
    switch (prng_below(&w->prng, 8)) {
    case 0:
        w->call_fault = fault_at(1 + (unsigned)prng_below(&w->prng, 8));
        return;
    case 1:
        w->crash_fault = fault_at(1 + (unsigned)prng_below(&w->prng, 20));
        return;
    case 2:
        random_link_trouble(w);
        return;
    case 3:
    case 4:
    case 5:
        random_group_trouble(w);
        return;
    default:
        random_server_trouble(w);
    }
}

void world_random_step(struct world *w)
{
    const uint64_t dice = prng_below(&w->prng, 100);

    if (prng_chance(&w->prng, w->trouble))
        random_fault(w);
    else if (dice < 50)
        random_delivery(w);
    else if (dice < 85)
        random_turn(w);
    else if (dice < 92)
        random_log_event(w);
    else if (dice < 95)
        world_replicate(w);
    else
        w->now_ms += (int64_t)prng_below(&w->prng, prng_chance(&w->prng, 100) ? 2000 : 20);
    world_check(w);
}
