#include "fake_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "fake_api_object.h"
#include "fake_api_store.h"
#include "idle_port.h"

enum { SHORT_MS = 40, LONG_MS = 12 * 1000, HTTP_TEXT_MAX = 400 };

void fake_api_init(struct fake_api *a, uint64_t seed, const char *label)
{
    *a = (struct fake_api){ .prng = { seed }, .version = 10, .compacted = 10, .label = label };
}

static void transfer_end(struct fake_api_transfer *t)
{
    kube_request_release(&t->request);
    buf_release(&t->answer);
    buf_release(&t->telling);
    *t = (struct fake_api_transfer){ 0 };
}

void fake_api_release(struct fake_api *a)
{
    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++)
        fake_api_free_object(&a->objects[i]);
    for (size_t i = 0; i < a->n_history; i++) {
        free(a->history[i].collection);
        free(a->history[i].scope);
        free(a->history[i].text);
    }
    for (size_t i = 0; i < a->n_links; i++)
        for (size_t j = 0; j < KUBE_TRANSFERS_MAX; j++)
            transfer_end(&a->links[i].transfers[j]);
}

void fake_api_compact(struct fake_api *a)
{
    a->compacted = a->version;
}

/* --- requests --------------------------------------------------------------------------------- */

struct place {
    char collection[HTTP_TEXT_MAX], scope[HTTP_TEXT_MAX], name[HTTP_TEXT_MAX];
    bool status;
};

/* "/apis/g/v/namespaces/ns/plural/name/status?query" */
static void parse(struct str target, struct place *p)
{
    char text[HTTP_TEXT_MAX], *rest = NULL, *word;
    const char *query = memchr(target.p, '?', target.n);
    size_t n;

    *p = (struct place){ 0 };
    snprintf(text, sizeof(text), "%.*s", (int)(query ? query - target.p : (long)target.n),
             target.p);
    word = strtok_r(text, "/", &rest);
    n = strcmp(word, "apis") == 0 ? 3 : 2;
    for (size_t i = 0; word && i < n; i++, word = strtok_r(NULL, "/", &rest))
        snprintf(p->collection + strlen(p->collection),
                 sizeof(p->collection) - strlen(p->collection), "/%.100s", word);
    if (word && strcmp(word, "namespaces") == 0) {
        snprintf(p->scope, sizeof(p->scope), "%s", strtok_r(NULL, "/", &rest));
        word = strtok_r(NULL, "/", &rest);
    }
    snprintf(p->collection + strlen(p->collection), sizeof(p->collection) - strlen(p->collection),
             "/%.100s", word ? word : "");
    word = strtok_r(NULL, "/", &rest);
    snprintf(p->name, sizeof(p->name), "%s", word ? word : "");
    p->status = strtok_r(NULL, "/", &rest) != NULL;
}

static bool has_in_target(const struct kube_request *r, const char *what)
{
    char text[KUBE_TARGET_MAX + 1];

    snprintf(text, sizeof(text), "%.*s", STR_ARGS(buf_str(&r->target)));
    return strstr(text, what) != NULL;
}

static int refuse(struct buf *out, int code, const char *reason)
{
    buf_clear(out);
    buf_print(out, "{\"kind\":\"Status\",\"code\":%d,\"reason\":\"%s\",\"message\":\"no\"}", code,
              reason);
    return code;
}

static int answer_object(struct buf *out, const struct fake_api_object *o)
{
    buf_print(out, "%s", o->text);
    return 200;
}

static int serve_list(const struct fake_api *a, const struct kube_request *r, const struct place *p,
                      struct buf *out)
{
    const bool selects = has_in_target(r, "labelSelector=");
    const char *separator = "";

    buf_print(out,
              "{\"kind\":\"XList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":"
              "\"%lld\"},\"items\":[",
              (long long)a->version);
    for (size_t i = 0; i < FAKE_API_OBJECTS_MAX; i++) {
        const struct fake_api_object *o = &a->objects[i];

        if (!o->text || strcmp(o->collection, p->collection) != 0 ||
            (p->scope[0] != '\0' && strcmp(o->scope, p->scope) != 0) ||
            (selects && !fake_api_is_labelled(a, o->text)))
            continue;
        buf_print(out, "%s%s", separator, o->text);
        separator = ",";
    }
    buf_print(out, "]}");
    return 200;
}

