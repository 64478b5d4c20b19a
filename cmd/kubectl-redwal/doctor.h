/*
 * What `doctor` asks of Kafka, Redis, the Sentinels and the cluster, to be judged by
 * lib/core/diagnosis.h and lib/core/cluster_diagnosis.h. What
 * cannot be asked stays unknown, and standard error says why.
 */
#ifndef KUBECTL_REDWAL_DOCTOR_H
#define KUBECTL_REDWAL_DOCTOR_H

#include "adapter/log_reader_rdkafka.h"
#include "cluster.h"
#include "doctor_rows.h"
#include "link.h"

struct doctor {
    const struct invocation *in;
    const char *controller_scope; /* namespace */
    struct doctor_rows rows;
    bool unreachable;         /* somebody who was asked */
    bool without_secrets;     /* they are not read */
    struct log_survey survey; /* of the log */
    struct diagnosis_facts facts;
};

/* With --rediswal; adds its rows. */
void doctor_ask_cluster(struct doctor *d);
/* The same for the RedisWal of that name. `c` NULL: nobody can be asked. */
void doctor_look_at(struct doctor *d, struct cluster *c, const char *name);
void doctor_ask_kafka(struct doctor *d);
void doctor_ask_redis(struct doctor *d); /* after Kafka: for the positions of its partitions */
void doctor_ask_sentinels(struct doctor *d);
void doctor_ask_mirror(struct doctor *d);

/* True when it is ERR_OK; complains otherwise. */
bool doctor_asked(struct doctor *d, enum err_code rc, const struct err *err);

#endif
