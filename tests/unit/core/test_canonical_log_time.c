/*
 * What log time adds to a command, for every row of the command table: the same operations are
 * accepted, deadlines are shifted and listed, and a look goes in front of all that may depend on
 * what the key holds.
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
#include "core/lua.h"
#include "random_operation.h"
#include "resp_words.h"

enum { TRIES_PER_ROW = 3000, WORDS_MAX = 64, LIMIT_BYTES = 1 << 16, TEXT_MAX = 4096 };
enum { TIMESTAMP = 1000000, LOG_MS = 1000007 };

/* Rows whose operations do the same whatever the key holds. All others are to be looked for, and so
 * are these where an option makes them depend on it. */
static const char *const overwriting[] = { "DEL",   "UNLINK", "MSET",   "SET",
                                           "SETEX", "PSETEX", "MSETEX", "RESTORE" };
static const char *const depending_options[] = { "NX",   "XX",   "KEEPTTL", "GET",
                                                 "IFEQ", "IFNE", "IFDEQ",   "IFDNE" };

struct commands {
    struct buf resp;
    struct canonical canonical;
    struct reject reject;
    bool accepted;
};

static void canonicalise(const struct operation *op, int64_t log_ms, struct commands *ret)
{
    const struct record record = { .offset = 42, .timestamp_ms = TIMESTAMP };
    const struct command_set server = random_operation_server();
    const struct canonical_context context = {
        .server = &server,
        .log_time = { .now_ms = log_ms, .index = STR_LITERAL("index") },
    };

    *ret = (struct commands){ 0 };
    buf_init(&ret->resp, LIMIT_BYTES);
    ret->accepted =
        canonical_append(&record, op, &context, &ret->resp, &ret->canonical, &ret->reject);
}

static bool is_among(struct str word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(word, str_from(words[i])))
            return true;
    return false;
}

/* Where the options begin that decide; past the end where there are none. */
static size_t first_option(const struct operation *op)
{
    int64_t n_keys;

    if (str_eq(op->command, STR_LITERAL("SET")))
        return 1;
    if (str_eq(op->command, STR_LITERAL("RESTORE")))
        return 2;
    return str_eq(op->command, STR_LITERAL("MSETEX")) && str_to_int64(op->args[0], &n_keys)
               ? (size_t)n_keys * 2
               : op->n_args;
}

static bool must_look(const struct operation *op)
{
    const bool restores = str_eq(op->command, STR_LITERAL("RESTORE"));

    if (!is_among(op->command, overwriting, ARRAY_SIZE(overwriting)))
        return true;
    for (size_t i = first_option(op); i < op->n_args; i++) {
        if (restores && str_eq_nocase(op->args[i], STR_LITERAL("REPLACE")))
            return false;
        if (!restores && is_among(op->args[i], depending_options, ARRAY_SIZE(depending_options)))
            return true;
    }
    return restores;
}

/* A number that only a shifted deadline can be. */
static bool unshift(struct str word, int64_t *ret_ms)
{
    if (!str_to_int64(word, ret_ms) || *ret_ms < LOG_TIME_SHIFT_MS)
        return false;
    *ret_ms -= LOG_TIME_SHIFT_MS;
    return true;
}

struct comparison {
    struct str wall, log; /* what is left of each */
    bool looked;
    int64_t first_ms, listed_ms; /* deadlines; 0: none */
};

/* Takes its own look and listing out of `log`; true when a command is left. */
static bool next_command(struct comparison *c, struct str *words, size_t *ret_n)
{
    while (c->log.n > 0) {
        *ret_n = resp_words(&c->log, words, WORDS_MAX);
        if (str_eq(words[0], STR_LITERAL("EVALSHA"))) {
            assert_true(str_eq(words[1], lua_log_time_sha()) &&
                        str_eq(words[3], STR_LITERAL("index")));
            assert_true(str_eq(words[5], STR_LITERAL("look-all")) &&
                        str_eq(words[6], STR_LITERAL("1000007")));
            c->looked = true;
        } else if (str_eq(words[0], STR_LITERAL("ZADD")) &&
                   str_eq(words[1], STR_LITERAL("index"))) {
            assert_true(str_to_int64(words[3], &c->listed_ms));
        } else {
            return true;
        }
    }
    return false;
}

