#include "runtime/offset_looks.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/mem.h"

enum { PATIENCE_S = 60, SHORT_MS = 10, ASKERS = 4 };
enum { TIMES_AN_ASKER = 2 }; /* for what is idle, and for himself */

/* What all readers share; the threads do, too. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool hangs;   /* whoever reads the topic `slow` */
    bool refuses; /* to open one */
    int n_open, n_opened, n_looks, n_reading;
    int n_open_before; /* the last one was opened */
    int64_t now_ms;
    int n_told_time; /* whoever asks wants to know it as he takes his place */
} fake = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

struct reader {
    bool is_slow;
    int n_looks;
};

static void wait_for_change(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    assert_int_equal(pthread_cond_timedwait(&fake.changed, &fake.mutex, &until), 0);
}

static int64_t now(void)
{
    pthread_mutex_lock(&fake.mutex);
    fake.n_told_time++;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.mutex);
    return fake.now_ms;
}

static enum err_code open_reader(const void *context, const struct log_place *question,
                                 void **ret_reader, struct err *err)
{
    struct reader *r;

    assert_ptr_equal(context, &fake);
    if (fake.refuses)
        return err_set(err, ERR_INVALID, "no such topic");
    r = mem_new(1, sizeof(*r));
    r->is_slow = strcmp(question->topic, "slow") == 0;
    pthread_mutex_lock(&fake.mutex);
    fake.n_open_before = fake.n_open++;
    fake.n_opened++;
    pthread_mutex_unlock(&fake.mutex);
    *ret_reader = r;
    return ERR_OK;
}

/* Tells how often it was read. */
static void look(void *self, struct log_look *ret)
{
    struct reader *r = self;

    pthread_mutex_lock(&fake.mutex);
    fake.n_looks++;
    fake.n_reading++;
    pthread_cond_broadcast(&fake.changed);
    while (r->is_slow && fake.hangs)
        pthread_cond_wait(&fake.changed, &fake.mutex);
    fake.n_reading--;
    pthread_mutex_unlock(&fake.mutex);
    log_look_init(ret);
    ret->look.outcome = LOOK_ANSWERED;
    ret->n = 1;
    ret->partitions = mem_new(1, sizeof(*ret->partitions));
    ret->partitions[0].committed = ++r->n_looks;
}

static void close_reader(void *reader)
{
    free(reader);
    pthread_mutex_lock(&fake.mutex);
    fake.n_open--;
    pthread_mutex_unlock(&fake.mutex);
}

static struct offset_looks *begun(int64_t wait_ms)
{
    const struct offset_looks_source source = { .open = open_reader,
                                                .look = look,
                                                .close = close_reader,
                                                .context = &fake,
                                                .monotonic_ms = now,
                                                .wait_ms = wait_ms };

    fake.hangs = fake.refuses = false;
    fake.n_opened = fake.n_looks = fake.n_told_time = 0;
    fake.now_ms = 1000;
    return offset_looks_new(&source);
}

static void ended(struct offset_looks *l)
{
    offset_looks_free(l);
    assert_int_equal(fake.n_open, 0);
}

/* What was told; LOOK_UNKNOWN: it failed. */
static int64_t ask(struct offset_looks *l, const char *topic, const char *connector, char *ret_why)
{
    const struct log_place question = { .topic = topic, .connector = connector, .mirrored = "t" };
    struct log_look found;
    int64_t told;

    log_look_init(&found);
    offset_looks_ask(l, &question, &found);
    told = found.look.outcome == LOOK_ANSWERED ? found.partitions[0].committed : LOOK_UNKNOWN;
    if (ret_why)
        snprintf(ret_why, LOOK_WHY_MAX + 1, "%s", found.look.why);
    log_look_release(&found);
    return told;
}

static void a_reader_is_kept_for_the_next_look_of_its_own(void **state)
{
    struct offset_looks *l = begun(SHORT_MS);
    (void)state;

    assert_int_equal(ask(l, "o", "a", NULL), 1);
    assert_int_equal(ask(l, "o", "a", NULL), 2);
    assert_int_equal(ask(l, "o", "b", NULL), 1);
    assert_int_equal(ask(l, "p", "a", NULL), 1);
    assert_int_equal(fake.n_opened, 3);
    ended(l);
}

struct asker {
    struct offset_looks *looks;
    pthread_t thread;
    int64_t told;
};

static void *run(void *self)
{
    struct asker *a = self;

    a->told = ask(a->looks, "slow", "a", NULL);
    return NULL;
}

static void start(struct asker *a, struct offset_looks *l)
{
    a->looks = l;
    assert_int_equal(pthread_create(&a->thread, NULL, run, a), 0);
}

static void await_reading(void)
{
    pthread_mutex_lock(&fake.mutex);
    while (fake.n_reading == 0)
        wait_for_change();
    pthread_mutex_unlock(&fake.mutex);
}

/* Then they wait, or read. */
static void await_askers(int n)
{
    pthread_mutex_lock(&fake.mutex);
    while (fake.n_told_time < n * TIMES_AN_ASKER)
        wait_for_change();
    pthread_mutex_unlock(&fake.mutex);
}

static void go_on(void)
{
    pthread_mutex_lock(&fake.mutex);
    fake.hangs = false;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.mutex);
}

