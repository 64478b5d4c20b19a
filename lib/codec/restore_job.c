#include "codec/restore_job.h"

#include <stdio.h>
#include <string.h>

#include "codec/restore_resource.h"
#include "codec/wal_applier_file.h"
#include "codec/wal_objects.h"

#define NAME    "kubectl-redwal"
#define SCRATCH "127.0.0.1:6379"
/* Where a kubelet looks for what a container has to say in the end. */
#define SUMMARY "/dev/termination-log"

/* A pod that a node sends away has told nothing. */
#define FAILURE_POLICY                                                                             \
    "{'rules':["                                                                                   \
    "{'action':'Ignore','onPodConditions':[{'type':'DisruptionTarget','status':'True'}]},"         \
    "{'action':'FailJob','onExitCodes':{'containerName':'%s','operator':'In','values':[%s]}}]}"

enum { POLICY_MAX = sizeof(FAILURE_POLICY) + 64 };

#define SCRATCH_COMMAND                                                                            \
    "['redis-server','--bind','127.0.0.1','--port','6379','--save','','--appendonly','no']"
/* Before it answers, nobody is to fold into it. */
#define SCRATCH_PROBE                                                                              \
    "{'exec':{'command':['redis-cli','-h','127.0.0.1','ping']},'periodSeconds':1,"                 \
    "'failureThreshold':60}"

const struct kube_resource restore_job_resource = { { "batch", 5 }, { "v1", 2 }, { "jobs", 4 } };

void restore_job_name(const char *verb, const char *uid, int64_t run,
                      char ret[RESTORE_JOB_NAME_MAX + 1])
{
    snprintf(ret, RESTORE_JOB_NAME_MAX + 1, "restore-%s-%.36s-%llx", verb, uid,
             (unsigned long long)run);
}

bool restore_job_is_of(struct str name, const char *uid)
{
    char part[RESTORE_JOB_NAME_MAX + 1];

    snprintf(part, sizeof(part), "-%.36s-", uid);
    return str_contains(name, str_from(part));
}

/* Not those of appliers, whose pods are counted by them. */
static void add_labels(struct wal_writing *w, yyjson_mut_val *metadata,
                       const struct restore_job *job)
{
    yyjson_mut_val *labels = yyjson_mut_obj_add_obj(w->doc, metadata, "labels");

    yyjson_mut_obj_add_str(w->doc, labels, "app.kubernetes.io/name", NAME);
    yyjson_mut_obj_add_str(w->doc, labels, WAL_LABEL, w->wal->name);
    yyjson_mut_obj_add_str(w->doc, labels, RESTORE_JOB_LABEL, job->restore);
    yyjson_mut_obj_add_str(w->doc, labels, "app.kubernetes.io/managed-by", WAL_MANAGER);
    yyjson_mut_obj_add_str(w->doc, labels, "app.kubernetes.io/instance", w->wal->name);
}

static void add_metadata(struct wal_writing *w, const struct restore_job *job)
{
    yyjson_mut_val *metadata = yyjson_mut_obj_add_obj(w->doc, w->root, "metadata");
    char name[RESTORE_JOB_NAME_MAX + 1];
    yyjson_mut_val *owner;

    restore_job_name(job->verb, job->uid, job->run, name);
    yyjson_mut_obj_add_str(w->doc, metadata, "namespace", w->wal->scope);
    yyjson_mut_obj_add_strcpy(w->doc, metadata, "name", name);
    add_labels(w, metadata, job);
    owner =
        yyjson_mut_arr_add_obj(w->doc, yyjson_mut_obj_add_arr(w->doc, metadata, "ownerReferences"));
    yyjson_mut_obj_add_str(w->doc, owner, "apiVersion", WAL_API_GROUP "/" WAL_API_VERSION);
    yyjson_mut_obj_add_str(w->doc, owner, "kind", RESTORE_KIND);
    yyjson_mut_obj_add_str(w->doc, owner, "name", job->restore);
    yyjson_mut_obj_add_str(w->doc, owner, "uid", job->uid);
    yyjson_mut_obj_add_bool(w->doc, owner, "controller", true);
    yyjson_mut_obj_add_bool(w->doc, owner, "blockOwnerDeletion", true);
}

