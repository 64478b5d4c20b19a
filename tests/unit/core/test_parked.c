#include "core/parked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

enum { KEYS = 3, LETTERS = 6, TOKEN = 7, TEXT_MAX = 256 };

/* Keys are single letters; those of a row are quarantined, in partition 1. */
struct key_row {
    const char *key;
    int64_t first, last, parked, retried;
    bool is_chosen;
};

struct letter_row {
    int64_t offset;
    const char *keys;
    enum letter_state state;
    const char *claims; /* "a2" */
    bool is_unreadable, is_chosen;
};

struct row {
    const char *name;
    struct key_row keys[KEYS];
    struct letter_row letters[LETTERS];
    const char *expected;
};

static void add_keys(struct parked *p, const struct row *row)
{
    struct quarantine_entry entries[KEYS];
    struct quarantine q = { .entries = entries };

    for (const struct key_row *k = row->keys; q.n < KEYS && k->key; k++)
        entries[q.n++] =
            (struct quarantine_entry){ str_from(k->key),
                                       { TOKEN, k->first, k->last, k->parked, k->retried, -1 } };
    parked_add_keys(p, 1, &q);
    for (size_t i = 0; i < q.n; i++)
        p->keys[i].is_chosen = row->keys[i].is_chosen;
}

static struct parked_record record_of(const struct letter_row *l, struct str *keys,
                                      struct retry_claim *claims)
{
    struct parked_record r = {
        .source = { 1, l->offset },
        .state = l->state,
        .keys = keys,
        .claims = claims,
        .is_readable = !l->is_unreadable,
    };

    for (; l->keys[r.n_keys]; r.n_keys++)
        keys[r.n_keys] = (struct str){ &l->keys[r.n_keys], 1 };
    for (const char *c = l->claims; c && *c; c += 2)
        claims[r.n_claims++] = (struct retry_claim){ { c, 1 }, TOKEN, c[1] - '0' };
    return r;
}

/* In another order than that of the log. */
static void add_letters(struct parked *p, const struct row *row)
{
    struct str keys[KEYS];
    struct retry_claim claims[KEYS];

    for (size_t i = LETTERS; i > 0; i--) {
        const struct letter_row *l = &row->letters[i - 1];
        struct parked_record r;

        if (!l->keys)
            continue;
        r = record_of(l, keys, claims);
        if (parked_bears(p, &r) >= PARKED_WAITS)
            parked_add(p, &r);
    }
    parked_order(p);
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < LETTERS; k++)
            if (row->letters[k].keys && row->letters[k].offset == p->letters[i].source.offset)
                p->letters[i].is_chosen = row->letters[k].is_chosen;
}

static void print(const struct parked *p, bool retries, struct buf *out)
{
    static const char *const obstacles[PARKED_OBSTACLE_COUNT] = { "", "-missing", "-surplus",
                                                                  "-unreadable", "-tied" };

    for (size_t i = 0; i < p->n; i++) {
        const struct parked_letter *l = &p->letters[i];

        if (retries ? !parked_is_due(p, l) : !l->is_chosen)
            continue;
        buf_print(out, "%lld:", (long long)l->source.offset);
        for (size_t k = 0; k < l->n_numbers; k++)
            buf_print(out, "%.*s%lld", STR_ARGS(p->keys[l->numbers[k].key].key),
                      (long long)l->numbers[k].number);
        buf_print(out, " ");
    }
    buf_print(out, "|");
    for (size_t i = 0; i < p->n_keys; i++)
        if (p->keys[i].is_chosen)
            buf_print(out, " %.*s%s", STR_ARGS(p->keys[i].key), obstacles[p->keys[i].obstacle]);
}

static void check_rows(const struct row *rows, size_t n, bool retries)
{
    for (size_t i = 0; i < n; i++) {
        CLEANUP(parked_release) struct parked p = { 0 };
        CLEANUP(buf_release) struct buf out = { 0 };

        buf_init(&out, TEXT_MAX);
        add_keys(&p, &rows[i]);
        add_letters(&p, &rows[i]);
        if (retries)
            parked_choose_retries(&p);
        else
            parked_choose_discards(&p);
        print(&p, retries, &out);
        if (!str_eq(buf_str(&out), str_from(rows[i].expected)))
            fail_msg("%s\n  expected: %s\n  got:      %.*s", rows[i].name, rows[i].expected,
                     STR_ARGS(buf_str(&out)));
    }
}

#define AT(place, names) .offset = (place), .keys = (names)
#define DISCARDED        LETTER_DISCARDED
#define RETRIED          LETTER_RETRIED

