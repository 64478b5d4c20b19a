/*
 * A Kafka Connect, asked about one connector by its REST interface. Every question blocks, within
 * the adapter's timeout.
 */
#ifndef REDWAL_PORT_CONNECT_H
#define REDWAL_PORT_CONNECT_H

#include "base/err.h"
#include "base/str.h"

enum connect_question {
    CONNECT_CONFIG,
    CONNECT_STATUS,
    CONNECT_OFFSETS,
    CONNECT_STOP,
    CONNECT_RESUME,
    CONNECT_GUARD, /* the guard write of core/mirror.h */
    CONNECT_QUESTION_COUNT
};

struct connect_reply {
    long status;     /* of HTTP; 0 when nothing came, and then why */
    struct str body; /* until the next question */
    char why[ERR_MSG_MAX];
};

struct connect_ops {
    void (*ask)(void *self, enum connect_question question, const char *connector,
                struct connect_reply *ret);
};

struct connect {
    const struct connect_ops *ops;
    void *self;
};

#endif
