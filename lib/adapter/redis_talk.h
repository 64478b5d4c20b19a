/*
 * One connection of the controller to the primary of a WAL, and what is asked on it. Every call
 * blocks. hiredis.
 */
#ifndef REDWAL_ADAPTER_REDIS_TALK_H
#define REDWAL_ADAPTER_REDIS_TALK_H

#include "adapter/redis_dial.h"
#include "adapter/reply_reader.h"
#include "core/look.h"

struct redis_talk {
    redisContext *context;
    struct reply_reader *reader;
};

/* The login made ready; the caller's to release. */
enum err_code redis_talk_login(const struct look_login *login, struct redis_login *ret,
                               struct err *err);
/* Where the primary is: the place says so, or its Sentinels. `ret_address` has room for
 * PRIMARY_ADDRESS_MAX + 1 bytes. */
enum err_code redis_talk_resolve(const struct redis_place *redis, int64_t timeout_ms,
                                 char *ret_address, struct err *err);

/* `ret` is zeroed before, and released also when this fails. Each answer comes within timeout_ms.
 */
enum err_code redis_talk_open(const struct redis_place *redis, const char *address,
                              int64_t timeout_ms, struct redis_talk *ret, struct err *err);
void redis_talk_release(struct redis_talk *t); /* safe on a zeroed one */

enum err_code redis_talk_send(struct redis_talk *t, struct str commands, struct err *err);
/* The next answer, until the one behind it. */
enum err_code redis_talk_hear(struct redis_talk *t, const struct reply **ret, struct err *err);

/* Appends the questions about one partition, and hears the answers. */
NODISCARD bool redis_talk_put_partition(struct buf *out, struct str wal, int32_t partition);
enum err_code redis_talk_hear_partition(struct redis_talk *t, struct redis_look_partition *ret,
                                        struct err *err);

#endif
