#include "base/worker_pool.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

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
        .n_threads = THREADS,
        .n_open_max = OPEN_MAX,
        .n_kinds = KINDS,
        .n_ranks = 1,
        .ranks = { { .n_max = THREADS, .n_of_key_max = THREADS } },
        .serve = add_context,
        .free_job = free,
        .context = own,
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

static bool add(struct worker_pool *p, unsigned kind, int *job)
{
    const struct worker_pool_label label = { .kind = kind };

    return worker_pool_add(p, &label, job);
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

    assert_true(add(p, KIND_KEPT, number(1)));
    assert_true(add(p, KIND_ADDED, number(2)));
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
        assert_true(add(p, KIND_ADDED, number(i)));
    assert_false(add(p, KIND_KEPT, one_more));
    free(await(p, KIND_ADDED));
    assert_true(add(p, KIND_KEPT, one_more));
    worker_pool_free(p); /* with all that it has */
}

static void the_descriptor_tells_once(void **state)
{
    struct worker_pool *p = pool_of(0);
    struct pollfd done = { .fd = worker_pool_descriptor(p), .events = POLLIN };
    (void)state;

    assert_int_equal(poll(&done, 1, 0), 0);
    assert_true(add(p, KIND_ADDED, number(1)));
    await_done(p);
    worker_pool_hush(p);
    assert_int_equal(poll(&done, 1, 0), 0);
    free(await(p, KIND_ADDED));
    worker_pool_free(p);
}

/* --- jobs that hang --------------------------------------------------------------------------- */

enum { FIRST, LATER, RANKS };
enum { HANGING_THREADS = 4, LATER_MAX = 3, OF_KEY_MAX = 2, NAMES_MAX = 16 };

/* Shared by the threads. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool hangs;            /* jobs whose names are capital letters */
    char ends;             /* that one does not; 0: all do */
    char begun[NAMES_MAX]; /* by name, in order */
    size_t n_begun, n_freed;
} gate = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void wait_for_change(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    assert_int_equal(pthread_cond_timedwait(&gate.changed, &gate.mutex, &until), 0);
}

static void pass_gate(const void *context, void *job)
{
    const char name = *(const char *)job;
    (void)context;

    pthread_mutex_lock(&gate.mutex);
    gate.begun[gate.n_begun++] = name;
    pthread_cond_broadcast(&gate.changed);
    while (gate.hangs && name != gate.ends && name >= 'A' && name <= 'Z')
        pthread_cond_wait(&gate.changed, &gate.mutex);
    pthread_mutex_unlock(&gate.mutex);
}

static void free_counted(void *job)
{
    free(job);
    pthread_mutex_lock(&gate.mutex);
    gate.n_freed++;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
}

static struct worker_pool *hanging_pool(int n_threads)
{
    const struct worker_pool_settings settings = {
        .n_threads = n_threads,
        .n_open_max = NAMES_MAX,
        .n_kinds = 1,
        .n_ranks = RANKS,
        .ranks = { [FIRST] = { n_threads, OF_KEY_MAX }, [LATER] = { LATER_MAX, OF_KEY_MAX } },
        .serve = pass_gate,
        .free_job = free_counted,
        .context = mem_new(1, 1),
    };

    gate.hangs = true;
    gate.ends = 0;
    gate.n_begun = gate.n_freed = 0;
    return worker_pool_new(&settings);
}

static void add_named(struct worker_pool *p, unsigned rank, const char *key, char name)
{
    const struct worker_pool_label label = { .rank = rank, .key = key };
    char *job = mem_new(1, sizeof(*job));

    *job = name;
    assert_true(worker_pool_add(p, &label, job));
}

static void await_begun(size_t n)
{
    pthread_mutex_lock(&gate.mutex);
    while (gate.n_begun < n)
        wait_for_change();
    pthread_mutex_unlock(&gate.mutex);
}

static void open_gate(void)
{
    pthread_mutex_lock(&gate.mutex);
    gate.hangs = false;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
}

/* The next one that is done. */
static char await_named(struct worker_pool *p)
{
    char *job = (char *)await(p, 0), name = *job;

    free(job);
    return name;
}

static void end_one(struct worker_pool *p, char name)
{
    pthread_mutex_lock(&gate.mutex);
    gate.ends = name;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
    assert_int_equal(await_named(p), name);
}

static void end_all(struct worker_pool *p, size_t n)
{
    open_gate();
    while (n-- > 0)
        await_named(p);
    worker_pool_free(p);
}

