#include "dlq_options.h"

#include <string.h>

#include "cli/option_table.h"
#include "core/reject.h"
#include "runtime/clock.h"

#define AT(field) offsetof(struct dlq_filter_options, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "reason", OPTION_TEXT, OPTION_FLAG, AT(reason), "CODE", NULL, 1, 64,   NULL, "Which letters", "Only those with this reason; docs/dead-letters.md has the codes" },
    { "key",    OPTION_TEXT, OPTION_FLAG, AT(key),    "GLOB", NULL, 1, 4096, NULL, "Which letters", "Only those whose message key matches, as Redis's KEYS does; and quarantined keys that do" },
    { "since",  OPTION_TEXT, OPTION_FLAG, AT(since),  "WHEN", NULL, 1, 64,   NULL, "Which letters", "Only those stored since: a time such as 2026-01-31T12:00Z, or how long ago, such as 10m" },
};
/* clang-format on */

const struct option_table dlq_filter_table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct dlq_filter_options),
};

/* clang-format off */
static const struct option_spec reading_specs[] = {
    { "max-record-bytes", OPTION_SIZE, OPTION_ANYWHERE, offsetof(struct dlq_reading_options, max_record_bytes), "SIZE", "1MiB", KIB, 256 * MIB, NULL, "Records", "The applier's bound: a larger record was rejected unread" },
};
/* clang-format on */

const struct option_table dlq_reading_table = {
    .specs = reading_specs,
    .n_specs = ARRAY_SIZE(reading_specs),
    .size = sizeof(struct dlq_reading_options),
};

static const struct letter_place nowhere = { -1, -1 };

const struct mail_filter dlq_no_letter = { .any_state = true, .places = &nowhere, .n_places = 1 };

static bool is_reason(const char *code)
{
    for (enum reject_reason i = REJECT_NONE + 1; i < REJECT_REASON_COUNT; i++)
        if (strcmp(code, reject_code(i)) == 0)
            return true;
    return false;
}

void dlq_check_filter(struct invocation *in)
{
    const struct dlq_filter_options *o = invocation_values(in, &dlq_filter_table);
    struct letter_place place;
    int64_t since_ms;

    if (o->reason && !is_reason(o->reason))
        option_set_problem(&in->set, "--reason: '%s' is no reason of docs/dead-letters.md",
                           o->reason);
    if (o->since && !scan_time_of(o->since, 0, &since_ms))
        option_set_problem(&in->set, "--since: '%s' is neither a time nor how long ago", o->since);
    for (size_t i = 0; i < in->n_words; i++)
        if (!letter_place_parse(str_from(in->words[i]), &place))
            option_set_problem(&in->set, "'%s' is no place in the log, such as 0:1234",
                               in->words[i]);
}

void dlq_filter_of(const struct invocation *in, struct letter_place *places,
                   struct mail_filter *ret)
{
    const struct dlq_filter_options *o = invocation_values(in, &dlq_filter_table);

    *ret = (struct mail_filter){ .reason = o->reason, .key = o->key, .state = LETTER_OPEN };
    if (o->since && !scan_time_of(o->since, clock_wall_ms(), &ret->since_ms))
        ret->since_ms = 0;
    for (size_t i = 0; i < in->n_words; i++)
        if (letter_place_parse(str_from(in->words[i]), &places[ret->n_places]))
            ret->n_places++;
    ret->places = in->n_words > 0 ? places : NULL;
}
