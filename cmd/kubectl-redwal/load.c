#include "load.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fifo.h"
#include "base/mem.h"
#include "call.h"
#include "cli/progress.h"
#include "core/position.h"
#include "link.h"
#include "runtime/clock.h"

enum {
    RECEIPT_WAIT_MS = 1,
    DRAIN_WAIT_MS = 100,
    LOOK_EVERY_US = 1000, /* how late a record is seen to be visible, beside one round trip */
    RING = 16384,         /* more than LOG_WRITER_UNDER_WAY_MAX: records without a receipt */
    VALUE_OVERHEAD_BYTES = 256,
};

/* A record that is acknowledged and not seen in Redis yet. */
struct awaited {
    int64_t offset, produced_us, acked_us;
};

struct load {
    const struct invocation *in;
    const struct load_settings *s;
    struct load_result *result;
    struct log_writer *writer;
    struct link_redis redis;
    struct fifo *awaited; /* by partition */
    int32_t n_partitions;
    int64_t n_awaited, n_total; /* acknowledged and not visible; to be produced */
    int64_t *produced_us;       /* RING, by tag */
    int64_t n_produced, began_us, moved_us, looked_us;
    struct buf value;
    struct progress progress;
    bool measures; /* false: it deletes */
};

int64_t load_n_keys(const struct load_settings *s)
{
    return s->n_keys < s->n_records ? s->n_keys : s->n_records;
}

/* --- records ---------------------------------------------------------------------------------- */

static void append_filler(struct buf *out, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        buf_print(out, "%c", (char)('a' + i % 26));
}

void load_append_value(const struct load_settings *s, int64_t i, struct buf *out)
{
    static const char *const heads[] = {
        [LOAD_SET] = "\"SET\",\"args\":[\"",
        [LOAD_INCR] = "\"INCR\"}",
        [LOAD_HSET] = "\"HSET\",\"args\":[\"field\",\"",
        [LOAD_RPUSH] = "\"RPUSH\",\"args\":[\"",
    };

    buf_print(out, "{\"v\":1,\"key\":\"%s%" PRId64 "\",\"command\":%s", s->prefix,
              i % load_n_keys(s), heads[s->shape]);
    if (s->shape == LOAD_INCR)
        return;
    append_filler(out, s->value_bytes);
    buf_print(out, "\"]}");
}

static void append_deletion(const struct load_settings *s, int64_t i, struct buf *out)
{
    buf_print(out, "{\"v\":1,\"key\":\"%s%" PRId64 "\",\"command\":\"DEL\"}", s->prefix, i);
}

/* --- producing -------------------------------------------------------------------------------- */

static int64_t n_due(const struct load *l, int64_t now_us)
{
    const int64_t due = (now_us - l->began_us) / 1000 * l->s->rate / 1000 + 1;

    return due < l->n_total ? due : l->n_total;
}

static enum err_code put(struct load *l, struct err *err)
{
    char key[LOAD_PREFIX_MAX + 24];
    const int64_t i = l->n_produced;
    const int n = snprintf(key, sizeof(key), "%s%" PRId64, l->s->prefix, i % load_n_keys(l->s));

    buf_clear(&l->value);
    if (l->measures)
        load_append_value(l->s, i, &l->value);
    else
        append_deletion(l->s, i, &l->value);
    return log_writer_put(l->writer, (struct str){ key, (size_t)n }, buf_str(&l->value),
                          (uint64_t)i, err);
}

static enum err_code produce_due(struct load *l, struct err *err)
{
    while (l->n_produced < n_due(l, clock_monotonic_us())) {
        const enum err_code rc = put(l, err);

        if (rc == ERR_LIMIT)
            return ERR_OK;
        if (rc != ERR_OK)
            return rc;
        l->produced_us[l->n_produced++ % RING] = clock_monotonic_us();
    }
    return ERR_OK;
}

