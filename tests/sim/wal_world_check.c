/*
 * What must be true of controllers of RedisWals at any time, judged by what went over their links
 * and what stands in the API server: of the controllers' own judgement nothing is used.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

#include "base/check.h"
#include "fake_api_object.h"
#include "wal_world.h"

enum {
    BELIEVED_MS = 30 * WAL_WORLD_SECOND_MS, /* docs/conditions.md: older answers are no answers */
    SENT_MAX_MS = 15 * WAL_WORLD_SECOND_MS, /* from a judgement until it is sent */
};

#define R(name)           (1u << TRUE_REDIS_##name)
#define L(name)           (1u << TRUE_LOG_##name)
#define REDIS_OF_THIS_WAL (R(WELL) | R(BEHIND) | R(BLANK))
#define REDIS_ANSWERS     (REDIS_OF_THIS_WAL | R(OTHER_WAL))
#define LOG_ANSWERS       (L(WELL) | L(TRIMMED) | L(NO_GROUP))
#define RESTORE_REQUIRED  "RestoreRequired"

/* What a condition's status claims, and what must have been seen for that: one of these states each
 * of Redis and of the log; 0: nothing need be seen of it. */
static const struct claim {
    const char *type, *status;
    unsigned redis, log;
} claims[] = {
    { "RedisReachable", "True", REDIS_ANSWERS, 0 },
    { "RedisReachable", "False", R(FAILS) | R(LOADING), 0 },
    { "LogReachable", "True", 0, LOG_ANSWERS },
    { "LogReachable", "False", 0, L(FAILS) | L(NO_TOPIC) },
    { "PositionConsistent", "True", REDIS_OF_THIS_WAL, LOG_ANSWERS },
    { "PositionConsistent", "False", R(OTHER_WAL) | R(BLANK), 0 },
    { RESTORE_REQUIRED, "True", R(BLANK) | R(OTHER_WAL), L(TRIMMED) },
    { RESTORE_REQUIRED, "False", REDIS_ANSWERS, 0 },
    { "CaughtUp", "True", R(WELL), LOG_ANSWERS },
    { "CaughtUp", "False", R(BEHIND) | R(BLANK) | R(OTHER_WAL), LOG_ANSWERS },
    { "GroupHealthy", "True", 0, L(WELL) | L(TRIMMED) },
    { "GroupHealthy", "False", 0, LOG_ANSWERS },
    { "LogRetained", "True", 0, L(WELL) | L(NO_GROUP) },
    { "LogRetained", "False", 0, L(TRIMMED) },
    { "RedisDurable", "True", REDIS_ANSWERS, 0 },
    { "RedisDurable", "False", 0, 0 },
};

void wal_world_fail(struct wal_world *w, const char *format, ...)
{
    va_list ap;

    if (w->violation[0] != '\0')
        return;
    va_start(ap, format);
    vsnprintf(w->violation, sizeof(w->violation), format, ap);
    va_end(ap);
}

struct fake_api_object *wal_world_find(struct wal_world *w, int wal)
{
    const char name[] = { (char)('a' + wal), '\0' };

    return fake_api_find(w->api, WAL_WORLD_WALS_AT, WAL_WORLD_SCOPE, name);
}

static const char *text_at(yyjson_val *object, const char *key)
{
    const char *text = yyjson_get_str(yyjson_obj_get(object, key));

    return text ? text : "";
}

static yyjson_val *conditions_of(yyjson_doc *doc)
{
    return yyjson_obj_get(yyjson_obj_get(yyjson_doc_get_root(doc), "status"), "conditions");
}

/* --- writes ----------------------------------------------------------------------------------- */

static bool has_seen(const struct wal_replica *r, uint64_t number, bool of_redis, unsigned states)
{
    const int64_t now_ms = wal_world_now_ms();
    const bool woke = now_ms < r->paused_until_ms + SENT_MAX_MS;
    const int64_t since_ms = now_ms - BELIEVED_MS - SENT_MAX_MS - (woke ? r->paused_ms : 0);
    const size_t n = r->n_answers < WAL_WORLD_ANSWERS ? r->n_answers : WAL_WORLD_ANSWERS;

    for (size_t i = 0; i < n; i++) {
        const struct wal_answer *a = &r->answers[i];

        if (a->number == number && a->of_redis == of_redis && a->at_ms >= since_ms &&
            (states >> a->state & 1 || (a->is_current && states & R(WELL))))
            return true;
    }
    return states == 0;
}

