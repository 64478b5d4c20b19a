#include "runtime/schemas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* --- a registry whose answers are the test's -------------------------------------------------- */

struct fake {
    bool asked, answered;
    uint32_t id;
    size_t n_asked;
    struct registry_reply reply;
};

static void ask(void *self, uint32_t id)
{
    struct fake *f = self;

    assert_false(f->asked);
    f->asked = true;
    f->id = id;
    f->n_asked++;
}

static int descriptor(void *self)
{
    (void)self;
    return -1;
}

static bool next_reply(void *self, struct registry_reply *ret_reply)
{
    struct fake *f = self;

    if (!f->answered)
        return false;
    *ret_reply = f->reply;
    f->answered = f->asked = false;
    return true;
}

static const struct registry_ops ops = { ask, descriptor, next_reply };

static const char JSON[] = "{\"schemaType\":\"JSON\",\"schema\":\"{}\"}";
static const char UNKNOWN[] = "{\"error_code\":40403}";

static void answer(struct fake *f, long status, const char *body)
{
    assert_true(f->asked);
    f->answered = true;
    f->reply = (struct registry_reply){ .id = f->id, .status = status, .body = str_from(body) };
    snprintf(f->reply.why, sizeof(f->reply.why), "connection refused");
}

struct fixture {
    struct fake fake;
    struct registry registry;
    struct schemas *schemas;
    int64_t now_ms;
    const struct schema *schema;
    struct reject reject;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){ .registry = { &ops, &f->fake }, .now_ms = 1000 };
    f->schemas = schemas_new(&f->registry, 1);
}

static enum schemas_found find(struct fixture *f, uint32_t id)
{
    return schemas_find(f->schemas, id, f->now_ms, &f->schema, &f->reject);
}

static bool turn(struct fixture *f)
{
    return schemas_turn(f->schemas, f->now_ms);
}

/* Asks for the schema and has the registry answer. */
static void fetch(struct fixture *f, uint32_t id, long status, const char *body)
{
    assert_int_equal(find(f, id), SCHEMAS_WAIT);
    turn(f);
    assert_int_equal(f->fake.id, id);
    answer(&f->fake, status, body);
    turn(f);
}

/* ---------------------------------------------------------------------------------------------- */

static void a_schema_is_asked_for_once(void **state)
{
    struct fixture f;
    (void)state;

    begin(&f);
    assert_false(turn(&f));
    assert_int_equal(f.fake.n_asked, 0);
    assert_true(schemas_wakes_at_ms(f.schemas) == INT64_MAX);
    assert_int_equal(find(&f, 7), SCHEMAS_WAIT);
    assert_true(schemas_wakes_at_ms(f.schemas) <= f.now_ms);
    assert_false(turn(&f));
    assert_int_equal(find(&f, 7), SCHEMAS_WAIT);
    assert_false(turn(&f));
    assert_true(schemas_wakes_at_ms(f.schemas) == INT64_MAX);
    answer(&f.fake, 200, JSON);
    assert_true(turn(&f));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(find(&f, 7), SCHEMAS_FOUND);
        assert_int_equal(f.schema->type, SCHEMA_JSON);
        assert_false(turn(&f));
    }
    assert_int_equal(f.fake.n_asked, 1);
    assert_int_equal(schemas_count(f.schemas), 1);
    schemas_free(f.schemas);
    schemas_free(NULL);
}

static void several_are_asked_for_one_after_the_other(void **state)
{
    struct fixture f;
    (void)state;

    begin(&f);
    for (uint32_t id = 1; id <= 3; id++)
        assert_int_equal(find(&f, id), SCHEMAS_WAIT);
    for (uint32_t id = 1; id <= 3; id++) {
        turn(&f);
        assert_int_equal(f.fake.id, id);
        answer(&f.fake, 200, JSON);
    }
    turn(&f);
    for (uint32_t id = 1; id <= 3; id++)
        assert_int_equal(find(&f, id), SCHEMAS_FOUND);
    schemas_free(f.schemas);
}

