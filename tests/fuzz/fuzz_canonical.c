/*
 * Whatever a producer asks for, it is written whole or refused with a reason, and the same each
 * time. Input: a byte of switches, then words that end in line feeds: the command,
 * the key, the arguments.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "core/canonical.h"
#include "core/command_table.h"

enum { ARGS_MAX = 32, LIMIT_BYTES = 1 << 20, WITH_TTL = 1, WITHOUT_TIMESTAMP = 2, WITH_SKEW = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool next_word(struct str *rest, struct str *ret)
{
    const char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;

    if (!end)
        return false;
    *ret = (struct str){ rest->p, (size_t)(end - rest->p) };
    *rest = (struct str){ end + 1, rest->n - ret->n - 1 };
    return true;
}

static struct command_set everything(void)
{
    struct command_set set = { 0 };

    for (size_t i = 0; i < command_count(); i++)
        command_set_add(&set, command_at(i));
    return set;
}

/* Writes the operation's commands; none when it is refused. */
static void write_commands(const struct operation *op, struct record record, int64_t skew_ms,
                           struct buf *out)
{
    const struct command_set server = everything();
    const struct canonical_context context = { .server = &server, .clock_skew_ms = skew_ms };
    struct canonical canonical = { 0 };
    struct reject reject = { 0 };
    const bool accepted = canonical_append(&record, op, &context, out, &canonical, &reject);

    INVARIANT(accepted == (reject.reason == REJECT_NONE));
    INVARIANT(accepted == (out->n > 0));
    INVARIANT(!accepted || canonical.n_commands == 1 || canonical.n_commands == 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest, args[ARGS_MAX];
    struct operation op = { .args = args, .ttl_ms = OPERATION_TTL_NONE };
    struct record record = { .offset = 42, .timestamp_ms = 1000000 };
    struct buf out, again;

    if (size == 0)
        return 0;
    rest = (struct str){ (const char *)data + 1, size - 1 };
    if (!next_word(&rest, &op.command) || !next_word(&rest, &op.key))
        return 0;
    while (op.n_args < ARGS_MAX && next_word(&rest, &args[op.n_args]))
        op.n_args++;
    if (data[0] & WITH_TTL)
        op.ttl_ms = 60000;
    if (data[0] & WITHOUT_TIMESTAMP)
        record.timestamp_ms = -1;

    buf_init(&out, LIMIT_BYTES);
    buf_init(&again, LIMIT_BYTES);
    write_commands(&op, record, data[0] & WITH_SKEW ? 1234 : 0, &out);
    write_commands(&op, record, data[0] & WITH_SKEW ? 1234 : 0, &again);
    INVARIANT(str_eq(buf_str(&out), buf_str(&again)));
    buf_release(&out);
    buf_release(&again);
    return 0;
}
