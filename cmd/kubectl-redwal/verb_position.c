/* `position`: what the log, the group and Redis say, and whether that agrees. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "call.h"
#include "cli/context.h"
#include "rediswal.h"
#include "standing.h"
#include "tree.h"

enum { DIGEST_TEXT_MAX = 17 };

enum field {
    FIELD_WAL,
    FIELD_TOPIC,
    FIELD_GROUP,
    FIELD_LOG,
    FIELD_REDIS,
    FIELD_ROLE,
    FIELD_OWNER,
    FIELD_AGREES,
    N_FIELDS
};

/* clang-format off */
static const struct column fields[N_FIELDS] = {
    [FIELD_WAL]    = { "wal",       "WAL",        COLUMN_TEXT, false, 0, 0 },
    [FIELD_TOPIC]  = { "topic",     "TOPIC",      COLUMN_TEXT, false, 0, 0 },
    [FIELD_GROUP]  = { "group",     "GROUP",      COLUMN_TEXT, false, 0, 0 },
    [FIELD_LOG]    = { "log",       "LOG",        COLUMN_TEXT, false, 0, 0 },
    [FIELD_REDIS]  = { "redis",     "REDIS",      COLUMN_TEXT, false, 0, 0 },
    [FIELD_ROLE]   = { "role",      "ROLE",       COLUMN_TEXT, false, 0, 0 },
    [FIELD_OWNER]  = { "belongsTo", "BELONGS TO", COLUMN_TEXT, false, 0, 0 },
    [FIELD_AGREES] = { "agrees",    "AGREES",     COLUMN_BOOL, false, 0, 0 },
};
/* clang-format on */

enum row {
    ROW_PARTITION,
    ROW_BEGIN,
    ROW_END,
    ROW_COMMITTED,
    ROW_NEXT,
    ROW_SETTLED,
    ROW_EPOCH,
    ROW_TIME,
    ROW_DIGEST,
    ROW_LOG,
    ROW_VERDICT,
    ROW_DETAIL,
    N_ROW
};

/* clang-format off */
static const struct column columns[N_ROW] = {
    [ROW_PARTITION] = { "partition", "PARTITION", COLUMN_COUNT, false, 0, 0 },
    [ROW_BEGIN]     = { "begin",     "BEGIN",     COLUMN_COUNT, true,  0, 0 },
    [ROW_END]       = { "end",       "END",       COLUMN_COUNT, false, 0, 0 },
    [ROW_COMMITTED] = { "committed", "COMMITTED", COLUMN_COUNT, false, 0, 0 },
    [ROW_NEXT]      = { "next",      "NEXT",      COLUMN_COUNT, false, 0, 0 },
    [ROW_SETTLED]   = { "settled",   "SETTLED",   COLUMN_COUNT, false, 0, 0 },
    [ROW_EPOCH]     = { "epoch",     "EPOCH",     COLUMN_COUNT, true,  0, 0 },
    [ROW_TIME]      = { "time",      "LAST RECORD", COLUMN_TIME, false, 0, 0 },
    [ROW_DIGEST]    = { "digest",    "DIGEST",    COLUMN_TEXT,  true,  0, 0 },
    [ROW_LOG]       = { "log",       "LOG",       COLUMN_TEXT,  true,  0, 0 },
    [ROW_VERDICT]   = { "verdict",   "VERDICT",   COLUMN_TEXT,  false, 0, 0 },
    [ROW_DETAIL]    = { "detail",    "DETAIL",    COLUMN_TEXT,  false, 0, 0 },
};
/* clang-format on */

/* X(name, code, tone, what it means; the empty text: the code says it) */
#define VERDICTS(X)                                                                                \
    X(APPLIED, "applied", GOOD, "")                                                                \
    X(BEHIND, "behind", PLAIN, "")                                                                 \
    X(UNSETTLED, "unsettled", PLAIN, "applied; outcomes or dead letters are still under way")      \
    X(EMPTY, "empty", DIM, "")                                                                     \
    X(GROUP_AHEAD, "group-ahead", BAD,                                                             \
      "the group has committed what this Redis lacks: it fell back; the applier applies it again") \
    X(HELD, "held", BAD, "")

enum verdict {
#define VERDICT_ENUM(name, code, tone, meaning) VERDICT_##name,
    VERDICTS(VERDICT_ENUM)
#undef VERDICT_ENUM
};

static const struct {
    const char *code;
    enum tone tone;
    const char *meaning;
} verdicts[] = {
#define VERDICT_ROW(name, code, tone, meaning) { code, TONE_##tone, meaning },
    VERDICTS(VERDICT_ROW)
#undef VERDICT_ROW
};

static enum verdict judge(const struct standing_partition *p)
{
    if (p->hold != HOLD_NONE)
        return VERDICT_HELD;
    if (p->extent.committed > standing_next(p))
        return VERDICT_GROUP_AHEAD;
    if (p->extent.end == p->extent.begin && p->read == POSITION_ABSENT)
        return VERDICT_EMPTY;
    if (standing_behind(p) > 0)
        return VERDICT_BEHIND;
    return p->read == POSITION_PRESENT && p->position.settled < p->position.next ? VERDICT_UNSETTLED
                                                                                 : VERDICT_APPLIED;
}

static bool agrees(enum verdict verdict)
{
    return verdict != VERDICT_HELD && verdict != VERDICT_GROUP_AHEAD;
}

