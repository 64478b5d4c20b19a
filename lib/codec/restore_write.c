#include "codec/restore_write.h"

/* Names, uids and versions need no escapes. */
static bool open_object(struct buf *out, const struct restore_resource *r)
{
    return buf_appendf(out,
                       "{\"apiVersion\":\"" WAL_API_GROUP "/" WAL_API_VERSION
                       "\",\"kind\":\"" RESTORE_KIND "\",\"metadata\":{\"namespace\":\"%s\","
                       "\"name\":\"%s\",\"uid\":\"%s\",\"resourceVersion\":\"%s\"",
                       r->scope, r->name, r->uid, r->resource_version);
}

bool restore_write_status(struct buf *out, const struct restore_resource *r)
{
    return open_object(out, r) && buf_append_text(out, "},\"status\":") &&
           restore_resource_encode_status(out, r) && buf_append_text(out, "}");
}

bool restore_write_finalizer(struct buf *out, const struct restore_resource *r, bool there)
{
    return open_object(out, r) &&
           buf_append_text(out, there ? ",\"finalizers\":[\"" RESTORE_FINALIZER "\"]}}"
                                      : ",\"finalizers\":[]}}");
}
