/*
 * What `doctor` asks of Kafka, Redis and the Sentinels, to be judged by lib/core/diagnosis.h. What
 * cannot be asked stays unknown, and standard error says why.
 */
#ifndef KUBECTL_REDWAL_DOCTOR_H
#define KUBECTL_REDWAL_DOCTOR_H

#include "adapter/log_reader_rdkafka.h"
#include "core/diagnosis.h"
#include "link.h"

struct doctor {
    const struct invocation *in;
    struct log_survey survey; /* of the log */
    struct diagnosis_facts facts;
};

void doctor_ask_kafka(struct doctor *d);
void doctor_ask_redis(struct doctor *d); /* after Kafka: for the positions of its partitions */
void doctor_ask_sentinels(struct doctor *d);

/* True when it is ERR_OK; complains otherwise. */
bool doctor_asked(const struct doctor *d, enum err_code rc, const struct err *err);

#endif
