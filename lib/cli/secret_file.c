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

/* http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t fnv1a(uint64_t hash, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)p[i]) * 0x100000001b3;
    return hash;
}

uint64_t file_digest(uint64_t before, const char *path)
{
    char bytes[SECRET_FILE_MAX_BYTES];
    const char unreadable = '!';
    uint64_t hash = before ? before : 0xcbf29ce484222325;
    FILE *f = path ? fopen(path, "rb") : NULL;
    size_t total = 0, n;

    if (!f)
        return fnv1a(hash, &unreadable, 1);
    setvbuf(f, NULL, _IONBF, 0);
    while (total < FILE_DIGEST_MAX_BYTES && (n = fread(bytes, 1, sizeof(bytes), f)) > 0) {
        hash = fnv1a(hash, bytes, n);
        total += n;
    }
    if (ferror(f))
        hash = fnv1a(hash, &unreadable, 1);
    fclose(f);
    secret_wipe(bytes, sizeof(bytes));
    /* The end counts, so that bytes do not move from one file to the next unseen. */
    return fnv1a(hash, (const char *)&total, sizeof(total));
}

void secret_file_release(struct secret_file *file)
{
    free(file->path);
    secret_release(&file->secret);
    *file = (struct secret_file){ 0 };
}