/* A version in the body makes it a comparison, too. */
static bool is_outdated(const struct fake_api_object *o, struct str body)
{
    CLEANUP(buf_release) struct buf name = { 0 };
    int64_t version;

    buf_init(&name, HTTP_TEXT_MAX);
    version = fake_object_version(body, &name);
    return version != 0 && o && version != o->version;
}

/* Who applies without force must not find anything; a body for one very object must find that. */
static int serve_apply(struct fake_api *a, const struct kube_request *r, const struct place *p,
                       struct buf *out)
{
    struct fake_api_object *o = fake_api_find(a, p->collection, p->scope, p->name);
    const int64_t uid = fake_object_uid(buf_str(&r->body));
    char *text;

    if ((uid != 0 && (!o || o->uid != uid)) || is_outdated(o, buf_str(&r->body)))
        return refuse(out, 409, "Conflict");
    if (o && !has_in_target(r, "force=true"))
        return refuse(out, 409, "Conflict");
    if (!o && p->status)
        return refuse(out, 404, "NotFound");
    if (p->status && a->lie == FAKE_API_DROPS_STATUSES)
        return answer_object(out, o);
    text = fake_object_is_of_finalizers(buf_str(&r->body))
               ? fake_object_merged(o->text, buf_str(&r->body))
               : fake_object_applied(o ? o->text : NULL, buf_str(&r->body), p->status);
    if (o && !p->status && fake_object_owner(o->text) != fake_object_owner(text))
        a->n_trespasses++;
    if (!o)
        o = fake_api_new_object(a, p->collection, p->scope, p->name);
    if (fake_api_set_text(a, o, text))
        a->n_changed++;
    else
        a->n_idle++;
    return answer_object(out, o);
}

static int serve_merge(struct fake_api *a, const struct kube_request *r, const struct place *p,
                       struct buf *out)
{
    struct fake_api_object *o = fake_api_find(a, p->collection, p->scope, p->name);

    if (!o)
        return refuse(out, 404, "NotFound");
    fake_api_set_text(a, o, fake_object_merged(o->text, buf_str(&r->body)));
    return answer_object(out, o);
}

/* The same under another name. */
static void repeat(struct fake_api *a, const struct fake_api_object *o)
{
    char name[HTTP_TEXT_MAX], patch[HTTP_TEXT_MAX];
    char *text;

    snprintf(name, sizeof(name), "%.300s-again", o->name);
    snprintf(patch, sizeof(patch), "{\"metadata\":{\"name\":\"%.300s\"}}", name);
    text = fake_object_merged(o->text, str_from(patch));
    fake_api_put(a, o->collection, o->scope, name, text);
    free(text);
}

/* Leases: created, and replaced in the version they were read in. */
static int serve_put(struct fake_api *a, const struct kube_request *r, struct place *p,
                     struct buf *out)
{
    CLEANUP(buf_release) struct buf name = { 0 };
    struct fake_api_object *o;
    int64_t version;

    buf_init(&name, HTTP_TEXT_MAX);
    version = fake_object_version(buf_str(&r->body), &name);
    snprintf(p->name, sizeof(p->name), "%.*s", STR_ARGS(buf_str(&name)));
    o = fake_api_find(a, p->collection, p->scope, p->name);
    if (o && r->method == KUBE_POST)
        return refuse(out, 409, "AlreadyExists");
    if (r->method == KUBE_PUT &&
        (!o || (o->version != version && a->lie != FAKE_API_IGNORES_VERSIONS)))
        return o ? refuse(out, 409, "Conflict") : refuse(out, 404, "NotFound");
    if (!o)
        o = fake_api_new_object(a, p->collection, p->scope, p->name);
    fake_api_set_text(a, o, mem_copy_text(r->body.p, r->body.n));
    if (r->method == KUBE_POST && a->lie == FAKE_API_REPEATS_EVENTS)
        repeat(a, o);
    return answer_object(out, o);
}

