#include "adapter/gzip_zlib.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "base/mem.h"

enum { PIECE_MAX = 1 << 30 }; /* zlib counts in int */

struct gzip_file {
    char *path;
    gzFile file;
};

enum err_code gzip_file_new(const char *path, struct gzip_file **ret, struct err *err)
{
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct gzip_file *f;

    if (descriptor < 0)
        return err_set(err, errno == EEXIST ? ERR_CONFLICT : ERR_INVALID, "%s: %s", path,
                       strerror(errno));
    f = mem_new(1, sizeof(*f));
    f->path = mem_copy_text(path, strlen(path));
    f->file = gzdopen(descriptor, "wb");
    PRE(f->file); /* it fails for want of memory only */
    *ret = f;
    return ERR_OK;
}

enum err_code gzip_file_write(struct gzip_file *f, struct str bytes, struct err *err)
{
    while (bytes.n > 0) {
        const unsigned n = bytes.n < PIECE_MAX ? (unsigned)bytes.n : PIECE_MAX;

        if (gzwrite(f->file, bytes.p, n) != (int)n)
            return err_set(err, ERR_LIMIT, "%s: cannot be written: %s", f->path, strerror(errno));
        bytes = (struct str){ bytes.p + n, bytes.n - n };
    }
    return ERR_OK;
}

static void file_free(struct gzip_file **f)
{
    free((*f)->path);
    free(*f);
    *f = NULL;
}

enum err_code gzip_file_close(struct gzip_file **f, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (gzclose_w((*f)->file) != Z_OK) {
        rc = err_set(err, ERR_LIMIT, "%s: cannot be written: %s", (*f)->path, strerror(errno));
        unlink((*f)->path);
    }
    file_free(f);
    return rc;
}

void gzip_file_abandon(struct gzip_file **f)
{
    if (!*f)
        return;
    gzclose_w((*f)->file);
    unlink((*f)->path);
    file_free(f);
}
