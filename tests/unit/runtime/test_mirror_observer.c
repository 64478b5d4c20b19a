#include "runtime/mirror_observer.h"

#include <poll.h>
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
#include "runtime/clock.h"

enum { WAL = 7, WAIT_MS = 10 * 1000, LONG_MS = 60 * 1000 };

/* A Connect whose answers stand here; shared by the threads. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t free, asked;
    bool hangs; /* whoever is at HANGING; others answer */
    int64_t timeout_ms;
    int n_open, n_closed, n_asked[CONNECT_QUESTION_COUNT];
    char password[16], connector[16];
} fake = { .mutex = PTHREAD_MUTEX_INITIALIZER,
           .free = PTHREAD_COND_INITIALIZER,
           .asked = PTHREAD_COND_INITIALIZER };

#define HANGING "http://c.example"

static const char *const bodies[CONNECT_QUESTION_COUNT] = {
    [CONNECT_CONFIG] =
        "{\"source.cluster.alias\":\"dc\",\"target.cluster.alias\":\"dr\",\"topics\":"
        "\"t\",\"exactly.once.support\":\"required\"}",
    [CONNECT_STATUS] =
        "{\"connector\":{\"state\":\"RUNNING\"},\"tasks\":[{\"state\":\"RUNNING\"}]}",
    [CONNECT_OFFSETS] = "{\"offsets\":[{\"partition\":{\"topic\":\"t\",\"partition\":1},\"offset\":"
                        "{\"offset\":41}}]}",
    [CONNECT_STOP] = "",
    [CONNECT_RESUME] = "",
    [CONNECT_GUARD] = "{}",
};

static void ask(void *self, enum connect_question question, const char *connector,
                struct connect_reply *ret)
{
    pthread_mutex_lock(&fake.mutex);
    fake.n_asked[question]++;
    pthread_cond_broadcast(&fake.asked);
    snprintf(fake.connector, sizeof(fake.connector), "%s", connector);
    while (self && fake.hangs)
        pthread_cond_wait(&fake.free, &fake.mutex);
    pthread_mutex_unlock(&fake.mutex);
    *ret = (struct connect_reply){ .status = 200, .body = str_from(bodies[question]) };
}

static enum err_code open_fake(const struct mirror_place *place, int64_t timeout_ms,
                               struct connect *ret, struct err *err)
{
    static const struct connect_ops ops = { ask };

    if (strcmp(place->url, "http://nobody.example") == 0)
        return err_set(err, ERR_INVALID, "no such URL");
    pthread_mutex_lock(&fake.mutex);
    fake.n_open++;
    fake.timeout_ms = timeout_ms;
    snprintf(fake.password, sizeof(fake.password), "%s", place->login.password);
    pthread_mutex_unlock(&fake.mutex);
    *ret = (struct connect){ &ops, strcmp(place->url, HANGING) == 0 ? &fake : NULL };
    return ERR_OK;
}

static void close_fake(struct connect *connect)
{
    (void)connect;
    pthread_mutex_lock(&fake.mutex);
    fake.n_closed++;
    pthread_mutex_unlock(&fake.mutex);
}

static const struct mirror_opener opener = { open_fake, close_fake };

static enum err_code question(struct mirror_observer *o, const char *url, enum mirror_effect effect,
                              int64_t until_ms)
{
    const struct mirror_observer_port port = mirror_observer_port(o);
    char password[] = "word";
    const struct mirror_place place = { .url = url,
                                        .connector = "a",
                                        .login = { .user = "me", .password = password },
                                        .topic = "t",
                                        .n_partitions = 2 };
    struct err err = { 0 };
    const enum err_code rc = port.ops->ask(port.self, WAL, &place, effect, until_ms, &err);

    memset(password, 'x', sizeof(password) - 1); /* the caller's texts live as long as the call */
    return rc;
}

static struct mirror_answer answer(struct mirror_observer *o)
{
    const struct mirror_observer_port port = mirror_observer_port(o);
    struct pollfd p = { .fd = port.ops->descriptor(port.self), .events = POLLIN };
    struct mirror_answer a = { 0 };
    uint64_t wal = 0;

    while (!port.ops->next(port.self, &wal, &a))
        assert_int_equal(poll(&p, 1, WAIT_MS), 1);
    assert_int_equal(wal, WAL);
    return a;
}

static void a_look_tells_of_the_connector_and_how_far_it_is(void **state)
{
    struct mirror_observer *o = mirror_observer_new(&opener);
    struct mirror_answer a;
    (void)state;

    assert_int_equal(question(o, "http://c.example", MIRROR_EFFECT_NOTHING, 0), ERR_OK);
    a = answer(o);
    assert_int_equal(a.effect, MIRROR_EFFECT_NOTHING);
    assert_int_equal(a.look.look.outcome, LOOK_ANSWERED);
    assert_int_equal(a.look.connector, CONNECTOR_RUNNING);
    assert_int_equal(a.look.n_running, 1);
    assert_int_equal(a.look.exactly_once, TRUTH_YES);
    assert_string_equal(a.topic, "t");
    assert_int_equal(a.n, 2);
    assert_int_equal(a.next[0], LOOK_UNKNOWN);
    assert_int_equal(a.next[1], 42); /* behind the last one that was mirrored */
    free(a.next);
    assert_string_equal(fake.password, "word");
    assert_string_equal(fake.connector, "a");
    assert_int_equal(fake.n_closed, fake.n_open);
    mirror_observer_free(o);
}

static void a_connect_that_cannot_be_used_makes_the_look_lost(void **state)
{
    struct mirror_observer *o = mirror_observer_new(&opener);
    struct mirror_answer a;
    (void)state;

    assert_int_equal(question(o, "http://nobody.example", MIRROR_EFFECT_NOTHING, 0), ERR_OK);
    a = answer(o);
    assert_int_equal(a.look.look.outcome, LOOK_LOST);
    assert_string_equal(a.look.look.why, "no such URL");
    mirror_observer_free(o);
}