static int serve_patch(struct fake_api *a, const struct kube_request *r, const struct place *p,
                       struct buf *out)
{
    struct fake_api_object *o = fake_api_find(a, p->collection, p->scope, p->name);
    char *text = o ? fake_object_patched(o->text, buf_str(&r->body)) : NULL;

    if (!o)
        return refuse(out, 404, "NotFound");
    if (!text)
        return refuse(out, 422, "Invalid");
    fake_api_set_text(a, o, text);
    return answer_object(out, o);
}

static int serve_delete(struct fake_api *a, const struct kube_request *r, const struct place *p,
                        struct buf *out)
{
    struct fake_api_object *o = fake_api_find(a, p->collection, p->scope, p->name);
    int64_t uid, version;

    if (!o)
        return refuse(out, 404, "NotFound");
    fake_object_preconditions(buf_str(&r->body), &uid, &version);
    if ((uid != 0 && uid != o->uid) || (version != 0 && version != o->version))
        return refuse(out, 409, "Conflict");
    if (uid == 0)
        a->n_trespasses++;
    fake_api_delete(a, o);
    a->n_changed++;
    buf_print(out, "{\"kind\":\"Status\",\"status\":\"Success\"}");
    return 200;
}

static int64_t number_in_query(const struct kube_request *r, const char *name)
{
    char text[KUBE_TARGET_MAX + 1];
    const char *at;
    int64_t value = 0;

    snprintf(text, sizeof(text), "%.*s", STR_ARGS(buf_str(&r->target)));
    at = strstr(text, name);
    if (at)
        str_to_int64((struct str){ at + strlen(name), strcspn(at + strlen(name), "&") }, &value);
    return value;
}

static int serve(struct fake_api *a, struct fake_api_transfer *t)
{
    const struct kube_request *r = &t->request;
    struct fake_api_object *o;
    struct place p;

    if (str_eq(buf_str(&r->target), STR_LITERAL("/apis"))) {
        buf_print(&t->answer, "{\"kind\":\"APIGroupDiscoveryList\",\"items\":[%s]}",
                  a->served ? a->served : "");
        return 200;
    }
    parse(buf_str(&r->target), &p);
    if (r->stream) {
        t->watching = true;
        t->version = number_in_query(r, "resourceVersion=");
        t->ends_ms = a->now_ms + number_in_query(r, "timeoutSeconds=") * 1000;
        return 200;
    }
    switch (r->method) {
    case KUBE_GET:
        if (p.name[0] == '\0')
            return serve_list(a, r, &p, &t->answer);
        o = fake_api_find(a, p.collection, p.scope, p.name);
        return o ? answer_object(&t->answer, o) : refuse(&t->answer, 404, "NotFound");
    case KUBE_PATCH:
        if (strstr(r->content_type, "json-patch"))
            return serve_patch(a, r, &p, &t->answer);
        if (strstr(r->content_type, "merge-patch"))
            return serve_merge(a, r, &p, &t->answer);
        return serve_apply(a, r, &p, &t->answer);
    case KUBE_POST:
    case KUBE_PUT:
        return serve_put(a, r, &p, &t->answer);
    case KUBE_DELETE:
        return serve_delete(a, r, &p, &t->answer);
    case KUBE_METHOD_COUNT:
        break;
    }
    UNREACHABLE("a method that does not exist");
}

/* --- watches ---------------------------------------------------------------------------------- */

static void tell_change(struct fake_api_transfer *t, const struct fake_api_change *c, bool selects)
{
    const bool put = selects ? c->labelled : !c->gone;
    const bool gone = selects ? c->was_labelled && !c->labelled : c->gone;

    if (put || gone)
        buf_print(&t->answer, "{\"type\":\"%s\",\"object\":%s}\n", gone ? "DELETED" : "MODIFIED",
                  c->text);
}

static bool is_forgotten(const struct fake_api *a, const struct fake_api_change *c)
{
    return a->lie == FAKE_API_FORGETS_TO_TELL && c->version % 4 == 0;
}

