/*
 * The status of a RedisWal as the Kubernetes API has it, and what an earlier one said.
 */
#ifndef REDWAL_CODEC_WAL_STATUS_JSON_H
#define REDWAL_CODEC_WAL_STATUS_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "core/mirror_lag.h"
#include "core/wal_status.h"

enum { WAL_MIRROR_TOLD_MAX = 64 /* partitions: a status is no table */ };

/* What it says of the mirror. */
struct wal_mirror_figures {
    const struct mirror *facts; /* NULL: there is none */
    const struct mirror_lag *lag;
    struct str connector;
    int64_t generation; /* of the specification that it was last looked at under; 0: none yet */
    struct str trouble; /* of an order, or of what its connector has stored */
    int64_t age_ms;     /* of the last mark that came through; as `freshness_ms` */
};

/* What the status says beside conditions and what was observed. Texts that are empty are left out.
 */
struct wal_status_figures {
    int64_t generation; /* of the specification that was judged */
    struct str role;
    struct str pod;       /* of the primary */
    struct str selector;  /* labels of the applier's pods, as a query */
    int64_t replicas;     /* pods of the applier that are there; LOOK_UNKNOWN */
    int64_t freshness_ms; /* LOOK_UNKNOWN; told in steps of this many milliseconds: */
    int64_t freshness_step_ms;
    int64_t now_ms;
    struct wal_mirror_figures mirror;
};

/* Appends the object below "status". Figures that are unknown are left out. False: no room. */
NODISCARD bool wal_status_encode(struct buf *out, const struct wal_status *status,
                                 const struct observed *facts,
                                 const struct wal_status_figures *figures);

/* Reads phase and conditions of such an object; what it does not know of them is left out, so that
 * an object of another version is no error. ERR_CORRUPT: no JSON. */
NODISCARD enum err_code wal_status_decode(struct str json, struct wal_status *ret, struct err *err);

/* The run id of the primary that such an object tells of, and since when it is one; LOOK_UNKNOWN
 * when it tells of none, and `ret_run_id` is left alone. */
int64_t wal_status_primary(struct str json, char ret_run_id[RUN_ID_MAX + 1]);

#endif
