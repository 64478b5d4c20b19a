/* `doctor`: what deployments get wrong. The checks are lib/core/diagnosis.h. */
#include "call.h"
#include "cli/context.h"
#include "doctor.h"
#include "mirror_options.h"
#include "rediswal.h"
#include "tree.h"

struct doctor_options {
    char *controller_scope;
};

/* clang-format off */
static const struct option_spec specs[] = {
    { "controller-namespace", OPTION_NAME, OPTION_FLAG, offsetof(struct doctor_options, controller_scope), "NAME", "redwal-system", 1, 63, NULL, "Cluster", "Where the controller's lease is, with --rediswal" },
};
/* clang-format on */

static const struct option_table table = {
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .size = sizeof(struct doctor_options),
};

/* What could not be asked stays unknown; why goes to standard error. */
bool doctor_asked(struct doctor *d, enum err_code rc, const struct err *err)
{
    if (rc != ERR_OK)
        call_complain(d->in, "%s", err->msg);
    d->unreachable = d->unreachable || err_class(rc) == ERR_CLASS_RETRY;
    return rc == ERR_OK;
}

static void doctor_release(struct doctor *d)
{
    log_survey_release(&d->survey);
}

static void ask_log_and_redis(struct doctor *d)
{
    d->facts.wal = link_options(d->in)->wal;
    doctor_ask_kafka(d);
    doctor_ask_redis(d);
    doctor_ask_sentinels(d);
    doctor_ask_mirror(d);
    doctor_rows_add_checks(&d->rows, &d->facts);
    if (d->unreachable)
        rediswal_explain(d->in, ERR_UNAVAILABLE);
}

static enum exit_status run(struct invocation *in)
{
    const struct doctor_options *o = invocation_values(in, &table);
    CLEANUP(doctor_release)
    struct doctor d = { .in = in, .controller_scope = o->controller_scope };
    enum exit_status status;

    diagnosis_facts_init(&d.facts);
    doctor_ask_cluster(&d);
    d.unreachable = false;
    if (!in->lacks)
        ask_log_and_redis(&d);
    status = doctor_rows_report(&d.rows, in);
    return in->lacks && status == EXIT_DONE ? EXIT_INCOMPLETE : status;
}

static void check(struct invocation *in)
{
    context_check_connection(in, CONNECTION_KAFKA | CONNECTION_REDIS);
    if (mirror_options_name_one(in))
        mirror_options_check(in);
}

static const struct option_table *const tables[] = {
    &table, &mirror_table, &context_table, &print_table, &connection_table, &rediswal_table, NULL,
};

const struct verb verb_doctor = {
    .name = "doctor",
    .summary = "Look for what deployments get wrong in Kafka, Redis and the cluster",
    .help =
        "Asks only, and changes nothing. docs/doctor.md lists the checks. What could not be "
        "asked,\n"
        "for want of permission perhaps, is UNKNOWN, and standard error says why. The exit status\n"
        "is 3 when a check fails, and 5 when none does but some are unknown; WARN alone is 0.\n\n"
        "Give it the applier's own options: what our users may do is tried as these users, by\n"
        "asking the brokers, and in Redis by queueing each command in a transaction that is "
        "thrown\n"
        "away. The other checks need more than the applier does: DescribeConfigs on both topics\n"
        "and on the cluster, Read on the dead-letter topic, in Redis CONFIG GET, and at Sentinels\n"
        "SENTINEL MASTER and CKQUORUM; without them those checks are unknown.\n\n"
        "The mirror that brings the log here is looked at where its Connect is named, or its\n"
        "KafkaMirrorMaker2.\n\n"
        "With --rediswal it looks at the cluster first: the definition, the controller, the "
        "RedisWal, its\n"
        "RedisFailover, Secrets, objects and pods, and the conditions that the controller told; "
        "of Kafka\n"
        "also whether its user may write the marks that the RedisWal wants. That takes\n"
        "the ClusterRole redwal-connect, `view`, and to get the Lease of the controller; what may "
        "not be\n"
        "read is UNKNOWN.\n",
    .examples = "kubectl-redwal doctor\n"
                "kubectl-redwal doctor --rediswal orders -n prod\n"
                "kubectl-redwal doctor -o json | jq '.checks[] | select(.verdict != \"OK\")'\n",
    .tables = tables,
    .check = check,
    .run = run,
    .runs_without = true,
};