static void check_claim(struct wal_replica *r, uint64_t number, const char *type,
                        const char *status)
{
    for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
        const struct claim *c = &claims[i];

        if (strcmp(c->type, type) != 0 || strcmp(c->status, status) != 0)
            continue;
        if (!has_seen(r, number, true, c->redis) || !has_seen(r, number, false, c->log))
            wal_world_fail(r->world, "%s says %s=%s, which it has not seen", r->identity, type,
                           status);
    }
}

/* docs/mirror.md: whoever says so has seen it a while ago at most, and nothing has run since he
 * has. */
static void check_mirror(struct wal_replica *r, const char *name, yyjson_val *status)
{
    const struct fake_connector *c = &r->world->connectors[name[0] - 'a'];
    const int64_t now_ms = wal_world_now_ms();
    const bool woke = now_ms < r->paused_until_ms + SENT_MAX_MS;
    const int64_t since_ms = now_ms - BELIEVED_MS - SENT_MAX_MS - (woke ? r->paused_ms : 0);
    const bool is_stopped = c->state == CONNECTOR_STOPPED && now_ms >= c->tasks_end_ms &&
                            c->guarded_ms >= c->tasks_end_ms;

    if (strcmp(text_at(yyjson_obj_get(status, "mirror"), "state"), "Stopped") == 0 && !is_stopped &&
        c->changed_ms < since_ms)
        wal_world_fail(r->world, "%s says that the mirror of %c has stopped, which it has not",
                       r->identity, name[0]);
}

void wal_world_check_late_resume(struct wal_world *w, int wal)
{
    const struct wal_want *want = &w->wants[wal];
    const struct fake_api_object *o = wal_world_find(w, wal);
    yyjson_doc *doc = o ? yyjson_read(o->text, strlen(o->text), 0) : NULL;
    yyjson_val *mirror =
        yyjson_obj_get(yyjson_obj_get(yyjson_doc_get_root(doc), "status"), "mirror");

    if (want->mirrored && want->mirror == MIRROR_WISH_STOPPED &&
        yyjson_get_sint(yyjson_obj_get(mirror, "observedGeneration")) == want->generation &&
        strcmp(text_at(mirror, "state"), "Stopped") == 0)
        wal_world_fail(w, "an order lets the mirror of %s go on that is said to have stopped",
                       o->name);
    yyjson_doc_free(doc);
}

static void check_status(struct wal_replica *r, const char *name, struct str body)
{
    const struct wal_watch *watch = wal_looks_find(
        wal_reconciler_looks(r->reconciler), STR_LITERAL(WAL_WORLD_SCOPE), (struct str){ name, 1 });
    yyjson_doc *doc = yyjson_read(body.p, body.n, 0);
    const char *uid = text_at(yyjson_obj_get(yyjson_doc_get_root(doc), "metadata"), "uid");
    yyjson_val *condition;
    yyjson_arr_iter iter = yyjson_arr_iter_with(conditions_of(doc));

    /* What is meant for the one before of that name, the server refuses. */
    while (watch && strcmp(watch->resource.uid, uid) == 0 &&
           (condition = yyjson_arr_iter_next(&iter)))
        check_claim(r, watch->number, text_at(condition, "type"), text_at(condition, "status"));
    if (watch && strcmp(watch->resource.uid, uid) == 0)
        check_mirror(r, name, yyjson_obj_get(yyjson_doc_get_root(doc), "status"));
    yyjson_doc_free(doc);
}

static bool holds_lease(struct wal_replica *r)
{
    const struct fake_api_object *lease =
        fake_api_find(r->world->api, WAL_WORLD_LEASES_AT, WAL_WORLD_SCOPE, "lock");
    char holder[64];

    snprintf(holder, sizeof(holder), "\"holderIdentity\":\"%s\"", r->identity);
    return lease && strstr(lease->text, holder);
}

void wal_world_check_order(struct wal_replica *r)
{
    if (!holds_lease(r))
        wal_world_fail(r->world, "%s gives orders to a mirror without the lease", r->identity);
}

void wal_world_check_write(struct wal_replica *r, const struct kube_request *request)
{
    static const char wals[] = "/rediswals/";
    char target[KUBE_TARGET_MAX + 1];
    const char *at;

    snprintf(target, sizeof(target), "%.*s", STR_ARGS(buf_str(&request->target)));
    if (strncmp(target, WAL_WORLD_LEASES_AT, sizeof("/apis/coordination") - 1) == 0)
        return;
    r->world->n_writes++;
    if (!holds_lease(r))
        wal_world_fail(r->world, "%s writes without the lease: %s", r->identity, target);
    at = strstr(target, wals);
    if (at && strstr(at, "/status"))
        check_status(r, at + sizeof(wals) - 1, buf_str(&request->body));
}

