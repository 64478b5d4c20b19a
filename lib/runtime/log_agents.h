/*
 * Looks at logs by processes of our own, one for each way to reach brokers: librdkafka has been
 * seen to abort, and to wedge, while it asks about groups. Such a process dies alone. What it was
 * asked becomes LOOK_LOST, and another one is started, later and later.
 *
 * Secrets go to it through a pipe, never through arguments or the environment.
 */
#ifndef REDWAL_RUNTIME_LOG_AGENTS_H
#define REDWAL_RUNTIME_LOG_AGENTS_H

#include "port/observe.h"

enum {
    LOG_AGENTS_MAX = 16,         /* processes at a time */
    LOG_AGENTS_OPEN_MAX = 4096,  /* questions that have no answer yet */
    LOG_AGENT_ANSWER_MS = 40000, /* a look that takes longer is not waited for */
    LOG_AGENT_RETRY_FIRST_MS = 500,
    LOG_AGENT_RETRY_MAX_MS = 30000,
    LOG_AGENT_IDLE_MS = 120000, /* nobody has asked it for so long: it is ended */
};

struct log_agents_settings {
    const char *const *command; /* the program and its arguments, ending with NULL */
    int64_t answer_ms;          /* LOG_AGENT_ANSWER_MS; tests have less time */
    int64_t (*monotonic_ms)(void);
    int64_t (*wall_ms)(void);
    uint64_t seed; /* of the waits between starts */
};

struct log_agents;

struct log_agents *log_agents_new(const struct log_agents_settings *settings);
/* Ends the processes. NULL is fine. */
void log_agents_free(struct log_agents *a);

struct log_observer_port log_agents_port(struct log_agents *a);

/* For metrics: processes that run, and how many have ended that were not told to. */
int log_agents_running(const struct log_agents *a);
uint64_t log_agents_lost(const struct log_agents *a);

#endif
