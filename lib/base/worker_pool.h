/*
 * Jobs that may block, done by threads for one owner that never waits. The owner adds a job, sees
 * by a descriptor that some are done, and takes them back.
 */
#ifndef REDWAL_BASE_WORKER_POOL_H
#define REDWAL_BASE_WORKER_POOL_H

#include <stdbool.h>

struct worker_pool_settings {
    int n_threads;
    int n_open_max;   /* jobs that were added and not taken back */
    unsigned n_kinds; /* of jobs; each is taken back by itself. Up to WORKER_POOL_KINDS_MAX */
    void (*serve)(const void *context, void *job); /* by any thread, of several jobs at a time */
    void (*free_job)(void *job);
    void *context; /* from mem.h; the pool's from now on, freed with it */
};

enum { WORKER_POOL_KINDS_MAX = 4 };

struct worker_pool;

struct worker_pool *worker_pool_new(const struct worker_pool_settings *settings);
/* Waits for nobody: a job that is under way ends by itself, and the last thread frees the rest. */
void worker_pool_free(struct worker_pool *p);

/* The job is the pool's. False: too many are open, and it stays the caller's. */
bool worker_pool_add(struct worker_pool *p, unsigned kind, void *job);
/* One that is done, the caller's again; NULL: there is none. */
void *worker_pool_take(struct worker_pool *p, unsigned kind);

/* Readable once a job is done, until worker_pool_hush(). Take what is done after that. */
int worker_pool_descriptor(const struct worker_pool *p);
void worker_pool_hush(struct worker_pool *p);

#endif
