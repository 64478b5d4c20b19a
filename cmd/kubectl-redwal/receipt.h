/*
 * What became of each key that a verb writes, as soon as that is known, and of all of them in the
 * end.
 */
#ifndef KUBECTL_REDWAL_RECEIPT_H
#define KUBECTL_REDWAL_RECEIPT_H

#include <stdio.h>

#include "comparison.h"

struct receipt {
    FILE *file; /* NULL: none is wanted */
    struct printer printer;
    bool failed;
};

/* Begins the new file `path`, of what `c` will find; NULL: none is wanted. ERR_INVALID: it cannot
 * be written, or is there already. */
enum err_code receipt_open(struct receipt *r, const char *path, struct comparison *c,
                           struct err *err);
void receipt_release(struct receipt *r);

/* Prints what was found, also after an error (`rc`): what was done is done. */
enum exit_status receipt_report(const struct receipt *r, struct invocation *in,
                                const struct comparison *c, enum err_code rc, struct err *err);

#endif
