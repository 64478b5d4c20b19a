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
/* A field that is text is UTF-8; for formats that do not see to it themselves. */
bool record_rules_text(const char *name, struct str text, struct reject *ret_reject);
bool record_rules_command(struct str command, struct reject *ret_reject);
/* A ttl that is there is above zero. */
bool record_rules_ttl(const char *name, int64_t ttl, struct reject *ret_reject);
/* The key is in the record, or in the value (`named`, NULL when absent); `alone`: the record's only
 * key, so that one in both must be the same. */
bool record_rules_key(const struct record *record, const struct str *named, bool alone,
                      struct str *ret, struct reject *ret_reject);

#endif
