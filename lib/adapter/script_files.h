/*
 * The scripts of a WAL as files: each <name>.lua of a directory is one. Their SHA is OpenSSL's.
 */
#ifndef REDWAL_ADAPTER_SCRIPT_FILES_H
#define REDWAL_ADAPTER_SCRIPT_FILES_H

#include "base/err.h"
#include "core/script.h"

struct script_files;

/* Reads all of them, once. ERR_INVALID with the file and what is wrong with it. */
enum err_code script_files_new(const char *directory, struct script_files **ret, struct err *err);
void script_files_free(struct script_files *files); /* NULL is fine */

const struct script_set *script_files_set(const struct script_files *files);

#endif
