/*
 * What a record must hold to in whatever format it is written. Each rule is true, or false with
 * `ret_reject` set; the order of the rules is in docs/record-format.md.
 */
#ifndef REDWAL_CODEC_RECORD_RULES_H
#define REDWAL_CODEC_RECORD_RULES_H

#include "core/record.h"
#include "core/reject.h"

/* There is a value. */
bool record_rules_value(const struct record *record, struct reject *ret_reject);
bool record_rules_command(struct str command, struct reject *ret_reject);
/* The key is in the record, or in the value (`named`, NULL when absent), or the same in both. */
bool record_rules_key(const struct record *record, const struct str *named, struct str *ret,
                      struct reject *ret_reject);

#endif
