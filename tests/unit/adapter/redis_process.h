/*
 * A real redis-server on a loopback port, for tests. It dies with the test that started it.
 */
#ifndef REDWAL_TEST_REDIS_PROCESS_H
#define REDWAL_TEST_REDIS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <hiredis/hiredis.h>

enum { REDIS_PATH_MAX = 128, REDIS_ADDRESS_MAX = 32, REDIS_ARGUMENTS_MAX = 16 };

struct redis_process {
    pid_t pid;
    int port;
    char address[REDIS_ADDRESS_MAX];
    char dir[REDIS_PATH_MAX]; /* its own; removed with it */
};

bool redis_process_is_installed(void);

/* Starts a server without persistence; `arguments` end with NULL. */
void redis_process_start(struct redis_process *r, const char *const *arguments);
/* Starts a Sentinel that watches `master_port` as "mymaster" with a quorum of one. */
void redis_process_start_sentinel(struct redis_process *r, int master_port);
/* Kills it; what is not started is fine. */
void redis_process_stop(struct redis_process *r);

/* One command on a connection of its own; fails the test when there is no answer. Free with
 * freeReplyObject(). */
redisReply *redis_process_ask(const struct redis_process *r, const char *format, ...);

#endif
