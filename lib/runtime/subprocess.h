/*
 * A process of our own that reads lines and answers with lines.
 */
#ifndef REDWAL_RUNTIME_SUBPROCESS_H
#define REDWAL_RUNTIME_SUBPROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct subprocess {
    pid_t pid;      /* 0: none */
    int descriptor; /* its standard input and output; standard error is ours */
    struct buf sending, received;
    size_t at; /* where the next line begins in `received` */
};

/* `command` ends with NULL; no signal is blocked or ignored in it. Lines are line_max_bytes long at
 * most. ERR_INVALID: it cannot be started; nothing runs then. */
enum err_code subprocess_start(struct subprocess *p, const char *const *command,
                               size_t line_max_bytes, struct err *err);
/* Kills it, and waits for that. What is zeroed or has ended is fine. */
void subprocess_end(struct subprocess *p);

/* Queues a line for it. ERR_LIMIT: too much is queued. */
enum err_code subprocess_send(struct subprocess *p, struct str line, struct err *err);
/* Sends and receives what can be. ERR_UNAVAILABLE: it has ended, or reads no more; ERR_LIMIT: its
 * line is too long. Lines that came before are still there. */
enum err_code subprocess_exchange(struct subprocess *p, struct err *err);
/* The next line that it wrote; lives until the next exchange. */
bool subprocess_line(struct subprocess *p, struct str *ret_line);
/* Whether there is something to send that it does not take yet. */
bool subprocess_is_blocked(const struct subprocess *p);

#endif
