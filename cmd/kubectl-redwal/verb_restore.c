/* `restore`: makes a RedisRestore. What is done about one that is there is in
 * verb_restore_under_way.c. */
#include "verb_restore.h"

#include <stdio.h>
#include <string.h>

#include "call.h"
#include "cli/option_table.h"
#include "restore_consent.h"
#include "restore_follow.h"
#include "restore_rows.h"
#include "restore_target.h"
#include "runtime/clock.h"
#include "tree.h"
#include "wal_read.h"

struct restore_options {
    char *to, *keys, *partitions;
    int after, wipe, accept, verify;
    int64_t sample, rate, patience_ms, timeout_ms;
    bool dry_run, wait, yes;
};

#define AT(field) offsetof(struct restore_options, field)

/* In the order of enum restore_after, of enum restore_verify and of enum restore_wipe. */
static const char *const afters[] = { "hold", "skip", NULL };
static const char *const verifies[] = { "none", "sample", "full", NULL };
static const char *const wipes[] = { "flush", "volumes", NULL };
/* Each stands for the bits of its index, by enum restore_accept. */
static const char *const accepts[] = { "nothing", "lost-records", "unknown-data", "both", NULL };

/* clang-format off */
static const struct option_spec specs[] = {
    { "to",       OPTION_TEXT,     OPTION_FLAG, AT(to),          "WHERE",    "latest",  1,   OPTION_VALUE_MAX_BYTES, NULL, "Restoring", "Where replay ends: latest, a time such as 2026-01-31T12:00Z, how long ago, such as 2h, or the first offset of partitions that is not applied, such as 0:1234,2:77" },
    { "keys",     OPTION_TEXT,     OPTION_FLAG, AT(keys),        "GLOB",     NULL,      1,   RESTORE_KEYS_MAX, NULL,   "Restoring", "Wipe nothing: only write the keys that match, as Redis's KEYS does, as the log makes them; with --to, append to the log what they were" },
    { "partitions", OPTION_TEXT,   OPTION_FLAG, AT(partitions),  "LIST",     NULL,      1,   OPTION_VALUE_MAX_BYTES, NULL, "Restoring", "Wipe nothing: only write the keys that these partitions of the log make, as in 0,3,7-9; with --to, append to the log what they were" },
    { "after",    OPTION_CHOICE,   OPTION_FLAG, AT(after),       "WHAT",     "hold",    0,   0,         afters,  "Restoring", "What follows a time or positions waits until `restore release`, or is never applied" },
    { "wipe",     OPTION_CHOICE,   OPTION_FLAG, AT(wipe),        "HOW",      "flush",   0,   0,         wipes,   "Restoring", "Empty Redis by FLUSHALL, or by deleting the pods and PersistentVolumeClaims of the RedisFailover, so that its operator makes new ones" },
    { "accept",   OPTION_CHOICE,   OPTION_FLAG, AT(accept),      "LOSS",     "nothing", 0,   0,         accepts, "Restoring", "Restore although the log no longer holds its first records (lost-records), with --wipe volumes although Redis does not answer, so that nobody knows what it holds (unknown-data), or although both is so" },
    { "verify",   OPTION_CHOICE,   OPTION_FLAG, AT(verify),      "HOW",      "sample",  0,   0,         verifies, "Restoring", "Compare Redis with a fold of the log before it is done: some keys by chance, all, or none" },
    { "sample",   OPTION_INT,      OPTION_FLAG, AT(sample),      "N",        "10000",   1,   1000000000, NULL,   "Restoring", "Keys that --verify sample compares" },
    { "rate",     OPTION_INT,      OPTION_FLAG, AT(rate),        "N",        "0",       0,   100000000, NULL,    "Restoring", "Operations per second that each applier replays at most; 0 is what the RedisWal says" },
    { "dry-run",  OPTION_BOOL,     OPTION_FLAG, AT(dry_run),     NULL,       "false",   0,   0,         NULL,    "Restoring", "Show the plan, and do nothing" },
    { "yes",      OPTION_BOOL,     OPTION_FLAG, AT(yes),         NULL,       "false",   0,   0,         NULL,    "Restoring", "Do not ask" },
    { "patience", OPTION_DURATION, OPTION_FLAG, AT(patience_ms), "DURATION", "1m",      100, HOUR,      NULL,    "Waiting",   "How long the controller may take to make the plan" },
    { "wait",     OPTION_BOOL,     OPTION_FLAG, AT(wait),        NULL,       "false",   0,   0,         NULL,    "Waiting",   "Until it has ended, or what follows is held" },
    { "timeout",  OPTION_DURATION, OPTION_FLAG, AT(timeout_ms),  "DURATION", "24h",     100, 168 * HOUR, NULL,   "Waiting",   "Bound on --wait" },
};
/* clang-format on */

