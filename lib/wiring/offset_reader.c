#include "wiring/offset_reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/log_reader_rdkafka.h"
#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/stored_offsets.h"

enum { QUESTION_TIMEOUT_MS = 5000, WAIT_MS = 100 };

struct offset_reader {
    struct log_reader *reader;
    struct stored_offsets *stored;
};

enum err_code offset_reader_new(const struct offset_reader_settings *settings,
                                struct offset_reader **ret, struct err *err)
{
    const struct log_reader_settings reader = {
        .access = settings->access,
        .topic = settings->topic,
        .group = settings->group,
        .timeout_ms = QUESTION_TIMEOUT_MS,
        .ahead_bytes = OFFSET_READER_AHEAD_BYTES,
        .monotonic_ms = clock_monotonic_ms,
    };
    struct offset_reader r = { .reader = NULL };
    enum err_code rc = stored_offsets_new(settings->connector, settings->mirrored, &r.stored, err);

    if (rc == ERR_OK)
        rc = log_reader_new(&reader, &r.reader, err);
    if (rc != ERR_OK) {
        stored_offsets_free(r.stored);
        return rc;
    }
    *ret = mem_new(1, sizeof(**ret));
    **ret = r;
    return ERR_OK;
}

void offset_reader_free(struct offset_reader *r)
{
    if (!r)
        return;
    log_reader_free(r->reader);
    stored_offsets_free(r->stored);
    free(r);
}

/* What is still to be read of a topic that was surveyed. */
struct reading {
    int64_t *ends;
    int64_t ends_ms;
    int64_t n_records, n_bytes;
};

static enum err_code follow(struct offset_reader *r, struct reading *g, struct err *err)
{
    CLEANUP(log_survey_release) struct log_survey s = { 0 };
    enum err_code rc = log_reader_survey(r->reader, &s, err);
    int64_t *begins;

    if (rc != ERR_OK)
        return rc;
    begins = mem_new((size_t)s.n, sizeof(*begins));
    g->ends = mem_new((size_t)s.n, sizeof(*g->ends));
    for (int32_t i = 0; i < s.n; i++) {
        begins[i] = s.extents[i].begin;
        g->ends[i] = s.extents[i].end;
    }
    if (!stored_offsets_follow(r->stored, s.log, begins, s.n))
        rc = log_reader_start(r->reader, begins, s.n, err);
    free(begins);
    return rc;
}

static void take(struct offset_reader *r, const struct log_news *news, struct reading *g)
{
    switch (news->type) {
    case LOG_NEWS_RECORD:
        stored_offsets_take(r->stored, &news->record);
        g->n_records++;
        g->n_bytes += (int64_t)(news->record.key.n + news->record.value.n);
        return;
    case LOG_NEWS_END:
        stored_offsets_reach(r->stored, news->partition, news->offset);
        return;
    case LOG_NEWS_NOTHING:
        return;
    }
}

static enum err_code read_on(struct offset_reader *r, struct reading *g, struct err *err)
{
    while (!stored_offsets_have(r->stored, g->ends)) {
        struct log_news news;
        enum err_code rc;

        if (clock_monotonic_ms() >= g->ends_ms || g->n_records >= OFFSET_READER_RECORDS ||
            g->n_bytes >= OFFSET_READER_BYTES)
            return err_set(err, ERR_TIMEOUT,
                           "it is not read to its end yet: %" PRId64 " records this time",
                           g->n_records);
        rc = log_reader_next(r->reader, WAIT_MS, &news, err);
        if (rc != ERR_OK)
            return rc;
        take(r, &news, g);
    }
    return ERR_OK;
}

/* What cannot be gone on with is begun anew; what only takes its time goes on. */
static enum err_code read_all(struct offset_reader *r, struct err *err)
{
    struct reading g = { .ends_ms = clock_monotonic_ms() + OFFSET_READER_MS };
    enum err_code rc = follow(r, &g, err);

    if (rc == ERR_OK)
        rc = read_on(r, &g, err);
    if (rc != ERR_OK && rc != ERR_TIMEOUT)
        stored_offsets_forget(r->stored);
    free(g.ends);
    return rc;
}

enum err_code offset_reader_look(struct offset_reader *r, struct log_look *ret)
{
    struct err err = { 0 };
    const enum err_code rc = read_all(r, &err);

    if (rc == ERR_OK) {
        stored_offsets_tell(r->stored, ret);
        return ERR_OK;
    }
    log_look_init(ret);
    ret->look.outcome = LOOK_FAILED;
    ret->look.denied = rc == ERR_DENIED;
    memcpy(ret->look.why, err.msg, sizeof(ret->look.why));
    return rc;
}
