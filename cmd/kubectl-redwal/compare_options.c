#include "compare_options.h"

#include "base/address.h"

/* clang-format off */
#define SPEC(...) OPTION_SPEC_IN(struct compare_options, __VA_ARGS__)
/* clang-format on */
static const struct option_spec specs[] = { COMPARE_OPTIONS(SPEC) };

/* clang-format off */
#define FOLDING_SPEC(...) OPTION_SPEC_IN(struct folding_options, __VA_ARGS__)
/* clang-format on */
static const struct option_spec folding_specs[] = { FOLDING_OPTIONS(FOLDING_SPEC) };

/* clang-format off */
#define RECORDS_SPEC(...) OPTION_SPEC_IN(struct records_options, __VA_ARGS__)
/* clang-format on */
static const struct option_spec records_specs[] = { RECORDS_OPTIONS(RECORDS_SPEC) };

const struct option_table compare_table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct compare_options),
};

const struct option_table folding_table = {
    .specs = folding_specs,
    .n_specs = ARRAY_SIZE(folding_specs),
    .size = sizeof(struct folding_options),
};

const struct option_table records_table = {
    .specs = records_specs,
    .n_specs = ARRAY_SIZE(records_specs),
    .size = sizeof(struct records_options),
};

static bool parse_number(struct str text, int64_t *ret)
{
    return str_to_int64(text, ret) && *ret >= 0 && *ret < COMPARE_PARTITIONS_MAX;
}

/* "7" or "7-9" */
static bool parse_range(struct str text, int64_t *ret_first, int64_t *ret_last)
{
    size_t dash = 0;

    while (dash < text.n && text.p[dash] != '-')
        dash++;
    if (!parse_number((struct str){ text.p, dash }, ret_first))
        return false;
    *ret_last = *ret_first;
    if (dash == text.n)
        return true;
    return parse_number((struct str){ text.p + dash + 1, text.n - dash - 1 }, ret_last) &&
           *ret_last >= *ret_first;
}

bool compare_parse_partitions(const char *list, bool *ret, int32_t *ret_n)
{
    struct str rest = str_from(list), element;
    int64_t first, last;

    *ret_n = 0;
    for (int32_t i = 0; i < COMPARE_PARTITIONS_MAX; i++)
        ret[i] = false;
    while (address_list_next(&rest, &element)) {
        if (!parse_range(element, &first, &last))
            return false;
        for (int64_t i = first; i <= last; i++)
            ret[i] = true;
        if (last >= *ret_n)
            *ret_n = (int32_t)last + 1;
    }
    return true;
}

void compare_options_check(struct invocation *in)
{
    const struct compare_options *o = invocation_values(in, &compare_table);
    const struct records_options *records = invocation_values(in, &records_table);
    bool selected[COMPARE_PARTITIONS_MAX];
    int32_t n;

    if (o->partitions && !compare_parse_partitions(o->partitions, selected, &n))
        option_set_problem(&in->set, "--partitions: '%s' is not a list such as 0,3,7-9",
                           o->partitions);
    records_check(records, &in->set);
    if (o->sample > 0 && o->keys)
        option_set_problem(&in->set, "--sample, --keys: give one of them, not both");
}
