/*
 * A header of a message of a topic.
 */
#ifndef REDWAL_CORE_LOG_HEADER_H
#define REDWAL_CORE_LOG_HEADER_H

#include "base/str.h"

struct log_header {
    const char *name;
    struct str value;
};

#endif
