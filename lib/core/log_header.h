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

/* What became of a header on its way: mirrors whose converter is not for bytes rewrite values. */
enum log_header_form {
    LOG_HEADER_OTHER,     /* whose form nobody knows */
    LOG_HEADER_INTACT,    /* as whoever made it writes it */
    LOG_HEADER_REWRITTEN, /* not so */
};

/* Knows the headers of dead letters, and `traceparent`, of which only base64 is told: others may
 * have written it wrongly. */
enum log_header_form log_header_form(const struct log_header *header);

#endif
