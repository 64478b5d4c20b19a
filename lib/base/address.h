/*
 * "host:port" as people write it: a name, an IPv4 address, or an IPv6 address in brackets.
 */
#ifndef REDWAL_BASE_ADDRESS_H
#define REDWAL_BASE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { ADDRESS_HOST_MAX = 255, ADDRESS_PORT_MAX = 65535 };

struct address {
    struct str host; /* without brackets; may be empty; bytes of the parsed text */
    uint16_t port;
};

/* False when `text` is not an address: no port, a port past 65535, an IPv6 address without
 * brackets, blanks or control characters. An empty host and port 0 are the caller's to judge. */
bool address_parse(struct str text, struct address *ret_address);

/* Cuts the next element off a comma-separated list and trims blanks around it; false at the end.
 * "a," has two elements and "" has one: an empty element is the caller's to refuse. */
bool address_list_next(struct str *list, struct str *ret_element);

#endif
