/*
 * An API server that holds objects of any kind, and the links of its clients, on which everything
 * takes time and may go wrong. It keeps versions, uids and preconditions, applies, tells watches,
 * and collects what the owner that is gone has left behind.
 *
 * Applying is replacing here, but for the status; "half" is stored as "500m".
 */
#ifndef REDWAL_TESTS_FAKE_API_H
#define REDWAL_TESTS_FAKE_API_H

#include "base/buf.h"
#include "base/prng.h"
#include "port/kube.h"

enum { FAKE_API_OBJECTS_MAX = 512, FAKE_API_HISTORY_MAX = 32 * 1024, FAKE_API_LINKS_MAX = 4 };

struct fake_api_object {
    char *collection; /* "/api/v1/configmaps" */
    char *scope, *name;
    char *text; /* all of it; NULL: a free place */
    int64_t version, uid;
};

struct fake_api_change {
    int64_t version;
    char *collection, *scope;
    char *text;
    bool gone;
    bool labelled, was_labelled; /* is, was it seen by those who select */
};

/* One request under way. */
struct fake_api_transfer {
    uint64_t id; /* 0: free */
    struct kube_request request;
    int64_t arrives_ms, returns_ms;
    bool served, lost, lost_on_the_way;
    int http;
    struct buf answer; /* of a watch: what it has not told yet */
    bool watching;
    int64_t version; /* a watch has told of all up to here */
    int64_t ends_ms;
    struct buf telling; /* handed out */
};

struct fake_api;

enum fake_api_fault {
    FAKE_API_FINE,
    FAKE_API_LOST,        /* it does not arrive */
    FAKE_API_ANSWER_LOST, /* it is done, and nobody is told */
    FAKE_API_REFUSED,     /* the server says 500 */
};

/* What a server does that must not be trusted, to see whether tests notice. */
enum fake_api_lie {
    FAKE_API_HONEST,
    FAKE_API_IGNORES_VERSIONS, /* a lease is replaced in whatever version it is */
    FAKE_API_DROPS_STATUSES,   /* and says that they are written */
    FAKE_API_FORGETS_TO_TELL,  /* watches are not told of some changes */
    FAKE_API_REPEATS_EVENTS,   /* a created Event is there twice */
};

struct fake_api_link {
    struct fake_api *api;
    struct fake_api_transfer transfers[KUBE_TRANSFERS_MAX];
    uint64_t n_started;
    unsigned trouble;    /* of a thousand requests */
    bool down;           /* nothing arrives, watches are cut */
    bool quiet;          /* watches are told nothing for now */
    bool forbidden;      /* 403 */
    const char *refused; /* 403 for what is asked of such a target; NULL: nothing is */
    const char *broken;  /* 500, in the same way */
    const char *slow;    /* what is asked of such a target is answered late; NULL: nothing is */
    uint64_t fault_at;   /* what befalls the request of that number; 0: none */
    enum fake_api_fault fault;
    /* Called when a write is sent. */
    void (*on_write)(void *self, const struct kube_request *request);
    void *self;
};

struct fake_api {
    struct prng prng;
    int64_t now_ms;
    int64_t version, compacted;
    const char *served; /* groups with their kinds, as JSON, for whoever asks what there is */
    enum fake_api_lie lie;
    const char *label; /* what objects that are selected have in their text */
    struct fake_api_object objects[FAKE_API_OBJECTS_MAX];
    struct fake_api_change history[FAKE_API_HISTORY_MAX];
    size_t n_history;
    struct fake_api_link links[FAKE_API_LINKS_MAX];
    size_t n_links;
    uint64_t n_changed, n_idle; /* writes through links: with and without an effect */
    uint64_t n_trespasses;      /* writes to what belongs to somebody else */
};

void fake_api_init(struct fake_api *a, uint64_t seed, const char *label);
void fake_api_release(struct fake_api *a);
/* Serves what has arrived by then. */
void fake_api_step(struct fake_api *a, int64_t now_ms);
int64_t fake_api_due_ms(const struct fake_api *a); /* when something arrives or returns */
void fake_api_compact(struct fake_api *a);

struct fake_api_link *fake_api_link_add(struct fake_api *a);
struct kube fake_api_port(struct fake_api_link *link);

/* What other users do. `text` has metadata.name and namespace in it. */
struct fake_api_object *fake_api_find(struct fake_api *a, const char *collection, const char *scope,
                                      const char *name);
void fake_api_put(struct fake_api *a, const char *collection, const char *scope, const char *name,
                  const char *text);
void fake_api_delete(struct fake_api *a, struct fake_api_object *object);
/* Deletes what a gone owner has left; how many. */
size_t fake_api_collect_garbage(struct fake_api *a);

#endif
