/*
 * What is said between whoever restores and the process that asks the brokers for him, a line each
 * (codec/log_look_json.h has the others).
 */
#ifndef REDWAL_CODEC_RESTORE_LOG_JSON_H
#define REDWAL_CODEC_RESTORE_LOG_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/restore.h"

/* Each appends a line without its break. False: no room. */
NODISCARD bool restore_question_encode(struct buf *out, int64_t number, const char *topic,
                                       const char *group, const struct restore_log_order *order);
NODISCARD bool restore_result_encode(struct buf *out, int64_t number,
                                     const struct restore_log_result *result);

/* Whether a line is such a one; one that is may still make no sense. */
bool restore_is_question(struct str line);
bool restore_is_result(struct str line);

struct restore_question {
    int64_t number;
    const char *topic, *group;
    struct restore_log_order order;
};

/* All that *ret points to is in memory of the arena. ERR_CORRUPT: no such line. */
NODISCARD enum err_code restore_question_decode(struct str line, struct arena *arena,
                                                struct restore_question *ret, struct err *err);
/* The plan is the caller's to release. */
NODISCARD enum err_code restore_result_decode(struct str line, int64_t *ret_number,
                                              struct restore_log_result *ret, struct err *err);

#endif
