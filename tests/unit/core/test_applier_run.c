/*
 * How the records of a partition are put together in a transaction, in log time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "applier_stand.h"
#include "core/resp.h"
#include "resp_words.h"

enum { TEXT_MAX = 4096, WORDS_MAX = 600, RECORDS_MAX = 8 };

/* One of "<command> <key>"; the key is the partition's number, or another for what is not run. */
struct given {
    const char *command, *key;
    int64_t log_ms;
    enum log_time_look look;
    int64_t ends_ms;
    uint32_t n_commands; /* 0: one */
};

static void open_stand(struct stand *s)
{
    struct applier_settings settings = stand_settings();

    settings.expiry.expiry = EXPIRY_LOG;          /* it never turns */
    settings.batch_max_ops = STAND_QUEUE_MAX - 8; /* and bookkeeping */
    stand_open(s, &settings);
    stand_answer(s);
    stand_assign(s, 0);
    stand_answer(s);
}

static void offer(struct stand *s, int64_t offset, const struct given *g)
{
    struct buf *commands = applier_commands(s->applier, 0);
    const size_t before = commands->n;
    struct str key = str_from(g->key);
    struct prepared record = {
        .offset = offset,
        .timestamp_ms = g->log_ms,
        .log_ms = g->log_ms,
        .message = malloc(1), /* the stand frees it */
        .n_commands = g->n_commands ? g->n_commands : 1,
        .failure = FAILS_VALUE,
        .wants = { .look = g->look, .key_n = (uint32_t)key.n, .ends_ms = g->ends_ms },
        .keys = &key,
        .n_keys = 1,
    };

    for (uint32_t i = 0; i < record.n_commands; i++)
        assert_true(resp_append(commands, (struct str[]){ str_from(g->command), key }, 2));
    record.n_bytes = (uint32_t)(commands->n - before);
    record.wants.key_at = record.n_bytes - (uint32_t)key.n - 2;
    applier_offer(s->applier, &record, s->now_ms);
}

/* What was said in the transaction that is open, words behind blanks, commands behind semicolons.
 */
static void show(const struct stand *s, char *text, size_t size)
{
    struct str rest = buf_str(&s->unanswered), words[WORDS_MAX];
    bool in_multi = false;
    size_t n = 0;

    text[0] = 0;
    while (rest.n > 0) {
        const size_t n_words = resp_words(&rest, words, WORDS_MAX);
        const bool sweeps = str_eq(words[0], STR_LITERAL("EVAL"));
        const bool looks = str_eq(words[0], STR_LITERAL("EVALSHA"));

        assert_true(n_words > 0);
        if (str_eq(words[0], STR_LITERAL("HSET")) || str_eq(words[0], STR_LITERAL("EXEC")))
            return;
        if (in_multi)
            n += (size_t)snprintf(text + n, size - n, "%s%s", n ? "; " : "",
                                  sweeps  ? "SWEEP"
                                  : looks ? "LOOK"
                                          : "");
        for (size_t i = sweeps ? n_words : looks ? 4 : 0; in_multi && i < n_words; i++)
            if (!str_eq(words[i], STR_LITERAL("look")))
                n += (size_t)snprintf(text + n, size - n, "%s%.*s", i ? " " : "",
                                      STR_ARGS(words[i]));
        in_multi = in_multi || str_eq(words[0], STR_LITERAL("MULTI"));
    }
}

static const struct {
    const char *name;
    struct given given[RECORDS_MAX];
    const char *expected;
} rows[] = {
    { "by the clock of Redis nothing is added",
      { { "INCR", "a", 0, LOOK_NEEDLESS, 0, 0 }, { "INCR", "a", 0, LOOK_NEEDLESS, 0, 0 } },
      "INCR a; INCR a" },
    { "what overwrites needs no look", { { "SET", "a", 5, LOOK_NEEDLESS, 0, 0 } }, "SWEEP; SET a" },
    { "one look at many keys, each by its time",
      { { "INCR", "a", 5, LOOK_AHEAD, 0, 0 },
        { "SET", "b", 6, LOOK_NEEDLESS, 0, 0 },
        { "INCR", "c", 7, LOOK_AHEAD, 0, 0 } },
      "SWEEP; LOOK a c 5 7; INCR a; SET b; INCR c" },
    { "one listing of many deadlines",
      { { "SETEX", "a", 5, LOOK_NEEDLESS, 15, 0 },
        { "EXPIRE", "b", 6, LOOK_AHEAD, 16, 0 },
        { "SETEX", "a", 7, LOOK_NEEDLESS, 12, 0 } },
      "SWEEP; LOOK b 6; SETEX a; EXPIRE b; SETEX a; ZADD redwal:{w}:x:0 LT 15 a 16 b 12 a" },
    { "a key that was touched is looked at behind that",
      { { "SETEX", "a", 5, LOOK_NEEDLESS, 7, 0 },
        { "INCR", "b", 6, LOOK_AHEAD, 0, 0 },
        { "INCR", "a", 8, LOOK_AHEAD, 0, 0 },
        { "INCR", "b", 8, LOOK_AHEAD, 0, 0 } },
      "SWEEP; LOOK b 6; SETEX a; INCR b; ZADD redwal:{w}:x:0 LT 7 a; "
      "LOOK a b 8 8; INCR a; INCR b" },
    { "so is one that was only looked at",
      { { "INCR", "a", 5, LOOK_AHEAD, 0, 0 }, { "INCR", "a", 6, LOOK_AHEAD, 0, 0 } },
      "SWEEP; LOOK a 5; INCR a; LOOK a 6; INCR a" },
    { "what overwrites may come twice",
      { { "INCR", "a", 5, LOOK_AHEAD, 0, 0 }, { "SET", "a", 6, LOOK_NEEDLESS, 0, 0 } },
      "SWEEP; LOOK a 5; INCR a; SET a" },
    { "what looks itself is alone",
      { { "INCR", "a", 5, LOOK_AHEAD, 0, 0 },
        { "SETEX", "b", 5, LOOK_NEEDLESS, 9, 0 },
        { "ATOMIC", "x", 6, LOOK_ITSELF, 0, 3 },
        { "INCR", "c", 7, LOOK_AHEAD, 0, 0 } },
      "SWEEP; LOOK a 5; INCR a; SETEX b; ZADD redwal:{w}:x:0 LT 9 b; "
      "ATOMIC x; ATOMIC x; ATOMIC x; LOOK c 7; INCR c" },
    { "no group begins before log time does",
      { { "INCR", "a", 0, LOOK_NEEDLESS, 0, 0 },
        { "INCR", "a", 5, LOOK_AHEAD, 0, 0 },
        { "INCR", "b", 5, LOOK_AHEAD, 0, 0 } },
      "SWEEP; INCR a; LOOK a b 5 5; INCR a; INCR b" },
};

