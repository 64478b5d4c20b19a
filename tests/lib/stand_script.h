/*
 * What happens to an applier on the stand, told by bytes: whatever they are, they are some order of
 * assignments, records, answers, nonsense in place of answers, silence and dead letters. A fuzzer
 * or a random generator writes them.
 */
#ifndef REDWAL_TESTS_STAND_SCRIPT_H
#define REDWAL_TESTS_STAND_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "applier_stand.h"

/* `s` is open, and still is afterwards. */
void stand_play(struct stand *s, const uint8_t *script, size_t n);

#endif
