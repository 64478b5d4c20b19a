/*
 * Reads records of every format; schemas are asked of the registry as they are needed.
 */
#ifndef KUBECTL_REDWAL_DECODER_H
#define KUBECTL_REDWAL_DECODER_H

#include "cli/records.h"
#include "codec/record_any.h"
#include "core/record.h"
#include "core/reject.h"
#include "runtime/schemas.h"

struct decoder;

/* `records` is borrowed; NULL: without a registry, so that a record with a schema is rejected.
 * ERR_INVALID: the registry's URL cannot be used. */
NODISCARD enum err_code decoder_new(const struct records_options *records, struct decoder **ret,
                                    struct err *err);
void decoder_free(struct decoder *d); /* NULL is fine */

/* Waits until the registry has said all that the record needs, if it needs anything.
 * ERR_UNAVAILABLE: it did not answer, and is not asked again for a while. */
NODISCARD enum err_code decoder_await(struct decoder *d, const struct record *record,
                                      struct err *err);
bool decoder_has_registry(const struct decoder *d);
struct schemas *decoder_schemas(struct decoder *d);
enum record_format decoder_format(const struct decoder *d);

/* As record_any_decode(), with the record's schema: REJECT_NONE when `ret_envelope` is filled; its
 * views live until the next call. ERR_UNAVAILABLE as above. */
NODISCARD enum err_code decoder_decode(struct decoder *d, const struct record *record,
                                       struct envelope *ret_envelope, struct reject *ret_reject,
                                       struct err *err);

#endif