static const struct option_table table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct restore_options),
};

/* What a specification points to. */
struct memory {
    struct restore_position positions[RESTORE_PARTITIONS_MAX];
    int32_t partitions[RESTORE_PARTITIONS_MAX];
};

/* What is asked for. False: it cannot be; the set of options has the problem. */
static bool read_spec(const struct invocation *in, struct memory *memory, struct restore_spec *ret,
                      char ret_why[ERR_MSG_MAX])
{
    const struct restore_options *o = invocation_values(in, &table);
    const char *why;

    *ret = (struct restore_spec){
        .rediswal = in->words[0],
        .after = o->after,
        .wipe = o->wipe,
        .accept = (unsigned)o->accept,
        .verify = o->verify,
        .sample = o->sample,
        .rate = o->rate,
    };
    if (!restore_target_parse(o->to, clock_wall_ms(), memory->positions, ret, &why))
        snprintf(ret_why, ERR_MSG_MAX, "--to: '%s' %s", o->to, why);
    else if (!restore_scope_parse(o->keys, o->partitions, memory->partitions, ret, &why))
        snprintf(ret_why, ERR_MSG_MAX, "%s", why);
    else if (!restore_rule_holds(RESTORE_RULE_SKIP, ret))
        snprintf(ret_why, ERR_MSG_MAX,
                 "--after skip: nothing follows the end of the log; give --to");
    else if (!restore_rule_holds(RESTORE_RULE_UNKNOWN_DATA, ret))
        snprintf(
            ret_why, ERR_MSG_MAX,
            "--accept %s: a Redis that does not answer is not emptied by FLUSHALL; give --wipe "
            "volumes",
            accepts[o->accept]);
    else if (!restore_rule_holds(RESTORE_RULE_SCOPE_AFTER, ret))
        snprintf(ret_why, ERR_MSG_MAX,
                 "--after, --keys, --partitions: with keys or partitions nothing is held, and what "
                 "was written to other keys stays; leave out --after");
    else if (!restore_rule_holds(RESTORE_RULE_SCOPE_RATE, ret))
        snprintf(ret_why, ERR_MSG_MAX,
                 "--rate, --keys, --partitions: a rate is of a replay, and with keys or partitions "
                 "nothing is replayed; leave out --rate");
    else if (!restore_rule_holds(RESTORE_RULE_SCOPE_VERIFY, ret))
        snprintf(ret_why, ERR_MSG_MAX,
                 "--verify, --sample, --keys, --partitions: with keys or partitions each of their "
                 "keys is compared; leave out --verify and --sample");
    else if (!restore_rule_holds(RESTORE_RULE_SCOPE_WIPE, ret))
        snprintf(
            ret_why, ERR_MSG_MAX,
            "--wipe, --keys, --partitions: with keys or partitions nothing is wiped; leave out "
            "--wipe");
    else
        return true;
    return false;
}

static void check(struct invocation *in)
{
    const struct restore_options *o = invocation_values(in, &table);
    struct restore_spec spec;
    struct memory memory;
    char why[ERR_MSG_MAX];

    if (in->n_words == 0 || !o->to)
        return;
    if (!read_spec(in, &memory, &spec, why))
        option_set_problem(&in->set, "%s", why);
    if (o->dry_run && o->wait)
        option_set_problem(&in->set, "--dry-run, --wait: a plan is always waited for; leave out "
                                     "one of them");
    if (strlen(in->words[0]) > WAL_OBJECT_NAME_MAX)
        option_set_problem(&in->set, "NAME: is no RedisWal's: it is too long");
}

/* --- the plan --------------------------------------------------------------------------------- */

/* What it waits for, where the controller has said that. */
static enum err_code tell_no_plan(const struct invocation *in, const struct restores *last,
                                  struct err *err)
{
    const struct restore_status *s = last->n > 0 ? &last->at[0].status : NULL;

