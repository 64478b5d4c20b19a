/*
 * The calls of a fake port that has no descriptor and no time of its own: whoever drives it steps
 * it himself.
 */
#ifndef REDWAL_TESTS_IDLE_PORT_H
#define REDWAL_TESTS_IDLE_PORT_H

#include <stdint.h>

#include "port/observe.h"

void idle_port_exchange(void *self);
int idle_port_descriptor(void *self);  /* -1 */
int64_t idle_port_wait_ms(void *self); /* -1 */

/* What nobody asks for: a Redis, a log, mirrors. */
struct redis_observer_port idle_port_redis(void);
struct log_observer_port idle_port_log(void);
struct mirror_observer_port idle_port_mirror(void);

#endif
