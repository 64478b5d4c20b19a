/* `mirror`: what the mirror of a site does, stopping it with a proof, and letting it go on; by its
 * Connect, or by the controller of a RedisWal that names it. */
#include <poll.h>
#include <stdlib.h>

#include "base/mem.h"
#include "call.h"
#include "cli/context.h"
#include "core/remedy.h"
#include "link.h"
#include "mirror_link.h"
#include "mirror_options.h"
#include "mirror_wal.h"
#include "rediswal.h"
#include "runtime/clock.h"
#include "tree.h"

enum { STEP_MS = 1000 }; /* between two looks */

struct order_options {
    bool dry_run, wait, yes;
    int64_t timeout_ms;
};

#define AT(field) offsetof(struct order_options, field)

/* A proof may take MIRROR_STORING_MS, behind a source that its connector gave up after minutes. */
/* clang-format off */
static const struct option_spec specs[] = {
    { "dry-run", OPTION_BOOL,     OPTION_FLAG, AT(dry_run),    NULL,       "false", 0,   0,    NULL, "Writing", "Say what would be done, and do nothing" },
    { "wait",    OPTION_BOOL,     OPTION_FLAG, AT(wait),       NULL,       "false", 0,   0,    NULL, "Writing", "Until it is as wanted: stopped, with the proof, or running" },
    { "timeout", OPTION_DURATION, OPTION_FLAG, AT(timeout_ms), "DURATION", "5m",    100, HOUR, NULL, "Writing", "Bound on --wait" },
    { "yes",     OPTION_BOOL,     OPTION_FLAG, AT(yes),        NULL,       "false", 0,   0,    NULL, "Writing", "Do not ask; without it NAME needs a terminal to ask at" },
};
/* clang-format on */

static const struct option_table order_table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct order_options),
};

struct status_options {
    char *source_brokers;
};

/* clang-format off */
static const struct option_spec status_specs[] = {
    { "source-brokers", OPTION_ADDRESSES, OPTION_ANYWHERE, offsetof(struct status_options, source_brokers), "LIST", NULL, 0, 0, NULL, "Mirror", "Brokers of the cluster that is mirrored, to tell how far the mirror is behind; they are asked as those here are" },
};
/* clang-format on */

static const struct option_table status_table = {
    .specs = status_specs,
    .n_specs = ARRAY_SIZE(status_specs),
    .size = sizeof(struct status_options),
};

/* --- what is printed -------------------------------------------------------------------------- */

enum field {
    FIELD_CONNECTOR,
    FIELD_STATE,
    FIELD_REASON,
    FIELD_FOUND,
    FIELD_TODO,
    FIELD_SAYS,
    FIELD_TASKS,
    FIELD_RUNNING,
    FIELD_FAILED,
    FIELD_TROUBLE,
    FIELD_EXACTLY_ONCE,
    FIELD_NAMES,
    FIELD_HEADERS,
    FIELD_EFFECT,
    FIELD_WHY,
    N_FIELDS
};

/* clang-format off */
static const struct column fields[N_FIELDS] = {
    [FIELD_CONNECTOR]    = { "connector",      "CONNECTOR",       COLUMN_TEXT,  false, 0, 0 },
    [FIELD_STATE]        = { "state",          "STATE",           COLUMN_TEXT,  false, 0, 0 },
    [FIELD_REASON]       = { "reason",         "REASON",          COLUMN_TEXT,  false, 0, 0 },
    [FIELD_FOUND]        = { "found",          "FOUND",           COLUMN_TEXT,  false, 0, 0 },
    [FIELD_TODO]         = { "remedy",         "TO DO",           COLUMN_TEXT,  false, 0, 0 },
    [FIELD_SAYS]         = { "connectorState", "CONNECT SAYS",    COLUMN_TEXT,  false, 0, 0 },
    [FIELD_TASKS]        = { "tasks",          "TASKS",           COLUMN_COUNT, false, 0, 0 },
    [FIELD_RUNNING]      = { "tasksRunning",   "RUNNING",         COLUMN_COUNT, false, 0, 0 },
    [FIELD_FAILED]       = { "tasksFailed",    "FAILED",          COLUMN_COUNT, false, 0, 0 },
    [FIELD_TROUBLE]      = { "trouble",        "TROUBLE",         COLUMN_BYTES, false, 0, 0 },
    [FIELD_EXACTLY_ONCE] = { "exactlyOnce",    "EXACTLY ONCE",    COLUMN_BOOL,  false, 0, 0 },
    [FIELD_NAMES]        = { "keepsNames",     "KEEPS NAMES",     COLUMN_BOOL,  false, 0, 0 },
    [FIELD_HEADERS]      = { "keepsHeaders",   "KEEPS HEADERS",   COLUMN_BOOL,  false, 0, 0 },
    [FIELD_EFFECT]       = { "wouldDo",        "WOULD DO",        COLUMN_TEXT,  false, 0, 0 },
    [FIELD_WHY]          = { "because",        "BECAUSE",         COLUMN_TEXT,  false, 0, 0 },
};
/* clang-format on */