    if (!s || s->reason[0] == '\0')
        return err_set(err, ERR_TIMEOUT,
                       "the controller made no plan within --patience; is it running, and "
                       "does it know RedisRestores?");
    call_complain(in, "the plan is %s: %s: %s", restore_step_text(s->step), s->reason, s->message);
    return err_set(err, ERR_TIMEOUT, "the controller made no plan within --patience");
}

/* Lets the controller make the plan; what it was made with is taken away again. */
static enum err_code make_plan(struct invocation *in, struct cluster *c, struct restore_spec spec,
                               struct restores *ret, struct err *err)
{
    const struct restore_options *o = invocation_values(in, &table);
    CLEANUP(restores_release) struct restores made = { 0 };
    struct restore_follow follow = {
        .in = in, .cluster = c, .quiet = true, .timeout_ms = o->patience_ms
    };
    struct err leftover = { 0 };
    enum err_code rc;

    *ret = (struct restores){ 0 };
    spec.dry_run = true;
    rc = restores_create(c, &spec, &made, err);
    if (rc != ERR_OK)
        return rc;
    follow.name = made.at[0].name;
    follow.uid = made.at[0].uid;
    rc = restore_follow(&follow, ret, err);
    if (restore_delete(c, &made.at[0], &leftover) != ERR_OK)
        call_complain(in, "RedisRestore %s, a plan, is left behind: %s", made.at[0].name,
                      leftover.msg);
    return rc == ERR_TIMEOUT ? tell_no_plan(in, ret, err) : rc;
}

static bool is_fine(const struct restore_resource *plan)
{
    return plan->status.step == RESTORE_STEP_COMPLETED && plan->status.plan_lost <= 0;
}

static enum exit_status show_plan(struct invocation *in, struct cluster *c,
                                  const struct restore_spec *spec)
{
    CLEANUP(restores_release) struct restores plan = { 0 };
    CLEANUP(printer_release) struct printer printer = { 0 };
    struct err err = { 0 };

    if (make_plan(in, c, *spec, &plan, &err) != ERR_OK)
        return call_failed(in, &err);
    call_print(in, &printer);
    restore_rows_print_plan(&printer, &plan.at[0]);
    return call_end(&printer, is_fine(&plan.at[0]) ? EXIT_DONE : EXIT_DIFFERENT);
}

/* --- in earnest ------------------------------------------------------------------------------- */

/* EXIT_DONE: go on. */
static enum exit_status consent(struct invocation *in, struct cluster *c,
                                const struct wal_view *wal, const struct restore_spec *spec)
{
    CLEANUP(restores_release) struct restores plan = { 0 };
    struct err err = { 0 };

    if (!restore_consent_can_ask()) {
        call_complain(in,
                      "this %s: give --yes, or a terminal to ask at; --dry-run shows what would be "
                      "done. Nothing was done",
                      restore_spec_reverts(spec)     ? "appends records to a log"
                      : restore_spec_is_scoped(spec) ? "writes keys of a Redis"
                                                     : "wipes a Redis");
        return EXIT_USAGE;
    }
    if (make_plan(in, c, *spec, &plan, &err) != ERR_OK)
        return call_failed(in, &err);
    if (plan.at[0].status.step != RESTORE_STEP_COMPLETED)
        return restore_follow_status(in, &plan.at[0]);
    if (restore_consent_ask(wal, &plan.at[0]))
        return EXIT_DONE;
    call_complain(in, "nothing was done");
    return EXIT_USAGE;
}

static enum exit_status print_one(struct invocation *in, const struct restore_resource *r,
                                  enum exit_status status)
{
    CLEANUP(printer_release) struct printer printer = { 0 };

    call_print(in, &printer);
    restore_rows_print_one(&printer, r, clock_wall_ms());
    return call_end(&printer, status);
}

static enum exit_status carry_out(struct invocation *in, struct cluster *c,
                                  const struct restore_spec *spec)
{
    const struct restore_options *o = invocation_values(in, &table);
    CLEANUP(restores_release) struct restores made = { 0 };
    CLEANUP(restores_release) struct restores ended = { 0 };
    struct restore_follow follow = {
        .in = in, .cluster = c, .on_held = true, .timeout_ms = o->timeout_ms
    };
    struct err err = { 0 };

    if (restores_create(c, spec, &made, &err) != ERR_OK)
        return call_failed(in, &err);
    if (!o->wait)
        return print_one(in, &made.at[0], EXIT_DONE);
    follow.name = made.at[0].name;
    follow.uid = made.at[0].uid;
    if (restore_follow(&follow, &ended, &err) != ERR_OK)
        return call_failed(in, &err);
    return print_one(in, &ended.at[0], restore_follow_status(in, &ended.at[0]));
}

