#include "core/cluster_diagnosis.h"

#include <inttypes.h>

#include "core/diagnosis_judges.h"

typedef enum health_verdict judge_fn(const struct cluster_facts *f, char *ret);

enum { MS_A_SECOND = 1000 };

/* --- judges ----------------------------------------------------------------------------------- */

static enum health_verdict judge_served(const struct cluster_facts *f, char *ret)
{
    if (f->served == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "what the cluster serves");
    if (f->served == 0)
        return diagnosis_say(ret, VERDICT_FAIL, "redwal.dev/v1alpha1 is not served");
    return diagnosis_say(ret, VERDICT_OK, "redwal.dev/v1alpha1");
}

static enum health_verdict judge_controller(const struct cluster_facts *f, char *ret)
{
    if (f->has_lease == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the controller's lease");
    if (f->has_lease == 0)
        return diagnosis_say(ret, VERDICT_FAIL, "there is no lease: no controller ever ran");
    if (f->holder[0] == '\0')
        return diagnosis_say(ret, VERDICT_FAIL, "nobody holds the lease");
    if (f->lease_age_ms == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "when the lease was renewed");
    return diagnosis_say(ret, f->lease_age_ms <= f->lease_duration_ms ? VERDICT_OK : VERDICT_FAIL,
                         "%s renewed the lease %" PRId64 " s ago; it lasts %" PRId64 " s",
                         f->holder, f->lease_age_ms / MS_A_SECOND,
                         f->lease_duration_ms / MS_A_SECOND);
}

static enum health_verdict judge_accepted(const struct cluster_facts *f, char *ret)
{
    if (f->exists == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the RedisWal");
    if (f->exists == 0)
        return diagnosis_say(ret, VERDICT_FAIL, "there is none of that name");
    if (f->accepted == 0)
        return diagnosis_say(ret, VERDICT_FAIL, "%s", f->why);
    return diagnosis_say(ret, VERDICT_OK, "it can be followed");
}

static enum health_verdict judge_observed(const struct cluster_facts *f, char *ret)
{
    if (f->generation == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the RedisWal");
    if (f->observed_generation <= 0)
        return diagnosis_say(ret, VERDICT_FAIL, "no controller has said anything of it");
    return diagnosis_say(ret, f->observed_generation == f->generation ? VERDICT_OK : VERDICT_WARN,
                         "its generation %" PRId64 " of %" PRId64, f->observed_generation,
                         f->generation);
}

static enum health_verdict judge_failover(const struct cluster_facts *f, char *ret)
{
    if (f->has_failover == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "the RedisFailover");
    return diagnosis_say(ret, f->has_failover ? VERDICT_OK : VERDICT_FAIL,
                         f->has_failover ? "%s" : "%s is not there", f->failover);
}

static enum health_verdict judge_secrets(const struct cluster_facts *f, char *ret)
{
    return diagnosis_none(&f->secrets, "the Secrets", "none is missing", ret);
}

static enum health_verdict judge_objects(const struct cluster_facts *f, char *ret)
{
    return diagnosis_none(&f->objects, "its objects", "none is missing", ret);
}

static enum health_verdict judge_owned(const struct cluster_facts *f, char *ret)
{
    if (f->foreign.n == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "its objects");
    if (f->foreign.n > 0)
        return diagnosis_say(ret, VERDICT_FAIL, "not ours: %s", f->foreign.text);
    return diagnosis_say(ret, VERDICT_OK, "all are its own");
}

static enum health_verdict judge_ready(const struct cluster_facts *f, char *ret)
{
    if (f->n_wanted == DIAGNOSIS_UNKNOWN || f->n_ready == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "its pods");
    if (f->n_wanted == 0)
        return diagnosis_say(ret, VERDICT_WARN, "none is wanted: it is paused, or has no replicas");
    return diagnosis_say(ret,
                         f->n_ready >= f->n_wanted ? VERDICT_OK
                         : f->n_ready > 0          ? VERDICT_WARN
                                                   : VERDICT_FAIL,
                         "%" PRId64 " of %" PRId64 " are", f->n_ready, f->n_wanted);
}

static enum health_verdict judge_running(const struct cluster_facts *f, char *ret)
{
    if (f->stuck.n == DIAGNOSIS_UNKNOWN)
        return diagnosis_unknown(ret, "its pods");
    if (f->stuck.n == 0)
        return diagnosis_say(ret, VERDICT_OK, "%" PRId64 " pods", f->n_pods);
    return diagnosis_say(ret, VERDICT_FAIL, "%s", f->stuck.text);
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct {
    const char *code, *text, *remedy;
    judge_fn *judge;
} rows[CLUSTER_DIAGNOSIS_COUNT] = {
#define ROW(name, judge, code, what, remedy)                                                       \
    [CLUSTER_DIAGNOSIS_##name] = { code, what, remedy, judge_##judge },
    CLUSTER_DIAGNOSES(ROW)
#undef ROW
};

static const struct {
    const char *reason, *remedy;
} troubles[] = {
#define ROW(reason, remedy) { reason, remedy },
    POD_TROUBLES(ROW)
#undef ROW
};

const char *pod_trouble_remedy(struct str reason)
{
    for (size_t i = 0; i < ARRAY_SIZE(troubles); i++)
        if (str_eq(reason, str_from(troubles[i].reason)))
            return troubles[i].remedy;
    return NULL;
}

bool pod_reason_is_passing(struct str reason)
{
    return reason.n == 0 || str_eq(reason, STR_LITERAL("ContainerCreating")) ||
           str_eq(reason, STR_LITERAL("PodInitializing"));
}

void cluster_facts_init(struct cluster_facts *f)
{
#define NOBODY_KNOWS(name) f->name = DIAGNOSIS_UNKNOWN;
    *f = (struct cluster_facts){ .holder = "" };
    CLUSTER_NUMBERS(NOBODY_KNOWS)
#undef NOBODY_KNOWS
    f->secrets.n = f->objects.n = f->foreign.n = f->stuck.n = DIAGNOSIS_UNKNOWN;
}

bool cluster_diagnosis_applies(enum cluster_diagnosis d, const struct cluster_facts *f)
{
    return d != CLUSTER_DIAGNOSIS_FAILOVER || f->names_failover != 0;
}

enum health_verdict cluster_diagnose(enum cluster_diagnosis d, const struct cluster_facts *f,
                                     char *ret_detail, const char **ret_remedy)
{
    const char *words = NULL;

    PRE(d < CLUSTER_DIAGNOSIS_COUNT);
    if (d == CLUSTER_DIAGNOSIS_RUNNING)
        words = pod_trouble_remedy(str_from(f->trouble));
    *ret_remedy = words ? words : rows[d].remedy;
    return rows[d].judge(f, ret_detail);
}

const char *cluster_diagnosis_code(enum cluster_diagnosis d)
{
    PRE(d < CLUSTER_DIAGNOSIS_COUNT);
    return rows[d].code;
}

const char *cluster_diagnosis_text(enum cluster_diagnosis d)
{
    PRE(d < CLUSTER_DIAGNOSIS_COUNT);
    return rows[d].text;
}

const char *cluster_diagnosis_remedy(enum cluster_diagnosis d)
{
    PRE(d < CLUSTER_DIAGNOSIS_COUNT);
    return rows[d].remedy;
}
