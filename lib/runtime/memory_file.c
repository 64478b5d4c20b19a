#define _GNU_SOURCE /* memfd_create() */
#include "runtime/memory_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/descriptor.h"

enum err_code memory_file_new(struct str bytes, char ret_path[MEMORY_FILE_PATH_MAX + 1],
                              struct err *err)
{
    const int descriptor = memfd_create("redwal", MFD_CLOEXEC);
    enum err_code rc;

    if (descriptor >= 0 && descriptor_write(descriptor, bytes)) {
        snprintf(ret_path, MEMORY_FILE_PATH_MAX + 1, "/proc/self/fd/%d", descriptor);
        return ERR_OK;
    }
    rc = err_set(err, ERR_UNAVAILABLE, "a file in memory: %s", strerror(errno));
    if (descriptor >= 0)
        close(descriptor);
    return rc;
}
