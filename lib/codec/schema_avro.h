/*
 * Whether records written with an Avro schema can be read as ours, by the rules of Avro's schema
 * resolution (https://avro.apache.org/docs/1.11.1/specification/#schema-resolution), and stricter:
 * a field of theirs that ours lacks is refused, since it would be lost; every branch of a union of
 * theirs must have one in ours.
 */
#ifndef REDWAL_CODEC_SCHEMA_AVRO_H
#define REDWAL_CODEC_SCHEMA_AVRO_H

#include <avro.h>

#include "base/err.h"
#include "base/str.h"

/* `ret` is theirs, to be given back by avro_schema_decref(). ERR_INVALID: why such records cannot
 * be read. */
NODISCARD enum err_code schema_avro_read(struct str text, avro_schema_t *ret, struct err *err);

/* The schema that a name within a schema stands for; any other is itself. */
avro_schema_t schema_avro_target(avro_schema_t schema);

#endif
