#include "cli/secret_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err_code secret_file_read(struct secret_file *file, struct err *err)
{
    char bytes[SECRET_FILE_MAX_BYTES + 1];
    FILE *f = fopen(file->path, "rb");
    int failed;
    size_t n;

    if (!f)
        return err_set(err, ERR_INVALID, "cannot be opened: %s", strerror(errno));
    /* Without a buffer there is no second copy to wipe. */
    setvbuf(f, NULL, _IONBF, 0);
    errno = 0;
    n = fread(bytes, 1, sizeof(bytes), f);
    failed = ferror(f) ? errno : 0;
    fclose(f);
    if (failed)
        return err_set(err, ERR_INVALID, "cannot be read: %s", strerror(failed));

    if (n > 0 && n <= SECRET_FILE_MAX_BYTES && bytes[n - 1] == '\n')
        n--;
    if (n > 0 && n <= SECRET_FILE_MAX_BYTES && bytes[n - 1] == '\r')
        n--;
    if (n > 0 && n <= SECRET_FILE_MAX_BYTES && !memchr(bytes, '\0', n))
        secret_set(&file->secret, (struct str){ bytes, n });
    secret_wipe(bytes, sizeof(bytes));
    if (file->secret.n == 0 || n == 0 || n > SECRET_FILE_MAX_BYTES)
        return err_set(err, ERR_INVALID, "must hold 1 to %d bytes, none of them zero",
                       SECRET_FILE_MAX_BYTES);
    return ERR_OK;
}

enum err_code file_probe(const char *path, struct err *err)
{
    FILE *f = fopen(path, "rb");
    bool readable;

    if (!f)
        return err_set(err, ERR_INVALID, "cannot be opened: %s", strerror(errno));
    /* Without a buffer no byte of a private key stays in memory. */
    setvbuf(f, NULL, _IONBF, 0);
    errno = 0;
    readable = fgetc(f) != EOF || !ferror(f);
    fclose(f);
    if (!readable)
        return err_set(err, ERR_INVALID, "cannot be read: %s", strerror(errno));
    return ERR_OK;
}

void secret_file_release(struct secret_file *file)
{
    free(file->path);
    secret_release(&file->secret);
    *file = (struct secret_file){ 0 };
}
