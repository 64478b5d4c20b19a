/*
 * Reads commands as Redis would, for tests that look at what was written for it.
 */
#ifndef REDWAL_TESTS_RESP_WORDS_H
#define REDWAL_TESTS_RESP_WORDS_H

#include <stddef.h>

#include "base/str.h"

/* Takes the first command off `*resp` and returns how many words it has; 0 when it is malformed or
 * has more than `max`. The words are views into `resp`. */
size_t resp_words(struct str *resp, struct str *ret_words, size_t max);

#endif
