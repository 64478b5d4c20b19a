/*
 * Whatever a kubeconfig holds: it is a login with a server, or an error with the file's name. Two
 * files of the same text are as one.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "codec/kube_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct kube_config_file file = { "dir/config", { (const char *)data, size } };
    const struct kube_config_file files[] = { file, file };
    struct kube_login one = { 0 }, two = { 0 };
    struct err err = { 0 };
    const enum err_code rc = kube_config_resolve(&file, 1, NULL, &one, &err);

    INVARIANT(kube_config_resolve(files, 2, NULL, &two, NULL) == rc);
    if (rc == ERR_OK) {
        INVARIANT(strncmp(one.server, "http", 4) == 0 && strcmp(one.server, two.server) == 0);
        INVARIANT(one.scope &&
                  (one.cert_file || one.cert.n > 0) == (one.key_file || one.key.n > 0));
    } else {
        INVARIANT(strncmp(err.msg, file.path, strlen(file.path)) == 0);
    }
    kube_login_release(&one);
    kube_login_release(&two);
    return 0;
}