enum row { ROW_PARTITION, ROW_NEXT, ROW_SOURCE_END, ROW_BEHIND, ROW_END, N_ROW };

/* clang-format off */
static const struct column columns[N_ROW] = {
    [ROW_PARTITION]  = { "partition", "PARTITION",   COLUMN_COUNT, false, 0, 0 },
    [ROW_NEXT]       = { "next",      "SOURCE NEXT", COLUMN_COUNT, false, 0, 0 },
    [ROW_SOURCE_END] = { "sourceEnd", "SOURCE END",  COLUMN_COUNT, false, 0, 0 },
    [ROW_BEHIND]     = { "behind",    "BEHIND",      COLUMN_COUNT, false, 0, 0 },
    [ROW_END]        = { "end",       "END HERE",    COLUMN_COUNT, false, 0, 0 },
};
/* clang-format on */

static struct cell answer_cell(enum truth answer)
{
    return answer == TRUTH_UNKNOWN ? CELL_NONE : CELL_NUMBER(answer == TRUTH_YES);
}

static struct cell count_cell(int64_t n)
{
    return n == LOOK_UNKNOWN ? CELL_NONE : CELL_NUMBER(n);
}

static enum tone tone_of(enum mirror_state state)
{
    switch (state) {
    case MIRROR_STATE_RUNNING:
    case MIRROR_STATE_STOPPED:
        return TONE_GOOD;
    case MIRROR_STATE_FAILED:
    case MIRROR_STATE_UNKNOWN:
        return TONE_BAD;
    case MIRROR_STATE_PAUSED:
    case MIRROR_STATE_STARTING:
    case MIRROR_STATE_STOPPING:
    case MIRROR_STATE_COUNT:
        break;
    }
    return TONE_WARN;
}

static void fill_connector(const struct mirror_link *l, struct cell *cells)
{
    const struct mirror_look *look = &l->mirror.last;

    if (l->facts[MIRROR_FACT_ANSWERED] != TRUTH_YES || !look->exists)
        return;
    cells[FIELD_SAYS] = CELL_TEXT(connector_state_text(look->connector));
    cells[FIELD_TASKS] = count_cell(look->n_tasks);
    cells[FIELD_RUNNING] = count_cell(look->n_running);
    cells[FIELD_FAILED] = count_cell(look->n_failed);
    if (look->trouble[0] != '\0')
        cells[FIELD_TROUBLE] = CELL_TEXT(look->trouble);
    cells[FIELD_EXACTLY_ONCE] = answer_cell(look->exactly_once);
    cells[FIELD_NAMES] = answer_cell(l->config.keeps_names);
    cells[FIELD_HEADERS] = answer_cell(l->config.keeps_headers);
}

/* What is known of each partition at the source. */
struct source {
    int64_t *next, *end;
};

static struct source ask_source(struct mirror_link *l, const char *brokers)
{
    const size_t n = (size_t)l->log.n + 1;
    const struct source s = { mem_new(n, sizeof(*s.next)), mem_new(n, sizeof(*s.end)) };
    struct err err = { 0 };

