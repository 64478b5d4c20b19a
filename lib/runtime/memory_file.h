/*
 * A file for libraries that take what is secret from files only: it is in memory, and only this
 * process can open it. It is there as long as the process.
 */
#ifndef REDWAL_RUNTIME_MEMORY_FILE_H
#define REDWAL_RUNTIME_MEMORY_FILE_H

#include "base/err.h"
#include "base/str.h"

enum { MEMORY_FILE_PATH_MAX = 32 };

/* ERR_UNAVAILABLE: the system has no memory or descriptor for it. */
NODISCARD enum err_code memory_file_new(struct str bytes, char ret_path[MEMORY_FILE_PATH_MAX + 1],
                                        struct err *err);

#endif
