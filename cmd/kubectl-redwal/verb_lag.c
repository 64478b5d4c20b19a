/* `lag`: how far Redis is behind the log, in records and in time. */
#include <stdlib.h>

#include "base/mem.h"
#include "call.h"
#include "cli/context.h"
#include "rediswal.h"
#include "runtime/clock.h"
#include "standing.h"
#include "tree.h"
#include "watch.h"

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
    struct standing_link link;
    struct standing standing;
    struct look now, before;
    bool looked; /* `now` is one, and `before` too */
};

static void page_release(struct page *page)
{
    standing_release(&page->standing);
    standing_close(&page->link);
}

/* How fast that goes is known only where it is watched. */
static void print_fields(const struct page *page, struct printer *printer)
{
    const struct watch_options *o = invocation_values(page->in, &watch_table);
    const struct look *now = &page->now, *before = &page->before;
    const int64_t passed_ms = now->at_ms - before->at_ms;
    struct cell cells[N_FIELDS] = { [FIELD_TOPIC] = CELL_TEXT(link_options(page->in)->topic) };

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
    printer_fields(printer, fields, o->watch ? (size_t)N_FIELDS : (size_t)FIELD_RATE, cells);
}

static bool print(void *self, struct terminal to)
{
    const struct page *page = self;
    const struct standing *s = &page->standing;
    CLEANUP(printer_release) struct printer printer = { 0 };
    struct cell *cells = mem_new((size_t)s->n * N_ROW + 1, sizeof(*cells));

    for (int32_t i = 0; i < s->n; i++)
        print_partition(s, i, page->now.wall_ms, cells + (size_t)i * N_ROW);
    watch_printer(page->in, to, &printer);
    print_fields(page, &printer);
    printer_list(&printer, "partitions", columns, N_ROW, cells, (size_t)s->n);
    free(cells);
    return printer_end(&printer);
}

static enum err_code look(void *self, struct err *err)
{
    struct page *page = self;
    enum err_code rc;

    standing_release(&page->standing);
    rc = standing_look(&page->link, &page->standing, err);
    if (rc == ERR_OK)
        rc = standing_age(&page->link, &page->standing, err);
    if (rc != ERR_OK)
        return rc;
    page->before = page->now;
    page->now = sum(&page->standing);
    if (!page->looked)
        page->before = page->now;
    page->looked = true;
    return ERR_OK;
}

static void check(struct invocation *in)
{
    context_check_connection(in, CONNECTION_KAFKA | CONNECTION_REDIS);
}

static enum exit_status run(struct invocation *in)
{
    CLEANUP(page_release) struct page page = { .in = in };
    const struct watched watched = { look, print, NULL, &page };
    struct err err = { 0 };

    if (standing_open(in, &page.link, &err) != ERR_OK)
        return call_failed(in, &err);
    return watch_show(in, &watched);
}

static const struct option_table *const tables[] = {
    &watch_table, &print_table, &context_table, &connection_table, &rediswal_table, NULL,
};

const struct verb verb_lag = {
    .name = "lag",
    .summary = "Show how far Redis is behind the log, in records and in time",
    .help =
        "BEHIND counts offsets between the position in Redis and the end of the log; a "
        "transaction's\n"
        "markers take one each. AGE is how long ago the first record that is not applied was\n"
        "written, by its timestamp and the clock here. With -w it also says how fast that is "
        "going,\n"
        "and when Redis will have caught up if it stays so. What is away then, at first or later, "
        "is\n"
        "complained about and asked again; a login that Redis refuses ends it with 1.\n",
    .examples = "kubectl-redwal lag\n"
                "kubectl-redwal lag -w --interval 1s\n"
                "kubectl-redwal lag -o json | jq .behind\n",
    .tables = tables,
    .check = check,
    .run = run,
};
