/*
 * Several candidates for one lease, each with a clock of its own, on a network that delays, loses
 * requests and loses answers, and a scheduler that stops a candidate anywhere. At no time may two
 * of them act, and once trouble ends somebody does.
 *
 *   SIM_SEED, SIM_RUNS: see seeds.h
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/prng.h"
#include "core/kube_lease.h"
#include "seeds.h"

enum {
    RUNS = 150,
    STEPS = 6000,
    STEP_MS = 50,
    CALM_MS = 60 * 1000,
    CANDIDATES = 4,
    DELAY_MAX_MS = 14 * 1000,
    PAUSE_MAX_MS = 40 * 1000,
};

struct lease_server {
    bool exists;
    struct kube_lease_record record;
    int64_t version;
};

/* What one candidate has under way: at most one call. */
struct call {
    bool under_way, answered, lost;
    struct kube_lease_step step;
    int64_t arrives_ms, returns_ms;
    bool good, absent;
    struct kube_lease_record record; /* the answer */
};

struct candidate {
    struct kube_lease lease;
    struct call call;
    int64_t clock_offset_ms;
    int64_t paused_until_ms;
};

struct run {
    struct prng prng;
    int64_t now_ms;
    unsigned trouble; /* of a thousand */
    struct lease_server server;
    struct candidate candidates[CANDIDATES];
    bool ever_led;
};

static int64_t local_ms(const struct run *r, const struct candidate *c)
{
    return r->now_ms + c->clock_offset_ms;
}

static bool write_record(struct lease_server *s, const struct kube_lease_step *step)
{
    const bool creates = step->what == KUBE_LEASE_CREATE;

    if (creates == s->exists)
        return false;
    if (!creates && strcmp(step->record.resource_version, s->record.resource_version) != 0)
        return false;
    s->exists = true;
    s->record = step->record;
    s->version++;
    snprintf(s->record.resource_version, sizeof(s->record.resource_version), "%lld",
             (long long)s->version);
    snprintf(s->record.renew_time, sizeof(s->record.renew_time), "t%lld", (long long)s->version);
    return true;
}

static void serve(struct run *r, struct call *call)
{
    call->answered = true;
    if (call->step.what == KUBE_LEASE_READ) {
        call->absent = !r->server.exists;
        call->good = r->server.exists;
    } else {
        call->good = write_record(&r->server, &call->step);
    }
    call->record = r->server.record;
}

static void finish(struct run *r, struct candidate *c)
{
    struct call *call = &c->call;

    call->under_way = false;
    if (call->lost || (!call->good && !call->absent))
        kube_lease_failed(&c->lease, local_ms(r, c), prng_next(&r->prng));
    else if (call->absent)
        kube_lease_was_absent(&c->lease, local_ms(r, c));
    else if (call->step.what == KUBE_LEASE_READ)
        kube_lease_was_read(&c->lease, local_ms(r, c), &call->record);
    else
        kube_lease_was_written(&c->lease, local_ms(r, c), &call->record);
}

static int64_t delay(struct run *r)
{
    const int64_t most = prng_chance(&r->prng, r->trouble) ? DELAY_MAX_MS : STEP_MS;

    return (int64_t)prng_below(&r->prng, (uint64_t)most + 1);
}

static void begin(struct run *r, struct candidate *c)
{
    struct call *call = &c->call;

    *call = (struct call){ 0 };
    kube_lease_next(&c->lease, local_ms(r, c), prng_next(&r->prng), &call->step);
    if (call->step.what == KUBE_LEASE_WAIT)
        return;
    call->under_way = true;
    call->lost = prng_chance(&r->prng, r->trouble);
    call->arrives_ms = r->now_ms + delay(r);
    call->returns_ms = call->arrives_ms + delay(r);
    if (call->lost && prng_chance(&r->prng, 500))
        call->answered = true; /* the request never arrived */
}

static void step(struct run *r)
{
    int acting = 0;

    r->now_ms += STEP_MS;
    for (int i = 0; i < CANDIDATES; i++) {
        struct candidate *c = &r->candidates[i];

        if (c->call.under_way && !c->call.answered && r->now_ms >= c->call.arrives_ms)
            serve(r, &c->call); /* the network does not stop when a process does */
        if (prng_chance(&r->prng, r->trouble / 4))
            c->paused_until_ms = r->now_ms + (int64_t)prng_below(&r->prng, PAUSE_MAX_MS);
        if (r->now_ms >= c->paused_until_ms) {
            if (c->call.under_way && c->call.answered && r->now_ms >= c->call.returns_ms)
                finish(r, c);
            else if (!c->call.under_way)
                begin(r, c);
        }
        /* Asked of the paused as well: it may wake up at any time and act. */
        acting += kube_lease_may_act(&c->lease, local_ms(r, c));
    }
    assert_true(acting <= 1);
    r->ever_led = r->ever_led || acting == 1;
}

static void set_up(struct run *r, uint64_t seed)
{
    r->prng.state = seed;
    r->trouble = 2u << seed % 6;
    for (int i = 0; i < CANDIDATES; i++) {
        struct kube_lease_settings s = { .duration_ms = 15000,
                                         .renew_deadline_ms = 10000 + (int64_t)(seed % 5) * 1000,
                                         .retry_ms = 2000 };

        snprintf(s.identity, sizeof(s.identity), "c%d", i);
        kube_lease_init(&r->candidates[i].lease, &s);
        r->candidates[i].clock_offset_ms = (int64_t)prng_below(&r->prng, 1000000);
    }
}

static int leader(struct run *r)
{
    for (int i = 0; i < CANDIDATES; i++)
        if (kube_lease_may_act(&r->candidates[i].lease, local_ms(r, &r->candidates[i])))
            return i;
    return -1;
}

/* A leader that leaves gives its place to another within a retry period or two. */
static void leave(struct run *r)
{
    const int before = leader(r);
    const int64_t at_ms = r->now_ms;

    kube_lease_release(&r->candidates[before].lease);
    while (leader(r) < 0 && r->now_ms < at_ms + CALM_MS)
        step(r);
    assert_true(leader(r) >= 0 && leader(r) != before);
    assert_true(r->now_ms - at_ms < 6000);
}

static void run_seed(uint64_t seed)
{
    struct run *r = calloc(1, sizeof(*r));
    int64_t calm_from_ms;

    set_up(r, seed);
    for (int i = 0; i < STEPS; i++)
        step(r);
    r->trouble = 0;
    calm_from_ms = r->now_ms;
    while (leader(r) < 0 && r->now_ms < calm_from_ms + CALM_MS)
        step(r);
    if (leader(r) < 0 || !r->ever_led)
        fail_msg("SIM_SEED=%llu: nobody leads", (unsigned long long)seed);
    while (r->now_ms < calm_from_ms + CALM_MS) /* what is still under way comes in */
        step(r);
    leave(r);
    free(r);
}

static void never_do_two_lead_and_somebody_does_once_trouble_ends(void **state)
{
    uint64_t seed;
    (void)state;

    for (struct seeds s = seeds_of(RUNS); seeds_next(&s, &seed);)
        run_seed(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_do_two_lead_and_somebody_does_once_trouble_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
