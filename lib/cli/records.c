#include "cli/records.h"

#include <string.h>

void records_check(const struct records_options *o, struct option_set *set)
{
    const char *url = o->schema_registry;
    const bool https = url && strncmp(url, "https://", strlen("https://")) == 0;
    const bool user = o->schema_registry_user, password = o->schema_registry_password.path;
    const bool tls = o->schema_registry_ca || o->schema_registry_cert || o->schema_registry_key;

    if (!url && (o->format == FORMAT_PROTOBUF || o->format == FORMAT_AVRO))
        option_set_problem(set, "--format: protobuf and avro need --schema-registry");
    if (url && !https && strncmp(url, "http://", strlen("http://")) != 0)
        option_set_problem(set, "--schema-registry: is the URL of neither http nor https");
    if (url && strchr(url, '@'))
        option_set_problem(set, "--schema-registry: holds a user; give --schema-registry-user and "
                                "--schema-registry-password-file");
    if (!url && (user || password || tls))
        option_set_problem(set, "--schema-registry-user, -password-file, -ca, -cert, -key: need "
                                "--schema-registry");
    if (user != password)
        option_set_problem(set, "--schema-registry-user, --schema-registry-password-file: one "
                                "needs the other");
    if (url && tls && !https)
        option_set_problem(set, "--schema-registry-ca, --schema-registry-cert, "
                                "--schema-registry-key: need https in --schema-registry");
    if (!o->schema_registry_cert != !o->schema_registry_key)
        option_set_problem(set, "--schema-registry-cert, --schema-registry-key: one needs the "
                                "other");
}