static const struct {
    long status;
    const char *body;
    enum reject_reason reason;
    const char *detail;
} refusals[] = {
    { 404, UNKNOWN, REJECT_SCHEMA_UNKNOWN, "schema 7: the registry does not have it" },
    { 200, "{\"schema\":\"x\",\"schemaType\":\"XML\"}", REJECT_SCHEMA_MISMATCH, "type XML" },
    { 200, "{\"schema\":\"\\\"bytes\\\"\"}", REJECT_SCHEMA_MISMATCH, "schema 7: bytes where ours" },
    { 200, "{\"schema\":\"message M {}\",\"schemaType\":\"PROTOBUF\"}", REJECT_SCHEMA_MISMATCH,
      "it has no message redwal.v1.Envelope" },
};

static void what_cannot_be_read_is_rejected(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct fixture f;

        begin(&f);
        fetch(&f, 7, refusals[i].status, refusals[i].body);
        assert_int_equal(find(&f, 7), SCHEMAS_REJECTED);
        assert_int_equal(f.reject.reason, refusals[i].reason);
        if (!strstr(f.reject.detail, refusals[i].detail))
            fail_msg("%s: %s", refusals[i].body, f.reject.detail);
        assert_string_equal(schemas_trouble(f.schemas), "");
        schemas_free(f.schemas);
    }
}

static void a_registry_that_does_not_answer_is_asked_again_and_again(void **state)
{
    static const struct {
        long status;
        const char *body;
    } troubles[] = { { 0, "" },    { 503, "" },       { 401, "{\"error_code\":401}" },
                     { 404, "" },  { 200, "<html>" }, { 500, UNKNOWN },
                     { 302, JSON } };
    struct fixture f;
    int64_t waited_ms = 0;
    (void)state;

    begin(&f);
    assert_int_equal(find(&f, 7), SCHEMAS_WAIT);
    for (size_t i = 0; i < 40; i++) {
        int64_t at_ms;

        turn(&f);
        assert_int_equal(f.fake.n_asked, i + 1);
        answer(&f.fake, troubles[i % 7].status, troubles[i % 7].body);
        assert_false(turn(&f));
        assert_int_equal(find(&f, 7), SCHEMAS_WAIT);
        assert_non_null(strstr(schemas_trouble(f.schemas), "schema 7: "));
        at_ms = schemas_wakes_at_ms(f.schemas);
        assert_true(at_ms > f.now_ms && at_ms <= f.now_ms + SCHEMA_RETRY_MAX_MS);
        waited_ms += at_ms - f.now_ms;
        f.now_ms = at_ms - 1;
        turn(&f);
        assert_int_equal(f.fake.n_asked, i + 1);
        f.now_ms = at_ms;
    }
    assert_true(waited_ms > 30 * SCHEMA_RETRY_MAX_MS * 3 / 4);
    assert_int_equal(schemas_counters(f.schemas)->failed, 40);
    turn(&f);
    answer(&f.fake, 200, JSON);
    assert_true(turn(&f));
    assert_int_equal(find(&f, 7), SCHEMAS_FOUND);
    assert_string_equal(schemas_trouble(f.schemas), "");
    assert_int_equal(schemas_counters(f.schemas)->asked, 41);
    schemas_free(f.schemas);
}

static void a_schema_that_is_registered_later_is_found(void **state)
{
    struct fixture f;
    (void)state;

    begin(&f);
    fetch(&f, 7, 404, UNKNOWN);
    f.now_ms += SCHEMA_ABSENT_MS - 1;
    assert_int_equal(find(&f, 7), SCHEMAS_REJECTED);
    f.now_ms++;
    fetch(&f, 7, 200, JSON);
    assert_int_equal(find(&f, 7), SCHEMAS_FOUND);
    schemas_free(f.schemas);
}

