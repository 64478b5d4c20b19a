#include "core/canonical_envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/lua.h"
#include "resp_words.h"

enum { WORDS_MAX = 128, OPERATIONS_MAX = 16, TEXT_MAX = 4096, LIMIT_BYTES = 1 << 20 };

/* "INCRBY a 5, SET b 1 ttl=60": the key is the second word. */
struct given {
    char text[TEXT_MAX];
    struct str words[WORDS_MAX];
    size_t n_words;
    struct operation operations[OPERATIONS_MAX];
    struct envelope envelope;
    struct record record;
    struct command_set server;
    struct canonical_context context;
    struct envelope_keys keys;
    struct canonical canonical;
    struct reject reject;
    struct buf out;
};

static void give_word(struct given *g, struct operation *op, struct str word)
{
    if (str_starts_with(word, STR_LITERAL("ttl="))) {
        assert_true(str_to_int64((struct str){ word.p + 4, word.n - 4 }, &op->ttl_ms));
        return;
    }
    assert_true(g->n_words < WORDS_MAX);
    g->words[g->n_words++] = word;
    if (op->command.n == 0) {
        op->command = word;
    } else if (!op->key.p) {
        op->key = word;
        op->args = g->words + g->n_words;
    } else {
        op->n_args++;
    }
}

static void give(struct given *g, const char *text)
{
    struct operation *op = g->operations;

    *g = (struct given){ 0 };
    snprintf(g->text, sizeof(g->text), "%s", text);
    op->ttl_ms = OPERATION_TTL_NONE;
    for (char *rest = g->text; *rest;) {
        const size_t n = strcspn(rest, " ,");

        give_word(g, op, (struct str){ rest, n });
        rest += n;
        if (*rest == ',') {
            assert_true(++op < g->operations + OPERATIONS_MAX);
            op->ttl_ms = OPERATION_TTL_NONE;
            rest++;
        }
        rest += *rest == ' ';
    }
    g->envelope = (struct envelope){ .kind = ENVELOPE_ATOMIC,
                                     .operations = g->operations,
                                     .n_operations = (size_t)(op + 1 - g->operations) };
    g->record = (struct record){ .offset = 42, .timestamp_ms = 1000000 };
    for (size_t i = 0; i < command_count(); i++)
        command_set_add(&g->server, command_at(i));
    g->context.server = &g->server;
}

static bool run(struct given *g)
{
    bool taken;

    buf_init(&g->out, LIMIT_BYTES);
    assert_true(buf_append_text(&g->out, "kept"));
    taken = canonical_envelope_append(&g->record, &g->envelope, &g->context, &g->out, &g->keys,
                                      &g->canonical, &g->reject);
    assert_memory_equal(g->out.p, "kept", 4);
    buf_consume(&g->out, 4);
    return taken;
}

/* RESP as text, commands behind semicolons; "! <reason> <detail>" for what is refused. */
static void show(struct given *g, char *text, size_t size)
{
    struct str rest, words[WORDS_MAX];
    size_t n = 0;

    text[0] = 0;
    if (!run(g)) {
        assert_int_equal(g->out.n, 0);
        snprintf(text, size, "! %s %s", reject_code(g->reject.reason), g->reject.detail);
    }
    rest = buf_str(&g->out);
    while (rest.n > 0) {
        const size_t n_words = resp_words(&rest, words, WORDS_MAX);

        assert_true(n_words > 0);
        n += (size_t)snprintf(text + n, size - n, "%s", n ? "; " : "");
        for (size_t i = 0; i < n_words; i++) {
            if (str_eq(words[i], lua_atomic()))
                words[i] = STR_LITERAL("ATOMIC");
            if (str_eq(words[i], lua_log_time_sha()))
                words[i] = STR_LITERAL("LOG-TIME");
            n += (size_t)snprintf(text + n, size - n, "%s%.*s", i ? " " : "", STR_ARGS(words[i]));
        }
    }
    buf_release(&g->out);
}

