#include "core/kube_request.h"

#include <string.h>

#define JSON        "application/json"
#define ANYTHING    "application/json, */*"
#define APPLY       "application/apply-patch+yaml"
#define JSON_PATCH  "application/json-patch+json"
#define MERGE_PATCH "application/merge-patch+json"

/* A watch that the server does not end by itself is ended this much later. */
enum { WATCH_GRACE_MS = 10 * 1000 };

const char *kube_method_word(enum kube_method method)
{
    static const char *const words[KUBE_METHOD_COUNT] = {
#define ROW(name, word) [KUBE_##name] = word,
        KUBE_METHODS(ROW)
#undef ROW
    };

    return words[method];
}

void kube_request_release(struct kube_request *r)
{
    buf_release(&r->target);
    buf_release(&r->body);
    *r = (struct kube_request){ 0 };
}

/* RFC 3986: unreserved bytes stay. */
static bool stays(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c));
}

static bool add_escaped(struct buf *out, struct str s)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.n; i++) {
        const unsigned char byte = (unsigned char)s.p[i];
        const char escaped[] = { '%', hex[byte >> 4], hex[byte & 15] };

        if (!buf_append(out, stays(s.p[i]) ? &s.p[i] : escaped, stays(s.p[i]) ? 1 : 3))
            return false;
    }
    return true;
}

static bool add_segment(struct buf *out, struct str segment)
{
    return segment.n == 0 || (buf_append_text(out, "/") && add_escaped(out, segment));
}

static bool add_query(struct buf *out, const char *name, struct str value)
{
    const char *const separator = out->n > 0 && memchr(out->p, '?', out->n) ? "&" : "?";

    return value.n == 0 || (buf_append_text(out, separator) && buf_append_text(out, name) &&
                            buf_append_text(out, "=") && add_escaped(out, value));
}

static bool add_number(struct buf *out, const char *name, int64_t value)
{
    CLEANUP(buf_release) struct buf text = { 0 };

    buf_init(&text, KUBE_TARGET_MAX);
    return buf_append_int64(&text, value) && add_query(out, name, buf_str(&text));
}

static bool add_path(struct buf *out, const struct kube_target *t)
{
    const struct kube_resource *r = &t->resource;

    return buf_append_text(out, r->group.n > 0 ? "/apis" : "/api") && add_segment(out, r->group) &&
           add_segment(out, r->version) &&
           (t->scope.n == 0 ||
            (buf_append_text(out, "/namespaces") && add_segment(out, t->scope))) &&
           add_segment(out, r->plural) && add_segment(out, t->name) &&
           add_segment(out, t->subresource);
}

static bool begin(struct kube_request *r, enum kube_method method, const struct kube_target *target)
{
    r->method = method;
    r->accept = JSON;
    r->timeout_ms = KUBE_REQUEST_TIMEOUT_MS;
    buf_init(&r->target, KUBE_TARGET_MAX);
    buf_init(&r->body, KUBE_BODY_MAX);
    return !target || add_path(&r->target, target);
}

static bool select(struct kube_request *r, const struct kube_selection *selection)
{
    return add_query(&r->target, "labelSelector", selection->label_selector) &&
           add_query(&r->target, "fieldSelector", selection->field_selector);
}

static bool write_body(struct kube_request *r, enum kube_method method,
                       const struct kube_target *target, const struct kube_write *write,
                       const char *content_type, struct str body)
{
    if (!begin(r, method, target))
        return false;
    r->content_type = content_type;
    return add_query(&r->target, "fieldManager", write->field_manager) &&
           add_query(&r->target, "force", str_from(write->force ? "true" : "")) &&
           add_query(&r->target, "dryRun", str_from(write->dry_run ? "All" : "")) &&
           add_query(&r->target, "fieldValidation", str_from(write->strict ? "Strict" : "")) &&
           buf_append_str(&r->body, body);
}

bool kube_request_get(struct kube_request *r, const struct kube_target *target)
{
    return begin(r, KUBE_GET, target);
}

bool kube_request_list(struct kube_request *r, const struct kube_target *target,
                       const struct kube_selection *selection, unsigned limit, struct str next)
{
    return begin(r, KUBE_GET, target) && select(r, selection) &&
           (limit == 0 || add_number(&r->target, "limit", limit)) &&
           add_query(&r->target, "continue", next);
}

bool kube_request_watch(struct kube_request *r, const struct kube_target *target,
                        const struct kube_selection *selection, struct str resource_version,
                        unsigned timeout_s)
{
    if (!begin(r, KUBE_GET, target))
        return false;
    r->stream = true;
    r->timeout_ms = (int64_t)timeout_s * 1000 + WATCH_GRACE_MS;
    return add_query(&r->target, "watch", STR_LITERAL("1")) && select(r, selection) &&
           add_query(&r->target, "allowWatchBookmarks", STR_LITERAL("true")) &&
           add_query(&r->target, "resourceVersion", resource_version) &&
           add_number(&r->target, "timeoutSeconds", timeout_s);
}

