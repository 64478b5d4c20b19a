#include "applier_stand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/resp.h"
#include "resp_words.h"

enum { WORDS_MAX = 1024, RELEASE_MAX = 64, FIELDS = POSITION_FIELD_COUNT };

struct applier_settings stand_settings(void)
{
    struct applier_settings settings = applier_settings_default();

    snprintf(settings.wal, sizeof(settings.wal), "w");
    settings.settle_delay_ms = 0;
    settings.seed = 1;
    return settings;
}

void stand_open(struct stand *s, const struct applier_settings *settings)
{
    *s = (struct stand){ .now_ms = 1000, .log = "cluster/topic", .end = 1000000 };
    s->key_type = "none";
    buf_init(&s->unanswered, SIZE_MAX / 4);
    for (int i = 0; i < STAND_PARTITIONS; i++)
        s->started_at[i] = -1;
    s->applier = applier_new(settings, s->now_ms);
    stand_pass(s, 0);
}

static void release_messages(struct stand *s)
{
    void *messages[RELEASE_MAX];
    size_t n;

    while ((n = applier_take_released(s->applier, messages, RELEASE_MAX)) > 0)
        for (size_t i = 0; i < n; i++)
            free(messages[i]);
}

void stand_close(struct stand *s)
{
    applier_abandon(s->applier);
    release_messages(s);
    applier_free(s->applier);
    buf_release(&s->unanswered);
}

/* --- what the applier asks for ---------------------------------------------------------------- */

static void connect(struct stand *s)
{
    struct primary_facts facts = { .address = "redis:6379", .role = PRIMARY_ROLE_MASTER };

    snprintf(facts.wal, sizeof(facts.wal), "w");
    snprintf(facts.restore, sizeof(facts.restore), "%s", s->restore ? s->restore : "");
    s->n_connects++;
    applier_connected(s->applier, &facts, s->now_ms);
}

static void record_letter(struct stand *s, const struct effect *effect)
{
    assert_true(s->n_letters < STAND_LETTERS_MAX);
    assert_non_null(effect->message);
    s->letters[s->n_letters].partition = effect->partition;
    s->letters[s->n_letters].offset = effect->offset;
    snprintf(s->letters[s->n_letters].detail, sizeof(s->letters[0].detail), "%s",
             effect->reject->detail);
    s->n_letters++;
}

static void run_effect(struct stand *s, const struct effect *effect)
{
    switch (effect->type) {
    case EFFECT_CONNECT:
        connect(s);
        return;
    case EFFECT_DISCONNECT:
        s->n_disconnects++;
        s->in_multi = false;
        buf_clear(&s->unanswered);
        return;
    case EFFECT_ASK_FACTS:
        applier_log_facts(s->applier, effect->partition, s->log, s->begin, s->end, s->now_ms);
        return;
    case EFFECT_START:
        s->started_at[effect->partition] = effect->offset;
        return;
    case EFFECT_STOP:
        s->started_at[effect->partition] = -1;
        return;
    case EFFECT_STORE_DEAD_LETTER:
        record_letter(s, effect);
        return;
    case EFFECT_COMMIT:
    case EFFECT_NOTE:
        return;
    }
}

void stand_act(struct stand *s)
{
    struct effect effect;
    struct buf *output;

    while (applier_next_effect(s->applier, &effect))
        run_effect(s, &effect);
    output = applier_output(s->applier);
    if (output->n > 0)
        assert_true(buf_append(&s->unanswered, output->p, output->n));
    buf_clear(output);
    release_messages(s);
}

void stand_pass(struct stand *s, int64_t ms)
{
    s->now_ms += ms;
    applier_tick(s->applier, s->now_ms);
    stand_act(s);
}

/* --- Redis ------------------------------------------------------------------------------------ */

static struct reply text(enum reply_type type, const char *what)
{
    return (struct reply){ .type = type, .text = str_from(what) };
}

static bool is(struct str word, const char *what)
{
    return str_eq(word, str_from(what));
}

