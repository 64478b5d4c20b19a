#include "core/canonical.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "resp_words.h"

enum { WORDS_MAX = 64, TEXT_MAX = 4096, LIMIT_BYTES = 1 << 20 };

/* An operation as "command key argument ...", with what its words point to. */
struct given {
    char text[TEXT_MAX];
    struct str words[WORDS_MAX];
    size_t n;
    struct record record;
    struct operation op;
    struct command_set server;
    struct canonical_context context;
};

static void give(struct given *g, const char *text)
{
    char *rest = g->text;

    *g = (struct given){ 0 };
    snprintf(g->text, sizeof(g->text), "%s", text);
    while (*rest) {
        const size_t n = strcspn(rest, " ");

        assert_true(g->n < WORDS_MAX);
        g->words[g->n++] = (struct str){ rest, n };
        rest += n + (rest[n] == ' ');
    }
    assert_true(g->n >= 2);
    g->record = (struct record){ .offset = 42, .timestamp_ms = 1000000, .has_key = true };
    g->op = (struct operation){ .command = g->words[0],
                                .key = g->words[1],
                                .args = g->words + 2,
                                .n_args = g->n - 2,
                                .ttl_ms = OPERATION_TTL_NONE };
    for (size_t i = 0; i < command_count(); i++)
        command_set_add(&g->server, command_at(i));
    g->context.server = &g->server;
}

/* RESP as text: words behind blanks, commands behind semicolons. The fixed script reads SCRIPT. */
static void show(const struct buf *resp, char *text, size_t size)
{
    struct str rest = buf_str(resp), words[WORDS_MAX];
    size_t n = 0;

    text[0] = 0;
    while (rest.n > 0) {
        const size_t n_words = resp_words(&rest, words, WORDS_MAX);

        assert_true(n_words > 0);
        n += (size_t)snprintf(text + n, size - n, "%s", n ? "; " : "");
        for (size_t i = 0; i < n_words; i++) {
            if (str_starts_with(words[i], STR_LITERAL("local ")))
                words[i] = STR_LITERAL("SCRIPT");
            n += (size_t)snprintf(text + n, size - n, "%s%.*s", i ? " " : "", STR_ARGS(words[i]));
        }
    }
}

/* What becomes of the operation: its commands, or "! <reason>". */
static void canonicalise(struct given *g, char *text, size_t size, struct canonical *ret)
{
    struct reject reject = { 0 };
    struct buf out;

    buf_init(&out, LIMIT_BYTES);
    assert_true(buf_append_text(&out, "kept"));
    if (canonical_append(&g->record, &g->op, &g->context, &out, ret, &reject)) {
        assert_memory_equal(out.p, "kept", 4);
        buf_consume(&out, 4);
        show(&out, text, size);
    } else {
        if (out.n != 4 || reject.reason == REJECT_NONE)
            fail_msg("a refused operation left %zu bytes, reason %s", out.n - 4,
                     reject_code(reject.reason));
        snprintf(text, size, "! %s", reject_code(reject.reason));
    }
    buf_release(&out);
}

struct row {
    const char *given;
    const char *expected;
};

static void check_rows(const struct row *rows, size_t n, int64_t ttl_ms)
{
    for (size_t i = 0; i < n; i++) {
        struct given g;
        struct canonical canonical;
        char text[TEXT_MAX];

        give(&g, rows[i].given);
        g.op.ttl_ms = ttl_ms;
        canonicalise(&g, text, sizeof(text), &canonical);
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("%s\n  expected: %s\n  got:      %s", rows[i].given, rows[i].expected, text);
    }
}

