/*
 * A Job of a restore: a verb of kubectl-redwal with the options of the RedisWal's appliers, beside
 * a redis-server in a native sidecar that it folds the log into. What came of it:
 * codec/restore_job_state.h.
 */
#ifndef REDWAL_CODEC_RESTORE_JOB_H
#define REDWAL_CODEC_RESTORE_JOB_H

#include "codec/wal_children.h"

enum {
    RESTORE_JOB_NAME_MAX = 63,
    RESTORE_JOB_TRIES_MAX = 3, /* a peer that was away may be back */
};

/* By which Jobs of restores, and their pods, are found; its value is the RedisRestore's name. */
#define RESTORE_JOB_LABEL "redwal.dev/restore"

struct restore_job {
    const char *verb;             /* "verify": its container, and part of its name, too */
    int64_t run;                  /* which of the restore's Jobs of that verb */
    const char *restore, *uid;    /* the RedisRestore, which owns it */
    const char *const *arguments; /* of the verb; NULL ends them */
    const char *final;            /* "2,3,5": exit statuses (cli/exit_status.h) not to try after */
    const char *image;            /* of kubectl-redwal */
    const char *redis_image;      /* with a redis-server, of the WAL's version at best */
    int64_t lasts_max_s;          /* all tries together */
};

extern const struct kube_resource restore_job_resource;

void restore_job_name(const char *verb, const char *uid, int64_t run,
                      char ret[RESTORE_JOB_NAME_MAX + 1]);
/* Whether a Job of that name is the RedisRestore's with that uid. */
bool restore_job_is_of(struct str name, const char *uid);

/* Writes the Job, to be created by WAL_MANAGER. False: no room. */
NODISCARD bool restore_job_write(const struct restore_job *job, const struct wal_resource *wal,
                                 struct wal_options options, const struct wal_surroundings *around,
                                 struct buf *out);

#endif
