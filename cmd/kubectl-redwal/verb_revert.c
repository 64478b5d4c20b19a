/* `revert`: the log is told what keys were. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/context.h"
#include "cli/option_table.h"
#include "core/restore.h"
#include "link.h"
#include "outcome_lines.h"
#include "receipt.h"
#include "rediswal.h"
#include "revert_append.h"
#include "revert_letters.h"
#include "revert_until.h"
#include "revert_wait.h"
#include "runtime/clock.h"
#include "runtime/revert.h"
#include "tree.h"

enum { STORE_TIMEOUT_MS = 30000 };

struct revert_options {
    char *to, *run, *receipt;
    bool yes, wait;
    int64_t timeout_ms;
};

_Static_assert((int)RESTORE_UNTIL_MAX <= (int)OPTION_VALUE_MAX_BYTES, "--to takes what Jobs give");

#define AT(field) offsetof(struct revert_options, field)

/* clang-format off */
static const struct option_spec specs[] = {
    { "to",      OPTION_TEXT,     OPTION_FLAG, AT(to),         "WHERE",    NULL,    1,   RESTORE_UNTIL_MAX, NULL, "Reverting", "What keys were then: a time such as 2026-01-31T12:00Z, how long ago, such as 2h, or the first offset of partitions that does not count, such as 0:1234,2:77" },
    { "yes",     OPTION_BOOL,     OPTION_FLAG, AT(yes),        NULL,       "false", 0,   0,         NULL, "Reverting", "Append to the log; without it, only what would be appended is shown" },
    { "run",     OPTION_TEXT,     OPTION_FLAG, AT(run),        "NAME",     NULL,    1,   REVERT_RUN_MAX, NULL, "Reverting", "Name of what is done: under the same name, keys that it has reverted already are left as they are; by chance without it" },
    { "receipt", OPTION_TEXT,     OPTION_FLAG, AT(receipt),    "FILE",     NULL,    1,   4096,      NULL, "Reverting", "Write a line of JSON into this new file for each key that differs, as soon as its outcome is known" },
    { "wait",    OPTION_BOOL,     OPTION_FLAG, AT(wait),       NULL,       "false", 0,   0,         NULL, "Reverting", "Wait until Redis has applied what was appended, and what the log held before, and tell what appliers hold back or reject" },
    { "timeout", OPTION_DURATION, OPTION_FLAG, AT(timeout_ms), "DURATION", "1m",    1,   24 * HOUR, NULL, "Reverting", "Bound on --wait" },
};
/* clang-format on */

static const struct option_table revert_table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct revert_options),
};