static void print_position(const struct position *p, char *digest, struct cell *row)
{
    snprintf(digest, DIGEST_TEXT_MAX, "%016" PRIx64, p->digest);
    row[ROW_NEXT] = CELL_NUMBER(p->next);
    row[ROW_SETTLED] = CELL_NUMBER(p->settled);
    row[ROW_EPOCH] = CELL_NUMBER(p->epoch);
    if (p->record_ms > 0)
        row[ROW_TIME] = CELL_NUMBER(p->record_ms);
    row[ROW_DIGEST] = CELL_TEXT(digest);
    row[ROW_LOG] = CELL_TEXT(p->log);
}

static void print_partition(const struct standing *s, int32_t i, char *digest, struct cell *row)
{
    const struct standing_partition *p = &s->partitions[i];
    const enum verdict verdict = judge(p);

    row[ROW_PARTITION] = CELL_NUMBER(i);
    row[ROW_BEGIN] = CELL_NUMBER(p->extent.begin);
    row[ROW_END] = CELL_NUMBER(p->extent.end);
    if (p->extent.committed != LOG_READER_NO_OFFSET)
        row[ROW_COMMITTED] = CELL_NUMBER(p->extent.committed);
    if (p->read == POSITION_PRESENT)
        print_position(&p->position, digest, row);
    row[ROW_VERDICT] =
        CELL_TEXT(verdict == VERDICT_HELD ? hold_code(p->hold) : verdicts[verdict].code);
    row[ROW_VERDICT].tone = verdicts[verdict].tone;
    if (verdict == VERDICT_HELD)
        row[ROW_DETAIL] = CELL_TEXT(hold_text(p->hold));
    else if (*verdicts[verdict].meaning)
        row[ROW_DETAIL] = CELL_TEXT(verdicts[verdict].meaning);
}

static const char *role_text(const struct primary_facts *facts)
{
    static const char *const texts[] = { "unknown", "primary", "replica" };

    return facts->loading ? "loading" : texts[facts->role];
}

static bool print_fields(const struct standing_link *l, const struct standing *s,
                         struct printer *printer)
{
    const struct connection_options *c = link_options(l->in);
    const struct primary_facts *facts = &l->redis.dialogue.facts;
    const bool is_primary = facts->role == PRIMARY_ROLE_MASTER && !facts->loading;
    const bool is_ours = facts->wal[0] == '\0' || strcmp(facts->wal, c->wal) == 0;
    struct cell cells[N_FIELDS] = {
        [FIELD_WAL] = CELL_TEXT(c->wal),
        [FIELD_TOPIC] = CELL_TEXT(c->topic),
        [FIELD_GROUP] = CELL_TEXT(c->group),
        [FIELD_LOG] = CELL_TEXT(s->log),
        [FIELD_REDIS] = CELL_TEXT(facts->address),
        [FIELD_ROLE] = CELL_TEXT(role_text(facts)),
        [FIELD_OWNER] = facts->wal[0] ? CELL_TEXT(facts->wal) : CELL_NONE,
    };
    bool all = is_primary && is_ours;

    for (int32_t i = 0; i < s->n; i++)
        all = all && agrees(judge(&s->partitions[i]));
    cells[FIELD_AGREES] = CELL_NUMBER(all);
    cells[FIELD_AGREES].tone = all ? TONE_GOOD : TONE_BAD;
    cells[FIELD_ROLE].tone = is_primary ? TONE_PLAIN : TONE_BAD;
    cells[FIELD_OWNER].tone = is_ours ? TONE_PLAIN : TONE_BAD;
    printer_fields(printer, fields, N_FIELDS, cells);
    return all;
}

static enum exit_status print(const struct standing_link *l, const struct standing *s)
{
    CLEANUP(printer_release) struct printer printer = { 0 };
    struct cell *cells = mem_new((size_t)s->n * N_ROW + 1, sizeof(*cells));
    char(*digests)[DIGEST_TEXT_MAX] = mem_new((size_t)s->n + 1, sizeof(*digests));
    bool all;

    for (int32_t i = 0; i < s->n; i++)
        print_partition(s, i, digests[i], cells + (size_t)i * N_ROW);
    call_print(l->in, &printer);
    all = print_fields(l, s, &printer);
    printer_list(&printer, "partitions", columns, N_ROW, cells, (size_t)s->n);
    free(cells);
    free(digests);
    return call_end(&printer, all ? EXIT_DONE : EXIT_DIFFERENT);
}

static void check(struct invocation *in)
{
    context_check_connection(in, CONNECTION_KAFKA | CONNECTION_REDIS);
}

static enum exit_status run(struct invocation *in)
{
    CLEANUP(standing_close) struct standing_link link = { 0 };
    CLEANUP(standing_release) struct standing s = { 0 };
    struct err err = { 0 };
    enum err_code rc = standing_open(in, &link, &err);

    if (rc == ERR_OK)
        rc = standing_look(&link, &s, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    return print(&link, &s);
}

static const struct option_table *const tables[] = {
    &print_table, &context_table, &connection_table, &rediswal_table, NULL,
};

const struct verb verb_position = {
    .name = "position",
    .summary = "Show what the log, the group and Redis say about positions, and whether they agree",
    .help =
        "NEXT is the truth: the position that Redis holds beside the data. COMMITTED is what the\n"
        "group told Kafka, for tools that watch lag. What the applier would hold a partition for "
        "is\n"
        "its verdict; docs/holds.md says what to do. `-o wide` shows log, digest and epoch too.\n\n"
        "The exit status is 3 when something does not agree: a partition is held or fell back, "
        "Redis\n"
        "is not a primary, or belongs to another WAL.\n",
    .examples = "kubectl-redwal position\n"
                "kubectl-redwal position -o json | jq '.partitions[] | select(.verdict != "
                "\"applied\")'\n",
    .tables = tables,
    .check = check,
    .run = run,
};