static struct fifo *awaited_of(struct load *l, int32_t partition)
{
    if (partition >= l->n_partitions) {
        l->awaited = mem_resize(l->awaited, (size_t)partition + 1, sizeof(*l->awaited));
        for (int32_t i = l->n_partitions; i <= partition; i++)
            fifo_init(&l->awaited[i], sizeof(struct awaited));
        l->n_partitions = partition + 1;
    }
    return &l->awaited[partition];
}

static void take_receipt(struct load *l, const struct log_receipt *receipt)
{
    const struct awaited one = { receipt->offset, l->produced_us[receipt->tag % RING],
                                 clock_monotonic_us() };
    struct load_result *r = l->result;

    l->moved_us = one.acked_us;
    if (!receipt->stored) {
        r->failed++;
        snprintf(r->trouble, sizeof(r->trouble), "%s", receipt->text);
        return;
    }
    fifo_add(awaited_of(l, receipt->partition), &one);
    l->n_awaited++;
    if (!l->measures)
        return;
    r->produced++;
    r->ack_us = one.acked_us - l->began_us;
    histogram_add(&r->acknowledged, one.acked_us - one.produced_us);
    if (l->n_awaited > r->lag_peak)
        r->lag_peak = l->n_awaited;
}

static void take_receipts(struct load *l)
{
    struct log_receipt receipt;
    int64_t wait_ms = RECEIPT_WAIT_MS;

    while (log_writer_take(l->writer, wait_ms, &receipt)) {
        take_receipt(l, &receipt);
        wait_ms = 0;
    }
}

/* --- looking at Redis ------------------------------------------------------------------------- */

static void became_visible(struct load *l, const struct awaited *one, int64_t now_us)
{
    struct load_result *r = l->result;

    l->n_awaited--;
    l->moved_us = now_us;
    if (!l->measures) {
        r->n_cleaned++;
        return;
    }
    r->visible++;
    r->visible_us = now_us - l->began_us;
    histogram_add(&r->made_visible, now_us - one->produced_us);
    histogram_add(&r->behind, now_us - one->acked_us);
}

static void take_position(struct load *l, int32_t partition, const struct reply *answer)
{
    const int64_t now_us = clock_monotonic_us();
    struct fifo *awaited = &l->awaited[partition];
    struct position position;
    struct awaited one;

    if (position_from_reply(answer, &position) != POSITION_PRESENT)
        return;
    while (awaited->n > 0 &&
           ((const struct awaited *)fifo_elements(awaited))->offset < position.next &&
           fifo_take(awaited, &one))
        became_visible(l, &one, now_us);
}

static enum err_code look(struct load *l, struct err *err)
{
    struct dialogue *d = &l->redis.dialogue;
    const struct str wal = str_from(link_options(l->in)->wal);
    char key[POSITION_KEY_MAX];
    enum err_code rc;

    for (int32_t i = 0; i < l->n_partitions; i++)
        if (!position_append_read(dialogue_gather(d, 1), position_key(key, wal, i)))
            UNREACHABLE("positions are small");
    rc = dialogue_send(d, err);
    for (int32_t i = 0; rc == ERR_OK && i < l->n_partitions; i++) {
        const struct reply *answer;

        rc = dialogue_hear(d, &answer, err);
        if (rc == ERR_OK)
            take_position(l, i, answer);
    }
    return rc;
}

/* A connection that breaks is made again: a failover is part of what is measured. */
static enum err_code look_when_due(struct load *l, struct err *err)
{
    enum err_code rc;

    if (l->n_awaited == 0 || clock_monotonic_us() - l->looked_us < LOOK_EVERY_US)
        return ERR_OK;
    rc = l->redis.sink ? look(l, err) : link_redis_open(l->in, &l->redis, err);
    l->looked_us = clock_monotonic_us();
    if (rc == ERR_OK)
        return ERR_OK;
    link_redis_release(&l->redis);
    return err_class(rc) == ERR_CLASS_RETRY ? ERR_OK : rc;
}

