/* What is told afterwards of keys that were reverted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/record_digest.h"
#include "core/reject.h"
#include "runtime/revert_state.h"

enum { PARTITIONS = 4, OFFSET = 7 };
#define KEY "cart:1"

struct told {
    size_t n, n_found;
    enum repair_outcome outcome;
    char why[FINDING_DETAIL_MAX];
};

static void revised(void *self, struct str key, enum finding_kind kind, enum repair_outcome outcome,
                    const char *why)
{
    struct told *told = self;

    assert_true(str_eq(key, STR_LITERAL(KEY)));
    assert_int_equal(kind, FINDING_TYPE);
    told->n++;
    told->outcome = outcome;
    snprintf(told->why, sizeof(told->why), "%s", why);
}

static void found(void *self, struct str key, const struct finding *finding,
                  enum repair_outcome outcome, const char *why)
{
    struct told *told = self;

    assert_true(str_eq(key, STR_LITERAL(KEY)));
    assert_int_equal(finding->kind, FINDING_VALUE);
    told->n_found++;
    told->outcome = outcome;
    snprintf(told->why, sizeof(told->why), "%s", why);
}

/* A run that wrote one key. */
struct stand {
    struct told told;
    struct verify_partition partitions[PARTITIONS];
    struct verify v;
    struct revert r;
};

static void begin(struct stand *s)
{
    *s = (struct stand){ .v = { .n_partitions = PARTITIONS } };
    s->v.ports.listener.revised = revised;
    s->v.ports.listener.self = &s->told;
    s->v.counts.outcomes[REPAIR_WRITTEN] = 1;
    s->r.v = &s->v;
    s->r.settings.run = "run";
    written_keys_add(&s->r.written, STR_LITERAL(KEY), OFFSET, FINDING_TYPE, REPAIR_WRITTEN);
}

static void end(struct stand *s)
{
    written_keys_release(&s->r.written);
    written_keys_release(&s->r.earlier);
}

static void tell_letter_in(struct stand *s, int64_t offset, const char *reason,
                           enum letter_state state)
{
    const struct operation operation = { .key = STR_LITERAL(KEY), .command = STR_LITERAL("DEL") };
    const struct envelope envelope = { .operations = &operation, .n_operations = 1 };
    const struct record record = { .partition = revert_partition(&s->r, STR_LITERAL(KEY)),
                                   .offset = offset };

    revert_tell_rejected(&s->r, &record, &envelope, str_from(reason), state);
}

static void tell_letter(struct stand *s, int64_t offset, const char *reason)
{
    tell_letter_in(s, offset, reason, LETTER_OPEN);
}

static void a_dead_letter_tells_whether_the_key_may_have_been_made(void **state)
{
    static const struct {
        enum reject_reason reason;
        enum repair_outcome outcome;
        const char *words;
    } rows[] = {
        { REJECT_REDIS_WRONGTYPE, REPAIR_REJECTED, "rejected its record" },
        { REJECT_OUTCOME_UNKNOWN, REPAIR_DOUBTFUL, "look at the key" },
    };
    struct stand s;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        begin(&s);
        tell_letter(&s, OFFSET + 1, reject_code(rows[i].reason));
        assert_int_equal(s.told.n, 0);
        tell_letter(&s, OFFSET, reject_code(rows[i].reason));
        assert_int_equal(s.told.n, 1);
        assert_int_equal(s.told.outcome, rows[i].outcome);
        assert_non_null(strstr(s.told.why, rows[i].words));
        assert_non_null(strstr(s.told.why, reject_code(rows[i].reason)));
        assert_int_equal(s.v.counts.outcomes[REPAIR_WRITTEN], 0);
        assert_int_equal(s.v.counts.outcomes[rows[i].outcome], 1);
        end(&s);
    }
}

static void a_dead_letter_that_was_retried_tells_nothing(void **state)
{
    struct stand s;

    (void)state;
    for (enum letter_state i = 0; i < LETTER_STATE_COUNT; i++) {
        begin(&s);
        tell_letter_in(&s, OFFSET, reject_code(REJECT_REDIS_WRONGTYPE), i);
        assert_int_equal(s.told.n, i == LETTER_RETRIED ? 0 : 1);
        end(&s);
    }
}

static void tell_held(struct stand *s, int32_t beside, int64_t first)
{
    const int32_t own = revert_partition(&s->r, STR_LITERAL(KEY));

    revert_tell_held(&s->r, (own + beside) % PARTITIONS, STR_LITERAL(KEY), first);
}

static void a_record_is_held_back_in_its_own_partition_from_an_offset_on(void **state)
{
    struct stand s;

    (void)state;
    begin(&s);
    tell_held(&s, 1, OFFSET - 1);
    tell_held(&s, 0, OFFSET + 1);
    assert_int_equal(s.told.n, 0);
    tell_held(&s, 0, OFFSET);
    assert_int_equal(s.told.n, 1);
    assert_int_equal(s.told.outcome, REPAIR_HELD);
    end(&s);
}

static void what_is_held_back_tells_the_reason_of_its_own_letter(void **state)
{
    struct stand s;

    (void)state;
    begin(&s);
    tell_held(&s, 0, OFFSET);
    tell_letter(&s, OFFSET, reject_code(REJECT_KEY_QUARANTINED));
    assert_int_equal(s.told.n, 1);
    tell_letter(&s, OFFSET, reject_code(REJECT_REDIS_WRONGTYPE));
    assert_int_equal(s.told.n, 2);
    assert_int_equal(s.told.outcome, REPAIR_HELD);
    assert_non_null(strstr(s.told.why, "dead letters"));
    assert_non_null(strstr(s.told.why, reject_code(REJECT_REDIS_WRONGTYPE)));
    assert_int_equal(s.v.counts.outcomes[REPAIR_HELD], 1);
    end(&s);
}

