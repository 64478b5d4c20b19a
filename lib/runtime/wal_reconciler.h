/*
 * Reconciles RedisWals: keeps their objects as they are wanted, looks at their log and Redis, and
 * says in their status and in Events what was found. Of several processes only the holder of the
 * lease does so; the others follow the API server and wait.
 *
 * One thread: whoever owns it polls the descriptors and calls wal_reconciler_step().
 */
#ifndef REDWAL_RUNTIME_WAL_RECONCILER_H
#define REDWAL_RUNTIME_WAL_RECONCILER_H

#include "codec/wal_children.h"
#include "core/kube_lease.h"
#include "runtime/kube_keeper.h"
#include "runtime/wal_looks.h"
#include "runtime/wal_restores.h"

enum {
    WAL_FIGURES_MS = 30 * 1000, /* figures alone, such as the lag, are written at most that often */
    WAL_FIRST_LOOKS_MS = 60 * 1000, /* for that long after a start, what is not known yet does not
                                       replace what another process had found out */
};

/* Texts are borrowed. */
struct wal_reconciler_settings {
    struct str scope;           /* namespace of the RedisWals; empty: all */
    struct wal_options options; /* of redis-applier */
    const char *image;          /* of redis-applier, where a RedisWal names none */
    struct wal_restores_images job_images;
    struct str lease_scope, lease_name;
    struct kube_lease_settings lease;
    int64_t look_interval_ms;
    const char *connect_allow; /* core/connect_allow.h; NULL */
    int64_t requests_per_second, requests_burst;
};

struct wal_reconciler_ports {
    struct kube kube;
    struct redis_observer_port redis;
    struct log_observer_port log_observer;
    struct mirror_observer_port mirror;
    struct log *log;
    int64_t (*now_ms)(void); /* goes on while the machine sleeps: clock_since_boot_ms() */
    int64_t (*wall_ms)(void);
};

struct wal_reconciler_counts {
    struct kube_keeper_counts kept;
    size_t wals, waiting;              /* RedisWals; of these, with work to do */
    uint64_t terms;                    /* how often it became the leader */
    uint64_t events_refused, requests; /* to the API server, of all kinds */
    struct wal_looks_age oldest;       /* 0 while another leads */
    bool synced, leads;
    /* Of the options, for whoever prints this to set. */
    uint64_t reloads, reload_failures;
    bool reload_failed;
};

struct wal_reconciler;

struct wal_reconciler *wal_reconciler_new(const struct wal_reconciler_settings *settings,
                                          const struct wal_reconciler_ports *ports);
void wal_reconciler_free(struct wal_reconciler *r); /* NULL is fine; gives the lease to nobody */

/* Takes over what of these settings may change: the interval of looks, and the rate of requests. */
void wal_reconciler_tune(struct wal_reconciler *r, const struct wal_reconciler_settings *settings);

/* Does what is due; returns for how long it may sleep unless a descriptor becomes readable. */
int64_t wal_reconciler_step(struct wal_reconciler *r);
enum { WAL_RECONCILER_DESCRIPTORS = 4 };
void wal_reconciler_descriptors(struct wal_reconciler *r, int ret[WAL_RECONCILER_DESCRIPTORS]);

/* Stops acting and gives the lease away. Goes on with wal_reconciler_step() until it is done. */
void wal_reconciler_release(struct wal_reconciler *r);
bool wal_reconciler_is_released(const struct wal_reconciler *r);

struct wal_reconciler_counts wal_reconciler_counts(const struct wal_reconciler *r);
const struct wal_looks *wal_reconciler_looks(const struct wal_reconciler *r);
const char *wal_reconciler_holder(const struct wal_reconciler *r); /* of the lease; "" unknown */

#endif