static void looks_go_in_front_of_a_group_and_listings_behind_it(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[TEXT_MAX];
        struct stand s;

        open_stand(&s);
        for (int64_t k = 0; k < RECORDS_MAX && rows[i].given[k].command; k++)
            offer(&s, k, &rows[i].given[k]);
        stand_flush(&s);
        show(&s, text, sizeof(text));
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("%s\n  expected: %s\n  got:      %s", rows[i].name, rows[i].expected, text);
        stand_close(&s);
    }
}

/* All of one key, or each of a key of its own. */
static void check_many(bool same_key)
{
    enum { MANY = 3000 };
    char keys[MANY][8];
    struct stand s;

    open_stand(&s);
    for (int64_t i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%d", same_key ? 0 : (int)i);
        offer(&s, i, &(struct given){ "INCR", keys[i], 5 + i, LOOK_AHEAD, 1000 + i, 0 });
    }
    stand_flush(&s);
    stand_answer(&s);
    assert_int_equal(stand_next(&s, 0), MANY);
    assert_int_equal(s.n_letters, 0);
    assert_int_equal(s.n_disconnects, 0);
    stand_close(&s);
}

static void groups_fit_into_transactions_whatever_the_keys(void **state)
{
    (void)state;

    check_many(true);
    check_many(false);
}

static void the_answers_are_those_of_the_records(void **state)
{
    struct stand s;
    (void)state;

    open_stand(&s);
    offer(&s, 0, &(struct given){ "SET", "0", 5, LOOK_NEEDLESS, 9, 0 });
    offer(&s, 1, &(struct given){ "INCR", "1", 5, LOOK_AHEAD, 0, 0 });
    offer(&s, 2, &(struct given){ "INCR", "0", 6, LOOK_AHEAD, 0, 0 });
    offer(&s, 3, &(struct given){ "LPUSH", "2", 7, LOOK_AHEAD, 11, 0 });
    s.error_word = "LPUSH";
    s.error = "WRONGTYPE no list";
    stand_flush(&s);
    stand_answer(&s);
    assert_int_equal(stand_next(&s, 0), 4);
    assert_int_equal(s.n_letters, 1);
    assert_int_equal(s.letters[0].offset, 3);
    stand_close(&s);
}

/* When Redis queues it, or when it runs it. */
static void check_refusal(const char *word, bool fails_queueing)
{
    struct stand s;

    open_stand(&s);
    offer(&s, 0, &(struct given){ "INCR", "0", 5, LOOK_AHEAD, 0, 0 });
    offer(&s, 1, &(struct given){ "INCR", "1", 5, LOOK_NEEDLESS, 9, 0 });
    s.error_word = word;
    s.error = "ERR of ours";
    s.fails_queueing = fails_queueing;
    stand_flush(&s);
    stand_answer(&s);
    assert_int_equal(s.n_letters, 0);
    assert_true(s.n_disconnects > 0);
    assert_int_equal(stand_next(&s, 0), fails_queueing ? -1 : 2);
    stand_close(&s);
}

static void a_look_or_a_listing_that_is_refused_is_no_records_fault(void **state)
{
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        check_refusal("EVALSHA", i);
        check_refusal("ZADD", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_go_in_front_of_a_group_and_listings_behind_it),
        cmocka_unit_test(groups_fit_into_transactions_whatever_the_keys),
        cmocka_unit_test(the_answers_are_those_of_the_records),
        cmocka_unit_test(a_look_or_a_listing_that_is_refused_is_no_records_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
