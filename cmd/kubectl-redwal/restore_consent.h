/*
 * Asking before a Redis is wiped.
 */
#ifndef KUBECTL_REDWAL_RESTORE_CONSENT_H
#define KUBECTL_REDWAL_RESTORE_CONSENT_H

#include "codec/restore_resource.h"
#include "codec/wal_view.h"

/* Whether there is a person to ask. */
bool restore_consent_can_ask(void);
/* Says what is wiped, what is replayed and what is not brought back, and reads the answer: the
 * RedisWal's name. */
bool restore_consent_ask(const struct wal_view *wal, const struct restore_resource *plan);

/* What it says, without the question. */
void restore_consent_print(const struct wal_view *wal, const struct restore_resource *plan,
                           struct buf *out);

#endif
