/* The verbs below `dlq` that have files of their own. */
#ifndef KUBECTL_REDWAL_VERB_DLQ_H
#define KUBECTL_REDWAL_VERB_DLQ_H

#include "cli/verb.h"

extern const struct verb verb_dlq_keys;
extern const struct verb verb_dlq_retry;
extern const struct verb verb_dlq_discard;

#endif