static const struct row expiries[] = {
    { "set k v", "SET k v" },
    { "SET k v EX 10", "SET k v PXAT 1010000" },
    { "SET k v NX PX 10", "SET k v NX PXAT 1000010" },
    { "SET k v px 10 get", "SET k v PXAT 1000010 get" },
    { "SET k v EXAT 10", "SET k v EXAT 10" },
    { "SET k v PXAT 10", "SET k v PXAT 10" },
    { "SET k v KEEPTTL", "SET k v KEEPTTL" },
    { "SET k v IFEQ w", "SET k v IFEQ w" },
    { "SET k v EX 0", "! bad-argument" },
    { "SET k v EX -1", "! bad-argument" },
    { "SET k v EX 1x", "! bad-argument" },
    { "SET k v EX 9223372036854775", "! bad-argument" },
    { "SET k v PX 9223372036854775807", "! bad-argument" },
    { "SET k v EX", "! bad-argument" },
    { "SET k v EX 1 PX 1", "! bad-argument" },
    { "SET k v NX XX", "! bad-argument" },
    { "SET k v PERSIST", "! bad-argument" },
    { "SET k v SOON", "! bad-argument" },
    { "SETEX k 10 v", "SET k v PXAT 1010000" },
    { "PSETEX k 10 v", "SET k v PXAT 1000010" },
    { "SETEX k 0 v", "! bad-argument" },
    { "GETEX k", "GETEX k" },
    { "GETEX k EX 10", "GETEX k PXAT 1010000" },
    { "GETEX k PERSIST", "GETEX k PERSIST" },
    { "GETEX k NX", "! bad-argument" },
    { "EXPIRE k 10", "PEXPIREAT k 1010000" },
    { "EXPIRE k 10 NX", "PEXPIREAT k 1010000 NX" },
    { "EXPIRE k 10 XX GT", "PEXPIREAT k 1010000 XX GT" },
    { "EXPIRE k 10 NX GT", "! bad-argument" },
    { "EXPIRE k 10 GT LT", "! bad-argument" },
    { "EXPIRE k 10 SOON", "! bad-argument" },
    { "EXPIRE k -2000", "PEXPIREAT k -1000000" },
    { "EXPIRE k 0", "PEXPIREAT k 1000000" },
    { "EXPIRE k 9223372036854775807", "! bad-argument" },
    { "EXPIRE k -9223372036854775808", "! bad-argument" },
    { "PEXPIRE k 10", "PEXPIREAT k 1000010" },
    { "PEXPIRE k 9223372036854775807", "! bad-argument" },
    { "EXPIREAT k 10", "EXPIREAT k 10" },
    { "EXPIREAT k 9223372036854776", "! bad-argument" },
    { "EXPIREAT k 35184372089", "! bad-argument" },
    { "PEXPIREAT k 35184372088831", "PEXPIREAT k 35184372088831" },
    { "HPEXPIREAT k 35184372088832 FIELDS 1 f", "! bad-argument" },
    { "SET k v PXAT 35184372088832", "! bad-argument" },
    { "PEXPIREAT k 10 LT", "PEXPIREAT k 10 LT" },
    { "PEXPIREAT k soon", "! bad-argument" },
    { "HEXPIRE h 10 FIELDS 1 f", "HPEXPIREAT h 1010000 FIELDS 1 f" },
    { "HPEXPIRE h 0 NX FIELDS 1 f", "HPEXPIREAT h 1000000 NX FIELDS 1 f" },
    { "HEXPIRE h -1 FIELDS 1 f", "! bad-argument" },
    { "HSETEX h FNX EX 10 FIELDS 1 f v", "HSETEX h FNX PXAT 1010000 FIELDS 1 f v" },
    { "HSETEX h FIELDS 1 EX 10 PX 10", "HSETEX h FIELDS 1 EX 10 PXAT 1000010" },
    { "HSETEX h FIELDS 2 f v", "! bad-argument" },
    { "HSETEX h FIELDS 0 f v", "! bad-argument" },
    { "HSETEX h EX 10 KEEPTTL f v", "! bad-argument" },
    { "HGETEX h PX 10 FIELDS 1 f", "HGETEX h PXAT 1000010 FIELDS 1 f" },
    { "HGETEX h PERSIST PERSIST PERSIST", "! bad-argument" },
    { "MSETEX k 1 v EX 10", "MSETEX 1 k v PXAT 1010000" },
    { "MSETEX k 2 v k w NX", "MSETEX 2 k v k w NX" },
    { "MSETEX k 2 v k", "! bad-argument" },
    { "MSETEX k 2 v other w", "! keys-cross-partition" },
    { "RESTORE k 0 dump", "RESTORE k 0 dump" },
    { "RESTORE k 10 dump REPLACE", "RESTORE k 1000010 dump REPLACE ABSTTL" },
    { "RESTORE k 10 dump ABSTTL", "RESTORE k 10 dump ABSTTL" },
    { "RESTORE k 10 dump IDLETIME ABSTTL", "RESTORE k 1000010 dump IDLETIME ABSTTL ABSTTL" },
    { "RESTORE k -1 dump", "! bad-argument" },
    { "RESTORE k 10 dump SOON", "! bad-argument" },
};