/* clang-format off */
static void a_retry_takes_along_what_waits_with_it(void **state)
{
    static const struct row rows[] = {
        { "a key brings all of its letters, in the order of the log",
          { { "a", 10, 20, 3, 0, true }, { "b", 11, 11, 1, 0, false } },
          { { AT(10, "a") }, { AT(11, "b") }, { AT(15, "a") }, { AT(20, "a") } },
          "10:a1 15:a2 20:a3 | a" },
        { "a letter brings its key",
          { { "a", 10, 20, 2, 0, false } }, { { AT(10, "a") }, { AT(20, "a"), .is_chosen = true } },
          "10:a1 20:a2 | a" },
        { "what was applied is not due",
          { { "a", 10, 20, 3, 2, true } }, { { AT(10, "a") }, { AT(15, "a"), .state = RETRIED }, { AT(20, "a") } },
          "20:a3 | a" },
        { "an applied letter brings its key all the same: it may wait for its release",
          { { "a", 10, 10, 1, 1, false } }, { { AT(10, "a"), .state = RETRIED, .is_chosen = true } },
          "| a" },
        { "letters outside of the quarantine do not count",
          { { "a", 10, 20, 2, 0, true } }, { { AT(9, "a") }, { AT(10, "a") }, { AT(20, "a") }, { AT(21, "a") } },
          "10:a1 20:a2 | a" },
        { "a letter of two keys brings the other, with what waits before it",
          { { "a", 10, 20, 2, 0, true }, { "b", 11, 30, 3, 0, false } },
          { { AT(10, "a") }, { AT(11, "b") }, { AT(20, "ab") }, { AT(30, "b") } },
          "10:a1 11:b1 20:a2b2 30:b3 | a b" },
        { "and that one the next",
          { { "a", 10, 20, 2, 0, true }, { "b", 20, 30, 2, 0, false }, { "c", 30, 30, 1, 0, false } },
          { { AT(10, "a") }, { AT(20, "ab") }, { AT(30, "bc") } },
          "10:a1 20:a2b1 30:b2c1 | a b c" },
        { "but not when it was applied",
          { { "a", 10, 21, 3, 2, true }, { "b", 20, 30, 2, 1, false } },
          { { AT(10, "a") }, { AT(20, "ab"), .state = RETRIED }, { AT(21, "a") }, { AT(30, "b") } },
          "21:a3 | a" },
        { "a key that is free again is no claim",
          { { "a", 10, 20, 2, 0, true } }, { { AT(10, "a") }, { AT(20, "ab") } },
          "10:a1 20:a2 | a" },
        { "a rejected retry is no letter that waits, and brings its key",
          { { "a", 10, 20, 2, 0, false } },
          { { AT(10, "a") }, { AT(12, "a"), .claims = "a1", .is_chosen = true }, { AT(20, "a") } },
          "10:a1 20:a2 | a" },
        { "nothing is chosen",
          { { "a", 10, 20, 2, 0, false } }, { { AT(10, "a") }, { AT(20, "a") } },
          "|" },
    };
    (void)state;

    check_rows(rows, sizeof(rows) / sizeof(rows[0]), true);
}

static void what_would_be_lost_is_not_retried(void **state)
{
    static const struct row rows[] = {
        { "one is missing",
          { { "a", 10, 20, 3, 0, true } }, { { AT(10, "a") }, { AT(20, "a") } },
          "| a-missing" },
        { "also when it may be one that was applied",
          { { "a", 10, 20, 3, 2, true } }, { { AT(15, "a") }, { AT(20, "a") } },
          "| a-missing" },
        { "there is one too many",
          { { "a", 10, 20, 1, 0, true } }, { { AT(10, "a") }, { AT(20, "a") } },
          "| a-surplus" },
        { "one cannot be read",
          { { "a", 10, 20, 2, 0, true } }, { { AT(10, "a"), .is_unreadable = true }, { AT(20, "a") } },
          "| a-unreadable" },
        { "one that is discarded or applied need not be",
          { { "a", 10, 20, 3, 1, true } },
          { { AT(10, "a"), .is_unreadable = true }, { AT(15, "a"), .state = DISCARDED, .is_unreadable = true }, { AT(20, "a") } },
          "15:a2 20:a3 | a" },
        { "what waits with it is tied",
          { { "a", 10, 20, 2, 0, true }, { "b", 11, 30, 4, 0, false } },
          { { AT(10, "a") }, { AT(11, "b") }, { AT(20, "ab") }, { AT(30, "b") } },
          "| a-tied b-missing" },
        { "other keys are not",
          { { "a", 10, 20, 3, 0, true }, { "b", 11, 11, 1, 0, true } },
          { { AT(10, "a") }, { AT(11, "b") }, { AT(20, "a") } },
          "11:b1 | a-missing b" },
    };
    (void)state;

    check_rows(rows, sizeof(rows) / sizeof(rows[0]), true);
}