    for (int32_t i = 0; i < l->log.n; i++)
        s.next[i] = s.end[i] = LOOK_UNKNOWN;
    if (mirror_link_has_offsets(l) && mirror_link_offsets(l, s.next, &err) != ERR_OK)
        call_complain(l->in, "the offsets of the connector: %s", err.msg);
    if (brokers && mirror_link_source_ends(l, brokers, s.end, &err) != ERR_OK)
        call_complain(l->in, "the source: %s", err.msg);
    return s;
}

static int64_t behind(int64_t next, int64_t end)
{
    if (next == LOOK_UNKNOWN || end == LOOK_UNKNOWN)
        return LOOK_UNKNOWN;
    return end > next ? end - next : 0;
}

static void print_partitions(const struct mirror_link *l, const struct source *source,
                             struct printer *p)
{
    const size_t n = (size_t)l->log.n;
    struct cell *cells = mem_new(n * N_ROW + 1, sizeof(*cells));

    for (size_t i = 0; i < n; i++) {
        struct cell *row = cells + i * N_ROW;

        row[ROW_PARTITION] = CELL_NUMBER((int64_t)i);
        row[ROW_NEXT] = count_cell(source->next[i]);
        row[ROW_SOURCE_END] = count_cell(source->end[i]);
        row[ROW_BEHIND] = count_cell(behind(source->next[i], source->end[i]));
        row[ROW_END] = CELL_NUMBER(l->log.extents[i].end);
    }
    printer_list(p, "partitions", columns, N_ROW, cells, n);
    free(cells);
}

/* `wish` is what `mirror_link_move()` is asked for; MIRROR_WISH_OBSERVED: what would be done is not
 * told. `brokers`: of the source; NULL: they are not asked. */
static enum exit_status print(struct mirror_link *l, enum mirror_wish wish, const char *brokers,
                              enum exit_status status)
{
    CLEANUP(printer_release) struct printer printer = { 0 };
    const struct source source = ask_source(l, brokers);
    struct cell cells[N_FIELDS] = {
        [FIELD_CONNECTOR] = CELL_TEXT(l->connector),
        [FIELD_STATE] = CELL_TEXT(mirror_state_text(mirror_reason_state(l->reason))),
        [FIELD_REASON] = CELL_TEXT(mirror_reason_code(l->reason)),
        [FIELD_FOUND] = CELL_TEXT(mirror_reason_text(l->reason)),
        [FIELD_TODO] = CELL_TEXT(mirror_reason_remedy(l->reason)),
    };
    const char *why = NULL;
    enum mirror_effect effect = mirror_link_move(l, wish, &why);

    cells[FIELD_STATE].tone = tone_of(mirror_reason_state(l->reason));
    fill_connector(l, cells);
    if (l->mirror.tried.outcome == LOOK_FAILED)
        cells[FIELD_TROUBLE] = CELL_TEXT(l->mirror.tried.why);
    cells[FIELD_EFFECT] = CELL_TEXT(mirror_effect_text(effect));
    cells[FIELD_WHY] = CELL_TEXT(why);
    if (l->log_why[0] != '\0')
        call_complain(l->in, "the log here: %s", l->log_why);
    call_print(l->in, &printer);
    printer_fields(&printer, fields,
                   wish == MIRROR_WISH_OBSERVED ? (size_t)FIELD_EFFECT : (size_t)N_FIELDS, cells);
    print_partitions(l, &source, &printer);
    free(source.next);
    free(source.end);
    return call_end(&printer, status);
}

static enum err_code refuse_absent(const struct mirror_link *l, struct err *err)
{
    if (l->facts[MIRROR_FACT_PRESENT] != TRUTH_NO)
        return ERR_OK;
    return err_set(err, ERR_NOT_FOUND,
                   "Connect has no connector %s; look at its name, and whether this is the "
                   "Connect that runs it",
                   l->connector);
}

