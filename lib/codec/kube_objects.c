#include "codec/kube_objects.h"

#include <stdio.h>
#include <string.h>

#include "base/civil_time.h"
#include "codec/kube_yyjson.h"

enum { MILLISECONDS_DIGITS = 23 }; /* of "2026-11-22T13:05:07.123" */

const struct kube_resource kube_leases = { { "coordination.k8s.io", 19 },
                                           { "v1", 2 },
                                           { "leases", 6 } };
const struct kube_resource kube_event_objects = { { "events.k8s.io", 13 },
                                                  { "v1", 2 },
                                                  { "events", 6 } };

/* The API takes six digits of a second's fraction, no more and no fewer. */
static void print_micro_time(int64_t wall_ms, char ret[KUBE_TIME_MAX])
{
    char text[CIVIL_TIME_MAX];

    civil_time_print(wall_ms, text);
    snprintf(ret, KUBE_TIME_MAX, "%.*s000Z", MILLISECONDS_DIGITS, text);
}

/* --- Lease ------------------------------------------------------------------------------------ */

enum err_code kube_lease_decode(struct str text, struct kube_lease_record *ret_record,
                                struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(text, err);
    struct kube_lease_record r = { 0 };
    yyjson_val *root = yyjson_doc_get_root(doc), *spec = yyjson_obj_get(root, "spec");
    const int64_t seconds_max = INT32_MAX;
    int64_t seconds;

    if (!doc)
        return ERR_CORRUPT;
    if (!str_eq(kube_yyjson_str(root, "kind"), STR_LITERAL("Lease")) ||
        !kube_yyjson_copy(yyjson_obj_get(root, "metadata"), "resourceVersion", r.resource_version,
                          sizeof(r.resource_version)) ||
        !kube_yyjson_copy(spec, "holderIdentity", r.holder, sizeof(r.holder)) ||
        !kube_yyjson_copy(spec, "acquireTime", r.acquire_time, sizeof(r.acquire_time)) ||
        !kube_yyjson_copy(spec, "renewTime", r.renew_time, sizeof(r.renew_time)))
        return err_set(err, ERR_CORRUPT, "not a Lease, or one with texts that are too long");
    seconds = kube_yyjson_int(spec, "leaseDurationSeconds", 0);
    r.duration_ms = seconds > 0 && seconds <= seconds_max ? seconds * 1000 : 0;
    r.transitions = kube_yyjson_int(spec, "leaseTransitions", 0);
    *ret_record = r;
    return ERR_OK;
}

bool kube_lease_encode(struct buf *out, struct str scope, struct str name,
                       const struct kube_lease_record *r, int64_t wall_ms)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *meta, *spec;
    char now[KUBE_TIME_MAX];

    print_micro_time(wall_ms, now);
    yyjson_mut_doc_set_root(doc, root);
    kube_yyjson_add(doc, root, "apiVersion", STR_LITERAL("coordination.k8s.io/v1"));
    kube_yyjson_add(doc, root, "kind", STR_LITERAL("Lease"));
    meta = yyjson_mut_obj_add_obj(doc, root, "metadata");
    kube_yyjson_add(doc, meta, "namespace", scope);
    kube_yyjson_add(doc, meta, "name", name);
    if (r->resource_version[0] != '\0')
        kube_yyjson_add(doc, meta, "resourceVersion", str_from(r->resource_version));
    spec = yyjson_mut_obj_add_obj(doc, root, "spec");
    kube_yyjson_add(doc, spec, "holderIdentity", str_from(r->holder));
    yyjson_mut_obj_add_int(doc, spec, "leaseDurationSeconds", r->duration_ms / 1000);
    kube_yyjson_add(doc, spec, "acquireTime",
                    str_from(r->acquire_time[0] != '\0' ? r->acquire_time : now));
    kube_yyjson_add(doc, spec, "renewTime", str_from(now));
    yyjson_mut_obj_add_int(doc, spec, "leaseTransitions", r->transitions);
    return kube_yyjson_write(doc, out);
}

/* --- Event ------------------------------------------------------------------------------------ */

struct str kube_event_scope(const struct kube_reference *regarding)
{
    return str_from(regarding->scope[0] != '\0' ? regarding->scope : "default");
}

/* The longest part of a note that fits and is whole characters. */
static struct str note_of(const struct kube_event *e)
{
    struct str note = str_from(e->note);

    while (note.n > 0 && !str_is_utf8(note))
        note.n--;
    return note;
}

static void add_reference(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct kube_reference *r)
{
    yyjson_mut_val *v = yyjson_mut_obj_add_obj(doc, root, "regarding");

    kube_yyjson_add(doc, v, "apiVersion", str_from(r->api_version));
    kube_yyjson_add(doc, v, "kind", str_from(r->kind));
    if (r->scope[0] != '\0')
        kube_yyjson_add(doc, v, "namespace", str_from(r->scope));
    kube_yyjson_add(doc, v, "name", str_from(r->name));
    if (r->uid[0] != '\0')
        kube_yyjson_add(doc, v, "uid", str_from(r->uid));
}

static void add_series(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct kube_series *s,
                       const char *last)
{
    yyjson_mut_val *v = yyjson_mut_obj_add_obj(doc, root, "series");

    yyjson_mut_obj_add_int(doc, v, "count", s->written);
    kube_yyjson_add(doc, v, "lastObservedTime", str_from(last));
}

