/*
 * Whatever an API server keeps as the status of a RedisWal, of this version or another: it is read
 * as far as it is known, twice the same, or it is no JSON.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "codec/wal_status_json.h"
#include "core/look.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str json = { (const char *)data, size };
    struct wal_status one = { 0 }, two = { 0 };
    char run_id[RUN_ID_MAX + 1] = "";
    struct err err = { 0 };
    const enum err_code rc = wal_status_decode(json, &one, &err);

    INVARIANT(wal_status_decode(json, &two, NULL) == rc);
    INVARIANT(rc == ERR_OK || rc == ERR_CORRUPT);
    INVARIANT((rc == ERR_OK) == (err.msg[0] == '\0'));
    if (rc == ERR_OK) {
        INVARIANT(!wal_status_differs(&one, &two));
        INVARIANT(wal_phase_text(one.phase) != NULL);
    }
    INVARIANT(wal_status_primary(json, run_id) != LOOK_UNKNOWN || run_id[0] == '\0');
    INVARIANT(memchr(run_id, '\0', sizeof(run_id)) != NULL);
    return 0;
}
