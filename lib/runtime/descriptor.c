#include "runtime/descriptor.h"

#include <errno.h>
#include <unistd.h>

bool descriptor_write(int descriptor, struct str bytes)
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