/* --- news and Events -------------------------------------------------------------------------- */

static struct wal_tale *tale_of(struct wal_world *w, const char *uid, const char *type,
                                const char *reason)
{
    for (size_t i = 0; i < WAL_WORLD_TALES; i++) {
        struct wal_tale *t = &w->tales[i];

        if (t->uid[0] == '\0') {
            snprintf(t->uid, sizeof(t->uid), "%s", uid);
            snprintf(t->type, sizeof(t->type), "%s", type);
            snprintf(t->reason, sizeof(t->reason), "%s", reason);
        }
        if (strcmp(t->uid, uid) == 0 && strcmp(t->type, type) == 0 &&
            strcmp(t->reason, reason) == 0)
            return t;
    }
    UNREACHABLE("more kinds of news than a run has");
}

static struct wal_standing *standing_of(struct wal_world *w, const char *uid, const char *type)
{
    for (size_t i = 0; i < WAL_WORLD_TALES; i++) {
        struct wal_standing *s = &w->standings[i];

        if (s->uid[0] == '\0') {
            snprintf(s->uid, sizeof(s->uid), "%s", uid);
            snprintf(s->type, sizeof(s->type), "%s", type);
        }
        if (strcmp(s->uid, uid) == 0 && strcmp(s->type, type) == 0)
            return s;
    }
    UNREACHABLE("more conditions than a run has");
}

/* docs/mirror.md: states that a mirror passes through by itself. */
static bool passes(const char *reason)
{
    static const char *const reasons[] = { "NotAllTasksRun", "TasksLeft", "GuardRefused",
                                           "GuardAwaited",   "LogGrows",  "LogNotStill" };

    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (strcmp(reason, reasons[i]) == 0)
            return true;
    return false;
}

/* docs/conditions.md: what becomes bad is told, and what becomes good again; Ready sums up. */
static bool is_news_after(const char *type, const char *status_before, const char *reason_before,
                          const char *status, const char *reason)
{
    const char *good = strcmp(type, RESTORE_REQUIRED) == 0 ? "False" : "True";
    const bool was_bad = status_before[0] != '\0' && strcmp(status_before, good) != 0 &&
                         strcmp(status_before, "Unknown") != 0;

    if (strcmp(type, "MirrorRunning") == 0 && passes(reason))
        return false;
    return strcmp(type, "Ready") != 0 && strcmp(status, "Unknown") != 0 &&
           strcmp(reason_before, reason) != 0 && (strcmp(status, good) != 0 || was_bad);
}

/* Where none is named any more, nothing is said of one. */
static void forget_mirror(struct wal_world *w, const char *uid, yyjson_val *status)
{
    struct wal_standing *s = standing_of(w, uid, "MirrorRunning");

    if (!yyjson_obj_get(status, "mirror"))
        s->status[0] = s->reason[0] = '\0';
}

/* docs/mirror.md: what is told once, however often a mirror is seen to be so. */
static bool is_told_once(const char *reason)
{
    return strncmp(reason, "Stopped", 7) == 0 || strcmp(reason, "Running") == 0 ||
           strcmp(reason, "OffsetsMove") == 0;
}

/* What is proven again of a mirror is told again when it may have been wanted anew, and else not.
 */
static void make_news(struct wal_world *w, const struct wal_standing *s, const char *reason,
                      bool is_due)
{
    const bool again = is_told_once(reason) && strcmp(s->lasting, reason) == 0;
    struct wal_tale *t = tale_of(w, s->uid, s->type, reason);

    t->n_made += !again || s->is_anew;
    t->n_due += !again && is_due;
}

/* A leader remembers what was known before it was not; another one has the status alone, and either
 * may be who tells. */
static void judge_news(struct wal_world *w, const struct wal_standing *s, const char *status,
                       const char *reason)
{
    const bool after = is_news_after(s->type, s->status, s->reason, status, reason);
    const bool after_known =
        is_news_after(s->type, s->known_status, s->known_reason, status, reason);

    if (after || after_known)
        make_news(w, s, reason, after && after_known);
}

static void note_known(struct wal_standing *s, const char *status, const char *reason)
{
    if (strcmp(status, "Unknown") == 0)
        return;
    snprintf(s->known_status, sizeof(s->known_status), "%s", status);
    snprintf(s->known_reason, sizeof(s->known_reason), "%s", reason);
}

static void note_lasting(struct wal_standing *s, const char *status, const char *reason,
                         int64_t generation)
{
    if (strcmp(s->type, "MirrorRunning") == 0 && strcmp(status, "Unknown") != 0 &&
        !passes(reason) && strcmp(s->reason, reason) != 0) {
        snprintf(s->lasting, sizeof(s->lasting), "%s", reason);
        s->is_anew = false;
    }
    s->is_anew = s->is_anew || generation != s->generation;
    s->generation = generation;
}

