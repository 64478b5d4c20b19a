#include "codec/restore_job_state.h"

#include <stdio.h>
#include <string.h>

#include "base/civil_time.h"
#include "codec/kube_yyjson.h"

#define POD_JOB_LABEL "batch.kubernetes.io/job-name"

/* As cli/exit_status.h has it: a contract. */
#define EXIT_DIFFERENT_TEXT "exit code 3 "
enum { WHOSE_MAX = 127 }; /* a pod's name and a reason, both short */
enum { EXIT_EQUAL = 0, EXIT_DIFFERENT = 3, EXIT_INCOMPLETE = 5 };

const struct kube_field restore_job_fields[RESTORE_JOB_FIELDS] = {
    { "metadata", "creationTimestamp" },
    { "status", "conditions" },
};

const struct kube_field restore_job_pod_fields[RESTORE_JOB_POD_FIELDS] = {
    { "metadata", "labels" },
    { "status", "conditions" },
    { "status", "initContainerStatuses" },
    { "status", "containerStatuses" },
};

void restore_job_state_init(struct restore_job_state *s)
{
    *s = (struct restore_job_state){ .began_ms = LOOK_UNKNOWN,
                                     .ended_ms = LOOK_UNKNOWN,
                                     .compared = LOOK_UNKNOWN,
                                     .different = LOOK_UNKNOWN,
                                     .left = LOOK_UNKNOWN,
                                     .last_left = LOOK_UNKNOWN,
                                     .repaired = LOOK_UNKNOWN };
    for (enum repair_outcome i = 0; i < REPAIR_OUTCOME_COUNT; i++)
        s->outcomes[i] = LOOK_UNKNOWN;
}

/* --- the Job ---------------------------------------------------------------------------------- */

static void add_why(struct restore_job_state *s, struct str reason, struct str message)
{
    const size_t n = strlen(s->why);

    snprintf(s->why + n, sizeof(s->why) - n, "%s%.*s%s%.*s", n > 0 ? "; " : "", STR_ARGS(reason),
             message.n > 0 ? ": " : "", STR_ARGS(message));
    s->why[str_whole(str_from(s->why)).n] = '\0';
}

static bool has_policy(struct str reason)
{
    return str_eq(reason, STR_LITERAL("PodFailurePolicy"));
}

/* "... failed with exit code 3 matching ...", which is all that a Job says of it. */
static bool has_differed(struct str reason, struct str message)
{
    return has_policy(reason) && str_contains(message, STR_LITERAL(EXIT_DIFFERENT_TEXT));
}

static int64_t time_of(yyjson_val *object, const char *key)
{
    int64_t at_ms;

    return civil_time_parse(kube_yyjson_str(object, key), &at_ms) ? at_ms : LOOK_UNKNOWN;
}

static void take_condition(yyjson_val *condition, struct restore_job_state *s)
{
    const struct str type = kube_yyjson_str(condition, "type");
    const struct str reason = kube_yyjson_str(condition, "reason");
    const struct str message = str_whole(kube_yyjson_str(condition, "message"));
    const bool complete = str_eq(type, STR_LITERAL("Complete"));

    if (!str_eq(kube_yyjson_str(condition, "status"), STR_LITERAL("True")) ||
        (!complete && !str_eq(type, STR_LITERAL("Failed"))))
        return;
    s->phase = RESTORE_JOB_ENDED;
    s->is_complete = complete;
    s->ended_ms = time_of(condition, "lastTransitionTime");
    s->good = complete ? TRUTH_YES : has_differed(reason, message) ? TRUTH_NO : TRUTH_UNKNOWN;
    /* That message names a pod and a rule; what the container said tells more. */
    if (s->good == TRUTH_UNKNOWN)
        add_why(s, reason, has_policy(reason) ? (struct str){ 0 } : message);
}

void restore_job_read(struct str json, struct restore_job_state *s)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(json, NULL);
    yyjson_val *root = yyjson_doc_get_root(doc), *status = yyjson_obj_get(root, "status");
    yyjson_arr_iter each = yyjson_arr_iter_with(yyjson_obj_get(status, "conditions"));
    yyjson_val *condition;

    restore_job_state_init(s);
    s->phase = RESTORE_JOB_RUNNING;
    s->began_ms = time_of(yyjson_obj_get(root, "metadata"), "creationTimestamp");
    while ((condition = yyjson_arr_iter_next(&each)))
        take_condition(condition, s);
    s->n_why = strlen(s->why);
}

