#include "wiring/mark_writer.h"

#include <stdio.h>
#include <stdlib.h>

#include "adapter/log_look_rdkafka.h"
#include "adapter/log_writer_rdkafka.h"
#include "base/mem.h"
#include "runtime/clock.h"

enum { TAKE_MS = 100 };

struct mark_writer {
    const struct log_place *place;
    struct log_writer *writer; /* NULL: not needed yet */
};

struct mark_writer *mark_writer_new(const struct log_place *place)
{
    struct mark_writer *w = mem_new(1, sizeof(*w));

    w->place = place;
    return w;
}

void mark_writer_free(struct mark_writer *w)
{
    log_writer_free(w->writer);
    free(w);
}

static enum err_code open_writer(struct mark_writer *w, struct err *err)
{
    const struct log_writer_settings settings = {
        .access = log_place_access(w->place),
        .may_repeat = true, /* a mark without effect; idempotence takes more than Write */
        .timeout_ms = MARKING_DELIVERY_MS,
    };

    return w->writer ? ERR_OK : log_writer_new(&settings, &w->writer, err);
}

static enum err_code put(struct mark_writer *w, const char *topic, const struct mark_record *record,
                         struct err *err)
{
    const struct log_entry entry = { .topic = topic,
                                     .has_key = true,
                                     .has_value = true,
                                     .key = mark_key(),
                                     .value = record->value,
                                     .partition = record->partition };

    return log_writer_put_entry(w->writer, &entry, 0, err);
}

static void fail(struct mark_result *result, const char *why)
{
    result->n_failed++;
    if (result->why[0] == '\0')
        snprintf(result->why, sizeof(result->why), "%.*s", (int)sizeof(result->why) - 1, why);
}

/* Each of them has its fate by the producer's own timeout. */
static void take_receipts(struct mark_writer *w, struct mark_result *result)
{
    struct log_receipt receipt;

    while (log_writer_under_way(w->writer) > 0) {
        if (!log_writer_take(w->writer, TAKE_MS, &receipt))
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
    struct err err = { 0 };

    *ret = (struct mark_result){ 0 };
    if (open_writer(w, &err) != ERR_OK) {
        fail(ret, err.msg);
        ret->n_failed = n;
        return;
    }
    if (until_ms - clock_since_boot_ms() < MARKING_DELIVERY_MS) {
        fail(ret, "too little is left of the lease");
        ret->n_failed = n;
        return;
    }
    for (int32_t i = 0; i < n; i++)
        if (put(w, topic, &records[i], &err) != ERR_OK)
            fail(ret, err.msg);
    take_receipts(w, ret);
}
