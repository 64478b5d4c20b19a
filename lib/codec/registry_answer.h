/*
 * What a schema registry says about one id: the answer to GET /schemas/ids/{id} of the interface
 * that Confluent's registry defines and others, such as Apicurio's, offer.
 * https://docs.confluent.io/platform/current/schema-registry/develop/api.html
 */
#ifndef REDWAL_CODEC_REGISTRY_ANSWER_H
#define REDWAL_CODEC_REGISTRY_ANSWER_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

enum { REGISTRY_ANSWER_MAX_BYTES = 1024 * 1024 };

enum schema_type { SCHEMA_JSON, SCHEMA_PROTOBUF, SCHEMA_AVRO };

struct registry_schema {
    enum schema_type type;
    struct str text;
    size_t n_references; /* to other schemas */
};

struct registry_answer {
    struct registry_schema schema;
    void *memory; /* that of `schema` */
};

/* ERR_OK: `ret` is filled, to be released. ERR_NOT_FOUND: the registry knows that it has no such
 * schema. ERR_UNSUPPORTED: it has one of a type that is not known. ERR_UNAVAILABLE: this is no
 * answer, ask again; also when another server than a registry says 404. `status` is HTTP's. */
NODISCARD enum err_code registry_answer_read(long status, struct str body,
                                             struct registry_answer *ret, struct err *err);
void registry_answer_release(struct registry_answer *a);

#endif
