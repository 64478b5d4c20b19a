/*
 * Whatever operations a producer puts together, they are written whole or refused with a reason,
 * and the same each time. Input: a byte of switches, then words that end in line feeds: the
 * command, the key, the arguments of each operation, and an empty word behind it. As a script, the
 * first word is its name and the others up to an empty one are its keys.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "core/canonical_envelope.h"
#include "core/command_table.h"

enum {
    WORDS_MAX = 256,
    OPERATIONS_MAX = 32,
    LIMIT_BYTES = 1 << 20,
    AS_SCRIPT = 1,
    WITH_TTL = 2,
    WITHOUT_TIMESTAMP = 4,
    WITH_KEY = 8,
    WITH_PARTITIONS = 16,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    struct str words[WORDS_MAX];
    size_t n_words;
    struct operation operations[OPERATIONS_MAX];
    struct envelope envelope;
    struct record record;
};

static bool next_word(struct str *rest, struct str *ret)
{
    const char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;

    if (!end)
        return false;
    *ret = (struct str){ rest->p, (size_t)(end - rest->p) };
    *rest = (struct str){ end + 1, rest->n - ret->n - 1 };
    return true;
}

/* Words up to an empty one; how many. */
static size_t take_words(struct input *in, struct str *rest, const struct str **ret)
{
    const size_t first = in->n_words;

    *ret = in->words + first;
    while (in->n_words < WORDS_MAX && next_word(rest, &in->words[in->n_words]) &&
           in->words[in->n_words].n > 0)
        in->n_words++;
    return in->n_words - first;
}

static void take_operations(struct input *in, struct str rest, bool with_ttl)
{
    const struct str *words;
    size_t n;

    while (in->envelope.n_operations < OPERATIONS_MAX && (n = take_words(in, &rest, &words)) >= 2)
        in->operations[in->envelope.n_operations++] =
            (struct operation){ .command = words[0],
                                .key = words[1],
                                .args = words + 2,
                                .n_args = n - 2,
                                .ttl_ms = with_ttl ? 60000 : OPERATION_TTL_NONE };
    in->envelope.kind = ENVELOPE_ATOMIC;
    in->envelope.operations = in->operations;
}

static void take_script(struct input *in, struct str rest)
{
    struct script_call *call = &in->envelope.script;

    in->envelope.kind = ENVELOPE_SCRIPT;
    if (!next_word(&rest, &call->name))
        return;
    call->n_keys = take_words(in, &rest, &call->keys);
    call->n_args = take_words(in, &rest, &call->args);
}

static void write_commands(const struct input *in, bool with_partitions, struct buf *out)
{
    static const struct script script = { .name = "s", .sha = "00", .body = { "return", 6 } };
    static const struct script_set scripts = { &script, 1 };
    struct canonical_context context = { .scripts = &scripts,
                                         .n_partitions = with_partitions ? 3 : 0 };
    struct command_set server = { 0 };
    struct canonical canonical = { 0 };
    struct envelope_keys keys;
    struct reject reject = { 0 };
    bool accepted;

    for (size_t i = 0; i < command_count(); i++)
        command_set_add(&server, command_at(i));
    context.server = &server;
    accepted = canonical_envelope_append(&in->record, &in->envelope, &context, out, &keys,
                                         &canonical, &reject);
    INVARIANT(accepted == (reject.reason == REJECT_NONE));
    INVARIANT(accepted == (out->n > 0));
    INVARIANT(!accepted || (keys.n > 0 && keys.n <= ENVELOPE_KEYS_MAX));
    INVARIANT(!accepted || canonical.n_commands == 1 || canonical.failure == FAILS_NEVER);
    INVARIANT(!accepted || canonical.n_commands <= 2 * in->envelope.n_operations + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { .record = { .offset = 42, .timestamp_ms = 1000000 } };
    struct str rest;
    struct buf out, again;

    if (size == 0)
        return 0;
    rest = (struct str){ (const char *)data + 1, size - 1 };
    if (data[0] & AS_SCRIPT)
        take_script(&in, rest);
    else
        take_operations(&in, rest, data[0] & WITH_TTL);
    if (data[0] & WITHOUT_TIMESTAMP)
        in.record.timestamp_ms = -1;
    in.record.has_key = data[0] & WITH_KEY;
    in.record.key = STR_LITERAL("k");

    buf_init(&out, LIMIT_BYTES);
    buf_init(&again, LIMIT_BYTES);
    write_commands(&in, data[0] & WITH_PARTITIONS, &out);
    write_commands(&in, data[0] & WITH_PARTITIONS, &again);
    INVARIANT(str_eq(buf_str(&out), buf_str(&again)));
    buf_release(&out);
    buf_release(&again);
    return 0;
}
