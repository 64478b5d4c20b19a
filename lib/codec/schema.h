/*
 * A schema of the registry, as far as records need it: which format it is, and how to read ours in
 * it. One that says something else than ours is refused here, once, and not record by record.
 */
#ifndef REDWAL_CODEC_SCHEMA_H
#define REDWAL_CODEC_SCHEMA_H

#include "base/err.h"
#include "codec/registry_answer.h"
#include "codec/schema_avro.h"
#include "codec/schema_protobuf.h"

struct schema {
    enum schema_type type;
    struct proto_path path; /* SCHEMA_PROTOBUF */
    avro_schema_t avro;     /* SCHEMA_AVRO */
};

/* ERR_INVALID: why records of this schema cannot be read. */
NODISCARD enum err_code schema_new(const struct registry_schema *registered, struct schema **ret,
                                   struct err *err);
void schema_free(struct schema *s); /* NULL is fine */

#endif