/* It ends by itself once the other container has. */
static void add_scratch(struct wal_writing *w, yyjson_mut_val *pod, const struct restore_job *job)
{
    yyjson_mut_val *container =
        yyjson_mut_arr_add_obj(w->doc, yyjson_mut_obj_add_arr(w->doc, pod, "initContainers"));

    yyjson_mut_obj_add_str(w->doc, container, "name", "scratch");
    yyjson_mut_obj_add_str(w->doc, container, "image", job->redis_image);
    yyjson_mut_obj_add_str(w->doc, container, "restartPolicy", "Always");
    wal_write_fixed(w, container, "command", SCRATCH_COMMAND);
    wal_write_fixed(w, container, "startupProbe", SCRATCH_PROBE);
    wal_write_fixed(w, container, "securityContext", WAL_CONTAINER_SECURITY);
}

/* A kubelet replaces $(NAME), and makes one $ of two. */
static void add_argument(struct wal_writing *w, yyjson_mut_val *arguments, const char *text)
{
    CLEANUP(buf_release) struct buf escaped = { 0 };

    buf_init(&escaped, 2 * strlen(text) + 1);
    for (; *text; text++)
        buf_print(&escaped, *text == '$' ? "$$" : "%c", *text);
    yyjson_mut_arr_add_strncpy(w->doc, arguments, escaped.n > 0 ? escaped.p : "", escaped.n);
}

static void add_arguments(struct wal_writing *w, yyjson_mut_val *container,
                          const struct restore_job *job)
{
    static const char *const common[] = { "--config",  WAL_OPTIONS_DIR "/" WAL_OPTIONS_FILE,
                                          "--scratch", SCRATCH,
                                          "--summary", SUMMARY };
    yyjson_mut_val *arguments = yyjson_mut_obj_add_arr(w->doc, container, "args");

    yyjson_mut_arr_add_str(w->doc, arguments, job->verb);
    for (size_t i = 0; i < ARRAY_SIZE(common); i++)
        yyjson_mut_arr_add_str(w->doc, arguments, common[i]);
    for (size_t i = 0; job->arguments[i]; i++)
        add_argument(w, arguments, job->arguments[i]);
}

static void add_verb(struct wal_writing *w, yyjson_mut_val *pod, const struct restore_job *job)
{
    static const char *const pull_policies[] = { WAL_PULL_CHOICES };
    yyjson_mut_val *container =
        yyjson_mut_arr_add_obj(w->doc, yyjson_mut_obj_add_arr(w->doc, pod, "containers"));

    yyjson_mut_obj_add_str(w->doc, container, "name", job->verb);
    yyjson_mut_obj_add_str(w->doc, container, "image", job->image);
    yyjson_mut_obj_add_str(w->doc, container, "imagePullPolicy",
                           pull_policies[w->wal->spec.pull_policy]);
    add_arguments(w, container, job);
    yyjson_mut_obj_add_str(w->doc, container, "terminationMessagePolicy", "FallbackToLogsOnError");
    wal_write_fixed(w, container, "securityContext", WAL_CONTAINER_SECURITY);
    wal_write_volumes(w, pod, container);
}

static void add_spec(struct wal_writing *w, const struct restore_job *job)
{
    yyjson_mut_val *spec = yyjson_mut_obj_add_obj(w->doc, w->root, "spec");
    yyjson_mut_val *template, *pod;
    char policy[POLICY_MAX];

    snprintf(policy, sizeof(policy), FAILURE_POLICY, job->verb, job->final);
    yyjson_mut_obj_add_int(w->doc, spec, "backoffLimit", RESTORE_JOB_TRIES_MAX - 1);
    yyjson_mut_obj_add_int(w->doc, spec, "activeDeadlineSeconds", job->lasts_max_s);
    wal_write_fixed(w, spec, "podFailurePolicy", policy);
    template = yyjson_mut_obj_add_obj(w->doc, spec, "template");
    add_labels(w, yyjson_mut_obj_add_obj(w->doc, template, "metadata"), job);
    pod = yyjson_mut_obj_add_obj(w->doc, template, "spec");
    yyjson_mut_obj_add_str(w->doc, pod, "restartPolicy", "Never");
    wal_write_place(w, pod);
    add_scratch(w, pod, job);
    add_verb(w, pod, job);
}

bool restore_job_write(const struct restore_job *job, const struct wal_resource *wal,
                       struct wal_options options, const struct wal_surroundings *around,
                       struct buf *out)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    struct wal_writing w = { doc, yyjson_mut_obj(doc), wal, options, around, "", true };

    yyjson_mut_doc_set_root(doc, w.root);
    wal_child_name(wal, w.of_wal);
    yyjson_mut_obj_add_str(doc, w.root, "apiVersion", "batch/v1");
    yyjson_mut_obj_add_str(doc, w.root, "kind", "Job");
    add_metadata(&w, job);
    add_spec(&w, job);
    return w.fits && kube_yyjson_write(doc, out);
}