static void relative_expiries_count_from_the_record(void **state)
{
    (void)state;

    check_rows(expiries, ARRAY_SIZE(expiries), OPERATION_TTL_NONE);
}

static void a_ttl_is_one_with_its_command(void **state)
{
    static const struct row rows[] = {
        { "SET k v", "SET k v PXAT 1000500" },
        { "SET k v NX", "SET k v NX PXAT 1000500" },
        { "SET k v GET", "SET k v GET PXAT 1000500" },
        { "SET k v EX 1", "! ttl-not-allowed" },
        { "SET k v PXAT 1", "! ttl-not-allowed" },
        { "SET k v KEEPTTL", "! ttl-not-allowed" },
        { "SETNX k v", "SETNX k v; PEXPIREAT k 1000500" },
        { "MSET k v", "MSET k v; PEXPIREAT k 1000500" },
        { "INCR k", "EVAL SCRIPT 1 k 1000500 INCR k" },
        { "HSET h f v", "EVAL SCRIPT 1 h 1000500 HSET h f v" },
        { "XGROUP x CREATE g $", "EVAL SCRIPT 1 x 1000500 XGROUP CREATE x g $" },
        { "GETEX k", "EVAL SCRIPT 1 k 1000500 GETEX k" },
        { "GETEX k PERSIST", "! ttl-not-allowed" },
        { "HSETEX h EX 1 FIELDS 1 f v", "! ttl-not-allowed" },
        { "DEL k", "! ttl-not-allowed" },
        { "SETEX k 1 v", "! ttl-not-allowed" },
        { "EXPIRE k 1", "! ttl-not-allowed" },
        { "PERSIST k", "! ttl-not-allowed" },
        { "GETDEL k", "! ttl-not-allowed" },
        { "RENAME k k", "! ttl-not-allowed" },
    };
    (void)state;

    check_rows(rows, ARRAY_SIZE(rows), 500);
}

static void stream_ids_and_trimming_are_the_same_at_each_replay(void **state)
{
    static const struct row rows[] = {
        { "XADD x * f v", "XADD x 1000000-42 f v" },
        { "XADD x 7-* f v", "XADD x 7-42 f v" },
        { "XADD x 7-1 f v", "XADD x 7-1 f v" },
        { "XADD x 7 f v", "XADD x 7 f v" },
        { "XADD x x-* f v", "! bad-argument" },
        { "XADD x -1-* f v", "! bad-argument" },
        { "XADD x 7* f v", "! bad-argument" },
        { "XADD x NOMKSTREAM * f v", "XADD x NOMKSTREAM 1000000-42 f v" },
        { "XADD x MAXLEN 5 * f v", "XADD x MAXLEN 5 1000000-42 f v" },
        { "XADD x MAXLEN = 5 * f v", "XADD x MAXLEN = 5 1000000-42 f v" },
        { "XADD x maxlen ~ 5 limit 9 * f v", "XADD x maxlen = 5 1000000-42 f v" },
        { "XADD x MINID ~ 5-1 7-1 f v", "XADD x MINID = 5-1 7-1 f v" },
        { "XADD x MAXLEN = 5 LIMIT 9 * f v", "! bad-argument" },
        { "XADD x MAXLEN ~ 5 LIMIT", "! bad-argument" },
        { "XADD x MAXLEN ~ 5 LIMIT -1 * f v", "! bad-argument" },
        { "XADD x MAXLEN ~ 5 MAXLEN ~ 6 * f v", "! bad-argument" },
        { "XADD x MAXLEN 1 *", "! wrong-arguments-count" },
        { "XADD x * f v g", "! wrong-arguments-count" },
        { "XADD x MAXLEN 1 2", "! wrong-arguments-count" },
        { "XADD x KEEPREF IDMPAUTO p * f v", "! command-nondeterministic" },
        { "XTRIM x MAXLEN ~ 5", "XTRIM x MAXLEN = 5" },
        { "XTRIM x MINID ~ 5 LIMIT 0 ACKED", "XTRIM x MINID = 5 ACKED" },
        { "XTRIM x MAXLEN ~", "! bad-argument" },
        { "XTRIM x MAXLEN 5 6", "! bad-argument" },
        { "XGROUP x CREATE g $ MKSTREAM", "XGROUP CREATE x g $ MKSTREAM" },
        { "XDEL x 1-1", "XDEL x 1-1" },
        { "XCLAIM x g c 0 1-1", "! command-nondeterministic" },
        { "XREADGROUP x GROUP g c STREAMS >", "! command-nondeterministic" },
    };
    (void)state;

    check_rows(rows, ARRAY_SIZE(rows), OPERATION_TTL_NONE);
}

