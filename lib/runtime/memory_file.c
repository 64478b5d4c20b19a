#define _GNU_SOURCE /* memfd_create() */
#include "runtime/memory_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool write_all(int descriptor, struct str bytes)
{
    while (bytes.n > 0) {
        const ssize_t n = write(descriptor, bytes.p, bytes.n);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            bytes = (struct str){ bytes.p + n, bytes.n - (size_t)n };
    }
    return true;
}

enum err_code memory_file_new(struct str bytes, char ret_path[MEMORY_FILE_PATH_MAX + 1],
                              struct err *err)
{
    const int descriptor = memfd_create("redwal", MFD_CLOEXEC);
    enum err_code rc;

    if (descriptor >= 0 && write_all(descriptor, bytes)) {
        snprintf(ret_path, MEMORY_FILE_PATH_MAX + 1, "/proc/self/fd/%d", descriptor);
        return ERR_OK;
    }
    rc = err_set(err, ERR_UNAVAILABLE, "a file in memory: %s", strerror(errno));
    if (descriptor >= 0)
        close(descriptor);
    return rc;
}
