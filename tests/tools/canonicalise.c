/*
 * Says what becomes of records: reads values, one a line, and answers each with "+<bytes>", a line
 * feed and that many bytes of RESP, or with "-<reason>". The record's own key is null, its
 * timestamp is now (argument 1, in milliseconds), its offset the number of the line. The text of
 * argument 2 is registered as the script "test", unless it is empty. With "log" as argument 3 it is
 * written in log time, with the sweep that comes in front.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "codec/record_json.h"
#include "core/canonical_envelope.h"

enum { LINE_MAX_BYTES = 1 << 16, LIMIT_BYTES = 1 << 20 };

static void answer(struct record_json *decoder, const struct record *record,
                   const struct canonical_context *context)
{
    struct envelope_keys keys;
    struct canonical canonical;
    struct envelope envelope;
    struct reject reject;
    struct buf out;

    buf_init(&out, LIMIT_BYTES);
    if (record_json_decode(decoder, record, &envelope, &reject) &&
        (context->log_time.now_ms == LOG_TIME_OFF ||
         log_time_append_sweep(&out, context->log_time.index, context->log_time.now_ms, 100)) &&
        canonical_envelope_append(record, &envelope, context, &out, &keys, &canonical, &reject)) {
        printf("+%zu\n", out.n);
        fwrite(out.p, 1, out.n, stdout);
    } else {
        printf("-%s: %s\n", reject_code(reject.reason), reject.detail);
    }
    buf_release(&out);
}

/* Composes the text, whose memory is `body`. */
static void register_script(struct script *script, const char *text, struct buf *body)
{
    snprintf(script->name, sizeof(script->name), "test");
    if (!script_compose(str_from(text), body))
        UNREACHABLE("a script of an argument's size");
    script->body = buf_str(body);
}

int main(int argc, char **argv)
{
    CLEANUP(buf_release) struct buf body = { 0 };
    static char line[LINE_MAX_BYTES];
    struct script script = { 0 };
    const struct script_set scripts = { &script, argc > 2 && argv[2][0] };
    struct record record = { .has_value = true };
    struct command_set server = { 0 };
    struct canonical_context context = { .server = &server, .scripts = &scripts };
    char index[LOG_TIME_INDEX_MAX];
    struct record_json *decoder;

    if (argc < 2 || argc > 4 || !str_to_int64(str_from(argv[1]), &record.timestamp_ms)) {
        fputs("usage: canonicalise TIMESTAMP_MS [SCRIPT [log]] <records\n", stderr);
        return 2;
    }
    buf_init(&body, LIMIT_BYTES);
    if (scripts.n > 0)
        register_script(&script, argv[2], &body);
    if (argc == 4)
        context.log_time =
            (struct log_time){ record.timestamp_ms, log_time_index(index, STR_LITERAL("w"), 0) };
    for (size_t i = 0; i < command_count(); i++)
        command_set_add(&server, command_at(i));
    decoder = record_json_new();
    for (; fgets(line, sizeof(line), stdin); record.offset++) {
        record.value = (struct str){ line, strcspn(line, "\n") };
        answer(decoder, &record, &context);
    }
    record_json_free(decoder);
    return EXIT_SUCCESS;
}
