#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/prng.h"
#include "core/backlog.h"

static void push(struct backlog *b, int64_t offset, const char *commands)
{
    const struct entry entry = { .offset = offset,
                                 .n_bytes = (uint32_t)strlen(commands),
                                 .n_commands = 1 };

    assert_true(buf_append_text(&b->bytes, commands));
    backlog_push(b, &entry);
}

static size_t backlog_bytes(const struct backlog *b)
{
    return b->bytes.n - b->bytes_done;
}

static void assert_front(const struct backlog *b, const char *commands)
{
    const char *front = b->bytes.p + b->bytes_done;

    assert_true(backlog_bytes(b) >= strlen(commands));
    assert_memory_equal(front, commands, strlen(commands));
}

static void entries_leave_in_order_with_their_commands(void **state)
{
    struct backlog b;
    (void)state;

    backlog_init(&b);
    push(&b, 5, "five");
    push(&b, 7, "seven");
    push(&b, 8, "eight");
    assert_front(&b, "fiveseveneight");
    assert_int_equal(backlog_pop(&b).offset, 5);
    assert_front(&b, "seveneight");
    assert_null(backlog_find(&b, 5));
    assert_null(backlog_find(&b, 6));
    assert_int_equal(backlog_find(&b, 8)->offset, 8);
    assert_int_equal(backlog_pop_last(&b).offset, 8);
    assert_int_equal(backlog_bytes(&b), 5);
    assert_int_equal(backlog_pop(&b).offset, 7);
    assert_int_equal(backlog_bytes(&b), 0);
    backlog_release(&b);
}

static void a_stripped_entry_takes_only_its_own_commands_along(void **state)
{
    struct backlog b;
    (void)state;

    backlog_init(&b);
    push(&b, 1, "one");
    push(&b, 2, "two");
    push(&b, 3, "three");
    backlog_strip(&b, 1);
    assert_front(&b, "onethree");
    assert_int_equal(backlog_at(&b, 1)->n_commands, 0);
    backlog_pop(&b);
    assert_front(&b, "three");
    backlog_pop(&b);
    assert_front(&b, "three");
    backlog_pop(&b);
    backlog_release(&b);
}

/* Against a plain array: thousands of pushes and pops keep order, bytes and lookups right. */
static void long_use_agrees_with_a_plain_list(void **state)
{
    enum { STEPS = 20000, HOLD = 3000 };
    struct prng prng = { 42 };
    struct backlog b;
    int64_t first = 0, next = 0;
    char text[32];
    (void)state;

    backlog_init(&b);
    for (int step = 0; step < STEPS; step++) {
        if (next - first < HOLD && prng_chance(&prng, 600)) {
            snprintf(text, sizeof(text), "<%lld>", (long long)next);
            push(&b, next++, text);
        } else if (first < next) {
            snprintf(text, sizeof(text), "<%lld>", (long long)first);
            assert_front(&b, text);
            assert_int_equal(backlog_pop(&b).offset, first++);
        }
        if (first < next) {
            const int64_t any = first + (int64_t)prng_below(&prng, (uint64_t)(next - first));

            assert_int_equal(backlog_find(&b, any)->offset, any);
        }
        if (step % 1000 == 0)
            backlog_trim(&b);
    }
    while (b.n > 0)
        backlog_pop(&b);
    backlog_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_leave_in_order_with_their_commands),
        cmocka_unit_test(a_stripped_entry_takes_only_its_own_commands_along),
        cmocka_unit_test(long_use_agrees_with_a_plain_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