static void read_status(struct wal_world *w, const char *text)
{
    yyjson_doc *doc = yyjson_read(text, strlen(text), 0);
    yyjson_val *meta = yyjson_obj_get(yyjson_doc_get_root(doc), "metadata");
    const int64_t generation = yyjson_get_sint(yyjson_obj_get(meta, "generation"));
    const char *uid = text_at(meta, "uid");
    yyjson_arr_iter iter = yyjson_arr_iter_with(conditions_of(doc));
    yyjson_val *condition;

    forget_mirror(w, uid, yyjson_obj_get(yyjson_doc_get_root(doc), "status"));
    while ((condition = yyjson_arr_iter_next(&iter))) {
        const char *status = text_at(condition, "status"), *reason = text_at(condition, "reason");
        struct wal_standing *s = standing_of(w, uid, text_at(condition, "type"));

        judge_news(w, s, status, reason);
        note_lasting(s, status, reason, generation);
        note_known(s, status, reason);
        snprintf(s->status, sizeof(s->status), "%s", status);
        snprintf(s->reason, sizeof(s->reason), "%s", reason);
    }
    yyjson_doc_free(doc);
}

static int64_t *count_of(struct wal_world *w, const char *name)
{
    for (size_t i = 0; i < WAL_WORLD_TALES; i++) {
        struct wal_event_seen *e = &w->events[i];

        if (e->name[0] == '\0')
            snprintf(e->name, sizeof(e->name), "%s", name);
        if (strcmp(e->name, name) == 0)
            return &e->count;
    }
    UNREACHABLE("more Events than a run has");
}

/* Whoever takes over may repeat what the one before had told, and died before it knew. */
static void count_event(struct wal_world *w, yyjson_val *event)
{
    const char *action = text_at(event, "action");
    yyjson_val *count = yyjson_obj_get(yyjson_obj_get(event, "series"), "count");
    int64_t *seen = count_of(w, text_at(yyjson_obj_get(event, "metadata"), "name"));
    const int64_t now = count ? yyjson_get_sint(count) : 1;
    struct wal_tale *t;

    if (strcmp(action, "Observe") == 0 || strcmp(action, "Replay") == 0)
        return;
    t = tale_of(w, text_at(yyjson_obj_get(event, "regarding"), "uid"), action,
                text_at(event, "reason"));
    t->n_told += (unsigned)(now - *seen);
    *seen = now;
    if (t->n_told > t->n_made + w->n_holders - 1)
        wal_world_fail(w, "%s %s is told %u times, and happened %u times", t->type, t->reason,
                       t->n_told, t->n_made);
}

