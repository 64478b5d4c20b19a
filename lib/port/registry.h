/*
 * The registry that keeps the schemas of records, by id. One question at a time; nothing blocks.
 */
#ifndef REDWAL_PORT_REGISTRY_H
#define REDWAL_PORT_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* What came back for an id. */
struct registry_reply {
    uint32_t id;
    long status;     /* of HTTP; 0 when nothing came, and then why */
    struct str body; /* until the next call */
    char why[ERR_MSG_MAX];
};

struct registry_ops {
    /* Asks for a schema; answered by one reply, within the adapter's timeout. A question that is
     * still open is given up. */
    void (*ask)(void *self, uint32_t id);
    /* Readable when next_reply() may have something. */
    int (*descriptor)(void *self);
    bool (*next_reply)(void *self, struct registry_reply *ret_reply);
};

/* `ops` is NULL when there is no registry. */
struct registry {
    const struct registry_ops *ops;
    void *self;
};

#endif