static void all_who_ask_for_the_same_are_told(void **state)
{
    struct offset_looks *l = begun(PATIENCE_S * 1000);
    struct asker askers[ASKERS];
    (void)state;

    fake.hangs = true;
    for (int i = 0; i < ASKERS; i++)
        start(&askers[i], l);
    await_reading();
    assert_int_equal(ask(l, "o", "a", NULL), 1); /* another one waits for nobody */
    await_askers(ASKERS + 1);
    go_on();
    for (int i = 0; i < ASKERS; i++) {
        assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
        assert_int_equal(askers[i].told, 1);
    }
    assert_int_equal(fake.n_opened, 2);
    assert_int_equal(fake.n_looks, 2);
    ended(l);
}

static void what_takes_long_is_not_waited_for(void **state)
{
    struct offset_looks *l = begun(SHORT_MS);
    struct asker asker;
    char why[LOOK_WHY_MAX + 1];
    (void)state;

    fake.hangs = true;
    start(&asker, l);
    await_reading();
    assert_int_equal(ask(l, "slow", "a", why), LOOK_UNKNOWN);
    assert_non_null(strstr(why, "others are reading the topic"));
    go_on();
    assert_int_equal(pthread_join(asker.thread, NULL), 0);
    assert_int_equal(asker.told, 1);
    assert_int_equal(ask(l, "slow", "a", why), 2);
    ended(l);
}

static void there_are_so_many_readers_and_no_more(void **state)
{
    struct offset_looks *l = begun(SHORT_MS);
    char connector[16];
    (void)state;

    for (int i = 0; i < 2 * OFFSET_LOOKS_MAX; i++) {
        snprintf(connector, sizeof(connector), "c%d", i);
        assert_int_equal(ask(l, "o", connector, NULL), 1);
        assert_int_equal(ask(l, "o", "kept", NULL), i + 1); /* it was asked for of late */
        fake.now_ms += OFFSET_LOOKS_HELD_MS / 3;
        assert_true(fake.n_open_before < OFFSET_LOOKS_MAX);
    }
    assert_int_equal(fake.n_open, OFFSET_LOOKS_MAX);
    ended(l);
}

static int64_t ask_of(struct offset_looks *l, int i, char *ret_why)
{
    char connector[16];

    snprintf(connector, sizeof(connector), "c%d", i);
    return ask(l, "o", connector, ret_why);
}

static void those_asked_for_in_turn_keep_their_readers_and_one_more_gets_none(void **state)
{
    struct offset_looks *l = begun(SHORT_MS);
    char why[LOOK_WHY_MAX + 1];
    (void)state;

    for (int turn = 1; turn <= 3; turn++) {
        for (int i = 0; i < OFFSET_LOOKS_MAX; i++)
            assert_int_equal(ask_of(l, i, NULL), turn);
        assert_int_equal(ask_of(l, OFFSET_LOOKS_MAX, why), LOOK_UNKNOWN);
        assert_non_null(strstr(why, "too many of Connect's topics are being read"));
        assert_non_null(strstr(why, "name no offsetsTopic there"));
        fake.now_ms += OFFSET_LOOKS_HELD_MS;
    }
    assert_int_equal(fake.n_opened, OFFSET_LOOKS_MAX);
    fake.now_ms++; /* they are not asked for any more */
    assert_int_equal(ask_of(l, OFFSET_LOOKS_MAX, NULL), 1);
    ended(l);
}

static void what_cannot_be_opened_makes_way(void **state)
{
    struct offset_looks *l = begun(SHORT_MS);
    (void)state;

    fake.refuses = true;
    for (int i = 0; i < OFFSET_LOOKS_MAX; i++)
        assert_int_equal(ask_of(l, i, NULL), LOOK_UNKNOWN);
    fake.refuses = false;
    assert_int_equal(ask_of(l, OFFSET_LOOKS_MAX, NULL), 1);
    ended(l);
}

static void one_that_nobody_asks_for_is_closed(void **state)
{
    struct offset_looks *l = begun(SHORT_MS);
    (void)state;

    ask(l, "o", "a", NULL);
    fake.now_ms += OFFSET_LOOKS_IDLE_MS / 2;
    ask(l, "o", "b", NULL);
    fake.now_ms += OFFSET_LOOKS_IDLE_MS / 2 + 1;
    offset_looks_tidy(l);
    assert_int_equal(fake.n_open, 1);
    assert_int_equal(ask(l, "o", "b", NULL), 2);
    fake.now_ms += OFFSET_LOOKS_IDLE_MS + 1;
    ask(l, "o", "a", NULL);
    assert_int_equal(fake.n_open_before, 0);
    assert_int_equal(fake.n_open, 1);
    ended(l);
}

static void what_cannot_be_opened_is_told_and_tried_again(void **state)
{
    struct offset_looks *l = begun(SHORT_MS);
    char why[LOOK_WHY_MAX + 1];
    (void)state;

    fake.refuses = true;
    assert_int_equal(ask(l, "o", "a", why), LOOK_UNKNOWN);
    assert_string_equal(why, "no such topic");
    fake.refuses = false;
    assert_int_equal(ask(l, "o", "a", why), 1);
    ended(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_is_kept_for_the_next_look_of_its_own),
        cmocka_unit_test(all_who_ask_for_the_same_are_told),
        cmocka_unit_test(what_takes_long_is_not_waited_for),
        cmocka_unit_test(there_are_so_many_readers_and_no_more),
        cmocka_unit_test(those_asked_for_in_turn_keep_their_readers_and_one_more_gets_none),
        cmocka_unit_test(what_cannot_be_opened_makes_way),
        cmocka_unit_test(one_that_nobody_asks_for_is_closed),
        cmocka_unit_test(what_cannot_be_opened_is_told_and_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
