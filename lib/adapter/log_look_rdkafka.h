/*
 * Looks at logs: where partitions begin and end, how far the group has committed and who is in it,
 * and what the topic's settings are. Every look blocks. librdkafka, which has been seen to abort
 * while it asks about groups: ask in a process that may die.
 */
#ifndef REDWAL_ADAPTER_LOG_LOOK_RDKAFKA_H
#define REDWAL_ADAPTER_LOG_LOOK_RDKAFKA_H

#include "adapter/kafka_conf.h"
#include "core/look.h"

struct log_looker;

struct log_looker_settings {
    int64_t timeout_ms; /* of each question; a look asks five at most */
    int64_t (*monotonic_ms)(void);
    int64_t (*wall_ms)(void);
};

/* How the controller's clients reach its brokers; what is borrowed stays so. */
struct kafka_access log_place_access(const struct log_place *place);

/* ERR_INVALID: the brokers cannot be asked like that. */
enum err_code log_looker_new(const struct log_place *place,
                             const struct log_looker_settings *settings, struct log_looker **ret,
                             struct err *err);
/* Another one on the connections of `l`, which it must not outlive, for another thread. */
struct log_looker *log_looker_share(const struct log_looker *l);
void log_looker_free(struct log_looker *l); /* NULL is fine */

/* Whatever comes of it is in `ret`, which is released or initialised before. What the user may not
 * ask stays unknown, but where the log begins and ends. */
void log_looker_ask(struct log_looker *l, const char *topic, const char *group,
                    struct log_look *ret);

/* Which log the topic is. ERR_UNAVAILABLE: it is not there, or the brokers do not say. */
enum err_code log_looker_identity(struct log_looker *l, const char *topic,
                                  char ret_log[LOG_IDENTITY_MAX + 1], struct err *err);
/* Sets what the group has committed in the first n partitions; nothing leaves later than
 * timeout_ms. ERR_OK: the brokers accepted each, and show them. ERR_CONFLICT: the group has
 * members, or a static one whose session has not ended. ERR_DENIED: the user may not. */
enum err_code log_looker_set_commits(struct log_looker *l, const char *topic, const char *group,
                                     const int64_t *offsets, int32_t n, int64_t timeout_ms,
                                     struct err *err);

#endif