/* What nobody can wait out. A name that is mistyped must not be called stopped. */
static enum err_code refuse(const struct mirror_link *l, struct err *err)
{
    if (!l->connect && !l->resource.cluster)
        return err_set(err, ERR_INVALID,
                       "nobody takes orders: give --kafka-connect or --mirror-maker");
    if (l->facts[MIRROR_FACT_DENIED] == TRUTH_YES)
        return err_set(err, ERR_DENIED, "%s", l->mirror.tried.why);
    if (l->facts[MIRROR_FACT_FOLLOWED] == TRUTH_NO)
        return strimzi_mirror_refuse(&l->resource.mirror, err);
    return l->resource.cluster ? ERR_OK : refuse_absent(l, err);
}

/* --- status ----------------------------------------------------------------------------------- */

static bool is_of_wal(const struct invocation *in)
{
    return in->n_words > 0;
}

static enum exit_status run_status(struct invocation *in)
{
    const struct status_options *o = invocation_values(in, &status_table);
    CLEANUP(mirror_link_release) struct mirror_link l = { 0 };
    struct err err = { 0 };
    enum mirror_state state;
    enum err_code rc;

    if (is_of_wal(in))
        return mirror_wal_status(in);
    rc = mirror_link_open(in, &l, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    mirror_link_look(&l);
    if (refuse(&l, &err) == ERR_NOT_FOUND)
        return call_failed(in, &err);
    state = mirror_reason_state(l.reason);
    return print(&l, MIRROR_WISH_OBSERVED, o->source_brokers,
                 state == MIRROR_STATE_UNKNOWN  ? EXIT_FAILED
                 : state == MIRROR_STATE_FAILED ? EXIT_DIFFERENT
                                                : EXIT_DONE);
}

/* --- stop and resume -------------------------------------------------------------------------- */

/* What comes and goes by itself takes nobody who sees to it. */
static bool needs_somebody(enum mirror_reason reason)
{
    return !mirror_reason_passes(reason) && remedy_is_needed(mirror_reason_remedy(reason));
}

static enum err_code say(const struct mirror_link *l, enum err_code rc, struct err *ret)
{
    const bool needs = needs_somebody(l->reason);

    return err_set(ret, rc, "%s: %s%s%s", mirror_state_text(mirror_reason_state(l->reason)),
                   mirror_reason_text(l->reason), needs ? "; to do: " : "",
                   needs ? mirror_reason_remedy(l->reason) : "");
}

static void tell(const struct mirror_link *l, struct err *told)
{
    struct err now = { 0 }, said = { 0 };

    say(l, ERR_UNAVAILABLE, &said);
    err_set(&now, ERR_UNAVAILABLE, "%s%s%s", said.msg, l->log_why[0] ? "; the log here: " : "",
            l->log_why);
    call_complain_anew(l->in, &now, told);
}

/* One look, and what follows from it. */
static enum err_code look(struct mirror_link *l, enum mirror_wish wish,
                          enum mirror_effect *ret_effect, struct err *err)
{
    enum err_code rc;
    const char *why;

    mirror_link_look(l);
    rc = refuse(l, err);
    if (rc == ERR_OK)
        *ret_effect = mirror_link_move(l, wish, &why);
    return rc;
}

/* Its resource gets the order first. A connector that is to run may be made yet by its operator. */
static enum err_code give_up(const struct mirror_link *l, enum mirror_wish wish,
                             enum mirror_effect effect, struct err *err)
{
    return wish == MIRROR_WISH_STOPPED && effect == MIRROR_EFFECT_WAIT ? refuse_absent(l, err)
                                                                       : ERR_OK;
}

static bool may_pass(enum err_code rc)
{
    return rc == ERR_OK || err_class(rc) == ERR_CLASS_RETRY;
}

static enum err_code await(struct mirror_link *l, enum mirror_wish wish, int64_t timeout_ms,
                           struct err *err)
{
    const int64_t end_ms = clock_monotonic_ms() + timeout_ms;
    struct err told = { 0 };

