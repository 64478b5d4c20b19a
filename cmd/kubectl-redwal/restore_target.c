#include "restore_target.h"

#include <string.h>

#include "compare_options.h"
#include "core/token.h"
#include "scan.h"

static size_t parts_of(const char *text)
{
    size_t n = 1;

    for (; *text; text++)
        n += *text == ',';
    return n;
}

static const char *take_positions(const struct token *token, size_t n_given,
                                  struct restore_position *positions, struct restore_spec *ret)
{
    if (token->n < n_given)
        return "names a partition twice";
    if (token->n > RESTORE_PARTITIONS_MAX ||
        token->parts[token->n - 1].partition >= RESTORE_PARTITIONS_MAX)
        return "names more partitions than can be restored";
    for (size_t i = 0; i < token->n; i++)
        positions[i] =
            (struct restore_position){ token->parts[i].partition, token->parts[i].offset };
    ret->positions = (struct restore_positions){ positions, (int32_t)token->n };
    return NULL;
}

bool restore_target_parse(const char *text, int64_t now_ms, struct restore_position *positions,
                          struct restore_spec *ret, const char **why)
{
    CLEANUP(token_release) struct token token = { 0 };

    ret->time_ms = 0;
    ret->positions = (struct restore_positions){ 0 };
    *why = NULL;
    if (strcmp(text, "latest") == 0)
        return true;
    if (token_parse(&token, str_from(text)))
        *why = take_positions(&token, parts_of(text), positions, ret);
    else if (!scan_time_of(text, now_ms, &ret->time_ms))
        *why = "is neither latest, a time, how long ago, nor partition:offset,...";
    else if (ret->time_ms <= 0)
        *why = "is a time before 1970";
    else if (ret->time_ms > now_ms)
        *why = "is a time to come: what the log will hold until then is not known";
    return *why == NULL;
}

static const char *take_partitions(const char *list, int32_t *partitions, struct restore_spec *ret)
{
    bool selected[COMPARE_PARTITIONS_MAX];
    int32_t n;

    if (!compare_parse_partitions(list, selected, &n))
        return "--partitions: is not a list such as 0,3,7-9";
    if (n > RESTORE_PARTITIONS_MAX)
        return "--partitions: names more partitions than can be restored";
    ret->partitions.at = partitions;
    for (int32_t i = 0; i < n; i++)
        if (selected[i])
            partitions[ret->partitions.n++] = i;
    return ret->partitions.n > 0 ? NULL : "--partitions: names none";
}

bool restore_scope_parse(const char *keys, const char *list, int32_t *partitions,
                         struct restore_spec *ret, const char **why)
{
    *why = NULL;
    ret->keys = keys;
    ret->partitions = (struct restore_partitions){ 0 };
    if (keys && !wal_text_is(WAL_TEXT, str_from(keys)))
        *why =
            "--keys: has characters that are not printable ASCII; put ? in the place of each byte";
    else if (list)
        *why = take_partitions(list, partitions, ret);
    return *why == NULL;
}
