/*
 * A new file that is compressed as it is written, and that its owner alone may read. zlib.
 */
#ifndef REDWAL_ADAPTER_GZIP_ZLIB_H
#define REDWAL_ADAPTER_GZIP_ZLIB_H

#include "base/err.h"
#include "base/str.h"

struct gzip_file;

/* ERR_CONFLICT: there is a file of that name; ERR_INVALID: it cannot be made. */
NODISCARD enum err_code gzip_file_new(const char *path, struct gzip_file **ret, struct err *err);
/* ERR_LIMIT: the disk does not take it. */
NODISCARD enum err_code gzip_file_write(struct gzip_file *f, struct str bytes, struct err *err);
/* Ends the file, whose last bytes may not fit either. */
NODISCARD enum err_code gzip_file_close(struct gzip_file **f, struct err *err);
void gzip_file_abandon(struct gzip_file **f); /* removes it; safe on what is closed, or NULL */

#endif
