/*
 * What a fresh connection to a Redis asks before anything is written: who it is, whose it is, and
 * what it can do.
 */
#ifndef REDWAL_ADAPTER_PRIMARY_FACTS_H
#define REDWAL_ADAPTER_PRIMARY_FACTS_H

#include <hiredis/hiredis.h>

#include "base/err.h"
#include "core/primary.h"

/* What for: to read, fewer permissions are needed, and less is said. */
enum primary_facts_purpose { PRIMARY_FACTS_TO_READ, PRIMARY_FACTS_TO_WRITE };

/* Blocks for the answers, each within the context's timeout and all of them within timeout_ms. The
 * context's replies are struct reply (adapter/reply_reader.h). Sets everything but the address, and
 * to read all but the commands. A server that is loading, or a replica that cannot answer
 * everything, is reported as such. */
enum err_code primary_facts_ask(redisContext *c, enum primary_facts_purpose purpose,
                                int64_t timeout_ms, int64_t (*wall_ms)(void),
                                struct primary_facts *ret, struct err *err);

#endif
