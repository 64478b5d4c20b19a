#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "core/quarantine.h"

enum { TOKEN = 0xa1, TEXT_MAX = 256 };

/* A record as a row has it: keys of one letter; claims as "<key><number>", of TOKEN. */
struct row {
    const char *keys, *claims;
    bool rejected;
    struct release release; /* with a token: it is one */
};

static struct quarantine_record *record_of(const struct row *row, int64_t offset)
{
    struct str keys[4];
    struct retry_claim claims[4];
    struct quarantine_record from = { .offset = offset, .digest = (uint64_t)offset + TOKEN };

    for (const char *at = row->keys; *at; at++)
        keys[from.n_keys++] = (struct str){ at, 1 };
    for (const char *at = row->claims ? row->claims : ""; *at; at += 2)
        claims[from.n_claims++] = (struct retry_claim){ { at, 1 }, TOKEN, at[1] - '0' };
    from.keys = keys;
    from.claims = claims;
    from.is_release = row->release.token != 0;
    from.release = row->release;
    return quarantine_record_new(&from);
}

static enum quarantine_verdict judge(struct quarantine *q, const struct row *row, int64_t offset)
{
    struct quarantine_record *r = record_of(row, offset);
    const enum quarantine_verdict verdict = quarantine_judge(q, r, row->rejected);

    free(r);
    return verdict;
}

/* "a:<parked>/<retried> ..." */
static void show(const struct quarantine *q, char text[TEXT_MAX])
{
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < q->n; i++)
        n += (size_t)snprintf(text + n, TEXT_MAX - n, "%s%.*s:%d/%d", i ? " " : "",
                              STR_ARGS(q->entries[i].key), (int)q->entries[i].state.parked,
                              (int)q->entries[i].state.retried);
}

static const struct {
    const char *name;
    struct row row;
    enum quarantine_verdict verdict;
    const char *after;
} turns[] = {
    { "rejected", { .keys = "b", .rejected = true }, QUARANTINE_PASSES, "b:1/0" },
    { "another key goes on", { .keys = "a" }, QUARANTINE_PASSES, "b:1/0" },
    { "the key is held back", { .keys = "b" }, QUARANTINE_PARKS, "b:2/0" },
    { "what names it too, and its other keys", { .keys = "ab" }, QUARANTINE_PARKS, "a:1/0 b:3/0" },
    { "rejected in the meantime",
      { .keys = "b", .rejected = true },
      QUARANTINE_PASSES,
      "a:1/0 b:4/0" },
    { "a retry out of turn", { .keys = "b", .claims = "b2" }, QUARANTINE_SKIPS, "a:1/0 b:4/0" },
    { "the first retry", { .keys = "b", .claims = "b1" }, QUARANTINE_PASSES, "a:1/0 b:4/1" },
    { "again", { .keys = "b", .claims = "b1" }, QUARANTINE_SKIPS, "a:1/0 b:4/1" },
    { "a retry that is rejected as such does not count",
      { .keys = "b", .claims = "b2", .rejected = true },
      QUARANTINE_PASSES,
      "a:1/0 b:4/1" },
    { "the second", { .keys = "b", .claims = "b2" }, QUARANTINE_PASSES, "a:1/0 b:4/2" },
    { "of two keys, one not claimed",
      { .keys = "ab", .claims = "b3" },
      QUARANTINE_SKIPS,
      "a:1/0 b:4/2" },
    { "of two keys of another quarantine",
      { .keys = "ab", .claims = "a1b3" },
      QUARANTINE_SKIPS,
      "a:1/0 b:4/2" },
    { "a release that is late",
      { .keys = "b", .release = { { "b", 1 }, TOKEN, 3, 2 } },
      QUARANTINE_SKIPS,
      "a:1/0 b:4/2" },
    { "a release of another quarantine",
      { .keys = "b", .release = { { "b", 1 }, TOKEN + 1, 4, 2 } },
      QUARANTINE_SKIPS,
      "a:1/0 b:4/2" },
    { "a release behind a retry that failed",
      { .keys = "b", .release = { { "b", 1 }, TOKEN, 4, 4 } },
      QUARANTINE_SKIPS,
      "a:1/0 b:4/2" },
    { "the rest is given up",
      { .keys = "b", .release = { { "b", 1 }, TOKEN, 4, 2 } },
      QUARANTINE_SKIPS,
      "a:1/0" },
    { "the key goes on", { .keys = "b" }, QUARANTINE_PASSES, "a:1/0" },
    { "a retry that comes too late", { .keys = "b", .claims = "b3" }, QUARANTINE_SKIPS, "a:1/0" },
    { "nothing is known of its keys",
      { .keys = "", .rejected = true },
      QUARANTINE_PASSES,
      "a:1/0" },
};