static void keys_stay_in_the_partition_of_the_record(void **state)
{
    static const struct row rows[] = {
        { "DEL k", "DEL k" },
        { "DEL k k", "DEL k k" },
        { "DEL k other", "! keys-cross-partition" },
        { "DEL k other redwal:x", "! key-reserved" },
        { "SET redwal:x v", "! key-reserved" },
        { "SET redwal v", "SET redwal v" },
        { "MSET k v k w", "MSET k v k w" },
        { "MSET k v other w", "! keys-cross-partition" },
        { "MSET k v k", "! wrong-arguments-count" },
        { "RENAME k k", "RENAME k k" },
        { "RENAME k other", "! keys-cross-partition" },
        { "LMOVE k k LEFT RIGHT", "LMOVE k k LEFT RIGHT" },
        { "SMOVE k other m", "! keys-cross-partition" },
        { "COPY k k REPLACE", "COPY k k REPLACE" },
        { "COPY k k DB 1", "! command-administrative" },
        { "BITOP k AND k k", "BITOP AND k k k" },
        { "BITOP k NOT other", "! keys-cross-partition" },
        { "LMPOP k 1 LEFT", "LMPOP 1 k LEFT" },
        { "LMPOP k 2 k LEFT", "LMPOP 2 k k LEFT" },
        { "LMPOP k 2 other LEFT", "! keys-cross-partition" },
        { "LMPOP k 0 LEFT", "! bad-argument" },
        { "LMPOP k 3 k LEFT", "! keys-cross-partition" },
        { "LMPOP k 4 k LEFT", "! bad-argument" },
        { "ZUNIONSTORE k 1 k WEIGHTS 2", "ZUNIONSTORE k 1 k WEIGHTS 2" },
        { "ZUNIONSTORE k 2 k other", "! keys-cross-partition" },
        { "ZUNIONSTORE k 3 k k", "! bad-argument" },
        { "SDIFFSTORE k k k", "SDIFFSTORE k k k" },
        { "GEOSEARCHSTORE k other FROMMEMBER m BYRADIUS 1 m", "! keys-cross-partition" },
        { "SORT k STORE k", "SORT k STORE k" },
        { "SORT k BY nosort GET # LIMIT 0 1 STORE k", "SORT k BY nosort GET # LIMIT 0 1 STORE k" },
        { "SORT k BY w* STORE k", "! keys-cross-partition" },
        { "SORT k STORE other", "! keys-cross-partition" },
        { "SORT k DESC", "! command-not-a-write" },
        { "SORT k STORE", "! bad-argument" },
        { "GEORADIUS k 1 2 3 m STORE k", "GEORADIUS k 1 2 3 m STORE k" },
        { "GEORADIUS k 1 2 3 m STOREDIST other", "! keys-cross-partition" },
        { "GEORADIUS k 1 2 3 m COUNT 1", "! command-not-a-write" },
        { "GEORADIUSBYMEMBER k STORE 3 m STORE k", "GEORADIUSBYMEMBER k STORE 3 m STORE k" },
    };
    (void)state;

    check_rows(rows, ARRAY_SIZE(rows), OPERATION_TTL_NONE);
}

