/*
 * What a fresh connection to a Redis asks before anything is written: who it is, whose it is, and
 * what it can do.
 */
#ifndef REDWAL_ADAPTER_PRIMARY_FACTS_H
#define REDWAL_ADAPTER_PRIMARY_FACTS_H

#include <hiredis/hiredis.h>

#include "base/err.h"
#include "core/primary.h"

/* Blocks for the answers, each within the context's timeout and all of them within timeout_ms. The
 * context's replies are struct reply (adapter/reply_reader.h). Sets everything but the address.
 * A server that is loading, or a replica that cannot answer everything, is reported as such. */
enum err_code primary_facts_ask(redisContext *c, int64_t timeout_ms, int64_t (*wall_ms)(void),
                                struct primary_facts *ret, struct err *err);

#endif