static void each_record_is_judged_in_its_turn(void **state)
{
    struct quarantine q = { 0 };
    char text[TEXT_MAX];
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(turns); i++) {
        const enum quarantine_verdict verdict = judge(&q, &turns[i].row, (int64_t)i);

        show(&q, text);
        if (verdict != turns[i].verdict || strcmp(text, turns[i].after) != 0)
            fail_msg("%s: verdict %d, then '%s'", turns[i].name, (int)verdict, text);
    }
    quarantine_release(&q);
}

static void what_redis_refuses_counts_once(void **state)
{
    struct quarantine_record *refused = record_of(&(struct row){ .keys = "a" }, 5);
    struct quarantine_record *retry = record_of(&(struct row){ .keys = "a", .claims = "a1" }, 8);
    struct quarantine q = { 0 };
    char text[TEXT_MAX];
    (void)state;

    assert_int_equal(quarantine_judge(&q, refused, false), QUARANTINE_PASSES);
    assert_int_equal(refused->n_changes, 0);
    quarantine_refuse(&q, refused);
    assert_int_equal(refused->n_changes, 1);
    quarantine_refuse(&q, refused); /* its answer was lost, and it was judged again */
    show(&q, text);
    assert_string_equal(text, "a:1/0");
    q.entries[0].state.token = TOKEN;
    assert_int_equal(quarantine_judge(&q, retry, false), QUARANTINE_PASSES);
    show(&q, text);
    assert_string_equal(text, "a:1/1");
    quarantine_refuse(&q, retry);
    quarantine_refuse(&q, retry);
    show(&q, text);
    assert_string_equal(text, "a:1/0");
    free(refused);
    free(retry);
    quarantine_release(&q);
}

/* Below the position: key a is held back from offset 10 on, and its first retry was at 20, whether
 * Redis refused it or not. */
static void what_was_sent_is_told_from_what_was_not(void **state)
{
    static const struct {
        struct row row;
        int64_t offset;
        bool withheld;
    } rows[] = {
        { { .keys = "a" }, 9, false },
        { { .keys = "a" }, 10, false }, /* Redis refused it, or it is a dead letter */
        { { .keys = "a" }, 11, true },
        { { .keys = "ba" }, 11, true },
        { { .keys = "b" }, 11, false },
        { { .keys = "a", .claims = "a1" }, 20, false },
        { { .keys = "a", .claims = "a1" }, 21, true },
        { { .keys = "b", .claims = "b1" }, 20, true },
        { { .keys = "b", .release = { { "b", 1 }, 1, 1, 1 } }, 30, true },
    };
    struct quarantine_record *retry = record_of(&(struct row){ .keys = "a", .claims = "a1" }, 20);
    struct quarantine q = { 0 };
    (void)state;

    judge(&q, &(struct row){ .keys = "a", .rejected = true }, 10);
    q.entries[0].state.token = TOKEN;
    assert_int_equal(quarantine_judge(&q, retry, false), QUARANTINE_PASSES);
    for (int refused = 0; refused < 2; refused++) {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
            struct quarantine_record *r = record_of(&rows[i].row, rows[i].offset);

            if (quarantine_withheld(&q, r) != rows[i].withheld)
                fail_msg("row %zu, refused: %d", i, refused);
            free(r);
        }
        quarantine_refuse(&q, retry);
    }
    free(retry);
    quarantine_release(&q);
}

/* What record `i` would write down of a key. */
static const struct quarantined *written(const struct quarantine_record *r, const char *key)
{
    for (size_t i = 0; i < r->n_changes; i++)
        if (str_eq(r->changes[i].key, str_from(key)))
            return &r->changes[i].state;
    fail_msg("nothing is written of %s", key);
    return NULL;
}

