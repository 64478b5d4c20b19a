/*
 * Whatever an API server sends for a RedisRestore: it is one that satisfies every rule and whose
 * status can be gone on from, or an error that says where. What is written is read as it was.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "codec/restore_resource.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_status(const struct restore_status *s)
{
    INVARIANT(s->step < RESTORE_STEP_COUNT);
    INVARIANT(s->plan.n >= 0 && s->plan.n <= RESTORE_PARTITIONS_MAX);
    for (int32_t i = 0; i < s->plan.n; i++)
        INVARIANT(s->plan.partitions[i].from >= 0 && s->plan.partitions[i].until >= 0 &&
                  s->plan.partitions[i].until <= s->plan.partitions[i].end);
}

static void check_spec(const struct restore_spec *s)
{
    for (enum restore_rule rule = 0; rule < RESTORE_RULE_COUNT; rule++)
        INVARIANT(restore_rule_holds(rule, s));
    INVARIANT(s->rediswal && s->rate >= 0 && s->time_ms >= 0);
    for (int32_t i = 0; i < s->positions.n; i++)
        INVARIANT(s->positions.at[i].partition >= 0 && s->positions.at[i].offset >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str text = { (const char *)data, size };
    struct restore_resource one = { 0 }, two = { 0 };
    struct buf out;
    struct err err = { 0 };
    const enum err_code rc = restore_resource_decode(text, &one, &err);

    INVARIANT(restore_resource_decode(text, &two, NULL) == rc);
    INVARIANT(rc == ERR_OK || rc == ERR_INVALID || rc == ERR_CORRUPT);
    INVARIANT((rc == ERR_OK) == (err.msg[0] == '\0'));
    INVARIANT(rc == ERR_CORRUPT || (one.name && one.scope && one.uid && one.resource_version));
    if (rc == ERR_OK) {
        buf_init(&out, RESTORE_STATUS_JSON_MAX);
        check_spec(&one.spec);
        check_status(&one.status);
        INVARIANT(restore_resource_encode_status(&out, &one));
        buf_release(&out);
    }
    restore_resource_release(&one);
    restore_resource_release(&two);
    return 0;
}
