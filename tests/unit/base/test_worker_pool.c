#include "base/worker_pool.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"

enum { PATIENCE_MS = 60000, OPEN_MAX = 3, THREADS = 2 };
enum { KIND_ADDED, KIND_KEPT, KINDS };

static void add_context(const void *context, void *job)
{
    *(int *)job += *(const int *)context;
}

static struct worker_pool *pool_of(int context)
{
    int *own = mem_new(1, sizeof(*own));
    const struct worker_pool_settings settings = {
        THREADS, OPEN_MAX, KINDS, add_context, free, own
    };

    *own = context;
    return worker_pool_new(&settings);
}

static int *number(int n)
{
    int *job = mem_new(1, sizeof(*job));

    *job = n;
    return job;
}

static void await_done(const struct worker_pool *p)
{
    struct pollfd done = { .fd = worker_pool_descriptor(p), .events = POLLIN };

    assert_int_equal(poll(&done, 1, PATIENCE_MS), 1);
}

static int *await(struct worker_pool *p, unsigned kind)
{
    int *job;

    while (!(job = worker_pool_take(p, kind))) {
        await_done(p);
        worker_pool_hush(p);
    }
    return job;
}

static void a_job_comes_back_by_its_kind(void **state)
{
    struct worker_pool *p = pool_of(10);
    int *added, *kept;
    (void)state;

    assert_true(worker_pool_add(p, KIND_KEPT, number(1)));
    assert_true(worker_pool_add(p, KIND_ADDED, number(2)));
    added = await(p, KIND_ADDED);
    kept = await(p, KIND_KEPT);
    assert_int_equal(*added, 12);
    assert_int_equal(*kept, 11);
    assert_null(worker_pool_take(p, KIND_ADDED));
    free(added);
    free(kept);
    worker_pool_free(p);
}

static void what_is_not_taken_back_is_open(void **state)
{
    struct worker_pool *p = pool_of(0);
    int *one_more = number(7);
    (void)state;

    for (int i = 0; i < OPEN_MAX; i++)
        assert_true(worker_pool_add(p, KIND_ADDED, number(i)));
    assert_false(worker_pool_add(p, KIND_KEPT, one_more));
    free(await(p, KIND_ADDED));
    assert_true(worker_pool_add(p, KIND_KEPT, one_more));
    worker_pool_free(p); /* with all that it has */
}

static void the_descriptor_tells_once(void **state)
{
    struct worker_pool *p = pool_of(0);
    struct pollfd done = { .fd = worker_pool_descriptor(p), .events = POLLIN };
    (void)state;

    assert_int_equal(poll(&done, 1, 0), 0);
    assert_true(worker_pool_add(p, KIND_ADDED, number(1)));
    await_done(p);
    worker_pool_hush(p);
    assert_int_equal(poll(&done, 1, 0), 0);
    free(await(p, KIND_ADDED));
    worker_pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_comes_back_by_its_kind),
        cmocka_unit_test(what_is_not_taken_back_is_open),
        cmocka_unit_test(the_descriptor_tells_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
