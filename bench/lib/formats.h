/*
 * A step as a record's value in each format, with an id: plain JSON, or framed as the serializers
 * of a schema registry's clients write Protobuf and Avro (docs/record-format.md).
 */
#ifndef REDWAL_BENCH_FORMATS_H
#define REDWAL_BENCH_FORMATS_H

#include "workload.h"

enum format { FORMAT_JSON, FORMAT_PROTOBUF, FORMAT_AVRO, FORMAT_COUNT };

const char *format_name(enum format format);
bool format_find(const char *name, enum format *ret);

/* `schema_id` is the registry's, of schemas/redwal.proto or redwal.avsc; of no use to JSON. */
void step_append_value(const struct step *step, uint64_t i, enum format format, uint32_t schema_id,
                       struct buf *out);

#endif
