/*
 * What redis-applier is told in a pod: the file of its options, and the files of Secrets that they
 * name. Whoever wants the same from outside takes the options from here, and the Secrets itself.
 */
#ifndef REDWAL_CODEC_WAL_APPLIER_FILE_H
#define REDWAL_CODEC_WAL_APPLIER_FILE_H

#include "codec/wal_children.h"

#define WAL_OPTIONS_DIR  "/etc/redwal/options"
#define WAL_OPTIONS_FILE "redis-applier.yaml"
#define WAL_SECRETS_DIR  "/etc/redwal/secrets"
#define WAL_SCRIPTS_DIR  "/etc/redwal/scripts"
#define WAL_HTTP_ADDRESS ":8080"

enum { WAL_SECRET_FILES_MAX = 16, WAL_APPLIER_FILE_MAX = 256 * 1024 }; /* as the applier reads */

/* A key of a Secret as a file in WAL_SECRETS_DIR. */
struct wal_secret_file {
    const char *option; /* of redis-applier, that names it */
    const char *file, *path;
    const char *secret, *key;
};

size_t wal_secret_files(const struct wal_spec *spec, const struct wal_surroundings *around,
                        struct wal_secret_file ret[WAL_SECRET_FILES_MAX]);

/* Appends the file; of options that take effect while the applier runs only when `live`. */
NODISCARD bool wal_applier_file(const struct wal_resource *wal, struct wal_options options,
                                const struct wal_surroundings *around, bool live, struct buf *out);

#endif