static void the_one_not_used_for_longest_makes_room(void **state)
{
    struct fixture f;
    (void)state;

    begin(&f);
    for (uint32_t id = 0; id < SCHEMAS_MAX; id++)
        fetch(&f, id, 200, JSON);
    assert_int_equal(find(&f, 0), SCHEMAS_FOUND);
    fetch(&f, SCHEMAS_MAX, 200, JSON);
    assert_int_equal(schemas_count(f.schemas), SCHEMAS_MAX);
    assert_int_equal(find(&f, 0), SCHEMAS_FOUND);
    assert_int_equal(find(&f, SCHEMAS_MAX), SCHEMAS_FOUND);
    assert_int_equal(find(&f, 1), SCHEMAS_WAIT);
    turn(&f);
    /* However many others are wanted, the one that is being asked for stays. */
    for (uint32_t id = 0; id < 2 * SCHEMAS_MAX; id++)
        find(&f, 10000 + id);
    answer(&f.fake, 200, JSON);
    turn(&f);
    assert_int_equal(find(&f, 1), SCHEMAS_FOUND);
    assert_int_equal(schemas_count(f.schemas), SCHEMAS_MAX);
    schemas_free(f.schemas);
}

static const char UNFIT[] = "{\"schema\":\"\\\"bytes\\\"\"}";

static void one_that_is_refused_is_read_once(void **state)
{
    enum { OTHERS = 3 * SCHEMAS_MAX };
    struct fixture f;
    (void)state;

    begin(&f);
    for (uint32_t id = 0; id < SCHEMAS_REJECTED_MAX; id++)
        fetch(&f, id, 200, UNFIT);
    for (uint32_t id = 0; id < OTHERS; id++)
        fetch(&f, 10000 + id, 200, JSON);
    for (uint32_t id = 0; id < SCHEMAS_REJECTED_MAX; id++)
        assert_int_equal(find(&f, id), SCHEMAS_REJECTED);
    assert_int_equal(f.fake.n_asked, SCHEMAS_REJECTED_MAX + OTHERS);
    assert_int_equal(schemas_count(f.schemas), SCHEMAS_MAX);
    schemas_free(f.schemas);
}

static void refused_ones_leave_room_for_the_others(void **state)
{
    struct fixture f;
    (void)state;

    begin(&f);
    for (uint32_t id = 0; id < 2 * SCHEMAS_MAX; id++)
        fetch(&f, 10000 + id, 200, UNFIT);
    for (uint32_t id = 0; id < SCHEMAS_REJECTED_MAX; id++)
        fetch(&f, id, 200, JSON);
    for (uint32_t id = 0; id < SCHEMAS_REJECTED_MAX - 1; id++)
        assert_int_equal(find(&f, id), SCHEMAS_FOUND);
    schemas_free(f.schemas);
}

static void without_a_registry_no_schema_is_known(void **state)
{
    struct fixture f;
    (void)state;

    begin(&f);
    f.registry = (struct registry){ 0 };
    assert_int_equal(find(&f, 7), SCHEMAS_REJECTED);
    assert_int_equal(f.reject.reason, REJECT_SCHEMA_UNKNOWN);
    assert_false(turn(&f));
    assert_true(schemas_wakes_at_ms(f.schemas) == INT64_MAX);
    schemas_free(f.schemas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_is_asked_for_once),
        cmocka_unit_test(several_are_asked_for_one_after_the_other),
        cmocka_unit_test(what_cannot_be_read_is_rejected),
        cmocka_unit_test(a_registry_that_does_not_answer_is_asked_again_and_again),
        cmocka_unit_test(a_schema_that_is_registered_later_is_found),
        cmocka_unit_test(the_one_not_used_for_longest_makes_room),
        cmocka_unit_test(one_that_is_refused_is_read_once),
        cmocka_unit_test(refused_ones_leave_room_for_the_others),
        cmocka_unit_test(without_a_registry_no_schema_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
