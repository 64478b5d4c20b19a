/*
 * Follows the Jobs of restores and their pods. They are found by RESTORE_JOB_LABEL and told apart
 * by name, so that one that was made twice is one.
 */
#ifndef REDWAL_RUNTIME_RESTORE_JOBS_H
#define REDWAL_RUNTIME_RESTORE_JOBS_H

#include "codec/restore_job_state.h"
#include "runtime/kube_client.h"
#include "runtime/log.h"

/* The pod of a Job that has ended may be told of later than the Job itself, by so much at most. */
enum { RESTORE_JOBS_POD_MS = 10 * 1000 };

struct restore_jobs;

/* `scope` is borrowed: all namespaces when it is empty. */
struct restore_jobs *restore_jobs_new(struct kube_client *client, struct str scope,
                                      struct log *log);
void restore_jobs_free(struct restore_jobs *j); /* NULL is fine */

/* Asks what is due. Call it after kube_client_step(), and when restore_jobs_due_ms() has come. */
void restore_jobs_step(struct restore_jobs *j, int64_t now_ms);
int64_t restore_jobs_due_ms(const struct restore_jobs *j);

/* `wall_ms`: now, for what has ended just before. */
void restore_jobs_look(const struct restore_jobs *j, struct str scope, const char *job,
                       const char *verb, int64_t wall_ms, struct restore_job_state *ret);
/* The first Job of the RedisRestore with that uid that runs and is not `wanted`, which may be "".
 * The view lives until the next step. */
bool restore_jobs_find_running(const struct restore_jobs *j, struct str scope, const char *uid,
                               const char *wanted, struct kube_object *ret);
/* The next Job that runs, from `*at` on, which is 0 at first. False: there is no more. */
bool restore_jobs_next_running(const struct restore_jobs *j, size_t *at, struct kube_object *ret);

#endif
