/*
 * Files that options name: secrets, which are read into memory that is wiped again, and others,
 * which only have to be readable when the program starts.
 */
#ifndef REDWAL_CLI_SECRET_FILE_H
#define REDWAL_CLI_SECRET_FILE_H

#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"

enum { SECRET_FILE_MAX_BYTES = 4096 };

struct secret_file {
    char *path; /* NULL when not given */
    struct secret secret;
};

/* Reads the secret at `path`; a final line break is not part of it. ERR_INVALID: what is wrong,
 * without the path. */
NODISCARD enum err_code secret_file_read(struct secret_file *file, struct err *err);
void secret_file_release(struct secret_file *file);

/* Whether a byte can be read from there, or the end. */
NODISCARD enum err_code file_probe(const char *path, struct err *err);

enum { FILE_DIGEST_MAX_BYTES = 4 * 1024 * 1024 }; /* of a larger file the beginning counts */

/* A fingerprint of `before` and of what the file holds, or that it cannot be read, or that there is
 * none (NULL); FNV-1a. `before` is 0 for the first file. */
uint64_t file_digest(uint64_t before, const char *path);

#endif