static void an_order_leaves_only_while_it_may(void **state)
{
    static const struct {
        enum mirror_effect effect;
        enum connect_question asked;
    } rows[] = { { MIRROR_EFFECT_STOP, CONNECT_STOP },
                 { MIRROR_EFFECT_RESUME, CONNECT_RESUME },
                 { MIRROR_EFFECT_GUARD, CONNECT_GUARD } };
    struct mirror_observer *o = mirror_observer_new(&opener);
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const int64_t now_ms = clock_since_boot_ms();
        struct mirror_answer a;

        assert_int_equal(question(o, "http://c.example", rows[i].effect, now_ms + LONG_MS), ERR_OK);
        a = answer(o);
        assert_int_equal(a.effect, rows[i].effect);
        assert_int_equal(a.rc, ERR_OK);
        assert_int_equal(a.guard.taken,
                         rows[i].effect == MIRROR_EFFECT_GUARD ? TRUTH_YES : TRUTH_UNKNOWN);
        assert_int_equal(fake.timeout_ms, rows[i].effect == MIRROR_EFFECT_GUARD
                                              ? MIRROR_OBSERVER_GUARD_MS
                                              : MIRROR_OBSERVER_TIMEOUT_MS);
        assert_int_equal(
            question(o, "http://c.example", rows[i].effect, now_ms + MIRROR_OBSERVER_LEAST_MS - 1),
            ERR_OK);
        a = answer(o);
        assert_int_equal(a.rc, ERR_TIMEOUT);
        assert_int_equal(a.guard.taken, TRUTH_UNKNOWN);
        assert_int_equal(fake.n_asked[rows[i].asked], 1);
        assert_int_equal(question(o, "http://c.example", rows[i].effect,
                                  clock_since_boot_ms() + MIRROR_OBSERVER_TIMEOUT_MS - 1),
                         ERR_OK);
        assert_int_equal(answer(o).rc, ERR_OK);
        assert_true(rows[i].effect == MIRROR_EFFECT_GUARD ||
                    fake.timeout_ms < MIRROR_OBSERVER_TIMEOUT_MS);
    }
    mirror_observer_free(o);
}

static void hang(bool hangs)
{
    pthread_mutex_lock(&fake.mutex);
    fake.hangs = hangs;
    pthread_cond_broadcast(&fake.free);
    pthread_mutex_unlock(&fake.mutex);
}

static void one_that_hangs_holds_up_no_other_and_there_is_a_bound(void **state)
{
    struct mirror_observer *o = mirror_observer_new(&opener);
    (void)state;

    hang(true);
    assert_int_equal(question(o, "http://c.example", MIRROR_EFFECT_NOTHING, 0), ERR_OK);
    assert_int_equal(question(o, "http://nobody.example", MIRROR_EFFECT_NOTHING, 0), ERR_OK);
    assert_string_equal(answer(o).why, "no such URL");
    for (int i = 1; i < MIRROR_OBSERVER_OPEN_MAX; i++)
        assert_int_equal(question(o, "http://c.example", MIRROR_EFFECT_NOTHING, 0), ERR_OK);
    assert_int_equal(question(o, "http://c.example", MIRROR_EFFECT_NOTHING, 0), ERR_LIMIT);
    hang(false);
    for (int i = 0; i < MIRROR_OBSERVER_OPEN_MAX; i++)
        free(answer(o).next);
    mirror_observer_free(o);
}

static void await_asked(enum connect_question question, int n)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_MS / 1000;
    pthread_mutex_lock(&fake.mutex);
    while (fake.n_asked[question] < n)
        assert_int_equal(pthread_cond_timedwait(&fake.asked, &fake.mutex, &until), 0);
    pthread_mutex_unlock(&fake.mutex);
}

static void a_connect_that_hangs_takes_no_thread_of_another_and_gets_its_orders(void **state)
{
    struct mirror_observer *o = mirror_observer_new(&opener);
    const int64_t until_ms = clock_since_boot_ms() + LONG_MS;
    const int n_stops = fake.n_asked[CONNECT_STOP], n_guards = fake.n_asked[CONNECT_GUARD];
    (void)state;

    hang(true);
    for (int i = 0; i < MIRROR_OBSERVER_THREADS; i++) {
        assert_int_equal(question(o, HANGING, MIRROR_EFFECT_NOTHING, 0), ERR_OK);
        assert_int_equal(question(o, HANGING, MIRROR_EFFECT_GUARD, until_ms), ERR_OK);
    }
    await_asked(CONNECT_GUARD, n_guards + MIRROR_OBSERVER_CONNECT_MAX);
    assert_int_equal(question(o, "http://d.example", MIRROR_EFFECT_NOTHING, 0), ERR_OK);
    free(answer(o).next);
    assert_int_equal(question(o, HANGING, MIRROR_EFFECT_STOP, until_ms), ERR_OK);
    await_asked(CONNECT_STOP, n_stops + 1);
    hang(false);
    for (int i = 0; i < 2 * MIRROR_OBSERVER_THREADS + 1; i++)
        free(answer(o).next);
    mirror_observer_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_tells_of_the_connector_and_how_far_it_is),
        cmocka_unit_test(a_connect_that_cannot_be_used_makes_the_look_lost),
        cmocka_unit_test(an_order_leaves_only_while_it_may),
        cmocka_unit_test(one_that_hangs_holds_up_no_other_and_there_is_a_bound),
        cmocka_unit_test(a_connect_that_hangs_takes_no_thread_of_another_and_gets_its_orders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
