/*
 * What must hold for every row of the command table, whatever a producer writes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/canonical.h"
#include "core/command_table.h"
#include "random_operation.h"
#include "resp_words.h"

enum {
    TRIES_PER_ROW = 3000,
    WORDS_MAX = 64,
    LIMIT_BYTES = 1 << 16,
    SCRIPT_WORDS = 5, /* EVAL, the script, 1, the key, the deadline */
};

/* A command's words as the operation a producer would write: the key is taken out. */
static struct operation operation_of(struct str *words, size_t n)
{
    const struct command *c = command_find(words[0]);
    size_t key = 1;
    struct operation op = { .command = words[0], .ttl_ms = OPERATION_TTL_NONE };

    assert_non_null(c);
    if (c->rewrite == REWRITE_SUBCOMMAND || c->keys == COMMAND_KEYS_AFTER_WORD ||
        c->keys == COMMAND_KEYS_COUNTED || c->keys == COMMAND_KEYS_COUNTED_PAIRS)
        key = 2;
    op.key = words[key];
    for (size_t i = key; i > 1; i--)
        words[i] = words[i - 1];
    op.args = words + 2;
    op.n_args = n - 2;
    return op;
}

/* Another record, at another time and place, must give the very same: nothing that was written
 * counts from a clock or asks for an id, and nothing is left to rewrite. */
static void check_is_canonical(const struct canonical_context *context, struct str command,
                               struct str *words, size_t n)
{
    const struct record later = { .offset = 99, .timestamp_ms = 77777777 };
    const struct operation op = operation_of(words, n);
    struct canonical canonical;
    struct reject reject = { 0 };
    struct buf again;

    buf_init(&again, LIMIT_BYTES);
    if (!canonical_append(&later, &op, context, &again, &canonical, &reject))
        fail_msg("%.*s\nis refused when it comes back: %s, %s", STR_ARGS(command),
                 reject_code(reject.reason), reject.detail);
    if (!str_eq(buf_str(&again), command))
        fail_msg("%.*s\nis written otherwise when it comes back:\n%.*s", STR_ARGS(command),
                 STR_ARGS(buf_str(&again)));
    buf_release(&again);
}

static void check_commands(const struct canonical_context *context, const struct buf *out,
                           const struct canonical *canonical)
{
    struct str rest = buf_str(out);
    uint32_t n_commands = 0;

    for (; rest.n > 0; n_commands++) {
        struct str command = { rest.p, 0 }, words[WORDS_MAX];
        const size_t n = resp_words(&rest, words, WORDS_MAX);

        assert_true(n >= 2);
        command.n = (size_t)(rest.p - command.p);
        if (!str_eq(words[0], STR_LITERAL("EVAL")))
            check_is_canonical(context, command, words, n);
        else
            assert_true(n > SCRIPT_WORDS && str_eq(words[3], STR_LITERAL("k")));
    }
    assert_int_equal(n_commands, canonical->n_commands);
}

/* Returns whether the operation was accepted. */
static bool check_operation(const struct operation *op, const struct canonical_context *context)
{
    const struct record record = { .offset = 42, .timestamp_ms = 1000000 };
    struct canonical canonical;
    struct reject reject = { 0 };
    struct buf out;
    bool accepted;

    buf_init(&out, LIMIT_BYTES);
    accepted = canonical_append(&record, op, context, &out, &canonical, &reject);
    if (accepted) {
        check_commands(context, &out, &canonical);
    } else {
        assert_int_equal(out.n, 0);
        assert_int_not_equal(reject.reason, REJECT_NONE);
    }
    buf_release(&out);
    return accepted;
}

static void what_is_written_needs_no_rewriting_and_no_clock(void **state)
{
    const struct command_set server = random_operation_server();
    const struct canonical_context context = { .server = &server };
    struct prng prng = { .state = 1 };
    (void)state;

    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_at(i);
        struct str args[RANDOM_ARGS_MAX];
        unsigned accepted = 0;

        for (unsigned k = 0; k < TRIES_PER_ROW; k++) {
            const struct operation op = random_operation(&prng, c, args);

            accepted += check_operation(&op, &context);
        }
        if ((accepted > 0) != (c->refusal == REJECT_NONE && c->rewrite != REWRITE_SUBCOMMAND))
            fail_msg("%s: %u operations are accepted", command_name(c), accepted);
    }
}

static void what_the_table_refuses_is_refused_by_its_reason(void **state)
{
    const struct command_set server = random_operation_server();
    const struct canonical_context context = { .server = &server };
    const struct record record = { .timestamp_ms = 1000000 };
    (void)state;

    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_at(i);
        const struct operation op = { .command = c->name,
                                      .key = STR_LITERAL("k"),
                                      .ttl_ms = OPERATION_TTL_NONE };
        struct canonical canonical;
        struct reject reject = { 0 };
        struct buf out;

        if (c->refusal == REJECT_NONE)
            continue;
        buf_init(&out, LIMIT_BYTES);
        assert_false(canonical_append(&record, &op, &context, &out, &canonical, &reject));
        if (reject.reason != c->refusal)
            fail_msg("%s: %s", command_name(c), reject_code(reject.reason));
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_needs_no_rewriting_and_no_clock),
        cmocka_unit_test(what_the_table_refuses_is_refused_by_its_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