static void what_cannot_be_replayed_is_refused_by_reason(void **state)
{
    static const struct row rows[] = {
        { "GET k", "! command-not-a-write" },
        { "SPOP k", "! command-nondeterministic" },
        { "FLUSHALL k", "! command-administrative" },
        { "MULTI k", "! command-administrative" },
        { "BLPOP k 0", "! command-blocking" },
        { "EVAL k return 0", "! command-scripting" },
        { "CONFIG k SET a b", "! command-administrative" },
        { "NOSUCH k", "! command-unknown" },
        { "XGROUP k NOSUCH g", "! command-unknown" },
        { "XGROUP k HELP", "! command-not-a-write" },
        { "XGROUP k", "! command-unknown" },
        { "APPEND k", "! wrong-arguments-count" },
        { "APPEND k a b", "! wrong-arguments-count" },
        { "HSET h f v g", "! wrong-arguments-count" },
    };
    (void)state;

    check_rows(rows, ARRAY_SIZE(rows), OPERATION_TTL_NONE);
}

static void a_subcommand_may_be_part_of_the_name(void **state)
{
    struct given g;
    struct canonical canonical;
    char text[TEXT_MAX];
    (void)state;

    give(&g, "_ x g $");
    g.op.command = STR_LITERAL("xgroup create");
    canonicalise(&g, text, sizeof(text), &canonical);
    assert_string_equal(text, "XGROUP CREATE x g $");
    g.op.command = STR_LITERAL("XGROUP NOSUCH");
    canonicalise(&g, text, sizeof(text), &canonical);
    assert_string_equal(text, "! command-unknown");
    g.op.command = STR_LITERAL("config set");
    canonicalise(&g, text, sizeof(text), &canonical);
    assert_string_equal(text, "! command-administrative");
}