/* --- its pods --------------------------------------------------------------------------------- */

static struct str last_line(struct str text)
{
    size_t i;

    while (text.n > 0 && text.p[text.n - 1] == '\n')
        text.n--;
    for (i = text.n; i > 0 && text.p[i - 1] != '\n'; i--)
        ;
    return (struct str){ text.p + i, text.n - i };
}

struct summary {
    yyjson_doc *doc; /* owned */
    bool is_there;
    struct str error; /* why it ended before it had done all; "": it did not */
    int64_t compared, different, repaired, outcomes[REPAIR_OUTCOME_COUNT];
};

static void summary_release(struct summary *s)
{
    yyjson_doc_free(s->doc);
}

static void read_summary(struct str text, struct summary *ret)
{
    yyjson_doc *doc = kube_yyjson_read(text, NULL);
    yyjson_val *root = yyjson_doc_get_root(doc);

    *ret = (struct summary){ .doc = doc,
                             .is_there = yyjson_is_obj(root),
                             .error = kube_yyjson_str(root, "error"),
                             .compared = kube_yyjson_int(root, "compared", LOOK_UNKNOWN),
                             .different = kube_yyjson_int(root, "different", LOOK_UNKNOWN),
                             .repaired = kube_yyjson_int(root, "repaired", LOOK_UNKNOWN) };
    for (enum repair_outcome i = REPAIR_NONE + 1; i < REPAIR_OUTCOME_COUNT; i++)
        ret->outcomes[i] = kube_yyjson_int(root, repair_code(i), LOOK_UNKNOWN);
}

static void add_to(int64_t *sum, int64_t n)
{
    if (n != LOOK_UNKNOWN)
        *sum = n + (*sum == LOOK_UNKNOWN ? 0 : *sum);
}

static void add_done(const struct summary *summary, struct restore_job_state *s)
{
    add_to(&s->repaired, summary->repaired);
    for (enum repair_outcome i = REPAIR_NONE + 1; i < REPAIR_OUTCOME_COUNT; i++)
        if (repair_is_done(i))
            add_to(&s->outcomes[i], summary->outcomes[i]);
}

/* Each try that looks tells of the records of all; the last one may not have been able to. */
static void take_in_vain(const struct summary *summary, int64_t at_ms, struct restore_job_state *s)
{
    for (enum repair_outcome i = REPAIR_NONE + 1; i < REPAIR_OUTCOME_COUNT; i++) {
        if (!repair_is_in_vain(i) || summary->outcomes[i] == LOOK_UNKNOWN ||
            (s->outcomes[i] != LOOK_UNKNOWN && at_ms <= s->in_vain_ms[i]))
            continue;
        s->outcomes[i] = summary->outcomes[i];
        s->in_vain_ms[i] = at_ms;
    }
}

static int64_t n_in_vain(const int64_t *outcomes)
{
    int64_t n = 0;

    for (enum repair_outcome i = REPAIR_NONE + 1; i < REPAIR_OUTCOME_COUNT; i++)
        if (repair_is_in_vain(i))
            add_to(&n, outcomes[i]);
    return n;
}

static void take_summary(const struct summary *summary, struct restore_job_state *s)
{
    s->compared = summary->compared;
    s->different = summary->different;
    if (summary->repaired != LOOK_UNKNOWN)
        s->last_left = summary->different - summary->repaired - n_in_vain(summary->outcomes);
}

static void take_others(const struct summary *summary, struct restore_job_state *s)
{
    for (enum repair_outcome i = REPAIR_NONE + 1; i < REPAIR_OUTCOME_COUNT; i++)
        if (!repair_is_done(i) && !repair_is_in_vain(i))
            s->outcomes[i] = summary->outcomes[i];
}

/* A last try that does not know of them ends well. */
static void count_in_vain(struct restore_job_state *s)
{
    const int64_t n = n_in_vain(s->outcomes);

    s->left = s->last_left == LOOK_UNKNOWN ? LOOK_UNKNOWN : s->last_left + n;
    if (s->is_complete)
        s->good = n > 0 ? TRUTH_NO : TRUTH_YES;
}

