/* `lag`: how far Redis is behind the log, in records and in time. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "call.h"
#include "cli/context.h"
#include "cli/option_table.h"
#include "rediswal.h"
#include "redraw.h"
#include "runtime/clock.h"
#include "standing.h"
#include "tree.h"

struct lag_options {
    bool watch;
    int64_t interval_ms;
};

static const struct option_spec specs[] = {
    { "watch", OPTION_BOOL, OPTION_FLAG, offsetof(struct lag_options, watch), NULL, "false", 0, 0,
      NULL, "Watching", "Look again and again, until interrupted" },
    { "interval", OPTION_DURATION, OPTION_FLAG, offsetof(struct lag_options, interval_ms),
      "DURATION", "2s", 100, HOUR, NULL, "Watching", "How often, with --watch" },
};

static const struct option_table table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct lag_options),
};

enum field { FIELD_TOPIC, FIELD_BEHIND, FIELD_AGE, FIELD_RATE, FIELD_LEFT, N_FIELDS };

/* clang-format off */
static const struct column fields[N_FIELDS] = {
    [FIELD_TOPIC]  = { "topic",            "TOPIC",         COLUMN_TEXT,     false, 0, 0 },
    [FIELD_BEHIND] = { "behind",           "BEHIND",        COLUMN_COUNT,    false, 0, 0 },
    [FIELD_AGE]    = { "ageMs",            "AGE",           COLUMN_DURATION, false, 0, 0 },
    [FIELD_RATE]   = { "appliedPerSecond", "APPLIED/S",     COLUMN_COUNT,    false, 0, 0 },
    [FIELD_LEFT]   = { "leftMs",           "CAUGHT UP IN",  COLUMN_DURATION, false, 0, 0 },
};
/* clang-format on */

enum row {
    ROW_PARTITION,
    ROW_END,
    ROW_COMMITTED,
    ROW_NEXT,
    ROW_BEHIND,
    ROW_AGE,
    ROW_SETTLED,
    ROW_HELD,
    N_ROW
};

/* clang-format off */
static const struct column columns[N_ROW] = {
    [ROW_PARTITION] = { "partition", "PARTITION", COLUMN_COUNT,    false, 0, 0 },
    [ROW_END]       = { "end",       "END",       COLUMN_COUNT,    false, 0, 0 },
    [ROW_COMMITTED] = { "committed", "COMMITTED", COLUMN_COUNT,    false, 0, 0 },
    [ROW_NEXT]      = { "next",      "POSITION",  COLUMN_COUNT,    false, 0, 0 },
    [ROW_BEHIND]    = { "behind",    "BEHIND",    COLUMN_COUNT,    false, 0, 0 },
    [ROW_AGE]       = { "ageMs",     "AGE",       COLUMN_DURATION, false, 0, 0 },
    [ROW_SETTLED]   = { "settled",   "SETTLED",   COLUMN_COUNT,    true,  0, 0 },
    [ROW_HELD]      = { "held",      "HELD",      COLUMN_TEXT,     false, 0, 0 },
};
/* clang-format on */

/* One look, and the sum of it. */
struct look {
    int64_t at_ms; /* monotonic */
    int64_t wall_ms;
    int64_t behind, applied;
    int64_t age_ms; /* negative: unknown */
    bool all_known;
};

static int64_t age_of(const struct standing_partition *p, int64_t wall_ms)
{
    if (standing_behind(p) == 0)
        return 0;
    if (p->next_ms < 0)
        return -1;
    return wall_ms > p->next_ms ? wall_ms - p->next_ms : 0;
}

static struct look sum(const struct standing *s)
{
    struct look l = {
        .at_ms = clock_monotonic_ms(),
        .wall_ms = clock_wall_ms(),
        .all_known = true,
    };

    for (int32_t i = 0; i < s->n; i++) {
        const struct standing_partition *p = &s->partitions[i];
        const int64_t behind = standing_behind(p), age_ms = age_of(p, l.wall_ms);

        l.all_known = l.all_known && behind >= 0;
        l.behind += behind > 0 ? behind : 0;
        l.applied += standing_next(p) > 0 ? standing_next(p) : 0;
        l.age_ms = age_ms < 0 || l.age_ms < 0 ? -1 : age_ms > l.age_ms ? age_ms : l.age_ms;
    }
    return l;
}

static void print_fields(const struct invocation *in, const struct look *now,
                         const struct look *before, struct printer *printer)
{
    const int64_t passed_ms = before ? now->at_ms - before->at_ms : 0;
    struct cell cells[N_FIELDS] = { [FIELD_TOPIC] = CELL_TEXT(link_options(in)->topic) };

    if (now->all_known)
        cells[FIELD_BEHIND] = CELL_NUMBER(now->behind);
    if (now->age_ms >= 0)
        cells[FIELD_AGE] = CELL_NUMBER(now->age_ms);
    cells[FIELD_BEHIND].tone = now->behind > 0 ? TONE_WARN : TONE_GOOD;
    if (passed_ms > 0 && now->applied >= before->applied) {
        const int64_t rate = (now->applied - before->applied) * 1000 / passed_ms;
        const int64_t closed = before->behind - now->behind;

        cells[FIELD_RATE] = CELL_NUMBER(rate);
        if (now->behind > 0 && closed > 0)
            cells[FIELD_LEFT] = CELL_NUMBER(now->behind * passed_ms / closed);
    }
    printer_fields(printer, fields, before ? (size_t)N_FIELDS : (size_t)FIELD_RATE, cells);
}

