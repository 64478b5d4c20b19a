/*
 * Jobs that may block, done by threads for one owner that never waits. The owner adds a job, sees
 * by a descriptor that some are done, and takes them back.
 *
 * A job has a rank, and those of the first one come first. It may have a key, which says who is
 * asked: who hangs gets so many threads and no more, and the others theirs. Of a rank those come
 * first whose key has the fewest jobs under way, and of these the oldest.
 */
#ifndef REDWAL_BASE_WORKER_POOL_H
#define REDWAL_BASE_WORKER_POOL_H

#include <stdbool.h>

enum { WORKER_POOL_KINDS_MAX = 4, WORKER_POOL_RANKS_MAX = 3 };

/* Jobs at a time. */
struct worker_pool_rank {
    int n_max;        /* of the rank */
    int n_of_key_max; /* of those with the same key; any number of those without one */
};

struct worker_pool_settings {
    int n_threads;
    int n_open_max;   /* jobs that were added and not taken back */
    unsigned n_kinds; /* of jobs; each is taken back by itself. Up to WORKER_POOL_KINDS_MAX */
    unsigned n_ranks; /* up to WORKER_POOL_RANKS_MAX */
    struct worker_pool_rank ranks[WORKER_POOL_RANKS_MAX];
    void (*serve)(const void *context, void *job); /* by any thread, of several jobs at a time */
    void (*free_job)(void *job);
    void *context; /* from mem.h; the pool's from now on, freed with it */
};

struct worker_pool;

struct worker_pool_label {
    unsigned kind, rank;
    const char *key; /* NULL: none; lives as long as the job */
};

struct worker_pool *worker_pool_new(const struct worker_pool_settings *settings);
/* Waits for nobody: a job that is under way ends by itself, and the last thread frees the rest. */
void worker_pool_free(struct worker_pool *p);

/* The job is the pool's. False: too many are open, and it stays the caller's. */
bool worker_pool_add(struct worker_pool *p, const struct worker_pool_label *label, void *job);
/* One that is done, the caller's again; NULL: there is none. */
void *worker_pool_take(struct worker_pool *p, unsigned kind);

/* Readable once a job is done, until worker_pool_hush(). Take what is done after that. */
int worker_pool_descriptor(const struct worker_pool *p);
void worker_pool_hush(struct worker_pool *p);

#endif
