#include "codec/connect_json.h"

#include <stdio.h>
#include <string.h>

#include "codec/kube_yyjson.h"

#define EXACTLY_ONCE "exactly.once.support"
#define POLICY       "replication.policy.class"
#define HEADERS      "header.converter"
#define IDENTITY     "org.apache.kafka.connect.mirror.IdentityReplicationPolicy"
#define BYTE_ARRAYS  "org.apache.kafka.connect.converters.ByteArrayConverter"

enum {
    HTTP_OK = 200,
    HTTP_MULTIPLE_CHOICES = 300,
    HTTP_BAD_REQUEST = 400,
    HTTP_UNAUTHORIZED = 401,
    HTTP_FORBIDDEN = 403,
    HTTP_NOT_FOUND = 404,
    HTTP_CONFLICT = 409,
    SHOWN_MAX = 200, /* bytes of what Connect says */
};

static yyjson_doc *read_object(struct str body, const char *what, struct err *err)
{
    CLEANUP(kube_yyjson_free)
    yyjson_doc *doc = body.n <= CONNECT_ANSWER_MAX_BYTES ? kube_yyjson_read(body, NULL) : NULL;
    yyjson_doc *taken = doc;

    if (!doc || !yyjson_is_obj(yyjson_doc_get_root(doc))) {
        err_set(err, ERR_CORRUPT, "Connect's answer is no %s", what);
        return NULL;
    }
    doc = NULL;
    return taken;
}

/* --- refusals --------------------------------------------------------------------------------- */

/* `is_connect`: it is about a connector. What is about the path, "HTTP 404 Not Found", Connect's
 * server says in the same form. */
static enum err_code refusal(long status, bool is_connect)
{
    switch (status) {
    case HTTP_UNAUTHORIZED:
    case HTTP_FORBIDDEN:
        return ERR_DENIED;
    case HTTP_NOT_FOUND:
        return is_connect ? ERR_NOT_FOUND : ERR_UNAVAILABLE;
    case HTTP_CONFLICT:
        return ERR_CONFLICT;
    case HTTP_BAD_REQUEST:
        return is_connect ? ERR_INVALID : ERR_UNAVAILABLE;
    default:
        return ERR_UNAVAILABLE;
    }
}

enum err_code connect_answer_check(long status, struct str body, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = NULL;
    struct str message = { 0 };
    bool is_connect = false;

    if (status >= HTTP_OK && status < HTTP_MULTIPLE_CHOICES)
        return ERR_OK;
    doc = read_object(body, "refusal", NULL);
    if (doc) {
        message = kube_yyjson_str(yyjson_doc_get_root(doc), "message");
        is_connect = kube_yyjson_int(yyjson_doc_get_root(doc), "error_code", 0) == status &&
                     !str_starts_with(message, STR_LITERAL("HTTP "));
    }
    if (message.n > SHOWN_MAX)
        message.n = SHOWN_MAX;
    return err_set(err, refusal(status, is_connect), "HTTP status %ld%s%.*s", status,
                   message.n > 0 ? ": " : "", STR_ARGS(message));
}

/* --- status ----------------------------------------------------------------------------------- */

static void note_trouble(struct mirror_look *l, struct str trace)
{
    const char *end = trace.n > 0 ? memchr(trace.p, '\n', trace.n) : NULL;

    if (end)
        trace.n = (size_t)(end - trace.p);
    if (l->trouble[0] == '\0' && trace.n > 0)
        snprintf(l->trouble, sizeof(l->trouble), "%.*s", STR_ARGS(trace));
}

static void count_task(struct mirror_look *l, yyjson_val *task)
{
    const enum connector_state state = connector_state_from(kube_yyjson_str(task, "state"));

    l->n_tasks++;
    l->n_running += state == CONNECTOR_RUNNING;
    l->n_failed += state == CONNECTOR_FAILED;
    if (state == CONNECTOR_FAILED)
        note_trouble(l, kube_yyjson_str(task, "trace"));
}