bool kube_event_encode(struct buf *out, const struct kube_series *s,
                       const struct kube_reporter *reporter)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *meta;
    const struct kube_event *e = &s->event;
    char first[KUBE_TIME_MAX], last[KUBE_TIME_MAX];

    print_micro_time(s->first_wall_ms, first);
    print_micro_time(s->last_wall_ms, last);
    yyjson_mut_doc_set_root(doc, root);
    kube_yyjson_add(doc, root, "apiVersion", STR_LITERAL("events.k8s.io/v1"));
    kube_yyjson_add(doc, root, "kind", STR_LITERAL("Event"));
    meta = yyjson_mut_obj_add_obj(doc, root, "metadata");
    kube_yyjson_add(doc, meta, "namespace", kube_event_scope(&e->regarding));
    kube_yyjson_add(doc, meta, "name", str_from(s->name));
    kube_yyjson_add(doc, root, "eventTime", str_from(first));
    kube_yyjson_add(doc, root, "type", str_from(e->warning ? "Warning" : "Normal"));
    kube_yyjson_add(doc, root, "reason", str_from(e->reason));
    kube_yyjson_add(doc, root, "action", str_from(e->action));
    kube_yyjson_add(doc, root, "note", note_of(e));
    kube_yyjson_add(doc, root, "reportingController", reporter->controller);
    kube_yyjson_add(doc, root, "reportingInstance", reporter->instance);
    add_reference(doc, root, &e->regarding);
    if (s->written > 1)
        add_series(doc, root, s, last);
    return kube_yyjson_write(doc, out);
}

bool kube_event_encode_series(struct buf *out, const struct kube_series *s)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    char last[KUBE_TIME_MAX];

    print_micro_time(s->last_wall_ms, last);
    yyjson_mut_doc_set_root(doc, root);
    add_series(doc, root, s, last);
    return kube_yyjson_write(doc, out);
}

/* --- ExecCredential --------------------------------------------------------------------------- */

void kube_credential_release(struct kube_credential *c)
{
    secret_release(&c->token);
    secret_release(&c->cert);
    secret_release(&c->key);
}

static enum err_code take_expiry(yyjson_val *status, int64_t *ret, struct err *err)
{
    const struct str text = kube_yyjson_str(status, "expirationTimestamp");

    *ret = INT64_MAX;
    if (text.n == 0 || civil_time_parse(text, ret))
        return ERR_OK;
    return err_set(err, ERR_CORRUPT, "its expirationTimestamp is no time in UTC: '%.*s'",
                   (int)(text.n < CIVIL_TIME_MAX ? text.n : CIVIL_TIME_MAX), text.p);
}

enum err_code kube_credential_decode(struct str text, const char *api_version,
                                     struct kube_credential *ret, struct err *err)
{
    CLEANUP(kube_yyjson_free) yyjson_doc *doc = kube_yyjson_read(text, err);
    yyjson_val *root = yyjson_doc_get_root(doc), *status = yyjson_obj_get(root, "status");
    struct kube_credential c = { 0 };
    enum err_code rc;

    if (!doc)
        return err_wrap(err, ERR_CORRUPT, "its output");
    if (!str_eq(kube_yyjson_str(root, "kind"), STR_LITERAL("ExecCredential")) ||
        !str_eq(kube_yyjson_str(root, "apiVersion"), str_from(api_version)))
        return err_set(err, ERR_CORRUPT, "its output is no ExecCredential of %s", api_version);
    rc = take_expiry(status, &c.expires_wall_ms, err);
    if (rc != ERR_OK)
        return rc;
    secret_set(&c.token, kube_yyjson_str(status, "token"));
    secret_set(&c.cert, kube_yyjson_str(status, "clientCertificateData"));
    secret_set(&c.key, kube_yyjson_str(status, "clientKeyData"));
    if ((c.cert.n > 0) != (c.key.n > 0) || (c.token.n == 0 && c.cert.n == 0)) {
        kube_credential_release(&c);
        return err_set(err, ERR_CORRUPT,
                       "its status has neither a token nor a certificate with its key");
    }
    *ret = c;
    return ERR_OK;
}

bool kube_credential_ask(struct buf *out, const struct kube_login *login, bool interactive)
{
    CLEANUP(kube_yyjson_mut_free) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *spec, *cluster;

    yyjson_mut_doc_set_root(doc, root);
    kube_yyjson_add(doc, root, "apiVersion", str_from(login->exec.api_version));
    kube_yyjson_add(doc, root, "kind", STR_LITERAL("ExecCredential"));
    spec = yyjson_mut_obj_add_obj(doc, root, "spec");
    yyjson_mut_obj_add_bool(doc, spec, "interactive", interactive);
    if (login->exec.provide_cluster_info) {
        cluster = yyjson_mut_obj_add_obj(doc, spec, "cluster");
        kube_yyjson_add(doc, cluster, "server", str_from(login->server));
        if (login->tls_server_name)
            kube_yyjson_add(doc, cluster, "tls-server-name", str_from(login->tls_server_name));
    }
    return kube_yyjson_write(doc, out);
}
