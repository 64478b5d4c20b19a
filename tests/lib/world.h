/*
 * Everything an applier lives among, under one clock and one seed: servers that replicate and fail
 * over, connections that lose bytes, a log and its group, a dead-letter topic, and appliers that
 * crash. Tests move it by hand, round by round, or let it choose.
 *
 * After every step, for every server: its data is the fold of the log up to the position it holds,
 * records refused before that position are in the dead-letter topic, and no dead letter tells an
 * untruth. The first violation is kept and ends the run.
 */
#ifndef REDWAL_TESTS_WORLD_H
#define REDWAL_TESTS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/prng.h"
#include "codec/record_json.h"
#include "core/applier.h"
#include "core/canonical_envelope.h"
#include "fake_dead_letters.h"
#include "fake_log.h"
#include "fake_redis.h"
#include "fault.h"
#include "oracle.h"
#include "trace.h"

enum {
    HOSTS_MAX = 3,
    SERVERS_MAX = 3,
    LINKS_MAX = 48,
    LOGS_MAX = 3,
    LINK_NONE = -1,
    HOST_NONE = -1,
    VIOLATION_MAX = 600,
};

/* One connection's bytes on their way. A link without a host still carries what was sent. */
struct link {
    bool used;
    bool black_hole; /* nothing arrives on either side */
    int host;
    int server;
    size_t connection;
    struct buf to_server, to_host;
};

/* One applier process: what apply_loop is to the real one. */
struct host {
    const char *name;
    int number;
    unsigned generation;     /* counts starts */
    bool dying;              /* crashes at the end of this call */
    bool postpones;          /* a record waits for applier_proceed() */
    struct applier *applier; /* NULL: not running */
    struct record_json *json;
    struct reject reject;
    struct envelope_keys keys;
    struct release release;
    struct mark mark;
    struct canonical_context context;
    struct command_set commands;
    struct resp_stream replies;
    int link;
    bool hinted; /* told that the primary moved */
    struct fake_member member;
    struct fake_producer producer;
};

struct world {
    uint64_t seed;
    struct prng prng;
    int64_t now_ms;
    struct applier_settings settings;
    unsigned trouble;           /* of a thousand random steps, how many are faults */
    enum dead_letter_fate fate; /* of most dead letters */
    bool keys_end;              /* random records have keys end, and are far apart: their */
    int64_t ahead_ms;           /* timestamps run away from our clock */
    int64_t punctual_until_ms;  /* no record comes late: keys may end by the clock until then */

    struct fake_log logs[LOGS_MAX]; /* the last one is the topic now */
    struct oracle oracles[LOGS_MAX];
    int n_logs;
    unsigned n_records;
    int owner[LOG_PARTITIONS_MAX]; /* as the group sees it */

    struct fake_redis servers[SERVERS_MAX];
    int n_servers;
    int primary; /* the one that Sentinel names */
    uint64_t checked_version[SERVERS_MAX];
    size_t n_letters_checked;
    uint64_t frozen[SERVERS_MAX]; /* version of the data that nobody may change; 0: anybody */

    struct link links[LINKS_MAX];
    struct host hosts[HOSTS_MAX];
    int n_hosts;
    struct dead_letter_topic dead_letters;

    struct fault call_fault;  /* ticks at each call of a port that can fail */
    struct fault crash_fault; /* ticks at each step of an applier */
    struct fault cut_fault;   /* ticks at each byte on a link */
    struct trace trace;
    char violation[VIOLATION_MAX]; /* "" while all is well */
};

/* Small batches and bounds, so that short runs meet them. */
struct applier_settings world_settings(void);

/* Of a cmocka test or group, whose state is then a world that is not initialised yet. */
int world_set_up(void **state);
int world_tear_down(void **state);

void world_init(struct world *w, uint64_t seed, int n_servers, int n_hosts, int32_t n_partitions);
void world_release(struct world *w);

/* Deadlines are in log time, always; minutes pass between random records. */
void world_keep_log_time(struct world *w);
/* Writes n records to each partition while days pass and no applier runs. */
void world_miss_days(struct world *w, unsigned n);

