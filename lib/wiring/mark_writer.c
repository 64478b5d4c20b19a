#include "wiring/mark_writer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapter/log_look_rdkafka.h"
#include "adapter/log_writer_rdkafka.h"
#include "base/fifo.h"
#include "base/mem.h"
#include "runtime/clock.h"

enum { TAKE_MS = 100 };

struct mark_writer {
    const struct log_place *place;
    pthread_mutex_t mutex; /* guards what follows */
    struct fifo idle;      /* of struct log_writer * */
};

struct mark_writer *mark_writer_new(const struct log_place *place)
{
    struct mark_writer *w = mem_new(1, sizeof(*w));

    w->place = place;
    pthread_mutex_init(&w->mutex, NULL);
    fifo_init(&w->idle, sizeof(struct log_writer *));
    return w;
}

void mark_writer_free(struct mark_writer *w)
{
    struct log_writer *writer;

    while (fifo_take(&w->idle, &writer))
        log_writer_free(writer);
    fifo_release(&w->idle);
    pthread_mutex_destroy(&w->mutex);
    free(w);
}

/* --- producers -------------------------------------------------------------------------------- */

static enum err_code take_writer(struct mark_writer *w, struct log_writer **ret, struct err *err)
{
    const struct log_writer_settings settings = {
        .access = log_place_access(w->place),
        .may_repeat = true, /* a mark without effect; idempotence takes more than Write */
        .timeout_ms = MARKING_DELIVERY_MS,
    };

    bool found;

    pthread_mutex_lock(&w->mutex);
    found = fifo_take(&w->idle, ret);
    pthread_mutex_unlock(&w->mutex);
    return found ? ERR_OK : log_writer_new(&settings, ret, err);
}

static void give_back(struct mark_writer *w, struct log_writer *writer)
{
    pthread_mutex_lock(&w->mutex);
    fifo_add(&w->idle, &writer);
    pthread_mutex_unlock(&w->mutex);
}

/* --- writing ---------------------------------------------------------------------------------- */

static enum err_code put(struct log_writer *writer, const char *topic,
                         const struct mark_record *record, struct err *err)
{
    const struct log_entry entry = { .topic = topic,
                                     .has_key = true,
                                     .has_value = true,
                                     .key = mark_key(),
                                     .value = record->value,
                                     .partition = record->partition };

    return log_writer_put_entry(writer, &entry, 0, err);
}

static void fail(struct mark_result *result, const char *why)
{
    result->n_failed++;
    if (result->why[0] == '\0')
        snprintf(result->why, sizeof(result->why), "%.*s", (int)sizeof(result->why) - 1, why);
}

/* Each of them has its fate by the producer's own timeout. */
static void take_receipts(struct log_writer *writer, struct mark_result *result)
{
    struct log_receipt receipt;

    while (log_writer_under_way(writer) > 0) {
        if (!log_writer_take(writer, TAKE_MS, &receipt))
            continue;
        if (receipt.stored) {
            result->n_stored++;
            continue;
        }
        result->denied |= receipt.denied;
        fail(result, receipt.text);
    }
}

void mark_writer_write(struct mark_writer *w, const char *topic, const struct mark_record *records,
                       int32_t n, int64_t until_ms, struct mark_result *ret)
{
    struct log_writer *writer;
    struct err err = { 0 };

    *ret = (struct mark_result){ 0 };
    if (take_writer(w, &writer, &err) != ERR_OK) {
        fail(ret, err.msg);
        ret->n_failed = n;
        return;
    }
    if (until_ms - clock_since_boot_ms() < MARKING_DELIVERY_MS) {
        fail(ret, "too little is left of the lease");
        ret->n_failed = n;
    } else {
        for (int32_t i = 0; i < n; i++)
            if (put(writer, topic, &records[i], &err) != ERR_OK)
                fail(ret, err.msg);
        take_receipts(writer, ret);
    }
    give_back(w, writer);
}
