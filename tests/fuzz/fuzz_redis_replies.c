/*
 * Redis may answer anything, in any order: errors of all kinds and texts, values where a status was
 * expected, arrays of the wrong length. The applier gives the connection up or goes on; it keeps no
 * message, reads past no answer, and what an error is taken for is one of the known classes.
 */
#include <stdint.h>

#include "applier_stand.h"
#include "base/check.h"
#include "core/redis_error.h"
#include "stand_script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void classify(struct str text)
{
    const struct str cause = redis_error_cause(text);

    INVARIANT(cause.n <= text.n && redis_error_classify(text) < REDIS_ERROR_CLASS_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct applier_settings settings = stand_settings();
    struct stand s;

    classify((struct str){ (const char *)data, size });
    if (size == 0)
        return 0;
    settings.on_reject = data[0] & 1 ? ON_REJECT_HALT : ON_REJECT_SKIP;
    settings.batch_max_ops = data[0] & 2 ? 1 : 16;
    stand_open(&s, &settings);
    stand_play(&s, data + 1, size - 1);
    stand_close(&s);
    return 0;
}