bool kube_request_log(struct kube_request *r, const struct kube_target *pod,
                      const struct kube_log_selection *s)
{
    struct kube_target target = *pod;

    target.subresource = STR_LITERAL("log");
    if (!begin(r, KUBE_GET, &target))
        return false;
    r->stream = true;
    r->accept = ANYTHING; /* the log is text, a refusal JSON */
    r->timeout_ms = s->follow ? 0 : KUBE_LOG_TIMEOUT_MS;
    return add_query(&r->target, "container", s->container) &&
           add_query(&r->target, "timestamps", STR_LITERAL("true")) &&
           add_query(&r->target, "follow", str_from(s->follow ? "true" : "")) &&
           add_query(&r->target, "previous", str_from(s->previous ? "true" : "")) &&
           (s->tail_lines < 0 || add_number(&r->target, "tailLines", s->tail_lines)) &&
           (s->since_s == 0 || add_number(&r->target, "sinceSeconds", s->since_s)) &&
           (s->limit_bytes == 0 || add_number(&r->target, "limitBytes", s->limit_bytes));
}

bool kube_request_pod_page(struct kube_request *r, const struct kube_target *pod, struct str page,
                           const char *flag)
{
    struct kube_target target = *pod;

    target.subresource = STR_LITERAL("proxy");
    if (!begin(r, KUBE_GET, &target))
        return false;
    r->accept = ANYTHING; /* as with logs */
    return add_segment(&r->target, page) &&
           (*flag == '\0' || add_query(&r->target, flag, STR_LITERAL("true")));
}

bool kube_request_create(struct kube_request *r, const struct kube_target *target,
                         const struct kube_write *write, struct str object)
{
    return write_body(r, KUBE_POST, target, write, JSON, object);
}

bool kube_request_update(struct kube_request *r, const struct kube_target *target,
                         const struct kube_write *write, struct str object)
{
    return write_body(r, KUBE_PUT, target, write, JSON, object);
}

/* What is applied is read as YAML, which knows line breaks and forbidden characters that JSON
 * allows in a text: U+007F to U+009F, U+2028, U+2029, U+FEFF, U+FFFE and U+FFFF. Returns how many
 * bytes of `s` such a character takes; 0: it does not begin with one. */
static size_t unfit_for_yaml(struct str s, unsigned *ret_character)
{
    const unsigned char *b = (const unsigned char *)s.p;

    if (b[0] == 0x7f) {
        *ret_character = b[0];
        return 1;
    }
    if (s.n >= 2 && b[0] == 0xc2 && b[1] < 0xa0) {
        *ret_character = b[1];
        return 2;
    }
    if (s.n < 3)
        return 0;
    *ret_character = (b[0] & 0x0fu) << 12 | (b[1] & 0x3fu) << 6 | (b[2] & 0x3fu);
    return (b[0] == 0xe2 && b[1] == 0x80 && (b[2] == 0xa8 || b[2] == 0xa9)) ||
                   (b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf) ||
                   (b[0] == 0xef && b[1] == 0xbf && b[2] >= 0xbe)
               ? 3
               : 0;
}

static bool escape_for_yaml(struct buf *out, struct str json)
{
    size_t begin = 0;

    for (size_t i = 0; i < json.n; i++) {
        unsigned character = 0;
        const size_t n = unfit_for_yaml((struct str){ json.p + i, json.n - i }, &character);

        if (n == 0)
            continue;
        if (!buf_append(out, json.p + begin, i - begin) || !buf_appendf(out, "\\u%04x", character))
            return false;
        begin = i + n;
        i += n - 1;
    }
    return buf_append(out, json.p + begin, json.n - begin);
}

bool kube_request_apply(struct kube_request *r, const struct kube_target *target,
                        const struct kube_write *write, struct str object)
{
    PRE(write->field_manager.n > 0);
    return write_body(r, KUBE_PATCH, target, write, APPLY, (struct str){ 0 }) &&
           escape_for_yaml(&r->body, object);
}

bool kube_request_json_patch(struct kube_request *r, const struct kube_target *target,
                             const struct kube_write *write, struct str operations)
{
    return write_body(r, KUBE_PATCH, target, write, JSON_PATCH, operations);
}

bool kube_request_merge_patch(struct kube_request *r, const struct kube_target *target,
                              const struct kube_write *write, struct str patch)
{
    return write_body(r, KUBE_PATCH, target, write, MERGE_PATCH, patch);
}

bool kube_request_delete(struct kube_request *r, const struct kube_target *target,
                         struct str options)
{
    if (!begin(r, KUBE_DELETE, target))
        return false;
    r->content_type = JSON;
    return buf_append_str(&r->body, options);
}

bool kube_request_path(struct kube_request *r, const char *path, const char *accept)
{
    if (!begin(r, KUBE_GET, NULL))
        return false;
    r->accept = accept;
    return buf_append_text(&r->target, path);
}