static enum exit_status restore(struct invocation *in, const struct restore_spec *spec)
{
    const struct restore_options *o = invocation_values(in, &table);
    CLEANUP(cluster_release) struct cluster *c = NULL;
    CLEANUP(wals_release) struct wals wals = { 0 };
    enum exit_status status = EXIT_DONE;
    struct err err = { 0 };
    enum err_code rc = cluster_open_call(in, &c, &err);

    if (rc == ERR_OK)
        rc = wals_read(c, cluster_scope(c), in->words[0], &wals, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    if (o->dry_run)
        return show_plan(in, c, spec);
    if (!o->yes)
        status = consent(in, c, &wals.at[0], spec);
    return status == EXIT_DONE ? carry_out(in, c, spec) : status;
}

static enum exit_status run(struct invocation *in)
{
    struct restore_spec spec;
    struct memory memory;
    char why[ERR_MSG_MAX];

    if (!read_spec(in, &memory, &spec, why))
        UNREACHABLE("it was checked");
    return restore(in, &spec);
}

static const struct verb_word words[] = {
    { "NAME", "The RedisWal; behind `--` one that is called like a verb", false, false,
      COMPLETE_WAL },
};

static const struct option_table *const tables[] = { &table, &print_table, &cluster_table, NULL };

static const struct verb *const verbs[] = {
    &verb_restore_status, &verb_restore_list, &verb_restore_cancel, &verb_restore_release, NULL,
};

const struct verb verb_restore = {
    .name = "restore",
    .summary = "Make the Redis of a RedisWal, or some keys of it, anew from its log",
    .help =
        "Makes a RedisRestore, which the controller carries out: appliers end, Redis is wiped, and "
        "the\nlog replayed to its end, a time or positions. On a terminal it shows what would be "
        "wiped and\nwhat cannot be brought back, and asks; elsewhere it needs --yes.\n\n"
        "With --keys or --partitions nothing is wiped and no applier stops: a Job writes each key "
        "that\ndiffers as the log makes it, as `kubectl redwal repair` does, and a key that the "
        "log does not make is\ndeleted, unless partitions were left out. All other keys stay as "
        "they are.\n\n"
        "With --to beside them the Job appends records to the log that make these keys what they "
        "were, as\n`kubectl redwal revert` does: each site and each replay comes to the same. What "
        "was written to them\nsince then is undone; the user of the RedisWal needs Write on the "
        "topic. Only where producers write.\n\n"
        "What the log no longer holds is lost: then it refuses, unless --accept lost-records says "
        "that\nthis is known.\n\n"
        "With --wipe volumes the pods and PersistentVolumeClaims of the RedisFailover go, which "
        "helps where\nRedis refuses FLUSHALL, or does not come up. The controller may do that "
        "where\nmanifests/components/wipe-volumes is applied.\n\n"
        "With --dry-run it ends with 3 when something would be lost, or the controller would "
        "refuse.\nWith --wait it ends with 1 when the restore failed, with 5 when it was "
        "cancelled, or Redis\ncould not be compared, and with 4 when --timeout ran out, and the "
        "restore "
        "goes on.\n",
    .examples = "kubectl-redwal restore orders --dry-run\n"
                "kubectl-redwal restore orders --to 2026-01-31T12:00Z --wait\n"
                "kubectl-redwal restore orders --to 2h --after skip --yes\n"
                "kubectl-redwal restore orders --wipe volumes --accept unknown-data\n"
                "kubectl-redwal restore orders --to 0:1234,2:77 --rate 5000\n"
                "kubectl-redwal restore orders --keys 'cart:*' --wait\n"
                "kubectl-redwal restore orders --keys 'cart:*' --to 2h --wait\n"
                "kubectl-redwal restore orders --partitions 0,3 --yes\n",
    .verbs = verbs,
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = tables,
    .check = check,
    .run = run,
};