static void take_last(yyjson_val *ended, const struct summary *summary, struct restore_job_state *s)
{
    const struct str message = kube_yyjson_str(ended, "message");
    const int64_t status = kube_yyjson_int(ended, "exitCode", LOOK_UNKNOWN);
    /* What it counted until it failed says nothing of the rest. */
    const bool is_whole =
        status == EXIT_EQUAL || status == EXIT_DIFFERENT || status == EXIT_INCOMPLETE;

    s->compared = s->different = s->last_left = LOOK_UNKNOWN;
    if (is_whole)
        take_summary(summary, s);
    take_others(summary, s);
    s->why[s->n_why] = '\0';
    if (s->phase == RESTORE_JOB_ENDED && s->n_why > 0)
        s->good = status == EXIT_DIFFERENT ? TRUTH_NO : TRUTH_UNKNOWN;
    if (s->good != TRUTH_UNKNOWN)
        return;
    if (!is_whole)
        add_why(s, kube_yyjson_str(ended, "reason"),
                summary->is_there ? summary->error : last_line(message));
    else if (status == EXIT_INCOMPLETE)
        add_why(s, STR_LITERAL("not all that was asked for could be compared"), (struct str){ 0 });
}

/* What it has to say was written for us, or is the end of its log. The last try counts. */
static void take_end(yyjson_val *ended, struct restore_job_state *s)
{
    const int64_t at_ms = time_of(ended, "finishedAt");
    CLEANUP(summary_release) struct summary summary = { 0 };

    read_summary(kube_yyjson_str(ended, "message"), &summary);
    add_done(&summary, s);
    take_in_vain(&summary, at_ms, s);
    if (!s->is_told || at_ms > s->told_ms) {
        s->is_told = true;
        s->told_ms = at_ms;
        take_last(ended, &summary, s);
    }
    count_in_vain(s);
}

/* "pod a: Unschedulable: 0/1 nodes are available" */
static void add_waiting(struct restore_job_state *s, struct str pod, yyjson_val *why)
{
    char text[WHOSE_MAX + 1];

    snprintf(text, sizeof(text), "pod %.*s: %.*s", STR_ARGS(pod),
             STR_ARGS(kube_yyjson_str(why, "reason")));
    add_why(s, str_from(text), last_line(kube_yyjson_str(why, "message")));
}

static bool is_beginning(struct str reason)
{
    return reason.n == 0 || str_eq(reason, STR_LITERAL("PodInitializing")) ||
           str_eq(reason, STR_LITERAL("ContainerCreating"));
}

static void take_containers(yyjson_val *list, struct str pod, struct str verb,
                            struct restore_job_state *s)
{
    yyjson_arr_iter each = yyjson_arr_iter_with(list);
    yyjson_val *c;

    while ((c = yyjson_arr_iter_next(&each)) != NULL) {
        yyjson_val *state = yyjson_obj_get(c, "state");
        yyjson_val *waiting = yyjson_obj_get(state, "waiting");
        yyjson_val *ended = yyjson_obj_get(state, "terminated");

        if (ended && str_eq(kube_yyjson_str(c, "name"), verb))
            take_end(ended, s);
        if (!is_beginning(kube_yyjson_str(waiting, "reason")))
            add_waiting(s, pod, waiting);
    }
}

static void take_conditions(yyjson_val *list, struct str pod, struct restore_job_state *s)
{
    yyjson_arr_iter each = yyjson_arr_iter_with(list);
    yyjson_val *c;

    while ((c = yyjson_arr_iter_next(&each)) != NULL)
        if (yyjson_equals_str(yyjson_obj_get(c, "type"), "PodScheduled") &&
            yyjson_equals_str(yyjson_obj_get(c, "status"), "False"))
            add_waiting(s, pod, c);
}

void restore_job_read_pod(struct str json, const char *job, const char *verb,
                          struct restore_job_state *s)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = NULL;
    yyjson_val *root, *meta, *status;
    struct str name;

    if (!str_contains(json, str_from(job)))
        return;
    doc = kube_yyjson_read(json, NULL);
    root = yyjson_doc_get_root(doc);
    meta = yyjson_obj_get(root, "metadata");
    name = kube_yyjson_str(meta, "name");
    if (!str_eq(kube_yyjson_str(yyjson_obj_get(meta, "labels"), POD_JOB_LABEL), str_from(job)))
        return;
    status = yyjson_obj_get(root, "status");
    take_conditions(yyjson_obj_get(status, "conditions"), name, s);
    take_containers(yyjson_obj_get(status, "initContainerStatuses"), name, str_from(verb), s);
    take_containers(yyjson_obj_get(status, "containerStatuses"), name, str_from(verb), s);
}