/* A record that names the key, of this run or of a producer. */
static void read_late(struct stand *s, int64_t offset, bool is_of_run)
{
    const struct str key = STR_LITERAL(KEY);
    char id[REVERT_ID_MAX + 1];
    const struct prepared record = { .partition = revert_partition(&s->r, key),
                                     .offset = offset,
                                     .has_id = is_of_run,
                                     .id = record_id_hash(revert_id_of(&s->r, key, id)),
                                     .keys = &key,
                                     .n_keys = 1 };

    revert_read_late(&s->r, &record);
}

static void of_two_processes_that_do_a_run_the_first_record_counts(void **state)
{
    struct stand s;

    (void)state;
    begin(&s);
    read_late(&s, OFFSET - 2, true);
    read_late(&s, OFFSET - 1, false);
    read_late(&s, OFFSET, true);
    assert_int_equal(s.told.n, 0); /* what a producer wrote between the two stands */
    tell_letter(&s, OFFSET, reject_code(REJECT_REDIS_WRONGTYPE));
    tell_held(&s, 0, OFFSET - 1);
    assert_int_equal(s.told.n, 0);
    tell_letter(&s, OFFSET - 2, reject_code(REJECT_REDIS_WRONGTYPE));
    assert_int_equal(s.told.n, 1);
    assert_int_equal(s.told.outcome, REPAIR_REJECTED);
    end(&s);
}

static void what_a_producer_wrote_in_front_of_the_record_is_told_once(void **state)
{
    struct stand s;

    (void)state;
    begin(&s);
    read_late(&s, OFFSET + 1, false);
    assert_int_equal(s.told.n, 0);
    read_late(&s, OFFSET - 2, false);
    read_late(&s, OFFSET - 1, false);
    assert_int_equal(s.told.n, 1);
    assert_int_equal(s.told.outcome, REPAIR_WRITTEN);
    assert_non_null(strstr(s.told.why, "undone, too"));
    end(&s);
}

/* The run goes on, and found the key's record in the log, in its partition or the one beside. */
static void begin_earlier(struct stand *s, int32_t beside, enum coverage coverage)
{
    const struct str key = STR_LITERAL(KEY);
    struct prepared record = { .offset = OFFSET };

    begin(s);
    written_keys_release(&s->r.written);
    s->v.counts.outcomes[REPAIR_WRITTEN] = 0;
    s->v.ports.listener.found = found;
    s->v.partitions = s->partitions;
    for (size_t i = 0; i < PARTITIONS; i++)
        s->partitions[i].coverage = coverage;
    record.partition = (revert_partition(&s->r, key) + beside) % PARTITIONS;
    revert_note_earlier(&s->r, &record, key);
}

static void what_an_earlier_call_wrote_is_found_only_where_it_was_in_vain(void **state)
{
    struct stand s;

    (void)state;
    begin_earlier(&s, 0, COVERAGE_FULL);
    tell_letter(&s, OFFSET - 1, reject_code(REJECT_REDIS_WRONGTYPE));
    tell_held(&s, 0, OFFSET + 1);
    assert_int_equal(s.told.n_found, 0);
    tell_held(&s, 0, OFFSET);
    assert_int_equal(s.told.n_found, 1);
    assert_int_equal(s.told.outcome, REPAIR_HELD);
    tell_letter(&s, OFFSET, reject_code(REJECT_KEY_QUARANTINED));
    assert_int_equal(s.told.n + s.told.n_found, 1);
    assert_int_equal(s.v.counts.outcomes[REPAIR_HELD], 1);
    assert_int_equal(s.v.counts.found[FINDING_VALUE], 1);
    end(&s);

    begin_earlier(&s, 0, COVERAGE_FULL);
    tell_letter(&s, OFFSET, reject_code(REJECT_REDIS_WRONGTYPE));
    assert_int_equal(s.told.n_found, 1);
    assert_int_equal(s.told.outcome, REPAIR_REJECTED);
    assert_int_equal(s.v.counts.outcomes[REPAIR_REJECTED], 1);
    end(&s);
}

static void of_what_was_not_asked_for_an_earlier_call_tells_nothing(void **state)
{
    struct stand s;

    (void)state;
    for (int32_t beside = 0; beside < 2; beside++) {
        begin_earlier(&s, beside, beside > 0 ? COVERAGE_FULL : COVERAGE_LEFT_OUT);
        tell_letter(&s, OFFSET, reject_code(REJECT_REDIS_WRONGTYPE));
        tell_held(&s, 0, OFFSET);
        assert_int_equal(s.told.n_found, 0);
        end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dead_letter_tells_whether_the_key_may_have_been_made),
        cmocka_unit_test(a_dead_letter_that_was_retried_tells_nothing),
        cmocka_unit_test(a_record_is_held_back_in_its_own_partition_from_an_offset_on),
        cmocka_unit_test(what_is_held_back_tells_the_reason_of_its_own_letter),
        cmocka_unit_test(of_two_processes_that_do_a_run_the_first_record_counts),
        cmocka_unit_test(what_a_producer_wrote_in_front_of_the_record_is_told_once),
        cmocka_unit_test(what_an_earlier_call_wrote_is_found_only_where_it_was_in_vain),
        cmocka_unit_test(of_what_was_not_asked_for_an_earlier_call_tells_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