static void tell_watch(const struct fake_api *a, struct fake_api_transfer *t)
{
    const bool selects = has_in_target(&t->request, "labelSelector=");
    struct place p;
    size_t i = a->n_history;

    if (t->version >= a->version)
        return;
    if (t->version < a->compacted) {
        buf_print(&t->answer, "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,"
                              "\"reason\":\"Expired\",\"message\":\"too old\"}}\n");
        t->version = a->version;
        return;
    }
    parse(buf_str(&t->request.target), &p);
    while (i > 0 && a->history[i - 1].version > t->version)
        i--;
    for (; i < a->n_history; i++)
        if (!is_forgotten(a, &a->history[i]) &&
            strcmp(a->history[i].collection, p.collection) == 0 &&
            (p.scope[0] == '\0' || strcmp(a->history[i].scope, p.scope) == 0))
            tell_change(t, &a->history[i], selects);
    t->version = a->version;
}

/* --- links ------------------------------------------------------------------------------------ */

static int serve_or_refuse(struct fake_api_link *link, struct fake_api_transfer *t)
{
    struct prng *prng = &link->api->prng;

    buf_init(&t->answer, KUBE_ANSWER_MAX);
    if (link->forbidden || (link->refused && has_in_target(&t->request, link->refused)))
        return refuse(&t->answer, 403, "Forbidden");
    if ((t->id == link->fault_at && link->fault == FAKE_API_REFUSED) ||
        (link->broken && has_in_target(&t->request, link->broken)))
        return refuse(&t->answer, 500, "InternalError");
    if (prng_chance(prng, link->trouble / 2))
        return refuse(&t->answer, 500, "InternalError");
    if (prng_chance(prng, link->trouble / 4))
        return refuse(&t->answer, 429, "TooManyRequests");
    return serve(link->api, t);
}

static void step_transfer(struct fake_api_link *link, struct fake_api_transfer *t)
{
    const int64_t now_ms = link->api->now_ms;

    if (t->id == 0 || now_ms < t->arrives_ms)
        return;
    if (!t->served) {
        t->served = true;
        if (t->lost_on_the_way || link->down)
            t->lost = true;
        else
            t->http = serve_or_refuse(link, t);
    }
    if (t->watching && link->down)
        t->lost = true;
    if (t->watching && !t->lost && !link->quiet)
        tell_watch(link->api, t);
}

void fake_api_step(struct fake_api *a, int64_t now_ms)
{
    a->now_ms = now_ms;
    for (size_t i = 0; i < a->n_links; i++)
        for (size_t j = 0; j < KUBE_TRANSFERS_MAX; j++)
            step_transfer(&a->links[i], &a->links[i].transfers[j]);
}

int64_t fake_api_due_ms(const struct fake_api *a)
{
    int64_t due_ms = INT64_MAX;

    for (size_t i = 0; i < a->n_links; i++)
        for (size_t j = 0; j < KUBE_TRANSFERS_MAX; j++) {
            const struct fake_api_transfer *t = &a->links[i].transfers[j];
            const int64_t at_ms = !t->served    ? t->arrives_ms
                                  : t->watching ? t->ends_ms
                                                : t->returns_ms;

            if (t->id != 0 && at_ms < due_ms)
                due_ms = at_ms;
        }
    return due_ms;
}

struct fake_api_link *fake_api_link_add(struct fake_api *a)
{
    struct fake_api_link *link = &a->links[a->n_links++];

    INVARIANT(a->n_links <= FAKE_API_LINKS_MAX);
    link->api = a;
    return link;
}

static int64_t delay(struct fake_api_link *link)
{
    struct prng *prng = &link->api->prng;
    const uint64_t most = prng_chance(prng, link->trouble) ? LONG_MS : SHORT_MS;

    return 1 + (int64_t)prng_below(prng, most);
}

static bool is_slow(const struct fake_api_link *link, const struct kube_request *r)
{
    return link->slow && has_in_target(r, link->slow);
}

static enum err_code start(void *self, struct kube_request *request, uint64_t *ret_id,
                           struct err *err)
{
    struct fake_api_link *link = self;
    struct prng *prng = &link->api->prng;
    bool lost, lost_on_the_way;
    int64_t delay_ms;
    size_t i = 0;

