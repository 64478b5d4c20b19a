/*
 * What came of a Job of a restore (codec/restore_job.h), as it and its pods say.
 */
#ifndef REDWAL_CODEC_RESTORE_JOB_STATE_H
#define REDWAL_CODEC_RESTORE_JOB_STATE_H

#include "base/truth.h"
#include "codec/kube_json.h"
#include "core/look.h"
#include "core/repair.h"

enum restore_job_phase {
    RESTORE_JOB_UNSEEN, /* what Jobs there are is not known yet */
    RESTORE_JOB_NONE,
    RESTORE_JOB_RUNNING,
    RESTORE_JOB_ENDED,
};

/* What is not known is LOOK_UNKNOWN. */
struct restore_job_state {
    enum restore_job_phase phase;
    enum truth good; /* of one that has ended: by exit status 0 or 3; unknown: by none of them */
    int64_t began_ms, ended_ms; /* by the wall clock of the API server */
    /* Keys, of the summary of the last try; `repaired` are those of all tries, and `left` has also
     * those whose records are in vain, by the last one that knows. */
    int64_t compared, different, left, repaired;
    int64_t last_left; /* without any such */
    /* Of a repair; what is done by all tries, what is in vain by the last one that knows, others by
     * the last one, also where it failed. */
    int64_t outcomes[REPAIR_OUTCOME_COUNT];
    int64_t in_vain_ms[REPAIR_OUTCOME_COUNT]; /* when the one ended that knows */
    int64_t told_ms;                          /* when that try ended */
    char why[LOOK_WHY_MAX + 1];               /* it is not good, or does not begin */
    size_t n_why;                             /* of it, by the Job itself */
    bool is_complete;                         /* as the Job says */
    bool is_told; /* the pod whose end it tells of was seen; figures may come later otherwise */
};

/* All that is read of each, beside its name. */
enum { RESTORE_JOB_FIELDS = 2, RESTORE_JOB_POD_FIELDS = 4 };
extern const struct kube_field restore_job_fields[RESTORE_JOB_FIELDS];
extern const struct kube_field restore_job_pod_fields[RESTORE_JOB_POD_FIELDS];

void restore_job_state_init(struct restore_job_state *s);

/* Replaces `s` by what the Job says. */
void restore_job_read(struct str json, struct restore_job_state *s);
/* Adds what one of its pods says: figures, and why. Others' pods are passed over. */
void restore_job_read_pod(struct str json, const char *job, const char *verb,
                          struct restore_job_state *s);

#endif
