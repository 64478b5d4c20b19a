/*
 * Commands as Redis reads them: an array of bulk strings (RESP2).
 * https://redis.io/docs/latest/develop/reference/protocol-spec/#sending-commands-to-a-redis-server
 */
#ifndef REDWAL_CORE_RESP_H
#define REDWAL_CORE_RESP_H

#include "base/buf.h"
#include "base/str.h"

/* Appends one command of n words; false, and nothing appended, when `out` has no room. */
NODISCARD bool resp_append(struct buf *out, const struct str *words, size_t n);

/* For words that are in no array: room for resp_size_max() bytes is reserved first, then the count
 * and the words are put, each call returning where the next goes. */
size_t resp_size_max(size_t n_words, size_t n_bytes);
char *resp_put_count(char *at, size_t n_words);
char *resp_put_word(char *at, struct str word);

/* Cuts the first command off `bytes`, which resp_append() wrote; its words are views, of which the
 * first `max` are set. False: there is none, or it is cut short. */
bool resp_take(struct str *bytes, struct str *ret_words, size_t max, size_t *ret_n);

#endif
