/* Prints what the RedisWal on standard input becomes, an object a line: wal-children [SECRET
 * [UID]]. SECRET is that of the RedisFailover it names. With the UID of a RedisRestore, "back", the
 * Job that verifies it comes last. */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "cli/applier_options.h"
#include "codec/restore_job.h"
#include "codec/wal_children.h"

enum { OBJECT_MAX = 1024 * 1024 };

static void print_job(const struct wal_resource *wal, const struct wal_surroundings *around,
                      const char *uid)
{
    static const char *const arguments[] = { "--sample", "1000", NULL };
    const struct restore_job job = { .verb = "verify",
                                     .run = 1,
                                     .restore = "back",
                                     .uid = uid,
                                     .arguments = arguments,
                                     .final = "2,3,5",
                                     .image = "kubectl-redwal:test",
                                     .redis_image = "redis:test",
                                     .lasts_max_s = 900 };
    CLEANUP(buf_release) struct buf out = { 0 };

    buf_init(&out, KUBE_BODY_MAX);
    if (restore_job_write(&job, wal, applier_options(), around, &out))
        printf("%.*s\n", STR_ARGS(buf_str(&out)));
}

int main(int argc, char **argv)
{
    const struct wal_surroundings around = { .image = "redis-applier:test",
                                             .failover_secret = argc > 1 ? argv[1] : NULL,
                                             .pod_monitors = true };
    static char text[OBJECT_MAX];
    const size_t n = fread(text, 1, sizeof(text), stdin);
    struct wal_resource wal = { 0 };
    struct err err = { 0 };

    if (wal_resource_decode((struct str){ text, n }, applier_options(), &wal, &err) != ERR_OK) {
        fprintf(stderr, "%s\n", err.msg);
        return EXIT_FAILURE;
    }
    for (enum wal_child_type type = 0; type < WAL_CHILD_COUNT; type++) {
        CLEANUP(buf_release) struct buf out = { 0 };

        buf_init(&out, KUBE_BODY_MAX);
        if (wal_child_write(type, &wal, applier_options(), &around, &out))
            printf("%.*s\n", STR_ARGS(buf_str(&out)));
    }
    if (argc > 2)
        print_job(&wal, &around, argv[2]);
    wal_resource_release(&wal);
    return EXIT_SUCCESS;
}