static void check_word(struct comparison *c, struct str log, struct str wall, int64_t unit)
{
    int64_t ends_ms, at_ms;

    if (str_eq(log, STR_LITERAL("1")) && str_to_int64(wall, &at_ms) && at_ms * unit != 1) {
        assert_true(at_ms * unit <= LOG_MS); /* it has passed */
    } else if (unshift(log, &ends_ms)) {
        if (c->first_ms == 0 || ends_ms < c->first_ms)
            c->first_ms = ends_ms;
        assert_true(str_to_int64(wall, &at_ms));
        at_ms *= unit;
        assert_true(ends_ms == at_ms && at_ms > LOG_MS);
    } else if (!str_eq(log, wall)) { /* the name of a time in seconds */
        assert_true(str_eq_nocase(wall, STR_LITERAL("EXAT")) ||
                    str_eq_nocase(wall, STR_LITERAL("PXAT")) || log.n == wall.n + 1);
    }
}

static void check_command(struct comparison *c, const struct operation *op, const struct str *log,
                          size_t n_log)
{
    struct str wall[WORDS_MAX];
    const bool in_seconds = str_eq(op->command, STR_LITERAL("EXPIREAT")) ||
                            str_eq(op->command, STR_LITERAL("HEXPIREAT"));

    assert_int_equal(resp_words(&c->wall, wall, WORDS_MAX), n_log);
    for (size_t i = 0; i < n_log; i++)
        check_word(
            c, log[i], wall[i],
            in_seconds || (i > 0 && str_eq_nocase(wall[i - 1], STR_LITERAL("EXAT"))) ? 1000 : 1);
}

/* What is wanted around the commands, if they do not have it among them. */
static bool wants_are_right(const struct comparison *c, const struct operation *op,
                            const struct commands *log)
{
    const struct log_time_wants *wants = &log->canonical.wants;
    const struct str key = { log->resp.p + wants->key_at, wants->key_n };

    if (c->looked)
        return wants->look == LOOK_ITSELF && wants->ends_ms == 0 && c->listed_ms == c->first_ms;
    return wants->look == (must_look(op) ? LOOK_AHEAD : LOOK_NEEDLESS) &&
           wants->ends_ms == c->first_ms && c->listed_ms == 0 &&
           wants->key_at + wants->key_n <= log->resp.n && str_eq(key, op->key);
}

static void check_accepted(const struct operation *op, const struct commands *wall,
                           const struct commands *log)
{
    struct comparison c = { buf_str(&wall->resp), buf_str(&log->resp), false, 0, 0 };
    struct str words[WORDS_MAX];
    size_t n;

    while (next_command(&c, words, &n))
        check_command(&c, op, words, n);
    if (c.wall.n > 0 || (c.looked && !must_look(op)) || !wants_are_right(&c, op, log) ||
        log->canonical.failure != wall->canonical.failure ||
        log->canonical.n_commands !=
            wall->canonical.n_commands + c.looked + (c.listed_ms > 0 ? 1u : 0u))
        fail_msg("%.*s\nbecomes in log time\n%.*s", STR_ARGS(buf_str(&wall->resp)),
                 STR_ARGS(buf_str(&log->resp)));
}

static void check_operation(const struct operation *op)
{
    struct commands wall, log;

    canonicalise(op, LOG_TIME_OFF, &wall);
    canonicalise(op, LOG_MS, &log);
    if (wall.accepted != log.accepted || wall.reject.reason != log.reject.reason)
        fail_msg("%.*s is %s, and in log time %s", STR_ARGS(op->command),
                 reject_code(wall.reject.reason), reject_code(log.reject.reason));
    if (wall.accepted)
        check_accepted(op, &wall, &log);
    buf_release(&wall.resp);
    buf_release(&log.resp);
}

static void every_command_is_the_same_but_for_its_deadlines(void **state)
{
    struct prng prng = { .state = 3 };
    (void)state;

    for (size_t i = 0; i < command_count(); i++) {
        for (unsigned k = 0; k < TRIES_PER_ROW; k++) {
            struct str args[WORDS_MAX];
            const struct operation op = random_operation(&prng, command_at(i), args);

            check_operation(&op);
        }
    }
}

/* --- by hand ---------------------------------------------------------------------------------- */

/* Words behind blanks, commands behind semicolons. LOOK stands for the script's name. What is
 * wanted around them is in brackets. */
