/*
 * The log of a revert: its records become those of a producer, and receipts come back.
 */
#ifndef KUBECTL_REDWAL_REVERT_APPEND_H
#define KUBECTL_REDWAL_REVERT_APPEND_H

#include "adapter/log_writer_rdkafka.h"
#include "core/token.h"
#include "runtime/revert.h"

struct revert_appending {
    struct log_writer *writer; /* owned; NULL: nothing is appended */
    const char *topic;
    struct token token; /* of what is to be in Redis in the end */
};

void revert_appending_release(struct revert_appending *a);
/* Redis is to have the record at `offset`, too. */
void revert_appending_await(struct revert_appending *a, int32_t partition, int64_t offset);
/* As struct revert_log has it; `self` is a struct revert_appending. ERR_DENIED: the user may not
 * write to the topic. */
enum err_code revert_append(void *self, const struct revert_entry *entries, size_t n,
                            struct revert_receipt *ret, struct err *err);

#endif