static void what_has_the_first_rank_comes_first_and_the_rest_in_order(void **state)
{
    struct worker_pool *p = hanging_pool(1);
    (void)state;

    add_named(p, LATER, "k", 'H');
    await_begun(1);
    add_named(p, LATER, "k", 'a');
    add_named(p, LATER, NULL, 'b');
    add_named(p, FIRST, "k", 'o');
    end_all(p, 4);
    assert_memory_equal(gate.begun, "Hoab", 4);
}

static void a_key_that_hangs_leaves_threads_to_others(void **state)
{
    struct worker_pool *p = hanging_pool(HANGING_THREADS);
    (void)state;

    for (int i = 0; i < OF_KEY_MAX + 3; i++)
        add_named(p, LATER, "hangs", 'H');
    await_begun(OF_KEY_MAX);
    add_named(p, LATER, "answers", 'a');
    assert_int_equal(await_named(p), 'a');
    add_named(p, LATER, NULL, 'b');
    assert_int_equal(await_named(p), 'b');
    add_named(p, FIRST, "hangs", 'o');
    assert_int_equal(await_named(p), 'o');
    assert_int_equal(gate.n_begun, OF_KEY_MAX + 3);
    end_all(p, OF_KEY_MAX + 3);
    assert_int_equal(gate.n_begun, OF_KEY_MAX + 6);
}

/* Its second job would take a thread that another's first needs. */
static void a_key_that_nobody_asks_comes_before_one_that_may_hang(void **state)
{
    struct worker_pool *p = hanging_pool(1 + LATER_MAX);
    (void)state;

    add_named(p, LATER, "1", 'H');
    add_named(p, LATER, "2", 'I');
    await_begun(2);
    add_named(p, FIRST, "x", 'X');
    add_named(p, FIRST, "y", 'Y'); /* no thread is idle */
    await_begun(1 + LATER_MAX);
    add_named(p, LATER, "1", 'h');
    add_named(p, LATER, "2", 'i');
    add_named(p, LATER, "3", 'a');
    add_named(p, LATER, NULL, 'b');
    end_one(p, 'X');
    await_begun(1 + LATER_MAX + 4);
    assert_memory_equal(gate.begun + 1 + LATER_MAX, "abhi", 4);
    end_all(p, 7);
}

static void who_waits_for_a_busy_key_has_its_turn_when_that_is_free(void **state)
{
    struct worker_pool *p = hanging_pool(2);
    (void)state;

    add_named(p, LATER, "busy", 'H');
    add_named(p, FIRST, "x", 'X');
    await_begun(2);
    add_named(p, LATER, "busy", 'h');
    add_named(p, LATER, "1", 'a');
    add_named(p, LATER, "2", 'b');
    end_one(p, 'H'); /* by now it is as free as the others, and has waited longest */
    await_begun(2 + 3);
    assert_memory_equal(gate.begun + 2, "hab", 3);
    end_all(p, 4);
}

static void a_rank_that_hangs_leaves_threads_to_the_first(void **state)
{
    static const char *const keys[] = { "1", "2", "3", "4", "5" };
    struct worker_pool *p = hanging_pool(HANGING_THREADS);
    (void)state;

    for (size_t i = 0; i < 5; i++)
        add_named(p, LATER, keys[i], 'H');
    await_begun(LATER_MAX);
    add_named(p, FIRST, "1", 'o');
    assert_int_equal(await_named(p), 'o');
    assert_int_equal(gate.n_begun, LATER_MAX + 1);
    end_all(p, 5);
}

static void nobody_waits_for_one_that_hangs_when_all_is_freed(void **state)
{
    struct worker_pool *p = hanging_pool(HANGING_THREADS);
    (void)state;

    add_named(p, LATER, "k", 'H');
    add_named(p, LATER, "k", 'H');
    add_named(p, LATER, "k", 'w');
    await_begun(2);
    worker_pool_free(p);
    open_gate();
    pthread_mutex_lock(&gate.mutex);
    while (gate.n_freed < 3)
        wait_for_change();
    pthread_mutex_unlock(&gate.mutex);
    assert_int_equal(gate.n_begun, 2); /* what waited was not begun any more */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_comes_back_by_its_kind),
        cmocka_unit_test(what_is_not_taken_back_is_open),
        cmocka_unit_test(the_descriptor_tells_once),
        cmocka_unit_test(what_has_the_first_rank_comes_first_and_the_rest_in_order),
        cmocka_unit_test(a_key_that_hangs_leaves_threads_to_others),
        cmocka_unit_test(a_key_that_nobody_asks_comes_before_one_that_may_hang),
        cmocka_unit_test(who_waits_for_a_busy_key_has_its_turn_when_that_is_free),
        cmocka_unit_test(a_rank_that_hangs_leaves_threads_to_the_first),
        cmocka_unit_test(nobody_waits_for_one_that_hangs_when_all_is_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
