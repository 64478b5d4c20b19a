/*
 * Marks as JSON: the value of the record that one is, and what is said between whoever wants marks
 * written and the process that writes them, a line each (codec/log_look_json.h has the others).
 */
#ifndef REDWAL_CODEC_MARKS_JSON_H
#define REDWAL_CODEC_MARKS_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/marking.h"

/* The value of the record. False: no room. */
NODISCARD bool mark_record_encode(struct buf *out, const struct mark *mark, const char *site);

/* Each appends a line without its break. False: no room. */
NODISCARD bool marks_question_encode(struct buf *out, int64_t number, const char *topic,
                                     const struct mark_batch *batch);
NODISCARD bool marks_result_encode(struct buf *out, int64_t number,
                                   const struct mark_result *result);

/* Whether a line is such a question; one that is may still make no sense. */
bool marks_is_question(struct str line);
/* Texts and orders are in memory of the arena. ERR_CORRUPT: no such line. */
NODISCARD enum err_code marks_question_decode(struct str line, struct arena *arena,
                                              int64_t *ret_number, const char **ret_topic,
                                              struct mark_batch *ret, struct err *err);
NODISCARD enum err_code marks_result_decode(struct str line, int64_t *ret_number,
                                            struct mark_result *ret, struct err *err);

#endif
