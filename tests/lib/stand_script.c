#include "stand_script.h"

#include <stdlib.h>

enum {
    PARTITIONS = 3,
    ELEMENTS_MAX = 8,
    RECORDS_MAX = 40,
    PAUSE_MAX_MS = 500,
    STEP_KINDS = 32, /* most of them answers, so that something comes about */
};

struct stand_script {
    const uint8_t *at, *end;
};

static unsigned take(struct stand_script *script)
{
    return script->at < script->end ? *script->at++ : 0;
}

static size_t pick(struct stand_script *script, size_t n)
{
    return take(script) % n;
}

/* --- nonsense --------------------------------------------------------------------------------- */

/* Words that mean something somewhere; another number takes the text from the script itself. */
static const char *const words[] = {
    "OK",
    "QUEUED",
    "master",
    "slave",
    "w",
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "cluster/topic",
    "0123456789abcdef",
    "string",
    "none",
    "OOM no",
    "READONLY no",
    "NOPERM no",
    "WRONGTYPE no",
    "BUSY no",
    "LOADING no",
    "EXECABORT",
    "EXECABORT Transaction discarded because of: OOM no",
};

static struct str text(struct stand_script *script)
{
    const size_t word = take(script);
    struct str given = { (const char *)script->at, 0 };

    if (word < ARRAY_SIZE(words))
        return str_from(words[word]);
    given.n = word - ARRAY_SIZE(words);
    if (given.n > (size_t)(script->end - script->at))
        given.n = (size_t)(script->end - script->at);
    script->at += given.n;
    return given;
}

static struct reply flat(struct stand_script *script)
{
    static const enum reply_type types[] = { REPLY_NIL, REPLY_STATUS, REPLY_ERROR, REPLY_INTEGER,
                                             REPLY_STRING };
    struct reply reply = { .type = types[pick(script, ARRAY_SIZE(types))] };

    if (reply.type == REPLY_INTEGER)
        reply.integer = (int64_t)take(script) - 1;
    else if (reply.type != REPLY_NIL)
        reply.text = text(script);
    return reply;
}

/* An answer that has nothing to do with the question. */
static void answer_nonsense(struct stand *s, struct stand_script *script)
{
    const size_t n = pick(script, ELEMENTS_MAX + 1);
    struct reply *elements = calloc(n + 1, sizeof(*elements)); /* read no further */
    struct reply reply = { .type = REPLY_ARRAY, .elements = elements, .n_elements = n };

    for (size_t i = 0; i < n; i++)
        elements[i] = flat(script);
    if (n == ELEMENTS_MAX)
        reply = flat(script);
    applier_reply(s->applier, &reply, s->now_ms);
    free(elements);
    stand_act(s);
}

/* --- steps ------------------------------------------------------------------------------------ */

static void offer_some(struct stand *s, struct stand_script *script, int32_t partition)
{
    static const char *const commands[] = { "SET", "INCR", "LPUSH" };
    int64_t *at = &s->started_at[partition];

    for (size_t n = pick(script, RECORDS_MAX); n > 0 && *at >= 0; n--) {
        const unsigned kind = take(script);

        if (kind % 8 == 0)
            stand_offer_rejected(s, partition, *at, 100);
        else
            stand_offer(s, partition, *at, commands[kind % ARRAY_SIZE(commands)],
                        kind & 0x80 ? FAILS_NEVER : FAILS_TYPE);
        ++*at;
        stand_act(s);
    }
    stand_flush(s);
}

static void revoke(struct stand *s, int32_t partition)
{
    s->started_at[partition] = -1;
    applier_revoked(s->applier, partition, s->now_ms);
    stand_act(s);
}

static void settle_letter(struct stand *s, struct stand_script *script)
{
    if (s->n_letters == 0)
        return;
    stand_stored(s, pick(script, s->n_letters), pick(script, 3) > 0);
    if (s->n_letters > STAND_LETTERS_MAX / 2)
        s->n_letters = 0;
}

static void step(struct stand *s, struct stand_script *script)
{
    const size_t kind = pick(script, STEP_KINDS);

    switch (kind) {
    case 0:
    case 1:
        stand_assign(s, (int32_t)pick(script, PARTITIONS));
        return;
    case 2:
        revoke(s, (int32_t)pick(script, PARTITIONS));
        return;
    case 3:
    case 4:
    case 5:
        offer_some(s, script, (int32_t)pick(script, PARTITIONS));
        return;
    case 6:
    case 7:
        stand_pass(s, (int64_t)pick(script, PAUSE_MAX_MS));
        return;
    case 8:
    case 9:
        settle_letter(s, script);
        return;
    case 10:
        s->touched = pick(script, 4) == 0;
        return;
    default:
        if (s->unanswered.n == 0)
            return;
        if (kind == STEP_KINDS - 1)
            answer_nonsense(s, script);
        else
            stand_answer_one(s);
    }
}

void stand_play(struct stand *s, const uint8_t *bytes, size_t n)
{
    struct stand_script script = { bytes, bytes + n };

    while (script.at < script.end)
        step(s, &script);
}