static bool is_name(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static void check(struct invocation *in)
{
    const struct revert_options *o = invocation_values(in, &revert_table);
    const struct compare_options *compare = invocation_values(in, &compare_table);
    const char *why;

    context_check_connection(in, CONNECTION_KAFKA | CONNECTION_REDIS);
    compare_options_check(in);
    if (!o->to)
        option_set_problem(&in->set, "--to is missing: a time, how long ago, or positions");
    else if (!revert_until_is_valid(o->to, &why))
        option_set_problem(&in->set, "--to: '%s' %s", o->to, why);
    if (!compare->keys && !compare->partitions)
        option_set_problem(&in->set, "--keys, --partitions: give one of them; --keys '*' is all");
    if (compare->sample > 0)
        option_set_problem(&in->set, "--sample: keys are not reverted by chance; leave it out");
    if (o->run && !is_name(o->run))
        option_set_problem(&in->set, "--run: has characters that are not printable ASCII");
    if (o->run && o->to && revert_until_moves(o->to))
        option_set_problem(&in->set,
                           "--to: '%s' is another time than it was for --run %s; give the "
                           "positions that were told then",
                           o->to, o->run);
    if (o->wait && !o->yes)
        option_set_problem(&in->set, "--wait: nothing comes that could be waited for; give --yes");
}

/* --- running ---------------------------------------------------------------------------------- */

/* What the log held when it was folded is in front of whatever a run before this one appended. */
static void await_folded(const struct comparison *c, struct revert_appending *a)
{
    const struct verify_partition *partitions;
    int32_t n;

    partitions = verify_partitions(c->verify, &n);
    for (int32_t i = 0; i < n; i++)
        if (partitions[i].coverage == COVERAGE_FULL && partitions[i].end > 0)
            revert_appending_await(a, i, partitions[i].end - 1);
}

/* What makes another call the same one, whatever time it is by then. */
static void tell_again(struct invocation *in, const struct restore_plan *plan, const char *name)
{
    const struct revert_options *o = invocation_values(in, &revert_table);
    CLEANUP(buf_release) struct buf to = { 0 };

    buf_init(&to, RESTORE_UNTIL_MAX);
    for (int32_t i = 0; i < plan->n; i++)
        buf_print(&to, "%s%" PRId32 ":%" PRId64, i > 0 ? "," : "", i, plan->partitions[i].until);
    if (o->yes)
        call_complain(in, "this is --run %s --to %.*s; give both to go on after an interruption",
                      name, STR_ARGS(buf_str(&to)));
    else
        call_complain(in, "this is --to %.*s; give that to do just this", STR_ARGS(buf_str(&to)));
}

static enum err_code revert(struct invocation *in, struct comparison *c, struct revert_appending *a,
                            struct err *err)
{
    const struct revert_options *o = invocation_values(in, &revert_table);
    const uint64_t chance = (uint64_t)clock_wall_ms() << 20 ^ (uint64_t)getpid();
    CLEANUP(restore_plan_release) struct restore_plan plan = { 0 };
    const struct revert_log log = { revert_append, a };
    char name[REVERT_RUN_MAX + 1];
    struct revert_settings settings = {
        .run = o->run ? o->run : name,
        .attempt = chance,
        .record_bytes = (size_t)c->folding->max_record_bytes,
    };
    int64_t *until;
    enum err_code rc = revert_until_plan(in, o->to, &plan, err);

    if (rc != ERR_OK)
        return rc;
    snprintf(name, sizeof(name), "%016" PRIx64, chance);
    until = mem_new((size_t)plan.n + 1, sizeof(*until));
    for (int32_t i = 0; i < plan.n; i++)
        until[i] = plan.partitions[i].until;
    settings.until = until;
    settings.n_until = plan.n;
    if (!o->run)
        tell_again(in, &plan, name);
    rc = comparison_revert(c, &settings, &log, err);
    free(until);
    if (*revert_late_unknown(c->revert))
        call_complain(in, "what was written to keys while they were judged is not known: %s",
                      revert_late_unknown(c->revert));
    return rc;
}

/* What appliers make of what is appended. */
struct fate {
    struct revert_letters letters;
    bool has_letters; /* they can be read */
};

static void fate_release(struct fate *f)
{
    revert_letters_release(&f->letters);
}

static void tell_unknown(struct invocation *in, const struct err *err)
{
    call_complain(in, "whether appliers reject what is appended is not known: %s", err->msg);
}

/* Who may not read dead letters may revert all the same. */
static void begin_fate(struct invocation *in, struct fate *f)
{
    struct err err = { 0 };

    f->has_letters = revert_letters_begin(&f->letters, in, &err) == ERR_OK;
    if (!f->has_letters)
        tell_unknown(in, &err);
}

static enum err_code await_fate(struct invocation *in, struct comparison *c, struct fate *f,
                                struct revert_appending *a, struct err *err)
{
    const struct revert_options *o = invocation_values(in, &revert_table);
    struct err unread = { 0 };
    enum err_code rc;

    await_folded(c, a);
    rc = a->token.n > 0 ? revert_wait(c, &a->token, o->timeout_ms, err) : ERR_OK;
    if (rc != ERR_OK)
        return rc;
    c->held_unknown = c->rejected_unknown =
        revert_knows_earlier(c->revert) ? NULL
                                        : "not known of all keys that earlier calls reverted";
    if (!f->has_letters || revert_letters_tell(&f->letters, c, &unread) != ERR_OK)
        c->rejected_unknown = "not known: dead letters could not be read";
    if (*unread.msg)
        tell_unknown(in, &unread);
    return ERR_OK;
}

static enum exit_status run(struct invocation *in)
{
    const struct revert_options *o = invocation_values(in, &revert_table);
    CLEANUP(comparison_release) struct comparison c = { 0 };
    CLEANUP(revert_appending_release)
    struct revert_appending a = { .topic = link_options(in)->topic };
    CLEANUP(receipt_release) struct receipt receipt = { 0 };
    CLEANUP(fate_release) struct fate fate = { 0 };
    struct err err = { 0 };
    enum err_code rc = receipt_open(&receipt, o->receipt, &c, &err);

    if (rc == ERR_OK)
        rc = comparison_open(&c, in, o->yes ? VERIFY_REVERTS : VERIFY_PLANS_REVERT, &err);
    if (rc == ERR_OK && o->yes)
        rc = link_writer(in, a.topic, NULL, STORE_TIMEOUT_MS, &a.writer, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    if (o->yes)
        c.held_unknown = c.rejected_unknown = "not known: Redis was not seen to have the records";
    if (o->wait)
        begin_fate(in, &fate);
    rc = revert(in, &c, &a, &err);
    if (rc == ERR_OK && o->wait)
        rc = await_fate(in, &c, &fate, &a, &err);
    return receipt_report(&receipt, in, &c, rc, &err);
}

static const struct option_table *const tables[] = {
    &revert_table, &compare_table,    &folding_table,  &records_table, &context_table,
    &print_table,  &connection_table, &rediswal_table, NULL,
};

const struct verb verb_revert = {
    .name = "revert",
    .summary = "Append records to the log that make keys what they were at a time or position",
    .help =
        "Folds the log up to there and to its end, compares the two, and shows which keys that "
        "match\n"
        "--keys, or that --partitions make, differ. With --yes it appends a record for each of "
        "them\n"
        "that makes it what it was: type, content and expiry; a key that there was not is "
        "deleted.\n"
        "All other keys stay as they are.\n\n"
        "It is a write like any other: appliers apply it in order, exactly once, a mirror carries "
        "it\n"
        "to the other site, and every replay makes the same. Nothing stops, and Redis is only "
        "read.\n"
        "What was written to such a key since then, up to that record, is undone; what is written\n"
        "behind it stands. Do it where producers write, never to a topic that a mirror writes.\n\n"
        "A key whose deadline has passed since then stays gone. One that needs several records is "
        "made\n"
        "beside itself and renamed, so that nobody sees half of it. What records cannot say "
        "(streams\n"
        "whose groups have consumers, types of modules) is `left`, and so are quarantined keys.\n\n"
        "Interrupted, it is done again with the same --run: keys that it reverted are left as "
        "they\n"
        "are by then, and --wait tells of those whose records appliers hold back or reject. Give "
        "the\n"
        "appliers' own options, best by --config with their file. The user of Kafka needs Write on "
        "the\n"
        "topic.\n\n"
        "What became of a key:\n" REVERT_OUTCOME_LINES "\n"
        "The exit status is 3 when a key that differs is not reverted, which is "
        "so wherever there "
        "is\n"
        "something to revert and --yes is not given.\n",
    .examples = "# What would be done\n"
                "kubectl-redwal revert --keys 'cart:*' --to 2h\n"
                "# Do it, and wait until Redis has it\n"
                "kubectl-redwal revert --keys 'cart:*' --to 2026-01-31T12:00Z --yes --wait\n"
                "# What one partition made, up to one of its offsets\n"
                "kubectl-redwal revert --partitions 3 --to 3:4711 --yes --receipt revert.jsonl\n",
    .tables = tables,
    .check = check,
    .run = run,
};
