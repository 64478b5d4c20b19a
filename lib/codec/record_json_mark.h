/*
 * The field `mark` of a record in JSON. Private to lib/codec.
 */
#ifndef REDWAL_CODEC_RECORD_JSON_MARK_H
#define REDWAL_CODEC_RECORD_JSON_MARK_H

#include <yyjson.h>

#include "core/record.h"
#include "core/reject.h"

/* Whoever writes marks may say more in one than is known here. False: *ret_reject says why. */
bool record_json_mark(yyjson_val *object, const struct record *record, struct mark *ret,
                      struct reject *ret_reject);

#endif
