/*
 * From an envelope to what Redis is told. An operation alone is core/canonical.h's; of `atomic` all
 * operations take effect or none does, and a script's effects are all there or none is
 * (docs/adr/0006-envelopes.md).
 */
#ifndef REDWAL_CORE_CANONICAL_ENVELOPE_H
#define REDWAL_CORE_CANONICAL_ENVELOPE_H

#include "core/canonical.h"
#include "core/envelope.h"

/*
 * Appends the commands for `envelope` to `out` and returns true; or appends nothing, sets
 * `ret_reject` and returns false. `ret_keys` are views into the envelope. When no operation of an
 * `atomic` can fail they are ordinary commands, else they travel in one EVAL of a fixed script. A
 * registered script is an EVAL, too, which is told the record's timestamp.
 */
bool canonical_envelope_append(const struct record *record, const struct envelope *envelope,
                               const struct canonical_context *context, struct buf *out,
                               struct envelope_keys *ret_keys, struct canonical *ret,
                               struct reject *ret_reject);

#endif
