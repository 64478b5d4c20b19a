/*
 * Requests to the Kubernetes API, from what is meant to method, target and headers.
 */
#ifndef REDWAL_CORE_KUBE_REQUEST_H
#define REDWAL_CORE_KUBE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum {
    KUBE_TARGET_MAX = 8 * 1024,          /* path and query */
    KUBE_BODY_MAX = 3 * 1024 * 1024,     /* of a request; the server's own limit */
    KUBE_ANSWER_MAX = 64 * 1024 * 1024,  /* of an answer: a list that is not paged */
    KUBE_REQUEST_TIMEOUT_MS = 30 * 1000, /* of a request that is not a watch */
    KUBE_LOG_TIMEOUT_MS = 10 * 60 * 1000 /* of a log that is not followed */
};

/* X(name, word) */
#define KUBE_METHODS(X)                                                                            \
    X(GET, "GET")                                                                                  \
    X(POST, "POST")                                                                                \
    X(PUT, "PUT")                                                                                  \
    X(PATCH, "PATCH")                                                                              \
    X(DELETE, "DELETE")

#define KUBE_METHOD_ENUM(name, word) KUBE_##name,
enum kube_method { KUBE_METHODS(KUBE_METHOD_ENUM) KUBE_METHOD_COUNT };
#undef KUBE_METHOD_ENUM

const char *kube_method_word(enum kube_method method);

/* One kind of object as it is served: {"apps", "v1", "deployments"}; the core group is "". */
struct kube_resource {
    struct str group, version, plural;
};

/* What a request is about. An empty scope is all namespaces, or a resource that has none. */
struct kube_target {
    struct kube_resource resource;
    struct str scope;       /* namespace */
    struct str name;        /* empty: the collection */
    struct str subresource; /* "status", or empty */
};

struct kube_request {
    enum kube_method method;
    struct buf target;        /* path and query, escaped */
    struct buf body;          /* empty when there is none */
    const char *content_type; /* of the body; static */
    const char *accept;       /* static */
    bool stream;              /* the body of a good answer is handed on as it arrives */
    int64_t timeout_ms;       /* for the whole of it; 0: none */
};

void kube_request_release(struct kube_request *r); /* safe on a zeroed request */

/* Which objects; an empty selector is all. */
struct kube_selection {
    struct str label_selector, field_selector;
};

/* What of a container's log. */
struct kube_log_selection {
    struct str container;
    bool follow;
    bool previous;       /* of the container that ran before, in the same pod */
    int64_t tail_lines;  /* negative: all */
    int64_t since_s;     /* 0: all */
    int64_t limit_bytes; /* then it is cut; 0: not */
};

/* How a write is done. */
struct kube_write {
    struct str field_manager; /* who owns the fields; required with apply */
    bool force;               /* apply: take fields that others own */
    bool dry_run;
    bool strict; /* unknown and repeated fields are errors, not warnings */
};

/* Each fills a zeroed request; false: longer than KUBE_TARGET_MAX or KUBE_BODY_MAX. */

NODISCARD bool kube_request_get(struct kube_request *r, const struct kube_target *target);
/* `limit` 0: not paged. `next` is what the page before gave as `continue`. */
NODISCARD bool kube_request_list(struct kube_request *r, const struct kube_target *target,
                                 const struct kube_selection *selection, unsigned limit,
                                 struct str next);
/* Bookmarks included; the server ends it after timeout_s. */
NODISCARD bool kube_request_watch(struct kube_request *r, const struct kube_target *target,
                                  const struct kube_selection *selection,
                                  struct str resource_version, unsigned timeout_s);
/* A container's log; each line begins with its time and a blank. `pod` has no subresource. */
NODISCARD bool kube_request_log(struct kube_request *r, const struct kube_target *pod,
                                const struct kube_log_selection *selection);
/* A page that a pod serves over HTTP, at the first port that its containers name: "metrics". `flag`
 * is a query of it, or empty. `pod` has no subresource. */
NODISCARD bool kube_request_pod_page(struct kube_request *r, const struct kube_target *pod,
                                     struct str page, const char *flag);
NODISCARD bool kube_request_create(struct kube_request *r, const struct kube_target *target,
                                   const struct kube_write *write, struct str object);
/* Replaces it; the object's resourceVersion makes it a comparison, too. */
NODISCARD bool kube_request_update(struct kube_request *r, const struct kube_target *target,
                                   const struct kube_write *write, struct str object);
/* Server-side apply. The server does not read JSON's pairs of \uD8xx and \uDCxx there: write such
 * characters as they are. */
NODISCARD bool kube_request_apply(struct kube_request *r, const struct kube_target *target,
                                  const struct kube_write *write, struct str object);
NODISCARD bool kube_request_json_patch(struct kube_request *r, const struct kube_target *target,
                                       const struct kube_write *write, struct str operations);
NODISCARD bool kube_request_merge_patch(struct kube_request *r, const struct kube_target *target,
                                        const struct kube_write *write, struct str patch);
/* `options`: a DeleteOptions object, see codec/kube_json.h; may be empty. */
NODISCARD bool kube_request_delete(struct kube_request *r, const struct kube_target *target,
                                   struct str options);
/* Any other path of the API: "/version". */
NODISCARD bool kube_request_path(struct kube_request *r, const char *path, const char *accept);

#endif
