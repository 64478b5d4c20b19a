#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/apply_loop.h"

/* --- ports to a world where nothing answers --------------------------------------------------- */

static struct wal_event events[4];
static size_t n_events, n_taken;

static int no_descriptor(void *self)
{
    (void)self;
    return -1;
}

static bool next_event(void *self, struct wal_event *ret_event)
{
    (void)self;
    if (n_taken == n_events)
        return false;
    *ret_event = events[n_taken++];
    return true;
}

static size_t read_nothing(void *self, struct wal_record *ret_records, size_t max)
{
    (void)self;
    (void)ret_records;
    (void)max;
    return 0;
}

static enum err_code ask_facts(void *self, const int32_t *partitions, size_t n, struct err *err)
{
    (void)self;
    (void)err;
    for (size_t i = 0; i < n; i++)
        assert_true(partitions[i] < PARTITIONS_MAX);
    return ERR_OK;
}

static int32_t no_partitions(void *self)
{
    (void)self;
    return 0;
}

static bool connected_in_vain(void *self, enum err_code *ret_rc, struct primary_facts *ret_facts,
                              struct err *err)
{
    (void)self;
    (void)ret_facts;
    *ret_rc = err_set(err, ERR_UNAVAILABLE, "nobody is there");
    return true;
}

static void disconnect(void *self)
{
    (void)self;
}

static int no_connection(void *self, bool *ret_wants_write)
{
    *ret_wants_write = false;
    return no_descriptor(self);
}

static bool moved(void *self)
{
    (void)self;
    return false;
}

static bool next_receipt(void *self, struct dead_letter_receipt *ret_receipt)
{
    (void)self;
    (void)ret_receipt;
    return false;
}

static const struct wal_ops wal_ops = {
    .descriptor = no_descriptor,
    .next_event = next_event,
    .read = read_nothing,
    .ask_facts = ask_facts,
    .n_partitions = no_partitions,
};
static const struct sink_ops sink_ops = {
    .connect = disconnect,
    .connected = connected_in_vain,
    .disconnect = disconnect,
    .descriptor = no_connection,
    .moved = moved,
    .news_descriptor = no_descriptor,
};
static const struct dead_letters_ops dead_letters_ops = {
    .descriptor = no_descriptor,
    .next_receipt = next_receipt,
};

/* --- tests ------------------------------------------------------------------------------------ */

static enum apply_loop_end run_and_stop(struct health *health, struct metrics *metrics)
{
    struct apply_loop_settings settings = { .applier = applier_settings_default(),
                                            .drain_timeout_ms = 1000 };
    struct apply_loop_ports ports = { .wal = { &wal_ops, NULL },
                                      .sink = { &sink_ops, NULL },
                                      .dead_letters = { &dead_letters_ops, NULL },
                                      .health = health,
                                      .metrics = metrics };
    enum apply_loop_end end;
    struct log log;
    int stop[2];

    snprintf(settings.applier.wal, sizeof(settings.applier.wal), "w");
    assert_int_equal(pipe(stop), 0);
    assert_int_equal(write(stop[1], "", 1), 1);
    ports.stop_descriptor = stop[0];
    log_init(&log, STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    ports.log = &log;
    end = apply_loop_run(&settings, &ports);
    log_release(&log);
    close(stop[0]);
    close(stop[1]);
    return end;
}

static void a_partition_beyond_our_bound_is_told(void **state)
{
    struct health *health = health_new(NULL);
    struct metrics *metrics = metrics_new("1");
    struct buf out;
    (void)state;

    n_taken = 0;
    n_events = 0;
    events[n_events++] = (struct wal_event){ .type = WAL_ASSIGNED, .partition = 0 };
    events[n_events++] = (struct wal_event){ .type = WAL_ASSIGNED, .partition = PARTITIONS_MAX };
    events[n_events++] = (struct wal_event){ .type = WAL_FACTS, .partition = PARTITIONS_MAX };
    events[n_events++] = (struct wal_event){ .type = WAL_BALANCED, .partition = -1 };
    assert_int_equal(run_and_stop(health, metrics), APPLY_LOOP_STOPPED);
    assert_int_equal(n_taken, n_events);

    buf_init(&out, METRICS_MAX_BYTES);
    health_print_ready(health, /* verbose= */ true, &out);
    assert_true(buf_append(&out, "", 1));
    assert_non_null(strstr(out.p, "partition 4096"));
    buf_release(&out);
    metrics_free(metrics);
    health_free(health);
}

/* What somebody outside orders, one look after the other; then it is time to stop. */
struct orders {
    enum apply_loop_order list[4];
    size_t n, n_taken;
    struct apply_loop_settings *settings;
    int look[2], stop[2];
};

static enum apply_loop_order take_order(void *self)
{
    struct orders *o = self;

    if (o->n_taken == o->n) {
        assert_int_equal(write(o->stop[1], "", 1), 1);
        return APPLY_LOOP_GO_ON;
    }
    o->settings->applier.rate_limit_ops++;
    return o->list[o->n_taken++];
}

/* A descriptor that stays readable asks for one look after the other. */
static enum apply_loop_end run_orders(struct orders *o)
{
    struct health *health = health_new(NULL);
    struct metrics *metrics = metrics_new("1");
    struct apply_loop_settings settings = { .applier = applier_settings_default(),
                                            .drain_timeout_ms = 1000 };
    struct apply_loop_ports ports = { .wal = { &wal_ops, NULL },
                                      .sink = { &sink_ops, NULL },
                                      .dead_letters = { &dead_letters_ops, NULL },
                                      .health = health,
                                      .metrics = metrics,
                                      .control = { .look = take_order, .self = o } };
    enum apply_loop_end end;
    struct log log;

    snprintf(settings.applier.wal, sizeof(settings.applier.wal), "w");
    o->settings = &settings;
    assert_int_equal(pipe(o->stop), 0);
    assert_int_equal(pipe(o->look), 0);
    assert_int_equal(write(o->look[1], "", 1), 1);
    ports.stop_descriptor = o->stop[0];
    ports.control.descriptor = o->look[0];
    log_init(&log, STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    ports.log = &log;
    n_events = n_taken = 0;
    end = apply_loop_run(&settings, &ports);
    log_release(&log);
    for (int i = 0; i < 2; i++) {
        close(o->look[i]);
        close(o->stop[i]);
    }
    metrics_free(metrics);
    health_free(health);
    return end;
}

static void orders_from_outside_are_carried_out(void **state)
{
    struct orders goes_on = { .list = { APPLY_LOOP_GO_ON, APPLY_LOOP_TUNE }, .n = 2 };
    struct orders renews = { .list = { APPLY_LOOP_TUNE, APPLY_LOOP_RENEW, APPLY_LOOP_GO_ON },
                             .n = 3 };
    (void)state;

    assert_int_equal(run_orders(&goes_on), APPLY_LOOP_STOPPED);
    assert_int_equal(goes_on.n_taken, 2);
    assert_int_equal(run_orders(&renews), APPLY_LOOP_RENEWED);
    assert_int_equal(renews.n_taken, 2); /* nobody is asked while it drains */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partition_beyond_our_bound_is_told),
        cmocka_unit_test(orders_from_outside_are_carried_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
