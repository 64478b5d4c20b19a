/*
 * Whatever an API server sends for a RedisWal: it is one that satisfies every rule, or an error
 * that says where. Decoding the same again gives the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cli/applier_options.h"
#include "codec/wal_resource.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str text = { (const char *)data, size };
    struct wal_resource one = { 0 }, two = { 0 };
    struct err err = { 0 };
    const enum err_code rc = wal_resource_decode(text, applier_options(), &one, &err);

    INVARIANT(wal_resource_decode(text, applier_options(), &two, NULL) == rc);
    INVARIANT(rc == ERR_OK || rc == ERR_INVALID || rc == ERR_CORRUPT);
    INVARIANT((rc == ERR_OK) == (err.msg[0] == '\0'));
    INVARIANT(rc == ERR_CORRUPT || (one.name && one.scope && one.uid));
    for (unsigned rule = 0; rc == ERR_OK && rule < WAL_RULE_COUNT; rule++)
        INVARIANT(wal_rule_holds(rule, &one.spec));
    if (rc == ERR_OK) {
        INVARIANT(one.spec.wal && strcmp(one.spec.wal, two.spec.wal) == 0);
        INVARIANT(one.spec.n_settings == two.spec.n_settings);
    }
    wal_resource_release(&one);
    wal_resource_release(&two);
    return 0;
}
