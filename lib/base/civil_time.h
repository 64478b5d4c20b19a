/*
 * Points in time as people write them: UTC, RFC 3339, milliseconds.
 */
#ifndef REDWAL_BASE_CIVIL_TIME_H
#define REDWAL_BASE_CIVIL_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { CIVIL_TIME_MAX = 32 };

/* "2026-11-25T09:46:47.123Z" for milliseconds since 1970-01-01; years 0 to 9999. */
void civil_time_print(int64_t wall_ms, char ret[CIVIL_TIME_MAX]);

/* Reads that form; seconds, their fraction, and the time of day may be absent: "2026-11-25",
 * "2026-11-25T09:46Z". Without 'Z' it is UTC all the same. */
bool civil_time_parse(struct str text, int64_t *ret_wall_ms);

#endif
