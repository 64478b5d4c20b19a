#include "codec/record_json_id.h"

#include <stdlib.h>

#include <yyjson.h>

static bool write_out(yyjson_mut_doc *doc, struct buf *out)
{
    size_t n = 0;
    char *text = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, &n);
    const bool written = text && buf_append(out, text, n);

    free(text);
    return written;
}

bool record_json_with_id(struct str value, struct str id, struct buf *out)
{
    yyjson_doc *doc = yyjson_read(value.p, value.n, YYJSON_READ_NUMBER_AS_RAW);
    yyjson_mut_doc *copy = doc ? yyjson_doc_mut_copy(doc, NULL) : NULL;
    yyjson_mut_val *root = copy ? yyjson_mut_doc_get_root(copy) : NULL;
    bool written = false;

    if (yyjson_mut_is_obj(root)) {
        yyjson_mut_obj_put(root, yyjson_mut_str(copy, "id"), yyjson_mut_strncpy(copy, id.p, id.n));
        written = write_out(copy, out);
    }
    yyjson_mut_doc_free(copy);
    yyjson_doc_free(doc);
    return written;
}
