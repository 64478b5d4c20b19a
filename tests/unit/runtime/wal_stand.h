/*
 * RedisWals over an API server, a Redis and a log that answer what a test says, with the time that
 * a test says.
 */
#ifndef REDWAL_TEST_WAL_STAND_H
#define REDWAL_TEST_WAL_STAND_H

#include <stdbool.h>
#include <stdint.h>

#include "fake_api.h"
#include "fake_mirror.h"
#include "looks.h"
#include "runtime/wal_reconciler.h"

#define WALS        "/apis/redwal.dev/v1alpha1/rediswals"
#define FAILOVERS   "/apis/databases.spotahome.com/v1/redisfailovers"
#define DEPLOYMENTS "/apis/apps/v1/deployments"
#define MAPS        "/api/v1/configmaps"
#define SECRETS     "/api/v1/secrets"
#define PODS        "/api/v1/pods"
#define EVENTS      "/apis/events.k8s.io/v1/events"
#define LABEL       "\"app.kubernetes.io/managed-by\":\"redwal-controller\""
#define NAMED_WAL(name, redis)                                                                     \
    "{\"apiVersion\":\"redwal.dev/v1alpha1\",\"kind\":\"RedisWal\",\"metadata\":{\"name\":\"" name \
    "\",\"namespace\":\"ns\",\"generation\":1},\"spec\":{\"wal\":\"" LOOKS_WAL                     \
    "\",\"redis\":" redis ",\"kafka\":{\"brokers\":[\"k:9092\"]}}}"
#define WAL(redis)       NAMED_WAL("orders", redis)
#define OTHER_BY_ADDRESS NAMED_WAL("other", "{\"address\":\"r:6379\"}")
#define BY_ADDRESS       WAL("{\"address\":\"r:6379\"}")
#define BY_FAILOVER      WAL("{\"failover\":\"cache\"}")
#define NOBODY           WAL("{}")
#define FAILOVER                                                                                   \
    "{\"apiVersion\":\"databases.spotahome.com/v1\",\"kind\":\"RedisFailover\",\"metadata\":"      \
    "{\"name\":\"cache\",\"namespace\":\"ns\"},\"spec\":{\"auth\":{\"secretPath\":\"auth\"}}}"
#define SECRET                                                                                     \
    "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"auth\",\"namespace\":\"ns\"},\"data\":"         \
    "{\"password\":\"aHVzaA==\"}}"
#define FAILOVERS_SERVED                                                                           \
    "{\"metadata\":{\"name\":\"databases.spotahome.com\"},\"versions\":[{\"version\":\"v1\","      \
    "\"resources\":[{\"resource\":\"redisfailovers\"}]}]}"

enum {
    PARTITIONS = 2,
    LOOK_MS = 10 * 1000,
    LOOKS_PER_TURN = 4, /* more than what is taken for a late answer */
    STEP_MAX_MS = 200,
    MINUTE_MS = 60 * 1000,
    SOURCE_END = 130,
};

struct wal_stand {
    struct fake_api *api;
    struct fake_api_link *link;
    struct wal_reconciler *reconciler;
    struct log *log;   /* NULL: nobody reads it */
    unsigned n_writes; /* but of the lease */
    /* The one question that is open at each, and what it will be answered. */
    uint64_t redis_asked, log_asked;
    bool well;                           /* they answer, and all is well */
    bool wavers;                         /* or not, in turns */
    char password[32], log_password[32]; /* that Redis, and the brokers, were given */
    unsigned n_looks;
    uint64_t listens_to;  /* 0: to nobody */
    unsigned n_listened;  /* how often that began, */
    char listens_for[32]; /* and for the primary of which name */
    bool has_news;
    enum redis_news_type news;
    const char *run_id;              /* of the primary */
    int64_t mark_age_ms;             /* of the last mark it has passed; LOOK_UNKNOWN: of none, */
    int64_t n_different;             /* and of how many before it a partition differs */
    bool hangs;                      /* the next question gets no answer, */
    bool late;                       /* or gets it now */
    int64_t redis_asked_ms, hung_ms; /* 0: it has not come yet */
    struct fake_connector connector;
    struct fake_mirror mirror;
    uint64_t source_asked, offsets_asked;
    int64_t stored;      /* by the connector, in each partition; LOOK_UNKNOWN: nothing */
    const char *why;     /* that cannot be read; NULL: it can */
    char stored_at[128]; /* the way there that was asked: brokers, security, user, password, CA */
    const char *here;    /* brokers that are asked */
    int64_t log_end;     /* of each partition here, for who reads everything, */
    int64_t stable_end;  /* and for who reads what is committed */
};

extern int64_t wal_stand_ms; /* the time that it is */

int wal_stand_set_up(void **state);
int wal_stand_tear_down(void **state);
/* Makes a reconciler, as a process that begins anew does. */
void wal_stand_begin(struct wal_stand *s);
void wal_stand_run(struct wal_stand *s, int64_t duration_ms);

void wal_stand_put_wal(struct wal_stand *s, const char *text);
/* BY_FAILOVER, and what it needs. */
void wal_stand_put_failover(struct wal_stand *s);
/* What the controllers of Kubernetes do. */
void wal_stand_scale_up(struct wal_stand *s);

/* The text of an object of the namespace `ns`; "" when it is not there. */
const char *wal_stand_text(struct wal_stand *s, const char *collection, const char *name);
/* Fails unless the RedisWal `orders` has that in its text. */
void wal_stand_says(struct wal_stand *s, const char *what);
void wal_stand_says_not(struct wal_stand *s, const char *what);
unsigned wal_stand_count_events(struct wal_stand *s, const char *reason);

/* The RedisWal `orders`, with a mirror that is to be in that state and is `named` like that. */
void wal_stand_put_mirror(struct wal_stand *s, int generation, const char *state,
                          const char *named);
/* The same of another RedisWal. */
void wal_stand_put_mirror_of(struct wal_stand *s, const char *name, int generation,
                             const char *state, const char *named);
/* Fails unless its status says so of the mirror. */
void wal_stand_says_of_mirror(struct wal_stand *s, const char *state, const char *reason);

#endif