static const struct {
    const char *given, *expected;
} rows[] = {
    /* none may fail: ordinary commands */
    { "SET a 1, DEL b", "SET a 1; DEL b" },
    { "SET a 1 ttl=60, SET b 2 EX 1", "SET a 1 PXAT 1000060; SET b 2 PXAT 1001000" },
    { "SETNX a 1 ttl=60, PERSIST b", "SETNX a 1; PEXPIREAT a 1000060; PERSIST b" },

    /* the keys in front of the last that may fail are copied */
    { "INCRBY a 5", "EVAL ATOMIC 0 1 3 INCRBY a 5" },
    { "INCRBY a 5, SET b 1", "EVAL ATOMIC 0 1 3 INCRBY a 5 2 3 SET b 1" },
    { "SET b 1, INCRBY a 5", "EVAL ATOMIC 1 b 1 3 SET b 1 2 3 INCRBY a 5" },
    { "SET b 1, INCRBY b 5", "EVAL ATOMIC 1 b 1 3 SET b 1 2 3 INCRBY b 5" },
    { "DECRBY a 5, INCRBY b 5, SET c 1, DEL d",
      "EVAL ATOMIC 1 a 1 3 DECRBY a 5 2 3 INCRBY b 5 3 3 SET c 1 4 2 DEL d" },
    { "DECRBY a 5, SET c 1, DECRBY a 1, INCRBY b 5",
      "EVAL ATOMIC 2 a c 1 3 DECRBY a 5 2 3 SET c 1 3 3 DECRBY a 1 4 3 INCRBY b 5" },
    { "LPUSH a v ttl=60, INCR b",
      "EVAL ATOMIC 1 a 1 3 LPUSH a v 1 3 PEXPIREAT a 1000060 2 2 INCR b" },
    { "XADD s * f v, XGROUP s CREATE g $",
      "EVAL ATOMIC 1 s 1 5 XADD s 1000000-42 f v 2 5 XGROUP CREATE s g $" },

    /* several keys in a command */
    { "DEL a b c", "DEL a b c" },
    { "RENAME a b", "EVAL ATOMIC 0 1 3 RENAME a b" },
    { "SET a 1, RENAME a b, LPUSH c v",
      "EVAL ATOMIC 2 a b 1 3 SET a 1 2 3 RENAME a b 3 3 LPUSH c v" },
    { "SINTERSTORE d a b, INCR n", "EVAL ATOMIC 3 d a b 1 4 SINTERSTORE d a b 2 2 INCR n" },
    { "SORT a STORE b", "EVAL ATOMIC 0 1 4 SORT a STORE b" },
    { "GEORADIUS a 1 2 3 km STORE b, INCR n",
      "EVAL ATOMIC 2 a b 1 8 GEORADIUS a 1 2 3 km STORE b 2 2 INCR n" },

    /* refused whole */
    { "SET a 1, SPOP b", "! command-nondeterministic operation 2: SPOP" },
    { "SET a 1, INCRBY b", "! wrong-arguments-count operation 2: INCRBY takes at least 1 arguments "
                           "besides its key" },
    { "SET a 1, DEL b ttl=5", "! ttl-not-allowed operation 2: DEL" },
    { "SET redwal:x 1, DEL b", "! key-reserved operation 1: the key starts with redwal:" },
    { "SET a 1, RENAME b redwal:x",
      "! key-reserved operation 2: RENAME: a key starts with redwal:" },
    { "SET a 1, SORT b BY x* STORE b",
      "! keys-cross-partition operation 2: SORT: a pattern reads other keys" },
};

static void an_atomic_becomes(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct given g;
        char text[TEXT_MAX];

        give(&g, rows[i].given);
        show(&g, text, sizeof(text));
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("%s\n  expected: %s\n  got:      %s", rows[i].given, rows[i].expected, text);
    }
}

static void what_cannot_fail_is_told_apart(void **state)
{
    static const struct {
        const char *given;
        uint32_t n_commands;
        enum command_failure failure;
        const char *keys;
    } kinds[] = {
        { "SET a 1, SETNX b 1 ttl=60", 3, FAILS_NEVER, "a b " },
        { "SET a 1, LPUSH b 1", 1, FAILS_VALUE, "a b " },
        { "INCR b, DEL a b c", 1, FAILS_VALUE, "b a c " },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct given g;
        char keys[TEXT_MAX] = "";
        size_t n = 0;

        give(&g, kinds[i].given);
        assert_true(run(&g));
        for (size_t k = 0; k < g.keys.n; k++)
            n += (size_t)snprintf(keys + n, sizeof(keys) - n, "%.*s ", STR_ARGS(g.keys.keys[k]));
        buf_release(&g.out);
        if (g.canonical.n_commands != kinds[i].n_commands ||
            g.canonical.failure != kinds[i].failure || g.canonical.key_type != KEY_ANY ||
            strcmp(keys, kinds[i].keys) != 0)
            fail_msg("%s: %u commands, failure %d, keys %s", kinds[i].given,
                     (unsigned)g.canonical.n_commands, (int)g.canonical.failure, keys);
    }
}

