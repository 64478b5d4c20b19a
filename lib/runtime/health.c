#include "runtime/health.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/heartbeat.h"

struct condition {
    enum health_state state;
    int64_t since_ms; /* monotonic */
    char reason[HEALTH_REASON_MAX];
};

struct health {
    struct log *log;
    struct heartbeat heartbeat;
    pthread_mutex_t mutex; /* guards what follows */
    struct condition conditions[HEALTH_CONDITION_COUNT];
    enum hold_reason hold;
    enum hold_reason held[HEALTH_HELD_MAX]; /* by partition */
    unsigned n_held;
};

#define CONDITION_CODE(name, code, about)  [HEALTH_##name] = code,
#define CONDITION_ABOUT(name, code, about) [HEALTH_##name] = about,
static const char *const codes[] = { HEALTH_CONDITIONS(CONDITION_CODE) };
static const char *const abouts[] = { HEALTH_CONDITIONS(CONDITION_ABOUT) };

static const char *const state_names[] = { "unknown", "good", "bad" };

struct health *health_new(struct log *log)
{
    struct health *h = mem_new(1, sizeof(*h));
    const int64_t now_ms = clock_monotonic_ms();

    h->log = log;
    pthread_mutex_init(&h->mutex, NULL);
    heartbeat_beat(&h->heartbeat, now_ms);
    for (size_t i = 0; i < HEALTH_CONDITION_COUNT; i++)
        h->conditions[i].since_ms = now_ms;
    return h;
}

void health_free(struct health *h)
{
    if (!h)
        return;
    pthread_mutex_destroy(&h->mutex);
    free(h);
}

void health_set(struct health *h, enum health_condition condition, enum health_state state,
                const char *reason)
{
    struct condition *c;
    bool changed;

    PRE(condition < HEALTH_CONDITION_COUNT);
    c = &h->conditions[condition];
    pthread_mutex_lock(&h->mutex);
    changed = c->state != state;
    if (changed)
        c->since_ms = clock_monotonic_ms();
    c->state = state;
    snprintf(c->reason, sizeof(c->reason), "%s", reason);
    pthread_mutex_unlock(&h->mutex);

    if (changed)
        log_write(h->log, state == HEALTH_BAD ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
                  "Condition changed condition=%s state=%s reason=%s", codes[condition],
                  state_names[state], reason);
}

void health_hold_partition(struct health *h, unsigned partition, enum hold_reason reason)
{
    enum hold_reason before;

    PRE(partition < HEALTH_HELD_MAX);
    pthread_mutex_lock(&h->mutex);
    before = h->held[partition];
    h->held[partition] = reason;
    if (before == HOLD_NONE && reason != HOLD_NONE)
        h->n_held++;
    else if (before != HOLD_NONE && reason == HOLD_NONE)
        h->n_held--;
    pthread_mutex_unlock(&h->mutex);

    if (reason == before)
        return;
    if (reason == HOLD_NONE)
        log_info(h->log, "Partition was released partition=%u reason=%s", partition,
                 hold_code(before));
    else
        log_error(h->log, "Partition was held partition=%u reason=%s why=%s remedy=%s", partition,
                  hold_code(reason), hold_text(reason), hold_remedy(reason));
}

void health_hold_all(struct health *h, enum hold_reason reason)
{
    enum hold_reason before;

    pthread_mutex_lock(&h->mutex);
    before = h->hold;
    h->hold = reason;
    pthread_mutex_unlock(&h->mutex);

    if (reason == before)
        return;
    if (reason == HOLD_NONE)
        log_info(h->log, "Applier was released reason=%s", hold_code(before));
    else
        log_error(h->log, "Applier was held reason=%s why=%s remedy=%s", hold_code(reason),
                  hold_text(reason), hold_remedy(reason));
}

void health_beat(struct health *h)
{
    heartbeat_beat(&h->heartbeat, clock_monotonic_ms());
}

/* With the mutex held. */
static bool is_ready(const struct health *h)
{
    for (size_t i = 0; i < HEALTH_CONDITION_COUNT; i++)
        if (h->conditions[i].state != HEALTH_GOOD)
            return false;
    return h->hold == HOLD_NONE && h->n_held == 0;
}

static void print_condition(const struct health *h, size_t i, int64_t now_ms, struct buf *out)
{
    const struct condition *c = &h->conditions[i];

    buf_print(out, "[%s] %s %s for %" PRId64 " s: %s\n", c->state == HEALTH_GOOD ? "+" : "-",
              codes[i], state_names[c->state], (now_ms - c->since_ms) / 1000,
              c->reason[0] != '\0' ? c->reason : abouts[i]);
}

static void print_hold(const char *what, enum hold_reason reason, struct buf *out)
{
    buf_print(out, "[-] %s held (%s): %s; %s\n", what, hold_code(reason), hold_text(reason),
              hold_remedy(reason));
}

/* With the mutex held. */
static void print_details(const struct health *h, struct buf *out)
{
    const int64_t now_ms = clock_monotonic_ms();
    char what[40];

    for (size_t i = 0; i < HEALTH_CONDITION_COUNT; i++)
        print_condition(h, i, now_ms, out);
    if (h->hold != HOLD_NONE)
        print_hold("everything", h->hold, out);
    for (unsigned i = 0; h->n_held > 0 && i < HEALTH_HELD_MAX; i++) {
        if (h->held[i] == HOLD_NONE)
            continue;
        snprintf(what, sizeof(what), "partition %u", i);
        print_hold(what, h->held[i], out);
    }
}

bool health_is_ready(struct health *h)
{
    bool ready;

    pthread_mutex_lock(&h->mutex);
    ready = is_ready(h);
    pthread_mutex_unlock(&h->mutex);
    return ready;
}

bool health_print_ready(struct health *h, bool verbose, struct buf *out)
{
    bool ready;

    pthread_mutex_lock(&h->mutex);
    ready = is_ready(h);
    if (verbose)
        print_details(h, out);
    pthread_mutex_unlock(&h->mutex);
    buf_print(out, ready ? "ready\n" : "not ready%s\n", verbose ? "" : ", see /readyz?verbose");
    return ready;
}

bool health_print_alive(struct health *h, int64_t monotonic_ms, struct buf *out)
{
    return heartbeat_print(&h->heartbeat, monotonic_ms, out);
}