    for (;;) {
        enum mirror_effect effect = MIRROR_EFFECT_WAIT;
        enum err_code rc = look(l, wish, &effect, err);

        if (rc == ERR_OK)
            rc = mirror_link_do(l, effect, err);
        if (rc == ERR_OK)
            rc = give_up(l, wish, effect, err);
        if (!may_pass(rc) || (rc == ERR_OK && effect == MIRROR_EFFECT_NOTHING))
            return rc;
        if (rc != ERR_OK)
            call_complain(l->in, "%s", err->msg);
        else
            tell(l, &told);
        if (clock_monotonic_ms() >= end_ms)
            return say(l, ERR_TIMEOUT, err);
        poll(NULL, 0, STEP_MS);
    }
}

/* Gives the order, where there is one to give. */
static enum err_code order(struct mirror_link *l, enum mirror_wish wish, struct err *err)
{
    enum mirror_effect effect = MIRROR_EFFECT_WAIT;
    enum err_code rc = look(l, wish, &effect, err);

    if (rc == ERR_OK && l->facts[MIRROR_FACT_ANSWERED] != TRUTH_YES)
        return err_set(err, ERR_UNAVAILABLE, "%s", l->mirror.tried.why);
    if (rc == ERR_OK && effect != MIRROR_EFFECT_GUARD)
        rc = mirror_link_do(l, effect, err);
    if (rc == ERR_OK)
        mirror_link_look(l);
    return rc;
}

static enum exit_status run_wish(struct invocation *in, enum mirror_wish wish)
{
    const struct order_options *o = invocation_values(in, &order_table);
    CLEANUP(mirror_link_release) struct mirror_link l = { 0 };
    const struct mirror_wal_order order_of_wal = { wish, o->dry_run, o->wait, o->yes,
                                                   o->timeout_ms };
    struct err err = { 0 };
    enum err_code rc;

