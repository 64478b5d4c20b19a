/*
 * Time: the machine's idea of the date, and a clock that only goes forward.
 */
#ifndef REDWAL_RUNTIME_CLOCK_H
#define REDWAL_RUNTIME_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);       /* since 1970-01-01 UTC; may be set back */
int64_t clock_monotonic_ms(void);  /* for waits and timeouts */
int64_t clock_monotonic_us(void);  /* the same clock, to measure by */
int64_t clock_since_boot_ms(void); /* for promises to others: it goes on while the machine sleeps */

#endif
