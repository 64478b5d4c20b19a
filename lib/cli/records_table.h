/*
 * What records may be, and the registry that keeps their schemas: whoever reads records as the
 * applier does has these options.
 */
#ifndef REDWAL_CLI_RECORDS_TABLE_H
#define REDWAL_CLI_RECORDS_TABLE_H

#include "cli/option_table.h"

/* Index into the list of choices below; codec/record_any.h has the same. */
enum format_choice { FORMAT_AUTO, FORMAT_JSON, FORMAT_PROTOBUF, FORMAT_AVRO };

#define FORMAT_CHOICES "auto", "json", "protobuf", "avro"

/* clang-format off */
#define RECORDS_OPTIONS(X) \
    X(CHOICE,    ANYWHERE, format,               "format",               "FORMAT",   "auto", 0, 0, ONE_OF(FORMAT_CHOICES), "Records", "What records may be; auto takes JSON and whatever has a schema in the registry") \
    X(TEXT,      ANYWHERE, schema_registry,      "schema-registry",      "URL",      NULL, 1, 1024, NULL, "Records", "Registry that keeps the schemas of records, by Confluent's interface; http or https") \
    X(TEXT,      LIVE,     schema_registry_user, "schema-registry-user", "USER",     NULL, 1, 255, NULL, "Records", "User at the registry") \
    X(SECRET,    LIVE,     schema_registry_password, "schema-registry-password-file", "FILE", NULL, 0, 0, NULL, "Records", "File with the password for the registry") \
    X(FILE,      LIVE,     schema_registry_ca,   "schema-registry-ca",   "FILE",     NULL, 0, 0, NULL, "Records", "Certificates that may sign the registry's; the system's when unset") \
    X(FILE,      LIVE,     schema_registry_cert, "schema-registry-cert", "FILE",     NULL, 0, 0, NULL, "Records", "Our certificate, where the registry asks for one") \
    X(FILE,      LIVE,     schema_registry_key,  "schema-registry-key",  "FILE",     NULL, 0, 0, NULL, "Records", "Private key of --schema-registry-cert")
/* clang-format on */

#endif