static void read_event(struct wal_world *w, const char *text)
{
    yyjson_doc *doc = yyjson_read(text, strlen(text), 0);

    count_event(w, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
}

static void read_lease(struct wal_world *w, const char *text)
{
    yyjson_doc *doc = yyjson_read(text, strlen(text), 0);
    yyjson_val *spec = yyjson_obj_get(yyjson_doc_get_root(doc), "spec");
    const char *holder = text_at(spec, "holderIdentity");

    if (holder[0] != '\0' && strcmp(holder, w->holder) != 0) {
        snprintf(w->holder, sizeof(w->holder), "%s", holder);
        w->n_holders++;
    }
    yyjson_doc_free(doc);
}

void wal_world_read_changes(struct wal_world *w)
{
    for (; w->n_read < w->api->n_history; w->n_read++) {
        const struct fake_api_change *c = &w->api->history[w->n_read];

        if (c->gone)
            continue;
        if (strcmp(c->collection, WAL_WORLD_WALS_AT) == 0)
            read_status(w, c->text);
        else if (strcmp(c->collection, WAL_WORLD_EVENTS_AT) == 0)
            read_event(w, c->text);
        else if (strcmp(c->collection, WAL_WORLD_LEASES_AT) == 0)
            read_lease(w, c->text);
    }
}

static bool lives(struct wal_world *w, const char *uid)
{
    for (int i = 0; i < WAL_WORLD_WALS; i++) {
        const struct fake_api_object *o = wal_world_find(w, i);
        int64_t number;

        if (o && str_to_int64(str_from(uid), &number) && number == o->uid)
            return true;
    }
    return false;
}

void wal_world_check_told(struct wal_world *w)
{
    for (size_t i = 0; i < WAL_WORLD_TALES && w->tales[i].uid[0] != '\0'; i++) {
        const struct wal_tale *t = &w->tales[i];

        if ((t->n_told < t->n_due || t->n_told > t->n_made) && lives(w, t->uid))
            wal_world_fail(w, "%s %s of %s is told %u times, and happened %u to %u times", t->type,
                           t->reason, t->uid, t->n_told, t->n_due, t->n_made);
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

static bool is_unclear(const struct wal_want *want)
{
    return want->unclear || (want->by_failover && !want->has_failover);
}

static const char *expected_phase(const struct wal_want *want, const struct wal_truth *t)
{
    const unsigned redis = 1u << t->redis, log = 1u << t->log;

    if (is_unclear(want))
        return "Rejected";
    if (want->paused)
        return "Paused";
    if (redis & R(OTHER_WAL))
        return "Held";
    if (redis & R(BLANK) && log & L(TRIMMED))
        return RESTORE_REQUIRED;
    if (redis & (R(FAILS) | R(LOADING)) || log & (L(FAILS) | L(NO_TOPIC)))
        return "Unreachable";
    if (redis & R(LOST) || log & L(LOST))
        return "Unknown";
    if (redis & (R(BEHIND) | R(BLANK)))
        return "CatchingUp";
    return log & (L(NO_GROUP) | L(TRIMMED)) ? "Degraded" : "Applying";
}

static void check_applier(struct wal_world *w, int wal, const struct fake_api_object *owner)
{
    const struct fake_api_object *set;
    char name[32], image[32];

    snprintf(name, sizeof(name), "%s-applier", owner->name);
    snprintf(image, sizeof(image), "\"image-%u\"", w->wants[wal].image);
    set = fake_api_find(w->api, WAL_WORLD_SETS_AT, WAL_WORLD_SCOPE, name);
    if (!set || fake_object_owner(set->text) != owner->uid || !strstr(set->text, image))
        wal_world_fail(w, "%s has not the Deployment it wants: %s", owner->text,
                       set ? set->text : "there is none");
}

/* Nobody can prove a stop while the log does not tell of itself; it may have been proven before. */
static void check_mirror_end(struct wal_world *w, int wal, yyjson_val *mirror,
                             const struct fake_api_object *o)
{
    const struct wal_want *want = &w->wants[wal];
    const struct fake_connector *c = &w->connectors[wal];
    const bool stops = want->mirror == MIRROR_WISH_STOPPED;
    const char *expected = !stops                                     ? "Running"
                           : (1u << w->truths[wal].log) & LOG_ANSWERS ? "Stopped"
                                                                      : "Stopping";

    if (!want->mirrored ? mirror != NULL
                        : strcmp(text_at(mirror, "state"), expected) != 0 &&
                              !(stops && strcmp(text_at(mirror, "state"), "Stopped") == 0))
        wal_world_fail(w, "the mirror is not said to be %s: %s", expected, o->text);
    if (want->mirrored && c->state != (stops ? CONNECTOR_STOPPED : CONNECTOR_RUNNING))
        wal_world_fail(w, "the mirror is not as it is wanted: %s", o->text);
}

static void check_wal(struct wal_world *w, int wal)
{
    const struct wal_want *want = &w->wants[wal];
    const struct fake_api_object *o = wal_world_find(w, wal);
    const char *expected = expected_phase(want, &w->truths[wal]);
    yyjson_doc *doc;
    yyjson_val *status;

    if (!o)
        return;
    doc = yyjson_read(o->text, strlen(o->text), 0);
    status = yyjson_obj_get(yyjson_doc_get_root(doc), "status");
    if (strcmp(text_at(status, "phase"), expected) != 0)
        wal_world_fail(w, "not %s: %s", expected, o->text);
    if (!is_unclear(want))
        check_mirror_end(w, wal, yyjson_obj_get(status, "mirror"), o);
    if (yyjson_get_sint(yyjson_obj_get(status, "observedGeneration")) != want->generation)
        wal_world_fail(w, "generation %" PRId64 " was not observed: %s", want->generation, o->text);
    if (!is_unclear(want))
        check_applier(w, wal, o);
    yyjson_doc_free(doc);
}

void wal_world_check_end(struct wal_world *w)
{
    for (int i = 0; i < WAL_WORLD_WALS; i++)
        check_wal(w, i);
    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++) {
        const struct fake_api_object *o = &w->api->objects[i];
        char uid[24];

        if (!o->text || !strstr(o->text, WAL_WORLD_LABEL))
            continue;
        snprintf(uid, sizeof(uid), "%" PRId64, fake_object_owner(o->text));
        if (!lives(w, uid))
            wal_world_fail(w, "nobody owns %s", o->text);
    }
}