#define LOOK_AT_A     "EVALSHA LOG-TIME 2 x a look 1000007; "
#define LOOK_AT_A_B   "EVALSHA LOG-TIME 3 x a b look 1000007; "
#define LOOK_AT_T_A   "EVALSHA LOG-TIME 3 x t a look 1000007; "
#define BEHIND_AT_A   "; EVALSHA LOG-TIME 2 x a look-all 1000007"
#define BEHIND_AT_A_B "; EVALSHA LOG-TIME 3 x a b look-all 1000007"

/* Behind what sets deadlines stands their listing, and a look only behind what may bring others. */
static void what_becomes_of_deadlines_in_log_time(void **state)
{
    static const struct {
        const char *given, *expected;
        uint32_t n_commands;
    } cases[] = {
        { "SET a 1, DEL b", LOOK_AT_A_B "SET a 1; DEL b", 3 },
        { "XGROUP t SETID 1 0, HSET a f v",
          LOOK_AT_T_A "EVAL ATOMIC 1 t 1 5 XGROUP SETID t 1 0 2 4 HSET a f v", 2 },
        { "PERSIST a, GETDEL b", LOOK_AT_A_B "EVAL ATOMIC 1 a 1 2 PERSIST a 2 2 GETDEL b", 2 },
        { "SET a 1 ttl=60, SET b 2 EX 1, SET a 3 PX 30",
          LOOK_AT_A_B "SET a 1 PXAT 35184373088892; SET b 2 PXAT 35184373089832; "
                      "SET a 3 PXAT 35184373088862; "
                      "ZADD x LT 1000060 a 1001000 b 1000030 a",
          5 },
        { "HSET a f v, HPEXPIREAT a 2000000 FIELDS 1 f",
          LOOK_AT_A "EVAL ATOMIC 1 a 1 4 HSET a f v 2 6 HPEXPIREAT a 35184374088832 FIELDS 1 f; "
                    "ZADD x LT 2000000 a",
          3 },
        { "LPUSH a v ttl=60",
          LOOK_AT_A "EVAL ATOMIC 0 1 3 LPUSH a v 1 3 PEXPIREAT a 35184373088892; "
                    "ZADD x LT 1000060 a",
          3 },
        { "PEXPIREAT a 5, DEL b", LOOK_AT_A_B "PEXPIREAT a 1; DEL b", 3 },
        { "PEXPIREAT a 2000000 GT",
          "EVALSHA LOG-TIME 2 x a look-all 1000007; "
          "EVAL ATOMIC 0 1 4 PEXPIREAT a 35184374088832 GT; ZADD x LT 2000000 a",
          3 },
        { "MSETEX a 1 v EX 1",
          LOOK_AT_A "EVAL ATOMIC 0 1 6 MSETEX 1 a v PXAT 35184373089832; ZADD x LT 1001000 a", 3 },

        { "RENAME a b", LOOK_AT_A_B "EVAL ATOMIC 0 1 3 RENAME a b" BEHIND_AT_A_B, 3 },
        { "RENAMENX a b", LOOK_AT_A_B "EVAL ATOMIC 0 1 3 RENAMENX a b" BEHIND_AT_A_B, 3 },
        { "COPY a b", LOOK_AT_A_B "EVAL ATOMIC 0 1 3 COPY a b" BEHIND_AT_A_B, 3 },
        { "MSETEX a 2 v b v EX 1",
          LOOK_AT_A_B "EVAL ATOMIC 0 1 8 MSETEX 2 a v b v PXAT 35184373089832" BEHIND_AT_A_B, 3 },
        { "RESTORE a 0 dump", LOOK_AT_A "EVAL ATOMIC 0 1 4 RESTORE a 0 dump" BEHIND_AT_A, 3 },
        { "SET a 1 ttl=60, RENAME a b",
          LOOK_AT_A_B
          "EVAL ATOMIC 1 a 1 5 SET a 1 PXAT 35184373088892 2 3 RENAME a b" BEHIND_AT_A_B,
          3 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct given g;
        char text[TEXT_MAX];

        give(&g, cases[i].given);
        g.context.log_time = (struct log_time){ 1000007, STR_LITERAL("x") };
        show(&g, text, sizeof(text));
        if (strcmp(text, cases[i].expected) != 0)
            fail_msg("%s\n  expected: %s\n  got:      %s", cases[i].given, cases[i].expected, text);
        assert_int_equal(g.canonical.n_commands, cases[i].n_commands);
        assert_int_equal(g.canonical.wants.look, LOOK_ITSELF);
    }
}

static void an_operation_alone_is_what_it_was(void **state)
{
    struct given g;
    char text[TEXT_MAX];
    (void)state;

    give(&g, "INCRBY a 5");
    g.envelope.kind = ENVELOPE_OPERATION;
    show(&g, text, sizeof(text));
    assert_string_equal(text, "INCRBY a 5");
    assert_int_equal(g.keys.n, 1);
    give(&g, "RENAME a b");
    g.envelope.kind = ENVELOPE_OPERATION;
    show(&g, text, sizeof(text));
    assert_string_equal(text, "! keys-cross-partition RENAME: a key differs from the record's");
}

/* Of 12 partitions by murmur2, "21" is in 0, "foobar" in 6, "a" in 4; by crc32 in 4, 5 and 3. */
static void keys_belong_to_the_records_partition(void **state)
{
    static const struct {
        const char *given, *key;
        enum partitioner partitioner;
        int32_t n_partitions, partition;
        const char *expected;
    } cases[] = {
        { "SET a 1, DEL 21", "a", PARTITIONER_MURMUR2, 0, 4, "SET a 1; DEL 21" },
        { "SET a 1, DEL 21", "a", PARTITIONER_MURMUR2, 12, 4,
          "! keys-cross-partition key 2 of 2 belongs to partition 0 of 12 by murmur2, the record "
          "is in 4" },
        { "SET a 1, DEL 21", "21", PARTITIONER_MURMUR2, 12, 4, "SET a 1; DEL 21" },
        { "SET a 1, DEL 21", "a", PARTITIONER_CRC32, 12, 4, "SET a 1; DEL 21" },
        { "SET a 1, DEL 21", NULL, PARTITIONER_CRC32, 12, 4,
          "! keys-cross-partition key 1 of 2 belongs to partition 3 of 12 by crc32, the record is "
          "in 4" },
        { "DEL 21", NULL, PARTITIONER_CRC32, 12, 4, "DEL 21" },
        { "DEL a foobar", "a", PARTITIONER_MURMUR2, 12, 4,
          "! keys-cross-partition key 2 of 2 belongs to partition 6 of 12 by murmur2, the record "
          "is in 4" },
        { "SET a 1, DEL b", "c", PARTITIONER_MURMUR2, 0, 4,
          "! key-mismatch the record's key is none of the value's" },
        { "DEL a b", "b", PARTITIONER_MURMUR2, 0, 4,
          "! key-mismatch the record's key is none of the value's" },
        { "SPOP a, DEL b", "c", PARTITIONER_MURMUR2, 0, 4,
          "! key-mismatch the record's key is none of the value's" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct given g;
        char text[TEXT_MAX];

        give(&g, cases[i].given);
        g.record.partition = cases[i].partition;
        g.record.has_key = cases[i].key != NULL;
        g.record.key = str_from(cases[i].key);
        g.context.partitioner = cases[i].partitioner;
        g.context.n_partitions = cases[i].n_partitions;
        show(&g, text, sizeof(text));
        if (strcmp(text, cases[i].expected) != 0)
            fail_msg("%s, row %zu\n  expected: %s\n  got:      %s", cases[i].given, i,
                     cases[i].expected, text);
    }
}

static struct str print_number(char text[24], size_t number)
{
    return (struct str){ text, (size_t)snprintf(text, 24, "%zu", number) };
}

static const struct script scripts[] = {
    { .name = "move",
      .sha = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
      .body = { "BODY", 4 } },
};
static const struct script_set script_set = { scripts, 1 };

/* A call of a script, written as "name key,key arg,arg". */
static void give_call(struct given *g, const char *text, const char *sha)
{
    struct script_call *call = &g->envelope.script;
    struct str *words;

    give(g, "DEL a");
    snprintf(g->text, sizeof(g->text), "%s", text);
    g->envelope = (struct envelope){ .kind = ENVELOPE_SCRIPT };
    g->context.scripts = &script_set;
    g->n_words = 0;
    call->sha = str_from(sha);
    call->keys = g->words;
    words = g->words;
    for (char *rest = g->text; *rest;) {
        const size_t n = strcspn(rest, " ,");
        const char end = rest[n];

        if (call->name.n == 0)
            call->name = (struct str){ rest, n };
        else if (n > 0)
            words[g->n_words++] = (struct str){ rest, n };
        if (end == ' ' && !call->args && call->keys != words + g->n_words) {
            call->n_keys = g->n_words;
            call->args = words + g->n_words;
        }
        rest += n + (end != 0);
    }
    call->n_args = g->n_words - call->n_keys;
}

static void a_script_becomes(void **state)
{
    static const struct {
        const char *given, *sha, *key;
        int64_t timestamp_ms;
        int32_t n_partitions;
        const char *expected;
    } cases[] = {
        { "move a,b 5,x", NULL, "a", 1000000, 0, "EVAL BODY 2 a b 1000000 5 x" },
        { "move a,b 5", NULL, "b", 0, 0, "EVAL BODY 2 a b 0 5" },
        { "move a,a 5", NULL, NULL, -1, 0, "EVAL BODY 2 a a  5" },
        { "move a 5", "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", "a", 1, 0,
          "EVAL BODY 1 a 1 5" },
        { "move a 5", "0123456789abcdef", "a", 1, 0,
          "! script-differs move has the SHA "
          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" },
        { "mov a 5", NULL, "a", 1, 0, "! script-unknown no script of that name is registered" },
        { "move a,b 5", NULL, "c", 1, 0, "! key-mismatch the record's key is none of the value's" },
        { "move a,redwal:x 5", NULL, "a", 1, 0, "! key-reserved a key starts with redwal:" },
        { "move a,21 5", NULL, "a", 1, 12,
          "! keys-cross-partition key 2 of 2 belongs to partition 0 of 12 by murmur2, the record "
          "is in 4" },
        { "move a 5", NULL, "a", 1, 12, "EVAL BODY 1 a 1 5" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct given g;
        char text[TEXT_MAX];

        give_call(&g, cases[i].given, cases[i].sha);
        g.record.partition = 4;
        g.record.timestamp_ms = cases[i].timestamp_ms;
        g.record.has_key = cases[i].key != NULL;
        g.record.key = str_from(cases[i].key);
        g.context.n_partitions = cases[i].n_partitions;
        show(&g, text, sizeof(text));
        if (strcmp(text, cases[i].expected) != 0)
            fail_msg("%s\n  expected: %s\n  got:      %s", cases[i].given, cases[i].expected, text);
    }
}

static void a_script_may_fail_for_anything(void **state)
{
    struct given g;
    (void)state;

    give_call(&g, "move a,b 5", NULL);
    assert_true(run(&g));
    assert_int_equal(g.canonical.n_commands, 1);
    assert_int_equal(g.canonical.failure, FAILS_VALUE);
    assert_int_equal(g.canonical.key_type, KEY_ANY);
    assert_int_equal(g.keys.n, 2);
    buf_release(&g.out);
    g.context.scripts = NULL;
    assert_false(run(&g));
    assert_int_equal(g.reject.reason, REJECT_UNKNOWN_SCRIPT);
    buf_release(&g.out);
    g.envelope.script.name.n = 0;
    assert_false(run(&g));
    assert_int_equal(g.reject.reason, REJECT_BAD_FIELD);
    buf_release(&g.out);
}

/* `n` operations of `n_args` different arguments, each on a key of its own. */
static struct reject crowd(size_t n, size_t n_args, const char *command)
{
    struct operation *operations = calloc(n + 1, sizeof(*operations));
    struct str *args = calloc(n_args + 1, sizeof(*args));
    char(*texts)[24] = calloc(n + n_args + 1, sizeof(*texts));
    struct given g;

    give(&g, "DEL a");
    for (size_t i = 0; i < n_args; i++)
        args[i] = print_number(texts[n + i], n + i);
    for (size_t i = 0; i < n; i++)
        operations[i] = (struct operation){
            .command = str_from(command),
            .key = print_number(texts[i], i),
            .args = args,
            .n_args = n_args,
            .ttl_ms = OPERATION_TTL_NONE,
        };
    g.envelope.operations = operations;
    g.envelope.n_operations = n;
    run(&g);
    buf_release(&g.out);
    free(operations);
    free(args);
    free(texts);
    return g.reject;
}

static void bounds_are_kept(void **state)
{
    struct reject reject;
    (void)state;

    assert_int_equal(crowd(ENVELOPE_KEYS_MAX, 1, "LPUSH").reason, REJECT_NONE);
    reject = crowd(ENVELOPE_OPERATIONS_MAX + 1, 1, "LPUSH");
    assert_int_equal(reject.reason, REJECT_TOO_LARGE);
    assert_string_equal(reject.detail, "atomic: more than 256");
    assert_int_equal(crowd(1, ENVELOPE_KEYS_MAX - 1, "DEL").reason, REJECT_NONE);
    reject = crowd(1, ENVELOPE_KEYS_MAX, "DEL");
    assert_int_equal(reject.reason, REJECT_TOO_LARGE);
    assert_string_equal(reject.detail, "operation 1: keys: more than 256");
    reject =
        crowd(ENVELOPE_OPERATIONS_MAX, 1 + ENVELOPE_WORDS_MAX / ENVELOPE_OPERATIONS_MAX, "LPUSH");
    assert_int_equal(reject.reason, REJECT_TOO_LARGE);
    assert_string_equal(reject.detail, "args: more than 65536");
    reject = crowd(0, 0, "LPUSH");
    assert_int_equal(reject.reason, REJECT_BAD_FIELD);
    assert_string_equal(reject.detail, "atomic: empty");
    assert_int_equal(crowd(2, SCRIPT_WORDS_MAX - 2, "LPUSH").reason, REJECT_NONE);
    reject = crowd(2, SCRIPT_WORDS_MAX - 1, "LPUSH");
    assert_int_equal(reject.reason, REJECT_TOO_LARGE);
    assert_string_equal(reject.detail, "operation 1: LPUSH: more than 7000 words");
}

static void what_does_not_fit_leaves_nothing(void **state)
{
    static const struct {
        const char *given;
        int64_t log_ms;
    } texts[] = {
        { "SET a 1, DEL b", LOG_TIME_OFF },
        { "INCR a, INCR b", LOG_TIME_OFF },
        { "SET a 1 ttl=60, DEL b", 1000007 },
        { "RENAME a b", 1000007 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct given g;
        size_t whole;

        give(&g, texts[i].given);
        g.context.log_time = (struct log_time){ texts[i].log_ms, STR_LITERAL("x") };
        assert_true(run(&g));
        whole = g.out.n;
        buf_release(&g.out);
        for (size_t limit = 0; limit < whole; limit++) {
            buf_init(&g.out, limit);
            assert_false(canonical_envelope_append(&g.record, &g.envelope, &g.context, &g.out,
                                                   &g.keys, &g.canonical, &g.reject));
            assert_int_equal(g.reject.reason, REJECT_TOO_LARGE);
            assert_int_equal(g.out.n, 0);
            buf_release(&g.out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_atomic_becomes),
        cmocka_unit_test(what_cannot_fail_is_told_apart),
        cmocka_unit_test(what_becomes_of_deadlines_in_log_time),
        cmocka_unit_test(an_operation_alone_is_what_it_was),
        cmocka_unit_test(keys_belong_to_the_records_partition),
        cmocka_unit_test(a_script_becomes),
        cmocka_unit_test(a_script_may_fail_for_anything),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(what_does_not_fit_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