    while (i < KUBE_TRANSFERS_MAX && link->transfers[i].id != 0)
        i++;
    if (i == KUBE_TRANSFERS_MAX)
        return err_set(err, ERR_LIMIT, "full");
    if (request->method != KUBE_GET && link->on_write)
        link->on_write(link->self, request);
    transfer_end(&link->transfers[i]);
    delay_ms = delay(link);
    lost = prng_chance(prng, link->trouble);
    lost_on_the_way = prng_chance(prng, link->trouble / 2);
    link->transfers[i] = (struct fake_api_transfer){
        .id = ++link->n_started,
        .request = *request,
        .arrives_ms = link->api->now_ms + delay_ms,
        .lost = lost,
        .lost_on_the_way = lost_on_the_way,
    };
    if (link->n_started == link->fault_at) {
        link->transfers[i].lost |= link->fault == FAKE_API_ANSWER_LOST;
        link->transfers[i].lost_on_the_way |= link->fault == FAKE_API_LOST;
    }
    link->transfers[i].returns_ms = link->transfers[i].arrives_ms + delay(link);
    if (is_slow(link, &link->transfers[i].request))
        link->transfers[i].returns_ms += LONG_MS;
    *request = (struct kube_request){ 0 };
    *ret_id = link->n_started;
    return ERR_OK;
}

static void cancel(void *self, uint64_t id)
{
    struct fake_api_link *link = self;

    for (size_t i = 0; i < KUBE_TRANSFERS_MAX; i++)
        if (link->transfers[i].id == id) {
            /* What is sent arrives all the same. */
            if (!link->transfers[i].served && !link->transfers[i].lost_on_the_way &&
                link->transfers[i].request.method != KUBE_GET)
                serve_or_refuse(link, &link->transfers[i]);
            transfer_end(&link->transfers[i]);
        }
}

static bool tell_bytes(struct fake_api_transfer *t, struct kube_news *ret_news)
{
    buf_release(&t->telling);
    if (t->answer.n == 0)
        return false;
    t->telling = t->answer;
    t->answer = (struct buf){ 0 };
    buf_init(&t->answer, KUBE_ANSWER_MAX);
    *ret_news =
        (struct kube_news){ .type = KUBE_NEWS_BYTES, .id = t->id, .bytes = buf_str(&t->telling) };
    return true;
}

/* The end of a transfer leaves its answer behind in `telling` until the next call. */
static void tell_end(struct fake_api_transfer *t, struct kube_news *ret_news)
{
    *ret_news = (struct kube_news){
        .type = t->lost ? KUBE_NEWS_LOST : KUBE_NEWS_ANSWER,
        .id = t->id,
        .http = t->http,
        .retry_after_ms = KUBE_RETRY_AFTER_NONE,
    };
    snprintf(ret_news->why, sizeof(ret_news->why), "cut");
    buf_release(&t->telling);
    t->telling = t->answer;
    t->answer = (struct buf){ 0 };
    ret_news->bytes = t->watching ? (struct str){ 0 } : buf_str(&t->telling);
    t->id = 0;
}

static bool next(void *self, struct kube_news *ret_news)
{
    struct fake_api_link *link = self;
    const int64_t now_ms = link->api->now_ms;

    for (size_t i = 0; i < KUBE_TRANSFERS_MAX; i++) {
        struct fake_api_transfer *t = &link->transfers[i];

        if (t->id == 0 && t->telling.p)
            transfer_end(t);
        if (t->id == 0 || !t->served || now_ms < t->returns_ms)
            continue;
        if (t->watching && !t->lost && tell_bytes(t, ret_news))
            return true;
        if (!t->watching || t->lost || now_ms >= t->ends_ms) {
            tell_end(t, ret_news);
            return true;
        }
    }
    return false;
}

struct kube fake_api_port(struct fake_api_link *link)
{
    static const struct kube_ops ops = {
        start, cancel, idle_port_exchange, next, idle_port_descriptor, idle_port_wait_ms
    };

    return (struct kube){ &ops, link };
}
