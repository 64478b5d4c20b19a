/*
 * The status of a RedisRestore by the table of its fields. Private to lib/codec; see
 * codec/restore_resource.h.
 */
#ifndef REDWAL_CODEC_RESTORE_STATUS_JSON_H
#define REDWAL_CODEC_RESTORE_STATUS_JSON_H

#include <yyjson.h>

#include "base/err.h"
#include "core/restore_status.h"

/* Reads it into an initialised one. ERR_INVALID: "status.step: what is wrong". */
NODISCARD enum err_code restore_status_json_take(yyjson_val *object, struct restore_status *ret,
                                                 struct err *err);

/* `skips`: what follows a time or positions is never applied. `created_ms`: of the object. */
void restore_status_json_add(yyjson_mut_doc *doc, yyjson_mut_val *object,
                             const struct restore_status *s, bool skips, int64_t created_ms);

#endif
