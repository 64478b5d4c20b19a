#include "judge.h"

#include <stdlib.h>

#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/prepare.h"

enum { COMMANDS_OVERHEAD = 64 * 1024, COMMANDS_FACTOR = 8 };

struct judge {
    struct decoder *decoder;
    struct prepare *prepare;
    struct command_set every_command;
    const struct script_set *scripts;
    struct buf commands;
};

struct judge *judge_new(size_t max_record_bytes, const struct script_set *scripts,
                        struct decoder *decoder)
{
    struct judge *j = mem_new(1, sizeof(*j));

    j->scripts = scripts;
    j->decoder = decoder;
    j->prepare = prepare_new(max_record_bytes, decoder_format(decoder), decoder_schemas(decoder));
    for (size_t i = 0; i < command_count(); i++)
        command_set_add(&j->every_command, command_at(i));
    /* An argument of one byte takes eight in the form that Redis reads. */
    buf_init(&j->commands, COMMANDS_FACTOR * max_record_bytes + COMMANDS_OVERHEAD);
    return j;
}

void judge_free(struct judge *j)
{
    if (!j)
        return;
    prepare_free(j->prepare);
    buf_release(&j->commands);
    free(j);
}

enum err_code judge_record(struct judge *j, const struct record *record, struct prepared *ret,
                           struct str *ret_commands, struct err *err)
{
    const struct canonical_context context = { .server = &j->every_command, .scripts = j->scripts };
    const struct wal_record wal_record = { .record = *record };

    buf_clear(&j->commands);
    while (!prepare_record(j->prepare, &wal_record, &context, clock_monotonic_ms(), &j->commands,
                           ret)) {
        const enum err_code rc = decoder_await(j->decoder, record, err);

        if (rc != ERR_OK)
            return rc;
    }
    if (ret_commands)
        *ret_commands = buf_str(&j->commands);
    return ERR_OK;
}

enum err_code judge_value(struct judge *j, struct str value, struct str *ret_key, struct err *err)
{
    const struct record record = { .timestamp_ms = clock_wall_ms(),
                                   .has_value = true,
                                   .value = value };
    struct prepared prepared;
    enum err_code rc = judge_record(j, &record, &prepared, NULL, err);

    if (rc != ERR_OK)
        return rc;
    if (prepared.reject)
        return err_set(err, ERR_INVALID, "%s: %s: %s%s", reject_code(prepared.reject->reason),
                       reject_text(prepared.reject->reason), prepared.reject->detail,
                       !j->scripts && prepared.reject->reason == REJECT_UNKNOWN_SCRIPT
                           ? " (give --scripts, as the applier has it)"
                           : "");
    *ret_key = prepared.keys[0];
    return ERR_OK;
}
