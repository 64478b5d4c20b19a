/*
 * The shell around the applier's decisions: waits for something to happen, tells the applier, does
 * what it answers, and shows how things stand. It decides nothing about records.
 */
#ifndef REDWAL_RUNTIME_APPLY_LOOP_H
#define REDWAL_RUNTIME_APPLY_LOOP_H

#include "codec/record_any.h"
#include "core/applier.h"
#include "core/partitioner.h"
#include "port/dead_letters.h"
#include "port/registry.h"
#include "port/sink.h"
#include "port/wal.h"
#include "runtime/health.h"
#include "runtime/log.h"
#include "runtime/metrics.h"

struct apply_loop_settings {
    struct applier_settings applier;
    size_t max_record_bytes;
    enum record_format format;
    int64_t drain_timeout_ms;
    const struct command_set *known_commands; /* others count as unknown to Redis; NULL: none do */
    bool until_end;       /* end once everything that was in the log at start is applied */
    bool cross_partition; /* an envelope's keys may belong to several partitions */
    enum partitioner partitioner;
};

/* What the loop is to do about changes from outside. */
enum apply_loop_order {
    APPLY_LOOP_GO_ON,
    APPLY_LOOP_TUNE,  /* the settings are others: take them over (applier_tune()) */
    APPLY_LOOP_RENEW, /* finish what is in flight and end with APPLY_LOOP_RENEWED */
};

/* Who may change the settings that apply_loop_run() was given, while it runs. */
struct apply_loop_control {
    enum apply_loop_order (*look)(void *self); /* asked each second; NULL: nobody */
    void *self;
    int descriptor; /* readable when look() should be asked at once; -1: never */
};

/* Who is told of each record before it is applied; again when it is read again. */
struct apply_loop_reader {
    void (*read)(void *self, const struct prepared *record); /* NULL: nobody */
    void *self;
};

/* Everything is borrowed until apply_loop_run() returns. */
struct apply_loop_ports {
    struct wal wal;
    struct sink sink;
    struct dead_letters dead_letters;
    struct registry registry; /* zeroed: there is none */
    struct log *log;
    struct health *health;
    struct metrics *metrics;
    struct apply_loop_control control;
    struct apply_loop_reader reader;
    int stop_descriptor; /* readable when it is time to drain and end */
};

enum apply_loop_end {
    APPLY_LOOP_STOPPED,   /* asked to stop, everything in flight was finished */
    APPLY_LOOP_CUT_SHORT, /* asked to stop, the drain timeout passed first; nothing is lost */
    APPLY_LOOP_RENEWED,   /* APPLY_LOOP_RENEW: what could be finished in the drain timeout was; the
                             caller puts new ports in place of old ones and runs it again */
    APPLY_LOOP_AT_END,    /* --until-end: everything is applied */
    APPLY_LOOP_HELD,      /* --until-end: something is held and will not go on by itself */
};

enum apply_loop_end apply_loop_run(const struct apply_loop_settings *settings,
                                   const struct apply_loop_ports *ports);

#endif