static int32_t partition_of(struct str key)
{
    int64_t number = 0;
    const struct str prefix = STR_LITERAL("redwal:{w}:p:");

    assert_true(str_starts_with(key, prefix));
    assert_true(str_to_int64((struct str){ key.p + prefix.n, key.n - prefix.n }, &number));
    return (int32_t)number;
}

static struct reply read_position(const struct stand *s, int32_t partition, struct reply *elements)
{
    for (size_t i = 0; i < FIELDS; i++)
        elements[i] = s->has_position[partition] && s->position[partition][i][0]
                          ? text(REPLY_STRING, s->position[partition][i])
                          : (struct reply){ .type = REPLY_NIL };
    return (struct reply){ .type = REPLY_ARRAY, .elements = elements, .n_elements = FIELDS };
}

static struct reply queue_command(struct stand *s, const struct str *words, size_t n)
{
    if (s->fails_queueing && is(words[0], s->error_word)) {
        s->aborted = true;
        return text(REPLY_ERROR, s->error);
    }
    assert_true(s->n_queued < STAND_QUEUE_MAX);
    for (size_t i = 0; i < n && i < STAND_WORDS_MAX; i++)
        snprintf(s->queued[s->n_queued][i], sizeof(s->queued[0][0]), "%.*s", STR_ARGS(words[i]));
    for (size_t i = n; i < STAND_WORDS_MAX; i++)
        s->queued[s->n_queued][i][0] = '\0';
    s->n_queued++;
    return text(REPLY_STATUS, "QUEUED");
}

static void write_field(struct stand *s, int32_t partition, size_t field, const char *text)
{
    snprintf(s->position[partition][field], sizeof(s->position[0][0]), "%s", text);
}

/* Of log time: none is a record's. */
static bool is_look_or_listing(const char *word)
{
    return strncmp(word, "EVAL", 4) == 0 || strcmp(word, "ZADD") == 0;
}

/* The first SHA it hears of is what it knows from then on; the tests use the same for all. */
static struct reply claim_script(struct stand *s, const char *sha)
{
    static char kept[SCRIPT_SHA_CHARS + 1];

    if (!s->script_sha) {
        snprintf(kept, sizeof(kept), "%s", sha);
        s->script_sha = kept;
    }
    s->n_scripts++;
    return (struct reply){ .type = REPLY_INTEGER };
}

static struct reply read_scripts(const struct stand *s)
{
    static struct reply known[SCRIPTS_MAX];
    const size_t n = s->n_scripts;

    for (size_t i = 0; i < n; i++)
        known[i] = text(REPLY_STRING, s->script_sha);
    return (struct reply){ .type = REPLY_ARRAY, .elements = known, .n_elements = n };
}

/* Records' commands are "<command> <partition>". */
static struct reply run_queued(struct stand *s, size_t i)
{
    char(*words)[LOG_IDENTITY_MAX + 1] = s->queued[i];

    if (s->error_word && strcmp(words[0], s->error_word) == 0)
        return text(REPLY_ERROR, s->error);
    if (is_look_or_listing(words[0]))
        return (struct reply){ .type = REPLY_INTEGER, .integer = 1 };
    if (strcmp(words[0], "HSETNX") == 0)
        return claim_script(s, words[3]);
    if (strcmp(words[0], "HMGET") == 0)
        return read_scripts(s);
    if (strcmp(words[0], "HSET") != 0) {
        int64_t partition;

        assert_true(str_to_int64(str_from(words[1]), &partition));
        assert_true(partition >= 0);
        if (partition < STAND_PARTITIONS)
            s->n_executed[partition]++;
    } else if (strcmp(words[1], "redwal:identity") != 0) {
        const int32_t partition = partition_of(str_from(words[1]));

        s->has_position[partition] = true;
        for (size_t field = 0; field < FIELDS && words[2 + 2 * field][0]; field++)
            write_field(s, partition, field, words[3 + 2 * field]);
    }
    return (struct reply){ .type = REPLY_INTEGER, .integer = 1 };
}

