#include "core/log_header.h"

#include <stdbool.h>
#include <string.h>

#include "base/base64.h"
#include "base/check.h"
#include "core/letters.h"
#include "core/reject.h"

/* https://www.w3.org/TR/trace-context/#traceparent-header: "00-", trace, parent and flags */
enum { TRACEPARENT_LENGTH = 55, TRACEPARENT_ENCODED_MAX = 76 };

static bool is_number(struct str value)
{
    int64_t number;

    return str_to_int64(value, &number);
}

static bool is_reason(struct str value)
{
    for (enum reject_reason i = REJECT_NONE + 1; i < REJECT_REASON_COUNT; i++)
        if (str_eq(value, str_from(reject_code(i))))
            return true;
    return false;
}

static bool is_resolution(struct str value)
{
    enum letter_state state;

    return letter_state_from(value, &state);
}

static bool is_traceparent(struct str value)
{
    static const char dashes[] = { 2, 35, 52 };

    for (size_t i = 0; value.n == TRACEPARENT_LENGTH && i < ARRAY_SIZE(dashes); i++)
        if (value.p[(size_t)dashes[i]] != '-')
            return false;
    return value.n == TRACEPARENT_LENGTH;
}

static bool is_no_base64_of_traceparent(struct str value)
{
    char text[TRACEPARENT_ENCODED_MAX];
    size_t n;

    return value.n > TRACEPARENT_ENCODED_MAX || !base64_decode(value, text, &n) ||
           !is_traceparent((struct str){ text, n });
}

static const struct {
    const char *name;
    bool (*is_intact)(struct str value);
} forms[] = {
    { "redwal-source-partition", is_number }, { "redwal-source-offset", is_number },
    { "redwal-source-timestamp", is_number }, { "redwal-reason", is_reason },
    { "redwal-resolution", is_resolution },   { "traceparent", is_no_base64_of_traceparent },
};

enum log_header_form log_header_form(const struct log_header *header)
{
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
        if (strcmp(header->name, forms[i].name) == 0)
            return forms[i].is_intact(header->value) ? LOG_HEADER_INTACT : LOG_HEADER_REWRITTEN;
    return LOG_HEADER_OTHER;
}
