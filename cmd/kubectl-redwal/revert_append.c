#include "revert_append.h"

#include <stdio.h>

enum { RECEIPT_WAIT_MS = 100 };

void revert_appending_release(struct revert_appending *a)
{
    log_writer_free(a->writer);
    token_release(&a->token);
}

void revert_appending_await(struct revert_appending *a, int32_t partition, int64_t offset)
{
    if (!token_add(&a->token, partition, offset))
        UNREACHABLE("no topic has so many partitions");
}

static enum err_code take_receipt(struct revert_appending *a, struct revert_receipt *ret,
                                  struct err *err)
{
    struct log_receipt receipt;
    struct revert_receipt *one;

    if (!log_writer_take(a->writer, RECEIPT_WAIT_MS, &receipt))
        return ERR_OK;
    one = &ret[receipt.tag];
    *one = (struct revert_receipt){ .fate = receipt.stored            ? REVERT_STORED
                                            : receipt.possibly_stored ? REVERT_FATE_UNKNOWN
                                                                      : REVERT_REFUSED,
                                    .offset = receipt.offset };
    snprintf(one->why, sizeof(one->why), "%.*s", (int)sizeof(one->why) - 1, receipt.text);
    if (receipt.stored)
        revert_appending_await(a, receipt.partition, receipt.offset);
    if (receipt.denied)
        return err_set(err, ERR_DENIED,
                       "topic %s: %s: keys are reverted by records, as producers write them",
                       a->topic, receipt.text);
    return ERR_OK;
}

static enum err_code settle(struct revert_appending *a, size_t n, struct revert_receipt *ret,
                            struct err *err)
{
    struct err another = { 0 };
    enum err_code rc = ERR_OK;

    while (log_writer_under_way(a->writer) > n) {
        const enum err_code one = take_receipt(a, ret, rc == ERR_OK ? err : &another);

        rc = rc == ERR_OK ? one : rc;
    }
    return rc;
}

static enum err_code put(struct revert_appending *a, const struct revert_entry *entry, size_t i,
                         struct revert_receipt *ret, struct err *err)
{
    const struct log_entry record = {
        .has_key = true,
        .has_value = true,
        .key = entry->key,
        .value = entry->value,
        .partition = entry->partition,
    };
    enum err_code rc;

    /* With nothing under way there is no more room to come. */
    for (;;) {
        const size_t n = log_writer_under_way(a->writer);

        rc = log_writer_put_entry(a->writer, &record, i, err);
        if (rc != ERR_LIMIT || n == 0)
            break;
        if (settle(a, n / 2, ret, err) != ERR_OK)
            return ERR_DENIED;
    }
    if (rc == ERR_INVALID || rc == ERR_LIMIT) {
        snprintf(ret[i].why, sizeof(ret[i].why), "%.*s", (int)sizeof(ret[i].why) - 1, err->msg);
        rc = ERR_OK;
    }
    return rc;
}

enum err_code revert_append(void *self, const struct revert_entry *entries, size_t n,
                            struct revert_receipt *ret, struct err *err)
{
    struct revert_appending *a = self;
    struct err another = { 0 };
    enum err_code rc = ERR_OK, settled;

    for (size_t i = 0; i < n; i++)
        ret[i] = (struct revert_receipt){ .fate = REVERT_REFUSED };
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        rc = put(a, &entries[i], i, ret, err);
    settled = settle(a, 0, ret, rc == ERR_OK ? err : &another);
    return rc == ERR_OK ? settled : rc;
}
