/*
 * A RedisWal and what is told of it, for people to look at. Nothing is judged here: what another
 * version of the controller wrote is shown as it stands.
 */
#ifndef REDWAL_CODEC_WAL_VIEW_H
#define REDWAL_CODEC_WAL_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* A figure or a time that is not told. */
enum { WAL_VIEW_UNKNOWN = -1 };

enum { WAL_VIEW_CONDITIONS_MAX = 32 }; /* the rest is not shown */

struct wal_view_condition {
    struct str type, status, reason, message;
    int64_t since_wall_ms;
};

enum { WAL_VIEW_MIRRORED_MAX = 64 }; /* partitions; the rest is not shown */

struct wal_view_mirror {
    bool is_named;    /* by spec.mirror */
    bool has_connect; /* by the Connect that runs it */
    bool has_maker;   /* by the KafkaMirrorMaker2 that manages it */
    struct str wish;  /* what it is to do */
    struct str connector, state, reason, trouble;
    int64_t observed_generation; /* that this is of */
    int64_t tasks, running, failed;
    int64_t behind, seconds;
    struct {
        int64_t partition, next, behind;
    } partitions[WAL_VIEW_MIRRORED_MAX];
    size_t n_partitions;
};

/* Texts live in `memory`; those that are absent are empty. */
struct wal_view {
    struct arena memory;
    struct str scope, name, uid;
    int64_t created_wall_ms;
    int64_t generation, observed_generation;
    struct str site, role, failover, topic;
    bool paused;
    int64_t replicas; /* asked for */

    struct str phase, primary, pod;
    int64_t primary_since_wall_ms;
    int64_t ready, desired;
    int64_t partitions, behind, lag_seconds, freshness;
    struct wal_view_condition conditions[WAL_VIEW_CONDITIONS_MAX];
    size_t n_conditions;
    struct wal_view_mirror mirror;
};

void wal_view_release(struct wal_view *v); /* safe on a zeroed one */

/* ERR_CORRUPT: not an object. Release it in any case. */
NODISCARD enum err_code wal_view_decode(struct str json, struct wal_view *ret, struct err *err);

/* An Event of events.k8s.io/v1. */
struct event_view {
    struct arena memory;
    struct str kind, name; /* of what it is about */
    struct str reason, action, note;
    bool warning;
    int64_t first_wall_ms, last_wall_ms;
    int64_t count;
};

void event_view_release(struct event_view *v); /* safe on a zeroed one */

NODISCARD enum err_code event_view_decode(struct str json, struct event_view *ret, struct err *err);

#endif