static void print_partition(const struct standing *s, int32_t i, int64_t wall_ms, struct cell *row)
{
    const struct standing_partition *p = &s->partitions[i];
    const int64_t behind = standing_behind(p), age_ms = age_of(p, wall_ms);

    row[ROW_PARTITION] = CELL_NUMBER(i);
    row[ROW_END] = CELL_NUMBER(p->extent.end);
    if (p->extent.committed != LOG_READER_NO_OFFSET)
        row[ROW_COMMITTED] = CELL_NUMBER(p->extent.committed);
    if (p->read == POSITION_PRESENT) {
        row[ROW_NEXT] = CELL_NUMBER(p->position.next);
        row[ROW_SETTLED] = CELL_NUMBER(p->position.settled);
    }
    if (behind >= 0)
        row[ROW_BEHIND] = CELL_NUMBER(behind);
    row[ROW_BEHIND].tone = behind > 0 ? TONE_WARN : TONE_PLAIN;
    if (age_ms >= 0)
        row[ROW_AGE] = CELL_NUMBER(age_ms);
    if (p->hold != HOLD_NONE)
        row[ROW_HELD] = CELL_TEXT(hold_code(p->hold));
    row[ROW_HELD].tone = TONE_BAD;
}

/* What there is to print. */
struct page {
    const struct invocation *in;
    const struct standing *standing;
    const struct look *now, *before; /* `before` NULL: there was none */
};

static bool print(void *self, struct terminal to)
{
    const struct page *page = self;
    const struct standing *s = page->standing;
    const struct lag_options *o = invocation_values(page->in, &table);
    CLEANUP(printer_release) struct printer printer = { 0 };
    struct cell *cells = mem_new((size_t)s->n * N_ROW + 1, sizeof(*cells));

    for (int32_t i = 0; i < s->n; i++)
        print_partition(s, i, page->now->wall_ms, cells + (size_t)i * N_ROW);
    printer_init(&printer, invocation_values(page->in, &print_table), to);
    printer.one_of_many = o->watch;
    print_fields(page->in, page->now, page->before, &printer);
    printer_list(&printer, "partitions", columns, N_ROW, cells, (size_t)s->n);
    free(cells);
    return printer_end(&printer);
}

static enum err_code look(struct standing_link *l, struct standing *ret, struct err *err)
{
    enum err_code rc;

    standing_release(ret);
    rc = standing_look(l, ret, err);
    return rc == ERR_OK ? standing_age(l, ret, err) : rc;
}

static enum err_code watch(const struct invocation *in, struct standing_link *link,
                           struct standing *s, int64_t interval_ms, struct err *err)
{
    struct look before = { 0 };
    bool has_before = false;
    struct redraw drawn = { 0 };
    enum err_code rc;

    for (;;) {
        struct look now;
        struct page page = { in, s, &now, has_before ? &before : &now };

        rc = look(link, s, err);
        if (rc != ERR_OK && err_class(rc) != ERR_CLASS_RETRY)
            return rc;
        if (rc == ERR_OK) {
            now = sum(s);
            if (!redraw(&drawn, call_output(in), print, &page))
                return ERR_OK;
            before = now;
            has_before = true;
        } else {
            call_complain(in, "%s", err->msg);
            drawn = (struct redraw){ 0 };
        }
        poll(NULL, 0, (int)interval_ms);
    }
}

static void check(struct invocation *in)
{
    context_check_connection(in, CONNECTION_KAFKA | CONNECTION_REDIS);
}

static enum exit_status run(struct invocation *in)
{
    const struct lag_options *o = invocation_values(in, &table);
    CLEANUP(standing_close) struct standing_link link = { 0 };
    CLEANUP(standing_release) struct standing s = { 0 };
    struct err err = { 0 };
    enum err_code rc = standing_open(in, &link, &err);
    struct look now;
    struct page page = { in, &s, &now, NULL };

    if (rc == ERR_OK)
        rc = o->watch ? watch(in, &link, &s, o->interval_ms, &err) : look(&link, &s, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    if (o->watch)
        return EXIT_DONE;
    now = sum(&s);
    return print(&page, call_output(in)) ? EXIT_DONE : EXIT_FAILED;
}

static const struct option_table *const tables[] = {
    &table, &print_table, &context_table, &connection_table, &rediswal_table, NULL,
};

const struct verb verb_lag = {
    .name = "lag",
    .summary = "Show how far Redis is behind the log, in records and in time",
    .help = "BEHIND counts offsets between the position in Redis and the end of the log; a "
            "transaction's\n"
            "markers take one each. AGE is how long ago the first record that is not applied was\n"
            "written, by its timestamp and the clock here. With -w it also says how fast that is "
            "going,\n"
            "and when Redis will have caught up if it stays so.\n",
    .examples = "kubectl-redwal lag\n"
                "kubectl-redwal lag -w --interval 1s\n"
                "kubectl-redwal lag -o json | jq .behind\n",
    .tables = tables,
    .check = check,
    .run = run,
};
