#include "pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "runtime/clock.h"

enum { ANSWER_MAX_BYTES = 4096 };

static unsigned get(struct pages *p, const char *path, struct buf *body)
{
    const struct http_request request = { 0 };
    struct http_answer answer = { 0 };
    struct http_page pages[PAGES_COUNT];
    unsigned status = 404;

    buf_release(body);
    buf_init(&answer.body, ANSWER_MAX_BYTES);
    pages_list(p, pages);
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
        if (strcmp(pages[i].path, path) == 0)
            status = pages[i].render(pages[i].self, &request, &answer);
    *body = answer.body;
    return status;
}

static void be_silent_for(struct pages *p, int64_t silent_ms)
{
    heartbeat_beat(&p->heartbeat, clock_monotonic_ms() - silent_ms);
}

static void a_loop_that_turns_is_alive_and_a_silent_one_is_not(void **state)
{
    CLEANUP(pages_release) struct pages p;
    CLEANUP(buf_release) struct buf body = { 0 };
    (void)state;

    pages_init(&p);
    assert_int_equal(get(&p, "/livez", &body), 200);
    assert_true(str_eq(buf_str(&body), STR_LITERAL("alive\n")));

    be_silent_for(&p, HEARTBEAT_SILENCE_MAX_MS / 2);
    assert_int_equal(get(&p, "/livez", &body), 200);
    be_silent_for(&p, HEARTBEAT_SILENCE_MAX_MS + 1);
    assert_int_equal(get(&p, "/livez", &body), 503);
    assert_true(str_starts_with(buf_str(&body),
                                STR_LITERAL("not alive: the main loop has not turned for ")));

    p.written_ms = 0;
    pages_update(&p, NULL, 1); /* too soon to write anything */
    assert_int_equal(get(&p, "/livez", &body), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_that_turns_is_alive_and_a_silent_one_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
