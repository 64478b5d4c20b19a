/*
 * The value of a record, from what it asks for: what record_json.h reads.
 */
#ifndef REDWAL_CODEC_RECORD_JSON_PRINT_H
#define REDWAL_CODEC_RECORD_JSON_PRINT_H

#include "base/buf.h"
#include "core/record.h"

/* Appends it as version 1. False, and nothing appended, when it does not fit the buffer. */
NODISCARD bool record_json_print(const struct envelope *envelope, struct buf *out);

#endif