static struct reply execute(struct stand *s, struct reply *elements)
{
    const size_t n = s->n_queued;

    s->in_multi = false;
    s->n_queued = 0;
    if (s->aborted)
        return text(REPLY_ERROR, "EXECABORT Transaction discarded because of previous errors.");
    if (s->touched) {
        s->touched = false;
        return (struct reply){ .type = REPLY_NIL };
    }
    for (size_t i = 0; i < n; i++)
        elements[i] = run_queued(s, i);
    return (struct reply){ .type = REPLY_ARRAY, .elements = elements, .n_elements = n };
}

/* No partition had a position, nor is any to end. */
static struct reply read_nothing(size_t n, struct reply *elements)
{
    for (size_t i = 0; i < n; i++)
        elements[i] = (struct reply){ .type = REPLY_NIL };
    return (struct reply){ .type = REPLY_ARRAY, .elements = elements, .n_elements = n };
}

static struct reply read_identity(struct stand *s, struct reply *elements)
{
    s->n_identities++;
    read_nothing(2, elements);
    if (!s->is_blank)
        elements[0] = text(REPLY_STRING, "w");
    if (!s->is_blank && s->restore)
        elements[1] = text(REPLY_STRING, s->restore);
    return (struct reply){ .type = REPLY_ARRAY, .elements = elements, .n_elements = 2 };
}

static void unwatch(struct stand *s)
{
    s->watches_identity = false;
    memset(s->watches, 0, sizeof(s->watches));
}

static void watch(struct stand *s, const struct str *words, size_t n)
{
    s->n_watches++;
    for (size_t i = 1; i < n; i++)
        if (is(words[i], "redwal:identity"))
            s->watches_identity = true;
        else
            s->watches[partition_of(words[i])] = true;
}

void stand_empty(struct stand *s)
{
    s->touched = s->touched || (s->watches_identity && !s->is_blank);
    s->is_blank = true;
    s->script_sha = NULL;
    for (int32_t i = 0; i < STAND_PARTITIONS; i++) {
        s->touched = s->touched || (s->watches[i] && s->has_position[i]);
        s->has_position[i] = false;
    }
}

void stand_restore(struct stand *s, const char *uid)
{
    stand_empty(s);
    s->is_blank = false;
    s->restore = uid;
}

static struct reply answer_to(struct stand *s, const struct str *words, size_t n,
                              struct reply *elements)
{
    static const struct reply master = { .type = REPLY_STRING, .text = { "master", 6 } };

    if (is(words[0], "EXEC") || is(words[0], "DISCARD") || is(words[0], "UNWATCH"))
        unwatch(s);
    if (is(words[0], "EXEC"))
        return execute(s, elements);
    if (is(words[0], "DISCARD"))
        s->in_multi = s->touched = false;
    if (s->in_multi)
        return queue_command(s, words, n);
    if (is(words[0], "HMGET") && is(words[1], "redwal:identity") && is(words[2], "wal"))
        return read_identity(s, elements);
    if (is(words[0], "HMGET") && is(words[1], "redwal:identity"))
        return read_nothing(n - 2, elements);
    if (is(words[0], "EVAL") && s->script_error)
        return text(REPLY_ERROR, s->script_error);
    if (is(words[0], "EVAL"))
        return (struct reply){ .type = REPLY_INTEGER, .integer = 1 };
    if (is(words[0], "HMGET"))
        return read_position(s, partition_of(words[1]), elements);
    if (is(words[0], "HGET"))
        return (struct reply){ .type = REPLY_NIL };
    if (is(words[0], "GET")) /* no ids are remembered */
        return (struct reply){ .type = REPLY_NIL };
    if (is(words[0], "HGETALL")) /* no key is quarantined */
        return (struct reply){ .type = REPLY_ARRAY };
    if (is(words[0], "TYPE"))
        return text(REPLY_STATUS, s->key_type);
    if (is(words[0], "ROLE"))
        return (struct reply){ .type = REPLY_ARRAY, .elements = &master, .n_elements = 1 };
    if (is(words[0], "MULTI")) {
        s->in_multi = true;
        s->aborted = false;
        s->n_queued = s->n_scripts = 0;
    }
    if (is(words[0], "WATCH"))
        watch(s, words, n);
    return text(REPLY_STATUS, "OK");
}