static void the_skew_is_added_to_computed_deadlines_alone(void **state)
{
    static const struct row rows[] = {
        { "EXPIRE k 10", "PEXPIREAT k 1011234" },
        { "SET k v EX 10", "SET k v PXAT 1011234" },
        { "PEXPIREAT k 10", "PEXPIREAT k 10" },
        { "XADD x * f v", "XADD x 1000000-42 f v" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct given g;
        struct canonical canonical;
        char text[TEXT_MAX];

        give(&g, rows[i].given);
        g.context.clock_skew_ms = 1234;
        canonicalise(&g, text, sizeof(text), &canonical);
        assert_string_equal(text, rows[i].expected);
    }
}

static void a_record_without_a_timestamp_has_nothing_to_count_from(void **state)
{
    static const struct row rows[] = {
        { "EXPIRE k 10", "! timestamp-missing" },  { "SET k v EX 10", "! timestamp-missing" },
        { "XADD x * f v", "! timestamp-missing" }, { "XADD x 7-* f v", "XADD x 7-42 f v" },
        { "SET k v PXAT 10", "SET k v PXAT 10" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct given g;
        struct canonical canonical;
        char text[TEXT_MAX];

        give(&g, rows[i].given);
        g.record.timestamp_ms = -1;
        canonicalise(&g, text, sizeof(text), &canonical);
        assert_string_equal(text, rows[i].expected);
    }
}

static void a_ttl_out_of_range_is_refused(void **state)
{
    static const struct {
        int64_t timestamp_ms, ttl_ms, skew_ms;
        const char *expected;
    } rows[] = {
        { 1, INT64_MAX, 0, "! bad-argument" },
        { 1, LOG_TIME_SHIFT_MS - 1, 0, "! bad-argument" },
        { 1, LOG_TIME_SHIFT_MS - 2, 0, "SET k v PXAT 35184372088831" },
        { 1, INT64_MAX - 1, 1, "! bad-argument" },
        { 1, 1, -2, "! bad-argument" },
        { 1, 2, -2, "SET k v PXAT 1" },
        { -1, 2, 0, "! timestamp-missing" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct given g;
        struct canonical canonical;
        char text[TEXT_MAX];

        give(&g, "SET k v");
        g.record.timestamp_ms = rows[i].timestamp_ms;
        g.op.ttl_ms = rows[i].ttl_ms;
        g.context.clock_skew_ms = rows[i].skew_ms;
        canonicalise(&g, text, sizeof(text), &canonical);
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("row %zu: expected %s, got %s", i, rows[i].expected, text);
    }
}

static void a_command_the_server_lacks_is_refused(void **state)
{
    struct given g;
    struct canonical canonical;
    char text[TEXT_MAX];
    (void)state;

    give(&g, "SET k v");
    g.server = (struct command_set){ 0 };
    canonicalise(&g, text, sizeof(text), &canonical);
    assert_string_equal(text, "! command-unsupported");
    command_set_add(&g.server, command_find(STR_LITERAL("SET")));
    canonicalise(&g, text, sizeof(text), &canonical);
    assert_string_equal(text, "SET k v");
}

static void how_it_may_fail_is_known(void **state)
{
    static const struct {
        const char *given;
        enum command_failure failure;
        enum key_type type;
    } rows[] = {
        { "SET k v", FAILS_NEVER, KEY_ANY },        { "SET k v GET", FAILS_TYPE, KEY_ANY },
        { "SET k v NX GET", FAILS_VALUE, KEY_ANY }, { "SET k v IFEQ w", FAILS_VALUE, KEY_ANY },
        { "EXPIRE k 1", FAILS_NEVER, KEY_ANY },     { "EXPIRE k 1 NX", FAILS_VALUE, KEY_ANY },
        { "LPUSH l v", FAILS_TYPE, KEY_LIST },      { "INCR k", FAILS_VALUE, KEY_STRING },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct given g;
        struct canonical canonical;
        char text[TEXT_MAX];

        give(&g, rows[i].given);
        canonicalise(&g, text, sizeof(text), &canonical);
        if (canonical.failure != rows[i].failure || canonical.key_type != rows[i].type ||
            canonical.n_commands != 1)
            fail_msg("%s: failure %d, type %d, %u commands", rows[i].given, (int)canonical.failure,
                     (int)canonical.key_type, canonical.n_commands);
    }
}

static void what_does_not_fit_is_refused_whole(void **state)
{
    struct given g;
    struct canonical canonical;
    struct reject reject;
    struct buf out;
    (void)state;

    give(&g, "SET k v");
    buf_init(&out, 16);
    assert_false(canonical_append(&g.record, &g.op, &g.context, &out, &canonical, &reject));
    assert_int_equal(reject.reason, REJECT_TOO_LARGE);
    assert_int_equal(out.n, 0);
    buf_release(&out);
}

static void a_ttl_takes_no_more_words_than_the_script_can(void **state)
{
    enum { MANY = 8000 };
    static struct str args[MANY];
    struct given g;
    struct canonical canonical;
    struct reject reject;
    struct buf out;
    (void)state;

    give(&g, "LPUSH l");
    for (size_t i = 0; i < MANY; i++)
        args[i] = STR_LITERAL("v");
    g.op.args = args;
    g.op.n_args = MANY;
    g.op.ttl_ms = 1;
    buf_init(&out, LIMIT_BYTES);
    assert_false(canonical_append(&g.record, &g.op, &g.context, &out, &canonical, &reject));
    assert_int_equal(reject.reason, REJECT_TTL_NOT_ALLOWED);
    g.op.ttl_ms = OPERATION_TTL_NONE;
    assert_true(canonical_append(&g.record, &g.op, &g.context, &out, &canonical, &reject));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relative_expiries_count_from_the_record),
        cmocka_unit_test(a_ttl_is_one_with_its_command),
        cmocka_unit_test(stream_ids_and_trimming_are_the_same_at_each_replay),
        cmocka_unit_test(keys_stay_in_the_partition_of_the_record),
        cmocka_unit_test(what_cannot_be_replayed_is_refused_by_reason),
        cmocka_unit_test(a_subcommand_may_be_part_of_the_name),
        cmocka_unit_test(the_skew_is_added_to_computed_deadlines_alone),
        cmocka_unit_test(a_record_without_a_timestamp_has_nothing_to_count_from),
        cmocka_unit_test(a_ttl_out_of_range_is_refused),
        cmocka_unit_test(a_command_the_server_lacks_is_refused),
        cmocka_unit_test(how_it_may_fail_is_known),
        cmocka_unit_test(what_does_not_fit_is_refused_whole),
        cmocka_unit_test(a_ttl_takes_no_more_words_than_the_script_can),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
