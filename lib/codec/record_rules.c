#include "codec/record_rules.h"

bool record_rules_value(const struct record *record, struct reject *ret_reject)
{
    return (record->has_value && record->value.n > 0) ||
           reject_set(ret_reject, REJECT_EMPTY, "%s", record->has_value ? "empty" : "null");
}

bool record_rules_text(const char *name, struct str text, struct reject *ret_reject)
{
    return str_is_utf8(text) || reject_set(ret_reject, REJECT_BAD_FIELD, "%s: not UTF-8", name);
}

bool record_rules_command(struct str command, struct reject *ret_reject)
{
    return command.n > 0 || reject_set(ret_reject, REJECT_BAD_FIELD, "command: missing or empty");
}

bool record_rules_ttl(const char *name, int64_t ttl, struct reject *ret_reject)
{
    return ttl > 0 || reject_set(ret_reject, REJECT_BAD_FIELD, "%s: not a positive integer", name);
}

bool record_rules_key(const struct record *record, const struct str *named, bool alone,
                      struct str *ret, struct reject *ret_reject)
{
    if (!named && !record->has_key)
        return reject_set(ret_reject, REJECT_NO_KEY, "no key in the value or the record");
    if (named && alone && record->has_key && !str_eq(*named, record->key))
        return reject_set(ret_reject, REJECT_KEY_MISMATCH, "the value's key is not the record's");
    *ret = named ? *named : record->key;
    return true;
}