void stand_answer_one(struct stand *s)
{
    struct str rest = buf_str(&s->unanswered);
    const size_t before = rest.n;
    struct str words[WORDS_MAX];
    static struct reply elements[STAND_QUEUE_MAX];
    const size_t n = resp_words(&rest, words, WORDS_MAX);
    struct reply reply;

    assert_true(n > 0);
    reply = answer_to(s, words, n, elements);
    buf_consume(&s->unanswered, before - rest.n);
    applier_reply(s->applier, &reply, s->now_ms);
    stand_act(s);
}

void stand_answer(struct stand *s)
{
    for (int i = 0; s->unanswered.n > 0; i++) {
        assert_true(i < 100000);
        stand_answer_one(s);
    }
}

void stand_answer_until_disconnected(struct stand *s)
{
    while (s->unanswered.n > 0 && s->n_disconnects == 0)
        stand_answer_one(s);
}

void stand_put_position(struct stand *s, int32_t partition, int64_t next, int64_t settled)
{
    s->has_position[partition] = true;
    snprintf(s->position[partition][0], sizeof(s->position[0][0]), "%lld", (long long)next);
    snprintf(s->position[partition][1], sizeof(s->position[0][0]), "%lld", (long long)settled);
    write_field(s, partition, 2, s->log);
    write_field(s, partition, 3, "0");
    write_field(s, partition, 4, "0");
    write_field(s, partition, 5, "0000000000000000");
    write_field(s, partition, 6, "wall");
}

int64_t stand_next(const struct stand *s, int32_t partition)
{
    return s->has_position[partition] ? atoll(s->position[partition][0]) : -1;
}

int64_t stand_settled(const struct stand *s, int32_t partition)
{
    return s->has_position[partition] ? atoll(s->position[partition][1]) : -1;
}

/* --- the log ---------------------------------------------------------------------------------- */

void stand_assign(struct stand *s, int32_t partition)
{
    applier_assigned(s->applier, partition, s->now_ms);
    stand_act(s);
}

void stand_offer(struct stand *s, int32_t partition, int64_t offset, const char *command,
                 enum command_failure failure)
{
    struct buf *commands = applier_commands(s->applier, partition);
    const size_t before = commands->n;
    char number[8];
    struct str key;
    struct prepared record = {
        .partition = partition,
        .offset = offset,
        .timestamp_ms = s->now_ms,
        .message = malloc(1),
        .n_commands = 1,
        .failure = failure,
        .key_type = KEY_STRING,
        .keys = &key,
        .n_keys = 1,
    };

    snprintf(number, sizeof(number), "%d", (int)partition);
    key = str_from(number);
    assert_true(resp_append(commands, (struct str[]){ str_from(command), key }, 2));
    record.n_bytes = (uint32_t)(commands->n - before);
    applier_offer(s->applier, &record, s->now_ms);
}

void stand_offer_rejected(struct stand *s, int32_t partition, int64_t offset,
                          uint32_t n_message_bytes)
{
    struct reject reject;
    struct prepared record = { .partition = partition,
                               .offset = offset,
                               .message = malloc(1),
                               .n_message_bytes = n_message_bytes,
                               .reject = &reject };

    reject_set(&reject, REJECT_NOT_JSON, "it is not JSON");
    applier_offer(s->applier, &record, s->now_ms);
}

void stand_flush(struct stand *s)
{
    applier_flush(s->applier, s->now_ms);
    stand_act(s);
}

void stand_stored(struct stand *s, size_t letter, bool stored)
{
    assert_true(letter < s->n_letters);
    applier_dead_letter(s->applier, s->letters[letter].partition, s->letters[letter].offset, stored,
                        "no brokers", s->now_ms);
    stand_act(s);
}
