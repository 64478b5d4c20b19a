#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "applier_stand.h"
#include "base/prng.h"

enum { SEEDS = 300, STEPS = 400, N_PARTITIONS = 3, ELEMENTS_MAX = 8, SANE_OF = 30 };

static const char *const texts[] = {
    "OK",
    "QUEUED",
    "master",
    "slave",
    "w",
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "",
    "cluster/topic",
    "0123456789abcdef",
    "string",
    "none",
    "x",
};
static const char *const errors[] = {
    "OOM no",    "READONLY no",
    "NOPERM no", "WRONGTYPE no",
    "BUSY no",   "LOADING no",
    "EXECABORT", "EXECABORT Transaction discarded because of: OOM no",
    "ERR",       "",
};

static size_t pick(struct prng *prng, size_t n)
{
    return (size_t)(prng_next(prng) % n);
}

static struct reply flat(struct prng *prng)
{
    static const enum reply_type types[] = { REPLY_NIL, REPLY_STATUS, REPLY_ERROR, REPLY_INTEGER,
                                             REPLY_STRING };
    struct reply reply = { .type = types[pick(prng, ARRAY_SIZE(types))] };

    if (reply.type == REPLY_ERROR)
        reply.text = str_from(errors[pick(prng, ARRAY_SIZE(errors))]);
    else if (reply.type == REPLY_STATUS || reply.type == REPLY_STRING)
        reply.text = str_from(texts[pick(prng, ARRAY_SIZE(texts))]);
    return reply;
}

/* An answer that has nothing to do with the question. */
static void answer_nonsense(struct stand *s, struct prng *prng)
{
    const size_t n = pick(prng, ELEMENTS_MAX);
    struct reply *elements = calloc(n + 1, sizeof(*elements)); /* read no further */
    struct reply reply = flat(prng);

    if (pick(prng, 3) == 0) {
        reply = (struct reply){ .type = REPLY_ARRAY, .elements = elements };
        reply.n_elements = n;
        for (size_t i = 0; i < n; i++)
            elements[i] = flat(prng);
    }
    applier_reply(s->applier, &reply, s->now_ms);
    free(elements);
    stand_act(s);
}

static void offer_some(struct stand *s, struct prng *prng, int32_t partition)
{
    static const char *const commands[] = { "SET", "INCR", "LPUSH" };
    int64_t *at = &s->started_at[partition];

    for (size_t n = pick(prng, 40); n > 0 && *at >= 0; n--) {
        if (pick(prng, 8) == 0)
            stand_offer_rejected(s, partition, *at, 100);
        else
            stand_offer(s, partition, *at, commands[pick(prng, ARRAY_SIZE(commands))],
                        pick(prng, 2) ? FAILS_NEVER : FAILS_TYPE);
        ++*at;
        stand_act(s);
    }
    stand_flush(s);
}

static void step(struct stand *s, struct prng *prng)
{
    const int32_t partition = (int32_t)pick(prng, N_PARTITIONS);

    switch (pick(prng, 12)) {
    case 0:
        stand_assign(s, partition);
        return;
    case 1:
        if (pick(prng, 4) > 0)
            return;
        s->started_at[partition] = -1;
        applier_revoked(s->applier, partition, s->now_ms);
        stand_act(s);
        return;
    case 2:
    case 3:
        offer_some(s, prng, partition);
        return;
    case 4:
        stand_pass(s, (int64_t)pick(prng, 500));
        return;
    case 5:
        if (s->n_letters > 0)
            stand_stored(s, pick(prng, s->n_letters), pick(prng, 3) > 0);
        if (s->n_letters > STAND_LETTERS_MAX / 2)
            s->n_letters = 0;
        return;
    case 6:
        s->touched = pick(prng, 4) == 0;
        return;
    default:
        if (s->unanswered.n == 0)
            return;
        if (pick(prng, SANE_OF) == 0)
            answer_nonsense(s, prng);
        else
            stand_answer_one(s);
    }
}

static void answers_that_make_no_sense_end_nothing_but_the_connection(void **state)
{
    struct applier_settings settings = stand_settings();
    size_t n_executed = 0, n_disconnects = 0;
    (void)state;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct prng prng = { seed };
        struct stand s;

        settings.on_reject = seed % 4 == 0 ? ON_REJECT_HALT : ON_REJECT_SKIP;
        settings.batch_max_ops = seed % 3 == 0 ? 1 : 16;
        stand_open(&s, &settings);
        for (int i = 0; i < STEPS; i++)
            step(&s, &prng);
        n_executed += s.n_executed[0];
        n_disconnects += s.n_disconnects;
        stand_close(&s);
    }
    assert_true(n_executed > SEEDS && n_disconnects > SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_that_make_no_sense_end_nothing_but_the_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