/* a is quarantined, so ab and abc are held back; what only b names passed, and is refused then. */
static void one_that_is_refused_late_comes_first(void **state)
{
    struct quarantine q = { 0 };
    struct quarantine_record *passed = record_of(&(struct row){ .keys = "b" }, 2);
    struct quarantine_record *ab = record_of(&(struct row){ .keys = "ab" }, 3);
    struct quarantine_record *abc = record_of(&(struct row){ .keys = "abc" }, 4);
    struct quarantine_record *later[] = { ab, abc };
    struct quarantine_record *retry = record_of(&(struct row){ .keys = "b", .claims = "b1" }, 1);
    char text[TEXT_MAX];

    (void)state;
    judge(&q, &(struct row){ .keys = "a", .rejected = true }, 1);
    assert_int_equal(quarantine_judge(&q, passed, false), QUARANTINE_PASSES);
    assert_int_equal(quarantine_judge(&q, ab, false), QUARANTINE_PARKS);
    assert_int_equal(quarantine_judge(&q, abc, false), QUARANTINE_PARKS);
    quarantine_refuse(&q, passed);
    show(&q, text);
    assert_string_equal(text, "a:3/0 b:3/0 c:1/0");
    for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
        quarantine_precede(later[i], passed);
        assert_int_equal(written(later[i], "b")->first, 2);
        assert_int_equal(written(later[i], "b")->token, 2 + TOKEN);
        assert_int_equal(written(later[i], "b")->parked, 2 + i);
        assert_int_equal(written(later[i], "b")->last, 3 + i);
        assert_int_equal(written(later[i], "a")->first, 1);
        assert_int_equal(written(later[i], "a")->parked, 2 + i);
        quarantine_precede(later[i], retry);
        assert_int_equal(written(later[i], "b")->parked, 2 + i);
    }
    assert_int_equal(written(abc, "c")->first, 4);
    free(passed);
    free(ab);
    free(abc);
    free(retry);
    quarantine_release(&q);
}

static bool read_one(struct quarantine *q, const char *key, const char *value)
{
    struct reply fields[] = { { .type = REPLY_STRING, .text = str_from(key) },
                              { .type = REPLY_STRING, .text = str_from(value) } };
    const struct reply reply = { .type = REPLY_ARRAY, .elements = fields, .n_elements = 2 };

    return quarantine_from_reply(q, &reply);
}

static void what_is_written_is_read(void **state)
{
    struct quarantine q = { 0 };
    char text[QUARANTINE_VALUE_MAX];
    (void)state;

    assert_true(read_one(&q, "a", "00000000000000a1 1 5 3 2 -1"));
    assert_int_equal(q.n, 1);
    assert_int_equal(q.entries[0].state.token, TOKEN);
    assert_true(str_eq(quarantined_print(&q.entries[0].state, text),
                       STR_LITERAL("00000000000000a1 1 5 3 2 -1")));
    assert_true(read_one(&q, "redwal:since", "17"));
    assert_true(q.has_since && q.since == 17 && q.n == 0);
    quarantine_release(&q);
}

static void what_makes_no_sense_is_refused(void **state)
{
    static const char *const values[] = {
        "",
        "00000000000000a1 1 5 3 2",
        "00000000000000a1 1 5 3 2 -1 7",
        "00000000000000a1  1 5 3 2 -1",
        "00000000000000A1 1 5 3 2 -1",
        "a1 1 5 3 2 -1",
        "00000000000000a1 5 1 3 2 -1",
        "00000000000000a1 -1 5 3 2 -1",
        "00000000000000a1 1 5 0 0 -1",
        "00000000000000a1 1 5 3 4 -1",
        "00000000000000a1 1 5 3 -1 -1",
        "00000000000000a1 1 5 3 2 -2",
        "00000000000000a1 x 5 3 2 -1",
    };
    const struct reply number = { .type = REPLY_INTEGER };
    struct quarantine q = { 0 };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        if (read_one(&q, "a", values[i]) || q.n != 0)
            fail_msg("'%s' was taken", values[i]);
    assert_false(read_one(&q, "redwal:since", "x"));
    assert_false(quarantine_from_reply(&q, &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record_is_judged_in_its_turn),
        cmocka_unit_test(what_redis_refuses_counts_once),
        cmocka_unit_test(what_was_sent_is_told_from_what_was_not),
        cmocka_unit_test(one_that_is_refused_late_comes_first),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
