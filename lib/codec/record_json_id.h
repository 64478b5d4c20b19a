/*
 * The same JSON value with another idempotency key, for writing a record again.
 */
#ifndef REDWAL_CODEC_RECORD_JSON_ID_H
#define REDWAL_CODEC_RECORD_JSON_ID_H

#include "base/buf.h"
#include "base/str.h"

/* `value` is one JSON object; `id` is UTF-8. False, and nothing appended: it is no object, or does
 * not fit. What else is in it stays as it is, numbers included. */
NODISCARD bool record_json_with_id(struct str value, struct str id, struct buf *out);

#endif