static void show(const struct commands *c, char *text, size_t size)
{
    struct str rest = buf_str(&c->resp), words[WORDS_MAX];
    const struct log_time_wants *wants = &c->canonical.wants;
    size_t n = 0;

    text[0] = 0;
    if (wants->look == LOOK_AHEAD)
        n += (size_t)snprintf(text + n, size - n, "[LOOK]");
    while (rest.n > 0) {
        const size_t n_words = resp_words(&rest, words, WORDS_MAX);
        const bool looks = str_eq(words[0], STR_LITERAL("EVALSHA"));

        n += (size_t)snprintf(text + n, size - n, "%s%s", n ? "; " : "", looks ? "LOOK" : "");
        for (size_t i = looks ? 4 : 0; i < n_words; i++)
            if (!str_eq(words[i], STR_LITERAL("look-all")))
                n += (size_t)snprintf(text + n, size - n, "%s%.*s", i ? " " : "",
                                      STR_ARGS(words[i]));
    }
    if (wants->ends_ms > 0)
        snprintf(text + n, size - n, "; [LIST %lld]", (long long)wants->ends_ms);
}

static void what_becomes_of_commands_in_log_time(void **state)
{
    static const struct {
        const char *command;
        const char *args[6];
        const char *expected;
    } rows[] = {
        { "SET", { "v" }, "SET k v" },
        { "INCR", { NULL }, "[LOOK]; INCR k" },
        { "SET", { "v", "EX", "10" }, "SET k v PXAT 35184373098832; [LIST 1010000]" },
        { "SET", { "v", "EXAT", "2000" }, "SET k v PXAT 35184374088832; [LIST 2000000]" },
        { "SET", { "v", "PXAT", "1000007" }, "SET k v PXAT 1" },
        { "SET", { "v", "PXAT", "1000008" }, "SET k v PXAT 35184373088840; [LIST 1000008]" },
        { "SET", { "v", "NX" }, "[LOOK]; SET k v NX" },
        { "SET", { "v", "KEEPTTL" }, "[LOOK]; SET k v KEEPTTL" },
        { "SETEX", { "10", "v" }, "SET k v PXAT 35184373098832; [LIST 1010000]" },
        { "EXPIRE", { "10" }, "[LOOK]; PEXPIREAT k 35184373098832; [LIST 1010000]" },
        { "EXPIRE",
          { "10", "GT" },
          "LOOK k 1000007; PEXPIREAT k 35184373098832 GT; ZADD index LT 1010000 k" },
        { "EXPIREAT", { "-5" }, "[LOOK]; PEXPIREAT k 1" },
        { "EXPIRE", { "0", "GT" }, "LOOK k 1000007; PEXPIREAT k 1 GT" },
        { "PERSIST", { NULL }, "[LOOK]; PERSIST k" },
        { "HPEXPIREAT",
          { "2000000", "LT", "FIELDS", "1", "f" },
          "LOOK k 1000007; HPEXPIREAT k 35184374088832 LT FIELDS 1 f; ZADD index LT 2000000 k" },
        { "HEXPIREAT", { "10", "FIELDS", "1", "f" }, "[LOOK]; HPEXPIREAT k 1 FIELDS 1 f" },
        { "GETEX", { "PERSIST" }, "[LOOK]; GETEX k PERSIST" },
        { "RESTORE",
          { "50", "payload" },
          "[LOOK]; RESTORE k 35184373088882 payload ABSTTL; [LIST 1000050]" },
        { "RESTORE",
          { "5", "payload", "REPLACE", "ABSTTL" },
          "RESTORE k 1 payload REPLACE ABSTTL" },
        { "DEL", { NULL }, "DEL k" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct str args[ARRAY_SIZE(rows[0].args)];
        struct operation op = { .command = str_from(rows[i].command),
                                .key = STR_LITERAL("k"),
                                .args = args,
                                .ttl_ms = OPERATION_TTL_NONE };
        char text[TEXT_MAX];
        struct commands log;

        for (; op.n_args < ARRAY_SIZE(args) && rows[i].args[op.n_args]; op.n_args++)
            args[op.n_args] = str_from(rows[i].args[op.n_args]);
        canonicalise(&op, LOG_MS, &log);
        show(&log, text, sizeof(text));
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("%s\n  expected: %s\n  got:      %s", rows[i].command, rows[i].expected, text);
        buf_release(&log.resp);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_the_same_but_for_its_deadlines),
        cmocka_unit_test(what_becomes_of_commands_in_log_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