/* --- all of it -------------------------------------------------------------------------------- */

static bool is_stopped(const struct load *l)
{
    struct pollfd fd = { .fd = l->s->stop_descriptor, .events = POLLIN };

    return l->measures && poll(&fd, 1, 0) > 0;
}

static bool is_over(const struct load *l)
{
    return l->n_produced >= l->n_total && log_writer_under_way(l->writer) == 0 && l->n_awaited == 0;
}

static enum err_code stalled(const struct load *l, struct err *err)
{
    return err_set(err, ERR_TIMEOUT,
                   "%" PRId64
                   " records are in the log and not in Redis, whose position did not move "
                   "for %" PRId64 " ms: is an applier of this WAL running?",
                   l->n_awaited, l->s->timeout_ms);
}

static enum err_code drive(struct load *l, int64_t n_total, const char *unit, struct err *err)
{
    enum err_code rc = ERR_OK;

    l->n_total = n_total;
    l->n_produced = 0;
    l->began_us = l->moved_us = clock_monotonic_us();
    progress_begin(&l->progress, call_errors(l->in), unit, n_total, clock_monotonic_ms());
    while (rc == ERR_OK && !is_over(l)) {
        if (is_stopped(l)) {
            l->result->interrupted = true;
            l->n_total = l->n_produced;
        }
        rc = produce_due(l, err);
        take_receipts(l);
        if (rc == ERR_OK)
            rc = look_when_due(l, err);
        if (rc == ERR_OK && clock_monotonic_us() - l->moved_us > l->s->timeout_ms * 1000)
            rc = stalled(l, err);
        progress_at(&l->progress, l->n_produced - l->n_awaited, clock_monotonic_ms());
    }
    progress_clear(&l->progress);
    return rc;
}

/* What is not acknowledged or visible when it begins to delete must not be taken for a deletion. */
static void forget_awaited(struct load *l)
{
    struct log_receipt receipt;

    while (log_writer_under_way(l->writer) > 0)
        log_writer_take(l->writer, DRAIN_WAIT_MS, &receipt);
    for (int32_t i = 0; i < l->n_partitions; i++)
        fifo_clear(&l->awaited[i]);
    l->n_awaited = 0;
}

static enum err_code clean(struct load *l, struct err *err)
{
    struct load_result *r = l->result;
    const int64_t used = l->n_produced < load_n_keys(l->s) ? l->n_produced : load_n_keys(l->s);
    enum err_code rc;

    forget_awaited(l);
    l->measures = false;
    r->n_left = used;
    rc = drive(l, used, "keys deleted", err);
    r->n_left = used - r->n_cleaned;
    return rc;
}

static void load_release(struct load *l)
{
    log_writer_free(l->writer);
    link_redis_release(&l->redis);
    for (int32_t i = 0; i < l->n_partitions; i++)
        fifo_release(&l->awaited[i]);
    free(l->awaited);
    free(l->produced_us);
    buf_release(&l->value);
}

enum err_code load_run(const struct invocation *in, const struct load_settings *s,
                       struct load_result *ret, struct err *err)
{
    CLEANUP(load_release) struct load l = { .in = in, .s = s, .result = ret, .measures = true };
    struct err later = { 0 };
    enum err_code rc = link_redis_open(in, &l.redis, err);

    if (rc == ERR_OK)
        rc =
            link_writer(in, link_options(in)->topic, s->partitioner, s->timeout_ms, &l.writer, err);
    if (rc != ERR_OK)
        return rc;
    buf_init(&l.value, (size_t)s->value_bytes + VALUE_OVERHEAD_BYTES);
    l.produced_us = mem_new(RING, sizeof(*l.produced_us));
    rc = drive(&l, s->n_records, "records", err);
    if (clean(&l, rc == ERR_OK ? err : &later) != ERR_OK && rc == ERR_OK)
        return err->code;
    return rc;
}
