/* `wait`: until what somebody wrote can be read. */
#include "call.h"
#include "cli/context.h"
#include "cli/option_table.h"
#include "rediswal.h"
#include "tree.h"
#include "visible.h"

struct wait_options {
    int64_t timeout_ms;
};

static const struct option_spec specs[] = {
    { "timeout", OPTION_DURATION, OPTION_FLAG, offsetof(struct wait_options, timeout_ms),
      "DURATION", "30s", 1, 24 * HOUR, NULL, "Waiting", "Give up after this long; exit status 4" },
};

static const struct option_table table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct wait_options),
};

static bool read_token(const struct invocation *in, struct token *ret)
{
    for (size_t i = 0; i < in->n_words; i++)
        if (!token_parse(ret, str_from(in->words[i])))
            return false;
    return true;
}

static void check(struct invocation *in)
{
    CLEANUP(token_release) struct token token = { 0 };

    context_check_connection(in, CONNECTION_REDIS);
    if (in->n_words > 0 && !read_token(in, &token))
        option_set_problem(&in->set, "TOKEN: is not partition:offset,...; `put` prints tokens");
}

static enum exit_status run(struct invocation *in)
{
    CLEANUP(token_release) struct token token = { 0 };
    const struct wait_options *o = invocation_values(in, &table);

    if (!read_token(in, &token))
        UNREACHABLE("it was checked");
    return visible_await(in, &token, o->timeout_ms);
}

static const struct verb_word words[] = {
    { .name = "TOKEN", .help = "What `put` printed: partition:offset,...", .many = true },
};

static const struct option_table *const tables[] = {
    &table, &context_table, &connection_table, &rediswal_table, NULL,
};

const struct verb verb_wait = {
    .name = "wait",
    .summary = "Wait until records are in Redis, so that they can be read there",
    .help =
        "Asks Redis for its position until that is behind every record of the tokens: whoever\n"
        "reads the same Redis from then on reads what was written. A replica may still be\n"
        "behind its primary. A token belongs to one log; after the topic was made anew it means\n"
        "nothing.\n",
    .examples = "kubectl-redwal wait 0:1234\n"
                "kubectl-redwal wait --timeout 5s 0:1234,2:77\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = tables,
    .check = check,
    .run = run,
};