enum err_code connect_status_read(struct str body, struct mirror_look *ret, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = read_object(body, "status", err);
    struct mirror_look l = *ret;
    yyjson_val *root, *connector, *tasks, *task;
    size_t i, n;

    if (!doc)
        return ERR_CORRUPT;
    root = yyjson_doc_get_root(doc);
    connector = yyjson_obj_get(root, "connector");
    tasks = yyjson_obj_get(root, "tasks");
    if (kube_yyjson_str(connector, "state").n == 0 || !yyjson_is_arr(tasks))
        return err_set(err, ERR_CORRUPT, "Connect's answer has no connector.state, or no tasks");
    l.exists = true;
    l.connector = connector_state_from(kube_yyjson_str(connector, "state"));
    l.n_tasks = l.n_running = l.n_failed = 0;
    l.trouble[0] = '\0';
    if (l.connector == CONNECTOR_FAILED)
        note_trouble(&l, kube_yyjson_str(connector, "trace"));
    yyjson_arr_foreach(tasks, i, n, task) count_task(&l, task);
    *ret = l;
    return ERR_OK;
}

/* --- configuration ---------------------------------------------------------------------------- */

/* `otherwise`: where it is not said. */
static enum truth is_said(yyjson_val *config, const char *key, const char *wanted,
                          enum truth otherwise)
{
    const struct str said = kube_yyjson_str(config, key);

    if (said.n == 0)
        return otherwise;
    return truth_of(str_eq(said, str_from(wanted)));
}

enum err_code connect_config_read(struct str body, struct connect_config *ret, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = read_object(body, "configuration", err);
    struct connect_config c = { 0 };
    yyjson_val *root;

    if (!doc)
        return ERR_CORRUPT;
    root = yyjson_doc_get_root(doc);
    if (!kube_yyjson_copy(root, "source.cluster.alias", c.source, sizeof(c.source)) ||
        !kube_yyjson_copy(root, "target.cluster.alias", c.target, sizeof(c.target)))
        return err_set(err, ERR_CORRUPT, "an alias of the connector's clusters is too long");
    if (is_said(root, EXACTLY_ONCE, "required", TRUTH_UNKNOWN) == TRUTH_YES)
        c.exactly_once = TRUTH_YES;
    c.keeps_names = is_said(root, POLICY, IDENTITY, TRUTH_NO);
    c.keeps_headers = is_said(root, HEADERS, BYTE_ARRAYS, TRUTH_UNKNOWN);
    *ret = c;
    return ERR_OK;
}

/* --- offsets ---------------------------------------------------------------------------------- */

static void take_offset(yyjson_val *entry, struct str topic, int64_t *next, int32_t n)
{
    yyjson_val *partition = yyjson_obj_get(entry, "partition");
    const int64_t last = kube_yyjson_int(yyjson_obj_get(entry, "offset"), "offset", LOOK_UNKNOWN);
    const int64_t number = kube_yyjson_int(partition, "partition", LOOK_UNKNOWN);

    if (str_eq(kube_yyjson_str(partition, "topic"), topic) && number >= 0 && number < n &&
        last >= 0 && last < INT64_MAX)
        next[number] = last + 1;
}

enum err_code connect_offsets_read(struct str body, struct str topic, int64_t *ret_next, int32_t n,
                                   struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = read_object(body, "list of offsets", err);
    yyjson_val *offsets, *entry;
    size_t i, count;

    if (!doc)
        return ERR_CORRUPT;
    offsets = yyjson_obj_get(yyjson_doc_get_root(doc), "offsets");
    if (!yyjson_is_arr(offsets))
        return err_set(err, ERR_CORRUPT, "Connect's answer has no offsets");
    for (int32_t p = 0; p < n; p++)
        ret_next[p] = LOOK_UNKNOWN;
    yyjson_arr_foreach(offsets, i, count, entry) take_offset(entry, topic, ret_next, n);
    return ERR_OK;
}

struct str connect_guard_body(void)
{
    return STR_LITERAL("{\"offsets\":[{\"partition\":{\"cluster\":\"redwal\",\"partition\":0,"
                       "\"topic\":\"(redwal guard)\"},\"offset\":null}]}");
}

struct str connect_source_topic(const struct connect_config *config, struct str topic)
{
    const size_t n = strlen(config->source);

    if (config->keeps_names == TRUTH_NO && n > 0 && topic.n > n + 1 && topic.p[n] == '.' &&
        str_starts_with(topic, str_from(config->source)))
        topic = (struct str){ topic.p + n + 1, topic.n - n - 1 };
    return topic;
}
