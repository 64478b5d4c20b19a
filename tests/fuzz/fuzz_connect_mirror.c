/* What Connect and Strimzi say of a mirror: whatever comes in, no answer is taken for more than it
 * is. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "codec/connect_json.h"
#include "codec/strimzi_mirror.h"

enum { PARTITIONS = 4 };

static void read_connect(struct str text)
{
    struct mirror_look look = { .n_tasks = LOOK_UNKNOWN };
    struct connect_config config;
    int64_t next[PARTITIONS];
    struct err err;

    if (connect_status_read(text, &look, &err) == ERR_OK)
        PRE(look.exists && look.n_running + look.n_failed <= look.n_tasks);
    else
        PRE(!look.exists && look.n_tasks == LOOK_UNKNOWN);
    if (connect_config_read(text, &config, &err) == ERR_OK)
        PRE(config.exactly_once != TRUTH_NO);
    if (connect_offsets_read(text, STR_LITERAL("wal"), next, PARTITIONS, &err) == ERR_OK)
        for (size_t i = 0; i < PARTITIONS; i++)
            PRE(next[i] == LOOK_UNKNOWN || next[i] > 0);
    for (long status = 200; status < 600; status += 4)
        PRE((connect_answer_check(status, text, &err) == ERR_OK) == (status < 300));
}

static void read_strimzi(struct str text)
{
    struct strimzi_mirror m;
    struct err err;

    if (strimzi_mirror_read(text, STR_LITERAL(""), &m, &err) != ERR_OK &&
        strimzi_mirror_read(text, STR_LITERAL("dc"), &m, &err) != ERR_OK)
        return;
    PRE(!(m.asks_to_run && m.asks_to_stop));
    PRE(m.told.followed == TRUTH_YES || m.told.current == TRUTH_NO);
    for (enum mirror_effect e = MIRROR_EFFECT_STOP; e <= MIRROR_EFFECT_RESUME; e++) {
        CLEANUP(buf_release) struct buf out = { 0 };

        if (e == MIRROR_EFFECT_GUARD)
            continue;
        buf_init(&out, STRIMZI_PATCH_MAX);
        if (strimzi_mirror_patch(&m, e, false, &out, &err) == ERR_OK)
            PRE(m.told.followed == TRUTH_YES && m.has_source);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str text = { (const char *)data, size };

    read_connect(text);
    read_strimzi(text);
    return 0;
}
