/*
 * The address of a Kafka Connect, as people write it.
 */
#ifndef REDWAL_CORE_CONNECT_URL_H
#define REDWAL_CORE_CONNECT_URL_H

#include <stdbool.h>

#include "base/str.h"

/* One is written like the other, but for what makes no difference: upper and lower case of the
 * scheme and the host, the scheme's own port, a slash at the end, a dot behind the host, and how
 * much of a Service's name is spelled out. What is not plainly scheme, host, port and path is the
 * same as itself alone. False: that is not known, since a Connect may have several addresses. */
bool connect_url_is_same(struct str a, struct str b);

#endif
