#include "bundle.h"

#include <stdio.h>
#include <string.h>

#include "codec/ustar.h"

#define DIRECTORY "redwal-support/"

enum { MS_A_SECOND = 1000 };

static const char zeros[USTAR_BLOCK * USTAR_END_BLOCKS];

static void put(struct bundle *b, struct str bytes)
{
    if (b->err.code == ERR_OK && gzip_file_write(b->file, bytes, &b->err) != ERR_OK)
        return; /* it is kept in b->err */
}

enum err_code bundle_open(struct bundle *b, const char *path, int64_t wall_ms, struct err *err)
{
    *b = (struct bundle){ .wall_ms = wall_ms };
    return gzip_file_new(path, &b->file, err);
}

void bundle_add(struct bundle *b, const char *name, struct str text)
{
    char header[USTAR_BLOCK], path[USTAR_NAME_MAX + 1];

    snprintf(path, sizeof(path), DIRECTORY "%s", name);
    if (!ustar_header(str_from(path), (int64_t)text.n, b->wall_ms / MS_A_SECOND, header))
        UNREACHABLE("names are short, and texts bounded");
    put(b, (struct str){ header, sizeof(header) });
    put(b, text);
    put(b, (struct str){ zeros, ustar_padding((int64_t)text.n) });
    printf("%10zu  %s\n", text.n, path);
    fflush(stdout);
}

enum err_code bundle_close(struct bundle *b, struct err *err)
{
    put(b, (struct str){ zeros, sizeof(zeros) });
    if (b->err.code == ERR_OK)
        return gzip_file_close(&b->file, err);
    gzip_file_abandon(&b->file);
    return err_set(err, b->err.code, "%s", b->err.msg);
}

void bundle_release(struct bundle *b)
{
    gzip_file_abandon(&b->file);
}