struct fake_log *world_log(struct world *w); /* the topic now */
void world_trace(struct world *w, const char *who, const char *format, ...) PRINTF_LIKE(3, 4);
void world_violate(struct world *w, const char *format, ...) PRINTF_LIKE(2, 3);

/* --- what may happen -------------------------------------------------------------------------- */

void world_produce(struct world *w, int32_t partition); /* a record of any kind */
void world_produce_op(struct world *w, int32_t partition, enum op_kind kind, unsigned key);
/* The last n records once more, as a mirror does that was not told how far it had come, under their
 * old timestamps or a new one. */
void world_repeat(struct world *w, int32_t partition, size_t n, bool restamped);
/* What an operator does about a key that the primary holds back, when it does. */
enum operation_on_key {
    OPERATE_RETRY,  /* all that was held back, as it was */
    OPERATE_REPAIR, /* the same, changed so that it succeeds */
    OPERATE_TRY,    /* as it was, and no release behind it */
    OPERATE_DISCARD,
    OPERATION_COUNT
};
void world_operate(struct world *w, int32_t partition, unsigned key, enum operation_on_key how);
bool world_is_held(const struct world *w, int32_t partition, unsigned key);
void world_replicate(struct world *w); /* replicas get what the primary holds */
/* Sentinel promotes the server as it is. The old primary goes on until world_demote(). */
void world_promote(struct world *w, int server);
void world_demote(struct world *w, int server);
void world_restart_server(struct world *w, int server, bool blank);
void world_empty_server(struct world *w, int server);
void world_set_mood(struct world *w, int server, enum fake_redis_mood mood);
void world_replace_log(struct world *w);
void world_assign(struct world *w, int32_t partition, int host);
void world_start_host(struct world *w, int host);
void world_crash_host(struct world *w, int host);
void world_tell_moved(struct world *w);

/* Moves at most n bytes; a link without a host ends when its last byte is delivered. */
void world_deliver_to_server(struct world *w, int link, size_t n);
void world_deliver_to_host(struct world *w, int link, size_t n);
void world_cut(struct world *w, int link);

/* --- moving on -------------------------------------------------------------------------------- */

void world_check(struct world *w); /* done by the functions below after each step */
/* One host does all there is to do, once; only its own connection moves. */
void world_turn(struct world *w, int host);
/* world_quarantine.c, for world_check(): a server whose position is `next` and `settled`. */
void world_check_quarantine(struct world *w, struct fake_redis *r, int32_t partition,
                            struct oracle *o, int64_t next, int64_t settled);
/* Everybody does all there is to do, once, then time moves to the next thing that is due. */
void world_round(struct world *w);
/* Rounds until the primary holds the whole log and every outcome; a violation after limit_ms. */
void world_run(struct world *w, int64_t limit_ms);
bool world_is_done(struct world *w);
/* Any one thing, faults included. */
void world_random_step(struct world *w);
/* Faults end: one primary, replicas follow it, all hosts run, each partition has an owner. */
void world_heal(struct world *w);

/* Releases it; prints seed and story, and fails the test, when there was a violation. */
void world_end(struct world *w);

/* --- host.c ----------------------------------------------------------------------------------- */

void host_start(struct world *w, struct host *h);
void host_stop(struct world *w, struct host *h); /* as a crash does: nothing is said to anybody */
void host_read_replies(struct world *w, struct host *h, const char *bytes, size_t n);
void host_disconnected(struct world *w, struct host *h);
void host_take_events(struct world *w, struct host *h);
void host_take_receipts(struct world *w, struct host *h);
void host_take_records(struct world *w, struct host *h, size_t max);
void host_tick(struct world *w, struct host *h);

/* world.c, for host.c: a connection to the primary, LINK_NONE when there is none to be had. */
int world_connect(struct world *w, struct host *h, struct primary_facts *ret_facts);
void world_hang_up(struct world *w, struct host *h);

#endif