static void a_key_is_free_when_all_of_it_is_discarded(void **state)
{
    static const struct row rows[] = {
        { "a key is discarded with its letters, but for what was applied",
          { { "a", 10, 20, 3, 1, true } }, { { AT(10, "a"), .state = RETRIED }, { AT(15, "a") }, { AT(20, "a"), .state = DISCARDED } },
          "15:a2 20:a3 | a" },
        { "one letter leaves it quarantined",
          { { "a", 10, 20, 2, 0, false } }, { { AT(10, "a"), .is_chosen = true }, { AT(20, "a") } },
          "10:a1 |" },
        { "the last one does not",
          { { "a", 10, 20, 2, 0, false } }, { { AT(10, "a"), .state = DISCARDED }, { AT(20, "a"), .is_chosen = true } },
          "20:a2 | a" },
        { "nor does one that was discarded when the release was not written",
          { { "a", 10, 10, 1, 0, false } }, { { AT(10, "a"), .state = DISCARDED, .is_chosen = true } },
          "10:a1 | a" },
        { "with some missing it must be named",
          { { "a", 10, 20, 3, 0, false } }, { { AT(20, "a"), .is_chosen = true } },
          "20:a1 |" },
        { "and then it is",
          { { "a", 10, 20, 3, 0, true } }, { { AT(20, "a") } },
          "20:a1 | a" },
        { "another key of a letter stays",
          { { "a", 10, 20, 2, 0, true }, { "b", 11, 20, 2, 0, false } },
          { { AT(10, "a") }, { AT(11, "b") }, { AT(20, "ab") } },
          "10:a1 20:a2b2 | a" },
        { "a rejected retry goes with its key",
          { { "a", 10, 10, 1, 0, true } }, { { AT(10, "a") }, { AT(12, "a"), .claims = "a1" } },
          "10:a1 12:a1 | a" },
        { "a key that nobody means stays, though nothing is left of it",
          { { "a", 10, 10, 1, 0, false }, { "b", 11, 11, 1, 0, true } },
          { { AT(10, "a"), .state = DISCARDED }, { AT(11, "b") } },
          "11:b1 | b" },
    };
    (void)state;

    check_rows(rows, sizeof(rows) / sizeof(rows[0]), false);
}
/* clang-format on */

static void letters_are_told_apart(void **state)
{
    static const struct {
        const char *keys, *claims;
        int64_t offset;
        bool was_parked;
        enum parked_bearing expected;
    } rows[] = {
        { "a", NULL, 10, false, PARKED_WAITS },     { "xa", NULL, 20, true, PARKED_WAITS },
        { "a", NULL, 9, false, PARKED_FREE },       { "a", NULL, 21, false, PARKED_FREE },
        { "x", NULL, 15, false, PARKED_FREE },      { "x", NULL, 15, true, PARKED_ENDED },
        { "a", NULL, 9, true, PARKED_ENDED },       { "a", "a1", 30, false, PARKED_ATTEMPT },
        { "xa", "x1a2", 9, false, PARKED_ATTEMPT }, { "x", "x1", 30, false, PARKED_ENDED },
        { "", NULL, 15, false, PARKED_FREE },
    };
    static const struct row quarantined = { .keys = { { "a", 10, 20, 2, 0, false } } };
    CLEANUP(parked_release) struct parked p = { 0 };
    (void)state;

    add_keys(&p, &quarantined);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct letter_row l = { AT(rows[i].offset, rows[i].keys), .claims = rows[i].claims };
        struct str keys[KEYS];
        struct retry_claim claims[KEYS];
        struct parked_record r = record_of(&l, keys, claims);

        r.was_parked = rows[i].was_parked;
        if (parked_bears(&p, &r) != rows[i].expected)
            fail_msg("row %zu: %d", i, (int)parked_bears(&p, &r));
        r.source.partition = 2;
        assert_true(parked_bears(&p, &r) <= PARKED_ENDED);
        for (size_t k = 0; k < r.n_claims; k++)
            claims[k].token++;
        r.source.partition = 1;
        if (r.n_claims > 0)
            assert_int_equal(parked_bears(&p, &r), PARKED_ENDED);
    }
}

static void what_redis_says_later_is_taken_over(void **state)
{
    static const struct row row = { .keys = { { "a", 10, 20, 2, 0, true },
                                              { "b", 11, 11, 1, 0, true },
                                              { "c", 12, 12, 1, 0, true } },
                                    .letters = { { AT(10, "a") }, { AT(20, "a") } } };
    struct quarantine_entry later[] = {
        { { "a", 1 }, { TOKEN, 10, 30, 3, 1, 40 } },
        { { "b", 1 }, { TOKEN + 1, 50, 50, 1, 0, -1 } },
    };
    const struct quarantine q = { .entries = later, .n = 2 };
    CLEANUP(parked_release) struct parked p = { 0 };
    (void)state;

    add_keys(&p, &row);
    add_letters(&p, &row);
    parked_update(&p, 0, &q); /* another partition */
    assert_false(p.keys[0].is_free || p.keys[1].is_free || p.keys[2].is_free);
    parked_update(&p, 1, &q);
    assert_false(p.keys[0].is_free);
    assert_int_equal(p.keys[0].state.parked, 3);
    assert_int_equal(p.keys[0].n_found, 2);
    assert_true(parked_is_applied(&p, &p.letters[0]));
    assert_false(parked_is_applied(&p, &p.letters[1]));
    assert_true(p.keys[1].is_free && p.keys[2].is_free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retry_takes_along_what_waits_with_it),
        cmocka_unit_test(what_would_be_lost_is_not_retried),
        cmocka_unit_test(a_key_is_free_when_all_of_it_is_discarded),
        cmocka_unit_test(letters_are_told_apart),
        cmocka_unit_test(what_redis_says_later_is_taken_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
