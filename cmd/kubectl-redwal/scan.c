#include "scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/civil_time.h"
#include "base/mem.h"
#include "call.h"
#include "cli/option_table.h"
#include "cli/option_value.h"
#include "link.h"
#include "runtime/clock.h"

enum { NEWS_WAIT_MS = 100 };

/* --- preparing -------------------------------------------------------------------------------- */

enum err_code scan_prepare(const struct invocation *in, const char *topic, struct scan *ret,
                           struct err *err)
{
    enum err_code rc;

    *ret = (struct scan){ 0 };
    ret->progress.to = call_errors(in);
    rc = link_reader(in, topic, &ret->reader, err);
    if (rc == ERR_OK)
        rc = log_reader_survey(ret->reader, &ret->survey, err);
    if (rc != ERR_OK)
        return rc;
    ret->from = mem_new((size_t)ret->survey.n, sizeof(*ret->from));
    ret->until = mem_new((size_t)ret->survey.n, sizeof(*ret->until));
    for (int32_t i = 0; i < ret->survey.n; i++) {
        ret->from[i] = ret->survey.extents[i].begin;
        ret->until[i] = ret->survey.extents[i].end;
    }
    return ERR_OK;
}

void scan_release(struct scan *s)
{
    log_reader_free(s->reader);
    log_survey_release(&s->survey);
    free(s->from);
    free(s->until);
    *s = (struct scan){ 0 };
}

enum when_type { WHEN_START, WHEN_END, WHEN_LAST, WHEN_AGO, WHEN_TIME };

static bool read_duration(struct str text, int64_t *ret_ms)
{
    static const struct option_spec spec = { .type = OPTION_DURATION, .max = INT64_MAX / 2 };

    return option_value_set(&spec, text, ret_ms);
}

static bool read_when(const char *when, enum when_type *ret_type, int64_t *ret_number)
{
    const struct str text = str_from(when);

    *ret_number = 0;
    if (strcmp(when, "start") == 0)
        *ret_type = WHEN_START;
    else if (strcmp(when, "end") == 0)
        *ret_type = WHEN_END;
    else if (when[0] == '-' && str_to_int64(text, ret_number))
        *ret_type = WHEN_LAST;
    else if (read_duration(text, ret_number))
        *ret_type = WHEN_AGO;
    else if (civil_time_parse(text, ret_number))
        *ret_type = WHEN_TIME;
    else
        return false;
    return true;
}

bool scan_when_is_valid(const char *when)
{
    enum when_type type;
    int64_t number;

    return read_when(when, &type, &number);
}

bool scan_time_of(const char *when, int64_t now_ms, int64_t *ret_ms)
{
    enum when_type type;
    int64_t number;

    if (!read_when(when, &type, &number) || (type != WHEN_AGO && type != WHEN_TIME))
        return false;
    *ret_ms = type == WHEN_AGO ? now_ms - number : number;
    return true;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

enum err_code scan_begin_at(struct scan *s, const char *when, struct err *err)
{
    enum when_type type;
    int64_t number;

    if (!read_when(when, &type, &number))
        return err_set(err, ERR_INVALID, "'%s' is no place in the log", when);
    if (type == WHEN_AGO || type == WHEN_TIME)
        return log_reader_at_time(s->reader, &s->survey,
                                  type == WHEN_AGO ? clock_wall_ms() - number : number, s->from,
                                  err);
    for (int32_t i = 0; i < s->survey.n; i++) {
        const struct log_extent *e = &s->survey.extents[i];

        if (type == WHEN_END)
            s->from[i] = e->end;
        else if (type == WHEN_LAST)
            s->from[i] = larger(e->begin, e->end + number);
    }
    return ERR_OK;
}

enum err_code scan_only(struct scan *s, int64_t partition, struct err *err)
{
    if (partition >= s->survey.n)
        return err_set(err, ERR_INVALID, "there is no partition %lld; the topic has %d",
                       (long long)partition, (int)s->survey.n);
    for (int32_t i = 0; i < s->survey.n; i++)
        if (i != partition)
            s->from[i] = LOG_READER_NO_OFFSET;
    return ERR_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct reading {
    struct scan *scan;
    bool follow;
    int64_t *next; /* by partition */
    int32_t n_open;
    int64_t n_done;
};

static void begin(struct reading *r)
{
    const struct scan *s = r->scan;
    int64_t total = 0;

    for (int32_t i = 0; i < s->survey.n; i++) {
        r->next[i] = s->from[i];
        if (s->from[i] == LOG_READER_NO_OFFSET)
            continue;
        if (!r->follow && s->from[i] >= s->until[i]) {
            r->next[i] = LOG_READER_NO_OFFSET;
            continue;
        }
        r->n_open++;
        total += s->until[i] - s->from[i];
    }
    progress_begin(&r->scan->progress, s->progress.to, "records", r->follow ? 0 : total,
                   clock_monotonic_ms());
}

/* The partition has been read up to `next`. */
static void advance(struct reading *r, int32_t partition, int64_t next)
{
    const int64_t until = r->scan->until[partition];
    const bool was_open = r->next[partition] < until;

    if (r->follow || !was_open)
        return;
    r->n_done += (next < until ? next : until) - r->next[partition];
    r->next[partition] = next;
    if (next >= until)
        r->n_open--;
}

static bool is_wanted(const struct reading *r, const struct record *record)
{
    return r->follow || record->offset < r->scan->until[record->partition];
}

static enum err_code read_on(struct reading *r, scan_record_fn *each, void *self, struct err *err)
{
    while (r->n_open > 0) {
        struct log_news news;
        const enum err_code rc = log_reader_next(r->scan->reader, NEWS_WAIT_MS, &news, err);

        if (rc != ERR_OK)
            return rc;
        if (news.type == LOG_NEWS_RECORD) {
            if (is_wanted(r, &news.record) && !each(self, &news.record))
                return ERR_OK;
            advance(r, news.partition, news.offset + 1);
        } else if (news.type == LOG_NEWS_END) {
            advance(r, news.partition, news.offset);
        }
        if (!r->follow)
            progress_at(&r->scan->progress, r->n_done, clock_monotonic_ms());
    }
    return ERR_OK;
}

enum err_code scan_run(struct scan *s, bool follow, scan_record_fn *each, void *self,
                       struct err *err)
{
    struct reading r = { .scan = s, .follow = follow };
    enum err_code rc = ERR_OK;

    r.next = mem_new((size_t)s->survey.n, sizeof(*r.next));
    begin(&r);
    if (r.n_open > 0)
        rc = log_reader_start(s->reader, r.next, s->survey.n, err);
    if (rc == ERR_OK)
        rc = read_on(&r, each, self, err);
    progress_clear(&s->progress);
    free(r.next);
    return rc;
}
