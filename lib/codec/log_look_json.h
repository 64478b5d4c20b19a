/*
 * What is said between whoever wants looks at logs and the process that asks the brokers for him:
 * a JSON text a line. The first one says how to reach the brokers, each further one which log to
 * look at; each of these gets one look back, in any order, with the number of its question.
 */
#ifndef REDWAL_CODEC_LOG_LOOK_JSON_H
#define REDWAL_CODEC_LOG_LOOK_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/look.h"

/* Of any line, certificates and all partitions included. */
enum { LOG_LOOK_LINE_MAX = 1024 * 1024 };

/* Each appends a line without its break. False: no room. */
NODISCARD bool log_access_encode(struct buf *out, const struct log_place *place);
NODISCARD bool log_question_encode(struct buf *out, int64_t number, const struct log_place *place);
NODISCARD bool log_look_encode(struct buf *out, int64_t number, const struct log_look *look);

/* Sets the texts of *ret that the line has, in memory of the arena. ERR_CORRUPT: no such line. A
 * number that is not there is 0. */
NODISCARD enum err_code log_access_decode(struct str line, struct arena *arena,
                                          struct log_place *ret, struct err *err);
NODISCARD enum err_code log_question_decode(struct str line, struct arena *arena,
                                            int64_t *ret_number, struct log_place *ret,
                                            struct err *err);
/* `ret` is initialised or released before; its times are left to the caller. */
NODISCARD enum err_code log_look_decode(struct str line, int64_t *ret_number, struct log_look *ret,
                                        struct err *err);

#endif
