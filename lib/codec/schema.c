#include "codec/schema.h"

#include <stdlib.h>

#include "base/mem.h"

static enum err_code read(struct schema *s, const struct registry_schema *registered,
                          struct err *err)
{
    switch (registered->type) {
    case SCHEMA_JSON: /* each record is judged by itself */
        return ERR_OK;
    case SCHEMA_PROTOBUF: /* what a file imports no field of ours can need */
        return schema_protobuf_check(registered->text, &s->path, err);
    case SCHEMA_AVRO:
        if (registered->n_references > 0)
            return err_set(err, ERR_INVALID, "it refers to other schemas, which are not read");
        return schema_avro_read(registered->text, &s->avro, err);
    }
    return err_set(err, ERR_INVALID, "a type of schema that is not known");
}

enum err_code schema_new(const struct registry_schema *registered, struct schema **ret,
                         struct err *err)
{
    struct schema *s = mem_new(1, sizeof(*s));
    enum err_code rc;

    s->type = registered->type;
    rc = read(s, registered, err);
    if (rc != ERR_OK) {
        free(s);
        return rc;
    }
    *ret = s;
    return ERR_OK;
}

void schema_free(struct schema *s)
{
    if (!s)
        return;
    if (s->type == SCHEMA_AVRO)
        avro_schema_decref(s->avro);
    free(s);
}
