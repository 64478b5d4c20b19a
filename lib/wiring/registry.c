#include "wiring/registry.h"

#include "runtime/apply_loop.h"

enum { REGISTRY_TIMEOUT_MS = 5000 };

_Static_assert((int)FORMAT_AUTO == (int)RECORD_FORMAT_AUTO &&
                   (int)FORMAT_JSON == (int)RECORD_FORMAT_JSON &&
                   (int)FORMAT_PROTOBUF == (int)RECORD_FORMAT_PROTOBUF &&
                   (int)FORMAT_AVRO == (int)RECORD_FORMAT_AVRO,
               "what users choose is what records are decoded by");

struct http_access access_to_registry(const struct records_options *o)
{
    return (struct http_access){
        .url = o->schema_registry,
        .user = o->schema_registry_user,
        .password = o->schema_registry_password.secret.text,
        .ca = o->schema_registry_ca,
        .cert = o->schema_registry_cert,
        .key = o->schema_registry_key,
        .timeout_ms = REGISTRY_TIMEOUT_MS,
    };
}

enum err_code registry_open(const struct records_options *o, struct registry_curl **ret,
                            struct err *err)
{
    const struct http_access access = access_to_registry(o);

    return access.url ? registry_curl_new(&access, ret, err) : ERR_OK;
}
