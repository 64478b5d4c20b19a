/*
 * The operations that are measured. Operation i of a workload is always the same, so that every
 * contestant does the same work and none has to keep it.
 *
 *   set64   SET of 64 bytes; keys drawn evenly from 1 000 000
 *   mix     60 % SET (64 bytes), 15 % HSET, 10 % INCR, 5 % SET with ttl, 5 % DEL, 5 % LPUSH
 *   ending  30 % SET with ttl, 25 % EXPIRE, 20 % SET, 15 % INCR, 5 % HSET with ttl, 5 % DEL
 */
#ifndef REDWAL_BENCH_WORKLOAD_H
#define REDWAL_BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum workload { WORKLOAD_SET64, WORKLOAD_MIX, WORKLOAD_ENDING, WORKLOAD_COUNT };

enum { STEP_KEY_MAX = 32, STEP_VALUE_BYTES = 64, STEP_ARGS_MAX = 2 };

struct step {
    char key_text[STEP_KEY_MAX];
    char field[STEP_KEY_MAX];
    char value[STEP_VALUE_BYTES + 1];
    struct str command, key, args[STEP_ARGS_MAX];
    size_t n_args;
    int ttl_s; /* 0: none */
};

const char *workload_name(enum workload workload);
bool workload_find(const char *name, enum workload *ret);

/* `ret` points into itself: do not copy it. */
void workload_step(enum workload workload, uint64_t i, struct step *ret);

/* The command as a client without a log would send it; a ttl becomes EX. */
void step_append_resp(const struct step *step, struct buf *out);

#endif