    if (is_of_wal(in))
        return mirror_wal_want(in, &order_of_wal);
    rc = mirror_link_open(in, &l, &err);
    if (rc == ERR_OK && o->dry_run)
        mirror_link_look(&l);
    else if (rc == ERR_OK && o->wait)
        rc = await(&l, wish, o->timeout_ms, &err);
    else if (rc == ERR_OK)
        rc = order(&l, wish, &err);
    if (rc != ERR_OK)
        return call_failed(in, &err);
    return print(&l, o->dry_run ? wish : MIRROR_WISH_OBSERVED, NULL, EXIT_DONE);
}

static enum exit_status run_stop(struct invocation *in)
{
    return run_wish(in, MIRROR_WISH_STOPPED);
}

static enum exit_status run_resume(struct invocation *in)
{
    return run_wish(in, MIRROR_WISH_RUNNING);
}

/* --- the verbs -------------------------------------------------------------------------------- */

static void refuse_flag(struct invocation *in, const char *name)
{
    if (option_set_source(&in->set, name) == SOURCE_FLAG)
        option_set_problem(&in->set,
                           "--%s has no meaning with NAME: its controller asks whom the RedisWal "
                           "names; leave one of the two out",
                           name);
}

static void refuse_flags(struct invocation *in, const struct option_table *table)
{
    for (size_t i = 0; invocation_has(in, table) && i < table->n_specs; i++)
        refuse_flag(in, table->specs[i].name);
}

static void check_of_wal(struct invocation *in)
{
    refuse_flags(in, &mirror_table);
    refuse_flags(in, &status_table);
    refuse_flags(in, &connection_table);
    refuse_flag(in, "rediswal");
}

/* Nobody but Connect judges a guard write. */
static void check_stop(struct invocation *in)
{
    const struct order_options *o = invocation_values(in, &order_table);
    const struct mirror_options *mirror = invocation_values(in, &mirror_table);

    if (is_of_wal(in)) {
        check_of_wal(in);
        return;
    }
    context_check_connection(in, CONNECTION_KAFKA);
    mirror_options_check(in);
    if (o->wait && !mirror->url)
        option_set_problem(&in->set, "--wait needs --kafka-connect: what a resource says proves "
                                     "nothing");
}

static void check(struct invocation *in)
{
    if (is_of_wal(in)) {
        check_of_wal(in);
        return;
    }
    context_check_connection(in, CONNECTION_KAFKA);
    mirror_options_check(in);
}

static const struct verb_word words[] = {
    { "NAME", "The RedisWal whose spec.mirror names it: then its controller is asked, and ordered",
      true, false, COMPLETE_WAL },
};

static const struct option_table *const status_tables[] = {
    &status_table,     &mirror_table,   &print_table, &context_table,
    &connection_table, &rediswal_table, NULL,
};
static const struct option_table *const order_tables[] = {
    &order_table,      &mirror_table,   &print_table, &context_table,
    &connection_table, &rediswal_table, NULL,
};

static const struct verb verb_mirror_status = {
    .name = "status",
    .summary = "Show what the mirror does, and how far each partition is mirrored",
    .help =
        "SOURCE NEXT is the offset at the source that is mirrored next, as the connector has "
        "stored it: by\n"
        "Connect's word, or with --offsets-topic from the topic where that is stored, for which "
        "Connect need not be\n"
        "asked;\n"
        "SOURCE END and BEHIND, in offsets, need --source-brokers; END HERE is where the log here "
        "ends. The\n"
        "connector stores its offsets once a minute, or with each transaction where it writes "
        "exactly once. One look cannot prove that a mirror has stopped: "
        "`mirror stop --wait`\n"
        "does, also of one that is stopped already. The exit status is 3 when it has failed, "
        "and 1 when\n"
        "what it does is not known.\n",
    .examples =
        "kubectl-redwal mirror status orders\n"
        "kubectl-redwal mirror status --kafka-connect http://connect.example:8083 --connector "
        "'dc->dr.MirrorSourceConnector'\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = status_tables,
    .check = check,
    .run = run_status,
};

static const struct verb verb_mirror_stop = {
    .name = "stop",
    .summary = "Stop the mirror, and with --wait prove that it has stopped",
    .help = "Without --wait Connect is only told to. With it, the verb ends when tasks are gone, "
            "the guard write\n"
            "was taken and the log here stood still (docs/mirror.md). A failed connector can be "
            "stopped, too,\n"
            "and one whose source is away. Offsets stay: `mirror resume` goes on from there.\n",
    .examples = "kubectl-redwal mirror stop orders --wait\n"
                "kubectl-redwal mirror stop --wait --timeout 15m --kafka-connect "
                "http://connect.example:8083 --connector 'dc->dr.MirrorSourceConnector'\n"
                "kubectl-redwal mirror stop -n kafka --mirror-maker dc-to-dr "
                "--source-alias dc\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = order_tables,
    .check = check_stop,
    .run = run_stop,
};

static const struct verb verb_mirror_resume = {
    .name = "resume",
    .summary = "Let the mirror go on, from where it was stopped",
    .help = "What the source has in addition is written into the log here. Do not resume where "
            "producers\n"
            "write to the log here now.\n",
    .examples = "kubectl-redwal mirror resume orders --wait\n"
                "kubectl-redwal mirror resume --wait --kafka-connect http://connect.example:8083 "
                "--connector 'dc->dr.MirrorSourceConnector'\n",
    .words = words,
    .n_words = ARRAY_SIZE(words),
    .tables = order_tables,
    .check = check,
    .run = run_resume,
};

static const struct verb *const verbs[] = {
    &verb_mirror_status,
    &verb_mirror_stop,
    &verb_mirror_resume,
    NULL,
};

const struct verb verb_mirror = {
    .name = "mirror",
    .summary = "The mirror that brings a site its log: look at it, stop it with a proof, resume it",
    .help = "A source connector of MirrorMaker 2, by the REST interface of the Kafka Connect that "
            "runs it. The brokers\n"
            "are those that it writes to, and --topic is the log there. Where Strimzi manages the "
            "connector, name its\n"
            "KafkaMirrorMaker2: orders are written there then, since the operator undoes what it "
            "is not told. To prove\n"
            "that it has stopped takes --kafka-connect all the same; what a resource says proves "
            "nothing.\n",
    .verbs = verbs,
};
